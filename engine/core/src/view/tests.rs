//! The keystone: whatever happens to a table, a stepped view is the view built anew. And flat views by example.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::*;
use crate::batch::{Batch, BatchColumn, Keys};
use crate::column::{Bitmap, Column, column_of};
use crate::schema::{DataType, Field, Schema};
use crate::slice::{Slice, SliceOptions, Viewport};
use crate::table::{Delta, Table, TableOptions};
use crate::value::{Scalar, Value};

const TYPES: [DataType; 6] = [
    DataType::Int64,
    DataType::Int32,
    DataType::Float64,
    DataType::String,
    DataType::Boolean,
    DataType::Datetime,
];
const NAMES: [&str; 6] = ["k", "i", "f", "s", "b", "t"];

fn table(options: &TableOptions) -> Table {
    let fields = NAMES
        .iter()
        .zip(TYPES)
        .map(|(name, dtype)| Field::new(name, dtype));
    Table::new(Schema::new(fields.collect()), options).expect("a good configuration")
}

/// A small set of cells for each type, so that ties and repeated values abound.
fn cell(dtype: DataType, seed: Option<i8>) -> Scalar {
    let Some(seed) = seed else {
        return Scalar::Null;
    };
    let seed = i64::from(seed);
    match dtype {
        DataType::Float64 if seed == 13 => Scalar::Float(f64::NAN),
        DataType::Float64 => Scalar::Float(seed as f64 / 2.0),
        DataType::String => {
            Scalar::Text(["", "a", "B", "b", "ab", "null"][seed.unsigned_abs() as usize % 6].into())
        }
        DataType::Boolean => Scalar::Bool(seed % 2 == 0),
        DataType::Datetime => Scalar::Datetime(seed * 43_200_000),
        _ => Scalar::Int(seed),
    }
}

/// A row: for each column a cell that is missing, null or a value.
type RowSeed = [Option<Option<i8>>; 6];

#[derive(Debug, Clone)]
enum Action {
    Upsert(Vec<RowSeed>),
    Remove(Vec<Option<i8>>),
    Clear,
    Step,
    StepWithChanges,
}

fn seed() -> impl Strategy<Value = Option<i8>> + Clone {
    prop_oneof![1 => Just(None), 5 => (-14_i8..14).prop_map(Some)]
}

fn action() -> impl Strategy<Value = Action> {
    let given = prop::option::weighted(0.85, seed());
    let row = [
        given.clone(),
        given.clone(),
        given.clone(),
        given.clone(),
        given.clone(),
        given,
    ];
    prop_oneof![
        6 => prop::collection::vec(row, 0..10).prop_map(Action::Upsert),
        2 => prop::collection::vec(seed(), 0..5).prop_map(Action::Remove),
        1 => Just(Action::Clear),
        3 => Just(Action::Step),
        3 => Just(Action::StepWithChanges),
    ]
}

fn batch(rows: &[RowSeed]) -> Batch {
    let columns = TYPES.iter().enumerate().map(|(position, &dtype)| {
        let cells: Vec<Scalar> = rows
            .iter()
            .map(|row| cell(dtype, row[position].flatten()))
            .collect();
        let mut given = Bitmap::default();
        rows.iter()
            .for_each(|row| given.push(row[position].is_some()));
        BatchColumn {
            position,
            data: column_of(dtype, cells.iter().map(Scalar::as_value)),
            given: Some(given),
        }
    });
    Batch {
        n_rows: rows.len(),
        columns: columns.collect(),
        keys: Keys::Implied,
    }
}

fn column_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["k", "i", "f", "s", "b", "t", "e", "w"]).prop_map(str::to_owned)
}

