//! A long ordered list of slots that changes a little at a time.
//!
//! The list is cut into chunks, and each slot remembers its chunk, so a slot leaves without any comparison: what it was
//! ordered by may have changed already. Inserting costs two binary searches and a move within one chunk; positions are
//! summed up once after a change, when somebody asks for one. A list that never changed is one plain vector.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::ops::Range;

use super::Slot;

/// Chunks are cut to this many slots, and split at twice as many.
const CHUNK: usize = 512;

/// In `chunk_of`: the slot is not in the list.
const NOWHERE: u32 = u32::MAX;

/// An ordered list of distinct slots.
#[derive(Debug, Clone)]
pub struct OrderedSlots {
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// As it was built.
    Plain(Vec<Slot>),
    /// As it changes.
    Chunked(Chunks),
}

#[derive(Debug, Clone, Default)]
struct Chunks {
    /// By chunk id; an id that is not in `order` is free and its chunk empty.
    chunks: Vec<Chunk>,
    /// Chunk ids in list order.
    order: Vec<u32>,
    /// Ids to use again.
    free: Vec<u32>,
    /// By slot, its chunk's id.
    chunk_of: Vec<u32>,
    len: usize,
    /// By place in `order`, the position of the chunk's first slot. Made when asked for after a change.
    starts: OnceCell<Vec<u32>>,
}

#[derive(Debug, Clone, Default)]
struct Chunk {
    slots: Vec<Slot>,
    /// Where its id is in `order`.
    place: u32,
}

impl Default for OrderedSlots {
    fn default() -> Self {
        Self::from_sorted(Vec::new())
    }
}

impl OrderedSlots {
    /// A list of distinct slots that are in order.
    pub fn from_sorted(slots: Vec<Slot>) -> Self {
        Self {
            form: Form::Plain(slots),
        }
    }

    /// The number of slots.
    pub fn len(&self) -> usize {
        match &self.form {
            Form::Plain(slots) => slots.len(),
            Form::Chunked(chunks) => chunks.len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether `slot` is in the list. O(n) on a list that never changed.
    pub fn contains(&self, slot: Slot) -> bool {
        match &self.form {
            Form::Plain(slots) => slots.contains(&slot),
            Form::Chunked(chunks) => chunks.chunk_of(slot) != NOWHERE,
        }
    }

    /// The slot at `position`, which must be below [`Self::len`].
    pub fn get(&self, position: usize) -> Slot {
        match &self.form {
            Form::Plain(slots) => slots[position],
            Form::Chunked(chunks) => {
                let (place, at) = chunks.locate(position);
                chunks.at(place)[at]
            }
        }
    }

    /// Where `slot` is. O(n) on a list that never changed.
    pub fn position(&self, slot: Slot) -> Option<usize> {
        match &self.form {
            Form::Plain(slots) => slots.iter().position(|&other| other == slot),
            Form::Chunked(chunks) => chunks.position(slot),
        }
    }

    /// The slots at these positions, in order. The range is clamped.
    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Slot> + '_ {
        let end = range.end.min(self.len());
        let start = range.start.min(end);
        let (plain, chunks) = match &self.form {
            Form::Plain(slots) => (&slots[start..end], None),
            Form::Chunked(chunks) => (&[][..], Some(chunks.range(start, end))),
        };
        plain.iter().copied().chain(chunks.into_iter().flatten())
    }

    /// All slots in order.
    pub fn iter(&self) -> impl Iterator<Item = Slot> + '_ {
        self.range(0..self.len())
    }

    /// The last slot.
    pub fn last(&self) -> Option<Slot> {
        match &self.form {
            Form::Plain(slots) => slots.last().copied(),
            Form::Chunked(chunks) => chunks
                .order
                .last()
                .and_then(|&id| chunks.chunks[id as usize].slots.last().copied()),
        }
    }

    /// Takes `slot` out; whether it was there. Nothing is compared.
    pub fn remove(&mut self, slot: Slot) -> bool {
        self.chunked().remove(slot)
    }

    /// Puts `slot`, which is not in the list, where `compare` says: it is given a slot of the list and answers how that
    /// one compares with the new one.
    pub fn insert_by(&mut self, slot: Slot, compare: impl FnMut(Slot) -> Ordering) {
        self.chunked().insert_by(slot, compare);
    }

