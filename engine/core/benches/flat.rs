//! Tables and flat views of a million rows: load, upsert, filter, sort, step.
//!
//! `cargo bench -p sightline-core --bench flat`. Sizes are in the names of the functions.

use divan::{Bencher, black_box};
use sightline_core::batch::{Batch, BatchColumn, Keys};
use sightline_core::column::{Column, Data, column_of};
use sightline_core::slice::{SliceOptions, Viewport};
use sightline_core::table::{Join, JoinKind, Table, TableOptions};
use sightline_core::view::{
    Context, ExpressionLimits, Filter, Plan, Sort, SortOp, View, ViewConfig, ViewCore,
};
use sightline_core::{DataType, Field, Scalar, Schema, Value};

const ROWS: usize = 1_000_000;

fn main() {
    divan::main();
}

/// Numbers without a pattern, the same in each run.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

fn texts(noise: &mut Noise, n: usize, distinct: u64) -> Column {
    let words: Vec<String> = (0..distinct).map(|i| format!("S{i:05}")).collect();
    column_of(
        DataType::String,
        (0..n).map(|_| Value::Text(&words[(noise.next() % distinct) as usize])),
    )
}

fn ints(values: impl Iterator<Item = i64>) -> Column {
    Column::from_parts(DataType::Int64, Data::Int(values.collect()), None)
}

fn schema() -> Schema {
    let columns = [
        ("id", DataType::Int64),
        ("symbol", DataType::String),
        ("side", DataType::String),
        ("venue", DataType::String),
        ("client", DataType::String),
        ("price", DataType::Float64),
        ("qty", DataType::Int64),
        ("ts", DataType::Datetime),
    ];
    Schema::new(
        columns
            .iter()
            .map(|(name, dtype)| Field::new(name, *dtype))
            .collect(),
    )
}

/// `n` trades with these ids.
fn trades(ids: Vec<i64>, seed: u64) -> Batch {
    let n = ids.len();
    let mut noise = Noise(seed);
    let prices: Vec<f64> = (0..n)
        .map(|_| (noise.next() % 100_000) as f64 / 100.0)
        .collect();
    let mut times = ints((0..n as i64).map(|i| 1_700_000_000_000 + i * 10));
    times.set_dtype(DataType::Datetime);
    let columns = vec![
        ints(ids.into_iter()),
        texts(&mut noise, n, 500),
        texts(&mut noise, n, 2),
        texts(&mut noise, n, 20),
        texts(&mut noise, n, 10_000),
        Column::from_parts(DataType::Float64, Data::Float(prices), None),
        ints((0..n).map(|_| (noise.next() % 1000) as i64)),
        times,
    ];
    let columns = columns
        .into_iter()
        .enumerate()
        .map(|(position, data)| BatchColumn {
            position,
            data,
            given: None,
        });
    Batch {
        n_rows: n,
        columns: columns.collect(),
        keys: Keys::Implied,
    }
}

fn empty(index: bool) -> Table {
    let options = TableOptions {
        index: index.then(|| "id".to_owned()),
        limit: None,
    };
    Table::new(schema(), &options).expect("a good configuration")
}

fn loaded(index: bool) -> Table {
    let mut table = empty(index);
    table.apply(trades((0..ROWS as i64).collect(), 1));
    table
}

fn core(table: &Table, config: &ViewConfig) -> ViewCore {
    let plan =
        Plan::new(config, table, &ExpressionLimits::default()).expect("a good configuration");
    ViewCore::new(plan, table, &Context::default()).expect("no limit is met")
}

fn filter(column: &str, op: &str, operand: Scalar) -> Filter {
    Filter {
        column: column.to_owned(),
        op: op.to_owned(),
        operands: vec![operand],
    }
}

fn filtered() -> ViewConfig {
    ViewConfig {
        filter: vec![
            filter("symbol", "==", Scalar::Text("S00007".into())),
            filter("price", ">", Scalar::Float(500.0)),
        ],
        ..ViewConfig::default()
    }
}

fn sorted(column: &str) -> ViewConfig {
    ViewConfig {
        sort: vec![Sort {
            column: column.to_owned(),
            op: SortOp::Desc,
        }],
        ..ViewConfig::default()
    }
}

#[divan::bench(sample_count = 10)]
fn load_1m_rows_with_ascending_index(bencher: Bencher<'_, '_>) {
    let batch = trades((0..ROWS as i64).collect(), 1);
    bencher
        .with_inputs(|| (empty(true), batch.clone()))
        .bench_local_values(|(mut table, batch)| {
            table.apply(batch);
            black_box(table.row_order().len());
            table
        });
}

#[divan::bench(sample_count = 10)]
fn load_1m_rows_with_scattered_index(bencher: Bencher<'_, '_>) {
    let ids = (0..ROWS as i64)
        .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))
        .collect();
    let batch = trades(ids, 1);
    bencher
        .with_inputs(|| (empty(true), batch.clone()))
        .bench_local_values(|(mut table, batch)| {
            table.apply(batch);
            black_box(table.row_order().len());
            table
        });
}

