//! A table against a plain model: a map from key to row, whatever batches come.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::batch::{Batch, BatchColumn, Keys as BatchKeys};
use crate::column::column_of;
use crate::schema::{DataType, Field};

type Row = Vec<Scalar>;
type Model = BTreeMap<Scalar, Row>;

fn schema(key: DataType) -> Schema {
    Schema::new(vec![
        Field::new("k", key),
        Field::new("x", DataType::Int64),
        Field::new("f", DataType::Float64),
        Field::new("s", DataType::String),
    ])
}

fn table(key: DataType, index: Option<&str>, limit: Option<u32>) -> Table {
    let options = TableOptions {
        index: index.map(str::to_owned),
        limit,
    };
    Table::new(schema(key), &options).expect("a good configuration")
}

fn key_scalar(dtype: DataType, n: Option<i16>) -> Scalar {
    let Some(n) = n else { return Scalar::Null };
    match dtype {
        DataType::String => Scalar::Text(format!("k{n}").into()),
        DataType::Float64 => Scalar::Float(f64::from(n) / 4.0),
        DataType::Date => Scalar::Date(n.into()),
        _ => Scalar::Int(n.into()),
    }
}

/// A cell that is missing, null or a number.
type Cell = Option<Option<i8>>;

#[derive(Debug, Clone)]
enum Action {
    Upsert(Vec<(Option<Option<i16>>, [Cell; 3])>, bool),
    Remove(Vec<Option<i16>>),
    Clear,
    Take,
}

fn action() -> impl Strategy<Value = Action> {
    let key = prop_oneof![4 => (-12_i16..12).prop_map(Some), 1 => Just(None)];
    let cell = prop_oneof![1 => Just(None), 1 => Just(Some(None)), 4 => any::<i8>().prop_map(|v| Some(Some(v)))];
    let row = (
        prop::option::weighted(0.9, key.clone()),
        [cell.clone(), cell.clone(), cell],
    );
    prop_oneof![
        6 => (prop::collection::vec(row, 0..12), any::<bool>()).prop_map(|(rows, whole)| Action::Upsert(rows, whole)),
        2 => prop::collection::vec(key, 0..6).prop_map(Action::Remove),
        1 => Just(Action::Clear),
        3 => Just(Action::Take),
    ]
}

fn cells([x, f, s]: [Option<i8>; 3]) -> [Scalar; 3] {
    [
        x.map_or(Scalar::Null, |v| Scalar::Int(v.into())),
        f.map_or(Scalar::Null, |v| Scalar::Float(f64::from(v) / 2.0)),
        s.map_or(Scalar::Null, |v| Scalar::Text(format!("s{}", v % 7).into())),
    ]
}

/// The batch of some rows; with `whole` all cells count as given.
fn batch(
    dtype: DataType,
    rows: &[(Option<Option<i16>>, [Cell; 3])],
    whole: bool,
    explicit: bool,
) -> Batch {
    let keys: Vec<Scalar> = rows
        .iter()
        .map(|row| key_scalar(dtype, row.0.flatten()))
        .collect();
    let keys = column_of(dtype, keys.iter().map(Scalar::as_value));
    let given = |bits: Vec<bool>| {
        let mut given = Bitmap::default();
        bits.into_iter().for_each(|bit| given.push(bit));
        (!whole).then_some(given)
    };
    let mut columns = Vec::new();
    if !explicit {
        columns.push(BatchColumn {
            position: 0,
            data: keys.clone(),
            given: given(rows.iter().map(|row| row.0.is_some()).collect()),
        });
    }
    for (at, dtype) in [DataType::Int64, DataType::Float64, DataType::String]
        .into_iter()
        .enumerate()
    {
        let values: Vec<Scalar> = rows
            .iter()
            .map(|row| cells(row.1.map(Option::flatten))[at].clone())
            .collect();
        columns.push(BatchColumn {
            position: at + 1,
            data: column_of(dtype, values.iter().map(Scalar::as_value)),
            given: given(rows.iter().map(|row| row.1[at].is_some()).collect()),
        });
    }
    Batch {
        n_rows: rows.len(),
        columns,
        keys: if explicit {
            BatchKeys::Explicit(keys)
        } else {
            BatchKeys::Implied
        },
    }
}

