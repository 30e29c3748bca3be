//! Between the messages of the wire and the words of the core.

use bytes::Bytes;
use sightline_core::ingest::{Input, ListFlatten};
use sightline_core::view::{
    AggregateSpec, Filter, FilterOp, Frame, GroupRollup, Sort, SortOp, SplitRollup, ViewConfig,
    WindowSpec,
};
use sightline_core::{ColumnType, Scalar, Value};
use sightline_protocol as wire;
use sightline_protocol::scalar::Scalar as WireScalar;
use sightline_protocol::view_config as wire_config;
use wire::columns_update::OptColumns;
use wire::make_table_data::Data;
use wire::window_spec::Frame as WireFrame;

use crate::error::{Error, Result};
use crate::session::Dialect;

/// The wire's number of a column type.
pub fn column_type(column_type: ColumnType) -> i32 {
    let number = match column_type {
        ColumnType::String => wire::ColumnType::String,
        ColumnType::Date => wire::ColumnType::Date,
        ColumnType::Datetime => wire::ColumnType::Datetime,
        ColumnType::Integer => wire::ColumnType::Integer,
        ColumnType::Float => wire::ColumnType::Float,
        ColumnType::Boolean => wire::ColumnType::Boolean,
    };
    number as i32
}

/// The column type of a wire number.
pub fn column_type_from(number: i32) -> Result<ColumnType> {
    let known = wire::ColumnType::try_from(number)
        .map_err(|_| Error::request(format!("{number} is not a column type")))?;
    Ok(match known {
        wire::ColumnType::String => ColumnType::String,
        wire::ColumnType::Date => ColumnType::Date,
        wire::ColumnType::Datetime => ColumnType::Datetime,
        wire::ColumnType::Integer => ColumnType::Integer,
        wire::ColumnType::Float => ColumnType::Float,
        wire::ColumnType::Boolean => ColumnType::Boolean,
    })
}

/// A cell on the wire. All numbers are floats there; dates and datetimes are milliseconds.
pub fn scalar(value: Value<'_>) -> wire::Scalar {
    let scalar = match value {
        Value::Null => WireScalar::Null(0),
        Value::Bool(v) => WireScalar::Bool(v),
        Value::Text(v) => WireScalar::String(v.to_owned()),
        number => WireScalar::Float(number.as_f64().unwrap_or(f64::NAN)),
    };
    wire::Scalar {
        scalar: Some(scalar),
    }
}

fn scalar_from(scalar: &wire::Scalar) -> Result<Scalar> {
    match &scalar.scalar {
        None => Err(Error::request("Filter scalar type not implemented: 0")),
        Some(WireScalar::Null(_)) => Ok(Scalar::Null),
        Some(WireScalar::Bool(v)) => Ok(Scalar::Bool(*v)),
        Some(WireScalar::Float(v)) => Ok(Scalar::Float(*v)),
        Some(WireScalar::String(v)) => Ok(Scalar::Text(v.as_str().into())),
    }
}

