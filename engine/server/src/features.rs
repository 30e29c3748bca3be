//! The answer to `GetFeaturesReq`: what user interfaces may offer.
//!
//! Order matters: the first operator or aggregate of a type is its default in a viewer's menus.

use sightline_protocol::get_features_resp::{
    AggregateArgs, AggregateOptions, ColumnTypeOptions, WindowAggregateOptions,
};
use sightline_protocol::{
    ColumnType, GetFeaturesResp, GroupRollupMode, SplitRollupMode, WindowAggregateArgs,
};

use crate::session::Dialect;

const ALL: [ColumnType; 6] = [
    ColumnType::String,
    ColumnType::Date,
    ColumnType::Datetime,
    ColumnType::Integer,
    ColumnType::Float,
    ColumnType::Boolean,
];

const COMPARISONS: [&str; 6] = ["==", "!=", ">", ">=", "<", "<="];
const TEXT_OPS: [&str; 10] = [
    "begins with",
    "not begins with",
    "contains",
    "not contains",
    "ends with",
    "not ends with",
    "matches",
    "not matches",
    "in",
    "not in",
];
const NULL_OPS: [&str; 2] = ["is not null", "is null"];

/// Aggregates by type, in menu order; a name before `/` takes one numeric column as argument.
const TEXT_AGGREGATES: &str = "count,any,distinct count,distinct leaf,dominant,first,join,last,last by index,median,q1,q3,\
    unique,min by/,max by/";
const TIME_AGGREGATES: &str = "count,any,avg,distinct count,distinct leaf,dominant,first,high,low,min,max,last by index,last,median,q1,q3,unique";
const NUMBER_AGGREGATES: &str = "sum,abs sum,any,avg,count,distinct count,distinct leaf,dominant,first,gmv,high,low,max,\
    min,high minus low,last by index,last minus first,last,mean,median,mul,q1,q3,pct sum parent,pct sum total,stddev,\
    sum abs,sum or zero,unique,var,weighted mean/,min by/,max by/";
const BOOLEAN_AGGREGATES: &str =
    "count,and,any,distinct count,distinct leaf,dominant,first,last,last by index,or,unique";

fn filter_ops(column_type: ColumnType) -> ColumnTypeOptions {
    let text: &[&str] = if column_type == ColumnType::String {
        &TEXT_OPS
    } else {
        &[]
    };
    let options = COMPARISONS
        .iter()
        .chain(text)
        .chain(&NULL_OPS)
        .map(|&op| op.to_owned())
        .collect();
    ColumnTypeOptions { options }
}

fn aggregates(column_type: ColumnType, dialect: Dialect) -> AggregateOptions {
    let names = match column_type {
        ColumnType::String => TEXT_AGGREGATES,
        ColumnType::Date | ColumnType::Datetime => TIME_AGGREGATES,
        ColumnType::Integer | ColumnType::Float => NUMBER_AGGREGATES,
        ColumnType::Boolean => BOOLEAN_AGGREGATES,
    };
    let aggregates = names
        .split(',')
        .map(|name| match name.trim().strip_suffix('/') {
            Some(name) => AggregateArgs {
                name: name.to_owned(),
                args: vec![ColumnType::Float as i32],
            },
            // The one aggregate that was renamed between the dialects; the engine knows both names.
            None if name.trim() == "sum or zero" && dialect == Dialect::V55 => AggregateArgs {
                name: "sum not null".to_owned(),
                args: Vec::new(),
            },
            None => AggregateArgs {
                name: name.trim().to_owned(),
                args: Vec::new(),
            },
        })
        .collect();
    AggregateOptions { aggregates }
}

fn windows(column_type: ColumnType) -> WindowAggregateOptions {
    let numeric = matches!(column_type, ColumnType::Integer | ColumnType::Float);
    let op = |name: &str, frames: &[&str], offset, alpha, result_type: Option<ColumnType>| {
        WindowAggregateArgs {
            name: name.to_owned(),
            frames: frames.iter().map(|&frame| frame.to_owned()).collect(),
            offset,
            alpha,
            result_type: result_type.map(|result_type| result_type as i32),
        }
    };
    let framed = ["rows", "range", "cumulative"];
    let float = Some(ColumnType::Float);
    let mut options = vec![
        op("count", &framed, false, false, Some(ColumnType::Integer)),
        op("min", &framed, false, false, None),
        op("max", &framed, false, false, None),
    ];
    if numeric {
        options.insert(0, op("sum", &framed, false, false, float));
        options.insert(1, op("avg", &framed, false, false, float));
        options.push(op("stddev", &framed, false, false, float));
        options.push(op("var", &framed, false, false, float));
    }
    options.push(op("lag", &[], true, false, None));
    options.push(op("lead", &[], true, false, None));
    if numeric {
        options.push(op("diff", &[], true, false, float));
        options.push(op("rate", &["range"], false, false, float));
        options.push(op("ema", &[], false, true, float));
    }
    options.push(op(
        "row_number",
        &[],
        false,
        false,
        Some(ColumnType::Integer),
    ));
    WindowAggregateOptions { options }
}

/// Everything that is supported, in the words of a dialect.
pub fn features(dialect: Dialect) -> GetFeaturesResp {
    let by_type = || {
        ALL.iter()
            .map(|&column_type| (column_type as u32, column_type))
    };
    GetFeaturesResp {
        group_by: true,
        split_by: true,
        expressions: true,
        on_update: true,
        sort: true,
        view_derivations: true,
        unordered: false,
        filter_ops: by_type()
            .map(|(key, column_type)| (key, filter_ops(column_type)))
            .collect(),
        aggregates: by_type()
            .map(|(key, column_type)| (key, aggregates(column_type, dialect)))
            .collect(),
        window_aggregates: by_type()
            .map(|(key, column_type)| (key, windows(column_type)))
            .collect(),
        group_rollup_mode: vec![
            GroupRollupMode::Rollup as i32,
            GroupRollupMode::Flat as i32,
            GroupRollupMode::Total as i32,
        ],
        split_rollup_mode: vec![SplitRollupMode::Flat as i32, SplitRollupMode::Rollup as i32],
    }
}