fn filter() -> impl Strategy<Value = Filter> {
    let number = prop::sample::select(vec!["k", "i", "f", "e"]);
    let comparison = prop::sample::select(vec![
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "is null",
        "is not null",
        "in",
        "not in",
    ]);
    let numeric = (
        number,
        comparison.clone(),
        prop::collection::vec(
            prop_oneof![
                Just(Scalar::Null),
                (-8_i8..8).prop_map(|v| Scalar::Float(f64::from(v) / 2.0))
            ],
            1..3,
        ),
    )
        .prop_map(|(column, op, operands)| (column, op, operands));
    let words = prop::sample::select(vec!["", "a", "b", "AB", "null", "z"]);
    let text_op = prop::sample::select(vec![
        "==",
        "!=",
        "<",
        ">=",
        "contains",
        "not contains",
        "begins with",
        "not ends with",
        "ends with",
        "matches",
        "in",
        "not in",
        "is null",
    ]);
    let text = (
        Just("s"),
        text_op,
        prop::collection::vec(words.prop_map(|word: &str| Scalar::Text(word.into())), 1..3),
    );
    let times = (
        Just("t"),
        comparison.clone(),
        prop::collection::vec(
            (-8_i8..8).prop_map(|v| Scalar::Float(f64::from(v) * 21_600_000.0)),
            1..3,
        ),
    );
    let truths = (
        Just("b"),
        comparison,
        prop::collection::vec(any::<bool>().prop_map(Scalar::Bool), 1..3),
    );
    prop_oneof![numeric, text, times, truths].prop_map(|(column, op, operands)| Filter {
        column: column.to_owned(),
        op: op.to_owned(),
        operands,
    })
}

/// Aggregates of some columns, each of a kind that the column's type admits.
fn aggregates() -> impl Strategy<Value = Vec<(String, AggregateSpec)>> {
    let anything = prop::sample::select(vec![
        "count",
        "any",
        "distinct count",
        "dominant",
        "first",
        "last",
        "max",
        "min",
        "median",
        "q3",
        "unique",
        "join",
    ]);
    let number = prop::sample::select(vec![
        "sum",
        "sum or zero",
        "avg",
        "var",
        "abs sum",
        "sum abs",
        "last minus first",
        "high minus low",
        "pct sum parent",
        "pct sum total",
    ]);
    let of = |column: &'static str, name: &'static str| {
        (
            column.to_owned(),
            AggregateSpec {
                name: name.to_owned(),
                args: Vec::new(),
            },
        )
    };
    (
        prop::option::of(anything.clone()),
        prop::option::of(number.clone()),
        prop::option::of(anything),
        any::<bool>(),
        number,
    )
        .prop_map(move |(text, float, time, by, computed)| {
            let mut aggregates = vec![of("e", computed)];
            aggregates.extend(float.map(|name| of("f", name)));
            if by {
                let spec = AggregateSpec {
                    name: "max by".to_owned(),
                    args: vec!["k".to_owned()],
                };
                aggregates.push(("i".to_owned(), spec));
            }
            aggregates.extend(text.map(|name| of("s", name)));
            aggregates.extend(time.map(|name| of("t", name)));
            aggregates
        })
}

