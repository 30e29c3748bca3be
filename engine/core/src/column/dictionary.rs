//! The distinct texts of a column, each known by a code.
//!
//! Code 0 stands for null and never for a text, so grouping and filtering work on codes alone. Codes are given in order
//! of first appearance and never change; text is looked at once per distinct value.

use std::cell::OnceCell;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;

use crate::hash::Hasher;

/// The code of null in every dictionary.
pub const NULL_CODE: u32 = 0;

/// Distinct texts in one buffer, with a hash index over them.
#[derive(Debug, Clone)]
pub struct Dictionary {
    bytes: String,
    /// `ends[code]` is where the text of `code` ends; it starts where the previous one ends.
    ends: Vec<u32>,
    index: HashTable<u32>,
    ranks: OnceCell<Box<[u32]>>,
}

impl Default for Dictionary {
    fn default() -> Self {
        Self {
            bytes: String::new(),
            ends: vec![0],
            index: HashTable::new(),
            ranks: OnceCell::new(),
        }
    }
}

impl Dictionary {
    /// The number of codes, that of null included.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no text was interned.
    pub fn is_empty(&self) -> bool {
        self.ends.len() == 1
    }

    /// The text of `code`; the empty text for [`NULL_CODE`].
    #[inline]
    pub fn text(&self, code: u32) -> &str {
        let code = code as usize;
        let start = if code == 0 {
            0
        } else {
            self.ends[code - 1] as usize
        };
        &self.bytes[start..self.ends[code] as usize]
    }

    /// The code of `text`, if it was interned.
    pub fn find(&self, text: &str) -> Option<u32> {
        let hash = Hasher::default().hash_one(text);
        self.index
            .find(hash, |&code| self.text(code) == text)
            .copied()
    }

    /// The code of `text`, given now if it is new.
    pub fn intern(&mut self, text: &str) -> u32 {
        let hash = Hasher::default().hash_one(text);
        if let Some(&code) = self.index.find(hash, |&code| self.text(code) == text) {
            return code;
        }
        let code = self.ends.len() as u32;
        self.bytes.push_str(text);
        // Linear memory ends at 4 GiB, before a buffer of this size could exist.
        self.ends.push(
            u32::try_from(self.bytes.len()).expect("a dictionary is smaller than linear memory"),
        );
        let Self {
            bytes,
            ends,
            index,
            ranks,
        } = self;
        index.insert_unique(hash, code, |&code| {
            let (start, end) = (
                ends[code as usize - 1] as usize,
                ends[code as usize] as usize,
            );
            Hasher::default().hash_one(&bytes[start..end])
        });
        ranks.take();
        code
    }

    /// The place of each code in byte order of the texts: `ranks()[code]`, null being 0. Made at the first use after
    /// the dictionary grew.
    pub fn ranks(&self) -> &[u32] {
        self.ranks.get_or_init(|| {
            let mut order: Vec<u32> = (1..self.len() as u32).collect();
            order.sort_unstable_by(|&a, &b| self.text(a).as_bytes().cmp(self.text(b).as_bytes()));
            let mut ranks = vec![0; self.len()].into_boxed_slice();
            for (rank, code) in order.into_iter().enumerate() {
                ranks[code as usize] = rank as u32 + 1;
            }
            ranks
        })
    }

    /// All texts with their codes, in order of codes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (1..self.len()).map(|code| self.text(code as u32))
    }

    /// Bytes of all texts together.
    pub fn text_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// About the most bytes that so many new texts with so many bytes ask for.
    pub fn growth(&self, n_texts: usize, bytes: usize) -> usize {
        super::growth(self.bytes.len(), self.bytes.capacity(), bytes)
            + 4 * super::growth(self.ends.len(), self.ends.capacity(), n_texts)
            + 5 * super::growth(self.index.len(), self.index.capacity(), n_texts)
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        self.bytes.capacity()
            + self.ends.capacity() * 4
            + self.index.capacity() * 5
            + self.ranks.get().map_or(0, |ranks| ranks.len() * 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_stable_and_texts_distinct() {
        let mut dictionary = Dictionary::default();
        let words = ["b", "a", "", "b", "ä", "a"];
        let codes: Vec<_> = words.iter().map(|word| dictionary.intern(word)).collect();
        assert_eq!(codes, [1, 2, 3, 1, 4, 2]);
        for (word, code) in words.iter().zip(codes) {
            assert_eq!(dictionary.text(code), *word);
            assert_eq!(dictionary.find(word), Some(code));
        }
        assert_eq!(dictionary.find("c"), None);
    }

    #[test]
    fn ranks_follow_byte_order() {
        let mut dictionary = Dictionary::default();
        for word in ["b", "a", ""] {
            dictionary.intern(word);
        }
        assert_eq!(dictionary.ranks(), [0, 3, 2, 1]);
        dictionary.intern("aa");
        assert_eq!(dictionary.ranks(), [0, 4, 2, 1, 3]);
    }
}
