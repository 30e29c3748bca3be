//! A view's configuration, checked against a table.
//!
//! A [`Plan`] has every name looked up, every default filled in and every condition compiled. What it lets through, the
//! pipeline can do; what it refuses, it refuses with the words that clients know.

use std::rc::Rc;

use super::ExpressionLimits;
use super::computed::ComputedPlan;
use super::config::{AggregateSpec, Filter, GroupRollup, SortOp, SplitRollup, ViewConfig};
use super::filter::FilterPlan;
use super::grouped::{GroupSort, GroupedPlan, Level, Measure, SortKey};
use super::order::RowSort;
use super::step::ColumnRef;
use crate::aggregate::{default_aggregate, resolve, told_name};
use crate::error::{Error, Result};
use crate::schema::{ColumnType, DataType};
use crate::table::Table;

/// Cells of a pivot that are allowed where nothing else is said.
const DEFAULT_MAX_CELLS: usize = 50_000_000;

/// A column that a view shows, groups or splits by.
#[derive(Debug, Clone)]
pub struct PlanColumn {
    /// Its name.
    pub name: Rc<str>,
    /// Where its cells are.
    pub source: ColumnRef,
    /// Its type when the plan was made; an integer column of the table may widen later.
    pub dtype: DataType,
    /// The time zone that Arrow input named for it.
    pub zone: Option<Rc<str>>,
}

/// A checked view configuration.
#[derive(Debug, Clone)]
pub struct Plan {
    echo: ViewConfig,
    computed: ComputedPlan,
    columns: Vec<PlanColumn>,
    group_by: Vec<PlanColumn>,
    split_by: Vec<PlanColumn>,
    /// All must pass.
    filters: Vec<FilterPlan>,
    row_sorts: Vec<RowSort>,
    /// What a view that is not flat computes.
    grouped: Option<Rc<GroupedPlan>>,
}

/// Finds the columns that a configuration may name.
struct Names<'a> {
    table: &'a Table,
    computed: &'a ComputedPlan,
}

