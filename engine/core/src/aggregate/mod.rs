//! Aggregates: what a group of rows says with one value.
//!
//! [`resolve`] turns an aggregate's name and the types it is applied to into an [`Aggregate`], or says what is wrong.
//! An aggregate is an [`Output`] of some [`Accumulator`]: the state of one family of aggregates for all cells of a
//! pivot, in vectors indexed by dense cell ids. Outputs of one family on the same columns share one accumulator
//! ([`Aggregate::state`]), so `sum` and `avg` of a column cost one pass.
//!
//! A view fills accumulators in bulk (`insert_rows` for the deepest cells, `roll_up` for totals), later steps them
//! with what left and what came. Sums, counts and moments undo themselves; an accumulator that cannot (a minimum that
//! left, a first row that moved) reads the touched cell again, from the cells below it where that is enough.
//!
//! In reading order: `catalog` names and types, [`accumulator`] the trait, `exact` sums that do not drift, then a
//! file per family.

mod accumulator;
mod catalog;
mod champions;
mod distribution;
mod exact;
mod extremes;
mod moments;
mod products;
mod spread;
mod sums;
mod truths;
pub(crate) mod words;

pub use accumulator::{
    Accumulator, CellId, CellReader, CellStep, Contribution, Inputs, KeyOrder, Layout, Outcome,
    Rows, SlotOrder,
};
pub(crate) use catalog::difference;
pub use catalog::{Aggregate, Output, StateKind, default_aggregate, resolve, told_name};

use crate::schema::{DataType, Storage};

/// A fresh accumulator of a kind, for input of type `input`.
pub fn accumulator(kind: StateKind, input: DataType) -> Box<dyn Accumulator> {
    match kind {
        StateKind::Sums | StateKind::Magnitudes => {
            let magnitudes = kind == StateKind::Magnitudes;
            if input.storage() == Storage::Float {
                Box::new(sums::FloatSums::new(magnitudes))
            } else {
                Box::new(sums::IntSums::new(input, magnitudes))
            }
        }
        StateKind::Gross => {
            if input.storage() == Storage::Float {
                Box::new(sums::Gross::<sums::FloatSums>::new(sums::FloatSums::new(
                    false,
                )))
            } else {
                Box::new(sums::Gross::<sums::IntSums>::new(sums::IntSums::new(
                    input, false,
                )))
            }
        }
        StateKind::Moments => Box::new(moments::Moments::default()),
        StateKind::Weighted => Box::new(moments::Weighted::default()),
        StateKind::Products => Box::new(products::Products::default()),
        StateKind::Truths => Box::new(truths::Truths::default()),
        StateKind::Extremes => Box::new(extremes::Extremes::default()),
        StateKind::First => Box::new(champions::Champions::new(champions::Rule::First)),
        StateKind::Last => Box::new(champions::Champions::new(champions::Rule::Last)),
        StateKind::Tail => Box::new(champions::Champions::new(champions::Rule::Tail)),
        StateKind::Any => Box::new(champions::Champions::new(champions::Rule::Any)),
        StateKind::MaxBy => Box::new(champions::Champions::new(champions::Rule::MaxBy)),
        StateKind::MinBy => Box::new(champions::Champions::new(champions::Rule::MinBy)),
        StateKind::Spread => Box::new(spread::Spread::default()),
    }
}
