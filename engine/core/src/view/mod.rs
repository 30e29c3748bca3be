//! Views: what a client asked for, kept up to date by steps.

pub mod config;
pub mod step;

pub use config::{
    AggregateSpec, Filter, FilterOp, Frame, GroupRollup, Sort, SortOp, SplitRollup, ViewConfig,
    WindowSpec,
};
pub use step::{ABSENT, ColumnRef, Columns, Slot, Step};
