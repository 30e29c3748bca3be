//! The names of all aggregates, the types they admit, and what they give.

use super::accumulator::Outcome;
use crate::error::{Error, Result};
use crate::schema::{ColumnType, DataType};

/// The families of state. Aggregates of one family on the same columns share one accumulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is described at its accumulator")]
pub enum StateKind {
    Sums,
    Magnitudes,
    Gross,
    Moments,
    Weighted,
    Products,
    Truths,
    Extremes,
    First,
    Last,
    Tail,
    Any,
    MaxBy,
    MinBy,
    Spread,
}

/// What is read out of an accumulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// The number of rows, nulls included.
    Count,
    /// The sum of a [`StateKind::Sums`] or [`StateKind::Magnitudes`].
    Sum,
    /// The magnitude of the sum.
    AbsSum,
    /// Sum over count of what is not null.
    Mean,
    /// The sum of the magnitudes of the children's sums; the sum itself at the deepest level.
    Gross,
    /// A hundred times the sum over that of the parent row.
    PercentOfParent,
    /// A hundred times the sum over that of the total row in the same split.
    PercentOfTotal,
    /// A hundred times the sum over that of all rows.
    PercentOfGrandTotal,
    /// Population variance.
    Variance,
    /// Population standard deviation.
    Deviation,
    /// Mean weighted by a second column.
    WeightedMean,
    /// Product of what is not null.
    Product,
    /// Whether every value is true (or not zero, not empty).
    All,
    /// Whether some value is true.
    Some,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// Greatest minus least.
    Range,
    /// The value in the row that an order singles out.
    Chosen,
    /// The value of the last row minus that of the first.
    LastMinusFirst,
    /// The value below which a quarter, two or three quarters of the values lie.
    Quartile(u8),
    /// The number of distinct values, null being one.
    Distinct,
    /// The most frequent value that is not null.
    Dominant,
    /// The value, if all rows have the same.
    Unique,
    /// The value, if all rows have the same, at the deepest level only.
    DistinctLeaf,
    /// The distinct values as text.
    Join,
}

/// Which input an aggregate takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Admits {
    Everything,
    /// Numbers and booleans; the text is what a client is told otherwise.
    Numbers(&'static str),
}

/// What type the result has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gives {
    Input,
    /// `Int64` or `Float64`, as the input.
    Wide,
    Count,
    Float,
    Truth,
    Text,
}

/// One line of the catalog.
struct Entry {
    names: &'static [&'static str],
    output: Output,
    /// `None`: the row counts that every pivot keeps.
    state: Option<StateKind>,
    admits: Admits,
    gives: Gives,
    argument: bool,
    or_zero: bool,
}

const SUMMABLE: Admits = Admits::Numbers("Unexpected coltype");
const AVERAGEABLE: Admits = Admits::Numbers("Unexpected dtype");

const fn entry(
    names: &'static [&'static str],
    output: Output,
    state: StateKind,
    admits: Admits,
    gives: Gives,
) -> Entry {
    Entry {
        names,
        output,
        state: Some(state),
        admits,
        gives,
        argument: false,
        or_zero: false,
    }
}

/// As another entry, but 0 of nothing but nulls.
const fn or_zero(entry: Entry) -> Entry {
    Entry {
        or_zero: true,
        ..entry
    }
}

const fn with_argument(entry: Entry) -> Entry {
    Entry {
        argument: true,
        ..entry
    }
}

use Admits::Everything;
use Gives::{Float, Input, Wide};

