//! Every input format, to make a table of and to update one with. The first byte chooses the format.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sightline_core::ingest::{IngestOptions, Input, ListFlatten, conform, infer, keys};
use sightline_core::table::{Table, TableOptions};
use sightline_core::{ColumnType, Schema};

fuzz_target!(|data: &[u8]| {
    let Some((&choice, body)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(body);
    let input = || match choice % 5 {
        0 => Input::Arrow(body),
        1 => Input::Csv(&text),
        2 => Input::Rows(&text),
        3 => Input::Columns(&text),
        _ => Input::Ndjson(&text),
    };
    let list_flatten = match choice / 5 % 3 {
        0 => ListFlatten::Zip,
        1 => ListFlatten::Cartesian,
        _ => ListFlatten::Stringify,
    };
    let options = IngestOptions { list_flatten, ..IngestOptions::default() };
    if let Ok((schema, batch)) = infer(input(), &options)
        && let Ok(mut table) = Table::new(schema.clone(), &TableOptions::default())
    {
        table.apply(batch);
        if let Ok(again) = conform(input(), &schema, None, &options) {
            table.apply(again);
        }
    }
    let schema = Schema::of_types([
        ("i", ColumnType::Integer),
        ("f", ColumnType::Float),
        ("s", ColumnType::String),
        ("b", ColumnType::Boolean),
        ("d", ColumnType::Date),
        ("t", ColumnType::Datetime),
    ]);
    let indexed = TableOptions { index: Some("s".to_owned()), limit: None };
    if let Ok(mut table) = Table::new(schema.clone(), &indexed) {
        table.set_tracking(true);
        if let Ok(batch) = conform(input(), &schema, Some(2), &options) {
            table.apply(batch);
        }
        if let Ok(keys) = keys(input(), &schema.fields()[2], &options) {
            table.remove(&keys);
        }
        let _ = table.take_delta();
    }
});
