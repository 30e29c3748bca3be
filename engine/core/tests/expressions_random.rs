//! Random expressions: nothing panics, all rows together equal each row alone, and the column kernels equal the row
//! interpreter.

use proptest::prelude::*;
use sightline_core::column::{Column, column_of};
use sightline_core::expr::{Environment, EvalContext, Limits, Program, RowSelection, compile};
use sightline_core::{DataType, Scalar, Value};

const N_ROWS: usize = 70;

/// Columns of all types with nulls, zeros, extremes and repeated texts.
fn sample() -> Vec<(&'static str, Column)> {
    let pick = |i: usize, n: usize| (i * 7 + i / 3) % n;
    let ints = [0, 1, -1, 7, -13, 1 << 40, i64::MAX, i64::MIN, 100];
    let floats = [
        0.0,
        -0.0,
        1.5,
        -2.5,
        1e300,
        -1e-300,
        3.0,
        f64::NAN,
        f64::INFINITY,
    ];
    let texts = [
        "",
        "abc",
        "Hello World",
        "äöü ß",
        "12.5",
        "a-b-c",
        "2024-02-29",
        "x",
    ];
    let with_nulls = |dtype, value: &dyn Fn(usize) -> Value<'static>| {
        column_of(
            dtype,
            (0..N_ROWS).map(|i| if i % 5 == 3 { Value::Null } else { value(i) }),
        )
    };
    vec![
        (
            "n",
            with_nulls(DataType::Int64, &|i| Value::Int(ints[pick(i, 9)])),
        ),
        (
            "m",
            with_nulls(DataType::Int64, &|i| Value::Int(i as i64 - 30)),
        ),
        (
            "f",
            with_nulls(DataType::Float64, &|i| Value::Float(floats[pick(i + 1, 9)])),
        ),
        (
            "g",
            column_of(
                DataType::Float64,
                (0..N_ROWS).map(|i| Value::Float(i as f64 / 4.0 - 5.0)),
            ),
        ),
        (
            "s",
            with_nulls(DataType::String, &|i| Value::Text(texts[pick(i, 8)])),
        ),
        (
            "t",
            with_nulls(DataType::String, &|i| Value::Text(texts[pick(i + 2, 8)])),
        ),
        (
            "b",
            with_nulls(DataType::Boolean, &|i| Value::Bool(pick(i, 3) == 0)),
        ),
        (
            "d",
            with_nulls(DataType::Date, &|i| {
                Value::Date([0, -1, 19_782, i32::MAX, i32::MIN][pick(i, 5)])
            }),
        ),
        (
            "w",
            with_nulls(DataType::Datetime, &|i| {
                Value::Datetime([0, -1, 1_709_214_330_250, i64::MAX, i64::MIN][pick(i, 5)])
            }),
        ),
    ]
}

fn compiled(text: &str, sample: &[(&str, Column)]) -> Option<Program> {
    let environment = Environment {
        columns: sample
            .iter()
            .map(|(name, column)| ((*name).into(), column.dtype()))
            .collect(),
        key: None,
    };
    compile(text, &environment, &Limits::default()).ok()
}

fn evaluate(
    program: &Program,
    sample: &[(&str, Column)],
    rows: RowSelection<'_>,
) -> Option<Column> {
    let find = |name: &str| {
        &sample
            .iter()
            .find(|(known, _)| *known == name)
            .expect("the column exists")
            .1
    };
    let inputs: Vec<&Column> = program.inputs().iter().map(|name| find(name)).collect();
    let lookup = |name: &str, key: Value<'_>| match key {
        Value::Int(row) if (0..N_ROWS as i64).contains(&row) => {
            find(name).value(row as usize).to_scalar()
        }
        _ => Scalar::Null,
    };
    let context = EvalContext {
        now_ms: 1_717_243_200_000.0,
        random_seed: 1,
        key: &|row| Scalar::Int(row.into()),
        lookup: &lookup,
        limits: Limits {
            steps: 20_000,
            ..Limits::default()
        },
    };
    program.evaluate(&inputs, rows, &context).ok()
}

fn cells(column: &Column) -> Vec<String> {
    (0..column.len())
        .map(|i| format!("{:?}", column.value(i)))
        .collect()
}

