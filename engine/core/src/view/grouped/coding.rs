//! Dense group numbers for rows, from the columns they are grouped by.
//!
//! Columns are combined one after the other. Values that are few (dictionary codes, booleans, integers of a small
//! range) are numbered directly and multiplied into the code so far; others are numbered through a hash table. Whenever
//! the product of cardinalities would outgrow a table, what occurs is numbered densely first.

use crate::aggregate::Rows;
use crate::aggregate::words::word_at;
use crate::column::{Column, Data};

/// No number was given.
const NONE: u32 = u32::MAX;

/// The group of each row.
#[derive(Debug, Default)]
pub(super) struct Coded {
    /// The group of each row of the load.
    pub(super) ids: Vec<u32>,
    /// One row (slot) of each group.
    pub(super) firsts: Vec<u32>,
}

/// Numbers words in order of appearance.
struct Numbering {
    /// Numbers plus one, 0 for free places.
    table: Vec<u32>,
    words: Vec<u64>,
    shift: u32,
}

impl Numbering {
    fn new() -> Self {
        Self {
            table: vec![0; 1 << 12],
            words: Vec::new(),
            shift: 64 - 12,
        }
    }

    #[inline]
    fn place(&self, word: u64) -> usize {
        let mixed = (word ^ word >> 32).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> self.shift) as usize
    }

    #[inline]
    fn number(&mut self, word: u64) -> u32 {
        let mask = self.table.len() - 1;
        let mut at = self.place(word);
        loop {
            match self.table[at] {
                0 => break,
                number if self.words[number as usize - 1] == word => return number - 1,
                _ => at = (at + 1) & mask,
            }
        }
        self.words.push(word);
        self.table[at] = self.words.len() as u32;
        if self.words.len() * 2 > self.table.len() {
            self.grow();
        }
        self.words.len() as u32 - 1
    }

    #[cold]
    fn grow(&mut self) {
        let len = self.table.len() * 8;
        self.shift -= 3;
        self.table.clear();
        self.table.resize(len, 0);
        for number in 0..self.words.len() {
            let mut at = self.place(self.words[number]);
            while self.table[at] != 0 {
                at = (at + 1) & (len - 1);
            }
            self.table[at] = number as u32 + 1;
        }
    }
}

/// The numbers of one column's values, 0 being null.
struct Level {
    codes: Vec<u32>,
    cardinality: usize,
}

/// The least and greatest integer among the rows that are not null.
fn range(values: &[i64], column: &Column, rows: Rows<'_>) -> Option<(i64, i64)> {
    let mut least = i64::MAX;
    let mut greatest = i64::MIN;
    let mut see = |value: i64| {
        least = least.min(value);
        greatest = greatest.max(value);
    };
    match (rows, column.validity()) {
        (Rows::All(n), None) => values[..n].iter().for_each(|&value| see(value)),
        _ => {
            for i in 0..rows.len() {
                let slot = rows.at(i) as usize;
                if !column.is_null(slot) {
                    see(values[slot]);
                }
            }
        }
    }
    (least <= greatest).then_some((least, greatest))
}

impl Level {
    fn of(column: &Column, rows: Rows<'_>, limit: usize) -> Self {
        match column.data() {
            Data::Text(text) => {
                let codes = match rows {
                    Rows::All(n) => text.codes[..n].to_vec(),
                    Rows::List(slots) => slots
                        .iter()
                        .map(|&slot| text.codes[slot as usize])
                        .collect(),
                };
                Self {
                    codes,
                    cardinality: text.dictionary.len(),
                }
            }
            Data::Bool(values) => Self {
                codes: Self::collect(column, rows, |slot| 1 + u32::from(values[slot])),
                cardinality: 3,
            },
            Data::Int(values) => match range(values, column, rows) {
                None => Self {
                    codes: vec![0; rows.len()],
                    cardinality: 1,
                },
                Some((least, greatest)) => {
                    let span = greatest as i128 - least as i128 + 2;
                    if span <= limit as i128 {
                        Self {
                            codes: Self::collect(column, rows, |slot| {
                                (values[slot].wrapping_sub(least) + 1) as u32
                            }),
                            cardinality: span as usize,
                        }
                    } else {
                        Self::hashed(column, rows)
                    }
                }
            },
            Data::Float(_) => Self::hashed(column, rows),
        }
    }

    fn collect(column: &Column, rows: Rows<'_>, code: impl Fn(usize) -> u32) -> Vec<u32> {
        match (rows, column.validity()) {
            (Rows::All(n), None) => (0..n).map(code).collect(),
            (Rows::List(slots), None) => slots.iter().map(|&slot| code(slot as usize)).collect(),
            _ => (0..rows.len())
                .map(|i| {
                    let slot = rows.at(i) as usize;
                    if column.is_null(slot) { 0 } else { code(slot) }
                })
                .collect(),
        }
    }

