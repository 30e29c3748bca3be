//! Expressions and windows: compiled, and evaluated over a few rows of every type.
//!
//! The text is an expression. Lines that start with `#window` name what a window over its result, or over a column of
//! the table, computes: `#window op column partition order desc frame number`, all but `op` optional.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_core::ingest::{IngestOptions, Input, infer};
use sightline_core::table::{Table, TableOptions};
use sightline_core::view::{Context, ExpressionLimits, Frame, Plan, ViewConfig, ViewCore, WindowSpec};

const ROWS: &str = r#"[
    {"i": 1, "f": 1.5, "s": "x", "b": true, "d": "2020-01-31", "t": "2020-01-31 10:00:00"},
    {"i": -9223372036854775808, "f": -0.0, "s": "", "b": false, "d": "1969-12-31", "t": "1969-12-31 23:59:59.999"},
    {},
    {"i": 9223372036854775807, "f": 1e308, "s": "日本 ok", "b": true, "d": "9999-12-31", "t": "9999-12-31 00:00:01"}
]"#;

/// The window that a line asks for.
fn window(line: &str) -> WindowSpec {
    let mut words = line.split(' ').map(str::to_owned);
    let op = words.next().unwrap_or_default();
    let source = words.next().unwrap_or_default();
    let partition_by = words.next().filter(|word| word != "-").into_iter().collect();
    let order = words.next().filter(|word| word != "-");
    let descending = words.next().is_some_and(|word| word == "desc");
    let frame = words.next();
    let number = words.next().and_then(|word| word.parse::<f64>().ok());
    WindowSpec {
        source,
        op,
        partition_by,
        order_by: order.map(|column| (column, descending)),
        frame: match (frame.as_deref(), number) {
            (Some("rows"), Some(n)) => Some(Frame::Rows(n as u32)),
            (Some("range"), Some(n)) => Some(Frame::Range(n)),
            (Some("cumulative"), _) => Some(Frame::Cumulative),
            _ => None,
        },
        offset: number.map(|n| n as u32),
        alpha: number,
    }
}

fuzz_target!(|text: &str| {
    let (schema, batch) = infer(Input::Rows(ROWS), &IngestOptions::default()).expect("valid rows");
    let mut table = Table::new(schema, &TableOptions::default()).expect("a valid schema");
    table.apply(batch);
    let limits = ExpressionLimits { steps: 20_000, steps_per_row: 1_000, text_bytes: 1 << 20, ..Default::default() };
    let (lines, asked): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| !line.starts_with("#window "));
    let windows = asked.iter().take(3).enumerate();
    let expression = Some(lines.join("\n")).filter(|text| !text.trim().is_empty());
    let config = ViewConfig {
        expressions: expression.map(|text| ("e".to_owned(), text)).into_iter().collect(),
        windows: windows.map(|(i, line)| (format!("w{i}"), window(&line["#window ".len()..]))).collect(),
        ..ViewConfig::default()
    };
    let context = Context { now_ms: 1.7e12, random_seed: 1, expressions: limits };
    if let Ok(plan) = Plan::new(&config, &table, &limits) {
        let _ = ViewCore::new(plan, &table, &context);
    }
});
