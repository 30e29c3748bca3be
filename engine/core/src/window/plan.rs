//! A window column's specification, checked against the columns it names.
//!
//! In: a [`WindowSpec`] and a way to look columns up. Out: a [`WindowPlan`], which evaluation cannot fail on.

use crate::error::{Error, Result};
use crate::schema::{ColumnType, DataType};
use crate::view::{ColumnRef, Frame, WindowSpec};

/// What a window column computes, told apart by what its result is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Op {
    /// A cell of another row of the partition.
    Pick(Pick),
    /// A number over the frame.
    Number(Number),
    /// A place within the partition.
    Place(Place),
}

/// Ops whose result is some row's source cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pick {
    /// The row so many places before.
    Lag(usize),
    /// The row so many places after.
    Lead(usize),
    /// The first row of the frame.
    First,
    /// The last row of the frame, which is the current one.
    Last,
    /// The least cell of the frame, null aside.
    Min,
    /// The greatest cell of the frame, null aside.
    Max,
}

/// Ops whose result is a number computed from the frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// The sum of the cells that are not null.
    Sum,
    /// Their mean.
    Avg,
    /// How many there are.
    Count,
    /// Their sample variance (n - 1).
    Var,
    /// Its root.
    Stddev,
    /// This cell minus the cell so many places before.
    Diff(usize),
    /// The slope from the frame's first row to this one.
    Rate,
    /// The exponential moving average with this weight for the newest cell.
    Ema(f64),
    /// The quantile at this fraction, interpolated.
    Quantile(f64),
}

/// Ops that look at the order of the partition only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// From 1, ties by row order.
    RowNumber,
    /// From 1, ties alike, with gaps after them.
    Rank,
    /// From 1, ties alike, without gaps.
    DenseRank,
    /// (rank - 1) / (rows - 1), or 0 for a single row.
    PercentRank,
    /// Which of so many equal parts, from 1.
    Ntile(u32),
}

/// The rows that a framed op reads, counted from the current one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FramePlan {
    /// So many preceding rows and the current one.
    Rows(usize),
    /// Rows whose order key lies within this distance, up to the current one.
    Range(f64),
    /// From the start of the partition.
    Cumulative,
}

/// A checked window column.
#[derive(Debug, Clone, PartialEq)]
pub struct WindowPlan {
    /// What is computed.
    pub op: Op,
    /// The column it reads; `None` for ops on places.
    pub source: Option<ColumnRef>,
    /// Columns whose equal values form a partition.
    pub partition_by: Vec<ColumnRef>,
    /// The order within a partition, and whether it descends; `None`: row order.
    pub order_by: Option<(ColumnRef, bool)>,
    /// The frame.
    pub frame: FramePlan,
    /// The type of the result.
    pub dtype: DataType,
}

fn error(message: impl Into<String>) -> Error {
    Error::Config(message.into())
}

impl WindowPlan {
    /// Checks one window called `name`. `resolve` finds table columns, expressions and the windows that may be used;
    /// `table_column` finds table columns only, which partitions and orders are limited to.
    ///
    /// # Errors
    /// [`Error::Config`] with the text that clients of the protocol know.
    pub fn new(
        name: &str,
        spec: &WindowSpec,
        resolve: &dyn Fn(&str) -> Option<(ColumnRef, DataType)>,
        table_column: &dyn Fn(&str) -> Option<(ColumnRef, DataType)>,
    ) -> Result<Self> {
        if name.is_empty() {
            return Err(error("Window `name` must not be empty"));
        }
        if table_column(name).is_some() {
            return Err(error(format!(
                "Window `name` collides with an existing column: {name}"
            )));
        }
        let op = parse_op(spec)?;
        let source = match op {
            Op::Place(_) if spec.source.is_empty() => None,
            _ => Some(resolve(&spec.source).ok_or_else(|| {
                error(format!("Window `source` column not found: {}", spec.source))
            })?),
        };
        let partition_by = (spec.partition_by.iter())
            .map(|column| {
                let found = table_column(column).ok_or_else(|| {
                    error(format!(
                        "Window `partition_by` must be a `Table` column: {column}"
                    ))
                })?;
                Ok(found.0)
            })
            .collect::<Result<_>>()?;
        let order_by = match &spec.order_by {
            None => None,
            Some((column, descending)) => {
                let (found, dtype) = table_column(column).ok_or_else(|| {
                    error(format!(
                        "Window `order_by` must be a `Table` column: {column}"
                    ))
                })?;
                Some((found, dtype, *descending))
            }
        };
        check_frame(op, spec, order_by.map(|(_, dtype, _)| dtype))?;
        let numeric = source.is_none_or(|(_, dtype)| dtype.column_type().is_numeric());
        if let Op::Number(number) = op
            && number != Number::Count
            && !numeric
        {
            return Err(error(format!(
                "Window op requires a numeric `source` column: {}",
                spec.source
            )));
        }
        let dtype = match (op, source) {
            (Op::Pick(_), Some((_, dtype))) => dtype,
            (Op::Number(Number::Count), _) => DataType::Int64,
            (Op::Place(place), _) if place != Place::PercentRank => DataType::Int64,
            _ => DataType::Float64,
        };
        let frame = match spec.frame {
            Some(Frame::Rows(n)) => FramePlan::Rows(n as usize),
            Some(Frame::Range(range)) => FramePlan::Range(range),
            Some(Frame::Cumulative) | None => FramePlan::Cumulative,
        };
        Ok(Self {
            op,
            source: source.map(|(column, _)| column),
            partition_by,
            order_by: order_by.map(|(column, _, descending)| (column, descending)),
            frame,
            dtype,
        })
    }
}