fn rows_of(table: &Table) -> Vec<(Scalar, Row)> {
    table
        .row_order()
        .iter()
        .map(|slot| (table.key(slot), row_of(table.columns(), slot)))
        .collect()
}

fn row_of(columns: &[Column], row: u32) -> Row {
    columns
        .iter()
        .map(|column| column.value(row as usize).to_scalar())
        .collect()
}

/// Merges a row into the model as an upsert does.
fn upsert(model: &mut Model, key: Scalar, key_cell: Option<Scalar>, new: [Cell; 3], whole: bool) {
    let row = model.entry(key).or_insert_with(|| vec![Scalar::Null; 4]);
    if let Some(cell) = key_cell {
        row[0] = cell;
    }
    let values = cells(new.map(Option::flatten));
    for (at, (value, cell)) in values.into_iter().zip(new).enumerate() {
        if whole || cell.is_some() {
            row[at + 1] = value;
        }
    }
}

/// A follower that knows rows by slot and learns of changes from deltas alone.
#[derive(Default)]
struct Follower {
    rows: BTreeMap<Slot, Row>,
    keys: std::collections::BTreeSet<Scalar>,
}

impl Follower {
    fn step(&mut self, table: &Table, delta: &Delta) {
        let images = delta.images_with_text(table.columns());
        if delta.rebuilt {
            self.rows = table
                .live()
                .ones()
                .map(|slot| (slot as Slot, row_of(table.columns(), slot as Slot)))
                .collect();
        }
        for (entry, &slot) in delta.slots.iter().enumerate() {
            let row = delta.before[entry];
            if !delta.rebuilt {
                let known = self.rows.remove(&slot);
                assert_eq!(
                    known,
                    (row != ABSENT).then(|| row_of(&images, row)),
                    "image of slot {slot}"
                );
            }
            assert_eq!(delta.after.get(entry), table.is_live(slot));
            if table.is_live(slot) {
                self.rows.insert(slot, row_of(table.columns(), slot));
            }
        }
        let expected: BTreeMap<_, _> = table
            .live()
            .ones()
            .map(|slot| (slot as Slot, row_of(table.columns(), slot as Slot)))
            .collect();
        assert_eq!(self.rows, expected);
        if table.index().is_some() {
            let keys: std::collections::BTreeSet<Scalar> =
                self.rows.keys().map(|&slot| table.key(slot)).collect();
            let removed = &delta.removed_keys;
            let told: std::collections::BTreeSet<Scalar> = (0..removed.len())
                .map(|i| removed.value(i).to_scalar())
                .collect();
            assert_eq!(told.len(), removed.len());
            assert_eq!(told, self.keys.difference(&keys).cloned().collect());
            self.keys = keys;
        }
    }
}

fn check_indexed(dtype: DataType, actions: Vec<Action>, merge: bool, explicit: bool) {
    let mut table = table(dtype, Some("k"), None);
    table.set_tracking(true);
    let mut model = Model::new();
    let mut follower = Follower::default();
    let mut held: Option<Delta> = None;
    for (turn, action) in actions.into_iter().enumerate() {
        match action {
            Action::Upsert(rows, whole) => {
                table.apply(batch(dtype, &rows, whole, explicit));
                for (key, new) in rows {
                    let key = key_scalar(dtype, key.flatten());
                    upsert(&mut model, key.clone(), Some(key), new, whole);
                }
            }
            Action::Remove(keys) => {
                let keys: Vec<Scalar> =
                    keys.into_iter().map(|key| key_scalar(dtype, key)).collect();
                table.remove(&column_of(dtype, keys.iter().map(Scalar::as_value)));
                keys.iter().for_each(|key| drop(model.remove(key)));
            }
            Action::Clear => {
                table.clear();
                model.clear();
            }
            Action::Take => {
                let Some(delta) = table.take_delta() else {
                    continue;
                };
                if merge {
                    let delta =
                        Delta::merged(held.iter().chain([&delta])).expect("at least one delta");
                    held = None;
                    if turn % 2 == 0 {
                        held = Some(delta);
                        continue;
                    }
                    follow_merged(&mut follower, &table, &delta);
                } else {
                    follower.step(&table, &delta);
                }
            }
        }
        let expected: Vec<(Scalar, Row)> = model
            .iter()
            .map(|(key, row)| (key.clone(), row.clone()))
            .collect();
        assert_eq!(rows_of(&table), expected);
        assert_eq!(table.n_rows(), model.len());
        for n in -12..12 {
            let key = key_scalar(dtype, Some(n));
            assert_eq!(
                table.slot_of(key.as_value()).is_some(),
                model.contains_key(&key)
            );
        }
    }
}

