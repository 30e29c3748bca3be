//! Behaviour of the three entry points, as tables of input and expected grid.

use super::*;
use crate::schema::ColumnType;
use crate::value::Value;

pub(super) fn shown(value: Value<'_>) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::UInt(value) => format!("{value}u"),
        Value::Float(value) => format!("{value:?}"),
        Value::Date(_) | Value::Datetime(_) => {
            let mut text = String::new();
            match value {
                Value::Date(days) => time::format_date(days, &mut text),
                Value::Datetime(ms) => time::format_datetime(ms, &mut text),
                _ => {}
            }
            text
        }
        Value::Text(text) => format!("'{text}'"),
    }
}

/// `name:type=cell cell ...` a column, `.` for a cell that was not given.
pub(super) fn grid(schema: &Schema, batch: &Batch) -> String {
    let mut lines: Vec<String> = batch
        .columns
        .iter()
        .map(|column| {
            let field = &schema.fields()[column.position];
            assert_eq!(column.data.len(), batch.n_rows, "rows of {}", field.name);
            let cells: Vec<String> = (0..batch.n_rows)
                .map(|i| match &column.given {
                    Some(given) if !given.get(i) => ".".into(),
                    _ => shown(column.data.value(i)),
                })
                .collect();
            format!(
                "{}:{}={}",
                field.name,
                type_name(column.data.dtype()),
                cells.join(" ")
            )
        })
        .collect();
    if let Keys::Explicit(keys) = &batch.keys {
        let keys: Vec<String> = (0..keys.len()).map(|i| shown(keys.value(i))).collect();
        lines.push(format!("keys={}", keys.join(" ")));
    }
    lines.join("; ")
}

fn inferred_as(input: Input<'_>, options: &IngestOptions) -> String {
    match infer(input, options) {
        Ok((schema, batch)) => grid(&schema, &batch),
        Err(error) => format!("error: {error}"),
    }
}

fn check_infer(input: Input<'_>, expected: &str) {
    assert_eq!(
        inferred_as(input, &IngestOptions::default()),
        expected,
        "{input:?}"
    );
}

fn check_list(values: &str, expected: &str) {
    let rows: Vec<String> = values
        .split('~')
        .map(|value| format!("{{\"a\":{value}}}"))
        .collect();
    check_infer(Input::Rows(&format!("[{}]", rows.join(","))), expected);
    let lines = rows.join("\n");
    check_infer(Input::Ndjson(&lines), expected);
    let columns = format!("{{\"a\":[{}]}}", values.replace('~', ","));
    check_infer(Input::Columns(&columns), expected);
}

#[test]
fn json_types_come_from_the_first_value_and_numbers_promote() {
    for (values, expected) in [
        ("1~2", "a:int32=1 2"),
        ("1~1.5", "a:float64=1.0 1.5"),
        ("1~1.0", "a:float64=1.0 1.0"),
        ("null~1", "a:int32=- 1"),
        ("null~null", "a:str=- -"),
        ("1~2147483648", "a:int64=1 2147483648"),
        ("-2147483649", "a:int64=-2147483649"),
        ("9007199254740993", "a:int64=9007199254740993"),
        (
            "18446744073709551615~1~null",
            "a:uint64=18446744073709551615u 1u -",
        ),
        (
            "1~null~9223372036854775808",
            "a:uint64=1u - 9223372036854775808u",
        ),
        (
            "-1~9223372036854775808",
            "a:float64=-1.0 9.223372036854776e18",
        ),
        ("1e20", "a:float64=1e20"),
        ("1~\"x\"", "a:str='1' 'x'"),
        ("\"007\"~\"x\"", "a:str='007' 'x'"),
        ("1.5~\"x\"", "a:str='1.500000' 'x'"),
        ("\"x\"~1~true~1.5", "a:str='x' '1' 'true' '1.500000'"),
        ("true~false~null", "a:bool=true false -"),
        ("true~1~0", "a:bool=true true false"),
        ("1~0~true", "a:bool=true false true"),
        ("\"1\"~\"2\"", "a:int32=1 2"),
        ("\"1\"~\"1.5\"", "a:float64=1.0 1.5"),
        ("\"20200101\"", "a:int32=20200101"),
        ("\"true\"~false", "a:bool=true false"),
        ("\"true\"~\"x\"", "a:str='true' 'x'"),
        ("\"\"~\"1\"", "a:str='' '1'"),
        (
            "\"2020-01-01\"~\"2020/01/02\"~\"01/03/2020\"",
            "a:date=2020-01-01 2020-01-02 2020-01-03",
        ),
        (
            "\"2020-01-01\"~\"2020-01-01 10:00:00\"",
            "a:date=2020-01-01 2020-01-01",
        ),
        (
            "\"2020-01-01 10:00:00\"~\"2020-01-01\"",
            "a:datetime=2020-01-01 10:00:00.000 2020-01-01 00:00:00.000",
        ),
        (
            "\"2020-01-01T10:00:00+02:00\"~0",
            "a:datetime=2020-01-01 08:00:00.000 1970-01-01 00:00:00.000",
        ),
        ("\"2020-02-30\"", "a:str='2020-02-30'"),
        (
            "\"Jan 1, 2020\"~\"1/2/2020 12:30:00 PM\"~\"12:30\"",
            "a:str='Jan 1, 2020' '1/2/2020 12:30:00 PM' '12:30'",
        ),
        ("\"x\"~\"2020-01-01\"", "a:str='x' '2020-01-01'"),
    ] {
        check_list(values, expected);
    }
}

