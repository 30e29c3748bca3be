//! The columns that a view computes: expressions, and windows over them.
//!
//! A [`ComputedPlan`] lists them in an order in which each comes after those it reads. [`Computed`] holds their cells by
//! slot and follows the table: a step evaluates touched rows again, and may touch further rows, whose windows reach a
//! touched one. [`Touched`] is what such a step knows: rows, and their cells before.

use std::rc::Rc;

use super::Context;
use super::config::{ViewConfig, WindowSpec};
use super::order::same_cell;
use super::step::{ABSENT, ColumnRef, Columns, Slot, Step};
use crate::column::{Bitmap, Column};
use crate::error::{Error, Result};
use crate::expr::{self, Compiled, Environment, EvalContext, Program, RowSelection};
use crate::hash::HashSet;
use crate::schema::DataType;
use crate::table::{Delta, Table};
use crate::value::{Scalar, Value};
use crate::window::{Changed, Keys, WindowColumn, WindowPlan};

/// One computed column, checked.
#[derive(Debug, Clone)]
struct ComputedColumn {
    name: Rc<str>,
    dtype: DataType,
    source: Source,
}

/// How a column is computed.
#[derive(Debug, Clone)]
enum Source {
    /// From cells of the same row, mostly.
    Expression {
        program: Rc<Program>,
        inputs: Vec<ColumnRef>,
    },
    /// From rows of the same partition.
    Window(WindowPlan),
}

/// The computed columns of a view, each after those it reads.
#[derive(Debug, Clone, Default)]
pub struct ComputedPlan {
    columns: Vec<ComputedColumn>,
}

impl ComputedPlan {
    /// Checks the expressions and windows of a configuration.
    pub(super) fn new(config: &ViewConfig, table: &Table, limits: &expr::Limits) -> Result<Self> {
        let mut plan = Self::default();
        let Compiled { results, order } = compile(&config.expressions, table, limits);
        let mut programs = Vec::with_capacity(results.len());
        for (name, program) in results {
            programs.push((name, Rc::new(program?)));
        }
        for at in order {
            let (name, program) = &programs[at];
            let find = |input: &Rc<str>| match table.schema().position(input) {
                Some(position) => Some(ColumnRef::Table(position)),
                None => plan
                    .find(input)
                    .map(|(position, ..)| ColumnRef::Computed(position)),
            };
            let inputs = program
                .inputs()
                .iter()
                .map(find)
                .collect::<Option<Vec<_>>>();
            plan.columns.push(ComputedColumn {
                name: name.clone(),
                dtype: program.dtype(),
                source: Source::Expression {
                    program: program.clone(),
                    inputs: inputs
                        .expect("a compiled expression reads columns that exist before it"),
                },
            });
        }
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
                Some((
                    ColumnRef::Table(position),
                    table.schema().fields()[position].dtype,
                ))
            };
            let resolve = |name: &str| {
                let computed = || {
                    self.find(name)
                        .map(|(at, _, dtype)| (ColumnRef::Computed(at), dtype))
                };
                table_column(name).or_else(computed)
            };
            let plan = WindowPlan::new(name, spec, &resolve, &table_column)?;
            self.columns.push(ComputedColumn {
                name: name.as_str().into(),
                dtype: plan.dtype,
                source: Source::Window(plan),
            });
        }
        Ok(())
    }

    /// The type of each expression, or what is wrong with it.
    pub(super) fn check(
        expressions: &[(String, String)],
        table: &Table,
        limits: &expr::Limits,
    ) -> Vec<(String, Result<DataType>)> {
        (compile(expressions, table, limits).results.into_iter())
            .map(|(alias, result)| (alias.to_string(), result.map(|program| program.dtype())))
            .collect()
    }

    /// Position, name and type of a computed column.
    pub fn find(&self, name: &str) -> Option<(usize, Rc<str>, DataType)> {
        let position = self
            .columns
            .iter()
            .position(|column| &*column.name == name)?;
        let column = &self.columns[position];
        Some((position, column.name.clone(), column.dtype))
    }
}

fn compile(expressions: &[(String, String)], table: &Table, limits: &expr::Limits) -> Compiled {
    let key = table
        .index()
        .map(|position| table.schema().fields()[position].dtype);
    let environment = Environment::of_schema(table.schema(), key);
    let texts: Vec<(&str, &str)> = (expressions.iter())
        .map(|(alias, text)| (alias.as_str(), text.as_str()))
        .collect();
    expr::compile_all(&texts, &environment, limits)
}

/// The cells of computed columns.
#[derive(Debug, Default)]
pub(super) struct Computed {
    columns: Vec<Column>,
    /// By position, the state of a window; `None` for an expression. The window's cells lie in `columns`.
    windows: Vec<Option<WindowColumn>>,
}

