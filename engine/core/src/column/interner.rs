//! Interning many texts fast: a [`Dictionary`] behind a small cache of short texts.
//!
//! A text of at most sixteen bytes is told apart by its length and two words, so a repeated one is found by three
//! comparisons in a direct-mapped table, without hashing its bytes or reading the dictionary.

use super::dictionary::Dictionary;

/// A short text as length and two words that overlap where it is shorter than both.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Short {
    low: u64,
    high: u64,
    len: u32,
    code: u32,
}

impl Short {
    /// The words of `text`, `None` if it is too long. The code is left 0.
    #[inline]
    fn of(text: &[u8]) -> Option<Self> {
        let len = text.len();
        let (low, high) = if let (Some(first), Some(last)) =
            (text.first_chunk::<8>(), text.last_chunk::<8>())
        {
            if len > 16 {
                return None;
            }
            (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
        } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>())
        {
            (
                u32::from_le_bytes(*first).into(),
                u32::from_le_bytes(*last).into(),
            )
        } else {
            let mut low = 0;
            for &byte in text {
                low = low << 8 | u64::from(byte);
            }
            (low, 0)
        };
        Some(Self {
            low,
            high,
            len: len as u32,
            code: 0,
        })
    }

    #[inline]
    fn slot(&self, bits: u32) -> usize {
        let mixed = (self.low ^ self.high.rotate_left(29) ^ u64::from(self.len))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> (64 - bits)) as usize
    }
}

/// A growing dictionary that remembers recently seen short texts.
#[derive(Default, Clone)]
pub struct Interner {
    dictionary: Dictionary,
    /// A power of two of entries; code 0 marks a free one. Empty until the first text.
    cache: Vec<Short>,
    bits: u32,
}

/// The cache starts with `1 << LEAST_BITS` entries and grows with the dictionary up to `1 << MOST_BITS`.
const LEAST_BITS: u32 = 6;
const MOST_BITS: u32 = 14;

impl Interner {
    /// The code of `text`, given now if it is new.
    #[inline]
    pub fn intern(&mut self, text: &str) -> u32 {
        let Some(short) = Short::of(text.as_bytes()) else {
            return self.dictionary.intern(text);
        };
        if let Some(entry) = self.cache.get(short.slot(self.bits.max(1)))
            && entry.low == short.low
            && entry.high == short.high
            && entry.len == short.len
            && entry.code != 0
        {
            return entry.code;
        }
        self.intern_slow(text, short)
    }

    #[cold]
    #[inline(never)]
    fn intern_slow(&mut self, text: &str, short: Short) -> u32 {
        let code = self.dictionary.intern(text);
        if self.bits < MOST_BITS && self.dictionary.len() * 4 > self.cache.len() {
            self.bits = if self.bits == 0 {
                LEAST_BITS
            } else {
                (self.bits + 2).min(MOST_BITS)
            };
            let old = std::mem::replace(&mut self.cache, vec![Short::default(); 1 << self.bits]);
            for entry in old.into_iter().filter(|entry| entry.code != 0) {
                let slot = entry.slot(self.bits);
                self.cache[slot] = entry;
            }
        }
        let slot = short.slot(self.bits);
        self.cache[slot] = Short { code, ..short };
        code
    }

    /// The texts so far.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The finished dictionary.
    pub fn into_dictionary(self) -> Dictionary {
        self.dictionary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_equal_those_of_a_plain_dictionary() {
        let mut interner = Interner::default();
        let mut plain = Dictionary::default();
        for round in 0..3_u64 {
            for i in 0..3000_u64 {
                let length = (i % 23) as usize;
                let text: String =
                    format!("{:>30}", i * (round + 1) % 700)[30 - length..].to_owned();
                assert_eq!(interner.intern(&text), plain.intern(&text), "{text:?}");
                let zeros = "\0".repeat(length);
                assert_eq!(interner.intern(&zeros), plain.intern(&zeros));
            }
        }
        assert_eq!(interner.dictionary().len(), plain.len());
    }
}
