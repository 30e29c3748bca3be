//! The computation that all views of one configuration share, and what is each view's own.
//!
//! A [`ViewCore`] follows its table by deltas: computed columns first, then the filter before and after, then rows or
//! groups. A [`View`] adds what one client sees of it. Both are read through slices.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;
use std::rc::Rc;

use super::ExpressionLimits;
use super::computed::{Computed, Touched};
use super::filter::Selection;
use super::flat::{FlatRows, listed};
use super::grouped::{Expansion, Grouped, GroupedChanges, Source};
use super::order::compare_rows;
use super::plan::{Plan, PlanColumn};
use super::step::{ABSENT, ColumnRef, Columns, Slot, Step};
use crate::aggregate::{self, KeyOrder};
use crate::column::Bitmap;
use crate::error::{Error, Result};
use crate::slice::{Rows, Slice, SliceColumn, SliceOptions, Viewport};
use crate::table::{Delta, RowOrder, Table};
use crate::value::Scalar;

/// What the front tells the core at each step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// Milliseconds since 1970 UTC.
    pub now_ms: f64,
    /// What `random()` is made from.
    pub random_seed: u64,
    /// What expressions may use up.
    pub expressions: ExpressionLimits,
}

/// The shared computation of all views with one plan.
#[derive(Debug)]
pub struct ViewCore {
    plan: Plan,
    computed: Computed,
    body: Body,
    /// How often it was built: groups of an earlier building are not those of a later one.
    generation: u32,
    /// A step failed: what is held is of no use, and is built anew at the next one.
    stale: bool,
}

/// What a view is made of: rows of the table, or groups of them. The one place where the two kinds part.
#[derive(Debug)]
enum Body {
    Flat(Box<FlatRows>),
    Grouped(Box<Grouped>),
}

/// The order of a table's primary keys, for aggregates that depend on it.
struct TableOrder<'a>(&'a Table);

impl KeyOrder for TableOrder<'_> {
    fn compare(&self, a: Slot, b: Slot) -> Ordering {
        self.0.compare_keys(a, b)
    }

    fn is_slot_order(&self) -> bool {
        matches!(self.0.row_order(), RowOrder::Identity(_))
    }
}

/// The rows of a view that a step changed.
#[derive(Debug, Clone)]
pub enum Changes {
    /// Slots of touched rows that are in a flat view now, in view order.
    Rows(Vec<Slot>),
    /// Groups with a cell that may differ.
    Groups(GroupedChanges),
}

/// How large a view and its table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dimensions {
    /// Rows of the table.
    pub table_rows: usize,
    /// Columns of the table.
    pub table_columns: usize,
    /// Rows that the view shows now.
    pub view_rows: usize,
    /// Data columns that the view shows now.
    pub view_columns: usize,
}

/// Where a data column of a view stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnPath {
    /// The split values above it, outermost first; fewer for subtotals.
    pub values: Vec<Scalar>,
    /// The column's name.
    pub name: String,
}

impl ViewCore {
    /// Builds the view of a table.
    ///
    /// # Errors
    /// [`Error::Limit`] if an expression or a pivot grows beyond its limits.
    pub fn new(plan: Plan, table: &Table, context: &Context) -> Result<Self> {
        let (computed, body) = build(&plan, table, context)?;
        Ok(Self {
            plan,
            computed,
            body,
            generation: 0,
            stale: false,
        })
    }

    /// The checked configuration.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Makes the next step build anew.
    pub fn invalidate(&mut self) {
        self.stale = true;
    }

    /// Catches up with the table: `delta` is everything since the last step.
    ///
    /// # Errors
    /// [`Error::Limit`] if an expression or a pivot grows beyond its limits. The view is then built anew at the next
    /// step.
    pub fn step(&mut self, table: &Table, delta: &Delta, context: &Context) -> Result<()> {
        self.advance(table, delta, context, false).map(drop)
    }

