//! What needs all values of a cell at once: quantiles, distinct counts, the most frequent value, lists.
//!
//! The answers are kept, one vector for each output asked for. A bulk load makes them from rows that lie together;
//! a step makes those of touched cells anew: from the rows of a small cell, from the counted values of a large one
//! ([`Distribution`]), which are collected when it is first touched and followed from then on.
//!
//! Quantiles leave nulls out. Of `n` values in order, floats average the elements `n*p - 1` and `n*p` when `n*p` is
//! whole; everything else takes element `floor(n*p)`.

use std::ops::Range;

use super::accumulator::{
    Accumulator, CellId, CellReader, CellStep, Inputs, KeyOrder, Layout, Outcome, Rows,
};
use super::catalog::Output;
use super::distribution::Distribution;
use super::words::{compare, dictionary_of, float_word, is_float, value_of, word_at, word_float};
use crate::column::{Column, Dictionary};
use crate::hash::HashMap;
use crate::ingest::time::{format_date, format_datetime};
use crate::schema::DataType;
use crate::value::Value;
use crate::view::Slot;

/// Cells with more rows than this are followed by a [`Distribution`] once they are touched.
const LARGE: u32 = 512;

/// The answers of one output.
#[derive(Debug)]
struct Answers {
    output: Output,
    /// A word, or a count.
    words: Vec<u64>,
    /// Whether there is an answer.
    given: Vec<bool>,
}

impl Answers {
    fn set(&mut self, cell: CellId, answer: Option<u64>) {
        self.words[cell as usize] = answer.unwrap_or(0);
        self.given[cell as usize] = answer.is_some();
    }
}

/// Answers for all cells.
#[derive(Debug, Default)]
pub(super) struct Spread {
    answers: Vec<Answers>,
    followed: HashMap<CellId, Distribution>,
    n_cells: usize,
}

/// The place of a quantile among `n` values, and whether the one before it is averaged in.
fn quantile_place(n: usize, quarters: u8, averages: bool) -> (usize, bool) {
    let product = n * usize::from(quarters);
    let place = product / 4;
    (place, averages && product.is_multiple_of(4) && place > 0)
}

fn average(a: u64, b: u64) -> u64 {
    let (a, b) = (word_float(a), word_float(b));
    let sum = a + b;
    float_word(if sum.is_finite() || !a.is_finite() || !b.is_finite() {
        sum / 2.0
    } else {
        a / 2.0 + b / 2.0
    })
}

/// The values of one cell, gathered: what every answer is made from in a bulk load and for small cells.
struct Gathered<'a> {
    /// The words of what is not null, in any order; reordered freely.
    words: &'a mut [u64],
    nulls: usize,
    dtype: DataType,
    /// The place of each code in the order of texts, for text columns.
    ranks: Option<&'a [u32]>,
    dictionary: Option<&'a Dictionary>,
}

impl Gathered<'_> {
    fn quantile(&mut self, quarters: u8) -> Option<u64> {
        let n = self.words.len();
        if n == 0 {
            return None;
        }
        let (place, averaged) = quantile_place(n, quarters, is_float(self.dtype));
        let word = match (self.ranks, self.dictionary) {
            (Some(ranks), _) => {
                *self
                    .words
                    .select_nth_unstable_by_key(place, |&word| ranks[word as usize])
                    .1
            }
            (None, Some(dictionary)) => {
                *self
                    .words
                    .select_nth_unstable_by(place, |&a, &b| compare(Some(dictionary), a, b))
                    .1
            }
            (None, None) => *self.words.select_nth_unstable(place).1,
        };
        if !averaged {
            return Some(word);
        }
        let before = self.words[..place].iter().max().copied();
        Some(before.map_or(word, |before| average(before, word)))
    }

    fn distinct(&mut self) -> usize {
        self.words.sort_unstable();
        self.words.chunk_by(|a, b| a == b).count() + usize::from(self.nulls > 0)
    }

    fn most_frequent(&mut self) -> Vec<u64> {
        self.words.sort_unstable();
        let mut highest = 1;
        let mut top = Vec::new();
        for run in self.words.chunk_by(|a, b| a == b) {
            if run.len() > highest {
                highest = run.len();
                top.clear();
            }
            if run.len() == highest {
                top.push(run[0]);
            }
        }
        top
    }
}