impl Names<'_> {
    fn find(&self, name: &str) -> Option<PlanColumn> {
        if let Some(position) = self.table.schema().position(name) {
            let field = &self.table.schema().fields()[position];
            return Some(PlanColumn {
                name: field.name.clone(),
                source: ColumnRef::Table(position),
                dtype: field.dtype,
                zone: field.zone.clone(),
            });
        }
        let (position, name, dtype) = self.computed.find(name)?;
        Some(PlanColumn {
            name,
            source: ColumnRef::Computed(position),
            dtype,
            zone: None,
        })
    }

    /// The column called `name`, or the error that it is not in that place of the configuration.
    fn get(&self, name: &str, place: &str) -> Result<PlanColumn> {
        self.find(name)
            .ok_or_else(|| Error::config(format!("Invalid column '{name}' found in View {place}.")))
    }

    /// The type of a column now and after it widened.
    fn lasting_type(&self, column: &PlanColumn) -> DataType {
        match column.source {
            ColumnRef::Table(position) if self.table.schema().fields()[position].widens => {
                DataType::Int64
            }
            _ => column.dtype,
        }
    }

    fn get_all(&self, names: &[String], place: &str) -> Result<Vec<PlanColumn>> {
        names.iter().map(|name| self.get(name, place)).collect()
    }

    /// One aggregated column: as it is asked for, or by default.
    fn measure(
        &self,
        config: &ViewConfig,
        column: &PlanColumn,
    ) -> Result<(Measure, AggregateSpec)> {
        let asked = config
            .aggregates
            .iter()
            .find(|(name, _)| **name == *column.name);
        let spec = match asked {
            Some((_, spec)) => spec.clone(),
            None => plain(default_aggregate(column.dtype.column_type())),
        };
        let place = format!(
            "in the '{}' aggregate for column '{}'.",
            spec.name, column.name
        );
        let find = |name: &String| {
            let unknown = || Error::config(format!("Invalid column '{name}' found {place}"));
            self.find(name).ok_or_else(unknown)
        };
        let args = spec.args.iter().map(find).collect::<Result<Vec<_>>>()?;
        let types: Vec<DataType> = args.iter().map(|arg| self.lasting_type(arg)).collect();
        let input = self.lasting_type(column);
        let aggregate = resolve(&spec.name, &column.name, &types, input)?;
        let aggregate = if config.zero_sums {
            aggregate.with_zero_sums()
        } else {
            aggregate
        };
        let measure = Measure {
            name: column.name.clone(),
            zone: column.zone.clone(),
            column: column.source,
            by: args
                .first()
                .filter(|_| aggregate.takes_argument)
                .map(|arg| arg.source),
            aggregate,
        };
        let args = if aggregate.takes_argument {
            spec.args
        } else {
            Vec::new()
        };
        let name = told_name(&spec.name).to_owned();
        Ok((measure, AggregateSpec { name, args }))
    }

    /// What a view that is not flat computes, and every aggregate it needs by column.
    fn grouped_plan(
        &self,
        config: &ViewConfig,
        columns: &[PlanColumn],
        group_by: &[PlanColumn],
        split_by: &[PlanColumn],
        sorts: &[(PlanColumn, SortOp)],
    ) -> Result<(GroupedPlan, Vec<(String, AggregateSpec)>)> {
        let levels = |columns: &[PlanColumn]| {
            let level = |column: &PlanColumn| Level {
                name: column.name.clone(),
                column: column.source,
            };
            columns.iter().map(level).collect()
        };
        let mut specs: Vec<(String, AggregateSpec)> = Vec::new();
        let mut measures: Vec<Measure> = Vec::new();
        let note = |specs: &mut Vec<(String, AggregateSpec)>, name: &str, spec: AggregateSpec| {
            if specs.iter().all(|(known, _)| known != name) {
                specs.push((name.to_owned(), spec));
            }
        };
        for column in columns {
            let (measure, spec) = self.measure(config, column)?;
            note(&mut specs, &column.name, spec);
            measures.push(measure);
        }
        let group_rollup = config.group_rollup_mode.unwrap_or_default();
        let mut row_sorts = Vec::new();
        let mut column_sorts = Vec::new();
        // The one row of a total has no order.
        let row_levels = match group_rollup {
            GroupRollup::Total => &[],
            _ => group_by,
        };
        for (column, op) in sorts {
            let (axis, found) = if op.is_column_sort() {
                (split_by, &mut column_sorts)
            } else {
                (row_levels, &mut row_sorts)
            };
            if axis.is_empty() {
                continue;
            }
            let level = axis.iter().position(|level| level.source == column.source);
            let key = match level {
                Some(level) => {
                    // A group has one value of the column that it is grouped by, and is said to be sorted by that.
                    note(&mut specs, &column.name, plain("unique"));
                    SortKey::Level(level)
                }
                None => {
                    let known = measures
                        .iter()
                        .position(|measure| measure.column == column.source);
                    if known.is_none() {
                        let (measure, spec) = self.measure(config, column)?;
                        note(&mut specs, &column.name, spec);
                        measures.push(measure);
                    }
                    SortKey::Measure(known.unwrap_or(measures.len() - 1))
                }
            };
            found.push(GroupSort {
                key,
                descending: op.is_descending(),
                absolute: op.is_absolute(),
            });
        }
        let plan = GroupedPlan {
            group_by: levels(group_by),
            split_by: levels(split_by),
            measures,
            n_shown: columns.len(),
            row_sorts,
            column_sorts,
            group_rollup,
            split_rollup: config.split_rollup_mode.unwrap_or_default(),
            max_cells: DEFAULT_MAX_CELLS,
        };
        Ok((plan, specs))
    }
}

