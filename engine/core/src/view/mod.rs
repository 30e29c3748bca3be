//! Views: what a client asked for, kept up to date by steps.
//!
//! In reading order: [`config`] what was asked, `plan` the same checked against a table, `operand` and `filter`
//! conditions on rows, `computed` expressions and windows, `order` sorts of rows, `step` what the parts of a view see of
//! one step, `flat` and `splits` views of rows, `core` what servers talk to.

mod computed;
pub mod config;
mod core;
mod filter;
mod flat;
pub mod grouped;
mod operand;
mod order;
mod plan;
mod splits;
pub mod step;
#[cfg(test)]
mod tests;

pub use crate::expr::Limits as ExpressionLimits;
pub use config::{
    AggregateSpec, Filter, FilterOp, Frame, GroupRollup, Sort, SortOp, SplitRollup, ViewConfig,
    WindowSpec,
};
pub use core::{Changes, ColumnPath, Context, Dimensions, View, ViewCore};
pub use filter::{FilterPlan, Selection};
pub use order::RowSort;
pub use plan::{Plan, PlanColumn};
pub use step::{ABSENT, ColumnRef, Columns, Slot, Step};
