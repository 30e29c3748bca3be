//! Expressions: compiled, and evaluated over a few rows of every type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_core::ingest::{IngestOptions, Input, infer};
use sightline_core::table::{Table, TableOptions};
use sightline_core::view::{Context, ExpressionLimits, Plan, ViewConfig, ViewCore};

const ROWS: &str = r#"[
    {"i": 1, "f": 1.5, "s": "x", "b": true, "d": "2020-01-31", "t": "2020-01-31 10:00:00"},
    {"i": -9223372036854775808, "f": -0.0, "s": "", "b": false, "d": "1969-12-31", "t": "1969-12-31 23:59:59.999"},
    {},
    {"i": 9223372036854775807, "f": 1e308, "s": "日本 ok", "b": true, "d": "9999-12-31", "t": "9999-12-31 00:00:01"}
]"#;

fuzz_target!(|text: &str| {
    let (schema, batch) = infer(Input::Rows(ROWS), &IngestOptions::default()).expect("valid rows");
    let mut table = Table::new(schema, &TableOptions::default()).expect("a valid schema");
    table.apply(batch);
    let limits = ExpressionLimits { steps: 20_000, steps_per_row: 1_000, text_bytes: 1 << 20, ..Default::default() };
    let config = ViewConfig { expressions: vec![("e".to_owned(), text.to_owned())], ..ViewConfig::default() };
    let context = Context { now_ms: 1.7e12, random_seed: 1, expressions: limits };
    if let Ok(plan) = Plan::new(&config, &table, &limits) {
        let _ = ViewCore::new(plan, &table, &context);
    }
});