    /// Catches up, and tells which rows changed.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn step_with_changes(
        &mut self,
        table: &Table,
        delta: &Delta,
        context: &Context,
    ) -> Result<Changes> {
        let stepped = self.advance(table, delta, context, true)?;
        Ok(match (&self.body, stepped) {
            (Body::Grouped(_), Stepped::Groups(changes)) => Changes::Groups(changes),
            (Body::Grouped(grouped), _) => Changes::Groups(grouped.all_changes()),
            (Body::Flat(_), Stepped::Rows(touched, is)) => {
                let slots = is.ones().map(|entry| touched.slots[entry]).collect();
                Changes::Rows(self.in_view_order(table, slots))
            }
            (Body::Flat(_), _) => {
                let slots = self.passing(table, delta.slots.iter().copied());
                Changes::Rows(self.in_view_order(table, slots))
            }
        })
    }

    /// Slots of a flat view in the order it shows them.
    fn in_view_order(&self, table: &Table, mut slots: Vec<Slot>) -> Vec<Slot> {
        let (sorts, columns) = (self.plan.row_sorts(), self.columns(table));
        slots.sort_unstable_by(|&a, &b| compare_rows(sorts, columns, table, a, b));
        slots
    }

    /// The live slots among these that pass the filter.
    fn passing(&self, table: &Table, slots: impl Iterator<Item = Slot>) -> Vec<Slot> {
        let slots: Vec<Slot> = slots.filter(|&slot| table.is_live(slot)).collect();
        let columns = self.columns(table);
        let passing = select(&self.plan, columns, Selection::List(&slots));
        match passing {
            None => slots,
            Some(passing) => passing.ones().map(|at| slots[at]).collect(),
        }
    }

    /// Steps, or builds anew. `track`: which groups changed is asked for.
    fn advance(
        &mut self,
        table: &Table,
        delta: &Delta,
        context: &Context,
        track: bool,
    ) -> Result<Stepped> {
        if self.stale || delta.rebuilt {
            self.stale = true;
            (self.computed, self.body) = build(&self.plan, table, context)?;
            self.generation = self.generation.wrapping_add(1);
            self.stale = false;
            return Ok(Stepped::Anew);
        }
        self.stale = true;
        let touched = self
            .computed
            .step(self.plan.computed(), table, delta, context)?;
        let old = Columns {
            table: &touched.old_table,
            computed: &touched.old_computed,
        };
        let new = Columns {
            table: table.columns(),
            computed: self.computed.columns(),
        };
        let was = select_some(&self.plan, old, &touched.existed, |entry| {
            touched.before[entry]
        });
        let is = select_some(&self.plan, new, &touched.exists, |entry| {
            touched.slots[entry]
        });
        let step = Step {
            slots: &touched.slots,
            before: &touched.before,
            was: &was,
            is: &is,
            old,
            new,
        };
        let changes = match &mut self.body {
            Body::Flat(rows) => {
                rows.step(&self.plan, table, &step, delta.rekeyed);
                None
            }
            Body::Grouped(grouped) => Some(grouped.step(&step, &TableOrder(table), track)?),
        };
        // Texts that expressions made and no row has any more go with a rebuild.
        self.stale = self
            .computed
            .columns()
            .iter()
            .any(crate::column::Column::wants_compaction);
        Ok(match changes {
            Some(changes) => Stepped::Groups(changes),
            None => Stepped::Rows(Box::new(touched), is),
        })
    }

    /// The cells that views read, by slot.
    fn columns<'a>(&'a self, table: &'a Table) -> Columns<'a> {
        Columns {
            table: table.columns(),
            computed: self.computed.columns(),
        }
    }

    /// The rows that a step changed: whole rows of the table in view order, or the changed groups of a client that has
    /// opened what the configuration opens, in view order and without their paths.
    ///
    /// # Errors
    /// None yet: a slice is at most as large as the view.
    pub fn delta_slice<'a>(&'a self, table: &'a Table, changes: &Changes) -> Result<Slice<'a>> {
        match (&self.body, changes) {
            (Body::Flat(rows), Changes::Rows(slots)) => Ok(self.slice_of(
                rows,
                table,
                listed(slots.clone()),
                0..usize::MAX,
                SliceOptions::default(),
            )),
            (Body::Grouped(grouped), Changes::Groups(changes)) => {
                let expansion = Expansion::new(self.plan.group_by_depth());
                let slice = grouped.changed_slice(&expansion, &self.columns(table), changes);
                Ok(Slice {
                    row_paths: None,
                    ..slice
                })
            }
            _ => unreachable!("changes are those of this view"),
        }
    }

    fn slice_of<'a>(
        &'a self,
        body: &'a FlatRows,
        table: &'a Table,
        rows: Rows,
        range: Range<usize>,
        options: SliceOptions,
    ) -> Slice<'a> {
        let columns = self.columns(table);
        let slice_column = |column: &'a PlanColumn| SliceColumn {
            path: Vec::new(),
            name: &column.name,
            zone: column.zone.as_deref(),
            aggregate: None,
            data: Cow::Borrowed(columns.get(column.source)),
            rows: rows.clone(),
        };
        let data = match body.splits() {
            None => clamp(self.plan.columns(), range)
                .iter()
                .map(slice_column)
                .collect(),
            Some(splits) => {
                let slots: Vec<Slot> = (0..rows.len()).map(|i| rows.at(i) as Slot).collect();
                let shown = self.plan.columns();
                let paths = splits.paths(self.plan.split_rollup());
                let all = paths
                    .iter()
                    .flat_map(|path| shown.iter().map(move |column| (path, column)));
                let range = range.start.min(range.end)..range.end;
                all.skip(range.start)
                    .take(range.len())
                    .map(|(path, column)| SliceColumn {
                        path: path.values.clone(),
                        data: Cow::Owned(splits.cells(path, columns.get(column.source), &slots)),
                        rows: Rows::Range(0..slots.len()),
                        ..slice_column(column)
                    })
                    .collect()
            }
        };
        let keys = (options.keys || options.ids).then(|| {
            (0..rows.len())
                .map(|i| vec![table.key(rows.at(i) as Slot)])
                .collect()
        });
        Slice {
            n_rows: rows.len(),
            columns: data,
            row_paths: None,
            keys,
        }
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        let body = match &self.body {
            Body::Flat(rows) => rows.heap_size(),
            Body::Grouped(grouped) => grouped.heap_size(),
        };
        self.computed.heap_size() + body
    }
}