    fn hashed(column: &Column, rows: Rows<'_>) -> Self {
        let mut numbering = Numbering::new();
        let codes = (0..rows.len())
            .map(|i| match word_at(column, rows.at(i) as usize, true) {
                None => 0,
                Some(word) => numbering.number(word) + 1,
            })
            .collect();
        Self {
            codes,
            cardinality: numbering.words.len() + 1,
        }
    }
}

/// Numbers codes below `bound` densely, in order of appearance; hands out the first row of each.
fn densify(ids: &mut [u32], bound: usize) -> Vec<u32> {
    let mut table = vec![NONE; bound];
    let mut firsts = Vec::new();
    for (row, id) in ids.iter_mut().enumerate() {
        let number = &mut table[*id as usize];
        if *number == NONE {
            *number = firsts.len() as u32;
            firsts.push(row as u32);
        }
        *id = *number;
    }
    firsts
}

/// Numbers the groups that `columns` make of `rows`.
pub(super) fn code(columns: &[&Column], rows: Rows<'_>) -> Coded {
    let n = rows.len();
    let limit = (2 * n).clamp(1 << 16, 1 << 24);
    let mut ids: Vec<u32> = Vec::new();
    let mut bound = 1;
    for column in columns {
        let level = Level::of(column, rows, limit);
        if bound == 1 {
            ids = level.codes;
            bound = level.cardinality;
            continue;
        }
        if bound * level.cardinality > limit {
            bound = densify(&mut ids, bound).len();
        }
        if bound * level.cardinality <= limit {
            let cardinality = level.cardinality as u32;
            for (id, code) in ids.iter_mut().zip(&level.codes) {
                *id = *id * cardinality + code;
            }
            bound *= level.cardinality;
        } else {
            let mut numbering = Numbering::new();
            for (id, &code) in ids.iter_mut().zip(&level.codes) {
                *id = numbering.number(u64::from(*id) << 32 | u64::from(code));
            }
            bound = numbering.words.len();
        }
    }
    if ids.is_empty() {
        // No columns, or none that tells rows apart: one group.
        ids = vec![0; n];
    }
    let mut firsts = densify(&mut ids, bound);
    if let Rows::List(slots) = rows {
        for first in &mut firsts {
            *first = slots[*first as usize];
        }
    }
    Coded { ids, firsts }
}

/// Numbers the pairs of two dense codes; hands out the number of each row, and the pairs.
pub(super) fn pair(
    mut a: Vec<u32>,
    n_a: usize,
    b: &[u32],
    n_b: usize,
) -> (Vec<u32>, Vec<(u32, u32)>) {
    let limit = (2 * a.len()).clamp(1 << 16, 1 << 24);
    if n_a * n_b <= limit {
        let width = n_b as u32;
        for (a, b) in a.iter_mut().zip(b) {
            *a = *a * width + b;
        }
        let mut table = vec![NONE; n_a * n_b];
        let mut pairs = Vec::new();
        for id in &mut a {
            let number = &mut table[*id as usize];
            if *number == NONE {
                *number = pairs.len() as u32;
                pairs.push((*id / width, *id % width));
            }
            *id = *number;
        }
        return (a, pairs);
    }
    let mut numbering = Numbering::new();
    for (a, &b) in a.iter_mut().zip(b) {
        *a = numbering.number(u64::from(*a) << 32 | u64::from(b));
    }
    let pairs = numbering
        .words
        .iter()
        .map(|&word| ((word >> 32) as u32, word as u32))
        .collect();
    (a, pairs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::column::column_of;
    use crate::hash::HashMap;
    use crate::schema::DataType;
    use crate::value::Value;

    #[test]
    fn rows_share_a_number_if_all_keys_are_equal() {
        let n = 3000_usize;
        let wide = column_of(
            DataType::Int64,
            (0..n).map(|i| match i % 7 {
                0 => Value::Null,
                k => Value::Int((i64::MAX / 7).wrapping_mul(k as i64) + (i % 50) as i64),
            }),
        );
        let narrow = column_of(
            DataType::Int64,
            (0..n).map(|i| Value::Int(i as i64 % 900 - 4)),
        );
        let floats = column_of(
            DataType::Float64,
            (0..n).map(|i| Value::Float([0.0, -0.0, f64::NAN, 1.5][i % 4])),
        );
        let columns = [&wide, &narrow, &floats];
        let slots: Vec<u32> = (0..n as u32).rev().step_by(2).collect();
        for rows in [Rows::All(n), Rows::List(&slots)] {
            let coded = code(&columns, rows);
            let mut seen: HashMap<Vec<Option<u64>>, u32> = HashMap::default();
            for (i, &id) in coded.ids.iter().enumerate() {
                let key: Vec<_> = columns
                    .iter()
                    .map(|column| word_at(column, rows.at(i) as usize, true))
                    .collect();
                assert_eq!(*seen.entry(key).or_insert(id), id);
            }
            assert_eq!(seen.len(), coded.firsts.len());
            for (id, &first) in coded.firsts.iter().enumerate() {
                let row = (0..rows.len()).find(|&i| rows.at(i) == first);
                assert_eq!(
                    coded.ids[row.expect("the first row is one of the rows")],
                    id as u32
                );
            }
        }
    }
}
