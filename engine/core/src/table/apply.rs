//! Changing a table: upsert, remove, clear, and the ring of a limited table.

use super::keys::{ColumnKeys, Keys};
use super::{RowOrder, Slot, Table, empty_columns};
use crate::batch::{Batch, BatchColumn, Keys as BatchKeys};
use crate::column::{Bitmap, Column};
use crate::schema::DataType;

impl Table {
    /// Upserts or appends the rows of a batch. Rows with one key merge in order; cells that were not given keep what
    /// the row had. Nothing happens to the table of a join, which follows its sources only.
    pub fn apply(&mut self, batch: Batch) {
        self.note_called();
        if batch.n_rows == 0 || matches!(self.keys, Keys::Pairs(_)) {
            return;
        }
        for column in &batch.columns {
            self.widen(column.position, &column.data);
        }
        let Some(batch) = self.adopt(batch) else {
            return;
        };
        match &self.keys {
            Keys::Column(_) => self.upsert_by_column(batch),
            Keys::Numbers(_) => self.upsert_by_number(batch),
            Keys::Pairs(_) => {}
        }
        self.compact();
    }

    /// Drops texts that no row has any more, when they are many: a stream of ever new texts through a table of bounded
    /// size takes bounded memory. Followers then build anew, for codes change.
    pub(super) fn compact(&mut self) {
        if let Keys::Pairs(pairs) = &mut self.keys {
            let levels = pairs
                .levels
                .iter_mut()
                .filter(|level| level.wants_compaction());
            levels.for_each(Column::compact_dictionary);
        }
        if !self.columns.iter().any(Column::wants_compaction) {
            return;
        }
        self.note_rebuild();
        for column in &mut self.columns {
            if column.wants_compaction() {
                column.compact_dictionary();
            }
        }
        if let Keys::Column(keys) = &mut self.keys {
            let own = &self.columns[keys.position];
            keys.forget_all();
            keys.reserve(own, own, 0, std::iter::empty());
            self.live
                .ones()
                .for_each(|slot| keys.insert(own, slot as Slot));
        }
    }

    /// Makes a column as wide as a batch column that needed it. A batch made before that is the narrower one.
    pub(super) fn widen(&mut self, position: usize, data: &Column) {
        let own = &mut self.columns[position];
        if own.dtype() == DataType::Int32 && data.dtype() == DataType::Int64 {
            own.set_dtype(DataType::Int64);
            self.schema.set_dtype(position, DataType::Int64);
        }
    }

    /// Takes the columns of a batch over as they are, if the table has no slots and no two rows merge; else gives the
    /// batch back.
    fn adopt(&mut self, mut batch: Batch) -> Option<Batch> {
        let fits = self.n_slots() == 0
            && matches!(batch.keys, BatchKeys::Implied)
            && self.limit.is_none_or(|limit| batch.n_rows <= limit)
            && batch.columns.iter().all(|column| column.given.is_none());
        if !fits {
            return Some(batch);
        }
        let n = batch.n_rows;
        match &mut self.keys {
            Keys::Numbers(numbers) => {
                // A cleared table numbers on sequentially, whatever form it had.
                numbers.clear();
                numbers.append(n);
            }
            Keys::Column(keys) => {
                let at = keys.position;
                let column = batch.columns.iter().find(|column| column.position == at);
                // Without its column, all rows have the null key.
                let Some(column) = column.filter(|column| keys.take_all(&column.data)) else {
                    keys.forget_all();
                    return Some(batch);
                };
                debug_assert_eq!(column.data.len(), n);
            }
            Keys::Pairs(_) => return Some(batch),
        }
        for mut column in batch.columns.drain(..) {
            let own = &mut self.columns[column.position];
            column.data.set_dtype(own.dtype());
            *own = column.data;
            own.shrink_to_fit();
        }
        for column in &mut self.columns {
            column.extend_nulls(n - column.len());
        }
        let slots: Vec<Slot> = match &self.pending {
            Some(_) => (0..n as Slot).collect(),
            None => Vec::new(),
        };
        self.touch(&slots);
        self.live = Bitmap::filled(n, true);
        self.n_rows = n;
        self.order.take();
        self.note_all_changed();
        None
    }

