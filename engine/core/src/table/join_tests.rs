//! Joins against nested loops, however their sources change.

use proptest::prelude::*;

use super::*;
use crate::batch::{Batch, BatchColumn, Keys as BatchKeys};
use crate::column::column_of;
use crate::schema::{DataType, Field};

type Row = Vec<Scalar>;

/// Key, join key and value of a row.
type Seed = (i8, Option<i8>, i8);

#[derive(Debug, Clone)]
enum Action {
    Upsert(bool, Vec<Seed>),
    Remove(bool, Vec<i8>),
    Clear(bool),
    Step,
}

fn seed() -> impl Strategy<Value = Seed> {
    (-6_i8..6, prop::option::weighted(0.8, 0_i8..4), any::<i8>())
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        5 => (any::<bool>(), prop::collection::vec(seed(), 0..6)).prop_map(|(left, rows)| Action::Upsert(left, rows)),
        3 => (any::<bool>(), prop::collection::vec(-6_i8..6, 0..5)).prop_map(|(left, keys)| Action::Remove(left, keys)),
        1 => any::<bool>().prop_map(Action::Clear),
        4 => Just(Action::Step),
    ]
}

fn source(names: [&str; 3], indexed: bool, on: DataType) -> Table {
    let types = [DataType::Int64, on, DataType::Int64];
    let fields = names
        .iter()
        .zip(types)
        .map(|(name, dtype)| Field::new(name, dtype));
    let options = TableOptions {
        index: indexed.then(|| names[0].to_owned()),
        limit: None,
    };
    Table::new(Schema::new(fields.collect()), &options).expect("a good configuration")
}

fn upsert(table: &mut Table, rows: &[Seed]) {
    let on = table.schema().fields()[1].dtype;
    let join_key = |key: Option<i8>| match (key, on) {
        (None, _) => Scalar::Null,
        (Some(key), DataType::String) => Scalar::Text(format!("t{key}").into()),
        (Some(key), _) => Scalar::Int(key.into()),
    };
    let cells: [Vec<Scalar>; 3] = [
        rows.iter().map(|row| Scalar::Int(row.0.into())).collect(),
        rows.iter().map(|row| join_key(row.1)).collect(),
        rows.iter().map(|row| Scalar::Int(row.2.into())).collect(),
    ];
    let columns = cells
        .iter()
        .enumerate()
        .map(|(position, cells)| BatchColumn {
            position,
            data: column_of(
                table.schema().fields()[position].dtype,
                cells.iter().map(Scalar::as_value),
            ),
            given: None,
        });
    let columns = columns.collect();
    table.apply(Batch {
        n_rows: rows.len(),
        columns,
        keys: BatchKeys::Implied,
    });
}

fn rows_of(table: &Table) -> Vec<Row> {
    let row = |slot: Slot| {
        table
            .columns()
            .iter()
            .map(|column| column.value(slot as usize).to_scalar())
            .collect()
    };
    table.row_order().iter().map(row).collect()
}

