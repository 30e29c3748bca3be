//! Bulk sorting of rows by integer keys.
//!
//! Every sortable column maps to `u64` keys whose order is its order. Rows are sorted by the leading bits of all keys
//! together with a radix sort that carries row positions along; rows that tie there although bits are left are
//! settled by comparison. Ties keep the order the rows came in.

use crate::column::{Column, Data};
use crate::schema::DataType;

/// One sort key of many rows.
#[derive(Debug)]
pub struct SortKeys {
    keys: Vec<u64>,
    least: u64,
    greatest: u64,
    descending: bool,
}

impl SortKeys {
    /// The keys of some rows of a column, null being least; by magnitude if `absolute`. More than one if an integer
    /// column fills its whole range and has nulls.
    pub fn of_column(column: &Column, rows: &[u32], absolute: bool, descending: bool) -> Vec<Self> {
        let is_null = |row: u32| column.is_null(row as usize);
        let keys: Vec<u64> = match column.data() {
            Data::Bool(values) => (rows.iter())
                .map(|&row| {
                    if is_null(row) {
                        0
                    } else {
                        1 + u64::from(values[row as usize])
                    }
                })
                .collect(),
            Data::Text(text) => {
                let ranks = text.dictionary.ranks();
                (rows.iter())
                    .map(|&row| ranks[text.codes[row as usize] as usize].into())
                    .collect()
            }
            Data::Float(values) => {
                let key = |value: f64| float_key(if absolute { value.abs() } else { value });
                match column.validity() {
                    None => rows.iter().map(|&row| key(values[row as usize])).collect(),
                    Some(valid) => (rows.iter())
                        .map(|&row| {
                            if valid.get(row as usize) {
                                key(values[row as usize])
                            } else {
                                0
                            }
                        })
                        .collect(),
                }
            }
            Data::Int(values) => {
                let unsigned = column.dtype() == DataType::UInt64;
                let key = |held: i64| {
                    if absolute && !unsigned {
                        held.unsigned_abs()
                    } else {
                        int_key(held)
                    }
                };
                let mut keys: Vec<u64> =
                    rows.iter().map(|&row| key(values[row as usize])).collect();
                if column.validity().is_some() {
                    let valid = rows.iter().zip(&keys).filter(|&(&row, _)| !is_null(row));
                    let least = valid.map(|(_, &key)| key).min();
                    let Some(null) = least.unwrap_or(1).checked_sub(1) else {
                        let valid = rows.iter().map(|&row| u64::from(!is_null(row)));
                        return vec![
                            Self::new(valid.collect(), descending),
                            Self::new(keys, descending),
                        ];
                    };
                    for (&row, key) in rows.iter().zip(&mut keys) {
                        if is_null(row) {
                            *key = null;
                        }
                    }
                }
                keys
            }
        };
        vec![Self::new(keys, descending)]
    }

    /// Keys as they are, or turned around.
    pub fn new(keys: Vec<u64>, descending: bool) -> Self {
        let (least, greatest) = (keys.iter()).fold((u64::MAX, 0), |(least, greatest), &key| {
            (least.min(key), greatest.max(key))
        });
        Self {
            keys,
            least,
            greatest,
            descending,
        }
    }

    /// How many bits tell the keys apart.
    fn bits(&self) -> u32 {
        u64::BITS - self.greatest.saturating_sub(self.least).leading_zeros()
    }

    /// The key without what all have in common, from 0.
    #[inline]
    fn rank(&self, key: u64) -> u64 {
        if self.descending {
            self.greatest - key
        } else {
            key - self.least
        }
    }
}

/// The order-preserving image of an `i64`.
#[inline]
pub const fn int_key(value: i64) -> u64 {
    (value as u64) ^ (1 << 63)
}

