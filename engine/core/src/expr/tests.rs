//! Behaviour of whole expressions: errors and their places, dependencies, exactness, limits.

use super::*;
use crate::column::column_of;

fn environment() -> Environment {
    let columns = [
        ("i", DataType::Int32),
        ("big", DataType::Int64),
        ("unsigned", DataType::UInt64),
        ("Sales", DataType::Float64),
        ("s", DataType::String),
        ("b", DataType::Boolean),
        ("d", DataType::Date),
    ];
    Environment {
        columns: columns.map(|(name, dtype)| (name.into(), dtype)).to_vec(),
        key: None,
    }
}

fn error(text: &str) -> (String, u32, u32) {
    match compile(text, &environment(), &Limits::default()) {
        Err(Error::Expression {
            message,
            line,
            column,
        }) => (message, line, column),
        other => panic!("{text} gives {other:?}"),
    }
}

fn dtype(text: &str) -> DataType {
    compile(text, &environment(), &Limits::default())
        .unwrap()
        .dtype()
}

fn run(
    text: &str,
    inputs: &[(&str, Column)],
    rows: RowSelection<'_>,
    limits: Limits,
) -> Result<Column> {
    let environment = Environment {
        columns: inputs
            .iter()
            .map(|(name, column)| ((*name).into(), column.dtype()))
            .collect(),
        key: None,
    };
    let program = compile(text, &environment, &limits)?;
    let find = |name: &Rc<str>| {
        &inputs
            .iter()
            .find(|(known, _)| **known == **name)
            .unwrap()
            .1
    };
    let inputs: Vec<&Column> = program.inputs().iter().map(find).collect();
    let context = EvalContext {
        now_ms: 0.0,
        random_seed: 1,
        key: &|row| Scalar::Int(row.into()),
        lookup: &|_, _| Scalar::Null,
        limits,
    };
    program.evaluate(&inputs, rows, &context)
}

fn all(text: &str, inputs: &[(&str, Column)]) -> Vec<Scalar> {
    let n = inputs.first().map_or(1, |(_, column)| column.len());
    let column = run(text, inputs, RowSelection::All(n), Limits::default()).unwrap();
    (0..n).map(|i| column.value(i).to_scalar()).collect()
}

#[test]
fn errors_name_the_fault_and_its_place() {
    let types = "Type Error - inputs do not resolve to a valid expression.";
    for (text, message, line, column) in [
        (
            "\"zz\"",
            "Value Error - Input column \"zz\" does not exist.",
            0,
            0,
        ),
        (
            "1 + \"sales\"",
            "Value Error - Input column \"sales\" does not exist. Did you mean \"Sales\"?",
            0,
            4,
        ),
        (
            "var a := 1;\n\"i\" + + foo(1)",
            "Undefined symbol: 'foo'",
            1,
            8,
        ),
        (
            "uper(\"s\")",
            "Undefined symbol: 'uper' Did you mean 'upper'?",
            0,
            0,
        ),
        ("\"i\" +", "Premature end of expression[1]", 0, 5),
        (
            "random(1)",
            "Failed parameter type check for function 'random', Expected 'Z' call set: 'T'",
            0,
            9,
        ),
        (
            "upper()",
            "Zero parameter call to generic function: upper not allowed",
            0,
            7,
        ),
        ("for () {}", "Premature end of expression[2]", 0, 5),
        ("replace(\"s\", 'a', null)", types, 0, 0),
        ("var v[2]; v[0] := 'a'; v[1] := 1; v[0]", types, 0, 23),
        ("var v[2] := {'a', 1}; v[0]", types, 0, 4),
        ("'ä' + \"s\"", types, 0, 4),
        (
            "\"s\" == 1",
            "Type Error - cannot compare string and float with '=='",
            0,
            4,
        ),
        ("\"i\")", "Mismatched brackets: ')'", 0, 3),
        ("1 +\n (2", "Mismatched brackets: ')'", 1, 1),
        ("null", types, 0, 0),
        ("if (\"b\") 1;", types, 0, 0),
        (
            "while (true) { 1 }",
            "Infinite loop condition without 'break' or 'return' not allowed in loops",
            0,
            13,
        ),
        (
            "break",
            "Invalid use of 'break', allowed only in the scope of a loop",
            0,
            0,
        ),
        (
            "var x := 1; var x := 2; x",
            "Illegal redefinition of local variable: 'x'",
            0,
            16,
        ),
        (
            "match(\"s\", '(')",
            "Type Error - invalid regular expression '(': unclosed group",
            0,
            0,
        ),
        (
            "year(\"d\", 'Mars')",
            "Type Error - unknown time zone 'Mars'",
            0,
            0,
        ),
    ] {
        assert_eq!(error(text), (message.to_owned(), line, column), "{text}");
    }
}

#[test]
fn types_follow_the_operands() {
    for (text, expected) in [
        ("\"i\"", DataType::Int32),
        ("\"i\" + \"i\"", DataType::Int64),
        ("\"i\" + 1", DataType::Float64),
        ("\"big\" + 1", DataType::Int64),
        ("\"big\" + 1.5", DataType::Float64),
        ("\"big\" / 2", DataType::Float64),
        ("-\"i\"", DataType::Int64),
        ("abs(\"i\")", DataType::Float64),
        ("abs(\"big\")", DataType::Int64),
        ("if(\"b\", \"i\", null)", DataType::Int32),
        ("if(\"b\", \"i\", \"Sales\")", DataType::Float64),
        ("\"d\" - \"d\"", DataType::Float64),
        (
            "var x := \"i\"; for (var k := 0; k < 2; k += 1) { x += 0.5 }; x",
            DataType::Float64,
        ),
        (
            "var x := \"i\"; for (var k := 0; k < 2; k += 1) { x += \"i\" }; x",
            DataType::Int64,
        ),
    ] {
        assert_eq!(dtype(text), expected, "{text}");
    }
}

