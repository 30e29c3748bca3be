//! The keystone of grouped views: after any updates a stepped view equals one built anew, and both equal what a plain
//! reading of the rows says.

use std::cmp::Ordering;
use std::fmt::Write as _;
use std::rc::Rc;

use proptest::prelude::*;

use super::*;
use crate::aggregate::{KeyOrder, Rows, resolve};
use crate::column::{Bitmap, Column, column_of};
use crate::hash::HashMap;
use crate::schema::DataType;
use crate::slice::{Slice, SliceOptions, Viewport};
use crate::value::{Scalar, Value};
use crate::view::{ABSENT, ColumnRef, GroupRollup, Slot, SplitRollup, Step};

/// The columns of the test table, by position.
const COLUMNS: [(&str, DataType); 9] = [
    ("g", DataType::String),
    ("h", DataType::Int64),
    ("k", DataType::Boolean),
    ("x", DataType::Int32),
    ("f", DataType::Float64),
    ("s", DataType::String),
    ("b", DataType::Boolean),
    ("w", DataType::Float64),
    ("d", DataType::Date),
];

type Cells = [Option<i8>; COLUMNS.len()];

fn value(column: usize, cell: Option<i8>, text: &mut String) -> Value<'_> {
    let Some(cell) = cell else {
        return Value::Null;
    };
    match COLUMNS[column].1 {
        DataType::String => {
            text.clear();
            write!(text, "t{cell}").expect("writing to a string");
            Value::Text(text)
        }
        DataType::Boolean => Value::Bool(cell % 2 == 0),
        DataType::Float64 => Value::Float(f64::from(cell) / 4.0),
        DataType::Date => Value::Date(cell.into()),
        _ => Value::Int(cell.into()),
    }
}

/// A table of slots: each free, or a row with its cells and whether it passes the filter.
struct Plain {
    columns: Vec<Column>,
    rows: Vec<Option<(Cells, bool)>>,
    reversed: bool,
}

impl KeyOrder for Plain {
    fn compare(&self, a: Slot, b: Slot) -> Ordering {
        if self.reversed { b.cmp(&a) } else { a.cmp(&b) }
    }

    fn is_slot_order(&self) -> bool {
        !self.reversed
    }
}

impl Plain {
    fn new(rows: Vec<Option<(Cells, bool)>>, reversed: bool) -> Self {
        let mut text = String::new();
        let columns = (0..COLUMNS.len())
            .map(|at| {
                let mut column = Column::new(COLUMNS[at].1);
                for row in &rows {
                    let cell = row.and_then(|(cells, _)| cells[at]);
                    column.push(value(at, cell, &mut text));
                }
                column
            })
            .collect();
        Self {
            columns,
            rows,
            reversed,
        }
    }