fn follow_merged(follower: &mut Follower, table: &Table, delta: &Delta) {
    let mut delta = delta.clone();
    // Merged deltas may name keys that came back; what left is checked by single ones.
    let keys: Vec<Scalar> = {
        let now: std::collections::BTreeSet<Scalar> = table
            .live()
            .ones()
            .map(|slot| table.key(slot as Slot))
            .collect();
        follower.keys.difference(&now).cloned().collect()
    };
    let index = table.index().expect("an indexed table");
    delta.removed_keys = column_of(
        table.column(index).dtype(),
        keys.iter().map(Scalar::as_value),
    );
    follower.step(table, &delta);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn an_indexed_table_is_a_map_from_key_to_row(
        actions in prop::collection::vec(action(), 0..25),
        dtype in prop::sample::select(vec![DataType::Int64, DataType::String, DataType::Float64, DataType::Date]),
        merge in any::<bool>(),
        explicit in any::<bool>(),
    ) {
        check_indexed(dtype, actions, merge, explicit);
    }

    #[test]
    fn rows_without_index_are_numbered_and_limited(
        actions in prop::collection::vec(action(), 0..25),
        limit in prop::option::weighted(0.7, 0_u32..15),
        explicit in any::<bool>(),
    ) {
        let mut table = table(DataType::Int64, None, limit);
        table.set_tracking(true);
        let mut model = Model::new();
        let mut follower = Follower::default();
        let mut next = 0;
        for action in actions {
            match action {
                Action::Upsert(rows, whole) => {
                    table.apply(batch(DataType::Int64, &rows, whole, explicit));
                    for (key, new) in rows {
                        let cell = key_scalar(DataType::Int64, key.flatten());
                        let number = match (&cell, explicit) {
                            (Scalar::Int(number), true) => *number,
                            _ => next,
                        };
                        next = next.max(number + 1);
                        let cell = (!explicit && (whole || key.is_some())).then_some(cell);
                        upsert(&mut model, Scalar::Int(number), cell, new, whole);
                        // The ring turns row by row, but an explicit batch is one.
                        while !explicit && limit.is_some_and(|limit| model.len() > limit as usize) {
                            model.pop_first();
                        }
                    }
                    while limit.is_some_and(|limit| model.len() > limit as usize) {
                        model.pop_first();
                    }
                }
                Action::Remove(_) => {}
                Action::Clear => {
                    table.clear();
                    model.clear();
                }
                Action::Take => {
                    if let Some(delta) = table.take_delta() {
                        follower.step(&table, &delta);
                    }
                }
            }
            let expected: Vec<(Scalar, Row)> =
                model.iter().map(|(key, row)| (key.clone(), row.clone())).collect();
            prop_assert_eq!(rows_of(&table), expected);
        }
    }
}

#[test]
fn a_bulk_load_moves_its_columns_and_keeps_them() {
    let mut table = table(DataType::Int64, Some("k"), None);
    let rows: Vec<_> = (0..50)
        .map(|n| (Some(Some(n)), [Some(Some(1)); 3]))
        .collect();
    table.apply(batch(DataType::Int64, &rows, true, false));
    assert_eq!(table.n_rows(), 50);
    assert!(matches!(table.row_order(), RowOrder::Identity(50)));
    assert_eq!(table.key(7), Scalar::Int(7));
    assert!(table.take_delta().is_none(), "nobody follows");
}

#[test]
fn appended_keys_keep_the_simple_order() {
    let mut table = table(DataType::Int64, Some("k"), None);
    for start in [0, 50, 100] {
        let rows: Vec<_> = (start..start + 50)
            .map(|n| (Some(Some(n)), [Some(Some(1)); 3]))
            .collect();
        table.apply(batch(DataType::Int64, &rows, true, false));
        assert!(matches!(table.row_order(), RowOrder::Identity(_)));
    }
    table.remove(&column_of(DataType::Int64, [Value::Int(3)]));
    assert_eq!(table.row_order().len(), 149);
    assert_eq!(table.row_order().get(3), 4);
}