fn config() -> impl Strategy<Value = ViewConfig> {
    let sort_op = prop::sample::select(vec![
        SortOp::Asc,
        SortOp::Desc,
        SortOp::AscAbs,
        SortOp::DescAbs,
        SortOp::None,
        SortOp::ColAsc,
        SortOp::ColDesc,
    ]);
    let sort = (column_name(), sort_op).prop_map(|(column, op)| Sort { column, op });
    let group = prop::sample::subsequence(vec!["s", "b", "i", "e", "w"], 0..3);
    let group_by = prop_oneof![1 => Just(Vec::new()), 1 => group];
    let split = prop::sample::subsequence(vec!["s", "b", "f"], 0..3);
    let split_by = prop_oneof![2 => Just(Vec::new()), 1 => split];
    let rollup = prop::sample::select(vec![
        None,
        Some(GroupRollup::Rollup),
        Some(GroupRollup::Flat),
        Some(GroupRollup::Total),
    ]);
    (
        prop::option::of(prop::collection::vec(column_name(), 0..4)),
        prop::collection::vec(filter(), 0..3),
        any::<(bool, bool)>(),
        prop::collection::vec(sort, 0..4),
        (group_by, split_by),
        (rollup, any::<bool>(), prop::option::of(0_u32..3)),
        aggregates(),
    )
        .prop_map(
            |(
                columns,
                filter,
                (or, zero_sums),
                sort,
                (group_by, split_by),
                (group_rollup_mode, subtotals, group_by_depth),
                aggregates,
            )| ViewConfig {
                group_by: group_by.into_iter().map(str::to_owned).collect(),
                split_by: split_by.into_iter().map(str::to_owned).collect(),
                columns,
                zero_sums,
                filter,
                filter_op: if or { FilterOp::Or } else { FilterOp::And },
                sort,
                aggregates,
                group_by_depth,
                group_rollup_mode,
                split_rollup_mode: subtotals.then_some(SplitRollup::Rollup),
                expressions: vec![("e".to_owned(), "\"i\" + \"f\"".to_owned())],
                windows: vec![(
                    "w".to_owned(),
                    WindowSpec {
                        source: "i".to_owned(),
                        op: "sum".to_owned(),
                        partition_by: vec!["s".to_owned()],
                        order_by: Some(("t".to_owned(), false)),
                        frame: Some(Frame::Rows(1)),
                        offset: None,
                        alpha: None,
                    },
                )],
            },
        )
}

/// A slice as text: headers, keys and cells.
fn grid(slice: &Slice<'_>) -> Vec<String> {
    let mut lines = vec![format!(
        "{:?}",
        slice
            .columns
            .iter()
            .map(|column| (&column.path, column.name))
            .collect::<Vec<_>>()
    )];
    for row in 0..slice.n_rows {
        let cells: Vec<Value<'_>> = slice
            .columns
            .iter()
            .map(|column| column.value(row))
            .collect();
        let keys = slice.keys.as_ref().map(|keys| &keys[row]);
        let path = slice
            .row_paths
            .as_ref()
            .map(|paths| paths.path(row).collect::<Vec<_>>());
        lines.push(match path {
            None => format!("{keys:?} {cells:?}"),
            Some(path) => format!("{path:?} {keys:?} {cells:?}"),
        });
    }
    lines
}

fn whole(core: &ViewCore, table: &Table) -> Vec<String> {
    let view = View::new(core);
    let options = SliceOptions {
        keys: true,
        ..SliceOptions::default()
    };
    let slice = view
        .slice(core, table, &Viewport::default(), options)
        .expect("no limit is met");
    let dimensions = view.dimensions(core, table);
    assert_eq!(dimensions.view_rows, slice.n_rows);
    assert_eq!(dimensions.view_columns, slice.columns.len());
    assert_eq!(
        dimensions.view_columns,
        view.column_paths(core, table, 0..usize::MAX).len()
    );
    grid(&slice)
}