/// Every aggregate. A new one is a line here and an output of some accumulator.
static CATALOG: &[Entry] = &[
    Entry {
        names: &["count"],
        output: Output::Count,
        state: None,
        admits: Everything,
        gives: Gives::Count,
        argument: false,
        or_zero: false,
    },
    entry(
        &["sum", "sum not null"],
        Output::Sum,
        StateKind::Sums,
        SUMMABLE,
        Wide,
    ),
    or_zero(entry(
        &["sum or zero"],
        Output::Sum,
        StateKind::Sums,
        SUMMABLE,
        Wide,
    )),
    entry(
        &["abs sum"],
        Output::AbsSum,
        StateKind::Sums,
        SUMMABLE,
        Wide,
    ),
    entry(
        &["sum abs"],
        Output::Sum,
        StateKind::Magnitudes,
        SUMMABLE,
        Wide,
    ),
    entry(
        &["avg", "mean"],
        Output::Mean,
        StateKind::Sums,
        AVERAGEABLE,
        Float,
    ),
    entry(&["gmv"], Output::Gross, StateKind::Gross, SUMMABLE, Wide),
    entry(
        &["mul"],
        Output::Product,
        StateKind::Products,
        SUMMABLE,
        Wide,
    ),
    entry(
        &["pct sum parent"],
        Output::PercentOfParent,
        StateKind::Sums,
        SUMMABLE,
        Float,
    ),
    entry(
        &["pct sum total"],
        Output::PercentOfTotal,
        StateKind::Sums,
        SUMMABLE,
        Float,
    ),
    entry(
        &["pct sum grand total"],
        Output::PercentOfGrandTotal,
        StateKind::Sums,
        SUMMABLE,
        Float,
    ),
    entry(
        &["var", "variance"],
        Output::Variance,
        StateKind::Moments,
        AVERAGEABLE,
        Float,
    ),
    entry(
        &["stddev", "standard deviation"],
        Output::Deviation,
        StateKind::Moments,
        AVERAGEABLE,
        Float,
    ),
    with_argument(entry(
        &["weighted mean"],
        Output::WeightedMean,
        StateKind::Weighted,
        AVERAGEABLE,
        Float,
    )),
    entry(
        &["min", "low"],
        Output::Min,
        StateKind::Extremes,
        Everything,
        Input,
    ),
    entry(
        &["max", "high"],
        Output::Max,
        StateKind::Extremes,
        Everything,
        Input,
    ),
    entry(
        &["high minus low"],
        Output::Range,
        StateKind::Extremes,
        AVERAGEABLE,
        Input,
    ),
    entry(&["any"], Output::Chosen, StateKind::Any, Everything, Input),
    entry(
        &["first", "first by index"],
        Output::Chosen,
        StateKind::First,
        Everything,
        Input,
    ),
    entry(
        &["last"],
        Output::Chosen,
        StateKind::Tail,
        Everything,
        Input,
    ),
    entry(
        &["last by index"],
        Output::Chosen,
        StateKind::Last,
        Everything,
        Input,
    ),
    entry(
        &["last minus first"],
        Output::LastMinusFirst,
        StateKind::Last,
        AVERAGEABLE,
        Input,
    ),
    with_argument(entry(
        &["max by"],
        Output::Chosen,
        StateKind::MaxBy,
        Everything,
        Input,
    )),
    with_argument(entry(
        &["min by"],
        Output::Chosen,
        StateKind::MinBy,
        Everything,
        Input,
    )),
    entry(
        &["q1"],
        Output::Quartile(1),
        StateKind::Spread,
        Everything,
        Input,
    ),
    entry(
        &["median"],
        Output::Quartile(2),
        StateKind::Spread,
        Everything,
        Input,
    ),
    entry(
        &["q3"],
        Output::Quartile(3),
        StateKind::Spread,
        Everything,
        Input,
    ),
    entry(
        &["distinct count", "distinct", "distinctcount"],
        Output::Distinct,
        StateKind::Spread,
        Everything,
        Gives::Count,
    ),
    entry(
        &["dominant"],
        Output::Dominant,
        StateKind::Spread,
        Everything,
        Input,
    ),
    entry(
        &["unique"],
        Output::Unique,
        StateKind::Extremes,
        Everything,
        Input,
    ),
    entry(
        &["distinct leaf"],
        Output::DistinctLeaf,
        StateKind::Extremes,
        Everything,
        Input,
    ),
    entry(
        &["join"],
        Output::Join,
        StateKind::Spread,
        Everything,
        Gives::Text,
    ),
    entry(
        &["and"],
        Output::All,
        StateKind::Truths,
        Everything,
        Gives::Truth,
    ),
    entry(
        &["or"],
        Output::Some,
        StateKind::Truths,
        Everything,
        Gives::Truth,
    ),
];

/// Names that exist in the protocol but were never implemented by anybody.
const UNIMPLEMENTED: [&str; 1] = ["identity"];

/// An aggregate, resolved for the type it is applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Aggregate {
    name: &'static str,
    /// What is read out.
    pub output: Output,
    /// The accumulator it is read from; `None` for row counts.
    pub state: Option<StateKind>,
    /// The type of the column it is applied to.
    pub input: DataType,
    /// The type of the result. Whole results that do not fit it are shown as floats.
    pub result: DataType,
    /// Whether it reads a second column.
    pub takes_argument: bool,
    /// Whether a group of nothing but nulls gives 0 rather than null.
    pub or_zero: bool,
}

impl Aggregate {
    /// The name it was asked for by.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The same for a client to whom every sum of nothing but nulls is 0, those that make up a percentage included.
    #[must_use]
    pub fn with_zero_sums(self) -> Self {
        let sums = matches!(
            self.output,
            Output::Sum
                | Output::AbsSum
                | Output::PercentOfParent
                | Output::PercentOfTotal
                | Output::PercentOfGrandTotal
        );
        Self {
            or_zero: self.or_zero || sums,
            ..self
        }
    }

    /// Further accumulators on the same column that the output needs.
    pub(crate) fn second_state(&self) -> Option<StateKind> {
        (self.output == Output::LastMinusFirst).then_some(StateKind::First)
    }
}

/// The aggregate of a column for which none is named.
pub const fn default_aggregate(column_type: ColumnType) -> &'static str {
    if column_type.is_numeric() {
        "sum"
    } else {
        "count"
    }
}

