//! Computed columns: the expression language, from text to a column.
//!
//! [`compile`] reads a text against an [`Environment`] of columns and their types and gives a [`Program`]; a program is
//! evaluated for all rows or for some. Neither sees a table: rows are positions in the input columns.
//!
//! The way of an expression: `lex` and `parse` make a tree of what was written (`ast`); `check` looks up names and
//! types and makes a `graph`, in which equal subexpressions are one node and constants are folded. `eval` computes a
//! graph column by column with the loops of `kernels`. Only what depends on the state of loops, vectors and conditional
//! assignments becomes a `script`, which `row` interprets row by row under a budget of steps; its parts that
//! do not depend on such state stay in the graph. Functions live in `functions`, a file per family.
//!
//! The language is described for users in `docs/expressions.md`, whose examples are tests of this module.

mod ast;
mod calendar;
mod calls;
mod cells;
mod check;
mod eval;
mod functions;
mod graph;
mod hints;
mod kernels;
mod lex;
mod operators;
mod parse;
mod parse_control;
mod row;
mod scalar;
mod script;
mod terms;
mod texts;
mod walk;

use std::rc::Rc;

use crate::column::Column;
use crate::error::{Error, Result};
use crate::schema::DataType;
use crate::value::{Scalar, Value};

use graph::Graph;
use script::Script;

/// What an expression may refer to.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Name and type of each column, and of whatever else can stand for one.
    pub columns: Vec<(Rc<str>, DataType)>,
    /// The type of the primary key, which `index()` gives; a row number where it is `None`.
    pub key: Option<DataType>,
}

impl Environment {
    /// The columns of a schema.
    pub fn of_schema(schema: &crate::Schema, key: Option<DataType>) -> Self {
        let columns = schema
            .fields()
            .iter()
            .map(|field| (Rc::clone(&field.name), field.dtype))
            .collect();
        Self { columns, key }
    }

    /// The type of a column.
    pub fn dtype(&self, name: &str) -> Option<DataType> {
        self.columns
            .iter()
            .find(|(column, _)| &**column == name)
            .map(|&(_, dtype)| dtype)
    }
}

/// What one evaluation may use up before it fails with [`Error::Limit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The length of an expression's text in bytes.
    pub source_bytes: usize,
    /// How deep parentheses, calls and blocks may nest; 150 at most.
    pub depth: usize,
    /// Steps of the row interpreter, however few rows there are.
    pub steps: u64,
    /// Further steps for each row.
    pub steps_per_row: u64,
    /// Bytes of new text that one evaluation may make.
    pub text_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            source_bytes: 64 << 10,
            depth: parse::MAX_DEPTH,
            steps: 10_000_000,
            steps_per_row: 1_000,
            text_bytes: 256 << 20,
        }
    }
}

/// The error of texts that together are too long.
fn too_much_text() -> Error {
    Error::over(
        "expression: the texts it makes need too much memory",
        "expression_text_bytes",
    )
}

/// Which rows of the input columns to compute.
#[derive(Debug, Clone, Copy)]
pub enum RowSelection<'a> {
    /// The first so many.
    All(usize),
    /// These, in this order.
    List(&'a [u32]),
}

impl RowSelection<'_> {
    /// How many rows.
    pub fn len(&self) -> usize {
        match self {
            Self::All(n) => *n,
            Self::List(rows) => rows.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a position of the selection.
    #[inline]
    pub fn row(&self, position: usize) -> u32 {
        match self {
            Self::All(_) => position as u32,
            Self::List(rows) => rows[position],
        }
    }
}

/// What an evaluation learns from outside its input columns.
pub struct EvalContext<'a> {
    /// Milliseconds since 1970 UTC, for `now()` and `today()`.
    pub now_ms: f64,
    /// Mixed with the row's number into `random()`.
    pub random_seed: u64,
    /// The primary key of a row, for `index()`.
    pub key: &'a dyn Fn(u32) -> Scalar,
    /// The cell of a column in the row with a key, for `vlookup()`: null if there is none.
    pub lookup: &'a dyn Fn(&str, Value<'_>) -> Scalar,
    /// What the evaluation may use up.
    pub limits: Limits,
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub struct Program {
    graph: Graph,
    output: Output,
    inputs: Vec<Rc<str>>,
    dtype: DataType,
    volatile: bool,
    lookups: bool,
}

/// Where the result comes from.
#[derive(Debug, Clone)]
enum Output {
    /// A node of the graph.
    Node(graph::NodeId),
    /// The row interpreter.
    Script(Rc<Script>),
}

impl Program {
    /// The exact type of the result.
    pub fn dtype(&self) -> DataType {
        self.dtype
    }

    /// The columns it reads, in the order in which [`Self::evaluate`] takes them.
    pub fn inputs(&self) -> &[Rc<str>] {
        &self.inputs
    }

    /// Whether equal inputs may give another result later: it uses `now()`, `today()` or `random()`.
    pub fn is_volatile(&self) -> bool {
        self.volatile
    }

    /// Whether it reads other rows, by `vlookup()`, so that a row's result may change when another row does.
    pub fn reads_other_rows(&self) -> bool {
        self.lookups
    }