#[test]
fn json_that_does_not_go_together_is_refused() {
    for (values, expected) in [
        (
            "1~2~true",
            "error: Expected int, found 2: true in column \"a\" at index 2",
        ),
        (
            "true~5",
            "error: Expected bool, found 3: 5 in column \"a\" at index 1",
        ),
        (
            "1.5~true",
            "error: Expected double, found 2: true in column \"a\" at index 1",
        ),
        (
            "\"2020-01-01\"~\"x\"",
            "error: Could not coerce to date: \"x\" in column \"a\" at index 1",
        ),
        (
            "\"2020-01-01 10:00:00\"~\"x\"",
            "error: Could not coerce to time: \"x\" in column \"a\" at index 1",
        ),
    ] {
        check_list(values, expected);
    }
}

#[test]
fn rows_are_the_union_of_their_keys() {
    check_infer(
        Input::Rows(r#"[{"a":1},{"b":"x","a":2},{"b":"y"},{}]"#),
        "a:int32=1 2 - -; b:str=- 'x' 'y' -",
    );
    check_infer(
        Input::Rows(r#"[{"a":1,"a":2,"b":0}]"#),
        "a:int32=2; b:int32=0",
    );
    check_infer(
        Input::Columns(r#"{"a":[1,2],"b":[1]}"#),
        "a:int32=1 2; b:int32=1 -",
    );
    check_infer(Input::Rows("[]"), "");
    check_infer(Input::Columns("{}"), "");
    check_infer(Input::Rows(""), "");
    check_infer(
        Input::Ndjson("{\"a\":1}{\"a\":2}\n\n {\"a\":3}"),
        "a:int32=1 2 3",
    );
}

#[test]
fn malformed_json_is_an_error_that_names_the_place() {
    for (input, expected) in [
        (
            Input::Rows("[{a:1}]"),
            "Invalid JSON at line 1, column 3: expected a string, found `a`",
        ),
        (
            Input::Rows("[[1,2]]"),
            "Cannot determine data types without column names! (row 0 is not an object)",
        ),
        (
            Input::Rows("[null]"),
            "Cannot determine data types without column names! (row 0 is not an object)",
        ),
        (
            Input::Rows("3"),
            "Invalid JSON at line 1, column 1: expected an array of rows, found `3`",
        ),
        (
            Input::Columns(r#"{"a":1}"#),
            "Malformed column `a`: it is not an array",
        ),
        (
            Input::Columns(r#"{"a":[],"b":[]}"#),
            "Can't create table from empty columns",
        ),
        (
            Input::Rows(r#"[{"a":NaN}]"#),
            "Invalid JSON at line 1, column 7: expected a value, found `NaN`, which JSON does not have",
        ),
        (
            Input::Rows(r#"[{"a":-Infinity}]"#),
            "Invalid JSON at line 1, column 7: expected a value, found `-Infinity`, which JSON does not have",
        ),
        (
            Input::Ndjson("{\"a\":1}\n{\"a\":}"),
            "Invalid JSON at line 2, column 6: expected a value, found `}`",
        ),
        (
            Input::Rows("[{\"a\":1}"),
            "Invalid JSON at line 1, column 9: expected `,` or `]`, found the end",
        ),
        (
            Input::Rows("[{\"a\":1}]]"),
            "Invalid JSON at line 1, column 10: expected the end, found `]`",
        ),
    ] {
        check_infer(input, &format!("error: {expected}"));
    }
    let deep = format!("[{}1{}]", "{\"a\":".repeat(200), "}".repeat(200));
    assert!(inferred_as(Input::Rows(&deep), &IngestOptions::default()).contains("`json_depth`"));
}

#[test]
fn objects_flatten_and_lists_become_rows() {
    for (mode, text, expected) in [
        (
            ListFlatten::Zip,
            r#"[{"a":{"b":1,"c":{"d":"x"}}},{"a":{"b":2}}]"#,
            "a.b:int32=1 2; a.c.d:str='x' -",
        ),
        (
            ListFlatten::Zip,
            r#"[{"id":1,"l":[1,2],"m":["x","y"]},{"id":2}]"#,
            "id:int32=1 1 2; l:int32=1 2 -; m:str='x' 'y' -",
        ),
        (ListFlatten::Zip, r#"[{"l":[],"m":[1,2]}]"#, "m:int32=1 2"),
        (
            ListFlatten::Zip,
            r#"[{"l":[[1,2],[3]],"m":5}]"#,
            "m:int32=5 5 5; l:int32=1 2 3",
        ),
        (
            ListFlatten::Zip,
            r#"[{"l":[{"x":1},{"y":2},{"x":3}]}]"#,
            "l.x:int32=1 - 3; l.y:int32=- 2 -",
        ),
        (
            ListFlatten::Zip,
            r#"[{"l":[1,2],"m":[1,2,3]}]"#,
            "error: Cannot zip `l` (2) and `m` (3) of differing length; use the `cartesian` list flatten mode. (row 0)",
        ),
        (
            ListFlatten::Cartesian,
            r#"[{"id":1,"l":[1,2],"m":["x","y","z"]}]"#,
            "id:int32=1 1 1 1 1 1; l:int32=1 1 1 2 2 2; m:str='x' 'y' 'z' 'x' 'y' 'z'",
        ),
        (
            ListFlatten::Stringify,
            r#"[{"l":[1, 2],"m":["a", "b\" c"]},{"l":[ ]}]"#,
            r#"l:str='[1,2]' '[]'; m:str='["a","b\" c"]' -"#,
        ),
    ] {
        let options = IngestOptions {
            list_flatten: mode,
            ..IngestOptions::default()
        };
        assert_eq!(
            sorted(&inferred_as(Input::Rows(text), &options)),
            sorted(expected),
            "{text}"
        );
    }
    check_infer(
        Input::Columns(r#"{"l":[[1,2],3],"m":[1,2]}"#),
        "l:int32=1 2 3; m:int32=1 1 2",
    );
}

/// Columns in order of their names: nested ones appear when their row ends.
fn sorted(grid: &str) -> String {
    let mut columns: Vec<&str> = grid.split("; ").collect();
    if !grid.starts_with("error") {
        columns.sort_unstable();
    }
    columns.join("; ")
}

#[test]
fn lists_cannot_make_rows_without_end() {
    let list = format!("[{}]", vec!["1"; 1000].join(","));
    let text = format!(r#"[{{"a":{list},"b":{list},"c":{list},"d":{list}}}]"#);
    let options = IngestOptions {
        list_flatten: ListFlatten::Cartesian,
        ..IngestOptions::default()
    };
    assert!(matches!(
        infer(Input::Rows(&text), &options),
        Err(Error::Limit(_))
    ));
}

fn table() -> Schema {
    Schema::of_types([
        ("i", ColumnType::Integer),
        ("f", ColumnType::Float),
        ("b", ColumnType::Boolean),
        ("s", ColumnType::String),
        ("d", ColumnType::Date),
        ("t", ColumnType::Datetime),
    ])
}

fn check_conform(input: Input<'_>, expected: &str) {
    let schema = table();
    let result = match conform(input, &schema, None, &IngestOptions::default()) {
        Ok(batch) => grid(&schema, &batch),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(result, expected, "{input:?}");
}

#[test]
fn updates_convert_to_the_types_of_the_table() {
    for (text, expected) in [
        (
            r#"[{"i":3.9},{"i":-3.9},{"i":"12"},{"i":"12.7"},{"i":""},{"i":null}]"#,
            "i:int32=3 -3 12 12 - -",
        ),
        (r#"[{"i":3000000000}]"#, "i:int64=3000000000"),
        (r#"[{"f":"2.5"},{"f":2},{"f":null}]"#, "f:float64=2.5 2.0 -"),
        (
            r#"[{"b":0},{"b":1},{"b":5},{"b":"true"},{"b":"False"}]"#,
            "b:bool=false true true true false",
        ),
        (
            r#"[{"s":5},{"s":1.5},{"s":1e21},{"s":true},{"s":[1]}]"#,
            "s:str='5' '1.500000' '1000000000000000000000.000000' 'true' '1'",
        ),
        (
            r#"[{"d":-1},{"d":86400000},{"d":"2020-01-01 10:00:00"},{"d":"20200102"}]"#,
            "d:date=1969-12-31 1970-01-02 2020-01-01 2020-01-02",
        ),
        (
            r#"[{"t":1.7},{"t":-1.7},{"t":"2020-01-01"}]"#,
            "t:datetime=1970-01-01 00:00:00.001 1969-12-31 23:59:59.999 2020-01-01 00:00:00.000",
        ),
        (
            r#"[{"zz":1,"i":2},{"zz":{"y":[1,2]},"i":3}]"#,
            "i:int32=2 3",
        ),
        (
            r#"[{"i":1},{"s":"x"},{"i":null}]"#,
            "i:int32=1 . -; s:str=. 'x' .",
        ),
        (
            r#"[{"__INDEX__":5,"i":1},{"i":2}]"#,
            "i:int32=1 2; keys=5 -",
        ),
        (r#"[{"i":[]},{"i":{"x":1}}]"#, "i:int32=- ."),
        ("[{}]", ""),
    ] {
        check_conform(Input::Rows(text), expected);
    }
}

#[test]
fn updates_that_do_not_fit_are_refused() {
    for (text, expected) in [
        (
            r#"[{"i":1},{"i":"abc"}]"#,
            "Cannot append value of type string to column \"i\" of type integer at index 1: \"abc\"",
        ),
        (
            r#"[{"i":true}]"#,
            "Expected int, found 2: true in column \"i\" at index 0",
        ),
        (
            r#"[{"i":9223372036854775808}]"#,
            "Value 9223372036854775808 at index 0 does not fit column \"i\" of type int64",
        ),
        (
            r#"[{"f":"x"}]"#,
            "Cannot append value of type string to column \"f\" of type float at index 0: \"x\"",
        ),
        (
            r#"[{"f":true}]"#,
            "Expected double, found 2: true in column \"f\" at index 0",
        ),
        (
            r#"[{"b":"maybe"}]"#,
            "Expected bool, found 5: \"maybe\" in column \"b\" at index 0",
        ),
        (
            r#"[{"d":"2020-02-30"}]"#,
            "Could not coerce to date: \"2020-02-30\" in column \"d\" at index 0",
        ),
        (
            r#"[{"t":"1577836800000"}]"#,
            "Could not coerce to time: \"1577836800000\" in column \"t\" at index 0",
        ),
    ] {
        check_conform(Input::Rows(text), &format!("error: {expected}"));
    }
}

#[test]
fn csv_types_are_inferred_over_the_whole_text() {
    for (text, expected) in [
        ("a,b\n1,x\n2,y\n", "a:int64=1 2; b:str='x' 'y'"),
        ("a\n1\n3000000000", "a:int64=1 3000000000"),
        (
            "a\n1\n9223372036854775808",
            "a:uint64=1u 9223372036854775808u",
        ),
        ("a\n007\n-2", "a:int64=7 -2"),
        ("a\n1\n1.5", "a:float64=1.0 1.5"),
        ("a\n+7", "a:float64=7.0"),
        ("a\n1e3\ninf", "a:float64=1000.0 inf"),
        ("a\ntrue\nFALSE\n1", "a:bool=true false true"),
        ("a\n1\n0\ntrue", "a:bool=true false true"),
        ("a\n2020-01-01\n", "a:date=2020-01-01"),
        (
            "a\n2020-01-01\n2020-01-01 10:00:00",
            "a:datetime=2020-01-01 00:00:00.000 2020-01-01 10:00:00.000",
        ),
        (
            "a\n2020-01-01T10:00:00.1239Z",
            "a:datetime=2020-01-01 10:00:00.123",
        ),
        ("a\n01/02/2020", "a:datetime=2020-01-02 00:00:00.000"),
        ("a\n12:30:00", "a:int64=45000"),
        ("a,b\n1,NULL\nNA,2\nNaN,3", "a:int64=1 - -; b:int64=- 2 3"),
        ("a,b\nNA,\nNaN,", "a:str=- -; b:str=- -"),
        ("a,b\n1,NULL\n2,x", "a:int64=1 2; b:str='NULL' 'x'"),
        ("a,b\n,x\ny,\n", "a:str='' 'y'; b:str='x' ''"),
        (
            "a,b\n\"1\",\"x, \"\"y\"\"\nz\"\n",
            "a:int64=1; b:str='x, \"y\"\nz'",
        ),
        ("a,a,a\n1,2,3", "a:int64=1; a*:int64=2; a**:int64=3"),
        (
            "\u{feff}a,b\r\n1,2\r\n\r\n3,4\r\n",
            "a:int64=1 3; b:int64=2 4",
        ),
        ("a,b\n", "a:str=; b:str="),
        ("", "error: Invalid: Empty CSV file"),
        (
            "\n\n",
            "error: Invalid: CSV parse error: Empty CSV file or block: cannot infer number of columns",
        ),
        (
            "a,b\n1,2\n1",
            "error: Invalid: CSV parse error: Expected 2 columns, got 1: 1 (line 3)",
        ),
        (
            "a,b\n1,2,3,4\n",
            "error: Invalid: CSV parse error: Expected 2 columns, got 4: 1,2,3,4 (line 2)",
        ),
        (
            "a\n\"x",
            "error: Invalid: CSV parse error: a quoted field without end (line 2)",
        ),
    ] {
        check_infer(Input::Csv(text), expected);
    }
}

#[test]
fn a_late_cell_changes_the_type_of_its_column_alone() {
    for (last, expected) in [
        ("1.5", "a:float64="),
        ("x", "a:str='1'"),
        ("3000000000", "a:int64=1"),
        ("", "a:int64=1"),
    ] {
        let text = format!("a,b\n{}{last},9\n", "1,2\n".repeat(1000));
        let grid = inferred_as(Input::Csv(&text), &IngestOptions::default());
        assert!(grid.starts_with(expected), "{last}: {grid:.30}");
        assert!(grid.contains("b:int64=2 2"), "{last}");
        assert!(grid.ends_with('9'));
    }
}

#[test]
fn csv_updates_convert_or_name_the_cell() {
    check_conform(
        Input::Csv("i,s,d,t,b,zz\n3,4,2020-01-01,2020-01-01 10:00:00,true,q\n,,,,,\n"),
        "i:int32=3 -; b:bool=true -; s:str='4' ''; d:date=2020-01-01 -; t:datetime=2020-01-01 10:00:00.000 -",
    );
    check_conform(
        Input::Csv("t\n1577836800000"),
        "t:datetime=2020-01-01 00:00:00.000",
    );
    check_conform(
        Input::Csv("s,i\nx,1\ny,foo"),
        "error: Invalid: In CSV column #1: CSV conversion error to int32: invalid value 'foo' (column \"i\", line 3)",
    );
}

#[test]
fn keys_are_converted_like_cells() {
    let key = Field::of_type("k", ColumnType::Integer);
    let options = IngestOptions::default();
    let keys = keys(Input::Rows("[1, \"2\", null]"), &key, &options).expect("keys");
    assert_eq!(keys.dtype(), DataType::Int32);
    assert_eq!(
        (0..3).map(|i| shown(keys.value(i))).collect::<Vec<_>>(),
        ["1", "2", "-"]
    );
    assert!(super::keys(Input::Rows("[\"x\"]"), &key, &options).is_err());
    assert!(super::keys(Input::Rows("[[1]]"), &key, &options).is_err());
}

#[test]
fn rows_made_of_one_list_do_not_share_an_index() {
    let options = |list_flatten| IngestOptions {
        list_flatten,
        index: Some("k".to_owned()),
        ..IngestOptions::default()
    };
    let loads =
        |text, mode| infer(Input::Rows(text), &options(mode)).map(|(_, batch)| batch.n_rows);
    let refused = |text, mode| {
        let error = loads(text, mode).expect_err("a refusal").to_string();
        assert!(error.contains("indexed on `k`"), "{error}");
    };
    refused(r#"[{"k": 1, "l": [1, 2]}]"#, ListFlatten::Zip);
    refused(r#"[{"k": [1, 2], "l": [3, 4]}]"#, ListFlatten::Cartesian);
    assert_eq!(
        loads(r#"[{"k": [1, 2], "l": [3, 4]}]"#, ListFlatten::Zip),
        Ok(2)
    );
    assert_eq!(
        loads(r#"[{"k": [1, 2], "l": 3}]"#, ListFlatten::Cartesian),
        Ok(2)
    );
    assert_eq!(
        loads(r#"[{"k": 1, "l": [1, 2]}]"#, ListFlatten::Stringify),
        Ok(1)
    );
}