fn parse_op(spec: &WindowSpec) -> Result<Op> {
    let offset = spec.offset.unwrap_or(1) as usize;
    let fraction = |default: Option<f64>| {
        let fraction = spec.alpha.or(default);
        fraction
            .filter(|fraction| (0.0..=1.0).contains(fraction))
            .ok_or_else(|| error("Window `quantile` requires `alpha` in [0, 1]"))
    };
    Ok(match spec.op.as_str() {
        "sum" => Op::Number(Number::Sum),
        "avg" | "mean" => Op::Number(Number::Avg),
        "count" => Op::Number(Number::Count),
        "stddev" => Op::Number(Number::Stddev),
        "var" => Op::Number(Number::Var),
        "min" => Op::Pick(Pick::Min),
        "max" => Op::Pick(Pick::Max),
        "first" => Op::Pick(Pick::First),
        "last" => Op::Pick(Pick::Last),
        "lag" => Op::Pick(Pick::Lag(offset)),
        "lead" => Op::Pick(Pick::Lead(offset)),
        "diff" => Op::Number(Number::Diff(offset)),
        "rate" => Op::Number(Number::Rate),
        "ema" => match spec.alpha {
            Some(alpha) if alpha > 0.0 && alpha <= 1.0 => Op::Number(Number::Ema(alpha)),
            _ => return Err(error("Window `ema` requires `alpha` in (0, 1]")),
        },
        "median" => Op::Number(Number::Quantile(0.5)),
        "q1" => Op::Number(Number::Quantile(0.25)),
        "q3" => Op::Number(Number::Quantile(0.75)),
        "quantile" => Op::Number(Number::Quantile(fraction(None)?)),
        "row_number" => Op::Place(Place::RowNumber),
        "rank" => Op::Place(Place::Rank),
        "dense_rank" => Op::Place(Place::DenseRank),
        "percent_rank" => Op::Place(Place::PercentRank),
        "ntile" => match spec.offset {
            Some(tiles) if tiles > 0 => Op::Place(Place::Ntile(tiles)),
            _ => {
                return Err(error(
                    "Window `ntile` requires the number of tiles in `offset`",
                ));
            }
        },
        other => {
            return Err(error(format!(
                "Window `op` not implemented in this build: {other}"
            )));
        }
    })
}

/// Whether the op takes the frame it was given.
fn check_frame(op: Op, spec: &WindowSpec, order: Option<DataType>) -> Result<()> {
    let bounded = matches!(spec.frame, Some(Frame::Rows(_) | Frame::Range(_)));
    match op {
        Op::Pick(Pick::Lag(_) | Pick::Lead(_)) | Op::Number(Number::Diff(_))
            if spec.frame.is_some() =>
        {
            return Err(error(
                "Window `frame` is not applicable to `lag`/`lead`/`diff` (use `offset`)",
            ));
        }
        Op::Number(Number::Rate) if !matches!(spec.frame, Some(Frame::Range(_))) => {
            return Err(error("Window `rate` requires a `range` frame"));
        }
        Op::Number(Number::Ema(_)) if bounded => {
            return Err(error(
                "Window `ema` is cumulative; it does not accept a `rows` or `range` frame",
            ));
        }
        Op::Place(_) if bounded => {
            return Err(error(format!(
                "Window `{}` is positional; it does not accept a `rows` or `range` frame",
                spec.op
            )));
        }
        _ => {}
    }
    if let Some(Frame::Range(range)) = spec.frame {
        if !(range > 0.0 && range.is_finite()) {
            return Err(error("Window `range` must be a positive interval"));
        }
        let Some((column, _)) = &spec.order_by else {
            return Err(error(
                "Window `range` frames require an explicit `order_by`",
            ));
        };
        let measurable = order.is_some_and(|dtype| {
            !matches!(
                dtype.column_type(),
                ColumnType::String | ColumnType::Boolean
            )
        });
        if !measurable {
            return Err(error(format!(
                "Window `range` frames require a numeric or temporal `order_by` column: {column}"
            )));
        }
    }
    Ok(())
}