/// What a join is, by definition.
fn nested_loops(left: &Table, right: &Table, kind: JoinKind) -> Vec<Row> {
    let (lefts, rights) = (rows_of(left), rows_of(right));
    let mut rows = Vec::new();
    for a in &lefts {
        let matches: Vec<&Row> = rights.iter().filter(|b| b[1] == a[1]).collect();
        for b in &matches {
            rows.push([&a[..], &[b[0].clone(), b[2].clone()]].concat());
        }
        if matches.is_empty() && kind != JoinKind::Inner {
            rows.push([&a[..], &[Scalar::Null, Scalar::Null]].concat());
        }
    }
    if kind == JoinKind::Outer {
        for b in rights
            .iter()
            .filter(|b| !lefts.iter().any(|a| a[1] == b[1]))
        {
            rows.push(vec![
                Scalar::Null,
                b[1].clone(),
                Scalar::Null,
                b[0].clone(),
                b[2].clone(),
            ]);
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_stepped_join_is_the_nested_loops_over_its_sources(
        actions in prop::collection::vec(action(), 0..30),
        kind in prop::sample::select(vec![JoinKind::Inner, JoinKind::Left, JoinKind::Outer]),
        indexed in any::<[bool; 2]>(),
        on in prop::sample::select(vec![DataType::Int64, DataType::String]),
    ) {
        let mut left = source(["a", "id", "x"], indexed[0], on);
        let mut right = source(["b", "ref", "y"], indexed[1], on);
        upsert(&mut left, &[(1, Some(1), 1), (2, None, 2)]);
        let (mut join, mut joined) = Join::new(&left, &right, "id", "ref", kind).expect("a good configuration");
        left.set_tracking(true);
        right.set_tracking(true);
        joined.set_tracking(true);
        // The joined table tells what happened to it as any table does.
        let mut copy = rows_by_slot(&joined);
        for action in actions {
            match action {
                Action::Upsert(is_left, rows) => upsert(if is_left { &mut left } else { &mut right }, &rows),
                Action::Remove(is_left, keys) => {
                    let table = if is_left { &mut left } else { &mut right };
                    if table.index().is_some() {
                        let keys = keys.into_iter().map(|key| Value::Int(key.into()));
                        table.remove(&column_of(DataType::Int64, keys));
                    }
                }
                Action::Clear(is_left) => if is_left { left.clear() } else { right.clear() },
                Action::Step => {
                    let deltas = [left.take_delta(), right.take_delta()];
                    join.step(&left, deltas[0].as_ref(), &right, deltas[1].as_ref(), &mut joined);
                    prop_assert_eq!(rows_of(&joined), nested_loops(&left, &right, kind));
                    let delta = joined.take_delta().expect("the join was stepped");
                    for &slot in &delta.slots {
                        copy.remove(&slot);
                    }
                    if delta.rebuilt {
                        copy.clear();
                    }
                    let now = rows_by_slot(&joined);
                    copy.extend(delta.slots.iter().filter_map(|slot| Some((*slot, now.get(slot)?.clone()))));
                    prop_assert_eq!(&copy, &now);
                }
            }
        }
    }

    #[test]
    fn a_join_of_a_join_keeps_the_order_of_both(
        rows in prop::collection::vec((any::<bool>(), seed()), 0..30),
    ) {
        let mut left = source(["a", "id", "x"], true, DataType::Int64);
        let mut right = source(["b", "ref", "y"], true, DataType::Int64);
        let last = source(["c", "key", "z"], true, DataType::Int64);
        let (mut inner, mut middle) = Join::new(&left, &right, "id", "ref", JoinKind::Outer).expect("a good configuration");
        let (mut outer, mut joined) = Join::new(&middle, &last, "id", "key", JoinKind::Left).expect("a good configuration");
        for table in [&mut left, &mut right, &mut middle] {
            table.set_tracking(true);
        }
        for (is_left, row) in rows {
            upsert(if is_left { &mut left } else { &mut right }, &[row]);
            let deltas = [left.take_delta(), right.take_delta()];
            inner.step(&left, deltas[0].as_ref(), &right, deltas[1].as_ref(), &mut middle);
            let delta = middle.take_delta();
            outer.step(&middle, delta.as_ref(), &last, None, &mut joined);
        }
        let expected: Vec<Row> = (rows_of(&middle).into_iter())
            .map(|row| [&row[..], &[Scalar::Null, Scalar::Null]].concat())
            .collect();
        prop_assert_eq!(rows_of(&joined), expected);
    }
}

fn rows_by_slot(table: &Table) -> std::collections::BTreeMap<Slot, Row> {
    let row = |slot: Slot| {
        table
            .columns()
            .iter()
            .map(|column| column.value(slot as usize).to_scalar())
            .collect()
    };
    table
        .row_order()
        .iter()
        .map(|slot| (slot, row(slot)))
        .collect()
}

#[test]
fn tables_that_cannot_be_joined_are_refused() {
    let left = source(["a", "id", "x"], false, DataType::Int64);
    let error = |right: &Table, on: &str, right_on: &str| {
        Join::new(&left, right, on, right_on, JoinKind::Inner)
            .expect_err("the join does not fit")
            .to_string()
    };
    let right = source(["b", "id", "x"], false, DataType::Int64);
    assert_eq!(
        error(&right, "id", "id"),
        "Column \"x\" exists in both tables"
    );
    assert_eq!(
        error(&right, "zz", "id"),
        "Column \"zz\" not found in left table"
    );
    assert_eq!(
        error(&right, "id", "zz"),
        "Column \"zz\" not found in right table"
    );
    let right = source(["b", "id", "y"], false, DataType::String);
    assert_eq!(error(&right, "id", "id"), "Join column type mismatch");
}