/// Draws random expressions of a wanted type.
struct Draw(u64);

impl Draw {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn number(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .one(&[
                    "\"n\"", "\"m\"", "\"f\"", "\"g\"", "0", "1", "2.5", "-3", "1e18", "null",
                ])
                .to_owned();
        }
        let (a, b, c) = (depth - 1, depth - 1, depth - 1);
        match self.below(14) {
            0..=3 => format!(
                "({} {} {})",
                self.number(a),
                self.one(&["+", "-", "*", "/", "%", "^"]),
                self.number(b)
            ),
            4 => format!("-({})", self.number(a)),
            5 => format!(
                "{}({})",
                self.one(&[
                    "abs", "floor", "sqrt", "log", "trunc", "sgn", "round", "exp"
                ]),
                self.number(a)
            ),
            6 => format!(
                "{}({}, {})",
                self.one(&[
                    "min",
                    "max",
                    "pow",
                    "bucket",
                    "least",
                    "coalesce",
                    "nullif",
                    "percent_of"
                ]),
                self.number(a),
                self.number(b)
            ),
            7 => format!(
                "if({}, {}, {})",
                self.truth(a),
                self.number(b),
                self.number(c)
            ),
            8 => format!(
                "clamp({}, {}, {})",
                self.number(a),
                self.number(b),
                self.number(c)
            ),
            9 => format!(
                "{}({})",
                self.one(&["length", "integer", "float"]),
                self.text(a)
            ),
            10 => format!(
                "{}({})",
                self.one(&["year", "week_of_year", "hour_of_day", "day", "integer"]),
                self.moment(a)
            ),
            11 => format!(
                "date_diff({}, {}, '{}')",
                self.moment(a),
                self.moment(b),
                self.one(&["day", "month", "hour", "week"])
            ),
            12 => format!("integer({})", self.number(a)),
            _ => self.number(0),
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .one(&["\"b\"", "true", "false", "is_null(\"n\")", "\"n\" > 0"])
                .to_owned();
        }
        let (a, b) = (depth - 1, depth - 1);
        let compare = ["==", "!=", "<", "<=", ">", ">="];
        match self.below(8) {
            0..=1 => format!(
                "({} {} {})",
                self.number(a),
                self.one(&compare),
                self.number(b)
            ),
            2 => format!("({} {} {})", self.text(a), self.one(&compare), self.text(b)),
            3 => format!(
                "({} {} {})",
                self.truth(a),
                self.one(&["and", "or", "xor", "nand", "nor", "xnor"]),
                self.truth(b)
            ),
            4 => format!("not({})", self.truth(a)),
            5 => format!(
                "{}({}, '{}')",
                self.one(&["contains", "match", "starts_with", "like"]),
                self.text(a),
                self.one(&["a", "b.", "%o%", ""])
            ),
            6 => format!(
                "inrange({}, {}, {})",
                self.number(a),
                self.number(b),
                self.number(0)
            ),
            _ => format!("is_null({})", self.text(a)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .one(&["\"s\"", "\"t\"", "'abc'", "''", "'ä'"])
                .to_owned();
        }
        let (a, b) = (depth - 1, depth - 1);
        match self.below(9) {
            0 => format!(
                "{}({})",
                self.one(&["upper", "lower", "trim", "reverse", "capitalize"]),
                self.text(a)
            ),
            1 => format!("concat({}, {})", self.text(a), self.text(b)),
            2 => format!("substring({}, {})", self.text(a), self.number(b)),
            3 => format!("if({}, {}, {})", self.truth(a), self.text(b), self.text(b)),
            4 => format!("string({})", self.number(a)),
            5 => format!(
                "replace_all({}, '{}', {})",
                self.text(a),
                self.one(&["a", "[a-c]", "(l+)"]),
                self.text(b)
            ),
            6 => format!("coalesce({}, {})", self.text(a), self.text(b)),
            7 => format!(
                "{}({}, {})",
                self.one(&["left", "right", "pad_left"]),
                self.text(a),
                self.one(&["2", "\"m\"", "0"])
            ),
            _ => format!(
                "{}({})",
                self.one(&["day_of_week", "month_of_year", "string"]),
                self.moment(a)
            ),
        }
    }

