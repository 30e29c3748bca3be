//! A counted multiset of words in the order of their values: what quantiles, distinct counts and their like need to
//! follow a large cell. O(log n + chunk) per change.

use super::words::compare;
use crate::column::Dictionary;

/// Chunks split when they reach this many distinct values.
const CHUNK: usize = 256;

#[derive(Debug, Clone, Default)]
struct Chunk {
    /// Distinct words in order, with how many rows hold each.
    entries: Vec<(u64, u32)>,
    rows: u32,
}

/// The values of a cell with their counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Distribution {
    chunks: Vec<Chunk>,
    /// Rows that hold a value.
    n: u32,
    nulls: u32,
    distinct: u32,
    /// How many distinct values occur how often; the last entry is not zero.
    occurrences: Vec<u32>,
    /// The most frequent value, if it was seen getting there alone.
    top: Option<u64>,
}

impl Distribution {
    /// The distribution of words sorted by value, and of so many nulls.
    pub(super) fn from_sorted(words: &[u64], nulls: u32) -> Self {
        let mut made = Self {
            n: words.len() as u32,
            nulls,
            ..Self::default()
        };
        let mut chunk = Chunk::default();
        for run in words.chunk_by(|a, b| a == b) {
            if chunk.entries.len() == CHUNK / 2 {
                made.chunks.push(std::mem::take(&mut chunk));
            }
            chunk.entries.push((run[0], run.len() as u32));
            chunk.rows += run.len() as u32;
            made.distinct += 1;
            made.note(0, run.len());
        }
        if !chunk.entries.is_empty() {
            made.chunks.push(chunk);
        }
        made.top = made.find_top();
        made
    }

    /// Notes that a value went from occurring `from` times to `to` times.
    fn note(&mut self, from: usize, to: usize) {
        if self.occurrences.len() <= to {
            self.occurrences.resize(to + 1, 0);
        }
        if from > 0 {
            self.occurrences[from] -= 1;
        }
        if to > 0 {
            self.occurrences[to] += 1;
        }
        while self.occurrences.last() == Some(&0) {
            self.occurrences.pop();
        }
    }

    fn chunk_of(&self, word: u64, dictionary: Option<&Dictionary>) -> usize {
        self.chunks
            .partition_point(|chunk| {
                chunk
                    .entries
                    .first()
                    .is_some_and(|&(first, _)| compare(dictionary, first, word).is_le())
            })
            .saturating_sub(1)
    }

    /// Takes in one row.
    pub(super) fn insert(&mut self, word: Option<u64>, dictionary: Option<&Dictionary>) {
        let Some(word) = word else {
            self.nulls += 1;
            return;
        };
        self.n += 1;
        if self.chunks.is_empty() {
            self.chunks.push(Chunk::default());
        }
        let at = self.chunk_of(word, dictionary);
        let chunk = &mut self.chunks[at];
        chunk.rows += 1;
        let place = chunk
            .entries
            .binary_search_by(|&(other, _)| compare(dictionary, other, word));
        let count = match place {
            Ok(i) => {
                chunk.entries[i].1 += 1;
                chunk.entries[i].1
            }
            Err(i) => {
                chunk.entries.insert(i, (word, 1));
                self.distinct += 1;
                1
            }
        } as usize;
        if chunk.entries.len() >= CHUNK {
            let entries = chunk.entries.split_off(CHUNK / 2);
            let rows = entries.iter().map(|entry| entry.1).sum();
            chunk.rows -= rows;
            self.chunks.insert(at + 1, Chunk { entries, rows });
        }
        let highest = self.occurrences.len().saturating_sub(1);
        self.note(count - 1, count);
        if count > highest {
            self.top = Some(word);
        } else if count == highest {
            self.top = None;
        }
    }