    fn columns(&self) -> Columns<'_> {
        Columns {
            table: &self.columns,
            computed: &[],
        }
    }

    fn passes(&self, slot: usize) -> bool {
        self.rows
            .get(slot)
            .is_some_and(|row| matches!(row, Some((_, true))))
    }

    fn build(&self, plan: &Rc<GroupedPlan>) -> Grouped {
        let slots: Vec<Slot> = (0..self.rows.len())
            .filter(|&slot| self.passes(slot))
            .map(|slot| slot as Slot)
            .collect();
        let rows = if slots.len() == self.rows.len() {
            Rows::All(slots.len())
        } else {
            Rows::List(&slots)
        };
        Grouped::build(
            Rc::clone(plan),
            &self.columns(),
            rows,
            self.rows.len(),
            self,
        )
        .expect("few cells")
    }

    /// Writes rows and steps the view along.
    fn apply(
        &mut self,
        changes: &[(u8, Option<(Cells, bool)>)],
        view: &mut Grouped,
    ) -> GroupedChanges {
        let mut latest: HashMap<Slot, Option<(Cells, bool)>> = HashMap::default();
        for (slot, row) in changes {
            latest.insert((*slot).into(), *row);
        }
        let mut slots: Vec<Slot> = latest.keys().copied().collect();
        slots.sort_unstable();
        let mut before = Vec::new();
        let mut image_rows = Vec::new();
        let mut was = Bitmap::default();
        let mut is = Bitmap::default();
        for &slot in &slots {
            let at = slot as usize;
            let existed = self.rows.get(at).is_some_and(Option::is_some);
            before.push(if existed {
                image_rows.len() as u32
            } else {
                ABSENT
            });
            if existed {
                image_rows.push(slot);
            }
            was.push(self.passes(at));
        }
        let images: Vec<Column> = self
            .columns
            .iter()
            .map(|column| column.gather(&image_rows))
            .collect();
        let mut text = String::new();
        for &slot in &slots {
            let at = slot as usize;
            while self.rows.len() <= at {
                self.rows.push(None);
                self.columns
                    .iter_mut()
                    .for_each(|column| column.extend_nulls(1));
            }
            self.rows[at] = latest[&slot];
            for (position, column) in self.columns.iter_mut().enumerate() {
                let cell = latest[&slot].and_then(|(cells, _)| cells[position]);
                let new = column_of(COLUMNS[position].1, [value(position, cell, &mut text)]);
                column.scatter(&new, std::iter::once((at, 0)));
            }
            is.push(self.passes(at));
        }
        let step = Step {
            slots: &slots,
            before: &before,
            was: &was,
            is: &is,
            old: Columns {
                table: &images,
                computed: &[],
            },
            new: self.columns(),
        };
        view.step(&step, self, true).expect("few cells")
    }

    fn slice<'a>(
        &'a self,
        view: &'a Grouped,
        expansion: &Expansion,
        options: SliceOptions,
    ) -> Slice<'a> {
        let source = Source {
            columns: self.columns(),
            key: &|slot| Scalar::Int(slot.into()),
            order: self,
        };
        view.slice(expansion, &source, &Viewport::default(), options)
    }
}

fn rows_of(slice: &Slice<'_>) -> Vec<(String, Vec<String>)> {
    let paths = slice.row_paths.as_ref().expect("grouped views have paths");
    (0..slice.n_rows)
        .map(|row| {
            let path: Vec<_> = paths.path(row).collect();
            let cells = slice
                .columns
                .iter()
                .map(|column| format!("{:?}/{}: {:?}", column.path, column.name, column.value(row)))
                .collect();
            (format!("{path:?}"), cells)
        })
        .collect()
}

fn shown(plain: &Plain, view: &Grouped) -> String {
    let expansion = Expansion::new(None);
    let options = SliceOptions {
        keys: true,
        ids: false,
        leaves_only: false,
    };
    let slice = plain.slice(view, &expansion, options);
    let mut text = String::new();
    let keys = slice.keys.as_ref().expect("keys were asked for");
    for ((path, cells), keys) in rows_of(&slice).into_iter().zip(keys) {
        writeln!(text, "{path} {cells:?} {keys:?}").expect("writing to a string");
    }
    let minmax = view.min_max("x", &expansion, &plain.columns());
    writeln!(text, "{minmax:?} {} cells", view.n_cells()).expect("writing to a string");
    text
}

/// Every aggregate and a column it is tried on.
const MEASURES: [(&str, usize); 52] = [
    ("sum", 3),
    ("sum", 4),
    ("sum", 6),
    ("abs sum", 3),
    ("sum abs", 4),
    ("sum abs", 3),
    ("avg", 3),
    ("avg", 4),
    ("count", 5),
    ("distinct count", 5),
    ("distinct count", 4),
    ("any", 3),
    ("any", 5),
    ("first", 3),
    ("last", 5),
    ("last by index", 4),
    ("last minus first", 3),
    ("last minus first", 4),
    ("min", 3),
    ("max", 3),
    ("low", 4),
    ("high", 5),
    ("min", 5),
    ("max", 8),
    ("high minus low", 3),
    ("median", 3),
    ("median", 4),
    ("q1", 4),
    ("q3", 4),
    ("q3", 3),
    ("median", 5),
    ("dominant", 3),
    ("dominant", 5),
    ("unique", 3),
    ("unique", 5),
    ("distinct leaf", 3),
    ("join", 5),
    ("join", 3),
    ("mul", 3),
    ("mul", 4),
    ("gmv", 3),
    ("gmv", 4),
    ("stddev", 3),
    ("var", 4),
    ("pct sum parent", 3),
    ("pct sum total", 4),
    ("weighted mean", 3),
    ("max by", 5),
    ("min by", 3),
    ("and", 6),
    ("or", 6),
    ("or", 5),
];