    fn moment(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .one(&["\"d\"", "\"w\"", "date(2024, 2, 29)", "datetime(1e12)"])
                .to_owned();
        }
        let a = depth - 1;
        match self.below(5) {
            0 => format!(
                "bucket({}, '{}')",
                self.moment(a),
                self.one(&["s", "m", "h", "D", "W", "M", "Y", "3M"])
            ),
            1 => format!(
                "date_add({}, {}, '{}')",
                self.moment(a),
                self.number(a),
                self.one(&["day", "month", "hour"])
            ),
            2 => format!(
                "date_trunc({}, '{}')",
                self.moment(a),
                self.one(&["day", "quarter", "hour"])
            ),
            3 => format!("datetime({})", self.number(a)),
            _ => format!(
                "date({}, {}, {})",
                self.number(a),
                self.number(a),
                self.number(0)
            ),
        }
    }

    fn any(&mut self, depth: usize) -> String {
        match self.below(4) {
            0 => self.number(depth),
            1 => self.truth(depth),
            2 => self.text(depth),
            _ => self.moment(depth),
        }
    }
}

/// Makes every column state, which puts the whole expression in the hands of the row interpreter.
fn by_rows(text: &str, sample: &[(&str, Column)]) -> String {
    let assignments: String = sample
        .iter()
        .map(|(name, _)| format!("\"{name}\" := \"{name}\"; "))
        .collect();
    format!("if (false) {{ {assignments} }}; {text}")
}

/// Pieces of which texts are made that need not be expressions.
const PIECES: &[&str] = &[
    "\"n\"", "\"s\"", "\"d\"", "'a'", "1", "2.5", "null", "true", "+", "-", "*", "/", "%", "^",
    "(", ")", "[", "]", "{", "}", ",", ";", ":", "?", ":=", "+=", "==", "<", ">=", "and", "or",
    "not", "if", "else", "for", "while", "var", "x", "y", "v", "switch", "case", "default",
    "break", "continue", "return", "repeat", "until", "~", "[*]", "upper", "concat", "bucket",
    "indexof", "'(a)'", "min", "coalesce", "vlookup", "index", "random", "&", "|", "!", "'", "\"",
    "\\", "ä", "//", "/*", "\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_engine_panic(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40)) {
        let sample = sample();
        if let Some(program) = compiled(&pieces.join(" "), &sample) {
            evaluate(&program, &sample, RowSelection::All(N_ROWS));
        }
    }

    #[test]
    fn rows_together_equal_rows_alone(seed in any::<u64>(), depth in 1_usize..5) {
        let sample = sample();
        let text = Draw(seed).any(depth);
        let program = compiled(&text, &sample);
        prop_assume!(program.is_some());
        let program = program.expect("assumed");
        let Some(together) = evaluate(&program, &sample, RowSelection::All(N_ROWS)) else { return Ok(()) };
        for row in [0, 3, 17, 41, 69_u32] {
            let alone = evaluate(&program, &sample, RowSelection::List(&[row])).expect("one row needs no more than all");
            prop_assert_eq!(&cells(&alone)[0], &cells(&together)[row as usize], "row {} of {}", row, text);
        }
    }

    #[test]
    fn columns_equal_the_row_interpreter(seed in any::<u64>(), depth in 1_usize..5) {
        let sample = sample();
        let text = Draw(seed).any(depth);
        let (columns, rows) = (compiled(&text, &sample), compiled(&by_rows(&text, &sample), &sample));
        prop_assert_eq!(columns.is_some(), rows.is_some(), "{}", text);
        if let (Some(columns), Some(rows)) = (columns, rows) {
            prop_assert_eq!(columns.dtype(), rows.dtype(), "{}", text);
            let columns = evaluate(&columns, &sample, RowSelection::All(N_ROWS));
            let rows = evaluate(&rows, &sample, RowSelection::All(N_ROWS));
            if let (Some(columns), Some(rows)) = (columns, rows) {
                prop_assert_eq!(cells(&columns), cells(&rows), "{}", text);
            }
        }
    }
}