/// Of values that occur equally often, the one that got there first in the order of keys: whose last row is first.
fn first_complete(
    tied: &[u64],
    column: &Column,
    order: &dyn KeyOrder,
    for_each_row: impl FnOnce(&mut dyn FnMut(Slot)),
) -> Option<u64> {
    if tied.len() <= 1 {
        return tied.first().copied();
    }
    let mut last: HashMap<u64, Slot> = HashMap::default();
    for &word in tied {
        last.insert(word, Slot::MAX);
    }
    for_each_row(&mut |slot| {
        if let Some(word) = word_at(column, slot as usize, true)
            && let Some(latest) = last.get_mut(&word)
            && (*latest == Slot::MAX || order.compare(slot, *latest).is_gt())
        {
            *latest = slot;
        }
    });
    tied.iter()
        .copied()
        .min_by(|a, b| order.compare(last[a], last[b]))
}

impl Spread {
    fn answer(&mut self, i: usize, cell: CellId, answer: Option<u64>) {
        self.answers[i].set(cell, answer);
    }

    /// Answers everything for a cell from its gathered values.
    fn answer_gathered(
        &mut self,
        cell: CellId,
        gathered: &mut Gathered<'_>,
        break_tie: &dyn Fn(&[u64]) -> Option<u64>,
    ) {
        for i in 0..self.answers.len() {
            let answer = match self.answers[i].output {
                Output::Quartile(quarters) => gathered.quantile(quarters),
                Output::Distinct => Some(gathered.distinct() as u64),
                Output::Dominant => break_tie(&gathered.most_frequent()),
                _ => None,
            };
            self.answer(i, cell, answer);
        }
    }

    /// Answers everything for a cell from its distribution.
    fn answer_followed(
        &mut self,
        cell: CellId,
        averages: bool,
        break_tie: &dyn Fn(&[u64]) -> Option<u64>,
    ) {
        let Some(values) = self.followed.get(&cell) else {
            return;
        };
        for answers in &mut self.answers {
            let answer = match answers.output {
                Output::Quartile(quarters) => {
                    let (place, averaged) = quantile_place(values.n(), quarters, averages);
                    let word = values.nth(place);
                    match (averaged, word) {
                        (true, Some(word)) => {
                            values.nth(place - 1).map(|before| average(before, word))
                        }
                        _ => word,
                    }
                }
                Output::Distinct => {
                    Some((values.distinct() + usize::from(values.nulls() > 0)) as u64)
                }
                Output::Dominant => break_tie(&values.most_frequent()),
                _ => None,
            };
            answers.set(cell, answer);
        }
    }
}

impl Accumulator for Spread {
    fn resize(&mut self, n_cells: usize) {
        self.n_cells = n_cells;
        for answers in &mut self.answers {
            answers.words.resize(n_cells, 0);
            answers.given.resize(n_cells, false);
        }
    }

    fn clear(&mut self, cell: CellId) {
        self.followed.remove(&cell);
        for answers in &mut self.answers {
            answers.set(cell, None);
        }
    }

    fn register(&mut self, output: Output) {
        // Lists are made when they are read.
        if output != Output::Join && self.answers.iter().all(|answers| answers.output != output) {
            self.answers.push(Answers {
                output,
                words: vec![0; self.n_cells],
                given: vec![false; self.n_cells],
            });
        }
    }

    fn needs_layout(&self) -> bool {
        true
    }

    fn insert_rows(&mut self, _: &[CellId], _: Rows<'_>, _: &[u32], _: &Inputs<'_>) {}

