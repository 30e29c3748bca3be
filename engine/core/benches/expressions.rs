//! Computed columns over a million rows: expressions of each kind, and windows.
//!
//! `cargo bench -p sightline-core --bench expressions`. A view with one computed column is built over a table of floats `x`
//! and `y`, integers `i` and `j`, datetimes `at`, texts `few` (500 distinct) and `many` (all distinct).

use divan::{Bencher, black_box};
use sightline_core::DataType;
use sightline_core::batch::{Batch, BatchColumn, Keys};
use sightline_core::column::{Column, Data, column_of};
use sightline_core::table::{Table, TableOptions};
use sightline_core::view::{
    Context, ExpressionLimits, Frame, Plan, ViewConfig, ViewCore, WindowSpec,
};
use sightline_core::{Field, Schema, Value};

const ROWS: usize = 1_000_000;

const COLUMNS: [(&str, DataType); 7] = [
    ("x", DataType::Float64),
    ("y", DataType::Float64),
    ("i", DataType::Int64),
    ("j", DataType::Int64),
    ("at", DataType::Datetime),
    ("few", DataType::String),
    ("many", DataType::String),
];

fn main() {
    divan::main();
}

/// A number below `n` without a pattern, the same in each run.
fn noise(i: usize, salt: u64, n: u64) -> u64 {
    let mut z = (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ salt;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z >> 33) % n
}

fn ints(values: impl Iterator<Item = i64>) -> Column {
    Column::from_parts(DataType::Int64, Data::Int(values.collect()), None)
}

fn floats(salt: u64) -> Column {
    let values = (0..ROWS).map(|i| noise(i, salt, 100_000) as f64 / 100.0);
    Column::from_parts(DataType::Float64, Data::Float(values.collect()), None)
}

fn texts(text: impl Fn(usize) -> String) -> Column {
    let texts: Vec<String> = (0..ROWS).map(text).collect();
    column_of(DataType::String, texts.iter().map(|text| Value::Text(text)))
}

fn table() -> Table {
    let mut at = ints((0..ROWS as i64).map(|i| 1_700_000_000_000 + i * 10_007));
    at.set_dtype(DataType::Datetime);
    let columns = [
        floats(1),
        floats(2),
        ints((0..ROWS).map(|i| noise(i, 3, 1000) as i64)),
        ints((0..ROWS).map(|i| noise(i, 4, 1000) as i64 + 1)),
        at,
        texts(|i| format!("Symbol-{:03}", noise(i, 5, 500))),
        texts(|i| format!("order {i} of {}", noise(i, 6, 100))),
    ];
    let fields = COLUMNS.map(|(name, dtype)| Field::new(name, dtype));
    let mut table = Table::new(Schema::new(fields.into()), &TableOptions::default())
        .expect("a good configuration");
    let columns = columns.into_iter().enumerate();
    table.apply(Batch {
        n_rows: ROWS,
        columns: columns
            .map(|(position, data)| BatchColumn {
                position,
                data,
                given: None,
            })
            .collect(),
        keys: Keys::Implied,
    });
    table
}

fn core(table: &Table, config: &ViewConfig) -> ViewCore {
    let plan = Plan::new(config, table, &ExpressionLimits::default()).expect("a good plan");
    ViewCore::new(plan, table, &Context::default()).expect("no limit is met")
}

fn expression(text: &str) -> ViewConfig {
    ViewConfig {
        expressions: vec![("e".to_owned(), text.to_owned())],
        columns: Some(vec!["e".to_owned()]),
        ..ViewConfig::default()
    }
}

/// Kind and text of the expressions that are measured.
const EXPRESSIONS: [(&str, &str); 16] = [
    ("arithmetic_float", r#""x" * "y" + "x" / 2"#),
    ("arithmetic_integer", r#""i" * "j" - "i""#),
    ("comparison", r#""x" > "y""#),
    ("comparison_text", r#""few" == 'Symbol-007'"#),
    ("function", r#"sqrt("x") + log("y" + 1)"#),
    (
        "conditional",
        r#"if ("x" > 500) "x"; else if ("y" > 500) "y"; else 0;"#,
    ),
    (
        "switch",
        r#"switch { case "i" > 600 : 'high'; case "i" > 300 : 'mid'; default : 'low'; }"#,
    ),
    ("string_few", r#"upper("few")"#),
    ("string_many", r#"upper("many")"#),
    ("concat_few", r#"concat("few", '!')"#),
    ("concat_many", r#"concat("many", '/', "few")"#),
    ("regex_few", r#"match("few", '-00[0-9]$')"#),
    ("regex_many", r#"search("many", 'of ([0-9]+)')"#),
    ("date_bucket", r#"bucket("at", 'M')"#),
    ("variables", r#"var a := "x" * 2; var b := a + "y"; b * b"#),
    (
        "loop_of_ten",
        r#"var s := 0; for (var k := 0; k < 10; k += 1) { s += "x" * k; }; s"#,
    ),
];

#[divan::bench(args = EXPRESSIONS.map(|(kind, _)| kind), sample_count = 7)]
fn expression_over_1m_rows(bencher: Bencher<'_, '_>, kind: &str) {
    let table = table();
    let text = EXPRESSIONS.iter().find(|(known, _)| *known == kind);
    let config = expression(text.expect("a kind of the list").1);
    bencher.bench_local(|| black_box(core(&table, &config)));
}

fn window(op: &str, partition: bool, frame: Option<Frame>) -> ViewConfig {
    let spec = WindowSpec {
        source: "x".to_owned(),
        op: op.to_owned(),
        partition_by: partition.then(|| "few".to_owned()).into_iter().collect(),
        order_by: Some(("at".to_owned(), false)),
        frame,
        offset: None,
        alpha: (op == "ema").then_some(0.1),
    };
    ViewConfig {
        windows: vec![("w".to_owned(), spec)],
        columns: Some(vec!["w".to_owned()]),
        ..ViewConfig::default()
    }
}

/// Kind, op, whether it is partitioned, and frame of the windows that are measured.
const WINDOWS: [(&str, &str, bool, Option<Frame>); 12] = [
    ("sum_rows_20", "sum", false, Some(Frame::Rows(20))),
    (
        "sum_rows_20_partitioned",
        "sum",
        true,
        Some(Frame::Rows(20)),
    ),
    (
        "avg_range_200s",
        "avg",
        false,
        Some(Frame::Range(200_000.0)),
    ),
    ("stddev_rows_20", "stddev", false, Some(Frame::Rows(20))),
    ("max_rows_20", "max", false, Some(Frame::Rows(20))),
    ("sum_cumulative", "sum", false, None),
    ("ema", "ema", false, None),
    ("lag", "lag", true, None),
    ("rank", "rank", true, None),
    ("median_rows_20", "median", false, Some(Frame::Rows(20))),
    (
        "median_rows_10k",
        "median",
        false,
        Some(Frame::Rows(10_000)),
    ),
    ("median_cumulative", "median", false, None),
];

#[divan::bench(args = WINDOWS.map(|(kind, ..)| kind), sample_count = 5)]
fn window_over_1m_rows(bencher: Bencher<'_, '_>, kind: &str) {
    let table = table();
    let found = WINDOWS.iter().find(|(known, ..)| *known == kind);
    let (_, op, partition, frame) = found.expect("a kind of the list").clone();
    let config = window(op, partition, frame);
    bencher.bench_local(|| black_box(core(&table, &config)));
}