/// What a step found.
enum Stepped {
    /// The view was built anew.
    Anew,
    /// What was touched in a flat view, and which of it is in the view.
    Rows(Box<Touched>, Bitmap),
    /// What changed in a grouped view.
    Groups(GroupedChanges),
}

fn build(plan: &Plan, table: &Table, context: &Context) -> Result<(Computed, Body)> {
    let computed = Computed::build(plan.computed(), table, context)?;
    let columns = Columns {
        table: table.columns(),
        computed: computed.columns(),
    };
    plan.filters()
        .iter()
        .for_each(super::filter::FilterPlan::forget);
    let mut passing = select(plan, columns, Selection::All(table.n_slots()));
    if let Some(passing) = &mut passing {
        // The cells of free slots are null, which some conditions pass.
        passing.and_with(table.live());
    }
    let body = match plan.grouped() {
        None => {
            let rows = FlatRows::build(plan, table, columns, passing.as_ref());
            Body::Flat(Box::new(rows))
        }
        Some(grouped) => {
            let n_slots = table.n_slots();
            let listed: Vec<Slot>;
            let rows = match &passing {
                None if table.n_rows() == n_slots => aggregate::Rows::All(n_slots),
                passing => {
                    let among = passing.as_ref().unwrap_or(table.live());
                    listed = among.ones().map(|slot| slot as Slot).collect();
                    aggregate::Rows::List(&listed)
                }
            };
            let order = TableOrder(table);
            let built = Grouped::build(Rc::clone(grouped), &columns, rows, n_slots, &order)?;
            Body::Grouped(Box::new(built))
        }
    };
    Ok((computed, body))
}

/// Which rows pass all filters; `None`: there is no filter.
fn select(plan: &Plan, columns: Columns<'_>, rows: Selection<'_>) -> Option<Bitmap> {
    let mut passing: Option<Bitmap> = None;
    for filter in plan.filters() {
        let these = filter.select(columns, rows);
        match &mut passing {
            None => passing = Some(these),
            Some(passing) => passing.and_with(&these),
        }
    }
    passing
}

