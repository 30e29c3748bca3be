//! Which slot a key names.
//!
//! A table with an index finds rows by the values of its index column, null being one key. A table without one numbers
//! its rows as they come; the number is the key that clients know as `__INDEX__`. The rows of a join stand for pairs of
//! rows of its sources.

use std::cmp::Ordering;

use super::Slot;
use super::lookup::IntLookup;
use crate::column::{Column, Data};
use crate::schema::DataType;
use crate::sort::{SortKeys, float_key};

/// The keys of a table.
#[derive(Debug, Clone)]
pub(super) enum Keys {
    /// Values of a column.
    Column(ColumnKeys),
    /// Running numbers.
    Numbers(Numbers),
    /// Keys of the rows of two other tables.
    Pairs(PairKeys),
}

/// What orders the rows of a join: cells by slot, compared column by column, null being least. They find no row: the key
/// that clients hear of is the slot.
#[derive(Debug, Clone)]
pub(super) struct PairKeys {
    /// Whether there is no left row, then the keys of the left and of the right row.
    pub levels: Vec<Column>,
}

impl PairKeys {
    pub fn new(types: impl IntoIterator<Item = DataType>) -> Self {
        Self {
            levels: types.into_iter().map(Column::new).collect(),
        }
    }

    pub fn clear(&mut self) {
        let types: Vec<DataType> = self.levels.iter().map(Column::dtype).collect();
        *self = Self::new(types);
    }

    pub fn compare(&self, a: usize, b: usize) -> Ordering {
        (self.levels.iter())
            .map(|level| level.compare(a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }

    pub fn sort_keys(&self, slots: &[Slot]) -> Vec<SortKeys> {
        (self.levels.iter())
            .flat_map(|level| SortKeys::of_column(level, slots, false, false))
            .collect()
    }

    /// Writes the keys of rows to slots, of which there are `n_slots` now.
    pub fn write(&mut self, new: &[Column], slots: &[Slot], n_slots: usize) {
        for (level, new) in self.levels.iter_mut().zip(new) {
            level.extend_nulls(n_slots - level.len());
            level.scatter(new, slots.iter().map(|&slot| slot as usize).zip(0..));
        }
    }

    pub fn heap_size(&self) -> usize {
        self.levels.iter().map(Column::heap_size).sum()
    }
}

/// Slots by the values of the index column.
#[derive(Debug, Clone, Default)]
pub(super) struct ColumnKeys {
    /// The position of the index column.
    pub position: usize,
    /// The row whose key is null.
    pub null: Option<Slot>,
    pub lookup: IntLookup,
}

/// The whole number that stands for the cell in row `i`, which is not null: equal cells have equal numbers.
#[inline]
pub(crate) fn key_number(column: &Column, i: usize) -> i64 {
    match column.data() {
        Data::Bool(values) => values[i].into(),
        Data::Int(values) => values[i],
        Data::Float(values) => float_key(values[i]) as i64,
        Data::Text(text) => text.codes[i].into(),
    }
}

impl ColumnKeys {
    /// The slot of the key in row `i` of `keys`; `own` is the index column. Text has been translated to its codes.
    #[inline]
    pub fn find(&self, keys: &Column, i: usize, own: &Column) -> Option<Slot> {
        if keys.is_null(i) {
            return self.null;
        }
        self.lookup
            .find(key_number(keys, i), |slot| key_number(own, slot as usize))
    }

    /// Adds the key that `own` holds at `slot`. Room was made.
    #[inline]
    pub fn insert(&mut self, own: &Column, slot: Slot) {
        if own.is_null(slot as usize) {
            self.null = Some(slot);
        } else {
            self.lookup.insert(key_number(own, slot as usize), slot);
        }
    }

    /// Takes the key out that `own` holds at `slot`.
    pub fn remove(&mut self, own: &Column, slot: Slot) {
        if own.is_null(slot as usize) {
            self.null = None;
        } else {
            self.lookup.remove(key_number(own, slot as usize), |slot| {
                key_number(own, slot as usize)
            });
        }
    }

    /// Makes room for the keys of `new` beside those of the rows `live` of `own`.
    pub fn reserve(
        &mut self,
        new: &Column,
        own: &Column,
        n_live: usize,
        live: impl Iterator<Item = Slot>,
    ) {
        let numbers = (0..new.len())
            .filter(|&i| !new.is_null(i))
            .map(|i| key_number(new, i));
        let (mut n, mut least, mut greatest) = (0, i64::MAX, i64::MIN);
        for number in numbers {
            n += 1;
            least = least.min(number);
            greatest = greatest.max(number);
        }
        if n == 0 {
            return;
        }
        let present = live
            .filter(|&slot| !own.is_null(slot as usize))
            .map(|slot| (key_number(own, slot as usize), slot));
        let n_present = n_live - usize::from(self.null.is_some());
        self.lookup
            .reserve((n, least, greatest), (n_present, present), |slot| {
                key_number(own, slot as usize)
            });
    }
}

/// Running row numbers.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    /// The number of the next row: greater than all that were given.
    pub next: i64,
    form: NumberForm,
}

#[derive(Debug, Clone)]
enum NumberForm {
    /// Slot `i` is row `base + i`.
    Sequential { base: i64 },
    /// By slot; dead slots hold anything.
    Scattered {
        numbers: Vec<i64>,
        lookup: IntLookup,
    },
}

impl Default for Numbers {
    fn default() -> Self {
        Self {
            next: 0,
            form: NumberForm::Sequential { base: 0 },
        }
    }
}

impl Numbers {
    /// The number of a live slot.
    #[inline]
    pub fn number(&self, slot: Slot) -> i64 {
        match &self.form {
            NumberForm::Sequential { base } => base.wrapping_add(slot.into()),
            NumberForm::Scattered { numbers, .. } => numbers[slot as usize],
        }
    }