    fn upsert_by_column(&mut self, mut batch: Batch) {
        let Keys::Column(keys) = &mut self.keys else {
            return;
        };
        let position = keys.position;
        let own = &mut self.columns[position];
        let mut given = take_key_column(&mut batch, position, own.dtype());
        // From here on keys are codes of the table's dictionary.
        own.adopt_codes(&mut given);
        keys.reserve(
            &given,
            own,
            self.n_rows,
            self.live.ones().map(|slot| slot as Slot),
        );
        let mut n_slots = self.live.len();
        let mut fresh = Vec::new();
        let mut slots = Vec::with_capacity(batch.n_rows);
        for row in 0..batch.n_rows {
            let slot = keys.find(&given, row, own).unwrap_or_else(|| {
                let slot = match self.free.pop() {
                    Some(slot) => {
                        own.scatter(&given, std::iter::once((slot as usize, row)));
                        slot
                    }
                    None => {
                        own.push_row(&given, row);
                        n_slots += 1;
                        n_slots as Slot - 1
                    }
                };
                keys.insert(own, slot);
                fresh.push(slot);
                slot
            });
            slots.push(slot);
        }
        batch.columns.push(BatchColumn {
            position,
            data: given,
            given: None,
        });
        self.write(batch, &slots, fresh, n_slots);
    }

    fn upsert_by_number(&mut self, mut batch: Batch) {
        let Keys::Numbers(numbers) = &mut self.keys else {
            return;
        };
        if let BatchKeys::Explicit(explicit) = std::mem::take(&mut batch.keys) {
            return self.upsert_explicit(batch, &explicit);
        }
        if let Some(limit) = self.limit {
            let surplus = batch.n_rows.saturating_sub(limit);
            if surplus > 0 {
                // These rows come and go at once.
                numbers.append(surplus);
                batch = last_rows(&batch, limit);
            }
            numbers.scatter(self.live.len());
            self.evict((self.n_rows + batch.n_rows).saturating_sub(limit));
        }
        let (n, n_slots) = (batch.n_rows, self.live.len());
        let Keys::Numbers(numbers) = &mut self.keys else {
            return;
        };
        if numbers.is_sequential() {
            numbers.append(n);
            let slots: Vec<Slot> = (n_slots as Slot..(n_slots + n) as Slot).collect();
            self.write(batch, &slots, slots.clone(), n_slots + n);
        } else {
            let explicit = Column::nulls(DataType::Int64, n);
            self.upsert_explicit(batch, &explicit);
        }
    }

    fn upsert_explicit(&mut self, batch: Batch, explicit: &Column) {
        let Keys::Numbers(numbers) = &mut self.keys else {
            return;
        };
        let mut n_slots = self.live.len();
        numbers.scatter(n_slots);
        let mut fresh: Vec<Slot> = Vec::new();
        let mut slots = Vec::with_capacity(batch.n_rows);
        let given = explicit.ints().unwrap_or_default();
        for (row, &given) in given.iter().enumerate() {
            let number = if explicit.is_null(row) {
                numbers.next
            } else {
                given
            };
            let slot = numbers.find(number, n_slots).unwrap_or_else(|| {
                let slot = self.free.pop().unwrap_or_else(|| {
                    n_slots += 1;
                    n_slots as Slot - 1
                });
                let live = self.live.ones().map(|slot| slot as Slot);
                numbers.insert(
                    slot,
                    number,
                    self.n_rows + fresh.len(),
                    live.chain(fresh.iter().copied()),
                );
                fresh.push(slot);
                slot
            });
            slots.push(slot);
        }
        self.write(batch, &slots, fresh, n_slots);
        if let Some(limit) = self.limit {
            self.evict(self.n_rows.saturating_sub(limit));
        }
    }

    /// Adds rows of a join: its columns and the keys they are ordered by. Gives their slots.
    pub(super) fn insert_pairs(
        &mut self,
        n: usize,
        columns: Vec<Column>,
        keys: &[Column],
    ) -> Vec<Slot> {
        let mut n_slots = self.live.len();
        let slots: Vec<Slot> = (0..n)
            .map(|_| {
                self.free.pop().unwrap_or_else(|| {
                    n_slots += 1;
                    n_slots as Slot - 1
                })
            })
            .collect();
        if let Keys::Pairs(pairs) = &mut self.keys {
            pairs.write(keys, &slots, n_slots);
        }
        self.write(whole_batch(columns, n), &slots, slots.clone(), n_slots);
        slots
    }

    /// Writes whole rows over rows of a join, whose order stays.
    pub(super) fn rewrite(&mut self, columns: Vec<Column>, slots: &[Slot]) {
        let n_slots = self.live.len();
        self.write(
            whole_batch(columns, slots.len()),
            slots,
            Vec::new(),
            n_slots,
        );
    }

    /// Notes that something was asked of the table, even if it has no effect.
    pub(super) fn note_called(&mut self) {
        if let Some(pending) = &mut self.pending {
            pending.called = true;
        }
    }

