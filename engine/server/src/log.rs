//! What a table did lately, for followers that catch up when they are read.
//!
//! Each flush of a table adds one delta and raises the table's version by one. A follower (a view's core, a join)
//! remembers the version it has seen, and takes everything since as one merged delta. Remembering costs no more than
//! what changed; nothing is computed for a follower that nobody reads.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;

use sightline_core::table::Delta;

/// The deltas that some follower has not seen yet.
#[derive(Debug, Default)]
pub struct Log {
    /// The version before the first kept delta.
    base: u64,
    deltas: VecDeque<Rc<Delta>>,
    /// Rows in all kept deltas.
    n_rows: usize,
}

impl Log {
    /// The version of the table: how many flushes there were.
    pub fn version(&self) -> u64 {
        self.base + self.deltas.len() as u64
    }

    /// Rows that the kept deltas mention together.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many deltas are kept.
    pub fn n_deltas(&self) -> usize {
        self.deltas.len()
    }

    /// Adds what one flush did.
    pub fn push(&mut self, delta: Rc<Delta>) {
        self.n_rows += delta.slots.len();
        self.deltas.push_back(delta);
    }

    /// Everything since `version`, as one delta; `None` if nothing happened.
    pub fn since(&self, version: u64) -> Option<Cow<'_, Delta>> {
        // Versions below the base cannot occur: `forget` keeps what the oldest follower needs.
        let skip = version.saturating_sub(self.base) as usize;
        let mut unseen = self.deltas.iter().skip(skip);
        match (unseen.next()?, unseen.len()) {
            (only, 0) => Some(Cow::Borrowed(only)),
            _ => Delta::merged(self.deltas.iter().skip(skip).map(|delta| &**delta)).map(Cow::Owned),
        }
    }

    /// Drops the deltas that every follower has seen; `oldest` is the least version among them.
    pub fn forget(&mut self, oldest: u64) {
        while self.base < oldest {
            let Some(seen) = self.deltas.pop_front() else {
                self.base = oldest;
                return;
            };
            self.n_rows -= seen.slots.len();
            self.base += 1;
        }
    }
}
