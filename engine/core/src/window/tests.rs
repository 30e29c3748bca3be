//! Windows against what their definitions say, and steps against building anew.

use std::cmp::Ordering;

use super::*;
use crate::column::Bitmap;
use crate::schema::DataType;
use crate::view::{ABSENT, ColumnRef, Frame, WindowSpec};

/// Columns `k` (key), `p` (partition), `o` (order), `x` and `s`, indexed by slot.
#[derive(Clone)]
struct Rows {
    columns: Vec<Column>,
    live: Vec<bool>,
}

const NAMES: [&str; 5] = ["k", "p", "o", "x", "s"];
const TYPES: [DataType; 5] = [
    DataType::Int64,
    DataType::Int64,
    DataType::Int64,
    DataType::Float64,
    DataType::String,
];

impl Rows {
    fn new() -> Self {
        Self {
            columns: TYPES.iter().map(|&dtype| Column::new(dtype)).collect(),
            live: Vec::new(),
        }
    }

    fn push(&mut self, cells: [Value<'_>; 5]) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.push(cell);
        }
        self.live.push(true);
    }

    fn columns(&self) -> Columns<'_> {
        Columns {
            table: &self.columns,
            computed: &[],
        }
    }

    fn compare(&self, a: Slot, b: Slot) -> Ordering {
        self.columns[0]
            .value(a as usize)
            .cmp(&self.columns[0].value(b as usize))
    }

    fn order(&self) -> Vec<Slot> {
        let mut slots: Vec<Slot> = (0..self.live.len() as u32)
            .filter(|&slot| self.live[slot as usize])
            .collect();
        slots.sort_by(|&a, &b| self.compare(a, b));
        slots
    }

    fn window(&self, plan: &WindowPlan) -> WindowColumn {
        WindowColumn::new(plan.clone(), self.columns(), &self.order(), self.live.len())
    }
}

fn spec(op: &str) -> WindowSpec {
    WindowSpec {
        source: "x".to_owned(),
        op: op.to_owned(),
        partition_by: Vec::new(),
        order_by: None,
        frame: None,
        offset: None,
        alpha: None,
    }
}

fn plan(spec: &WindowSpec) -> crate::Result<WindowPlan> {
    let resolve = |name: &str| {
        let position = NAMES.iter().position(|&known| known == name)?;
        Some((ColumnRef::Table(position), TYPES[position]))
    };
    WindowPlan::new("w", spec, &resolve, &resolve)
}

fn xs(values: &[Option<f64>]) -> Rows {
    let mut rows = Rows::new();
    for (i, &x) in values.iter().enumerate() {
        let x = x.map_or(Value::Null, Value::Float);
        rows.push([
            Value::Int(i as i64),
            Value::Int(0),
            Value::Int(i as i64),
            x,
            Value::Null,
        ]);
    }
    rows
}

fn floats(rows: &Rows, spec: &WindowSpec) -> Vec<Option<f64>> {
    let window = rows.window(&plan(spec).expect("a valid window"));
    rows.order()
        .iter()
        .map(|&slot| window.column().value(slot as usize).as_f64())
        .collect()
}

const Y: [Option<f64>; 6] = [Some(1.0), None, Some(4.0), Some(2.0), Some(8.0), Some(3.0)];

#[test]
fn sums_skip_nulls_within_their_frame() {
    let frame = WindowSpec {
        frame: Some(Frame::Rows(1)),
        ..spec("sum")
    };
    let expected = [1.0, 1.0, 4.0, 6.0, 10.0, 11.0].map(Some);
    assert_eq!(floats(&xs(&Y), &frame), expected);
}

#[test]
fn the_moving_average_repeats_over_nulls() {
    let ema = WindowSpec {
        alpha: Some(0.5),
        ..spec("ema")
    };
    let expected = [1.0, 1.0, 2.5, 2.25, 5.125, 4.0625].map(Some);
    assert_eq!(floats(&xs(&Y), &ema), expected);
}

#[test]
fn cumulative_means_count_values_only() {
    let means = floats(&xs(&Y), &spec("avg"));
    assert_eq!(means[..3], [Some(1.0), Some(1.0), Some(2.5)]);
    assert_eq!(means[5], Some(3.6));
}

