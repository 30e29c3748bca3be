//! A table that joins two others, and follows them.
//!
//! Rows meet where their join keys are equal, null meeting null; several on both sides give all pairs. The joined table
//! lists them in the left table's row order, then the right one's; right rows that met nobody come last. A step takes
//! what the sources' deltas touched, so its cost goes with the pairs that come, go or change, whatever the size of the
//! tables.

use super::keys::{Keys, PairKeys};
use super::{ABSENT, Delta, Slot, Table, cell_number};
use crate::column::{Column, Dictionary, NULL_CODE, column_of};
use crate::error::{Error, Result};
use crate::hash::{HashMap, HashSet};
use crate::schema::{DataType, Field, Schema};
use crate::value::Value;

/// Which rows a join keeps that meet nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JoinKind {
    /// None.
    Inner,
    /// Those of the left table.
    Left,
    /// Those of both.
    Outer,
}

/// In a pair: no row on this side. As a group: none.
const NOBODY: u32 = u32::MAX;

/// A left and a right row, either of which may be missing.
type Pair = (Slot, Slot);

/// The state of a join between steps.
#[derive(Debug)]
pub struct Join {
    kind: JoinKind,
    left: Side,
    right: Side,
    groups: Groups,
    /// The slot of each joined row.
    joined: HashMap<Pair, Slot>,
}

/// One source of a join.
#[derive(Debug, Default)]
struct Side {
    /// The position of the join key.
    on: usize,
    /// The positions of the columns that the joined table takes, in order.
    taken: Vec<usize>,
    /// By slot, the row's group.
    group_of: Vec<u32>,
    /// By slot, where the row stands among the group's.
    place_of: Vec<u32>,
    /// By group, its rows.
    rows: Vec<Vec<Slot>>,
    /// For text keys: by code of the source's dictionary, the code of [`Groups::texts`], or [`NULL_CODE`] if unknown.
    codes: Vec<u32>,
}

/// The distinct join keys.
#[derive(Debug, Default)]
struct Groups {
    ids: HashMap<i64, u32>,
    null: Option<u32>,
    n_groups: u32,
    texts: Dictionary,
}

impl Groups {
    /// The group of the key in a row of a source.
    fn of(&mut self, side: &mut Side, column: &Column, row: usize) -> u32 {
        let n_groups = &mut self.n_groups;
        let fresh = || {
            *n_groups += 1;
            *n_groups - 1
        };
        if column.is_null(row) {
            return *self.null.get_or_insert_with(fresh);
        }
        let number = match column.text() {
            None => cell_number(column, row),
            Some(text) => {
                let code = text.codes[row] as usize;
                if side.codes.len() <= code {
                    side.codes.resize(text.dictionary.len(), NULL_CODE);
                }
                if side.codes[code] == NULL_CODE {
                    side.codes[code] = self.texts.intern(text.dictionary.text(code as u32));
                }
                side.codes[code].into()
            }
        };
        *self.ids.entry(number).or_insert_with(fresh)
    }
}

impl Side {
    fn new(on: usize, taken: Vec<usize>) -> Self {
        Self {
            on,
            taken,
            ..Self::default()
        }
    }

    /// Forgets all rows.
    fn clear(&mut self) {
        *self = Self::new(self.on, std::mem::take(&mut self.taken));
    }

    fn group(&self, slot: Slot) -> u32 {
        self.group_of.get(slot as usize).copied().unwrap_or(NOBODY)
    }

    fn rows(&self, group: u32) -> &[Slot] {
        self.rows.get(group as usize).map_or(&[], Vec::as_slice)
    }

    fn insert(&mut self, slot: Slot, group: u32) {
        let at = slot as usize;
        if self.group_of.len() <= at {
            self.group_of.resize(at + 1, NOBODY);
            self.place_of.resize(at + 1, 0);
        }
        if self.rows.len() <= group as usize {
            self.rows.resize_with(group as usize + 1, Vec::new);
        }
        let rows = &mut self.rows[group as usize];
        self.group_of[at] = group;
        self.place_of[at] = rows.len() as u32;
        rows.push(slot);
    }

