//! The cells of a run of positions of one partition.
//!
//! In: a partition's rows in window order and a range of positions. Out: for each position either the row whose cell is
//! picked, or a number. Running state that a range needs from the rows before it is rebuilt from the nearest
//! checkpoint, so a range costs its length plus a constant or a frame.

use std::collections::VecDeque;
use std::ops::Range;

use crate::column::{Bitmap, Column, Data, column_of};
use crate::schema::DataType;
use crate::value::Value;
use crate::view::{Columns, Slot};

use super::plan::{FramePlan, Number, Op, Pick, Place, WindowPlan};
use super::quantile::Ordered;
use super::sum::Moments;

/// Distance of the checkpoints of cumulative state.
const STRIDE: usize = 1024;

/// Computed cells of consecutive positions.
#[derive(Debug)]
pub enum Cells {
    /// The row whose source cell is the result; `None` is null.
    Rows(Vec<Option<Slot>>),
    /// Floats.
    Floats(Vec<Option<f64>>),
    /// Whole numbers.
    Ints(Vec<i64>),
}

impl Cells {
    /// The cells as a column of their own; `source` is what rows are picked from.
    pub fn into_column(self, dtype: DataType, source: Option<&Column>) -> Column {
        match (self, source) {
            (Self::Floats(numbers), _) => {
                let mut validity = Bitmap::filled(numbers.len(), true);
                let values = (numbers.into_iter().enumerate())
                    .map(|(i, number)| {
                        if number.is_none() {
                            validity.set(i, false);
                        }
                        number.unwrap_or_default()
                    })
                    .collect();
                let validity = Some(validity).filter(|validity| !validity.all());
                Column::from_parts(dtype, Data::Float(values), validity)
            }
            (Self::Ints(numbers), _) => Column::from_parts(dtype, Data::Int(numbers), None),
            (Self::Rows(picked), Some(source)) => column_of(
                dtype,
                picked.iter().map(|slot| match slot {
                    Some(slot) => source.value(*slot as usize),
                    None => Value::Null,
                }),
            ),
            (Self::Rows(picked), None) => Column::nulls(dtype, picked.len()),
        }
    }
}

/// Running state before the positions `0, STRIDE, 2 * STRIDE, ...` of one partition.
#[derive(Debug, Clone, Default)]
pub struct Checkpoints {
    states: Vec<State>,
}

impl Checkpoints {
    /// Forgets the states that rest on position `first` or later ones.
    pub fn truncate(&mut self, first: usize) {
        self.states.truncate(first / STRIDE + 1);
    }
}

/// What a cumulative op knows after the rows before a position.
#[derive(Debug, Clone, Default)]
struct State {
    moments: Moments,
    average: Option<f64>,
    best: Option<Slot>,
    rank: i64,
    dense_rank: i64,
}

/// Everything that evaluation reads.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What to compute.
    pub plan: &'a WindowPlan,
    /// The columns, by slot.
    pub columns: Columns<'a>,
    /// The partition's rows in window order.
    pub rows: &'a [Slot],
}