#[test]
fn range_frames_leave_later_peers_out() {
    let mut rows = Rows::new();
    for (k, (o, x)) in [(1, 2.0), (2, 4.0), (2, 32.0)].into_iter().enumerate() {
        rows.push([
            Value::Int(k as i64),
            Value::Int(0),
            Value::Int(o),
            Value::Float(x),
            Value::Null,
        ]);
    }
    let range = WindowSpec {
        frame: Some(Frame::Range(1.0)),
        order_by: Some(("o".to_owned(), false)),
        ..spec("sum")
    };
    assert_eq!(floats(&rows, &range), [2.0, 6.0, 38.0].map(Some));
}

#[test]
fn ranks_share_and_skip() {
    let mut rows = Rows::new();
    for (k, o) in [10, 20, 20, 30].into_iter().enumerate() {
        rows.push([
            Value::Int(k as i64),
            Value::Int(0),
            Value::Int(o),
            Value::Float(1.0),
            Value::Null,
        ]);
    }
    let ranked = |op| {
        floats(
            &rows,
            &WindowSpec {
                order_by: Some(("o".to_owned(), false)),
                ..spec(op)
            },
        )
    };
    assert_eq!(ranked("rank"), [1.0, 2.0, 2.0, 4.0].map(Some));
    assert_eq!(ranked("dense_rank"), [1.0, 2.0, 2.0, 3.0].map(Some));
    assert_eq!(
        ranked("percent_rank"),
        [0.0, 1.0 / 3.0, 1.0 / 3.0, 1.0].map(Some)
    );
    let tiles = WindowSpec {
        offset: Some(3),
        ..spec("ntile")
    };
    assert_eq!(floats(&rows, &tiles), [1.0, 1.0, 2.0, 3.0].map(Some));
}

#[test]
fn frames_that_an_op_cannot_take_are_refused() {
    let refused = |spec: WindowSpec| plan(&spec).expect_err("must be refused").to_string();
    assert_eq!(
        refused(spec("bogus")),
        "Window `op` not implemented in this build: bogus"
    );
    assert_eq!(
        refused(spec("rate")),
        "Window `rate` requires a `range` frame"
    );
    let range = Some(Frame::Range(1.0));
    assert_eq!(
        refused(WindowSpec {
            frame: range.clone(),
            ..spec("sum")
        }),
        "Window `range` frames require an explicit `order_by`"
    );
    let by_text = Some(("s".to_owned(), false));
    assert_eq!(
        refused(WindowSpec {
            frame: range,
            order_by: by_text,
            ..spec("sum")
        }),
        "Window `range` frames require a numeric or temporal `order_by` column: s"
    );
    assert_eq!(
        refused(WindowSpec {
            source: "s".to_owned(),
            ..spec("sum")
        }),
        "Window op requires a numeric `source` column: s"
    );
}

/// A small generator, so that the cases are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn random_cells(random: &mut Random, key: i64, cells: &mut [Value<'static>; 5]) {
    let texts = ["a", "b", "c"];
    let maybe = |random: &mut Random, value| {
        if random.below(5) == 0 {
            Value::Null
        } else {
            value
        }
    };
    let (p, o, x, s) = (
        random.below(3),
        random.below(6),
        random.below(9),
        random.below(3),
    );
    *cells = [
        Value::Int(key),
        maybe(random, Value::Int(p as i64)),
        maybe(random, Value::Int(o as i64)),
        maybe(random, Value::Float(x as f64)),
        maybe(random, Value::Text(texts[s as usize])),
    ];
}