    /// Writes row `i` of the batch to `slots[i]`. `fresh` slots, each once, held no row and have their keys already.
    fn write(&mut self, batch: Batch, slots: &[Slot], fresh: Vec<Slot>, n_slots: usize) {
        if slots.is_empty() {
            return;
        }
        self.touch(slots);
        let appends = slots.len() == fresh.len() && n_slots - self.live.len() == fresh.len();
        for column in batch.columns {
            let own = &mut self.columns[column.position];
            match &column.given {
                None if appends && own.len() == self.live.len() => {
                    own.append(&column.data);
                    continue;
                }
                given => {
                    own.extend_nulls(n_slots - own.len());
                    let rows = slots.iter().map(|&slot| slot as usize).zip(0..);
                    match given {
                        None => own.scatter(&column.data, rows),
                        Some(given) => {
                            own.scatter(&column.data, rows.filter(|&(_, row)| given.get(row)));
                        }
                    }
                }
            }
            if let Some(pending) = &mut self.pending {
                pending.change(column.position);
            }
        }
        for column in &mut self.columns {
            column.extend_nulls(n_slots - column.len());
        }
        if !fresh.is_empty() {
            self.live.extend(n_slots - self.live.len(), false);
            for &slot in &fresh {
                self.live.set(slot as usize, true);
            }
            self.n_rows += fresh.len();
            self.order_fresh(fresh);
            self.note_all_changed();
        }
    }

    /// Puts new rows in their places of the row order, if that was made.
    fn order_fresh(&mut self, mut fresh: Vec<Slot>) {
        let Some(mut order) = self.order.take() else {
            return;
        };
        // So many rows are sorted faster than placed, and perhaps nobody asks.
        if fresh.len() > self.n_rows / 2 {
            return;
        }
        let ascends = |slots: &[Slot]| slots.is_sorted_by(|&a, &b| self.compare_keys(a, b).is_lt());
        if !ascends(&fresh) {
            fresh.sort_unstable_by(|&a, &b| self.compare_keys(a, b));
        }
        match &mut order {
            RowOrder::Identity(n)
                if self.n_rows == self.n_slots()
                    && fresh[0] as usize == *n
                    && fresh.is_sorted()
                    && (*n == 0 || self.compare_keys(*n as Slot - 1, fresh[0]).is_lt()) =>
            {
                *n += fresh.len();
            }
            order => order
                .ordered()
                .insert_batch(&fresh, |a, b| self.compare_keys(a, b)),
        }
        let _ = self.order.set(order);
    }

    /// Removes the oldest `n` rows.
    fn evict(&mut self, n: usize) {
        if n > 0 {
            let slots: Vec<Slot> = self.row_order().range(0..n).collect();
            self.remove_slots(&slots);
        }
    }

    /// Removes the rows with these keys, values of the index column's type or row numbers; keys that no row has are
    /// passed over.
    pub fn remove(&mut self, keys: &Column) {
        self.note_called();
        let mut slots: Vec<Slot> = Vec::new();
        let mut seen = crate::hash::HashSet::with_hasher(Default::default());
        for row in 0..keys.len() {
            slots.extend(
                self.slot_of(keys.value(row))
                    .filter(|&slot| seen.insert(slot)),
            );
        }
        self.remove_slots(&slots);
    }

    /// Frees live slots, each named once.
    pub(super) fn remove_slots(&mut self, slots: &[Slot]) {
        if slots.is_empty() {
            return;
        }
        self.touch(slots);
        self.note_all_changed();
        if let Some(pending) = &mut self.pending {
            pending.rekeyed = true;
        }
        match &mut self.keys {
            Keys::Column(keys) => {
                let own = &self.columns[keys.position];
                slots.iter().for_each(|&slot| keys.remove(own, slot));
            }
            Keys::Numbers(numbers) => {
                numbers.scatter(self.live.len());
                slots.iter().for_each(|&slot| numbers.remove(slot));
            }
            Keys::Pairs(_) => {}
        }
        for column in &mut self.columns {
            slots
                .iter()
                .for_each(|&slot| column.set_null(slot as usize));
        }
        for &slot in slots {
            self.live.set(slot as usize, false);
        }
        // The first removed is the first to be used again, which keeps a ring in order.
        self.free.extend(slots.iter().rev());
        self.n_rows -= slots.len();
        if let Some(mut order) = self.order.take()
            && slots.len() <= self.n_rows
        {
            order.ordered().remove_batch(slots.iter().copied());
            let _ = self.order.set(order);
        }
    }