/// The order-preserving image of a float, which is never 0: NaN is least, the two zeros are equal.
#[inline]
pub fn float_key(value: f64) -> u64 {
    if value.is_nan() {
        return 1;
    }
    let bits = (value + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

/// Digits of the radix sort.
const DIGIT: u32 = 11;

/// The positions `0..n` sorted by `sorts`, the first being the most significant; ties ascend by position.
pub fn sort_positions(n: usize, sorts: &[SortKeys]) -> Vec<u32> {
    let index_bits = usize::BITS - n.saturating_sub(1).leading_zeros();
    let room = u64::BITS - index_bits;
    let needed: u32 = sorts.iter().map(SortKeys::bits).sum();
    if needed == 0 || n < 2 {
        return (0..n as u32).collect();
    }
    // All bits if they fit; else enough of them to leave few ties.
    let bits = if needed <= room {
        needed
    } else {
        room.min(3 * DIGIT)
    };
    let mut rows = pack(n, sorts, bits, index_bits);
    let mask = (1_u64 << index_bits) - 1;
    if n < 256 {
        rows.sort_unstable();
    } else if !rows.is_sorted() {
        radix_sort(&mut rows, index_bits, bits);
    }
    if needed > bits {
        settle_ties(&mut rows, sorts, index_bits, mask);
    }
    rows.into_iter().map(|row| (row & mask) as u32).collect()
}

/// Packs the leading `bits` of the joined keys over the position of each row.
fn pack(n: usize, sorts: &[SortKeys], bits: u32, index_bits: u32) -> Vec<u64> {
    let mut rows = vec![0_u64; n];
    let mut left = bits;
    for sort in sorts {
        let take = sort.bits().min(left);
        if take == 0 {
            continue;
        }
        let drop = sort.bits() - take;
        left -= take;
        for (row, &key) in rows.iter_mut().zip(&sort.keys) {
            *row = *row << (take - 1) << 1 | sort.rank(key) >> drop;
        }
    }
    for (row, position) in rows.iter_mut().zip(0..) {
        *row = *row << index_bits | position;
    }
    rows
}

/// Sorts by the `bits` from bit `shift` up, keeping the order of equals.
fn radix_sort(rows: &mut Vec<u64>, shift: u32, bits: u32) {
    let passes = bits.div_ceil(DIGIT);
    // Digits of even width spread the work over the passes.
    let width = bits.div_ceil(passes);
    let mask = (1_usize << width) - 1;
    let mut counts = vec![vec![0_u32; 1 << width]; passes as usize];
    for &row in rows.iter() {
        let key = row >> shift;
        for (pass, counts) in counts.iter_mut().enumerate() {
            counts[(key >> (pass as u32 * width)) as usize & mask] += 1;
        }
    }
    let mut spare = vec![0_u64; rows.len()];
    for (pass, counts) in counts.iter_mut().enumerate() {
        if counts.iter().any(|&count| count as usize == rows.len()) {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            start += std::mem::replace(count, start);
        }
        let shift = shift + pass as u32 * width;
        for &row in rows.iter() {
            let place = &mut counts[(row >> shift) as usize & mask];
            spare[*place as usize] = row;
            *place += 1;
        }
        std::mem::swap(rows, &mut spare);
    }
}

/// Sorts runs that are equal in the packed bits by the whole keys.
fn settle_ties(rows: &mut [u64], sorts: &[SortKeys], index_bits: u32, mask: u64) {
    let compare = |a: &u64, b: &u64| {
        let (i, j) = ((a & mask) as usize, (b & mask) as usize);
        sorts
            .iter()
            .map(|sort| sort.rank(sort.keys[i]).cmp(&sort.rank(sort.keys[j])))
            .find(|order| order.is_ne())
            .unwrap_or_else(|| i.cmp(&j))
    };
    for run in rows.chunk_by_mut(|a, b| a >> index_bits == b >> index_bits) {
        if run.len() > 1 && !run.is_sorted_by(|a, b| compare(a, b).is_le()) {
            run.sort_unstable_by(compare);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn float_keys_keep_the_order_of_floats() {
        let floats = [
            f64::NAN,
            f64::NEG_INFINITY,
            -1.5,
            -0.0,
            1e-300,
            2.0,
            f64::INFINITY,
        ];
        assert!(floats.map(float_key).is_sorted());
        assert_eq!(float_key(0.0), float_key(-0.0));
    }

    proptest! {
        #[test]
        fn sorts_like_a_stable_comparison_sort(
            rows in prop::collection::vec((any::<u64>(), 0_u64..5, any::<u32>()), 0..2000),
            spread in 0_u32..64,
            descending in any::<[bool; 3]>(),
        ) {
            let columns: [Vec<u64>; 3] = [
                rows.iter().map(|row| row.0 >> spread).collect(),
                rows.iter().map(|row| row.1).collect(),
                rows.iter().map(|row| row.2.into()).collect(),
            ];
            let order = [1, 0, 2];
            let mut expected: Vec<u32> = (0..rows.len() as u32).collect();
            expected.sort_by(|&i, &j| {
                order.iter().fold(std::cmp::Ordering::Equal, |so_far, &k| {
                    let next = columns[k][i as usize].cmp(&columns[k][j as usize]);
                    so_far.then(if descending[k] { next.reverse() } else { next })
                })
            });
            let sorts: Vec<_> = order.iter().map(|&k| SortKeys::new(columns[k].clone(), descending[k])).collect();
            prop_assert_eq!(sort_positions(rows.len(), &sorts), expected);
        }
    }
}