    /// Computes the selected rows: a column with one row for each.
    ///
    /// # Errors
    /// [`Error::Limit`] when a budget of `context.limits` is used up.
    pub fn evaluate(
        &self,
        inputs: &[&Column],
        rows: RowSelection<'_>,
        context: &EvalContext<'_>,
    ) -> Result<Column> {
        let mut evaluation = eval::Evaluation::new(&self.graph, inputs, rows, context);
        match &self.output {
            Output::Node(node) => evaluation.column(*node),
            Output::Script(script) => row::run(script, evaluation),
        }
    }
}

/// Compiles an expression.
///
/// # Errors
/// [`Error::Expression`] with the place of the fault.
pub fn compile(text: &str, environment: &Environment, limits: &Limits) -> Result<Program> {
    if text.len() > limits.source_bytes {
        let message = format!(
            "Expression is longer than {} bytes: that is the limit `expression_bytes`; raise it in the server's options",
            limits.source_bytes
        );
        return Err(Error::Expression {
            message,
            line: 0,
            column: 0,
        });
    }
    parse::parse(text, limits.depth)
        .and_then(|tree| check::check(&tree, environment))
        .map_err(|fault| fault.locate(text))
}

/// The outcome of compiling a set of expressions that may use each other.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Outcome per alias, in the order given.
    pub results: Vec<(Rc<str>, Result<Program>)>,
    /// Positions of the valid ones, each after those it uses.
    pub order: Vec<usize>,
}

/// Compiles expressions that may use each other by alias.
///
/// An expression that uses one which does not compile, or takes part in a cycle, fails with an error of its own.
pub fn compile_all(
    expressions: &[(&str, &str)],
    environment: &Environment,
    limits: &Limits,
) -> Compiled {
    let mut pending: Vec<Option<Result<Program>>> = vec![None; expressions.len()];
    let mut order = Vec::new();
    let mut known = environment.clone();
    for (slot, (alias, _)) in pending.iter_mut().zip(expressions) {
        if environment.dtype(alias).is_some() {
            let message = format!(
                "Value Error - expression \"{alias}\" cannot overwrite an existing column."
            );
            *slot = Some(Err(Error::Expression {
                message,
                line: 0,
                column: 0,
            }));
        }
    }
    // Which other expressions each one names; a text that does not parse names none and fails when it is compiled.
    let uses: Vec<Vec<(usize, usize)>> = expressions
        .iter()
        .map(|(_, text)| {
            let tree =
                (text.len() <= limits.source_bytes).then(|| parse::parse(text, limits.depth));
            let names = tree
                .and_then(Result::ok)
                .map(|tree| walk::column_names(&tree))
                .unwrap_or_default();
            names
                .into_iter()
                .filter(|(name, _)| environment.dtype(name).is_none())
                .filter_map(|(name, at)| {
                    Some((
                        expressions.iter().position(|(alias, _)| **alias == *name)?,
                        at,
                    ))
                })
                .collect()
        })
        .collect();
    loop {
        let mut progress = false;
        for (i, (alias, text)) in expressions.iter().enumerate() {
            if pending[i].is_some() || uses[i].iter().any(|&(used, _)| pending[used].is_none()) {
                continue;
            }
            progress = true;
            let failed = uses[i]
                .iter()
                .find(|&&(used, _)| matches!(pending[used], Some(Err(_))));
            let result = match failed {
                Some(&(used, at)) => {
                    let used = expressions[used].0;
                    Err(Fault::new(
                        at,
                        format!("Value Error - expression \"{used}\" is not valid."),
                    )
                    .locate(text))
                }
                None => compile(text, &known, limits),
            };
            if let Ok(program) = &result {
                known.columns.push((Rc::from(*alias), program.dtype()));
                order.push(i);
            }
            pending[i] = Some(result);
        }
        if !progress {
            break;
        }
    }
    let results =
        expressions
            .iter()
            .zip(pending)
            .enumerate()
            .map(|(i, ((alias, text), result))| {
                let cycle = || {
                    let at = uses[i].first().map_or(0, |&(_, at)| at);
                    Err(Fault::new(
                        at,
                        format!("Value Error - expression \"{alias}\" depends on itself."),
                    )
                    .locate(text))
                };
                (Rc::from(*alias), result.unwrap_or_else(cycle))
            });
    Compiled {
        results: results.collect(),
        order,
    }
}

/// The names of all functions.
pub fn function_names() -> impl Iterator<Item = &'static str> {
    calls::names()
}

/// An error in an expression, at a byte of its text.
#[derive(Debug, Clone, PartialEq)]
struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    /// The inputs have types that do not fit.
    fn types(at: usize) -> Self {
        Self::new(
            at,
            "Type Error - inputs do not resolve to a valid expression.",
        )
    }

    /// The error for a user, with line and column.
    fn locate(self, text: &str) -> Error {
        let before = text.get(..self.at).unwrap_or(text);
        let line = before.matches('\n').count() as u32;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count() as u32;
        Error::Expression {
            message: self.message,
            line,
            column,
        }
    }
}

#[cfg(test)]
mod tests;