    /// Takes out one row that was taken in.
    pub(super) fn remove(&mut self, word: Option<u64>, dictionary: Option<&Dictionary>) {
        let Some(word) = word else {
            self.nulls = self.nulls.saturating_sub(1);
            return;
        };
        let at = self.chunk_of(word, dictionary);
        let Some(chunk) = self.chunks.get_mut(at) else {
            return;
        };
        let Ok(i) = chunk
            .entries
            .binary_search_by(|&(other, _)| compare(dictionary, other, word))
        else {
            return;
        };
        self.n -= 1;
        chunk.rows -= 1;
        chunk.entries[i].1 -= 1;
        let count = chunk.entries[i].1 as usize;
        if count == 0 {
            self.distinct -= 1;
            chunk.entries.remove(i);
            if chunk.entries.is_empty() {
                self.chunks.remove(at);
            }
        }
        let highest = self.occurrences.len() - 1;
        self.note(count + 1, count);
        if count + 1 == highest {
            // It was among the most frequent; who is now, only it or a search can say.
            let alone = self.occurrences.last() == Some(&1);
            self.top = (alone && self.occurrences.len() - 1 == count && count > 0).then_some(word);
        }
    }

    /// The number of rows that hold a value.
    pub(super) fn n(&self) -> usize {
        self.n as usize
    }

    /// The number of rows that are null.
    pub(super) fn nulls(&self) -> usize {
        self.nulls as usize
    }

    /// The number of distinct values.
    pub(super) fn distinct(&self) -> usize {
        self.distinct as usize
    }

    /// The value at a place of the sorted values.
    pub(super) fn nth(&self, n: usize) -> Option<u64> {
        let mut rest = u32::try_from(n).ok()?;
        for chunk in &self.chunks {
            if rest >= chunk.rows {
                rest -= chunk.rows;
                continue;
            }
            for &(word, count) in &chunk.entries {
                if rest < count {
                    return Some(word);
                }
                rest -= count;
            }
        }
        None
    }

    /// The distinct values in order.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> {
        self.chunks
            .iter()
            .flat_map(|chunk| chunk.entries.iter().map(|entry| entry.0))
    }

    /// The most frequent values, in order: more than one if they tie.
    pub(super) fn most_frequent(&self) -> Vec<u64> {
        if let (Some(top), Some(1)) = (self.top, self.occurrences.last()) {
            return vec![top];
        }
        let highest = self.occurrences.len().saturating_sub(1) as u32;
        self.chunks
            .iter()
            .flat_map(|chunk| &chunk.entries)
            .filter(|entry| entry.1 == highest)
            .map(|entry| entry.0)
            .collect()
    }

    fn find_top(&self) -> Option<u64> {
        match self.most_frequent()[..] {
            [top] => Some(top),
            _ => None,
        }
    }

    /// Bytes held on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.chunks
            .iter()
            .map(|chunk| chunk.entries.capacity() * 16)
            .sum::<usize>()
            + self.chunks.capacity() * size_of::<Chunk>()
            + self.occurrences.capacity() * 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_a_sorted_list() {
        let mut distribution = Distribution::default();
        let mut plain: Vec<u64> = Vec::new();
        let mut state = 1_u64;
        for i in 0..5000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let word = (state >> 33) % if i % 2 == 0 { 17 } else { 1000 };
            if i % 3 == 2 {
                let word = plain.remove(word as usize % plain.len());
                distribution.remove(Some(word), None);
            } else {
                distribution.insert(Some(word), None);
                let at = plain.partition_point(|&other| other < word);
                plain.insert(at, word);
            }
            assert_eq!(distribution.n(), plain.len());
            assert_eq!(
                distribution.nth(plain.len() / 3),
                plain.get(plain.len() / 3).copied()
            );
            let runs: Vec<_> = plain.chunk_by(|a, b| a == b).collect();
            assert_eq!(distribution.distinct(), runs.len());
            let highest = runs.iter().map(|run| run.len()).max().unwrap_or(0);
            let top: Vec<u64> = runs
                .iter()
                .filter(|run| run.len() == highest)
                .map(|run| run[0])
                .collect();
            assert_eq!(distribution.most_frequent(), top);
        }
    }
}