    /// Puts slots that are not in the list and are in order themselves.
    pub fn insert_batch(&mut self, new: &[Slot], mut compare: impl FnMut(Slot, Slot) -> Ordering) {
        let Some((&first, _)) = new.split_first() else {
            return;
        };
        // All behind the last one: what appends do.
        if self
            .last()
            .is_none_or(|last| compare(last, first) == Ordering::Less)
        {
            match &mut self.form {
                Form::Plain(slots) => slots.extend_from_slice(new),
                Form::Chunked(chunks) => new.iter().for_each(|&slot| chunks.push(slot)),
            }
            return;
        }
        // A merge is cheaper than many searches.
        if new.len() * 8 > self.len() {
            let mut merged = Vec::with_capacity(self.len() + new.len());
            let mut rest = new.iter().copied().peekable();
            for old in self.iter() {
                while let Some(slot) = rest.next_if(|&slot| compare(slot, old) == Ordering::Less) {
                    merged.push(slot);
                }
                merged.push(old);
            }
            merged.extend(rest);
            self.form = Form::Plain(merged);
            return;
        }
        let chunks = self.chunked();
        let mut place = 0;
        for &slot in new {
            place = chunks.insert_from(place, slot, |other| compare(other, slot));
        }
    }

    /// Takes many slots out; those that are not in the list are passed over.
    pub fn remove_batch(&mut self, slots: impl IntoIterator<Item = Slot>) {
        let chunks = self.chunked();
        for slot in slots {
            chunks.remove(slot);
        }
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        match &self.form {
            Form::Plain(slots) => slots.capacity() * 4,
            Form::Chunked(chunks) => {
                let slots: usize = chunks
                    .chunks
                    .iter()
                    .map(|chunk| chunk.slots.capacity() * 4 + size_of::<Chunk>())
                    .sum();
                slots + chunks.chunk_of.capacity() * 4 + chunks.order.capacity() * 8
            }
        }
    }

    fn chunked(&mut self) -> &mut Chunks {
        if let Form::Plain(slots) = &self.form {
            self.form = Form::Chunked(Chunks::from_sorted(slots));
        }
        match &mut self.form {
            Form::Chunked(chunks) => chunks,
            Form::Plain(_) => unreachable!("the list was cut into chunks just now"),
        }
    }
}

impl Chunks {
    fn from_sorted(slots: &[Slot]) -> Self {
        let mut chunks = Self {
            len: slots.len(),
            ..Self::default()
        };
        let n_slots = slots.iter().max().map_or(0, |&slot| slot as usize + 1);
        chunks.chunk_of = vec![NOWHERE; n_slots];
        for (place, part) in slots.chunks(CHUNK).enumerate() {
            let place = place as u32;
            for &slot in part {
                chunks.chunk_of[slot as usize] = place;
            }
            chunks.order.push(place);
            chunks.chunks.push(Chunk {
                slots: part.to_vec(),
                place,
            });
        }
        chunks
    }

    fn chunk_of(&self, slot: Slot) -> u32 {
        self.chunk_of.get(slot as usize).copied().unwrap_or(NOWHERE)
    }

    fn set_chunk(&mut self, slot: Slot, id: u32) {
        let slot = slot as usize;
        if slot >= self.chunk_of.len() {
            self.chunk_of.resize(slot + 1, NOWHERE);
        }
        self.chunk_of[slot] = id;
    }

