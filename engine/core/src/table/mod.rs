//! Keyed rows: batches in, deltas out.
//!
//! A table holds rows in slots of its columns. A key, the value of the index column or a running number, names one
//! slot; a batch is upserted by keys, removals free slots, and freed slots are used again. Rows are listed in ascending
//! order of keys. While somebody follows, [`Table::take_delta`] tells what changed; a table does not know its views.
//!
//! A batch has been checked before it comes here, so nothing in this module can fail once a table exists. Cost is in
//! proportion to the batch, whatever the size of the table; the order of rows is made at first need and then kept.

mod apply;
mod delta;
mod join;
#[cfg(test)]
mod join_tests;
mod keys;
mod lookup;
mod order;
mod ordered;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;
use std::cmp::Ordering;

pub use delta::Delta;
pub use join::{Join, JoinKind};
pub use order::RowOrder;
pub use ordered::OrderedSlots;

use crate::batch::Batch;
use crate::column::{Bitmap, Column};
use crate::error::{Error, Result};
use crate::schema::{Schema, Storage};
use crate::sort::{SortKeys, int_key, sort_positions};
use crate::value::{Scalar, Value};
pub use crate::view::{ABSENT, Slot};
use delta::Pending;
pub(crate) use keys::key_number as cell_number;
use keys::{ColumnKeys, Keys, Numbers, key_number};

/// Names that mean something else to the protocol, and cannot name a column.
const RESERVED: [&str; 2] = ["psp_pkey", "psp_op"];

/// How a table keys and keeps its rows. Index and limit exclude each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableOptions {
    /// The column whose values are keys.
    pub index: Option<String>,
    /// How many rows are kept: the newest.
    pub limit: Option<u32>,
}

/// Columns of live and free slots, found by key.
#[derive(Debug)]
pub struct Table {
    schema: Schema,
    columns: Vec<Column>,
    limit: Option<usize>,
    keys: Keys,
    /// By slot, whether it holds a row.
    live: Bitmap,
    /// Free slots below `live.len()`; the last is used first.
    free: Vec<Slot>,
    n_rows: usize,
    /// Made when first asked for; kept from then on.
    order: OnceCell<RowOrder>,
    /// What followers have not taken yet; `None` if there are none.
    pending: Option<Pending>,
}

impl Table {
    /// An empty table.
    ///
    /// # Errors
    /// If the index column does not exist or is of a type that cannot be a key, if a name is reserved, or if both an
    /// index and a limit are asked for.
    pub fn new(schema: Schema, options: &TableOptions) -> Result<Self> {
        if options.index.is_some() && options.limit.is_some() {
            return Err(Error::config("Cannot set both `limit` and `index`"));
        }
        if let Some(name) = RESERVED.iter().find(|name| schema.position(name).is_some()) {
            return Err(Error::config(format!(
                "Invalid column '{name}': the name is reserved"
            )));
        }
        let keys = match &options.index {
            None => Keys::Numbers(Numbers::default()),
            Some(name) => {
                let position = schema.position(name).ok_or_else(|| {
                    Error::config(format!(
                        "Specified index `{name}` does not exist in dataset."
                    ))
                })?;
                if schema.fields()[position].dtype.storage() == Storage::Bool {
                    return Err(Error::config("Unsupported type `bool` for `index`."));
                }
                Keys::Column(ColumnKeys {
                    position,
                    ..ColumnKeys::default()
                })
            }
        };
        let limit = options.limit.map(|limit| limit as usize);
        Ok(Self::with_keys(schema, limit, keys))
    }

    fn with_keys(schema: Schema, limit: Option<usize>, keys: Keys) -> Self {
        Self {
            columns: empty_columns(&schema),
            schema,
            limit,
            keys,
            live: Bitmap::default(),
            free: Vec::new(),
            n_rows: 0,
            order: OnceCell::new(),
            pending: None,
        }
    }

    /// The columns' names and types.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The position of the index column.
    pub fn index(&self) -> Option<usize> {
        match &self.keys {
            Keys::Column(keys) => Some(keys.position),
            Keys::Numbers(_) | Keys::Pairs(_) => None,
        }
    }

