//! The accumulators of a view, each made once however many measures read it.

use super::axis::ROOT;
use super::grid::Reading;
use super::plan::{GroupSort, GroupedPlan, Level, SortKey};
use crate::aggregate::{
    Accumulator, Aggregate, CellId, Inputs, KeyOrder, Outcome, Output, StateKind, accumulator,
    difference,
};
use crate::column::Column;
use crate::schema::DataType;
use crate::view::{ColumnRef, Columns};

/// One accumulator and the columns it reads.
pub(super) struct State {
    pub(super) accumulator: Box<dyn Accumulator>,
    kind: StateKind,
    column: ColumnRef,
    by: ColumnRef,
}

impl State {
    /// The columns this accumulator reads, of all those there are.
    pub(super) fn inputs<'a>(
        &self,
        new: &Columns<'a>,
        old: &Columns<'a>,
        groups: &'a [&'a Column],
        order: &'a dyn KeyOrder,
    ) -> Inputs<'a> {
        Inputs {
            value: new.get(self.column),
            by: new.get(self.by),
            old_value: old.get(self.column),
            old_by: old.get(self.by),
            groups,
            order,
        }
    }
}

/// The zero of a sum of nothing but nulls, which has the type of the sum.
#[derive(Debug, Clone, Copy)]
enum Zero {
    Int,
    Float,
}

/// How a value is read out of the states.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readout {
    output: Output,
    /// `None`: the row counts of the grid.
    state: Option<usize>,
    second: Option<usize>,
    /// What stands for null in a cell that has rows.
    zero: Option<Zero>,
    pub(super) column: ColumnRef,
}

/// A sort, ready to be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct SortRule {
    /// Of measures, and of levels that are not the first.
    pub(super) readout: Option<Readout>,
    pub(super) level: Option<usize>,
    pub(super) descending: bool,
    pub(super) absolute: bool,
}

/// All accumulators and how they are read.
pub(super) struct States {
    pub(super) states: Vec<State>,
    pub(super) measures: Vec<Readout>,
    pub(super) row_sorts: Vec<SortRule>,
    pub(super) column_sorts: Vec<SortRule>,
}

impl States {
    /// Plans the accumulators of a view. `dtype_of` tells the type of a column.
    pub(super) fn new(plan: &GroupedPlan, dtype_of: impl Fn(ColumnRef) -> DataType) -> Self {
        let mut made = Self {
            states: Vec::new(),
            measures: Vec::new(),
            row_sorts: Vec::new(),
            column_sorts: Vec::new(),
        };
        for measure in &plan.measures {
            let readout = made.readout(measure.aggregate, measure.column, measure.by);
            made.measures.push(readout);
        }
        made.row_sorts = made.rules(&plan.row_sorts, plan.row_levels(), &dtype_of);
        made.column_sorts = made.rules(&plan.column_sorts, &plan.split_by, &dtype_of);
        made
    }

    fn rules(
        &mut self,
        sorts: &[GroupSort],
        levels: &[Level],
        dtype_of: &impl Fn(ColumnRef) -> DataType,
    ) -> Vec<SortRule> {
        sorts
            .iter()
            .map(|sort| {
                let (readout, level) = match sort.key {
                    SortKey::Measure(at) => (Some(self.measures[at]), None),
                    SortKey::Level(0) => (None, Some(0)),
                    SortKey::Level(at) => {
                        let column = levels[at].column;
                        let state =
                            self.state(StateKind::Extremes, column, column, dtype_of(column));
                        let readout = Readout {
                            output: Output::Unique,
                            state: Some(state),
                            second: None,
                            zero: None,
                            column,
                        };
                        (Some(readout), Some(at))
                    }
                };
                SortRule {
                    readout,
                    level,
                    descending: sort.descending,
                    absolute: sort.absolute,
                }
            })
            .collect()
    }

    fn readout(
        &mut self,
        aggregate: Aggregate,
        column: ColumnRef,
        by: Option<ColumnRef>,
    ) -> Readout {
        let by = by.filter(|_| aggregate.takes_argument).unwrap_or(column);
        let mut of = |kind| self.state(kind, column, by, aggregate.input);
        let state = aggregate.state.map(&mut of);
        let second = aggregate.second_state().map(&mut of);
        if let Some(state) = state {
            self.states[state].accumulator.register(aggregate.output);
        }
        Readout {
            output: aggregate.output,
            state,
            second,
            zero: aggregate.or_zero.then_some(match aggregate.result {
                DataType::Float64 => Zero::Float,
                _ => Zero::Int,
            }),
            column,
        }
    }

    fn state(
        &mut self,
        kind: StateKind,
        column: ColumnRef,
        by: ColumnRef,
        input: DataType,
    ) -> usize {
        let known = self
            .states
            .iter()
            .position(|state| state.kind == kind && state.column == column && state.by == by);
        known.unwrap_or_else(|| {
            self.states.push(State {
                accumulator: accumulator(kind, input),
                kind,
                column,
                by,
            });
            self.states.len() - 1
        })
    }