/// The name under which clients are told of an aggregate that has several; others keep theirs.
pub fn told_name(name: &str) -> &str {
    match name {
        "avg" => "mean",
        "var" => "variance",
        "standard deviation" => "stddev",
        "distinct" | "distinctcount" => "distinct count",
        "first by index" => "first",
        other => other,
    }
}

/// Finds the aggregate called `name` for `column`, whose type is `input`, with arguments of the types `args`.
///
/// # Errors
/// [`Error::Config`] if there is no such aggregate, if it does not take this type, or if an argument is missing.
pub fn resolve(name: &str, column: &str, args: &[DataType], input: DataType) -> Result<Aggregate> {
    if UNIMPLEMENTED.contains(&name) {
        return Err(Error::config(format!(
            "Unimplemented aggregate '{name}' for column '{column}' found in View aggregates."
        )));
    }
    let Some((entry, name)) = CATALOG.iter().find_map(|entry| {
        let name = entry.names.iter().find(|known| **known == name)?;
        Some((entry, *name))
    }) else {
        return Err(Error::config(format!(
            "Invalid aggregate '{name}' for column '{column}' found in View aggregates."
        )));
    };
    if entry.argument && args.is_empty() {
        return Err(Error::config(format!(
            "Aggregate '{name}' for column '{column}' requires a column argument."
        )));
    }
    let column_type = input.column_type();
    let is_number =
        |column_type: ColumnType| column_type.is_numeric() || column_type == ColumnType::Boolean;
    if let Admits::Numbers(text) = entry.admits
        && (!is_number(column_type) || (entry.argument && !is_number(args[0].column_type())))
    {
        return Err(Error::config(format!(
            "{text}: aggregate '{name}' cannot be applied to column '{column}' of type {column_type}"
        )));
    }
    // On anything but booleans the reference's `or` is its `any`.
    let (output, state, gives) =
        if entry.output == Output::Some && column_type != ColumnType::Boolean {
            (Output::Chosen, Some(StateKind::Any), Input)
        } else {
            (entry.output, entry.state, entry.gives)
        };
    let result = match gives {
        Gives::Input if column_type == ColumnType::Boolean && is_difference(output) => {
            DataType::Int64
        }
        Gives::Input => input,
        Gives::Wide if column_type == ColumnType::Float => DataType::Float64,
        Gives::Wide | Gives::Count => DataType::Int64,
        Gives::Float => DataType::Float64,
        Gives::Truth => DataType::Boolean,
        Gives::Text => DataType::String,
    };
    Ok(Aggregate {
        name,
        output,
        state,
        input,
        result,
        takes_argument: entry.argument,
        or_zero: entry.or_zero,
    })
}

const fn is_difference(output: Output) -> bool {
    matches!(output, Output::Range | Output::LastMinusFirst)
}

/// The difference of two outcomes of a numeric column.
pub(crate) fn difference<'a>(from: Outcome<'a>, minus: Outcome<'a>) -> Outcome<'a> {
    match (from, minus) {
        (Outcome::Int(a), Outcome::Int(b)) => Outcome::Int(a - b),
        (Outcome::Float(a), Outcome::Float(b)) => Outcome::Float(a - b),
        (Outcome::Truth(a), Outcome::Truth(b)) => Outcome::Int(i128::from(a) - i128::from(b)),
        _ => Outcome::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_aggregate_and_the_column() {
        let message = |name, args: &[DataType], input| {
            resolve(name, "i", args, input)
                .expect_err("the aggregate does not fit")
                .to_string()
        };
        assert_eq!(
            message("bogus", &[], DataType::Int32),
            "Invalid aggregate 'bogus' for column 'i' found in View aggregates."
        );
        assert_eq!(
            message("identity", &[], DataType::Int32),
            "Unimplemented aggregate 'identity' for column 'i' found in View aggregates."
        );
        assert_eq!(
            message("weighted mean", &[], DataType::Int32),
            "Aggregate 'weighted mean' for column 'i' requires a column argument."
        );
        assert!(message("sum", &[], DataType::String).starts_with("Unexpected coltype"));
        assert!(message("avg", &[], DataType::Date).starts_with("Unexpected dtype"));
    }

    #[test]
    fn results_are_wide_enough() {
        let result = |name, input| {
            resolve(name, "x", &[DataType::Float64], input)
                .expect("the aggregate fits")
                .result
        };
        assert_eq!(result("sum", DataType::Int8), DataType::Int64);
        assert_eq!(result("sum", DataType::Float32), DataType::Float64);
        assert_eq!(result("sum", DataType::Boolean), DataType::Int64);
        assert_eq!(result("max", DataType::Int8), DataType::Int8);
        assert_eq!(result("join", DataType::Date), DataType::String);
        assert_eq!(result("count", DataType::String), DataType::Int64);
        assert_eq!(result("or", DataType::String), DataType::String);
        assert_eq!(result("weighted mean", DataType::Int32), DataType::Float64);
    }
}