    /// The slots of the chunk at this place of the order.
    fn at(&self, place: usize) -> &[Slot] {
        &self.chunks[self.order[place] as usize].slots
    }

    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let mut start = 0;
            self.order
                .iter()
                .map(|&id| {
                    let this = start;
                    start += self.chunks[id as usize].slots.len() as u32;
                    this
                })
                .collect()
        })
    }

    /// The place of the chunk that holds `position`, and where in it.
    fn locate(&self, position: usize) -> (usize, usize) {
        let starts = self.starts();
        let place = starts.partition_point(|&start| start as usize <= position) - 1;
        (place, position - starts[place] as usize)
    }

    fn position(&self, slot: Slot) -> Option<usize> {
        let id = self.chunk_of(slot);
        let chunk = self.chunks.get(id as usize)?;
        let at = chunk.slots.iter().position(|&other| other == slot)?;
        Some(self.starts()[chunk.place as usize] as usize + at)
    }

    fn range(&self, start: usize, end: usize) -> impl Iterator<Item = Slot> + '_ {
        let (place, at) = if start < end {
            self.locate(start)
        } else {
            (0, 0)
        };
        self.order[place..]
            .iter()
            .flat_map(|&id| self.chunks[id as usize].slots.iter().copied())
            .skip(at)
            .take(end - start)
    }

    fn remove(&mut self, slot: Slot) -> bool {
        let id = self.chunk_of(slot);
        if id == NOWHERE {
            return false;
        }
        let chunk = &mut self.chunks[id as usize];
        let at = chunk
            .slots
            .iter()
            .position(|&other| other == slot)
            .expect("a slot is in the chunk that it remembers");
        chunk.slots.remove(at);
        let (place, is_empty) = (chunk.place as usize, chunk.slots.is_empty());
        self.chunk_of[slot as usize] = NOWHERE;
        self.len -= 1;
        self.starts.take();
        if is_empty {
            self.order.remove(place);
            self.renumber(place);
            self.free.push(id);
        }
        true
    }

    fn insert_by(&mut self, slot: Slot, mut compare: impl FnMut(Slot) -> Ordering) {
        // The last chunk whose first slot is less than the new one.
        let place = self
            .order
            .partition_point(|&id| compare(self.chunks[id as usize].slots[0]) == Ordering::Less)
            .saturating_sub(1);
        self.insert_at(place, slot, compare);
    }

    /// Puts a slot that belongs into the chunk at `place` or a later one, most likely a near one; where it was put.
    fn insert_from(
        &mut self,
        place: usize,
        slot: Slot,
        mut compare: impl FnMut(Slot) -> Ordering,
    ) -> usize {
        let mut is_less = |place: usize| compare(self.at(place)[0]) == Ordering::Less;
        let (mut low, mut step) = (place, 1);
        while low + step < self.order.len() && is_less(low + step) {
            low += step;
            step *= 2;
        }
        // The chunk at `low` begins with a lesser slot, or is the first.
        let mut high = (low + step).min(self.order.len());
        while low + 1 < high {
            let middle = low.midpoint(high);
            if is_less(middle) {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.insert_at(low, slot, compare);
        low
    }

    /// Puts a slot into the chunk at `place`, where it belongs.
    fn insert_at(&mut self, place: usize, slot: Slot, mut compare: impl FnMut(Slot) -> Ordering) {
        let Some(&id) = self.order.get(place) else {
            return self.push(slot);
        };
        let slots = &mut self.chunks[id as usize].slots;
        let at = slots.partition_point(|&other| compare(other) == Ordering::Less);
        slots.insert(at, slot);
        self.note_insert(slot, id);
    }

    /// Puts `slot` behind all others.
    fn push(&mut self, slot: Slot) {
        let id = match self.order.last() {
            Some(&id) => id,
            None => {
                let id = self.new_chunk(Vec::new());
                self.order.push(id);
                self.renumber(0);
                id
            }
        };
        self.chunks[id as usize].slots.push(slot);
        self.note_insert(slot, id);
    }

    fn note_insert(&mut self, slot: Slot, id: u32) {
        self.set_chunk(slot, id);
        self.len += 1;
        self.starts.take();
        if self.chunks[id as usize].slots.len() >= 2 * CHUNK {
            self.split(id);
        }
    }

    fn split(&mut self, id: u32) {
        let chunk = &mut self.chunks[id as usize];
        let place = chunk.place as usize;
        let upper = chunk.slots.split_off(CHUNK);
        let new = self.new_chunk(upper);
        for at in 0..self.chunks[new as usize].slots.len() {
            let slot = self.chunks[new as usize].slots[at];
            self.chunk_of[slot as usize] = new;
        }
        self.order.insert(place + 1, new);
        self.renumber(place + 1);
    }

    fn new_chunk(&mut self, slots: Vec<Slot>) -> u32 {
        match self.free.pop() {
            Some(id) => {
                self.chunks[id as usize].slots = slots;
                id
            }
            None => {
                self.chunks.push(Chunk { slots, place: 0 });
                self.chunks.len() as u32 - 1
            }
        }
    }

    /// Tells the chunks from `place` on where they are.
    fn renumber(&mut self, place: usize) {
        for (place, &id) in self.order.iter().enumerate().skip(place) {
            self.chunks[id as usize].place = place as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn behaves_like_a_sorted_vector(
            start in prop::collection::btree_set(0_u32..3000, 0..2500),
            steps in prop::collection::vec((prop::collection::btree_set(0_u32..3000, 0..300), any::<bool>()), 0..12),
        ) {
            let mut model: Vec<u32> = start.into_iter().collect();
            let mut list = OrderedSlots::from_sorted(model.clone());
            for (slots, insert) in steps {
                if insert {
                    let new: Vec<u32> = slots.into_iter().filter(|slot| !model.contains(slot)).collect();
                    if new.len().is_multiple_of(2) {
                        list.insert_batch(&new, |a, b| a.cmp(&b));
                    } else {
                        new.iter().for_each(|slot| list.insert_by(*slot, |other| other.cmp(slot)));
                    }
                    model.extend(new);
                    model.sort_unstable();
                } else {
                    for slot in slots {
                        let at = model.iter().position(|&other| other == slot);
                        prop_assert_eq!(list.remove(slot), at.is_some());
                        at.map(|at| model.remove(at));
                    }
                }
                prop_assert_eq!(list.len(), model.len());
                prop_assert_eq!(list.iter().collect::<Vec<_>>(), &model[..]);
                prop_assert_eq!(list.last(), model.last().copied());
                for (position, &slot) in model.iter().enumerate().step_by(97) {
                    prop_assert_eq!(list.get(position), slot);
                    prop_assert_eq!(list.position(slot), Some(position));
                    prop_assert!(list.contains(slot));
                }
                let (a, b) = (model.len() / 3, model.len() / 2);
                prop_assert_eq!(list.range(a..b).collect::<Vec<_>>(), &model[a..b]);
            }
        }
    }
}