fn all_specs() -> Vec<WindowSpec> {
    let frames = [
        None,
        Some(Frame::Rows(2)),
        Some(Frame::Range(2.0)),
        Some(Frame::Cumulative),
    ];
    let ops = [
        "sum",
        "avg",
        "count",
        "stddev",
        "var",
        "min",
        "max",
        "first",
        "last",
        "lag",
        "lead",
        "diff",
        "rate",
        "ema",
        "median",
        "q3",
        "row_number",
        "rank",
        "dense_rank",
        "percent_rank",
        "ntile",
    ];
    let mut specs = Vec::new();
    for op in ops {
        for frame in &frames {
            for (order_by, partition_by) in [
                (None, vec![]),
                (Some(false), vec!["p"]),
                (Some(true), vec!["p"]),
                (Some(false), vec![]),
            ] {
                let candidate = WindowSpec {
                    frame: frame.clone(),
                    order_by: order_by.map(|descending| ("o".to_owned(), descending)),
                    partition_by: partition_by
                        .iter()
                        .map(|&name: &&str| name.to_owned())
                        .collect(),
                    offset: Some(2),
                    alpha: Some(0.25),
                    ..spec(op)
                };
                if plan(&candidate).is_ok() {
                    specs.push(candidate);
                }
            }
        }
    }
    specs
}

#[test]
fn a_stepped_window_is_one_built_anew() {
    let specs = all_specs();
    assert!(specs.len() > 100);
    for (case, spec) in specs.iter().enumerate() {
        let plan = plan(spec).expect("only valid ones are listed");
        let mut random = Random(0x9e37_79b9 + case as u64);
        let mut rows = Rows::new();
        let mut cells = [Value::Null; 5];
        for key in 0..30 {
            random_cells(&mut random, key * 2, &mut cells);
            rows.push(cells);
        }
        let mut window = rows.window(&plan);
        for _ in 0..12 {
            let old = rows.clone();
            let shown: Vec<_> = (0..old.live.len())
                .map(|i| window.column().value(i).to_scalar())
                .collect();
            let (mut slots, mut before) = (Vec::new(), Vec::new());
            let (mut was, mut is) = (Bitmap::default(), Bitmap::default());
            for _ in 0..=random.below(5) {
                let slot = random.below(rows.live.len() as u64 + 2) as usize;
                if slots.contains(&(slot as Slot)) {
                    continue;
                }
                let slot = slot.min(rows.live.len());
                let existed = old.live.get(slot).copied().unwrap_or(false);
                let key = if existed && random.below(4) > 0 {
                    2 * slot as i64
                } else {
                    100 + 100 * random.below(1000) as i64 + slot as i64
                };
                let key = if existed {
                    old.columns[0]
                        .value(slot)
                        .as_f64()
                        .map_or(key, |k| k as i64)
                } else {
                    key
                };
                random_cells(&mut random, key, &mut cells);
                if slot == rows.live.len() {
                    rows.push(cells);
                } else {
                    for (column, cell) in rows.columns.iter_mut().zip(cells) {
                        let dtype = column.dtype();
                        column.scatter(&column_of(dtype, [cell]), [(slot, 0)].into_iter());
                    }
                    rows.live[slot] = !existed || random.below(3) > 0;
                }
                slots.push(slot as Slot);
                before.push(if existed { slot as u32 } else { ABSENT });
                was.push(existed);
                is.push(rows.live[slot]);
            }
            let compare = |a, b| rows.compare(a, b);
            let keys = Keys {
                compare: &compare,
                index: Some(0),
                ring: false,
            };
            let step = Step {
                slots: &slots,
                before: &before,
                was: &was,
                is: &is,
                old: old.columns(),
                new: rows.columns(),
            };
            let mut changed = Changed::default();
            window.step(&step, rows.live.len(), &keys, &mut changed);
            let anew = rows.window(&plan);
            for slot in rows.order() {
                let (stepped, built) = (
                    window.column().value(slot as usize),
                    anew.column().value(slot as usize),
                );
                let close = match (stepped, built) {
                    (Value::Float(a), Value::Float(b)) => (a - b).abs() <= 1e-9 * b.abs().max(1.0),
                    (a, b) => a == b,
                };
                assert!(
                    close,
                    "{spec:?}: slot {slot}: {stepped:?} stepped, {built:?} anew"
                );
                let before = shown.get(slot as usize);
                if before.is_some_and(|before| before.as_value() != stepped) {
                    assert!(
                        changed.slots.contains(&slot),
                        "{spec:?}: slot {slot} changed untold"
                    );
                }
            }
        }
    }
}