    fn remove(&mut self, slot: Slot) {
        let group = std::mem::replace(&mut self.group_of[slot as usize], NOBODY);
        let place = self.place_of[slot as usize];
        let rows = &mut self.rows[group as usize];
        rows.swap_remove(place as usize);
        if let Some(&moved) = rows.get(place as usize) {
            self.place_of[moved as usize] = place;
        }
    }
}

/// What a delta did to one side.
#[derive(Debug, Default)]
struct Moves {
    /// Rows that go away or to another group.
    leaving: Vec<Slot>,
    /// Rows that come, with their groups.
    coming: Vec<(Slot, u32)>,
    /// Rows that stay where they are; cells may differ.
    staying: Vec<Slot>,
}

impl Moves {
    fn of(side: &mut Side, groups: &mut Groups, table: &Table, delta: Option<&Delta>) -> Self {
        let mut moves = Self::default();
        let Some(delta) = delta else { return moves };
        let keys = table.column(side.on);
        for (entry, &slot) in delta.slots.iter().enumerate() {
            let (from, exists) = (side.group(slot), table.is_live(slot));
            let to = if exists {
                groups.of(side, keys, slot as usize)
            } else {
                NOBODY
            };
            if from != NOBODY && from == to && !delta.rekeyed && delta.before[entry] != ABSENT {
                moves.staying.push(slot);
                continue;
            }
            if from != NOBODY {
                moves.leaving.push(slot);
            }
            if exists {
                moves.coming.push((slot, to));
            }
        }
        moves
    }
}

impl Join {
    /// Joins two tables as they are now. The joined table has the left columns, then the right ones but for the key.
    ///
    /// # Errors
    /// If a key column does not exist, the keys' types differ, or both tables have a column of one name.
    pub fn new(
        left: &Table,
        right: &Table,
        left_on: &str,
        right_on: &str,
        kind: JoinKind,
    ) -> Result<(Self, Table)> {
        let find = |table: &Table, name: &str, side: &str| {
            (table.schema().position(name)).ok_or_else(|| {
                Error::config(format!("Column \"{name}\" not found in {side} table"))
            })
        };
        let left_at = find(left, left_on, "left")?;
        let right_at = find(right, right_on, "right")?;
        let dtype = |table: &Table, position: usize| table.schema().fields()[position].dtype;
        let (left_type, right_type) = (dtype(left, left_at), dtype(right, right_at));
        let is_u64 = |dtype| dtype == DataType::UInt64;
        if left_type.column_type() != right_type.column_type()
            || is_u64(left_type) != is_u64(right_type)
        {
            return Err(Error::config("Join column type mismatch"));
        }
        let mut fields: Vec<Field> = left.schema().fields().to_vec();
        if kind == JoinKind::Outer && left_type != right_type {
            fields[left_at].dtype = wider(left_type, right_type);
        }
        let mut taken = Vec::new();
        for (position, field) in right.schema().fields().iter().enumerate() {
            if position == right_at {
                continue;
            }
            if left.schema().position(&field.name).is_some() {
                return Err(Error::config(format!(
                    "Column \"{}\" exists in both tables",
                    field.name
                )));
            }
            taken.push(position);
            fields.push(field.clone());
        }
        let alone = [DataType::Boolean].into_iter();
        let keys = PairKeys::new(alone.chain(key_types(left)).chain(key_types(right)));
        let mut table = Table::with_keys(Schema::new(fields), None, Keys::Pairs(keys));
        let mut join = Self {
            kind,
            left: Side::new(left_at, (0..left.schema().len()).collect()),
            right: Side::new(right_at, taken),
            groups: Groups::default(),
            joined: HashMap::with_hasher(Default::default()),
        };
        join.rebuild(left, right, &mut table);
        Ok((join, table))
    }

