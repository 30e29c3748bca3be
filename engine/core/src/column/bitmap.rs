//! A growable bitmap: validity of columns, presence of cells, liveness of rows.

/// Bits in 64-bit words; bits past the end are zero.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

impl Bitmap {
    /// `len` bits, all equal to `bit`.
    pub fn filled(len: usize, bit: bool) -> Self {
        let mut bitmap = Self {
            words: vec![if bit { u64::MAX } else { 0 }; len.div_ceil(64)],
            len,
        };
        bitmap.trim();
        bitmap
    }

    /// Bits packed least significant first, as Arrow has them, starting `offset` bits into `bytes`.
    pub fn from_packed(bytes: &[u8], offset: usize, len: usize) -> Self {
        let mut bitmap = Self::filled(len, false);
        if offset.is_multiple_of(8) {
            let bytes = &bytes[offset / 8..];
            for (word, chunk) in bitmap.words.iter_mut().zip(bytes.chunks(8)) {
                let mut buffer = [0; 8];
                buffer[..chunk.len()].copy_from_slice(chunk);
                *word = u64::from_le_bytes(buffer);
            }
            bitmap.trim();
        } else {
            for i in 0..len {
                let at = offset + i;
                if bytes[at / 8] >> (at % 8) & 1 == 1 {
                    bitmap.set(i, true);
                }
            }
        }
        bitmap
    }

    /// `len` bits from words, least significant bit first; `words` holds as many as that takes.
    pub fn from_words(words: Vec<u64>, len: usize) -> Self {
        debug_assert_eq!(words.len(), len.div_ceil(64));
        let mut bitmap = Self { words, len };
        bitmap.trim();
        bitmap
    }

    /// Keeps the bits that `other`, of the same length, has as well.
    pub fn and_with(&mut self, other: &Self) {
        debug_assert_eq!(self.len, other.len);
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Clears the bits past the end of the last word.
    fn trim(&mut self) {
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.len % 64) {
            *last &= (1 << rest) - 1;
        }
    }

    /// The number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no bits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bit at `i`, which must be below [`Self::len`].
    #[inline]
    pub fn get(&self, i: usize) -> bool {
        self.words[i / 64] >> (i % 64) & 1 == 1
    }

    /// Sets the bit at `i`.
    #[inline]
    pub fn set(&mut self, i: usize, bit: bool) {
        let word = &mut self.words[i / 64];
        let mask = 1 << (i % 64);
        if bit { *word |= mask } else { *word &= !mask }
    }

    /// Appends one bit.
    pub fn push(&mut self, bit: bool) {
        if self.len.is_multiple_of(64) {
            self.words.push(0);
        }
        self.len += 1;
        if bit {
            self.set(self.len - 1, true);
        }
    }

    /// Appends `n` equal bits.
    pub fn extend(&mut self, n: usize, bit: bool) {
        let start = self.len;
        self.len += n;
        self.words.resize(self.len.div_ceil(64), 0);
        if bit {
            let mut i = start;
            while i < self.len && !i.is_multiple_of(64) {
                self.set(i, true);
                i += 1;
            }
            for word in &mut self.words[i.div_ceil(64)..] {
                *word = u64::MAX;
            }
            self.trim();
        }
    }

    /// Keeps the first `len` bits.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.len = len;
            self.words.truncate(len.div_ceil(64));
            self.trim();
        }
    }

    /// Keeps the bits that `other`, which is at least as long, has as well.
    pub fn intersect(&mut self, other: &Self) {
        for (word, &mask) in self.words.iter_mut().zip(&other.words) {
            *word &= mask;
        }
    }

    /// How many bits are one.
    pub fn count_ones(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether every bit is one.
    pub fn all(&self) -> bool {
        self.count_ones() == self.len
    }

    /// The words, least significant bit first.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The positions of the one bits, ascending.
    pub fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors((word != 0).then_some(word), |rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| at * 64 + rest.trailing_zeros() as usize)
        })
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        self.words.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extends_across_word_boundaries() {
        let mut bitmap = Bitmap::default();
        bitmap.extend(3, false);
        bitmap.extend(130, true);
        bitmap.push(false);
        assert_eq!(bitmap.count_ones(), 130);
        assert_eq!(bitmap.ones().next(), Some(3));
        assert_eq!(bitmap.ones().last(), Some(132));
        assert!(!bitmap.all());
    }

    #[test]
    fn reads_packed_bits_at_any_offset() {
        let bytes = [0b1010_0101, 0b0000_1111];
        for offset in 0..8 {
            let bitmap = Bitmap::from_packed(&bytes, offset, 8);
            for i in 0..8 {
                let at = offset + i;
                assert_eq!(
                    bitmap.get(i),
                    bytes[at / 8] >> (at % 8) & 1 == 1,
                    "offset {offset}, bit {i}"
                );
            }
        }
    }
}