impl Computed {
    /// Computes all columns for all rows.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] if an expression uses up its budget.
    pub fn build(plan: &ComputedPlan, table: &Table, context: &Context) -> Result<Self> {
        let mut computed = Self::default();
        let mut row_order: Option<Vec<Slot>> = None;
        for column in &plan.columns {
            let columns = Columns {
                table: table.columns(),
                computed: &computed.columns,
            };
            let (cells, window) = match &column.source {
                Source::Expression { program, inputs } => {
                    let rows = RowSelection::All(table.n_slots());
                    (
                        evaluate(program, inputs, columns, rows, table, context)?,
                        None,
                    )
                }
                Source::Window(plan) => {
                    let rows = row_order.get_or_insert_with(|| table.row_order().iter().collect());
                    let mut window =
                        WindowColumn::new(plan.clone(), columns, rows, table.n_slots());
                    let mut cells = Column::new(column.dtype);
                    window.swap_column(&mut cells);
                    (cells, Some(window))
                }
            };
            computed.columns.push(cells);
            computed.windows.push(window);
        }
        Ok(computed)
    }

    /// The cells by slot. Those of free slots are of no meaning.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Follows a step of the table, and says which rows are touched in all.
    ///
    /// # Errors
    /// [`crate::Error::Limit`] if an expression uses up its budget; what is held is of no use then.
    pub fn step(
        &mut self,
        plan: &ComputedPlan,
        table: &Table,
        delta: &Delta,
        context: &Context,
    ) -> Result<Touched> {
        let mut touched = Touched::new(table, delta, &self.columns);
        for (at, column) in plan.columns.iter().enumerate() {
            // Its own cells are not among what a column reads.
            let mut cells = Column::new(column.dtype);
            std::mem::swap(&mut cells, &mut self.columns[at]);
            let changed = match (&column.source, &mut self.windows[at]) {
                (Source::Expression { program, inputs }, _) => {
                    let columns = Columns {
                        table: table.columns(),
                        computed: &self.columns,
                    };
                    let context = (table, context);
                    step_expression(program, inputs, columns, &touched, &mut cells, context)?
                }
                (Source::Window(_), Some(window)) => {
                    let keys = Keys {
                        compare: &|a, b| table.compare_keys(a, b),
                        index: table.index(),
                        ring: delta.rekeyed,
                    };
                    let step = touched.step(table, &self.columns);
                    let mut changed = Changed::default();
                    window.swap_column(&mut cells);
                    window.step(&step, table.n_slots(), &keys, &mut changed);
                    window.swap_column(&mut cells);
                    changed
                }
                (Source::Window(_), None) => unreachable!("each window has its state"),
            };
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

fn evaluate(
    program: &Program,
    inputs: &[ColumnRef],
    columns: Columns<'_>,
    rows: RowSelection<'_>,
    table: &Table,
    context: &Context,
) -> Result<Column> {
    let inputs: Vec<&Column> = inputs.iter().map(|&input| columns.get(input)).collect();
    let lookup = |name: &str, key: Value<'_>| {
        let cell = table.schema().position(name).zip(table.slot_of(key));
        cell.map_or(Scalar::Null, |(position, slot)| {
            table.column(position).value(slot as usize).to_scalar()
        })
    };
    program.evaluate(
        &inputs,
        rows,
        &EvalContext {
            now_ms: context.now_ms,
            random_seed: context.random_seed,
            key: &|slot| table.key(slot),
            lookup: &lookup,
            limits: context.expressions,
        },
    )
}

/// Evaluates an expression again for touched rows, or for all if it reads others, and writes it to `cells`. Gives
/// further rows whose cell changed.
fn step_expression(
    program: &Program,
    inputs: &[ColumnRef],
    columns: Columns<'_>,
    touched: &Touched,
    cells: &mut Column,
    (table, context): (&Table, &Context),
) -> Result<Changed> {
    cells.extend_nulls(table.n_slots().saturating_sub(cells.len()));
    for (entry, &slot) in touched.slots.iter().enumerate() {
        if !touched.exists.get(entry) && (slot as usize) < cells.len() {
            cells.set_null(slot as usize);
        }
    }
    let mut changed = Changed::default();
    let mut rows: Vec<Slot> = touched
        .exists
        .ones()
        .map(|entry| touched.slots[entry])
        .collect();
    if program.reads_other_rows() {
        let is_touched: HashSet<Slot> = rows.iter().copied().collect();
        let live: Vec<Slot> = (table.live().ones().map(|slot| slot as Slot))
            .filter(|slot| !is_touched.contains(slot))
            .collect();
        let mut now = evaluate(
            program,
            inputs,
            columns,
            RowSelection::List(&live),
            table,
            context,
        )?;
        cells.adopt_codes(&mut now);
        let differs = |&(at, &slot): &(usize, &Slot)| !same_cell(&now, at, cells, slot as usize);
        let others: Vec<Slot> = live
            .iter()
            .enumerate()
            .filter(differs)
            .map(|(_, &slot)| slot)
            .collect();
        changed.note(others.iter().copied(), cells);
        rows.extend(others);
    }
    let values = evaluate(
        program,
        inputs,
        columns,
        RowSelection::List(&rows),
        table,
        context,
    )?;
    cells.scatter(&values, rows.iter().map(|&slot| slot as usize).zip(0..));
    Ok(changed)
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
        let slots: Vec<Slot> = rows
            .iter()
            .map(|&row| changed.slots[row as usize])
            .collect();
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
