//! From a key to its slot.
//!
//! Keys themselves stay in the key column: a lookup holds slots only, four to eight bytes a row. Whole numbers close to
//! each other are looked up in a plain vector, scattered ones and floats in a hash table; text is looked up by its dictionary code, which is a whole number as well.

use super::Slot;

/// In a lookup: no row has this key.
const NONE: Slot = Slot::MAX;

/// Slots by integer key.
#[derive(Debug, Clone)]
pub(super) enum IntLookup {
    /// `slots[key - base]`.
    Dense { base: i64, slots: Vec<Slot> },
    /// Open addressing; keys are read back from where the caller keeps them.
    Hashed(SlotTable),
}

impl Default for IntLookup {
    fn default() -> Self {
        Self::Dense {
            base: 0,
            slots: Vec::new(),
        }
    }
}

impl IntLookup {
    /// The slot of `key`; `key_at` reads the key of a slot.
    #[inline]
    pub fn find(&self, key: i64, key_at: impl Fn(Slot) -> i64) -> Option<Slot> {
        match self {
            Self::Dense { base, slots } => slots
                .get(usize::try_from(key.checked_sub(*base)?).ok()?)
                .copied()
                .filter(|&slot| slot != NONE),
            Self::Hashed(table) => table.find(key, key_at),
        }
    }

    /// Makes room for `n_new` keys between `least` and `greatest` beside the `n_present` ones that are
    /// there; chooses the form.
    pub fn reserve(
        &mut self,
        (n_new, least, greatest): (usize, i64, i64),
        (n_present, present): (usize, impl Iterator<Item = (i64, Slot)>),
        key_at: impl Fn(Slot) -> i64,
    ) {
        let (base, slots) = match self {
            Self::Dense { base, slots } => (base, slots),
            Self::Hashed(table) => return table.reserve(n_new, key_at),
        };
        if n_present == 0 {
            slots.clear();
            *base = least;
        }
        let span = if least < *base {
            None
        } else {
            greatest
                .checked_sub(*base)
                .and_then(|span| usize::try_from(span).ok())
        };
        // At most eight bytes a row, where a hash table takes from six to eleven.
        let limit = (n_present + n_new).saturating_mul(2).saturating_add(1024);
        match span {
            Some(span) if span < slots.len() => {}
            Some(span) if span < limit => slots.resize(span + 1, NONE),
            _ => {
                let mut table = SlotTable::default();
                table.reserve(n_present + n_new, key_at);
                for (key, slot) in present {
                    table.insert(key, slot);
                }
                *self = Self::Hashed(table);
            }
        }
    }

    /// Adds a key that is not there and for which room was made.
    #[inline]
    pub fn insert(&mut self, key: i64, slot: Slot) {
        match self {
            Self::Dense { base, slots } => slots[(key - *base) as usize] = slot,
            Self::Hashed(table) => table.insert(key, slot),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: i64, key_at: impl Fn(Slot) -> i64) {
        match self {
            Self::Dense { base, slots } => slots[(key - *base) as usize] = NONE,
            Self::Hashed(table) => table.remove(key, key_at),
        }
    }

    /// The slots in ascending order of keys, if that order is at hand.
    pub fn ascending(&self) -> Option<impl Iterator<Item = Slot> + '_> {
        match self {
            Self::Dense { slots, .. } => Some(slots.iter().copied().filter(|&slot| slot != NONE)),
            Self::Hashed(_) => None,
        }
    }

    pub fn heap_size(&self) -> usize {
        match self {
            Self::Dense { slots, .. } => slots.capacity() * 4,
            Self::Hashed(table) => table.slots.capacity() * 4,
        }
    }
}

/// A hash table of slots with linear probing.
#[derive(Debug, Clone, Default)]
pub(super) struct SlotTable {
    slots: Vec<Slot>,
    len: usize,
}

impl SlotTable {
    /// Where the search for `key` starts.
    #[inline]
    fn home(&self, key: i64) -> usize {
        let mixed = (key as u64 ^ (key as u64 >> 32)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        // 32 well mixed bits, the same on machines of every width.
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 32) as usize
            & (self.slots.len() - 1)
    }

    #[inline]
    pub fn find(&self, key: i64, key_at: impl Fn(Slot) -> i64) -> Option<Slot> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        loop {
            match self.slots[at] {
                NONE => return None,
                slot if key_at(slot) == key => return Some(slot),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Makes room for `n` more keys.
    pub fn reserve(&mut self, n: usize, key_at: impl Fn(Slot) -> i64) {
        let needed = (self.len + n) * 4 / 3 + 1;
        if needed <= self.slots.len() {
            return;
        }
        let old = std::mem::replace(
            &mut self.slots,
            vec![NONE; needed.next_power_of_two().max(16)],
        );
        self.len = 0;
        for slot in old {
            if slot != NONE {
                self.insert(key_at(slot), slot);
            }
        }
    }

    /// Adds a key that is not there and for which room was made.
    #[inline]
    pub fn insert(&mut self, key: i64, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key);
        while self.slots[at] != NONE {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
        self.len += 1;
    }

    /// Takes a key out, and moves up what was pushed aside by it.
    pub fn remove(&mut self, key: i64, key_at: impl Fn(Slot) -> i64) {
        if self.slots.is_empty() {
            return;
        }
        let mask = self.slots.len() - 1;
        let mut hole = self.home(key);
        loop {
            match self.slots[hole] {
                NONE => return,
                slot if key_at(slot) == key => break,
                _ => hole = (hole + 1) & mask,
            }
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot == NONE {
                break;
            }
            // It may move into the hole if its home does not lie behind the hole.
            let home = self.home(key_at(slot));
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.slots[hole] = slot;
                hole = at;
            }
        }
        self.slots[hole] = NONE;
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn finds_what_a_map_finds(
            far in prop::sample::select(vec![1_i64, 3, 1 << 40]),
            steps in prop::collection::vec((-20_i64..400, any::<bool>()), 0..400),
        ) {
            let mut keys: Vec<i64> = Vec::new();
            let mut model = BTreeMap::new();
            let mut lookup = IntLookup::default();
            for (key, insert) in steps {
                let key = key * far;
                let key_at = |slot: Slot| keys[slot as usize];
                if !insert {
                    if model.remove(&key).is_some() {
                        lookup.remove(key, key_at);
                    }
                } else if !model.contains_key(&key) {
                    let present = model.iter().map(|(&key, &slot)| (key, slot));
                    lookup.reserve((1, key, key), (model.len(), present), key_at);
                    lookup.insert(key, keys.len() as Slot);
                    model.insert(key, keys.len() as Slot);
                    keys.push(key);
                }
                let key_at = |slot: Slot| keys[slot as usize];
                for key in (-20..400).map(|key| key * far) {
                    prop_assert_eq!(lookup.find(key, key_at), model.get(&key).copied());
                }
            }
        }
    }
}