#[test]
fn options_that_contradict_or_do_not_fit_are_refused() {
    let new = |index: Option<&str>, limit| {
        let options = TableOptions {
            index: index.map(str::to_owned),
            limit,
        };
        let schema = Schema::new(vec![Field::new("b", DataType::Boolean)]);
        Table::new(schema, &options)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(
        new(Some("b"), Some(1)),
        Err("Cannot set both `limit` and `index`".into())
    );
    assert_eq!(
        new(Some("z"), None),
        Err("Specified index `z` does not exist in dataset.".into())
    );
    assert_eq!(
        new(Some("b"), None),
        Err("Unsupported type `bool` for `index`.".into())
    );
}

#[test]
fn a_column_widens_with_its_first_wide_batch() {
    let schema = Schema::new(vec![Field::new("x", DataType::Int32)]);
    let mut table = Table::new(schema, &TableOptions::default()).expect("a good configuration");
    let one = |dtype, value| Batch {
        n_rows: 1,
        columns: vec![BatchColumn {
            position: 0,
            data: column_of(dtype, [Value::Int(value)]),
            given: None,
        }],
        keys: BatchKeys::Implied,
    };
    table.apply(one(DataType::Int32, 1));
    table.apply(one(DataType::Int64, 1 << 40));
    assert_eq!(table.schema().fields()[0].dtype, DataType::Int64);
    assert_eq!(table.column(0).value(1), Value::Int(1 << 40));
}

#[test]
fn ever_new_texts_in_a_bounded_table_take_bounded_memory() {
    let schema = Schema::new(vec![Field::new("s", DataType::String)]);
    let options = TableOptions {
        index: None,
        limit: Some(10_000),
    };
    let mut table = Table::new(schema, &options).expect("a good configuration");
    table.set_tracking(true);
    let mut rebuilt = 0;
    for round in 0..30 {
        let texts: Vec<String> = (0..10_000).map(|i| format!("{round}-{i}")).collect();
        let cells = texts.iter().map(|text| Value::Text(text));
        table.apply(Batch {
            n_rows: texts.len(),
            columns: vec![BatchColumn {
                position: 0,
                data: column_of(DataType::String, cells),
                given: None,
            }],
            keys: BatchKeys::Implied,
        });
        let delta = table.take_delta().expect("a batch was applied");
        rebuilt += u32::from(delta.rebuilt);
        let last = table.row_order().get(9_999) as usize;
        assert_eq!(table.column(0).value(last), Value::Text(&texts[9_999]));
    }
    let text = table.column(0).text().expect("a text column");
    assert!(text.dictionary.len() < 100_000);
    assert!(rebuilt > 0, "codes changed, which followers must know");
}

#[test]
fn an_index_of_text_survives_compaction() {
    let mut table = table(DataType::String, Some("k"), None);
    let key = |i: usize| format!("key {i}");
    for i in (0..140_000).step_by(1000) {
        let keys: Vec<String> = (i..i + 1000).map(key).collect();
        let cells = || column_of(DataType::String, keys.iter().map(|key| Value::Text(key)));
        table.apply(Batch {
            n_rows: keys.len(),
            columns: vec![BatchColumn {
                position: 0,
                data: cells(),
                given: None,
            }],
            keys: BatchKeys::Implied,
        });
        let gone: Vec<String> = (i..i + 990).map(key).collect();
        table.remove(&column_of(
            DataType::String,
            gone.iter().map(|key| Value::Text(key)),
        ));
    }
    let text = table.column(0).text().expect("a text column");
    assert!(text.dictionary.len() < 100_000);
    assert_eq!(table.n_rows(), 1400);
    for i in [990, 50_999, 139_995] {
        let slot = table
            .slot_of(Value::Text(&key(i)))
            .expect("the key was kept");
        assert_eq!(table.key(slot), Scalar::Text(key(i).into()));
    }
    assert_eq!(table.slot_of(Value::Text(&key(1))), None);
}
