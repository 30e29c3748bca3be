//! Runs every example of `docs/expressions.md`, so that the guide cannot go stale, and checks that it names every
//! function.

use sightline_core::column::{Column, column_of};
use sightline_core::expr::{
    Environment, EvalContext, Limits, RowSelection, compile, function_names,
};
use sightline_core::{DataType, Scalar, Value};

const GUIDE: &str = include_str!("../../../docs/expressions.md");

/// The table that the guide describes.
fn sample() -> Vec<(&'static str, Column)> {
    let column = |dtype, a, b| column_of(dtype, [a, b, Value::Null]);
    vec![
        (
            "name",
            column(DataType::String, Value::Text("Ada"), Value::Text("Émile")),
        ),
        (
            "qty",
            column(DataType::Int32, Value::Int(3), Value::Int(-7)),
        ),
        (
            "price",
            column(DataType::Float64, Value::Float(2.5), Value::Float(0.5)),
        ),
        (
            "big",
            column(
                DataType::Int64,
                Value::Int(9_007_199_254_740_993),
                Value::Int(-2),
            ),
        ),
        (
            "day",
            column(DataType::Date, Value::Date(19_782), Value::Date(19_722)),
        ),
        (
            "at",
            column(
                DataType::Datetime,
                Value::Datetime(1_709_214_330_250),
                Value::Datetime(1_704_063_600_000),
            ),
        ),
        (
            "paid",
            column(DataType::Boolean, Value::Bool(true), Value::Bool(false)),
        ),
    ]
}

fn show(value: Value<'_>) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(text) => format!("'{}'", text.replace('\'', "\\'")),
        Value::Date(day) => {
            let mut text = String::new();
            sightline_core::ingest::time::format_date(day, &mut text);
            text
        }
        Value::Datetime(ms) => {
            let mut text = String::new();
            sightline_core::ingest::time::format_datetime(ms, &mut text);
            text
        }
    }
}

/// The result of an expression as the guide writes it: one value if all rows agree.
fn result(text: &str, sample: &[(&str, Column)]) -> String {
    let environment = Environment {
        columns: sample
            .iter()
            .map(|(name, column)| ((*name).into(), column.dtype()))
            .collect(),
        key: None,
    };
    let program = match compile(text, &environment, &Limits::default()) {
        Ok(program) => program,
        Err(error) => return format!("error: {error}"),
    };
    let find = |name: &str| {
        &sample
            .iter()
            .find(|(known, _)| *known == name)
            .expect("the column exists")
            .1
    };
    let inputs: Vec<&Column> = program.inputs().iter().map(|name| find(name)).collect();
    let lookup = |name: &str, key: Value<'_>| match key {
        Value::Int(row @ 0..3) => find(name).value(row as usize).to_scalar(),
        _ => Scalar::Null,
    };
    let context = EvalContext {
        now_ms: 1_717_243_200_000.0,
        random_seed: 1,
        key: &|row| Scalar::Int(row.into()),
        lookup: &lookup,
        limits: Limits::default(),
    };
    let column = match program.evaluate(&inputs, RowSelection::All(3), &context) {
        Ok(column) => column,
        Err(error) => return format!("error: {error}"),
    };
    assert_eq!(column.dtype(), program.dtype(), "{text}");
    let cells: Vec<String> = (0..3).map(|row| show(column.value(row))).collect();
    if cells.iter().all(|cell| *cell == cells[0]) {
        cells[0].clone()
    } else {
        cells.join(", ")
    }
}

/// The last two cells of a table row, if both are code: an example and its result.
fn example(line: &str) -> Option<(String, String)> {
    let line = line.strip_prefix('|')?.strip_suffix('|')?;
    let cells: Vec<String> = line
        .replace("\\|", "\u{0}")
        .split('|')
        .map(|cell| cell.trim().replace('\u{0}', "|"))
        .collect();
    let [.., example, result] = cells.as_slice() else {
        return None;
    };
    let code = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    (cells.len() >= 3).then_some(())?;
    Some((code(example)?, code(result)?)).filter(|(example, _)| !example.contains('`'))
}

#[test]
fn every_example_gives_its_result() {
    let sample = sample();
    let in_sections = GUIDE
        .split("## The basics")
        .nth(1)
        .expect("the guide has its sections");
    let mut failures = Vec::new();
    let mut n_examples = 0;
    for (text, expected) in in_sections.lines().filter_map(example) {
        n_examples += 1;
        let found = result(&text, &sample);
        if found != expected {
            failures.push(format!("{text}\n  guide: {expected}\n  found: {found}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(
        n_examples > 150,
        "only {n_examples} examples were found in the guide"
    );
}

#[test]
fn every_function_has_an_example() {
    let functions = GUIDE
        .split("## Functions")
        .nth(1)
        .expect("the guide has its sections");
    let missing: Vec<&str> = function_names()
        .filter(|name| !functions.contains(&format!("`{name}(")))
        .collect();
    assert!(missing.is_empty(), "not in the guide: {missing:?}");
}
