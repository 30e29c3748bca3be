//! What updates did to a table.
//!
//! While somebody follows, a table notes each slot at its first touch with a copy of the row it held. A [`Delta`] is
//! what was noted between two takes. Followers never scan the table: they take the old cells from the delta's images
//! and the new ones from the table's columns.

use super::{ABSENT, Slot};
use crate::column::{Bitmap, Column};
use crate::hash::HashMap;
use crate::schema::DataType;

/// What the updates between two takes did. Each touched slot appears once.
#[derive(Debug, Clone)]
pub struct Delta {
    /// The touched slots, in the order of their first touch.
    pub slots: Vec<Slot>,
    /// For each touched slot the row of `images` with its former cells, or [`ABSENT`]: it held no row.
    pub before: Vec<u32>,
    /// For each touched slot whether it holds a row now.
    pub after: Bitmap,
    /// Former rows, one column for each column of the table. Text columns hold codes of the table's dictionaries
    /// without their texts: see [`Delta::images_with_text`].
    pub images: Vec<Column>,
    /// For each column of the table whether some cell may differ.
    pub changed: Vec<bool>,
    /// The keys that left a table with an index: they were there before and are not now. Empty without an index.
    pub removed_keys: Column,
    /// Whether a slot may hold a row of another key than before. If not, rows that were and are live kept their places in
    /// the row order.
    pub rekeyed: bool,
    /// So much changed, or so fundamentally, that followers must build anew: all former rows count as gone, `before` is
    /// [`ABSENT`] throughout, and codes of text may mean other texts than they did.
    pub rebuilt: bool,
}

impl Delta {
    /// Whether no row was touched.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty() && !self.rebuilt
    }

    /// The images with the dictionaries of `columns`, the table's columns now: codes never change their text while
    /// steps are possible. Drop them before the table is updated again, or its dictionaries are copied.
    pub fn images_with_text(&self, columns: &[Column]) -> Vec<Column> {
        self.images
            .iter()
            .zip(columns)
            .map(|(image, column)| {
                let mut image = image.clone();
                image.share_dictionary(column);
                image
            })
            .collect()
    }

    /// Deltas that followed each other, as one. A key that one removed and another brought back is left in
    /// `removed_keys`. `None` if there are none.
    pub fn merged<'a>(deltas: impl IntoIterator<Item = &'a Delta>) -> Option<Delta> {
        let mut deltas = deltas.into_iter();
        let mut merged = deltas.next()?.clone();
        let mut known: HashMap<Slot, u32> = HashMap::with_hasher(Default::default());
        known.extend(
            merged
                .slots
                .iter()
                .zip(0..)
                .map(|(&slot, entry)| (slot, entry)),
        );
        for newer in deltas {
            if newer.rebuilt {
                merged.rebuilt = true;
                merged.before.fill(ABSENT);
                merged.images = newer.images.clone();
            }
            merged.absorb(newer, &mut known);
        }
        Some(merged)
    }

    /// Adds what came next; `known` finds entries by slot.
    fn absorb(&mut self, newer: &Delta, known: &mut HashMap<Slot, u32>) {
        let mut picked = Vec::new();
        let base = self.images.first().map_or(0, Column::len) as u32;
        for (entry, &slot) in newer.slots.iter().enumerate() {
            let after = newer.after.get(entry);
            if let Some(&own) = known.get(&slot) {
                self.after.set(own as usize, after);
                continue;
            }
            known.insert(slot, self.slots.len() as u32);
            self.slots.push(slot);
            self.after.push(after);
            self.before.push(match newer.before[entry] {
                // Against the state before a rebuild no row is known.
                row if self.rebuilt || row == ABSENT => ABSENT,
                row => {
                    picked.push(row);
                    base + picked.len() as u32 - 1
                }
            });
        }
        for (image, newer) in self.images.iter_mut().zip(&newer.images) {
            if image.dtype() != newer.dtype() {
                image.set_dtype(newer.dtype());
            }
            image.append_codes(&newer.gather(&picked));
        }
        for (changed, &newer) in self.changed.iter_mut().zip(&newer.changed) {
            *changed |= newer;
        }
        if self.removed_keys.dtype() != newer.removed_keys.dtype() {
            self.removed_keys.set_dtype(newer.removed_keys.dtype());
        }
        self.removed_keys.append(&newer.removed_keys);
        self.rekeyed |= newer.rekeyed;
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        let images: usize = self.images.iter().map(Column::heap_size).sum();
        images + self.slots.capacity() * 8 + self.after.heap_size()
    }
}