    /// What a readout says of a cell.
    pub(super) fn outcome<'a>(
        &'a self,
        readout: Readout,
        cell: CellId,
        columns: &Columns<'a>,
        reading: &Reading<'_>,
    ) -> Outcome<'a> {
        let outcome = self.raw_outcome(readout, cell, columns, reading);
        match (readout.zero, &outcome) {
            (Some(zero), Outcome::Null) if reading.grid.n_rows(cell) > 0 => match zero {
                Zero::Int => Outcome::Int(0),
                Zero::Float => Outcome::Float(0.0),
            },
            _ => outcome,
        }
    }

    fn raw_outcome<'a>(
        &'a self,
        readout: Readout,
        cell: CellId,
        columns: &Columns<'a>,
        reading: &Reading<'_>,
    ) -> Outcome<'a> {
        let Some(state) = readout.state else {
            return Outcome::Int(reading.grid.n_rows(cell).into());
        };
        let value = columns.get(readout.column);
        let read = |state: usize, output, cell| {
            self.states[state]
                .accumulator
                .outcome(output, cell, value, reading)
        };
        if let Some(whole) = self.whole(readout, cell, reading) {
            let part = read(state, Output::Sum, cell);
            let whole = whole.map_or(Outcome::Null, |whole| read(state, Output::Sum, whole));
            return percentage(&part, &whole);
        }
        match readout.second {
            Some(first) => difference(
                read(state, Output::Chosen, cell),
                read(first, Output::Chosen, cell),
            ),
            None => read(state, readout.output, cell),
        }
    }

    /// The cell that a percentage is of; `None` if the readout is none.
    fn whole(
        &self,
        readout: Readout,
        cell: CellId,
        reading: &Reading<'_>,
    ) -> Option<Option<CellId>> {
        match readout.output {
            Output::PercentOfParent => {
                let across = reading.grid.column_up(cell);
                let up = reading.grid.row_up(cell);
                Some(Some(if across != super::axis::NONE {
                    across
                } else if up != super::axis::NONE {
                    up
                } else {
                    cell
                }))
            }
            Output::PercentOfTotal | Output::PercentOfGrandTotal => {
                Some(reading.grid.find(ROOT, ROOT))
            }
            _ => None,
        }
    }

    /// What orders two cells of one family: percentages by their parts, so that rounding makes no ties.
    pub(super) fn sort_outcome<'a>(
        &'a self,
        readout: Readout,
        cell: CellId,
        columns: &Columns<'a>,
        reading: &Reading<'_>,
    ) -> Outcome<'a> {
        let Some(whole) = self.whole(readout, cell, reading) else {
            return self.outcome(readout, cell, columns, reading);
        };
        let part = Readout {
            output: Output::Sum,
            zero: None,
            ..readout
        };
        let sign = whole.map_or(0, |whole| {
            sign(&self.outcome(part, whole, columns, reading))
        });
        match (self.outcome(part, cell, columns, reading), sign) {
            (_, 0) => Outcome::Null,
            (Outcome::Int(part), -1) => Outcome::Int(-part),
            (Outcome::Float(part), -1) => Outcome::Float(-part),
            (part, _) => part,
        }
    }

    /// The sign of what a percentage is of, 0 if there is none: when it changes, all groups below change places.
    pub(super) fn whole_sign(
        &self,
        readout: Readout,
        cell: CellId,
        columns: &Columns<'_>,
        reading: &Reading<'_>,
    ) -> i8 {
        let part = Readout {
            output: Output::Sum,
            zero: None,
            ..readout
        };
        sign(&self.outcome(part, cell, columns, reading))
    }

    /// Bytes held on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.states
            .iter()
            .map(|state| state.accumulator.heap_size())
            .sum()
    }
}

impl Readout {
    /// Whether it is a share of the parent's sum.
    pub(super) fn is_of_parent(self) -> bool {
        self.output == Output::PercentOfParent
    }

    /// Whether the value is read from the table as it is, so that what it was before a step is lost.
    pub(super) fn reads_live_rows(self) -> bool {
        matches!(
            self.output,
            Output::Chosen
                | Output::LastMinusFirst
                | Output::Join
                | Output::Unique
                | Output::DistinctLeaf
        )
    }

    /// Whether it is the number of rows.
    pub(super) fn counts_rows(self) -> bool {
        self.output == Output::Count
    }

    /// Whether it is a share of the total's sum.
    pub(super) fn is_of_total(self) -> bool {
        matches!(
            self.output,
            Output::PercentOfTotal | Output::PercentOfGrandTotal
        )
    }
}

fn sign(outcome: &Outcome<'_>) -> i8 {
    match outcome {
        Outcome::Int(v) => v.signum() as i8,
        Outcome::Float(v) if *v > 0.0 => 1,
        Outcome::Float(v) if *v < 0.0 => -1,
        _ => 0,
    }
}

fn percentage(part: &Outcome<'_>, whole: &Outcome<'_>) -> Outcome<'static> {
    let number = |outcome: &Outcome<'_>| match outcome {
        Outcome::Int(v) => Some(*v as f64),
        Outcome::Float(v) => Some(*v),
        _ => None,
    };
    match (number(part), number(whole)) {
        (Some(part), Some(whole)) if whole != 0.0 => Outcome::Float(100.0 * part / whole),
        _ => Outcome::Null,
    }
}
