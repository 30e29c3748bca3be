//! Which rows lie in which cell, for those who must read a cell again.
//!
//! A chain through all slots for each deepest cell: two links a slot and a head a cell. Made at the first need and
//! followed from then on; most views never need it.

use std::cell::OnceCell;

use super::axis::NONE;
use crate::aggregate::CellId;
use crate::view::Slot;

#[derive(Debug, Default)]
struct Chains {
    heads: Vec<Slot>,
    next: Vec<Slot>,
    previous: Vec<Slot>,
}

impl Chains {
    fn insert(&mut self, slot: Slot, cell: CellId) {
        let at = slot as usize;
        if self.next.len() <= at {
            self.next.resize(at + 1, NONE);
            self.previous.resize(at + 1, NONE);
        }
        if self.heads.len() <= cell as usize {
            self.heads.resize(cell as usize + 1, NONE);
        }
        let head = std::mem::replace(&mut self.heads[cell as usize], slot);
        self.next[at] = head;
        self.previous[at] = NONE;
        if head != NONE {
            self.previous[head as usize] = slot;
        }
    }

    fn remove(&mut self, slot: Slot, cell: CellId) {
        let (next, previous) = (self.next[slot as usize], self.previous[slot as usize]);
        if previous == NONE {
            self.heads[cell as usize] = next;
        } else {
            self.next[previous as usize] = next;
        }
        if next != NONE {
            self.previous[next as usize] = previous;
        }
    }
}

/// The rows of each deepest cell.
#[derive(Debug, Default)]
pub(super) struct Members {
    chains: OnceCell<Chains>,
}

impl Members {
    /// Visits the rows of a deepest cell. `cell_of` is the present cell of each slot.
    pub(super) fn for_each(&self, cell_of: &[CellId], cell: CellId, visit: &mut dyn FnMut(Slot)) {
        let chains = self.chains.get_or_init(|| {
            let mut chains = Chains::default();
            // Chains grow at the head, so going backwards they list slots ascending.
            for (slot, &cell) in cell_of.iter().enumerate().rev() {
                if cell != NONE {
                    chains.insert(slot as Slot, cell);
                }
            }
            chains
        });
        let mut slot = chains.heads.get(cell as usize).copied().unwrap_or(NONE);
        while slot != NONE {
            visit(slot);
            slot = chains.next[slot as usize];
        }
    }

    /// Follows a row from one cell to another; [`NONE`] where there is none.
    pub(super) fn follow(&mut self, slot: Slot, from: CellId, to: CellId) {
        if let Some(chains) = self.chains.get_mut() {
            if from != NONE {
                chains.remove(slot, from);
            }
            if to != NONE {
                chains.insert(slot, to);
            }
        }
    }

    /// Bytes held on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.chains.get().map_or(0, |chains| {
            (chains.heads.capacity() + chains.next.capacity() + chains.previous.capacity()) * 4
        })
    }
}