    /// Follows what happened to the sources, `None` being nothing, and writes it to the joined table.
    pub fn step(
        &mut self,
        left: &Table,
        left_delta: Option<&Delta>,
        right: &Table,
        right_delta: Option<&Delta>,
        joined: &mut Table,
    ) {
        joined.note_called();
        joined.widen_like(left, &self.left.taken, 0);
        joined.widen_like(right, &self.right.taken, left.schema().len());
        if self.kind == JoinKind::Outer {
            joined.widen_like(right, &[self.right.on], self.left.on);
        }
        if [left_delta, right_delta]
            .into_iter()
            .flatten()
            .any(|delta| delta.rebuilt)
        {
            return self.rebuild(left, right, joined);
        }
        let left_moves = Moves::of(&mut self.left, &mut self.groups, left, left_delta);
        let right_moves = Moves::of(&mut self.right, &mut self.groups, right, right_delta);
        let (gone, come) = self.relocate(&left_moves, &right_moves);
        let mut slots: Vec<Slot> = gone
            .iter()
            .filter_map(|pair| self.joined.remove(pair))
            .collect();
        slots.sort_unstable();
        joined.remove_slots(&slots);
        self.rewrite(
            &left_moves.staying,
            &right_moves.staying,
            (left, right),
            joined,
        );
        self.insert(come, left, right, joined);
        joined.compact();
        // Groups without rows are kept until they are many.
        if self.groups.n_groups as usize > 4 * (left.n_rows() + right.n_rows()) + 1024 {
            self.regroup(left, right);
        }
    }

    /// Finds the groups of all rows anew.
    fn regroup(&mut self, left: &Table, right: &Table) {
        self.groups = Groups::default();
        self.left.clear();
        self.right.clear();
        for (side, table) in [(&mut self.left, left), (&mut self.right, right)] {
            for slot in table.row_order().iter() {
                let group = self.groups.of(side, table.column(side.on), slot as usize);
                side.insert(slot, group);
            }
        }
    }

    /// Starts over.
    fn rebuild(&mut self, left: &Table, right: &Table, joined: &mut Table) {
        if joined.n_slots() > 0 {
            joined.clear();
        }
        self.joined.clear();
        self.regroup(left, right);
        let mut pairs = Vec::new();
        for slot in left.row_order().iter() {
            match self.right.rows(self.left.group(slot)) {
                [] if self.kind == JoinKind::Inner => {}
                [] => pairs.push((slot, NOBODY)),
                // In row order, as they were inserted.
                matches => pairs.extend(matches.iter().map(|&other| (slot, other))),
            }
        }
        if self.kind == JoinKind::Outer {
            let alone = (right.row_order().iter())
                .filter(|&slot| self.left.rows(self.right.group(slot)).is_empty());
            pairs.extend(alone.map(|slot| (NOBODY, slot)));
        }
        self.insert(pairs, left, right, joined);
    }