/// Which of the entries in `exist` pass all filters; `row(entry)` is the entry's row of the columns.
fn select_some(
    plan: &Plan,
    columns: Columns<'_>,
    exist: &Bitmap,
    row: impl Fn(usize) -> u32,
) -> Bitmap {
    if plan.filters().is_empty() {
        return exist.clone();
    }
    let entries: Vec<usize> = exist.ones().collect();
    let rows: Vec<u32> = entries.iter().map(|&entry| row(entry)).collect();
    debug_assert!(!rows.contains(&ABSENT));
    let Some(passing) = select(plan, columns, Selection::List(&rows)) else {
        return exist.clone();
    };
    let mut selected = Bitmap::filled(exist.len(), false);
    for at in passing.ones() {
        selected.set(entries[at], true);
    }
    selected
}

fn clamp<T>(items: &[T], range: Range<usize>) -> &[T] {
    let end = range.end.min(items.len());
    &items[range.start.min(end)..end]
}

/// What one client sees of a shared computation.
#[derive(Debug, Clone)]
pub struct View {
    is_flat: bool,
    expansion: Expansion,
    /// The building of the core whose groups the expansion names.
    generation: u32,
}

impl View {
    /// A view as it is at first.
    pub fn new(core: &ViewCore) -> Self {
        Self {
            is_flat: core.plan.is_flat(),
            expansion: Expansion::new(core.plan.group_by_depth()),
            generation: core.generation,
        }
    }

    /// Whether the view shows rows of the table.
    pub fn is_flat(&self) -> bool {
        self.is_flat
    }