/// What a table notes between two takes.
#[derive(Debug, Clone, Default)]
pub(super) struct Pending {
    /// Whether anything was called, even without effect.
    pub called: bool,
    slots: Vec<Slot>,
    before: Vec<u32>,
    images: Vec<Column>,
    changed: Vec<bool>,
    /// By slot, whether it is among `slots`.
    touched: Bitmap,
    pub rebuilt: bool,
    /// Whether a row was removed, so that its slot may have been used again.
    pub rekeyed: bool,
    /// Keys of rows that went away and may have come back since.
    pub gone: Option<Column>,
}

/// A flush that touches more rows than this, and most of the table, is followed by building anew.
const BULK: usize = 1 << 16;

impl Pending {
    /// Notes that these live or free slots are about to change. Slots may repeat. `columns` still hold the old rows.
    pub fn touch(&mut self, slots: &[Slot], live: &Bitmap, columns: &[Column]) {
        if let Some(missing) = slots
            .iter()
            .max()
            .and_then(|&slot| (slot as usize + 1).checked_sub(self.touched.len()))
        {
            self.touched.extend(missing, false);
        }
        let mut imaged = Vec::new();
        let base = self.images.first().map_or(0, Column::len) as u32;
        for &slot in slots {
            let at = slot as usize;
            if self.touched.get(at) {
                continue;
            }
            self.touched.set(at, true);
            self.slots.push(slot);
            let was_live = !self.rebuilt && at < live.len() && live.get(at);
            self.before.push(if was_live {
                imaged.push(slot);
                base + imaged.len() as u32 - 1
            } else {
                ABSENT
            });
        }
        if self.rebuilt || imaged.is_empty() {
            return;
        }
        if self.images.is_empty() {
            self.images = columns
                .iter()
                .map(|column| column.gather(&imaged))
                .collect();
            self.images.iter_mut().for_each(Column::forget_dictionary);
        } else {
            for (image, column) in self.images.iter_mut().zip(columns) {
                image.append_codes(&column.gather(&imaged));
            }
        }
    }

    /// Notes that cells of a column may differ.
    pub fn change(&mut self, position: usize) {
        if self.changed.len() <= position {
            self.changed.resize(position + 1, false);
        }
        self.changed[position] = true;
    }

    /// Notes that all rows go away: from here on followers must build anew.
    pub fn rebuild(&mut self) {
        self.rebuilt = true;
        self.before.iter_mut().for_each(|row| *row = ABSENT);
        self.images.clear();
    }

    /// Notes the keys of all rows that were there when noting began: the former rows that were touched, and the
    /// `live` ones that were not. `own` is the index column at `position`.
    pub fn note_gone(&mut self, live: &[Slot], position: usize, own: &Column) {
        let is_touched = |at: usize| at < self.touched.len() && self.touched.get(at);
        let untouched: Vec<Slot> = live
            .iter()
            .copied()
            .filter(|&slot| !is_touched(slot as usize))
            .collect();
        let mut gone = own.gather(&untouched);
        if let Some(image) = self.images.get(position) {
            gone.append_codes(image);
        }
        self.gone = Some(gone);
    }

    /// Whether a flush of `n` more rows had better be followed by building anew.
    pub fn is_bulk(&self, n: usize, n_rows: usize) -> bool {
        n >= BULK && n * 2 > n_rows
    }

    /// The delta of what was noted, and a fresh start. `live` and `columns` are the table's now.
    pub fn take(&mut self, live: &Bitmap, columns: &[Column]) -> Delta {
        let mut after = Bitmap::filled(self.slots.len(), false);
        for (entry, &slot) in self.slots.iter().enumerate() {
            let at = slot as usize;
            self.touched.set(at, false);
            if at < live.len() && live.get(at) {
                after.set(entry, true);
            }
        }
        let mut images = std::mem::take(&mut self.images);
        if images.is_empty() {
            images = columns
                .iter()
                .map(|column| Column::new(column.dtype()))
                .collect();
        }
        for (image, column) in images.iter_mut().zip(columns) {
            if image.dtype() != column.dtype() {
                image.set_dtype(column.dtype());
            }
        }
        let mut changed = std::mem::take(&mut self.changed);
        changed.resize(columns.len(), false);
        self.called = false;
        Delta {
            slots: std::mem::take(&mut self.slots),
            before: std::mem::take(&mut self.before),
            after,
            images,
            changed,
            removed_keys: Column::new(DataType::Int64),
            rekeyed: std::mem::take(&mut self.rekeyed),
            rebuilt: std::mem::take(&mut self.rebuilt),
        }
    }

    pub fn heap_size(&self) -> usize {
        let images: usize = self.images.iter().map(Column::heap_size).sum();
        images + self.slots.capacity() * 8 + self.touched.heap_size()
    }
}