    /// Whether slots in use are `0..n` in order of numbers.
    pub fn is_sequential(&self) -> bool {
        matches!(self.form, NumberForm::Sequential { .. })
    }

    /// The slot of a number; `n_slots` is the number of slots of the table.
    pub fn find(&self, number: i64, n_slots: usize) -> Option<Slot> {
        match &self.form {
            NumberForm::Sequential { base } => number
                .checked_sub(*base)
                .and_then(|at| usize::try_from(at).ok())
                .filter(|&at| at < n_slots)
                .map(|at| at as Slot),
            NumberForm::Scattered { numbers, lookup } => {
                lookup.find(number, |slot| numbers[slot as usize])
            }
        }
    }

    /// Gives up the simple form, for what comes does not fit it.
    pub fn scatter(&mut self, n_slots: usize) {
        let NumberForm::Sequential { base } = self.form else {
            return;
        };
        let numbers: Vec<i64> = (0..n_slots as i64)
            .map(|at| base.wrapping_add(at))
            .collect();
        let mut lookup = IntLookup::default();
        if let (Some(&first), Some(&last)) = (numbers.first(), numbers.last()) {
            lookup.reserve((n_slots, first, last), (0, std::iter::empty()), |slot| {
                numbers[slot as usize]
            });
        }
        for (&number, slot) in numbers.iter().zip(0..) {
            lookup.insert(number, slot);
        }
        self.form = NumberForm::Scattered { numbers, lookup };
    }

    /// Gives a free slot a number that no row has.
    pub fn insert(
        &mut self,
        slot: Slot,
        number: i64,
        n_live: usize,
        live: impl Iterator<Item = Slot>,
    ) {
        self.next = self.next.max(number.saturating_add(1));
        match &mut self.form {
            NumberForm::Sequential { base } => {
                debug_assert_eq!(base.wrapping_add(slot.into()), number);
            }
            NumberForm::Scattered { numbers, lookup } => {
                if slot as usize >= numbers.len() {
                    numbers.resize(slot as usize + 1, 0);
                }
                numbers[slot as usize] = number;
                let present = live.map(|slot| (numbers[slot as usize], slot));
                lookup.reserve((1, number, number), (n_live, present), |slot| {
                    numbers[slot as usize]
                });
                lookup.insert(number, slot);
            }
        }
    }

    /// Appends `n` rows at the end of the slots, if numbers are sequential.
    pub fn append(&mut self, n: usize) {
        self.next = self.next.saturating_add(n as i64);
    }

    /// Takes the row at `slot` out. Numbers are scattered.
    pub fn remove(&mut self, slot: Slot) {
        if let NumberForm::Scattered { numbers, lookup } = &mut self.form {
            lookup.remove(numbers[slot as usize], |slot| numbers[slot as usize]);
        }
    }

    /// Forgets all rows, and numbers on from the next.
    pub fn clear(&mut self) {
        self.form = NumberForm::Sequential { base: self.next };
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        match &self.form {
            NumberForm::Sequential { .. } => 0,
            NumberForm::Scattered { numbers, lookup } => {
                numbers.capacity() * 8 + lookup.heap_size()
            }
        }
    }
}