impl<'a> Input<'a> {
    fn source(&self) -> Option<&'a Column> {
        self.plan.source.map(|source| self.columns.get(source))
    }

    /// The number in the source cell of a row; `None` for null.
    fn number(&self, slot: Slot) -> Option<f64> {
        let column = self.source()?;
        if column.is_null(slot as usize) {
            return None;
        }
        match column.data() {
            Data::Float(values) => Some(values[slot as usize]),
            Data::Int(values) if column.dtype() != DataType::UInt64 => {
                Some(values[slot as usize] as f64)
            }
            _ => column.value(slot as usize).as_f64(),
        }
    }

    /// Whether the source cell of a row is null.
    fn is_null(&self, slot: Slot) -> bool {
        self.source()
            .is_none_or(|column| column.is_null(slot as usize))
    }

    /// The order key as the number that range frames measure: days for dates, milliseconds for datetimes. A key that is
    /// not a number measures nothing, as if it were null.
    fn order_number(&self, slot: Slot) -> Option<f64> {
        let (column, descending) = self.plan.order_by?;
        let number = match self.columns.get(column).value(slot as usize) {
            Value::Date(days) => f64::from(days),
            value => value.as_f64().filter(|number| !number.is_nan())?,
        };
        Some(if descending { -number } else { number })
    }

    /// Whether two rows have the same place in the order; without an order no two rows have.
    fn are_peers(&self, a: Slot, b: Slot) -> bool {
        self.plan.order_by.is_some_and(|(column, _)| {
            let column = self.columns.get(column);
            column.value(a as usize) == column.value(b as usize)
        })
    }

    /// The positions whose cells may differ when rows at `positions` came, changed, or follow one that left.
    pub fn affected(&self, positions: &[usize], resized: bool) -> Vec<Range<usize>> {
        let n = self.rows.len();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let mut add = |range: Range<usize>| {
            let range = range.start.min(n)..range.end.min(n);
            match ranges.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ if range.is_empty() => {}
                _ => ranges.push(range),
            }
        };
        let whole = match self.plan.op {
            Op::Place(Place::PercentRank | Place::Ntile(_)) => resized,
            _ => false,
        };
        if whole {
            add(0..n);
            return ranges;
        }
        for &at in positions {
            match (self.plan.op, self.plan.frame) {
                (Op::Pick(Pick::Lag(offset)) | Op::Number(Number::Diff(offset)), _) => {
                    add(at..at.saturating_add(offset).saturating_add(1));
                }
                (Op::Pick(Pick::Lead(offset)), _) => add(at.saturating_sub(offset)..at + 1),
                (Op::Pick(Pick::Last), _) => add(at..at + 1),
                (_, FramePlan::Rows(width)) => add(at..at.saturating_add(width).saturating_add(1)),
                (_, FramePlan::Range(reach)) => {
                    let start = self.rows.get(at).and_then(|&slot| self.order_number(slot));
                    // Up to the first row out of reach; a null key frames only itself and reaches nothing.
                    let later = &self.rows[at.min(n)..];
                    let reached = start.map_or(1, |start| {
                        later.partition_point(|&slot| {
                            // Asked as `frame_start` asks, so that both round alike.
                            self.order_number(slot)
                                .is_none_or(|number| number - reach <= start)
                        })
                    });
                    add(at..at + reached.max(1));
                }
                (_, FramePlan::Cumulative) => add(at..n),
            }
        }
        ranges
    }

    /// The cells of the positions in `range`.
    pub fn evaluate(&self, range: Range<usize>, checkpoints: &mut Checkpoints) -> Cells {
        match self.plan.op {
            Op::Pick(pick) => Cells::Rows(self.pick(pick, range, checkpoints)),
            Op::Number(Number::Count) => {
                let counts =
                    self.fold_moments(range, checkpoints, |moments| moments.count() as f64);
                Cells::Ints(counts.into_iter().map(|count| count as i64).collect())
            }
            Op::Number(number) => Cells::Floats(self.numbers(number, range, checkpoints)),
            Op::Place(place) => self.places(place, range, checkpoints),
        }
    }

    /// The first position of the frame of position `at`, not before `from`, which holds for an earlier position.
    fn frame_start(&self, at: usize, from: usize) -> usize {
        match self.plan.frame {
            FramePlan::Rows(width) => at.saturating_sub(width),
            FramePlan::Cumulative => 0,
            FramePlan::Range(reach) => {
                let Some(current) = self.order_number(self.rows[at]) else {
                    return at;
                };
                let mut start = from;
                while start < at
                    && self
                        .order_number(self.rows[start])
                        .is_none_or(|number| number < current - reach)
                {
                    start += 1;
                }
                start
            }
        }
    }

    /// A place to begin looking for the frame of the first position of a range.
    fn first_start(&self, at: usize) -> usize {
        let (FramePlan::Range(reach), Some(current)) = (
            self.plan.frame,
            self.rows.get(at).and_then(|&slot| self.order_number(slot)),
        ) else {
            return 0;
        };
        // Rows without a key come first.
        self.rows[..at].partition_point(|&slot| {
            self.order_number(slot)
                .is_none_or(|number| number < current - reach)
        })
    }

    /// Sliding or growing sums over the frames of a range.
    fn fold_moments(
        &self,
        range: Range<usize>,
        checkpoints: &mut Checkpoints,
        finish: impl Fn(&Moments) -> f64,
    ) -> Vec<f64> {
        let squares = matches!(self.plan.op, Op::Number(Number::Var | Number::Stddev));
        let add = |moments: &mut Moments, slot: Slot| {
            // What is counted need not be a number.
            if !self.is_null(slot) {
                moments.insert(self.number(slot).unwrap_or(0.0), squares);
            }
        };
        if self.plan.frame == FramePlan::Cumulative {
            return self.grow(range, checkpoints, |state, at| {
                add(&mut state.moments, self.rows[at]);
                finish(&state.moments)
            });
        }
        let mut start = self.first_start(range.start);
        start = if range.is_empty() {
            start
        } else {
            self.frame_start(range.start, start)
        };
        let mut moments = Moments::default();
        for at in start..range.start {
            add(&mut moments, self.rows[at]);
        }
        let mut results = Vec::with_capacity(range.len());
        for at in range {
            let next = self.frame_start(at, start);
            for gone in start..next.min(at) {
                let slot = self.rows[gone];
                if !self.is_null(slot) {
                    moments.retract(self.number(slot).unwrap_or(0.0), squares);
                }
            }
            start = next;
            add(&mut moments, self.rows[at]);
            results.push(finish(&moments));
        }
        results
    }

    /// Runs cumulative state over a range, starting from the nearest checkpoint.
    fn grow<T>(
        &self,
        range: Range<usize>,
        checkpoints: &mut Checkpoints,
        mut step: impl FnMut(&mut State, usize) -> T,
    ) -> Vec<T> {
        if checkpoints.states.is_empty() {
            checkpoints.states.push(State::default());
        }
        let nearest = (range.start / STRIDE).min(checkpoints.states.len() - 1);
        let mut state = checkpoints.states[nearest].clone();
        let mut results = Vec::with_capacity(range.len());
        for at in nearest * STRIDE..range.end {
            if at == checkpoints.states.len() * STRIDE {
                checkpoints.states.push(state.clone());
            }
            let result = step(&mut state, at);
            if at >= range.start {
                results.push(result);
            }
        }
        results
    }

    fn pick(
        &self,
        pick: Pick,
        range: Range<usize>,
        checkpoints: &mut Checkpoints,
    ) -> Vec<Option<Slot>> {
        match pick {
            Pick::Lag(offset) => range
                .map(|at| at.checked_sub(offset).map(|from| self.rows[from]))
                .collect(),
            Pick::Lead(offset) => range
                .map(|at| self.rows.get(at.saturating_add(offset)).copied())
                .collect(),
            Pick::Last => range.map(|at| Some(self.rows[at])).collect(),
            Pick::First => {
                let mut start = self.first_start(range.start);
                range
                    .map(|at| {
                        start = self.frame_start(at, start);
                        Some(self.rows[start])
                    })
                    .collect()
            }
            Pick::Min | Pick::Max => self.extremes(pick == Pick::Max, range, checkpoints),
        }
    }

    /// Least or greatest cells by a queue of candidates, each better than all after it.
    fn extremes(
        &self,
        greatest: bool,
        range: Range<usize>,
        checkpoints: &mut Checkpoints,
    ) -> Vec<Option<Slot>> {
        let Some(column) = self.source() else {
            return vec![None; range.len()];
        };
        let beats = |a: Slot, b: Slot| {
            let order = column.compare(a as usize, b as usize);
            if greatest {
                order.is_gt()
            } else {
                order.is_lt()
            }
        };
        if self.plan.frame == FramePlan::Cumulative {
            return self.grow(range, checkpoints, |state, at| {
                let slot = self.rows[at];
                if !self.is_null(slot) && state.best.is_none_or(|best| beats(slot, best)) {
                    state.best = Some(slot);
                }
                state.best
            });
        }
        let mut start = self.first_start(range.start);
        if !range.is_empty() {
            start = self.frame_start(range.start, start);
        }
        let mut candidates: VecDeque<usize> = VecDeque::new();
        let mut results = Vec::with_capacity(range.len());
        let first = start;
        for at in first..range.end {
            let slot = self.rows[at];
            if at >= range.start {
                start = self.frame_start(at, start);
                while candidates.front().is_some_and(|&first| first < start) {
                    candidates.pop_front();
                }
            }
            if !self.is_null(slot) {
                while candidates
                    .back()
                    .is_some_and(|&last| beats(slot, self.rows[last]))
                {
                    candidates.pop_back();
                }
                candidates.push_back(at);
            }
            if at >= range.start {
                results.push(candidates.front().map(|&first| self.rows[first]));
            }
        }
        results
    }

    fn numbers(
        &self,
        number: Number,
        range: Range<usize>,
        checkpoints: &mut Checkpoints,
    ) -> Vec<Option<f64>> {
        // NaN stands for null inside the folds; a sum that is NaN by its cells prints as null anyway.
        let some = |results: Vec<f64>| {
            results
                .into_iter()
                .map(|v| (!v.is_nan()).then_some(v))
                .collect()
        };
        match number {
            Number::Sum => some(self.fold_moments(range, checkpoints, |moments| {
                moments.sum().unwrap_or(f64::NAN)
            })),
            Number::Avg => some(self.fold_moments(range, checkpoints, |moments| {
                moments.mean().unwrap_or(f64::NAN)
            })),
            Number::Var => some(self.fold_moments(range, checkpoints, |moments| {
                moments.variance().unwrap_or(f64::NAN)
            })),
            Number::Stddev => some(self.fold_moments(range, checkpoints, |moments| {
                moments.variance().map_or(f64::NAN, f64::sqrt)
            })),
            Number::Count => {
                some(self.fold_moments(range, checkpoints, |moments| moments.count() as f64))
            }
            Number::Diff(offset) => range
                .map(|at| {
                    let before = self.rows[at.checked_sub(offset)?];
                    Some(self.number(self.rows[at])? - self.number(before)?)
                })
                .collect(),
            Number::Rate => {
                let mut start = self.first_start(range.start);
                range
                    .map(|at| {
                        start = self.frame_start(at, start);
                        let (first, last) = (self.rows[start], self.rows[at]);
                        let run = self.order_number(last)? - self.order_number(first)?;
                        let rise = self.number(last)? - self.number(first)?;
                        // Both are mirrored in a descending order; the slope is not.
                        let run = if self.plan.order_by.is_some_and(|(_, descending)| descending) {
                            -run
                        } else {
                            run
                        };
                        (run != 0.0).then(|| rise / run)
                    })
                    .collect()
            }
            Number::Ema(alpha) => self.grow(range, checkpoints, |state, at| {
                if let Some(value) = self.number(self.rows[at]) {
                    let average = state
                        .average
                        .map_or(value, |last| alpha * value + (1.0 - alpha) * last);
                    state.average = Some(average);
                }
                state.average
            }),
            Number::Quantile(fraction) => self.quantiles(fraction, range),
        }
    }

    /// Rolling quantiles over the frames of a range.
    fn quantiles(&self, fraction: f64, range: Range<usize>) -> Vec<Option<f64>> {
        let mut start = self.first_start(range.start);
        if !range.is_empty() {
            start = self.frame_start(range.start, start);
        }
        let first = start.min(range.start);
        let numbers: Vec<Option<f64>> = (self.rows[first..range.end].iter())
            .map(|&slot| self.number(slot))
            .collect();
        let widest = match self.plan.frame {
            FramePlan::Rows(width) => width.saturating_add(1),
            FramePlan::Range(_) | FramePlan::Cumulative => numbers.len(),
        };
        let mut frame = Ordered::new(&numbers, widest);
        (start..range.start).for_each(|at| frame.insert(at - first));
        range
            .map(|at| {
                let next = self.frame_start(at, start);
                (start..next.min(at)).for_each(|gone| frame.remove(gone - first));
                start = next;
                frame.insert(at - first);
                frame.quantile(fraction)
            })
            .collect()
    }

    fn places(&self, place: Place, range: Range<usize>, checkpoints: &mut Checkpoints) -> Cells {
        let n = self.rows.len();
        match place {
            Place::RowNumber => Cells::Ints(range.map(|at| at as i64 + 1).collect()),
            Place::Ntile(tiles) => {
                let (tiles, n) = (u64::from(tiles), n as u64);
                let (size, larger) = (n / tiles, n % tiles);
                let tile = |at: u64| {
                    if at < larger * (size + 1) {
                        at / (size + 1)
                    } else {
                        larger + (at - larger * (size + 1)) / size.max(1)
                    }
                };
                Cells::Ints(range.map(|at| tile(at as u64) as i64 + 1).collect())
            }
            Place::Rank => Cells::Ints(self.ranks(range, checkpoints, |state| state.rank)),
            Place::DenseRank => {
                Cells::Ints(self.ranks(range, checkpoints, |state| state.dense_rank))
            }
            Place::PercentRank => {
                let ranks = self.ranks(range, checkpoints, |state| state.rank);
                let share = |rank| {
                    if n < 2 {
                        0.0
                    } else {
                        (rank - 1) as f64 / (n - 1) as f64
                    }
                };
                Cells::Floats(ranks.into_iter().map(|rank| Some(share(rank))).collect())
            }
        }
    }

    fn ranks(
        &self,
        range: Range<usize>,
        checkpoints: &mut Checkpoints,
        finish: impl Fn(&State) -> i64,
    ) -> Vec<i64> {
        self.grow(range, checkpoints, |state, at| {
            if at == 0 || !self.are_peers(self.rows[at - 1], self.rows[at]) {
                state.rank = at as i64 + 1;
                state.dense_rank += 1;
            }
            finish(state)
        })
    }
}