    /// Which groups are open: what was chosen, unless the groups were made anew since.
    fn expansion(&self, core: &ViewCore) -> Cow<'_, Expansion> {
        if self.generation == core.generation {
            Cow::Borrowed(&self.expansion)
        } else {
            Cow::Owned(Expansion::new(core.plan.group_by_depth()))
        }
    }

    /// The same, to be changed.
    fn expansion_mut(&mut self, core: &ViewCore) -> &mut Expansion {
        if self.generation != core.generation {
            self.generation = core.generation;
            self.expansion = Expansion::new(core.plan.group_by_depth());
        }
        &mut self.expansion
    }

    /// How large the view and its table are.
    pub fn dimensions(&self, core: &ViewCore, table: &Table) -> Dimensions {
        let (view_rows, view_columns) = match &core.body {
            Body::Flat(rows) => {
                let n_groups = match rows.splits() {
                    None => 1,
                    Some(splits) => splits.paths(core.plan.split_rollup()).len(),
                };
                (rows.len(table), n_groups * core.plan.columns().len())
            }
            Body::Grouped(grouped) => (grouped.n_rows(&self.expansion(core)), grouped.n_columns()),
        };
        Dimensions {
            table_rows: table.n_rows(),
            table_columns: table.schema().len(),
            view_rows,
            view_columns,
        }
    }

    /// A rectangle of the view, clamped to what there is.
    ///
    /// # Errors
    /// [`Error::Limit`] if a pivot grows beyond its limits.
    pub fn slice<'a>(
        &'a self,
        core: &'a ViewCore,
        table: &'a Table,
        viewport: &Viewport,
        options: SliceOptions,
    ) -> Result<Slice<'a>> {
        Ok(match &core.body {
            Body::Flat(body) => {
                let rows = body.rows(table, viewport.rows.clone());
                core.slice_of(body, table, rows, viewport.columns.clone(), options)
            }
            Body::Grouped(grouped) => {
                let source = Source {
                    columns: core.columns(table),
                    key: &|slot| table.key(slot),
                    order: &TableOrder(table),
                };
                grouped.slice(&self.expansion(core), &source, viewport, options)
            }
        })
    }

    /// Where the data columns in a range stand.
    pub fn column_paths(
        &self,
        core: &ViewCore,
        table: &Table,
        range: Range<usize>,
    ) -> Vec<ColumnPath> {
        let splits = match &core.body {
            Body::Grouped(grouped) => {
                return (grouped
                    .column_paths(&range, &core.columns(table))
                    .into_iter())
                .map(|(values, name)| ColumnPath {
                    values,
                    name: name.to_owned(),
                })
                .collect();
            }
            Body::Flat(rows) => rows.splits(),
        };
        let names = core
            .plan
            .columns()
            .iter()
            .map(|column| column.name.to_string());
        let paths: Vec<ColumnPath> = match splits {
            None => names
                .map(|name| ColumnPath {
                    values: Vec::new(),
                    name,
                })
                .collect(),
            Some(splits) => {
                let names: Vec<String> = names.collect();
                (splits.paths(core.plan.split_rollup()).into_iter())
                    .flat_map(|path| {
                        names.iter().map(move |name| ColumnPath {
                            values: path.values.clone(),
                            name: name.clone(),
                        })
                    })
                    .collect()
            }
        };
        clamp(&paths, range).to_vec()
    }

    /// The least and greatest value of a shown column, nulls and NaN left out; null if there is none.
    ///
    /// # Errors
    /// If the view shows no such column.
    pub fn min_max(&self, core: &ViewCore, table: &Table, name: &str) -> Result<(Scalar, Scalar)> {
        let unknown = || {
            Error::config(format!(
                "Could not find column index for `{name}` as it does not exist in the schema."
            ))
        };
        let rows = match &core.body {
            Body::Flat(rows) => rows,
            Body::Grouped(grouped) => {
                return grouped
                    .min_max(name, &self.expansion(core), &core.columns(table))
                    .ok_or_else(unknown);
            }
        };
        let shown = (core.plan.columns().iter()).find(|column| &*column.name == name);
        let source = match shown {
            Some(column) => column.source,
            // A flat view knows the columns of its table that it does not show.
            None => ColumnRef::Table(table.schema().position(name).ok_or_else(unknown)?),
        };
        let cells = core.columns(table).get(source);
        let mut bounds: Option<(Slot, Slot)> = None;
        for slot in rows.range(table, 0..usize::MAX) {
            let at = slot as usize;
            if cells.is_null(at) || cells.floats().is_some_and(|floats| floats[at].is_nan()) {
                continue;
            }
            let (least, greatest) = bounds.get_or_insert((slot, slot));
            if cells.compare(at, *least as usize).is_lt() {
                *least = slot;
            }
            if cells.compare(at, *greatest as usize).is_gt() {
                *greatest = slot;
            }
        }
        let value = |slot: Slot| cells.value(slot as usize).to_scalar();
        Ok(
            bounds.map_or((Scalar::Null, Scalar::Null), |(least, greatest)| {
                (value(least), value(greatest))
            }),
        )
    }

    /// Opens a group; how many rows that shows. 0 for a flat view.
    pub fn expand(&mut self, core: &ViewCore, row: usize) -> usize {
        match &core.body {
            Body::Flat(_) => 0,
            Body::Grouped(grouped) => grouped.expand(self.expansion_mut(core), row),
        }
    }

    /// Closes a group; how many rows that hides. 0 for a flat view.
    pub fn collapse(&mut self, core: &ViewCore, row: usize) -> usize {
        match &core.body {
            Body::Flat(_) => 0,
            Body::Grouped(grouped) => grouped.collapse(self.expansion_mut(core), row),
        }
    }

    /// Opens groups down to a depth and closes those below. Depth 0 shows the outermost groups, unlike a
    /// `group_by_depth` of 1, which shows the same: the reference counts the two differently.
    pub fn set_depth(&mut self, core: &ViewCore, depth: u32) {
        // Depth 0 shows the first level below the total.
        self.expansion_mut(core)
            .set_depth(Some(depth.saturating_add(1)));
    }
}

impl ColumnPath {
    /// The path as one text, values joined by `|`, the column's name last.
    pub fn joined(&self) -> String {
        let mut text = Vec::new();
        for value in &self.values {
            crate::output::write_path_value(value.as_value(), &mut text);
            text.push(b'|');
        }
        text.extend_from_slice(self.name.as_bytes());
        String::from_utf8(text).expect("text and numbers are written as UTF-8")
    }
}
