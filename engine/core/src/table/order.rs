//! The order of a table's rows: ascending by key, null first.

use std::ops::Range;

use super::{OrderedSlots, Slot};

/// Live slots in ascending order of their keys.
#[derive(Debug, Clone)]
pub enum RowOrder {
    /// Slots `0..n`, all live, are in order as they are.
    Identity(usize),
    /// Any other order.
    Ordered(OrderedSlots),
}

impl RowOrder {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Identity(n) => *n,
            Self::Ordered(slots) => slots.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The slot of the row at `position`, which must be below [`Self::len`].
    pub fn get(&self, position: usize) -> Slot {
        match self {
            Self::Identity(_) => position as Slot,
            Self::Ordered(slots) => slots.get(position),
        }
    }

    /// The place of a slot among the rows.
    pub fn position(&self, slot: Slot) -> Option<usize> {
        match self {
            Self::Identity(n) => Some(slot as usize).filter(|at| at < n),
            Self::Ordered(slots) => slots.position(slot),
        }
    }

    /// The slots of the rows in `range`, which is clamped.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Slot> + '_ {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        let (identity, ordered) = match self {
            Self::Identity(_) => (start as Slot..end as Slot, None),
            Self::Ordered(slots) => (0..0, Some(slots.range(start..end))),
        };
        identity.chain(ordered.into_iter().flatten())
    }

    /// All slots in order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.range(0..self.len())
    }

    /// The list form, made now if it was not.
    pub(super) fn ordered(&mut self) -> &mut OrderedSlots {
        if let Self::Identity(n) = self {
            *self = Self::Ordered(OrderedSlots::from_sorted((0..*n as Slot).collect()));
        }
        match self {
            Self::Ordered(slots) => slots,
            Self::Identity(_) => unreachable!("the order was made a list just now"),
        }
    }
}
