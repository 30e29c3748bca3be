//! The columns that a view computes: expressions, and windows over them.
//!
//! A [`ComputedPlan`] lists them in an order in which each comes after those it reads. [`Computed`] holds their cells by
//! slot and follows the table: a step evaluates touched rows again, and may touch further rows, whose windows reach a
//! touched one. [`Touched`] is what such a step knows: rows, and their cells before.

use std::rc::Rc;

use super::config::{ViewConfig, WindowSpec};
use super::step::{ABSENT, ColumnRef, Columns, Slot, Step};
use super::{Context, ExpressionLimits};
use crate::column::{Bitmap, Column};
use crate::error::{Error, Result};
use crate::hash::HashSet;
use crate::schema::DataType;
use crate::table::{Delta, Table};
use crate::window::{Changed, Keys, WindowColumn, WindowPlan};

/// One computed column, checked.
#[derive(Debug, Clone)]
struct ComputedColumn {
    name: Rc<str>,
    dtype: DataType,
    plan: WindowPlan,
}

/// The computed columns of a view, each after those it reads.
#[derive(Debug, Clone, Default)]
pub struct ComputedPlan {
    columns: Vec<ComputedColumn>,
}

impl ComputedPlan {
    /// Checks the expressions and windows of a configuration.
    pub(super) fn new(config: &ViewConfig, table: &Table, _limits: &ExpressionLimits) -> Result<Self> {
        if let Some((alias, _)) = config.expressions.first() {
            return Err(Error::config(format!("expression \"{alias}\" cannot be computed")));
        }
        let mut plan = Self::default();
        plan.add_windows(config, table)?;
        Ok(plan)
    }

    /// Adds windows in alphabetical order, but each after the one it reads.
    fn add_windows(&mut self, config: &ViewConfig, table: &Table) -> Result<()> {
        let mut waiting: Vec<&(String, WindowSpec)> = config.windows.iter().collect();
        waiting.sort_by(|a, b| a.0.cmp(&b.0));
        while !waiting.is_empty() {
            let names: Vec<&String> = waiting.iter().map(|(name, _)| name).collect();
            let ready = waiting
                .iter()
                .position(|(_, spec)| !names.contains(&&spec.source))
                // Windows that read each other: the first one's source is not found.
                .unwrap_or(0);
            let (name, spec) = waiting.remove(ready);
            if self.find(name).is_some() {
                return Err(Error::config(format!(
                    "Window `name` collides with an existing column: {name}"
                )));
            }
            let table_column = |name: &str| {
                let position = table.schema().position(name)?;
                Some((ColumnRef::Table(position), table.schema().fields()[position].dtype))
            };
            let resolve = |name: &str| {
                let computed = || self.find(name).map(|(at, _, dtype)| (ColumnRef::Computed(at), dtype));
                table_column(name).or_else(computed)
            };
            let plan = WindowPlan::new(name, spec, &resolve, &table_column)?;
            self.columns.push(ComputedColumn {
                name: name.as_str().into(),
                dtype: plan.dtype,
                plan,
            });
        }
        Ok(())
    }

    /// The type of each expression, or what is wrong with it.
    pub(super) fn check(
        expressions: &[(String, String)],
        _table: &Table,
        _limits: &ExpressionLimits,
    ) -> Vec<(String, Result<DataType>)> {
        expressions
            .iter()
            .map(|(alias, _)| {
                let error = Error::config(format!("expression \"{alias}\" cannot be computed"));
                (alias.clone(), Err(error))
            })
            .collect()
    }

    /// Position, name and type of a computed column.
    pub fn find(&self, name: &str) -> Option<(usize, Rc<str>, DataType)> {
        let position = self.columns.iter().position(|column| &*column.name == name)?;
        let column = &self.columns[position];
        Some((position, column.name.clone(), column.dtype))
    }
}

/// The cells of computed columns.
#[derive(Debug, Default)]
pub(super) struct Computed {
    columns: Vec<Column>,
    /// By position, the state of a window. Its cells lie in `columns`.
    windows: Vec<WindowColumn>,
}

impl Computed {
    /// Computes all columns for all rows.
    pub fn build(plan: &ComputedPlan, table: &Table, _context: &Context) -> Result<Self> {
        let mut computed = Self::default();
        if plan.columns.is_empty() {
            return Ok(computed);
        }
        let rows: Vec<Slot> = table.row_order().iter().collect();
        for column in &plan.columns {
            let columns = Columns {
                table: table.columns(),
                computed: &computed.columns,
            };
            let mut window = WindowColumn::new(column.plan.clone(), columns, &rows, table.n_slots());
            let mut cells = Column::new(column.dtype);
            window.swap_column(&mut cells);
            computed.columns.push(cells);
            computed.windows.push(window);
        }
        Ok(computed)
    }