/// A step that gives the rows at `slots` a new source cell.
fn touch(window: &mut WindowColumn, rows: &mut Rows, slots: &[Slot]) -> Vec<Slot> {
    let old = rows.clone();
    for &slot in slots {
        let fresh = column_of(DataType::Float64, [Value::Float(-1.0)]);
        rows.columns[3].scatter(&fresh, [(slot as usize, 0)].into_iter());
    }
    let all = Bitmap::filled(slots.len(), true);
    let compare = |a, b| rows.compare(a, b);
    let keys = Keys {
        compare: &compare,
        index: Some(0),
        ring: false,
    };
    let step = Step {
        slots,
        before: slots,
        was: &all,
        is: &all,
        old: old.columns(),
        new: rows.columns(),
    };
    let mut changed = Changed::default();
    window.step(&step, rows.live.len(), &keys, &mut changed);
    changed.slots
}

#[test]
fn a_step_evaluates_only_what_the_touched_rows_reach() {
    const N: i64 = 10_000;
    let mut table = Rows::new();
    for k in 0..N {
        table.push([
            Value::Int(k),
            Value::Int(k % 2),
            Value::Int(k),
            Value::Float((k * 7919 % 1000) as f64),
            Value::Null,
        ]);
    }
    let ordered = |op: &str, frame: Option<Frame>| WindowSpec {
        order_by: Some(("o".to_owned(), false)),
        frame,
        ..spec(op)
    };
    let partitioned = |spec: WindowSpec| WindowSpec {
        partition_by: vec!["p".to_owned()],
        ..spec
    };
    // What is computed, and how many cells a change of row 9,000 of 10,000 may evaluate.
    let costs = [
        (ordered("sum", Some(Frame::Rows(20))), 21),
        (ordered("max", Some(Frame::Rows(20))), 21),
        (ordered("median", Some(Frame::Rows(20))), 21),
        (ordered("avg", Some(Frame::Range(5.0))), 6),
        (partitioned(ordered("avg", Some(Frame::Range(5.0)))), 3),
        (ordered("lag", None), 2),
        (ordered("lead", None), 2),
        (ordered("diff", None), 2),
        (ordered("last", None), 1),
        (ordered("sum", None), 1_000),
        (partitioned(ordered("sum", None)), 500),
        (ordered("ema", None), 1_000),
    ];
    for (spec, cost) in costs {
        let spec = WindowSpec {
            alpha: (spec.op == "ema").then_some(0.5),
            ..spec
        };
        let mut rows = table.clone();
        let mut window = rows.window(&plan(&spec).expect("a valid window"));
        assert_eq!(window.n_evaluated(), N as u64, "{spec:?}");
        touch(&mut window, &mut rows, &[9_000]);
        assert_eq!(window.n_evaluated() - N as u64, cost, "{spec:?}");
    }
}

#[test]
fn a_frame_and_what_a_change_reaches_round_alike() {
    // Of the keys below some lie so close to a frame's edge that key + range and key - range disagree about them.
    let mut rows = Rows::new();
    rows.columns[2] = Column::new(DataType::Float64);
    for k in 0..200 {
        rows.push([
            Value::Int(k),
            Value::Int(0),
            Value::Float(k as f64 * 0.1),
            Value::Float(k as f64),
            Value::Null,
        ]);
    }
    let resolve = |name: &str| {
        let position = NAMES.iter().position(|&known| known == name)?;
        let dtype = if name == "o" {
            DataType::Float64
        } else {
            TYPES[position]
        };
        Some((ColumnRef::Table(position), dtype))
    };
    for reach in [0.1, 0.2, 0.3, 0.7, 1.1] {
        let spec = WindowSpec {
            order_by: Some(("o".to_owned(), false)),
            frame: Some(Frame::Range(reach)),
            ..spec("sum")
        };
        let plan = WindowPlan::new("w", &spec, &resolve, &resolve).expect("a valid window");
        for slot in 0..200 {
            let mut rows = rows.clone();
            let mut window = rows.window(&plan);
            touch(&mut window, &mut rows, &[slot]);
            let anew = rows.window(&plan);
            for at in 0..200 {
                let pair = (window.column().value(at), anew.column().value(at));
                assert_eq!(
                    pair.0, pair.1,
                    "range {reach}: row {slot} changed, row {at}"
                );
            }
        }
    }
}