fn measure(name: &str, column: usize) -> Measure {
    let aggregate = resolve(
        name,
        COLUMNS[column].0,
        &[DataType::Float64],
        COLUMNS[column].1,
    )
    .expect("the aggregate fits");
    Measure {
        name: COLUMNS[column].0.into(),
        zone: None,
        column: ColumnRef::Table(column),
        by: Some(ColumnRef::Table(7)),
        aggregate,
    }
}

/// What a plain reading of the rows says of a cell.
fn plainly(
    plain: &Plain,
    name: &str,
    column: usize,
    rows: &[Slot],
    whole: Option<f64>,
    groups: &[Level],
) -> Option<Scalar> {
    let mut rows = rows.to_vec();
    rows.sort_by(|&a, &b| plain.compare(a, b));
    let column = &plain.columns[column];
    // Through the tree of groups, then by key.
    let mut tree = rows.clone();
    tree.sort_by(|&a, &b| {
        let level = |level: &Level| {
            plain
                .columns()
                .get(level.column)
                .compare(a as usize, b as usize)
        };
        groups
            .iter()
            .map(level)
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    let mut tree = tree.iter().map(|&slot| column.value(slot as usize));
    let weights = &plain.columns[7];
    let all: Vec<Value<'_>> = rows
        .iter()
        .map(|&slot| column.value(slot as usize))
        .collect();
    let given: Vec<Value<'_>> = all
        .iter()
        .copied()
        .filter(|value| !value.is_null())
        .collect();
    let numbers: Vec<f64> = given.iter().filter_map(|value| value.as_f64()).collect();
    let is_float = column.floats().is_some();
    let mut sorted = given.clone();
    sorted.sort();
    let number = |v: f64| {
        Some(if is_float {
            Scalar::Float(v)
        } else {
            Scalar::Int(v as i64)
        })
    };
    let same = |value: &Value<'_>| value.to_scalar();
    let n = numbers.len() as f64;
    let sum: f64 = numbers.iter().sum();
    let quantile = |quarters: usize| {
        let place = sorted.len() * quarters / 4;
        let value = sorted.get(place)?;
        if is_float && (sorted.len() * quarters).is_multiple_of(4) && place > 0 {
            return Some(Scalar::Float(
                (value.as_f64()? + sorted[place - 1].as_f64()?) / 2.0,
            ));
        }
        Some(value.to_scalar())
    };
    let by = |greatest: bool| {
        let mut best: Option<(f64, Slot)> = None;
        for &slot in &rows {
            if let Some(weight) = weights.value(slot as usize).as_f64()
                && best.is_none_or(|(other, _)| {
                    if greatest {
                        weight > other
                    } else {
                        weight < other
                    }
                })
            {
                best = Some((weight, slot));
            }
        }
        best.map(|(_, slot)| column.value(slot as usize).to_scalar())
    };
    let mut distinct: Vec<Value<'_>> = all.clone();
    distinct.sort();
    distinct.dedup();
    match name {
        "sum" | "gmv" if numbers.is_empty() && name == "sum" => None,
        "sum" => number(sum),
        "abs sum" => (n > 0.0).then(|| number(sum.abs()))?,
        "sum abs" => (n > 0.0).then(|| number(numbers.iter().map(|v| v.abs()).sum()))?,
        "avg" => (n > 0.0).then(|| Scalar::Float(sum / n)),
        "count" => Some(Scalar::Int(all.len() as i64)),
        "distinct count" => Some(Scalar::Int(distinct.len() as i64)),
        "any" => tree
            .find(|value| !value.is_null())
            .map(|value| same(&value)),
        "first" => all.first().map(same),
        "last" => tree.next_back().map(|value| same(&value)),
        "last by index" => all.last().map(same),
        "last minus first" => number(all.last()?.as_f64()? - all.first()?.as_f64()?),
        "min" | "low" => sorted.first().map(same),
        "max" | "high" => sorted.last().map(same),
        "high minus low" => number(sorted.last()?.as_f64()? - sorted.first()?.as_f64()?),
        "q1" => quantile(1),
        "median" => quantile(2),
        "q3" => quantile(3),
        "dominant" => {
            let mut counts: Vec<(Value<'_>, usize)> = Vec::new();
            let mut best: Option<(usize, Value<'_>)> = None;
            for &value in &given {
                let at = counts
                    .iter()
                    .position(|(other, _)| *other == value)
                    .unwrap_or_else(|| {
                        counts.push((value, 0));
                        counts.len() - 1
                    });
                counts[at].1 += 1;
                if best.is_none_or(|(count, _)| counts[at].1 > count) {
                    best = Some((counts[at].1, value));
                }
            }
            best.map(|(_, value)| value.to_scalar())
        }
        "unique" => (distinct.len() == 1).then(|| distinct[0].to_scalar()),
        "mul" => (n > 0.0).then(|| number(numbers.iter().product()))?,
        "var" | "stddev" if n < 2.0 => None,
        "var" => {
            let squares: f64 = numbers.iter().map(|v| v * v).sum();
            Some(Scalar::Float(((squares - sum * sum / n) / n).max(0.0)))
        }
        "pct sum parent" | "pct sum total" => {
            let whole = whole.filter(|whole| *whole != 0.0)?;
            (n > 0.0).then(|| Scalar::Float(100.0 * sum / whole))
        }
        "weighted mean" => {
            let pairs: Vec<(f64, f64)> = rows
                .iter()
                .filter_map(|&slot| {
                    Some((
                        column.value(slot as usize).as_f64()?,
                        weights.value(slot as usize).as_f64()?,
                    ))
                })
                .collect();
            let total: f64 = pairs.iter().map(|pair| pair.1).sum();
            let products: f64 = pairs.iter().map(|pair| pair.0 * pair.1).sum();
            (total != 0.0).then(|| Scalar::Float(products / total))
        }
        "max by" => by(true),
        "min by" => by(false),
        "and" => Some(Scalar::Bool(
            all.iter().all(|value| *value == Value::Bool(true)),
        )),
        "or" if column.bools().is_some() => {
            (!given.is_empty()).then(|| Scalar::Bool(given.contains(&Value::Bool(true))))
        }
        // On other types than booleans it is `any`.
        "or" => tree
            .find(|value| !value.is_null())
            .map(|value| same(&value)),
        _ => unreachable!("{name} is not read plainly"),
    }
    .filter(|scalar| !scalar.is_null())
}

/// Whether [`plainly`] knows an aggregate.
fn is_plain(name: &str) -> bool {
    !matches!(name, "join" | "gmv" | "distinct leaf" | "stddev")
}

fn close(a: &Scalar, b: &Scalar) -> bool {
    match (a, b) {
        (Scalar::Float(a), Scalar::Float(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        _ => a == b,
    }
}

/// Compares every cell of a view with a plain reading.
fn check_plainly(plain: &Plain, view: &Grouped, names: &[(&str, usize)]) {
    let plan = view.plan();
    let expansion = Expansion::new(None);
    let slice = plain.slice(view, &expansion, SliceOptions::default());
    let paths = slice.row_paths.as_ref().expect("grouped views have paths");
    let key = |level: &Level, slot: Slot| {
        plain
            .columns()
            .get(level.column)
            .value(slot as usize)
            .to_scalar()
    };
    let under = |row_path: &[Scalar], column_path: &[Scalar]| -> Vec<Slot> {
        (0..plain.rows.len() as Slot)
            .filter(|&slot| {
                plain.passes(slot as usize)
                    && row_path
                        .iter()
                        .zip(&plan.group_by)
                        .all(|(k, level)| *k == key(level, slot))
                    && column_path
                        .iter()
                        .zip(&plan.split_by)
                        .all(|(k, level)| *k == key(level, slot))
            })
            .collect()
    };
    for row in 0..slice.n_rows {
        let path: Vec<Scalar> = paths.path(row).map(Value::to_scalar).collect();
        for (at, column) in slice.columns.iter().enumerate() {
            let (name, position) = names[at % plan.n_shown];
            if !is_plain(name) {
                continue;
            }
            let rows = under(&path, &column.path);
            let whole_rows = if name == "pct sum total" {
                under(&[], &[])
            } else if let Some((_, above)) = column.path.split_last() {
                under(&path, above)
            } else {
                under(&path[..path.len().saturating_sub(1)], &[])
            };
            let whole = whole_rows
                .iter()
                .filter_map(|&slot| plain.columns[position].value(slot as usize).as_f64())
                .sum();
            let expected = if rows.is_empty() {
                None
            } else {
                plainly(
                    plain,
                    name,
                    position,
                    &rows,
                    Some(whole),
                    plan.tree_levels(),
                )
            };
            let expected = expected.unwrap_or(Scalar::Null);
            let found = column.value(row).to_scalar();
            assert!(
                close(&found, &expected),
                "{name} of {}: {found:?} rather than {expected:?} in {path:?} under {:?}",
                COLUMNS[position].0,
                column.path
            );
        }
    }
}

fn check_expansion(plain: &Plain, view: &Grouped, clicks: &[(u8, bool)], levels: u32) {
    let mut expansion = Expansion::new(Some(levels));
    for &(row, open) in clicks {
        let before = view.n_rows(&expansion);
        let row = usize::from(row) % (before + 1);
        if open {
            let came = view.expand(&mut expansion, row);
            assert_eq!(view.n_rows(&expansion), before + came);
        } else {
            let went = view.collapse(&mut expansion, row);
            assert_eq!(view.n_rows(&expansion), before - went);
        }
    }
    check_seeking(plain, view, &expansion);
}

/// Every way to a row leads to the same one.
fn check_seeking(plain: &Plain, view: &Grouped, expansion: &Expansion) {
    let all = plain.slice(view, expansion, SliceOptions::default());
    assert_eq!(all.n_rows, view.n_rows(expansion));
    let rows = rows_of(&all);
    let source = Source {
        columns: plain.columns(),
        key: &|slot| Scalar::Int(slot.into()),
        order: plain,
    };
    for start in 0..rows.len() {
        let viewport = Viewport {
            rows: start..start + 3,
            columns: 0..usize::MAX,
        };
        let part = view.slice(expansion, &source, &viewport, SliceOptions::default());
        assert_eq!(rows_of(&part), rows[start..(start + 3).min(rows.len())]);
    }
    let everything = GroupedChanges {
        rows: (0..view.grid.rows.n_nodes() as NodeId).collect(),
    };
    let changed = view.changed_slice(expansion, &plain.columns(), &everything);
    assert_eq!(rows_of(&changed), rows);
}

fn cells() -> impl Strategy<Value = Cells> {
    let key = || prop_oneof![4 => (0..4_i8).prop_map(Some), 1 => Just(None)];
    let number = || prop_oneof![5 => (-6..7_i8).prop_map(Some), 1 => Just(None)];
    (
        key(),
        key(),
        key(),
        number(),
        number(),
        number(),
        number(),
        number(),
        number(),
    )
        .prop_map(|(g, h, k, x, f, s, b, w, d)| [g, h, k, x, f, s, b, w, d])
}

fn row() -> impl Strategy<Value = Option<(Cells, bool)>> {
    prop_oneof![
        8 => (cells(), prop::bool::weighted(0.85)).prop_map(Some),
        2 => Just(None),
    ]
}

fn config() -> impl Strategy<Value = (GroupedPlan, Vec<(&'static str, usize)>)> {
    let levels = |positions: Vec<usize>| -> Vec<Level> {
        positions
            .into_iter()
            .map(|at| Level {
                name: COLUMNS[at].0.into(),
                column: ColumnRef::Table(at),
            })
            .collect()
    };
    let groups = prop::sample::select(vec![
        vec![],
        vec![0],
        vec![1],
        vec![0, 1],
        vec![1, 4],
        vec![0, 1, 2],
        vec![4, 0],
    ]);
    let splits = prop::sample::select(vec![vec![], vec![], vec![2], vec![1, 2], vec![0]]);
    let picks = prop::collection::vec(0..MEASURES.len(), 1..6);
    let sorts = prop::collection::vec((0..8_usize, any::<bool>(), any::<bool>()), 0..3);
    (
        groups,
        splits,
        picks,
        sorts.clone(),
        sorts,
        prop::sample::select(vec![
            GroupRollup::Rollup,
            GroupRollup::Rollup,
            GroupRollup::Flat,
            GroupRollup::Total,
        ]),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(
            move |(groups, splits, picks, row_sorts, column_sorts, group_rollup, rollup, hide)| {
                let names: Vec<_> = picks.iter().map(|&at| MEASURES[at]).collect();
                let n_shown = if hide && names.len() > 1 {
                    names.len() - 1
                } else {
                    names.len()
                };
                let group_by = levels(groups);
                let split_by = levels(splits);
                let sorts = |sorts: Vec<(usize, bool, bool)>, n_levels: usize| {
                    sorts
                        .into_iter()
                        .map(|(key, descending, absolute)| GroupSort {
                            key: if key % 3 == 0 && n_levels > 0 {
                                SortKey::Level(key % n_levels)
                            } else {
                                SortKey::Measure(key % names.len())
                            },
                            descending,
                            absolute,
                        })
                        .collect()
                };
                let row_levels = if group_rollup == GroupRollup::Total {
                    0
                } else {
                    group_by.len()
                };
                let plan = GroupedPlan {
                    row_sorts: sorts(row_sorts, row_levels),
                    column_sorts: if split_by.is_empty() {
                        Vec::new()
                    } else {
                        sorts(column_sorts, split_by.len())
                    },
                    measures: names
                        .iter()
                        .map(|&(name, column)| measure(name, column))
                        .collect(),
                    n_shown,
                    group_by,
                    split_by,
                    group_rollup,
                    split_rollup: if rollup {
                        SplitRollup::Rollup
                    } else {
                        SplitRollup::Flat
                    },
                    max_cells: 10_000,
                };
                (plan, names)
            },
        )
}

/// Rows that differ between two looks at a view must have been reported.
fn check_changes(before: &[(String, Vec<String>)], after: &Slice<'_>, reported: &Slice<'_>) {
    let reported: Vec<String> = rows_of(reported)
        .into_iter()
        .map(|(path, _)| path)
        .collect();
    let before: HashMap<&String, &Vec<String>> =
        before.iter().map(|(path, cells)| (path, cells)).collect();
    for (path, cells) in rows_of(after) {
        if reported.contains(&path) {
            continue;
        }
        let former = before.get(&path).expect("a new group is reported");
        // Columns may have come and gone; those that stayed say the same.
        let header = |cell: &String| cell.split(": ").next().map(str::to_owned);
        for cell in &cells {
            let same = former.iter().any(|other| other == cell);
            let stayed = former.iter().any(|other| header(other) == header(cell));
            assert!(
                same || !stayed,
                "the change of {cell} in {path} was not reported"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(700))]

    #[test]
    fn a_stepped_view_equals_one_built_anew_and_a_plain_reading(
        (plan, names) in config(),
        rows in prop::collection::vec(row(), 0..24),
        steps in prop::collection::vec(prop::collection::vec((0..40_u8, row()), 1..8), 1..6),
        reversed in any::<bool>(),
        clicks in prop::collection::vec((any::<u8>(), any::<bool>()), 0..6),
        levels in 1..4_u32,
    ) {
        let percentages = plan.measures.iter().any(|measure| measure.aggregate.name().starts_with("pct"));
        let plan = Rc::new(plan);
        let mut plain = Plain::new(rows, reversed);
        let mut view = plain.build(&plan);
        check_plainly(&plain, &view, &names);
        for step in &steps {
            let expansion = Expansion::new(None);
            let before = rows_of(&plain.slice(&view, &expansion, SliceOptions::default()));
            let changes = plain.apply(step, &mut view);
            let fresh = plain.build(&plan);
            prop_assert_eq!(shown(&plain, &view), shown(&plain, &fresh));
            if !percentages {
                let after = plain.slice(&view, &expansion, SliceOptions::default());
                let reported = view.changed_slice(&expansion, &plain.columns(), &changes);
                check_changes(&before, &after, &reported);
            }
            check_expansion(&plain, &view, &clicks, levels);
        }
        check_plainly(&plain, &view, &names);
    }
}