fn build(config: &ViewConfig, table: &Table) -> ViewCore {
    let plan =
        Plan::new(config, table, &ExpressionLimits::default()).expect("a good configuration");
    ViewCore::new(plan, table, &Context::default()).expect("no limit is met")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_stepped_view_is_the_view_built_anew(
        config in config(),
        index in prop::option::of(prop::sample::select(vec!["k", "s", "f", "t"])),
        limit in prop::option::weighted(0.3, 1_u32..20),
        start in prop::collection::vec([seed(), seed(), seed(), seed(), seed(), seed()].prop_map(|row| row.map(Some)), 0..12),
        actions in prop::collection::vec(action(), 0..16),
    ) {
        let options = TableOptions {
            index: index.map(str::to_owned),
            limit: limit.filter(|_| index.is_none()),
        };
        let mut table = table(&options);
        table.apply(batch(&start));
        table.set_tracking(true);
        let mut core = build(&config, &table);
        prop_assert_eq!(whole(&core, &table), whole(&build(&config, &table), &table));
        let mut log: Vec<Delta> = Vec::new();
        for action in actions {
            let with_changes = matches!(action, Action::StepWithChanges);
            match action {
                Action::Upsert(rows) => table.apply(batch(&rows)),
                Action::Remove(keys) => {
                    let Some(position) = table.index() else { continue };
                    let dtype = TYPES[position];
                    let keys: Vec<Scalar> = keys.into_iter().map(|seed| cell(dtype, seed)).collect();
                    table.remove(&column_of(dtype, keys.iter().map(Scalar::as_value)));
                }
                Action::Clear => table.clear(),
                Action::Step | Action::StepWithChanges => {
                    let Some(delta) = Delta::merged(&log) else { continue };
                    log.clear();
                    if with_changes {
                        let changes = core.step_with_changes(&table, &delta, &Context::default()).expect("no limit is met");
                        let slice = core.delta_slice(&table, &changes).expect("no limit is met");
                        check_changes(&core, &table, &delta, &slice);
                    } else {
                        core.step(&table, &delta, &Context::default()).expect("no limit is met");
                    }
                    prop_assert_eq!(whole(&core, &table), whole(&build(&config, &table), &table));
                    continue;
                }
            }
            log.extend(table.take_delta());
        }
    }

    #[test]
    fn a_filter_passes_what_its_definition_says(
        filters in prop::collection::vec(filter().prop_filter("no expressions here", |filter| filter.column != "e"), 1..3),
        or in any::<bool>(),
        rows in prop::collection::vec([seed(), seed(), seed(), seed(), seed(), seed()].prop_map(|row| row.map(Some)), 0..200),
    ) {
        let mut table = table(&TableOptions::default());
        table.apply(batch(&rows));
        let filter_op = if or { FilterOp::Or } else { FilterOp::And };
        let core = build(&ViewConfig { filter: filters.clone(), filter_op, ..ViewConfig::default() }, &table);
        let view = View::new(&core);
        let options = SliceOptions { keys: true, ..SliceOptions::default() };
        let slice = view.slice(&core, &table, &Viewport::default(), options).expect("no limit is met");
        let shown: Vec<Scalar> = slice.keys.expect("keys were asked for").into_iter().flatten().collect();
        let expected: Vec<Scalar> = (0..rows.len())
            .filter(|&row| {
                let mut passes = filters.iter().map(|filter| passes(filter, &rows[row]));
                if or { passes.any(|pass| pass) } else { passes.all(|pass| pass) }
            })
            .map(|row| Scalar::Int(row as i64))
            .collect();
        prop_assert_eq!(shown, expected);
    }
}

/// Changed rows are the touched rows that are in the view now, in row order.
fn check_changes(core: &ViewCore, table: &Table, delta: &Delta, slice: &Slice<'_>) {
    let view = View::new(core);
    let options = SliceOptions {
        keys: true,
        ..SliceOptions::default()
    };
    let all = view
        .slice(core, table, &Viewport::default(), options)
        .expect("no limit is met");
    let keys = all.keys.expect("keys were asked for");
    let shown = |slot: Slot| table.is_live(slot) && keys.contains(&vec![table.key(slot)]);
    let n_touched = delta.slots.iter().filter(|&&slot| shown(slot)).count();
    // Windows may add rows, never take one away.
    assert!(!view.is_flat() || slice.n_rows >= n_touched);
    assert_eq!(slice.columns.len(), all.columns.len());
}