#[divan::bench(args = [1, 100, 10_000], sample_count = 50)]
fn upsert_into_1m_rows_and_take_the_delta(bencher: Bencher<'_, '_>, n: usize) {
    let mut table = loaded(true);
    table.set_tracking(true);
    let mut noise = Noise(7);
    let mut input = || {
        trades(
            (0..n)
                .map(|_| (noise.next() % ROWS as u64) as i64)
                .collect(),
            3,
        )
    };
    bencher.with_inputs(&mut input).bench_local_values(|batch| {
        table.apply(batch);
        table.take_delta()
    });
}

#[divan::bench(sample_count = 20)]
fn filter_1m_rows_by_text_and_number(bencher: Bencher<'_, '_>) {
    let table = loaded(false);
    bencher.bench_local(|| core(&table, &filtered()));
}

#[divan::bench(sample_count = 20)]
fn filter_1m_rows_by_contains(bencher: Bencher<'_, '_>) {
    let table = loaded(false);
    let config = ViewConfig {
        filter: vec![filter("client", "contains", Scalar::Text("s000".into()))],
        ..ViewConfig::default()
    };
    bencher.bench_local(|| core(&table, &config));
}

#[divan::bench(args = ["price", "symbol", "client", "ts"], sample_count = 10)]
fn sort_1m_rows(bencher: Bencher<'_, '_>, column: &str) {
    let table = loaded(false);
    bencher.bench_local(|| core(&table, &sorted(column)));
}

#[divan::bench(sample_count = 100)]
fn first_50_of_1m_rows(bencher: Bencher<'_, '_>) {
    let table = loaded(true);
    let config = ViewConfig::default();
    bencher.bench_local(|| {
        let core = core(&table, &config);
        let viewport = Viewport {
            rows: 0..50,
            ..Viewport::default()
        };
        View::new(&core)
            .slice(&core, &table, &viewport, SliceOptions::default())
            .map(|slice| slice.n_rows)
    });
}

#[divan::bench(args = [1, 100, 10_000], sample_count = 50)]
fn step_a_sorted_view_of_1m_rows(bencher: Bencher<'_, '_>, n: usize) {
    let mut table = loaded(true);
    let mut core = core(&table, &sorted("price"));
    table.set_tracking(true);
    let mut noise = Noise(7);
    let mut input = || {
        trades(
            (0..n)
                .map(|_| (noise.next() % ROWS as u64) as i64)
                .collect(),
            noise.0,
        )
    };
    bencher.with_inputs(&mut input).bench_local_values(|batch| {
        table.apply(batch);
        let delta = table.take_delta().expect("a batch was applied");
        core.step(&table, &delta, &Context::default())
    });
}

#[divan::bench(args = [1, 100, 10_000], sample_count = 50)]
fn step_a_filtered_view_of_1m_rows(bencher: Bencher<'_, '_>, n: usize) {
    let mut table = loaded(true);
    let mut core = core(&table, &filtered());
    table.set_tracking(true);
    let mut noise = Noise(7);
    let mut input = || {
        trades(
            (0..n)
                .map(|_| (noise.next() % ROWS as u64) as i64)
                .collect(),
            noise.0,
        )
    };
    bencher.with_inputs(&mut input).bench_local_values(|batch| {
        table.apply(batch);
        let delta = table.take_delta().expect("a batch was applied");
        core.step(&table, &delta, &Context::default())
    });
}

#[divan::bench(args = [1, 100], sample_count = 20)]
fn step_a_join_of_1m_rows_with_500(bencher: Bencher<'_, '_>, n: usize) {
    let mut left = loaded(true);
    let mut noise = Noise(11);
    let fields = [
        Field::new("name", DataType::String),
        Field::new("rank", DataType::Int64),
    ];
    let mut right = Table::new(Schema::new(fields.to_vec()), &TableOptions::default())
        .expect("a good configuration");
    let names: Vec<String> = (0..500).map(|i| format!("S{i:05}")).collect();
    right.apply(Batch {
        n_rows: 500,
        columns: vec![
            BatchColumn {
                position: 0,
                data: column_of(DataType::String, names.iter().map(|name| Value::Text(name))),
                given: None,
            },
            BatchColumn {
                position: 1,
                data: ints(0..500),
                given: None,
            },
        ],
        keys: Keys::Implied,
    });
    let (mut join, mut joined) =
        Join::new(&left, &right, "symbol", "name", JoinKind::Inner).expect("a good configuration");
    left.set_tracking(true);
    let mut input = || {
        trades(
            (0..n)
                .map(|_| (noise.next() % ROWS as u64) as i64)
                .collect(),
            noise.0,
        )
    };
    bencher.with_inputs(&mut input).bench_local_values(|batch| {
        left.apply(batch);
        let delta = left.take_delta();
        join.step(&left, delta.as_ref(), &right, None, &mut joined);
    });
}