    fn roll_up(&mut self, _: Range<CellId>, _: &[CellId], _: &Inputs<'_>) {}

    fn load(&mut self, layout: &Layout, inputs: &Inputs<'_>) {
        let column = inputs.value;
        let ranks = column.text().map(|text| text.dictionary.ranks());
        let mut words = Vec::new();
        for (cell, range) in layout.ranges.iter().enumerate() {
            if range.is_empty() {
                continue;
            }
            let slots = &layout.slots[range.start as usize..range.end as usize];
            words.clear();
            words.extend(
                slots
                    .iter()
                    .filter_map(|&slot| word_at(column, slot as usize, true)),
            );
            let nulls = slots.len() - words.len();
            let mut gathered = Gathered {
                words: &mut words,
                nulls,
                dtype: column.dtype(),
                ranks,
                dictionary: None,
            };
            let break_tie = |tied: &[u64]| {
                first_complete(tied, column, inputs.order, |visit| {
                    slots.iter().for_each(|&slot| visit(slot));
                })
            };
            self.answer_gathered(cell as CellId, &mut gathered, &break_tie);
        }
    }

    fn step(&mut self, step: &CellStep<'_>, inputs: &Inputs<'_>) {
        let column = inputs.value;
        let dictionary = dictionary_of(column);
        if !self.followed.is_empty() {
            for come in step.added {
                if let Some(values) = self.followed.get_mut(&come.cell) {
                    values.insert(word_at(column, come.row as usize, true), dictionary);
                }
            }
            for out in step.removed {
                if let Some(values) = self.followed.get_mut(&out.cell) {
                    values.remove(
                        word_at(inputs.old_value, out.row as usize, true),
                        dictionary,
                    );
                }
            }
        }
        if self.answers.is_empty() {
            return;
        }
        let mut words = Vec::new();
        for &cell in step.touched {
            let n_rows = step.reader.n_rows(cell);
            if n_rows == 0 {
                continue;
            }
            let break_tie = |tied: &[u64]| {
                first_complete(tied, column, inputs.order, |visit| {
                    step.reader.for_each_row(cell, visit);
                })
            };
            if self.followed.contains_key(&cell) {
                self.answer_followed(cell, is_float(column.dtype()), &break_tie);
                continue;
            }
            words.clear();
            step.reader.for_each_row(cell, &mut |slot| {
                words.extend(word_at(column, slot as usize, true));
            });
            let nulls = n_rows as usize - words.len();
            if n_rows > LARGE {
                words.sort_unstable_by(|&a, &b| compare(dictionary, a, b));
                let values = Distribution::from_sorted(&words, nulls as u32);
                self.followed.insert(cell, values);
                self.answer_followed(cell, is_float(column.dtype()), &break_tie);
            } else {
                let mut gathered = Gathered {
                    words: &mut words,
                    nulls,
                    dtype: column.dtype(),
                    ranks: None,
                    dictionary,
                };
                self.answer_gathered(cell, &mut gathered, &break_tie);
            }
        }
    }

    fn outcome<'a>(
        &'a self,
        output: Output,
        cell: CellId,
        value: &'a Column,
        reader: &dyn CellReader,
    ) -> Outcome<'a> {
        if output == Output::Join {
            return self.join(cell, value, reader);
        }
        let Some(answers) = self.answers.iter().find(|answers| answers.output == output) else {
            return Outcome::Null;
        };
        if !answers.given[cell as usize] {
            return Outcome::Null;
        }
        let word = answers.words[cell as usize];
        if output == Output::Distinct {
            Outcome::Int(word.into())
        } else {
            value_of(value, word).into()
        }
    }

    fn heap_size(&self) -> usize {
        self.answers.len() * self.n_cells * 9
            + self
                .followed
                .values()
                .map(Distribution::heap_size)
                .sum::<usize>()
    }
}

impl Spread {
    /// The distinct values of a cell in order, as text.
    fn join(&self, cell: CellId, column: &Column, reader: &dyn CellReader) -> Outcome<'static> {
        let dictionary = dictionary_of(column);
        let mut nulls = false;
        let words = if let Some(values) = self.followed.get(&cell) {
            nulls = values.nulls() > 0;
            values.words().collect()
        } else {
            let mut words = Vec::new();
            reader.for_each_row(
                cell,
                &mut |slot| match word_at(column, slot as usize, true) {
                    Some(word) => words.push(word),
                    None => nulls = true,
                },
            );
            words.sort_unstable_by(|&a, &b| compare(dictionary, a, b));
            words.dedup();
            words
        };
        let mut text = String::new();
        if nulls {
            text.push_str("null");
        }
        for (i, word) in words.into_iter().enumerate() {
            if nulls || i > 0 {
                text.push_str(", ");
            }
            write_value(value_of(column, word), &mut text);
        }
        Outcome::Text(text)
    }
}

/// Writes a value as lists show it: whole floats without a fraction, days and instants as text.
fn write_value(value: Value<'_>, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(v) => out.push_str(if v { "true" } else { "false" }),
        Value::Int(v) => out.push_str(itoa::Buffer::new().format(v)),
        Value::UInt(v) => out.push_str(itoa::Buffer::new().format(v)),
        Value::Float(v) => {
            let mut buffer = zmij::Buffer::new();
            let text = buffer.format(v);
            out.push_str(text.strip_suffix(".0").unwrap_or(text));
        }
        Value::Date(v) => format_date(v, out),
        Value::Datetime(v) => format_datetime(v, out),
        Value::Text(v) => out.push_str(v),
    }
}