    /// Removes all rows. The schema stays, and numbers run on.
    pub fn clear(&mut self) {
        let live: Vec<Slot> = match &self.pending {
            Some(_) => self.live.ones().map(|slot| slot as Slot).collect(),
            None => Vec::new(),
        };
        if let Some(mut pending) = self.pending.take() {
            pending.called = true;
            self.note_gone(&mut pending, &live);
            // Also when there were no rows: the dictionaries begin anew.
            pending.rebuild();
            pending.touch(&live, &self.live, &self.columns);
            self.pending = Some(pending);
        }
        self.note_all_changed();
        self.columns = empty_columns(&self.schema);
        self.live = Bitmap::default();
        self.free = Vec::new();
        self.n_rows = 0;
        self.order.take();
        match &mut self.keys {
            Keys::Column(keys) => keys.forget_all(),
            Keys::Numbers(numbers) => numbers.clear(),
            Keys::Pairs(pairs) => pairs.clear(),
        }
    }

    /// Notes slots that are about to change.
    fn touch(&mut self, slots: &[Slot]) {
        let is_bulk = |pending: &super::delta::Pending| pending.is_bulk(slots.len(), self.n_rows);
        if self.pending.as_ref().is_some_and(is_bulk) {
            self.note_rebuild();
        }
        if let Some(pending) = &mut self.pending {
            pending.touch(slots, &self.live, &self.columns);
        }
    }

    /// Notes that followers must build anew.
    fn note_rebuild(&mut self) {
        let Some(mut pending) = self.pending.take() else {
            return;
        };
        if !pending.rebuilt {
            let live: Vec<Slot> = self.live.ones().map(|slot| slot as Slot).collect();
            self.note_gone(&mut pending, &live);
            pending.rebuild();
        }
        self.pending = Some(pending);
    }

    /// Notes, before a rebuild, all keys that were there when the flush began.
    fn note_gone(&self, pending: &mut super::delta::Pending, live: &[Slot]) {
        let Keys::Column(ColumnKeys { position, .. }) = &self.keys else {
            return;
        };
        if !pending.rebuilt {
            pending.note_gone(live, *position, &self.columns[*position]);
        }
    }

    fn note_all_changed(&mut self) {
        if let Some(pending) = &mut self.pending {
            (0..self.columns.len()).for_each(|position| pending.change(position));
        }
    }
}

impl ColumnKeys {
    /// Makes row `i` the slot of key `i` of an empty table; false if keys repeat.
    fn take_all(&mut self, keys: &Column) -> bool {
        self.reserve(keys, keys, 0, std::iter::empty());
        (0..keys.len()).all(|row| {
            let is_new = self.find(keys, row, keys).is_none();
            if is_new {
                self.insert(keys, row as Slot);
            }
            is_new
        })
    }

    fn forget_all(&mut self) {
        self.null = None;
        self.lookup = Default::default();
    }
}

/// Takes the keys of the rows out of a batch for a table with an index: explicit keys, or the index column with nulls
/// where it was not given.
fn take_key_column(batch: &mut Batch, position: usize, dtype: DataType) -> Column {
    let at = batch
        .columns
        .iter()
        .position(|column| column.position == position);
    let own = at.map(|at| batch.columns.remove(at));
    if let BatchKeys::Explicit(keys) = std::mem::take(&mut batch.keys) {
        return keys;
    }
    let Some(BatchColumn {
        mut data, given, ..
    }) = own
    else {
        return Column::nulls(dtype, batch.n_rows);
    };
    if let Some(given) = given {
        for row in (0..batch.n_rows).filter(|&row| !given.get(row)) {
            if !data.is_null(row) {
                data.set_null(row);
            }
        }
    }
    data
}

/// All columns of a table, for `n` rows.
fn whole_batch(columns: Vec<Column>, n: usize) -> Batch {
    let columns = columns
        .into_iter()
        .enumerate()
        .map(|(position, data)| BatchColumn {
            position,
            data,
            given: None,
        });
    Batch {
        n_rows: n,
        columns: columns.collect(),
        keys: BatchKeys::Implied,
    }
}

/// The last `n` rows of a batch without explicit keys.
fn last_rows(batch: &Batch, n: usize) -> Batch {
    let rows: Vec<u32> = (batch.n_rows as u32 - n as u32..batch.n_rows as u32).collect();
    let columns = batch.columns.iter().map(|column| BatchColumn {
        position: column.position,
        data: column.data.gather(&rows),
        given: column.given.as_ref().map(|given| {
            let mut kept = Bitmap::default();
            rows.iter()
                .for_each(|&row| kept.push(given.get(row as usize)));
            kept
        }),
    });
    Batch {
        n_rows: n,
        columns: columns.collect(),
        keys: BatchKeys::Implied,
    }
}