    /// Moves rows between groups; gives the pairs that go and those that come.
    fn relocate(&mut self, left: &Moves, right: &Moves) -> (Vec<Pair>, Vec<Pair>) {
        let (mut gone, mut come) = (HashSet::default(), Vec::new());
        // Groups whose rows change, and whether they had left and right rows.
        let mut groups: HashMap<u32, (bool, bool)> = HashMap::default();
        let from = |side: &Side, slots: &[Slot]| {
            slots
                .iter()
                .map(|&slot| side.group(slot))
                .collect::<Vec<_>>()
        };
        let leaving = from(&self.left, &left.leaving)
            .into_iter()
            .chain(from(&self.right, &right.leaving));
        let coming = left
            .coming
            .iter()
            .chain(&right.coming)
            .map(|&(_, group)| group);
        for group in leaving.chain(coming) {
            let had = (
                !self.left.rows(group).is_empty(),
                !self.right.rows(group).is_empty(),
            );
            groups.insert(group, had);
        }
        for &slot in &left.leaving {
            let others = self.right.rows(self.left.group(slot));
            gone.extend(others.iter().map(|&other| (slot, other)));
            gone.insert((slot, NOBODY));
        }
        for &slot in &right.leaving {
            let others = self.left.rows(self.right.group(slot));
            gone.extend(others.iter().map(|&other| (other, slot)));
            gone.insert((NOBODY, slot));
        }
        left.leaving.iter().for_each(|&slot| self.left.remove(slot));
        right
            .leaving
            .iter()
            .for_each(|&slot| self.right.remove(slot));
        // Those who stay learn whether there is anybody on the other side now; those who come are not there yet.
        let coming = |moves: &Moves| -> HashSet<u32> {
            moves.coming.iter().map(|&(_, group)| group).collect()
        };
        let (left_comes, right_comes) = (coming(left), coming(right));
        for (&group, &(had_left, had_right)) in &groups {
            let (stay_left, stay_right) = (self.left.rows(group), self.right.rows(group));
            let has_left = !stay_left.is_empty() || left_comes.contains(&group);
            let has_right = !stay_right.is_empty() || right_comes.contains(&group);
            if had_right != has_right && self.kind != JoinKind::Inner {
                let alone = stay_left.iter().map(|&slot| (slot, NOBODY));
                if has_right {
                    gone.extend(alone)
                } else {
                    come.extend(alone)
                }
            }
            if had_left != has_left && self.kind == JoinKind::Outer {
                let alone = stay_right.iter().map(|&slot| (NOBODY, slot));
                if has_left {
                    gone.extend(alone)
                } else {
                    come.extend(alone)
                }
            }
        }
        // New right rows meet the left rows that stayed; new left rows meet all right rows.
        for &(slot, group) in &right.coming {
            come.extend(self.left.rows(group).iter().map(|&other| (other, slot)));
            self.right.insert(slot, group);
        }
        for &(slot, group) in &left.coming {
            self.left.insert(slot, group);
            match self.right.rows(group) {
                [] if self.kind == JoinKind::Inner => {}
                [] => come.push((slot, NOBODY)),
                others => come.extend(others.iter().map(|&other| (slot, other))),
            }
        }
        if self.kind == JoinKind::Outer {
            let alone = right
                .coming
                .iter()
                .filter(|&&(_, group)| self.left.rows(group).is_empty());
            come.extend(alone.map(|&(slot, _)| (NOBODY, slot)));
        }
        // In an order that no hash decides.
        come.sort_unstable();
        (gone.into_iter().collect(), come)
    }

    /// Writes the rows of pairs whose cells may differ.
    fn rewrite(
        &self,
        left: &[Slot],
        right: &[Slot],
        sources: (&Table, &Table),
        joined: &mut Table,
    ) {
        let mut pairs: HashSet<Pair> = HashSet::default();
        for &slot in left {
            let others = self.right.rows(self.left.group(slot));
            pairs.extend(others.iter().map(|&other| (slot, other)));
            pairs.insert((slot, NOBODY));
        }
        for &slot in right {
            let others = self.left.rows(self.right.group(slot));
            pairs.extend(others.iter().map(|&other| (other, slot)));
            pairs.insert((NOBODY, slot));
        }
        let mut rows: Vec<(Slot, Pair)> = (pairs.into_iter())
            .filter_map(|pair| Some((*self.joined.get(&pair)?, pair)))
            .collect();
        rows.sort_unstable();
        let (slots, pairs): (Vec<Slot>, Vec<Pair>) = rows.into_iter().unzip();
        let columns = self.columns(&pairs, sources.0, sources.1, joined);
        joined.rewrite(columns, &slots);
    }

    /// Adds pairs to the joined table.
    fn insert(&mut self, pairs: Vec<Pair>, left: &Table, right: &Table, joined: &mut Table) {
        if pairs.is_empty() {
            return;
        }
        let columns = self.columns(&pairs, left, right, joined);
        let lefts: Vec<Slot> = pairs.iter().map(|pair| pair.0).collect();
        let rights: Vec<Slot> = pairs.iter().map(|pair| pair.1).collect();
        let alone = lefts.iter().map(|&slot| Value::Bool(slot == NOBODY));
        let mut keys = vec![column_of(DataType::Boolean, alone)];
        keys.extend(key_cells(left, &lefts));
        keys.extend(key_cells(right, &rights));
        let slots = joined.insert_pairs(pairs.len(), columns, &keys);
        self.joined.extend(pairs.into_iter().zip(slots));
    }