    /// How many rows are kept at most.
    pub fn limit(&self) -> Option<u32> {
        self.limit.map(|limit| limit as u32)
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of slots, live and free: the length of each column.
    pub fn n_slots(&self) -> usize {
        self.live.len()
    }

    /// Whether `slot` holds a row.
    #[inline]
    pub fn is_live(&self, slot: Slot) -> bool {
        (slot as usize) < self.live.len() && self.live.get(slot as usize)
    }

    /// Which slots hold rows.
    pub fn live(&self) -> &Bitmap {
        &self.live
    }

    /// A column, indexed by slot. Free slots hold nulls.
    pub fn column(&self, position: usize) -> &Column {
        &self.columns[position]
    }

    /// All columns, indexed by slot.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The key of a live slot: its index value, or its row number.
    pub fn key(&self, slot: Slot) -> Scalar {
        match &self.keys {
            Keys::Column(keys) => self.columns[keys.position].value(slot as usize).to_scalar(),
            Keys::Numbers(numbers) => Scalar::Int(numbers.number(slot)),
            Keys::Pairs(_) => Scalar::Int(slot.into()),
        }
    }

    /// The slot of the row with this key. Numbers and texts are not converted into each other.
    pub fn slot_of(&self, key: Value<'_>) -> Option<Slot> {
        match &self.keys {
            Keys::Column(keys) => {
                let own = &self.columns[keys.position];
                if key.is_null() {
                    return keys.null;
                }
                let number = key_of_value(key, own)?;
                keys.lookup
                    .find(number, |slot| key_number(own, slot as usize))
            }
            Keys::Numbers(numbers) => match key {
                Value::Int(number) => numbers.find(number, self.n_slots()),
                _ => None,
            },
            Keys::Pairs(_) => match key {
                Value::Int(slot) => Slot::try_from(slot).ok().filter(|&slot| self.is_live(slot)),
                _ => None,
            },
        }
    }

    /// Compares the keys of two live slots, null being least.
    pub fn compare_keys(&self, a: Slot, b: Slot) -> Ordering {
        match &self.keys {
            Keys::Column(keys) => self.columns[keys.position].compare(a as usize, b as usize),
            Keys::Numbers(numbers) => numbers.number(a).cmp(&numbers.number(b)),
            Keys::Pairs(pairs) => pairs.compare(a as usize, b as usize),
        }
    }

    /// The live slots in ascending order of keys. O(n log n) at the first call, free after that.
    pub fn row_order(&self) -> &RowOrder {
        self.order.get_or_init(|| self.make_order())
    }

    fn make_order(&self) -> RowOrder {
        let n_slots = self.n_slots();
        let dense = self.n_rows == n_slots;
        match &self.keys {
            Keys::Numbers(numbers) if numbers.is_sequential() => {
                return RowOrder::Identity(n_slots);
            }
            _ if dense && self.is_ascending() => return RowOrder::Identity(n_slots),
            _ => {}
        }
        let (lookup, null) = match &self.keys {
            Keys::Column(keys) => {
                let is_int = self.columns[keys.position].ints().is_some();
                // Codes of text and bits of floats do not ascend with what they stand for, or not always.
                (Some(&keys.lookup).filter(|_| is_int), keys.null)
            }
            Keys::Numbers(_) | Keys::Pairs(_) => (None, None),
        };
        if let Some(ascending) = lookup.and_then(|lookup| lookup.ascending()) {
            let slots = null.into_iter().chain(ascending).collect();
            return RowOrder::Ordered(OrderedSlots::from_sorted(slots));
        }
        let slots: Vec<Slot> = self.live.ones().map(|slot| slot as Slot).collect();
        let keys = match &self.keys {
            Keys::Column(keys) => {
                SortKeys::of_column(&self.columns[keys.position], &slots, false, false)
            }
            Keys::Numbers(numbers) => {
                let keys = slots.iter().map(|&slot| int_key(numbers.number(slot)));
                vec![SortKeys::new(keys.collect(), false)]
            }
            Keys::Pairs(pairs) => pairs.sort_keys(&slots),
        };
        let sorted = sort_positions(slots.len(), &keys)
            .into_iter()
            .map(|at| slots[at as usize])
            .collect();
        RowOrder::Ordered(OrderedSlots::from_sorted(sorted))
    }

    /// Whether all slots, none of them free, ascend by key.
    fn is_ascending(&self) -> bool {
        let ascends = |a: usize| self.compare_keys(a as Slot, a as Slot + 1).is_lt();
        (1..self.n_slots()).all(|slot| ascends(slot - 1))
    }

    /// Starts or stops to remember what changes. Off: nobody follows.
    pub fn set_tracking(&mut self, on: bool) {
        match (on, &self.pending) {
            (true, None) => self.pending = Some(Pending::default()),
            (false, Some(_)) => self.pending = None,
            _ => {}
        }
    }

    /// Whether changes are remembered.
    pub fn is_tracking(&self) -> bool {
        self.pending.is_some()
    }

    /// What was done since the last take, or since tracking began. `None` if nothing was called.
    pub fn take_delta(&mut self) -> Option<Delta> {
        let mut pending = self.pending.take()?;
        let delta = pending.called.then(|| {
            let gone = pending.gone.take();
            let rebuilt = pending.rebuilt;
            let mut delta = pending.take(&self.live, &self.columns);
            if let Some(position) = self.index() {
                delta.removed_keys = self.removed_keys(position, &delta, gone.filter(|_| rebuilt));
            }
            delta
        });
        self.pending = Some(pending);
        delta
    }

    /// The former keys that no row has now: among `gone` after a rebuild, else among the images.
    fn removed_keys(&self, position: usize, delta: &Delta, gone: Option<Column>) -> Column {
        let own = &self.columns[position];
        let mut removed = Column::new(own.dtype());
        if let Some(gone) = gone {
            for i in 0..gone.len() {
                let key = gone.value(i);
                if self.slot_of(key).is_none() {
                    removed.push(key);
                }
            }
            return removed;
        }
        if !delta.rekeyed {
            return removed;
        }
        let image = &delta.images[position];
        for ((&slot, &row), entry) in delta.slots.iter().zip(&delta.before).zip(0..) {
            if row == ABSENT {
                continue;
            }
            let (row, slot) = (row as usize, slot as usize);
            // The common case: the slot has kept its key.
            let kept = delta.after.get(entry)
                && image.is_null(row) == own.is_null(slot)
                && key_number(image, row) == key_number(own, slot);
            let Keys::Column(keys) = &self.keys else {
                continue;
            };
            if !kept && keys.find(image, row, own).is_none() {
                let mut key = image.gather(&[row as u32]);
                key.share_dictionary(own);
                removed.push(key.value(0));
            }
        }
        removed
    }

    /// About the most bytes that applying a batch asks for, if all its rows are new.
    pub fn growth(&self, batch: &Batch) -> usize {
        let columns: usize = batch
            .columns
            .iter()
            .filter_map(|column| {
                let own = self.columns.get(column.position)?;
                Some(own.growth(&column.data))
            })
            .sum();
        let keys = match &self.keys {
            Keys::Column(keys) => keys.lookup.heap_size(),
            Keys::Numbers(numbers) => numbers.heap_size(),
            Keys::Pairs(pairs) => pairs.heap_size(),
        };
        if columns == 0 { 0 } else { columns + 2 * keys }
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::heap_size).sum();
        let keys = match &self.keys {
            Keys::Column(keys) => keys.lookup.heap_size(),
            Keys::Numbers(numbers) => numbers.heap_size(),
            Keys::Pairs(pairs) => pairs.heap_size(),
        };
        let order = match self.order.get() {
            Some(RowOrder::Ordered(slots)) => slots.heap_size(),
            _ => 0,
        };
        let pending = self.pending.as_ref().map_or(0, Pending::heap_size);
        columns + keys + order + pending + self.live.heap_size() + self.free.capacity() * 4
    }
}

fn empty_columns(schema: &Schema) -> Vec<Column> {
    schema
        .fields()
        .iter()
        .map(|field| Column::new(field.dtype))
        .collect()
}

/// The number of a key given as a value, if a row of `own` could have it.
fn key_of_value(key: Value<'_>, own: &Column) -> Option<i64> {
    if let (Value::Text(text), Some(own)) = (key, own.text()) {
        return own.dictionary.find(text).map(i64::from);
    }
    let fits = match own.dtype().storage() {
        Storage::Int => matches!(
            (own.int_value(0), key),
            (Value::Date(_), Value::Date(_))
                | (Value::Datetime(_), Value::Datetime(_))
                | (Value::Int(_), Value::Int(_))
                | (Value::UInt(_), Value::UInt(_))
        ),
        Storage::Float => matches!(key, Value::Float(_)),
        Storage::Bool | Storage::Text => false,
    };
    fits.then(|| {
        let mut column = Column::new(own.dtype());
        column.push(key);
        key_number(&column, 0)
    })
}