/// What a condition means, cell by cell.
fn passes(filter: &Filter, row: &RowSeed) -> bool {
    let position = NAMES
        .iter()
        .position(|name| **name == filter.column)
        .expect("a column of the table");
    let cell = cell(TYPES[position], row[position].flatten());
    let operand = &filter.operands[0];
    let compare = |operand: &Scalar| -> Option<Ordering> {
        if cell.is_null() || operand.is_null() {
            return None;
        }
        match (&cell, operand) {
            (Scalar::Text(a), Scalar::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
            (cell, operand) => cell
                .as_value()
                .as_f64()?
                .partial_cmp(&operand.as_value().as_f64()?),
        }
    };
    let equal = |operand: &Scalar| compare(operand) == Some(Ordering::Equal);
    let text = |test: fn(&str, &str) -> bool| match (&cell, operand) {
        (Scalar::Text(a), Scalar::Text(b)) => {
            test(&a.to_ascii_lowercase(), &b.to_ascii_lowercase())
        }
        _ => false,
    };
    match filter.op.as_str() {
        "==" => equal(operand),
        "!=" => !equal(operand),
        "<" => compare(operand).is_some_and(Ordering::is_lt),
        "<=" => compare(operand).is_some_and(Ordering::is_le),
        ">" => compare(operand).is_some_and(Ordering::is_gt),
        ">=" => compare(operand).is_some_and(Ordering::is_ge),
        "is null" => cell.is_null(),
        "is not null" => !cell.is_null(),
        "in" => filter.operands.iter().any(equal),
        "not in" => !filter.operands.iter().any(equal),
        "contains" => text(|a, b| a.contains(b)),
        "not contains" => !text(|a, b| a.contains(b)),
        "begins with" => text(|a, b| a.starts_with(b)),
        "ends with" => text(|a, b| a.ends_with(b)),
        "not ends with" => !text(|a, b| a.ends_with(b)),
        "matches" => match (&cell, operand) {
            (Scalar::Text(a), Scalar::Text(b)) => a.contains(&**b),
            _ => false,
        },
        other => panic!("{other} is not tested"),
    }
}

/// A table of some columns, without index.
fn small(columns: &[(&str, DataType, &[Scalar])]) -> Table {
    let fields = columns
        .iter()
        .map(|(name, dtype, _)| Field::new(name, *dtype));
    let mut table = Table::new(Schema::new(fields.collect()), &TableOptions::default())
        .expect("a good configuration");
    table.apply(Batch {
        n_rows: columns[0].2.len(),
        columns: (columns.iter().enumerate())
            .map(|(position, (_, dtype, cells))| BatchColumn {
                position,
                data: column_of(*dtype, cells.iter().map(Scalar::as_value)),
                given: None,
            })
            .collect(),
        keys: Keys::Implied,
    });
    table
}

fn ints(values: &[Option<i64>]) -> Vec<Scalar> {
    values
        .iter()
        .map(|value| value.map_or(Scalar::Null, Scalar::Int))
        .collect()
}

fn column(table: &Table, config: &ViewConfig, name: &str) -> Vec<Scalar> {
    let core = build(config, table);
    let view = View::new(&core);
    let slice = view
        .slice(&core, table, &Viewport::default(), SliceOptions::default())
        .expect("no limit is met");
    let column = slice
        .columns
        .iter()
        .find(|column| column.name == name)
        .expect("the column is shown");
    (0..slice.n_rows)
        .map(|row| column.value(row).to_scalar())
        .collect()
}

fn sorted_by(column: &str, op: SortOp) -> ViewConfig {
    ViewConfig {
        sort: vec![Sort {
            column: column.to_owned(),
            op,
        }],
        ..ViewConfig::default()
    }
}

#[test]
fn null_is_least_in_every_sort() {
    let values = ints(&[Some(1), Some(-2), None, Some(3), Some(1)]);
    let table = small(&[("i", DataType::Int64, &values)]);
    let sorted = |op| column(&table, &sorted_by("i", op), "i");
    assert_eq!(
        sorted(SortOp::Asc),
        ints(&[None, Some(-2), Some(1), Some(1), Some(3)])
    );
    assert_eq!(
        sorted(SortOp::Desc),
        ints(&[Some(3), Some(1), Some(1), Some(-2), None])
    );
    assert_eq!(
        sorted(SortOp::AscAbs),
        ints(&[None, Some(1), Some(1), Some(-2), Some(3)])
    );
    assert_eq!(
        sorted(SortOp::DescAbs),
        ints(&[Some(3), Some(-2), Some(1), Some(1), None])
    );
}

#[test]
fn ties_keep_row_order_also_when_descending_and_the_first_sort_of_a_column_wins() {
    let keys = ints(&[Some(0), Some(1), Some(2), Some(3)]);
    let values = ints(&[Some(1), Some(2), Some(1), Some(2)]);
    let table = small(&[
        ("n", DataType::Int64, &keys),
        ("i", DataType::Int64, &values),
    ]);
    assert_eq!(
        column(&table, &sorted_by("i", SortOp::Desc), "n"),
        ints(&[Some(1), Some(3), Some(0), Some(2)])
    );
    let mut config = sorted_by("i", SortOp::Desc);
    config.sort.push(Sort {
        column: "i".to_owned(),
        op: SortOp::Asc,
    });
    assert_eq!(
        column(&table, &config, "n"),
        ints(&[Some(1), Some(3), Some(0), Some(2)])
    );
}

#[test]
fn a_hidden_column_can_be_sorted_by() {
    let keys = ints(&[Some(0), Some(1)]);
    let values = ints(&[Some(2), Some(1)]);
    let table = small(&[
        ("n", DataType::Int64, &keys),
        ("i", DataType::Int64, &values),
    ]);
    let config = ViewConfig {
        columns: Some(vec!["n".to_owned()]),
        ..sorted_by("i", SortOp::Asc)
    };
    assert_eq!(column(&table, &config, "n"), ints(&[Some(1), Some(0)]));
}

#[test]
fn split_rows_show_their_cells_under_their_own_path() {
    let text = |v: &str| Scalar::Text(v.into());
    let table = small(&[
        ("s", DataType::String, &[text("b"), text("a"), Scalar::Null]),
        ("i", DataType::Int64, &ints(&[Some(1), Some(2), Some(3)])),
    ]);
    let config = ViewConfig {
        columns: Some(vec!["i".to_owned()]),
        split_by: vec!["s".to_owned()],
        ..ViewConfig::default()
    };
    let core = build(&config, &table);
    let view = View::new(&core);
    let slice = view
        .slice(&core, &table, &Viewport::default(), SliceOptions::default())
        .expect("no limit is met");
    assert_eq!(
        grid(&slice)[1..],
        [
            "None [Null, Null, Int(1)]",
            "None [Null, Int(2), Null]",
            "None [Int(3), Null, Null]"
        ]
    );
    let paths: Vec<String> = view
        .column_paths(&core, &table, 0..9)
        .iter()
        .map(ColumnPath::joined)
        .collect();
    assert_eq!(paths, ["null|i", "a|i", "b|i"]);
    let narrow = Viewport {
        rows: 0..2,
        columns: 1..2,
    };
    let slice = view
        .slice(&core, &table, &narrow, SliceOptions::default())
        .expect("no limit is met");
    assert_eq!(grid(&slice)[1..], ["None [Null]", "None [Int(2)]"]);
}

#[test]
fn a_configuration_that_does_not_fit_is_refused_in_known_words() {
    let table = table(&TableOptions::default());
    let error = |config: ViewConfig| {
        Plan::new(&config, &table, &ExpressionLimits::default())
            .expect_err("the configuration does not fit")
            .to_string()
    };
    let names = |name: &str| vec![name.to_owned()];
    let filter = |column: &str, op: &str, operand: Scalar| ViewConfig {
        filter: vec![Filter {
            column: column.to_owned(),
            op: op.to_owned(),
            operands: vec![operand],
        }],
        ..ViewConfig::default()
    };
    let text = |v: &str| Scalar::Text(v.into());
    let config = ViewConfig {
        columns: Some(names("zz")),
        ..ViewConfig::default()
    };
    assert_eq!(error(config), "Invalid column 'zz' found in View columns.");
    let config = ViewConfig {
        split_by: names("zz"),
        ..ViewConfig::default()
    };
    assert_eq!(error(config), "Invalid column 'zz' found in View split_by.");
    assert_eq!(
        error(sorted_by("zz", SortOp::Asc)),
        "Invalid column 'zz' found in View sorts."
    );
    let config = ViewConfig {
        group_by: vec!["s".to_owned(), "s".to_owned()],
        ..ViewConfig::default()
    };
    assert_eq!(
        error(config),
        "Duplicate column 's' found in View group_by."
    );
    assert_eq!(
        error(filter("zz", "==", Scalar::Float(1.0))),
        "Could not get dtype for column `zz` as it does not exist in the schema."
    );
    assert_eq!(
        error(filter("zz", "==", text("x"))),
        "Filter column not in schema: zz"
    );
    assert_eq!(
        error(filter("i", "bogus", Scalar::Float(1.0))),
        "Unknown filter operator string: `bogus`"
    );
    assert_eq!(
        error(filter("i", "contains", Scalar::Float(1.0))),
        "Invalid filter op"
    );
    assert_eq!(
        error(filter("s", "==", Scalar::Float(1.0))),
        "Unsupported double type: 19"
    );
    assert_eq!(
        error(filter("t", "==", text("junk"))),
        "Invalid date format"
    );
    assert!(error(filter("s", "matches", text("("))).contains("invalid regular expression"));
    let expressions = vec![("i".to_owned(), "1".to_owned())];
    let config = ViewConfig {
        expressions,
        ..ViewConfig::default()
    };
    assert_eq!(
        error(config),
        "Value Error - expression \"i\" cannot overwrite an existing column."
    );
}

#[test]
fn operands_are_converted_to_the_columns_type() {
    let table = small(&[
        (
            "i",
            DataType::Int64,
            &ints(&[Some(1), Some(2), Some(9_007_199_254_740_993)]),
        ),
        (
            "b",
            DataType::Boolean,
            &[Scalar::Bool(true), Scalar::Bool(false), Scalar::Null],
        ),
        (
            "d",
            DataType::Date,
            &[Scalar::Date(0), Scalar::Date(18_262), Scalar::Null],
        ),
    ]);
    let rows = |name: &str, op: &str, operand: Scalar| {
        let config = ViewConfig {
            filter: vec![Filter {
                column: name.to_owned(),
                op: op.to_owned(),
                operands: vec![operand],
            }],
            ..ViewConfig::default()
        };
        column(&table, &config, "i")
    };
    let text = |v: &str| Scalar::Text(v.into());
    assert_eq!(rows("i", "==", Scalar::Float(1.5)), []);
    assert_eq!(rows("i", ">", Scalar::Float(1.5)).len(), 2);
    assert_eq!(rows("i", "==", text("9007199254740993")).len(), 1);
    assert_eq!(rows("i", "==", text("9007199254740992")).len(), 0);
    assert_eq!(rows("b", "==", text("true")), ints(&[Some(1)]));
    assert_eq!(rows("b", "==", Scalar::Float(1.0)), ints(&[Some(1)]));
    assert_eq!(rows("d", "==", text("2020-01-01")), ints(&[Some(2)]));
    assert_eq!(
        rows("d", "==", text("2020-01-01 10:00:00")),
        ints(&[Some(2)])
    );
    assert_eq!(rows("d", ">", Scalar::Float(0.0)), ints(&[Some(2)]));
}

#[test]
fn the_echo_shows_what_was_understood() {
    let table = table(&TableOptions::default());
    let config = ViewConfig {
        filter: vec![Filter {
            column: "t".to_owned(),
            op: "==".to_owned(),
            operands: vec![Scalar::Text("1970-01-02".into())],
        }],
        sort: vec![
            Sort {
                column: "i".to_owned(),
                op: SortOp::ColAsc,
            },
            Sort {
                column: "i".to_owned(),
                op: SortOp::Desc,
            },
        ],
        ..ViewConfig::default()
    };
    let plan =
        Plan::new(&config, &table, &ExpressionLimits::default()).expect("a good configuration");
    let echo = plan.config_echo();
    assert_eq!(echo.columns, Some(NAMES.map(str::to_owned).to_vec()));
    assert_eq!(echo.filter[0].operands, [Scalar::Float(86_400_000.0)]);
    assert_eq!(echo.sort.len(), 1);
    assert_eq!(echo.group_rollup_mode, Some(GroupRollup::Rollup));
    assert_eq!(echo.split_rollup_mode, Some(SplitRollup::Flat));
    assert!(echo.aggregates.is_empty());
}

#[test]
fn a_guard_hides_rows_and_is_not_told() {
    let table = small(&[("i", DataType::Int64, &ints(&[Some(1), Some(2)]))]);
    let guard = Filter {
        column: "i".to_owned(),
        op: ">".to_owned(),
        operands: vec![Scalar::Float(1.0)],
    };
    let plan = Plan::new(&ViewConfig::default(), &table, &ExpressionLimits::default())
        .and_then(|plan| plan.guarded(&[guard], &table))
        .expect("a good configuration");
    assert!(plan.config_echo().filter.is_empty());
    let core = ViewCore::new(plan, &table, &Context::default()).expect("no limit is met");
    assert_eq!(View::new(&core).dimensions(&core, &table).view_rows, 1);
}

#[test]
fn min_and_max_leave_out_null_and_nan() {
    let values = [
        Scalar::Null,
        Scalar::Float(f64::NAN),
        Scalar::Float(2.0),
        Scalar::Float(-1.0),
    ];
    let table = small(&[("f", DataType::Float64, &values)]);
    let core = build(&ViewConfig::default(), &table);
    let view = View::new(&core);
    let bounds = view
        .min_max(&core, &table, "f")
        .expect("the column is shown");
    assert_eq!(bounds, (Scalar::Float(-1.0), Scalar::Float(2.0)));
    let error = view
        .min_max(&core, &table, "zz")
        .expect_err("the column is not shown");
    assert_eq!(
        error.to_string(),
        "Could not find column index for `zz` as it does not exist in the schema."
    );
}

#[test]
fn untracked_columns_of_a_table_are_not_copied() {
    let table = small(&[("i", DataType::Int64, &ints(&[Some(1), Some(2)]))]);
    let core = build(&ViewConfig::default(), &table);
    let view = View::new(&core);
    let slice = view
        .slice(&core, &table, &Viewport::default(), SliceOptions::default())
        .expect("no limit is met");
    assert!(
        matches!(slice.columns[0].data, std::borrow::Cow::Borrowed(column) if std::ptr::eq::<Column>(column, table.column(0)))
    );
    assert_eq!(core.heap_size(), 0);
}

#[test]
fn a_group_that_emptied_fills_again() {
    let options = TableOptions {
        index: Some("k".to_owned()),
        limit: None,
    };
    let only = |filter: Vec<Filter>| {
        let mut table = table(&options);
        let row = |k: i8| {
            [
                Some(Some(k)),
                Some(None),
                Some(None),
                Some(Some(0)),
                Some(None),
                Some(None),
            ]
        };
        table.apply(batch(&[row(1)]));
        table.set_tracking(true);
        let config = ViewConfig {
            group_by: vec!["s".to_owned()],
            filter,
            ..ViewConfig::default()
        };
        let mut core = build(&config, &table);
        table.remove(&column_of(DataType::Int64, [Value::Int(1)]));
        let delta = table.take_delta().expect("a row was removed");
        core.step(&table, &delta, &Context::default())
            .expect("no limit is met");
        table.apply(batch(&[row(2)]));
        let delta = table.take_delta().expect("a row was added");
        core.step(&table, &delta, &Context::default())
            .expect("no limit is met");
        assert_eq!(whole(&core, &table), whole(&build(&config, &table), &table));
    };
    only(Vec::new());
    only(vec![Filter {
        column: "s".to_owned(),
        op: ">=".to_owned(),
        operands: vec![Scalar::Text("".into())],
    }]);
}