impl Plan {
    /// Checks a configuration.
    ///
    /// # Errors
    /// [`Error::Expression`] for an expression that does not compile, [`Error::Config`] for everything else that does
    /// not fit the table.
    pub fn new(config: &ViewConfig, table: &Table, limits: &ExpressionLimits) -> Result<Self> {
        let computed = ComputedPlan::new(config, table, limits)?;
        let names = Names {
            table,
            computed: &computed,
        };
        let shown = match &config.columns {
            Some(columns) => columns.clone(),
            None => {
                let fields = table
                    .schema()
                    .fields()
                    .iter()
                    .map(|field| field.name.to_string());
                let expressions = config.expressions.iter().map(|(alias, _)| alias.clone());
                let windows = config.windows.iter().map(|(alias, _)| alias.clone());
                fields.chain(expressions).chain(windows).collect()
            }
        };
        let columns = names.get_all(&shown, "columns")?;
        let group_by = names.get_all(&config.group_by, "group_by")?;
        let split_by = names.get_all(&config.split_by, "split_by")?;
        refuse_duplicates(&config.group_by)?;
        for (name, _) in &config.aggregates {
            names.get(name, "aggregates")?;
        }
        let mut sorts: Vec<(PlanColumn, SortOp)> = Vec::new();
        for sort in &config.sort {
            let column = names.get(&sort.column, "sorts")?;
            // The first sort by a column wins, be it of rows or of columns.
            let repeats = sorts.iter().any(|(other, op)| {
                other.source == column.source && op.is_column_sort() == sort.op.is_column_sort()
            });
            if sort.op != SortOp::None && !repeats {
                sorts.push((column, sort.op));
            }
        }
        let (filter, filter_echo) = FilterPlan::new(&config.filter, config.filter_op, |name| {
            names.find(name).map(|column| (column.source, column.dtype))
        })?;
        let rollup = config.group_rollup_mode.unwrap_or_default();
        let is_flat = group_by.is_empty() && rollup != GroupRollup::Total;
        let row_sorts = sorts
            .iter()
            .filter(|(_, op)| is_flat && !op.is_column_sort())
            .map(|(column, op)| RowSort {
                column: column.source,
                absolute: op.is_absolute(),
                descending: op.is_descending(),
            })
            .collect();
        let grouped = if is_flat {
            None
        } else {
            Some(names.grouped_plan(config, &columns, &group_by, &split_by, &sorts)?)
        };
        let aggregates = match &grouped {
            // A lone total is told of like a view of rows.
            Some(_) if group_by.is_empty() && split_by.is_empty() => Vec::new(),
            Some((_, specs)) => specs.clone(),
            // Split rows are shown as the one row in their cell.
            None if !split_by.is_empty() => (columns.iter())
                .map(|column| (column.name.to_string(), plain("any")))
                .collect(),
            None => Vec::new(),
        };
        let echo = ViewConfig {
            columns: Some(shown),
            filter: filter_echo,
            sort: (config.sort.iter())
                .filter(|sort| !sort.op.is_column_sort())
                .cloned()
                .collect(),
            aggregates,
            group_rollup_mode: Some(rollup),
            split_rollup_mode: Some(config.split_rollup_mode.unwrap_or_default()),
            ..config.clone()
        };
        let filters = if filter.is_empty() {
            Vec::new()
        } else {
            vec![filter]
        };
        Ok(Self {
            echo,
            computed,
            columns,
            group_by,
            split_by,
            filters,
            row_sorts,
            grouped: grouped.map(|(plan, _)| Rc::new(plan)),
        })
    }

    /// The same plan for somebody who sees only rows that also meet these conditions, which [`Self::config_echo`] does
    /// not mention.
    ///
    /// # Errors
    /// If a condition does not fit the table.
    pub fn guarded(mut self, conditions: &[Filter], table: &Table) -> Result<Self> {
        if conditions.is_empty() {
            return Ok(self);
        }
        // Aliases of the view must not stand for columns here.
        let (guard, _) = FilterPlan::new(conditions, super::FilterOp::And, |name| {
            let position = table.schema().position(name)?;
            Some((
                ColumnRef::Table(position),
                table.schema().fields()[position].dtype,
            ))
        })?;
        self.filters.insert(0, guard);
        Ok(self)
    }

    /// The type of each expression, or what is wrong with it, in the order given.
    pub fn check_expressions(
        expressions: &[(String, String)],
        table: &Table,
        limits: &ExpressionLimits,
    ) -> Vec<(String, Result<DataType>)> {
        ComputedPlan::check(expressions, table, limits)
    }

    /// Whether rows of the table are shown as they are, neither grouped nor totalled.
    pub fn is_flat(&self) -> bool {
        self.grouped.is_none()
    }