    /// The cells by slot.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Follows a step of the table, and says which rows are touched in all.
    pub fn step(&mut self, table: &Table, delta: &Delta, _context: &Context) -> Result<Touched> {
        let mut touched = Touched::new(table, delta, &self.columns);
        for at in 0..self.columns.len() {
            let mut changed = Changed::default();
            let window = &mut self.windows[at];
            // Its own cells are not among what it reads.
            let mut cells = Column::new(self.columns[at].dtype());
            std::mem::swap(&mut cells, &mut self.columns[at]);
            window.swap_column(&mut cells);
            let keys = Keys {
                compare: &|a, b| table.compare_keys(a, b),
                index: table.index(),
                ring: delta.rekeyed,
            };
            window.step(&touched.step(table, &self.columns), table.n_slots(), &keys, &mut changed);
            window.swap_column(&mut cells);
            std::mem::swap(&mut cells, &mut self.columns[at]);
            touched.extend(at, changed, table, &self.columns);
        }
        touched.finish(&self.columns);
        Ok(touched)
    }

    /// Bytes held on the heap.
    pub fn heap_size(&self) -> usize {
        self.columns.iter().map(Column::heap_size).sum()
    }
}

/// The rows that a step touches, with their cells before it.
#[derive(Debug)]
pub(super) struct Touched {
    pub slots: Vec<Slot>,
    /// For each slot a row of the old columns, or [`ABSENT`].
    pub before: Vec<u32>,
    /// Which slots held a row.
    pub existed: Bitmap,
    /// Which slots hold a row.
    pub exists: Bitmap,
    pub old_table: Vec<Column>,
    pub old_computed: Vec<Column>,
    known: Option<HashSet<Slot>>,
}

impl Touched {
    fn new(table: &Table, delta: &Delta, computed: &[Column]) -> Self {
        let old_table = delta.images_with_text(table.columns());
        let mut existed = Bitmap::filled(delta.slots.len(), false);
        let mut imaged = vec![0; old_table.first().map_or(0, Column::len)];
        for (entry, (&slot, &row)) in delta.slots.iter().zip(&delta.before).enumerate() {
            if row != ABSENT {
                existed.set(entry, true);
                if let Some(imaged) = imaged.get_mut(row as usize) {
                    *imaged = slot;
                }
            }
        }
        let old_computed = computed
            .iter()
            .map(|column| {
                let mut image = column.gather(&imaged);
                image.forget_dictionary();
                image
            })
            .collect();
        Self {
            slots: delta.slots.clone(),
            before: delta.before.clone(),
            existed,
            exists: delta.after.clone(),
            old_table,
            old_computed,
            known: None,
        }
    }

    /// What windows follow: rows that exist, whatever a filter says.
    fn step<'a>(&'a self, table: &'a Table, computed: &'a [Column]) -> Step<'a> {
        Step {
            slots: &self.slots,
            before: &self.before,
            was: &self.existed,
            is: &self.exists,
            old: Columns {
                table: &self.old_table,
                computed: &self.old_computed,
            },
            new: Columns {
                table: table.columns(),
                computed,
            },
        }
    }

    /// Adds rows whose cell of the computed column `at` changed, as far as they are not touched already.
    fn extend(&mut self, at: usize, changed: Changed, table: &Table, computed: &[Column]) {
        let Some(before) = changed.before else {
            return;
        };
        let known = self
            .known
            .get_or_insert_with(|| self.slots.iter().copied().collect());
        let rows: Vec<u32> = (0..changed.slots.len() as u32)
            .filter(|&row| known.insert(changed.slots[row as usize]))
            .collect();
        if rows.is_empty() {
            return;
        }
        let slots: Vec<Slot> = rows.iter().map(|&row| changed.slots[row as usize]).collect();
        let first = self.existed.count_ones() as u32;
        for (row, &slot) in (first..).zip(&slots) {
            self.slots.push(slot);
            self.before.push(row);
        }
        self.existed.extend(slots.len(), true);
        self.exists.extend(slots.len(), true);
        for (old, column) in self.old_table.iter_mut().zip(table.columns()) {
            old.append_codes(&column.gather(&slots));
        }
        for (position, (old, column)) in self.old_computed.iter_mut().zip(computed).enumerate() {
            if position == at {
                old.append_codes(&before.gather(&rows));
            } else {
                old.append_codes(&column.gather(&slots));
            }
        }
    }

    /// Gives the old computed cells their texts, when no more are made.
    fn finish(&mut self, computed: &[Column]) {
        for (old, column) in self.old_computed.iter_mut().zip(computed) {
            old.share_dictionary(column);
        }
    }
}
