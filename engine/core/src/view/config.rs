//! What a client asks of a view, before any of it is checked.
//!
//! A [`ViewConfig`] mirrors the wire. Equal configs on one table are computed once, so it can be compared and hashed.
//! [`super::Plan`] is the same thing checked against a table.

use crate::value::Scalar;

/// How two or more filters combine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum FilterOp {
    /// A row must pass all.
    #[default]
    And,
    /// A row must pass one.
    Or,
}

/// One condition on one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The column, expression or window.
    pub column: String,
    /// The operator's text, as `==` or `begins with`.
    pub op: String,
    /// The operands as they came: `Null`, `Bool`, `Float` (all numbers) or `Text`. One for a scalar, any number for a
    /// list.
    pub operands: Vec<Scalar>,
}

/// The direction of one sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "named as on the wire")]
pub enum SortOp {
    None,
    Asc,
    Desc,
    ColAsc,
    ColDesc,
    AscAbs,
    DescAbs,
    ColAscAbs,
    ColDescAbs,
}

impl SortOp {
    /// Whether it orders the columns of a split view rather than its rows.
    pub const fn is_column_sort(self) -> bool {
        matches!(
            self,
            Self::ColAsc | Self::ColDesc | Self::ColAscAbs | Self::ColDescAbs
        )
    }

    /// Whether the greatest comes first.
    pub const fn is_descending(self) -> bool {
        matches!(
            self,
            Self::Desc | Self::ColDesc | Self::DescAbs | Self::ColDescAbs
        )
    }

    /// Whether it goes by magnitude.
    pub const fn is_absolute(self) -> bool {
        matches!(
            self,
            Self::AscAbs | Self::DescAbs | Self::ColAscAbs | Self::ColDescAbs
        )
    }
}

/// Sort by one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The column, shown or not.
    pub column: String,
    /// The direction.
    pub op: SortOp,
}

/// The aggregate of one column.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AggregateSpec {
    /// The aggregate's name, as `sum` or `weighted mean`.
    pub name: String,
    /// Further columns it reads.
    pub args: Vec<String>,
}

/// Which rows a grouped view shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum GroupRollup {
    /// The total and every level.
    #[default]
    Rollup,
    /// Only the deepest groups.
    Flat,
    /// Only the total.
    Total,
}

/// Which columns a split view shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum SplitRollup {
    /// Only full paths.
    #[default]
    Flat,
    /// The total and every level.
    Rollup,
}

/// The rows around the current one that a window column reads.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// So many preceding rows, and the current one.
    Rows(u32),
    /// Rows whose order key lies at most this far before the current one's, in units of the order column.
    Range(f64),
    /// All rows from the start of the partition.
    Cumulative,
}

/// A window column.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowSpec {
    /// The column it reads; empty for ops that read none.
    pub source: String,
    /// The op's name, as `sum` or `lag`.
    pub op: String,
    /// Columns whose equal values form a partition.
    pub partition_by: Vec<String>,
    /// The order within a partition, and whether it descends; `None`: row order.
    pub order_by: Option<(String, bool)>,
    /// The frame; `None`: the op's default.
    pub frame: Option<Frame>,
    /// Distance of `lag`, `lead` and `diff`.
    pub offset: Option<u32>,
    /// Weight of the newest value in `ema`; also the quantile, or the number of tiles, of ops that take one.
    pub alpha: Option<f64>,
}

/// Everything a client says about a view.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ViewConfig {
    /// Columns whose values form the row groups, outermost first.
    pub group_by: Vec<String>,
    /// Columns whose values form the column groups, outermost first.
    pub split_by: Vec<String>,
    /// The columns shown; `None`: all of the table, then expressions, then windows.
    pub columns: Option<Vec<String>>,
    /// Conditions on rows, taken before grouping and after windows.
    pub filter: Vec<Filter>,
    /// How the conditions combine.
    pub filter_op: FilterOp,
    /// Sorts, the first being the most significant.
    pub sort: Vec<Sort>,
    /// Alias and text of each expression, ascending by alias.
    pub expressions: Vec<(String, String)>,
    /// Column and aggregate, ascending by column.
    pub aggregates: Vec<(String, AggregateSpec)>,
    /// Alias and specification of each window, ascending by alias.
    pub windows: Vec<(String, WindowSpec)>,
    /// How many levels are open at first; `None` or 0: all.
    pub group_by_depth: Option<u32>,
    /// Whether sums of nothing but nulls are 0, as in the 5.5 dialect, rather than null.
    pub zero_sums: bool,
    /// Which rows are shown; `None`: not given, which means rollup.
    pub group_rollup_mode: Option<GroupRollup>,
    /// Which columns are shown; `None`: not given, which means flat.
    pub split_rollup_mode: Option<SplitRollup>,
}