    /// The shown columns.
    pub fn columns(&self) -> &[PlanColumn] {
        &self.columns
    }

    /// The columns whose values form row groups.
    pub fn group_by(&self) -> &[PlanColumn] {
        &self.group_by
    }

    /// The columns whose values form column groups.
    pub fn split_by(&self) -> &[PlanColumn] {
        &self.split_by
    }

    /// How many levels column paths have above the column's name.
    pub fn n_split_levels(&self) -> usize {
        self.split_by.len()
    }

    /// The conditions on rows: all must pass.
    pub fn filters(&self) -> &[FilterPlan] {
        &self.filters
    }

    /// The sorts of a flat view's rows.
    pub fn row_sorts(&self) -> &[RowSort] {
        &self.row_sorts
    }

    /// What a grouped view computes; `None` for a flat view.
    pub fn grouped(&self) -> Option<&Rc<GroupedPlan>> {
        self.grouped.as_ref()
    }

    /// The same plan with another limit on the cells of a pivot.
    #[must_use]
    pub fn with_max_cells(mut self, max_cells: usize) -> Self {
        if let Some(grouped) = &mut self.grouped {
            Rc::make_mut(grouped).max_cells = max_cells;
        }
        self
    }

    /// The columns that are computed.
    pub fn computed(&self) -> &ComputedPlan {
        &self.computed
    }

    /// Which rows a grouped view shows.
    pub fn group_rollup(&self) -> GroupRollup {
        self.echo.group_rollup_mode.unwrap_or_default()
    }

    /// Which columns a split view shows.
    pub fn split_rollup(&self) -> SplitRollup {
        self.echo.split_rollup_mode.unwrap_or_default()
    }

    /// How many levels are open at first; `None`: all.
    pub fn group_by_depth(&self) -> Option<u32> {
        self.echo.group_by_depth.filter(|&depth| depth > 0)
    }

    /// Name and type of each shown column, as `View.schema` gives them. Pivots also name what they are sorted by, as
    /// the reference does.
    pub fn schema(&self) -> Vec<(String, ColumnType)> {
        let mut schema: Vec<(String, ColumnType)> = Vec::new();
        let mut add = |name: &str, column_type| {
            if !schema.iter().any(|(known, _)| known == name) {
                schema.push((name.to_owned(), column_type));
            }
        };
        match &self.grouped {
            None => {
                for column in &self.columns {
                    add(&column.name, column.dtype.column_type());
                }
            }
            Some(grouped) => {
                for measure in &grouped.measures {
                    add(&measure.name, measure.aggregate.result.column_type());
                }
                for (sorts, levels) in [
                    (&grouped.row_sorts, &self.group_by),
                    (&grouped.column_sorts, &self.split_by),
                ] {
                    for sort in sorts {
                        if let SortKey::Level(level) = sort.key {
                            add(&levels[level].name, levels[level].dtype.column_type());
                        }
                    }
                }
            }
        }
        schema
    }

    /// Name and type of each expression, aggregated if the view is grouped.
    pub fn expression_schema(&self) -> Vec<(String, ColumnType)> {
        let schema = self.schema();
        self.echo
            .expressions
            .iter()
            .filter_map(|(alias, _)| {
                let shown = schema.iter().find(|(name, _)| name == alias);
                let own = || {
                    self.computed
                        .find(alias)
                        .map(|(_, _, dtype)| dtype.column_type())
                };
                Some((alias.clone(), shown.map(|(_, shown)| *shown).or_else(own)?))
            })
            .collect()
    }

    /// The configuration as it was understood, with defaults filled in.
    pub fn config_echo(&self) -> ViewConfig {
        self.echo.clone()
    }
}

fn refuse_duplicates(names: &[String]) -> Result<()> {
    for (at, name) in names.iter().enumerate() {
        if names[..at].contains(name) {
            return Err(Error::config(format!(
                "Duplicate column '{name}' found in View group_by."
            )));
        }
    }
    Ok(())
}

fn plain(name: &str) -> AggregateSpec {
    AggregateSpec {
        name: name.to_owned(),
        args: Vec::new(),
    }
}