/// Data of a request, told apart by what the table part of the server does with it.
pub enum Source<'a> {
    /// Bytes or text to read.
    Input(Input<'a>),
    /// Column names and types only.
    Schema(&'a wire::Schema),
    /// The rows of a view, by its id.
    View(&'a str),
}

/// The data of a request.
pub fn source(data: &wire::MakeTableData) -> Option<Source<'_>> {
    Some(match data.data.as_ref()? {
        Data::FromSchema(schema) => Source::Schema(schema),
        Data::FromCsv(text) => Source::Input(Input::Csv(text)),
        Data::FromArrow(bytes) => Source::Input(Input::Arrow(Bytes::as_ref(bytes))),
        Data::FromRows(text) => Source::Input(Input::Rows(text)),
        Data::FromCols(text) => Source::Input(Input::Columns(text)),
        Data::FromNdjson(text) => Source::Input(Input::Ndjson(text)),
        Data::FromView(id) => Source::View(id),
    })
}

/// How lists are flattened; the wire's default is zip.
pub fn list_flatten(number: Option<i32>) -> Result<ListFlatten> {
    match number.map(wire::ListFlatten::try_from) {
        None | Some(Ok(wire::ListFlatten::Zip)) => Ok(ListFlatten::Zip),
        Some(Ok(wire::ListFlatten::Cartesian)) => Ok(ListFlatten::Cartesian),
        Some(Ok(wire::ListFlatten::Stringify)) => Ok(ListFlatten::Stringify),
        Some(Err(_)) => Err(Error::request("Unknown `list_flatten`")),
    }
}

fn sort_op(number: i32) -> Result<SortOp> {
    let op = wire::SortOp::try_from(number)
        .map_err(|_| Error::request(format!("{number} is not a sort")))?;
    Ok(match op {
        wire::SortOp::SortNone => SortOp::None,
        wire::SortOp::SortAsc => SortOp::Asc,
        wire::SortOp::SortDesc => SortOp::Desc,
        wire::SortOp::SortColAsc => SortOp::ColAsc,
        wire::SortOp::SortColDesc => SortOp::ColDesc,
        wire::SortOp::SortAscAbs => SortOp::AscAbs,
        wire::SortOp::SortDescAbs => SortOp::DescAbs,
        wire::SortOp::SortColAscAbs => SortOp::ColAscAbs,
        wire::SortOp::SortColDescAbs => SortOp::ColDescAbs,
    })
}

fn sort_op_to(op: SortOp) -> i32 {
    let number = match op {
        SortOp::None => wire::SortOp::SortNone,
        SortOp::Asc => wire::SortOp::SortAsc,
        SortOp::Desc => wire::SortOp::SortDesc,
        SortOp::ColAsc => wire::SortOp::SortColAsc,
        SortOp::ColDesc => wire::SortOp::SortColDesc,
        SortOp::AscAbs => wire::SortOp::SortAscAbs,
        SortOp::DescAbs => wire::SortOp::SortDescAbs,
        SortOp::ColAscAbs => wire::SortOp::SortColAscAbs,
        SortOp::ColDescAbs => wire::SortOp::SortColDescAbs,
    };
    number as i32
}

/// The aggregate of `[name]`, `[name, "column,column"]`, or `[name, column, column]`.
fn aggregate(list: &wire_config::AggList) -> Result<AggregateSpec> {
    let (name, args) = list
        .aggregations
        .split_first()
        .ok_or_else(|| Error::request("an aggregate has no name"))?;
    let args = match args {
        // One element holds all names; a comma inside a column's name cannot be told apart on this wire.
        [joined] => joined.split(',').map(str::to_owned).collect(),
        args => args.to_vec(),
    };
    Ok(AggregateSpec {
        name: name.clone(),
        args,
    })
}

fn window(spec: &wire::WindowSpec) -> WindowSpec {
    WindowSpec {
        source: spec.source.clone(),
        op: spec.op.clone(),
        partition_by: spec.partition_by.clone(),
        order_by: spec
            .order_by
            .as_ref()
            .map(|order| (order.column.clone(), order.desc)),
        frame: spec.frame.as_ref().map(|frame| match frame {
            WireFrame::Rows(rows) => Frame::Rows(*rows),
            WireFrame::Range(range) => Frame::Range(*range),
            WireFrame::Cumulative(_) => Frame::Cumulative,
        }),
        offset: spec.offset,
        alpha: spec.alpha,
    }
}

fn window_to(spec: &WindowSpec) -> wire::WindowSpec {
    wire::WindowSpec {
        source: spec.source.clone(),
        op: spec.op.clone(),
        partition_by: spec.partition_by.clone(),
        order_by: spec
            .order_by
            .as_ref()
            .map(|(column, desc)| wire::window_spec::Order {
                column: column.clone(),
                desc: *desc,
            }),
        offset: spec.offset,
        alpha: spec.alpha,
        frame: spec.frame.as_ref().map(|frame| match frame {
            Frame::Rows(rows) => WireFrame::Rows(*rows),
            Frame::Range(range) => WireFrame::Range(*range),
            Frame::Cumulative => WireFrame::Cumulative(0),
        }),
    }
}

/// The configuration that a message asks for, as its dialect means it. No message is the default configuration.
pub fn view_config(config: Option<&wire::ViewConfig>, dialect: Dialect) -> Result<ViewConfig> {
    let zero_sums = dialect == Dialect::V55;
    let Some(config) = config else {
        return Ok(ViewConfig {
            zero_sums,
            ..ViewConfig::default()
        });
    };
    let columns = match config
        .columns
        .as_ref()
        .and_then(|columns| columns.opt_columns.as_ref())
    {
        None | Some(OptColumns::DefaultColumns(_)) => None,
        Some(OptColumns::Columns(columns)) => Some(columns.columns.clone()),
    };
    let filter = config
        .filter
        .iter()
        .map(|filter| {
            let operands = filter
                .value
                .iter()
                .map(scalar_from)
                .collect::<Result<_>>()?;
            Ok(Filter {
                column: filter.column.clone(),
                op: filter.op.clone(),
                operands,
            })
        })
        .collect::<Result<_>>()?;
    let sort = config
        .sort
        .iter()
        .map(|sort| {
            Ok(Sort {
                column: sort.column.clone(),
                op: sort_op(sort.op)?,
            })
        })
        .collect::<Result<_>>()?;
    let aggregates = config
        .aggregates
        .iter()
        .map(|(column, list)| Ok((column.clone(), aggregate(list)?)))
        .collect::<Result<_>>()?;
    let group_rollup_mode = config
        .group_rollup_mode
        .map(|number| match wire::GroupRollupMode::try_from(number) {
            Ok(wire::GroupRollupMode::Rollup) => Ok(GroupRollup::Rollup),
            Ok(wire::GroupRollupMode::Flat) => Ok(GroupRollup::Flat),
            Ok(wire::GroupRollupMode::Total) => Ok(GroupRollup::Total),
            Err(_) => Err(Error::request(format!(
                "{number} is not a group rollup mode"
            ))),
        })
        .transpose()?;
    let split_rollup_mode = config
        .split_rollup_mode
        .map(|number| match wire::SplitRollupMode::try_from(number) {
            Ok(wire::SplitRollupMode::Flat) => Ok(SplitRollup::Flat),
            Ok(wire::SplitRollupMode::Rollup) => Ok(SplitRollup::Rollup),
            Err(_) => Err(Error::request(format!(
                "{number} is not a split rollup mode"
            ))),
        })
        .transpose()?;
    let filter_op = match wire_config::FilterReducer::try_from(config.filter_op) {
        Ok(wire_config::FilterReducer::And) => FilterOp::And,
        Ok(wire_config::FilterReducer::Or) => FilterOp::Or,
        Err(_) => {
            return Err(Error::request(format!(
                "{} is not a way to combine filters",
                config.filter_op
            )));
        }
    };
    Ok(ViewConfig {
        zero_sums,
        group_by: config.group_by.clone(),
        split_by: config.split_by.clone(),
        columns,
        filter,
        filter_op,
        sort,
        expressions: config
            .expressions
            .iter()
            .map(|(alias, text)| (alias.clone(), text.clone()))
            .collect(),
        aggregates,
        windows: config
            .windows
            .iter()
            .map(|(alias, spec)| (alias.clone(), window(spec)))
            .collect(),
        group_by_depth: config.group_by_depth,
        group_rollup_mode,
        split_rollup_mode,
    })
}

/// A configuration as a message.
pub fn view_config_to(config: &ViewConfig) -> wire::ViewConfig {
    wire::ViewConfig {
        group_by: config.group_by.clone(),
        split_by: config.split_by.clone(),
        columns: Some(wire::ColumnsUpdate {
            opt_columns: Some(match &config.columns {
                None => OptColumns::DefaultColumns(0),
                Some(columns) => OptColumns::Columns(wire::columns_update::Columns {
                    columns: columns.clone(),
                }),
            }),
        }),
        filter: config
            .filter
            .iter()
            .map(|filter| wire_config::Filter {
                column: filter.column.clone(),
                op: filter.op.clone(),
                value: filter
                    .operands
                    .iter()
                    .map(|operand| scalar(operand.as_value()))
                    .collect(),
            })
            .collect(),
        sort: config
            .sort
            .iter()
            .map(|sort| wire_config::Sort {
                column: sort.column.clone(),
                op: sort_op_to(sort.op),
            })
            .collect(),
        expressions: config.expressions.iter().cloned().collect(),
        aggregates: config
            .aggregates
            .iter()
            .map(|(column, aggregate)| {
                let mut aggregations = vec![aggregate.name.clone()];
                if !aggregate.args.is_empty() {
                    aggregations.push(aggregate.args.join(","));
                }
                (column.clone(), wire_config::AggList { aggregations })
            })
            .collect(),
        windows: config
            .windows
            .iter()
            .map(|(alias, spec)| (alias.clone(), window_to(spec)))
            .collect(),
        filter_op: match config.filter_op {
            FilterOp::And => wire_config::FilterReducer::And,
            FilterOp::Or => wire_config::FilterReducer::Or,
        } as i32,
        group_by_depth: config.group_by_depth,
        group_rollup_mode: Some(match config.group_rollup_mode.unwrap_or_default() {
            GroupRollup::Rollup => wire::GroupRollupMode::Rollup,
            GroupRollup::Flat => wire::GroupRollupMode::Flat,
            GroupRollup::Total => wire::GroupRollupMode::Total,
        } as i32),
        split_rollup_mode: Some(match config.split_rollup_mode.unwrap_or_default() {
            SplitRollup::Flat => wire::SplitRollupMode::Flat,
            SplitRollup::Rollup => wire::SplitRollupMode::Rollup,
        } as i32),
    }
}