#[test]
fn integers_are_exact_or_null() {
    let big = column_of(
        DataType::Int64,
        [Value::Int(i64::MAX), Value::Int((1 << 53) + 1), Value::Null],
    );
    let unsigned = column_of(
        DataType::UInt64,
        [Value::UInt(u64::MAX), Value::UInt(7), Value::Null],
    );
    let inputs = [("big", big), ("u", unsigned)];
    assert_eq!(
        all("\"big\" + 1", &inputs),
        [Scalar::Null, Scalar::Int((1 << 53) + 2), Scalar::Null]
    );
    assert_eq!(
        all("\"u\" + 0", &inputs),
        [Scalar::Null, Scalar::Int(7), Scalar::Null]
    );
    assert_eq!(
        all("\"u\" == 7", &inputs),
        [false, true, false].map(Scalar::Bool)
    );
    assert_eq!(
        all("\"big\" == 9007199254740993", &inputs),
        [false, true, false].map(Scalar::Bool)
    );
    assert_eq!(
        all("bucket(\"big\", 10)", &inputs)[1],
        Scalar::Int(9_007_199_254_740_990)
    );
    assert_eq!(all("-\"u\"", &inputs)[1], Scalar::Int(-7));
}

#[test]
fn expressions_may_use_each_other_in_any_order() {
    let expressions = [
        ("a", "\"b1\" + 1"),
        ("b1", "\"Sales\" * 2"),
        ("c", "\"c\" + 1"),
        ("d1", "\"e\""),
        ("e", "\"d1\""),
        ("f", "\"nope\""),
        ("g", "\"f\" + 1"),
        ("i", "1"),
    ];
    let compiled = compile_all(&expressions, &environment(), &Limits::default());
    assert_eq!(compiled.order, [1, 0]);
    let messages: Vec<String> = (compiled.results.iter())
        .filter_map(|(_, result)| result.as_ref().err().map(ToString::to_string))
        .collect();
    assert_eq!(
        messages,
        [
            "Value Error - expression \"c\" depends on itself.",
            "Value Error - expression \"d1\" depends on itself.",
            "Value Error - expression \"e\" depends on itself.",
            "Value Error - Input column \"nope\" does not exist.",
            "Value Error - expression \"f\" is not valid.",
            "Value Error - expression \"i\" cannot overwrite an existing column.",
        ]
    );
}

#[test]
fn a_loop_without_end_uses_up_its_budget() {
    let limits = Limits {
        steps: 10_000,
        ..Limits::default()
    };
    let text = "var x := 1; while (x > 0) { x += 1 }; x";
    let error = run(text, &[], RowSelection::All(1), limits).unwrap_err();
    assert!(matches!(error, Error::Limit(_)), "{error}");
}

#[test]
fn text_that_grows_without_end_uses_up_its_budget() {
    let doubling = "var t := 'x'; for (var k := 0; k < 100; k += 1) { t := concat(t, t) }; t";
    let error = run(doubling, &[], RowSelection::All(1), Limits::default()).unwrap_err();
    assert!(
        error.to_string().contains("`concat` makes a text"),
        "{error}"
    );
    let padded = "pad_left('x', 1e9)";
    let error = run(padded, &[], RowSelection::All(1), Limits::default()).unwrap_err();
    assert!(
        error.to_string().contains("`pad_left` makes a text"),
        "{error}"
    );

    let rows = column_of(DataType::Int64, (0..100).map(Value::Int));
    let limits = Limits {
        text_bytes: 1_000,
        ..Limits::default()
    };
    let error = run(
        "pad_left(string(\"r\"), 100)",
        &[("r", rows)],
        RowSelection::All(100),
        limits,
    )
    .unwrap_err();
    assert!(matches!(error, Error::Limit(_)), "{error}");
}

#[test]
fn a_few_rows_of_many_texts_do_not_carry_the_dictionary_along() {
    let texts: Vec<String> = (0..1_000).map(|i| format!("text {i}")).collect();
    let column = column_of(DataType::String, texts.iter().map(|text| Value::Text(text)));
    let inputs = [("s", column)];
    for text in [
        "\"s\"",
        "upper(\"s\")",
        "if(\"s\" == 'text 7', \"s\", 'other')",
    ] {
        let result = run(
            text,
            &inputs,
            RowSelection::List(&[7, 9]),
            Limits::default(),
        )
        .unwrap();
        assert!(result.text().unwrap().dictionary.len() < 5, "{text}");
    }
}

#[test]
fn equal_subexpressions_are_one_node() {
    let program = compile(
        "(\"Sales\" + 1) * (\"Sales\" + 1)",
        &environment(),
        &Limits::default(),
    )
    .unwrap();
    // The column, the constant, the sum and the product.
    assert_eq!(program.graph.len(), 4);
}

#[test]
fn random_numbers_differ_by_row_and_call_but_not_by_run() {
    let inputs = [("i", column_of(DataType::Int64, (0..50).map(Value::Int)))];
    let first = all("random() + 0 * \"i\"", &inputs);
    assert_eq!(first, all("random() + 0 * \"i\"", &inputs));
    assert_ne!(first[0], first[1]);
    assert_eq!(all("random() == random()", &inputs)[0], Scalar::Bool(false));
}