    /// The cells of joined rows.
    fn columns(&self, pairs: &[Pair], left: &Table, right: &Table, joined: &Table) -> Vec<Column> {
        let lefts: Vec<Slot> = pairs.iter().map(|pair| pair.0).collect();
        let rights: Vec<Slot> = pairs.iter().map(|pair| pair.1).collect();
        let taken = |side: &Side, table: &Table, slots: &[Slot]| -> Vec<Column> {
            side.taken
                .iter()
                .map(|&position| cells(table.column(position), slots))
                .collect()
        };
        let mut columns = taken(&self.left, left, &lefts);
        if self.kind == JoinKind::Outer {
            // Right rows that met nobody show their own key.
            let alone: Vec<(usize, Slot)> = (pairs.iter().enumerate())
                .filter(|(_, pair)| pair.0 == NOBODY)
                .map(|(row, pair)| (row, pair.1))
                .collect();
            let key = right.column(self.right.on);
            let key = key.gather(&alone.iter().map(|&(_, slot)| slot).collect::<Vec<_>>());
            columns[self.left.on].scatter(&key, alone.iter().map(|&(row, _)| row).zip(0..));
        }
        columns.extend(taken(&self.right, right, &rights));
        for (position, column) in columns.iter_mut().enumerate() {
            column.set_dtype(joined.column(position).dtype());
        }
        columns
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        let side = |side: &Side| {
            let rows: usize = side
                .rows
                .iter()
                .map(|rows| rows.capacity() * 4 + size_of::<Vec<Slot>>())
                .sum();
            rows + (side.group_of.capacity() + side.place_of.capacity() + side.codes.capacity()) * 4
        };
        side(&self.left)
            + side(&self.right)
            + self.groups.ids.capacity() * 17
            + self.groups.texts.heap_size()
            + self.joined.capacity() * 13
    }
}

/// The cells of some rows, null where there is no row.
fn cells(column: &Column, slots: &[Slot]) -> Column {
    if !slots.contains(&NOBODY) {
        return column.gather(slots);
    }
    let some: Vec<Slot> = slots
        .iter()
        .copied()
        .filter(|&slot| slot != NOBODY)
        .collect();
    let mut cells = Column::nulls(column.dtype(), slots.len());
    let rows = (0..slots.len()).filter(|&row| slots[row] != NOBODY);
    cells.scatter(&column.gather(&some), rows.zip(0..));
    cells
}

/// The types of the keys that order a table's rows.
fn key_types(table: &Table) -> Vec<DataType> {
    key_cells(table, &[]).iter().map(Column::dtype).collect()
}

/// The keys that order some rows of a table, null where there is no row.
fn key_cells(table: &Table, slots: &[Slot]) -> Vec<Column> {
    match &table.keys {
        Keys::Column(keys) => vec![cells(&table.columns[keys.position], slots)],
        Keys::Numbers(numbers) => {
            let number = |slot| match slot {
                NOBODY => Value::Null,
                slot => Value::Int(numbers.number(slot)),
            };
            let keys = slots.iter().map(|&slot| number(slot));
            vec![column_of(DataType::Int64, keys)]
        }
        Keys::Pairs(pairs) => pairs
            .levels
            .iter()
            .map(|level| cells(level, slots))
            .collect(),
    }
}

/// The type that holds the values of both.
fn wider(a: DataType, b: DataType) -> DataType {
    match (a.int_range(), b.int_range()) {
        (Some(_), Some(_)) => DataType::Int64,
        _ => DataType::Float64,
    }
}

impl Table {
    /// Makes columns from `first` on as wide as those of a source that widened.
    fn widen_like(&mut self, source: &Table, taken: &[usize], first: usize) {
        for (at, &position) in taken.iter().enumerate() {
            self.widen(first + at, source.column(position));
        }
    }
}
