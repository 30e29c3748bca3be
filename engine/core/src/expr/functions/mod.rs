//! The functions of the language: a table of names, and how each makes a [`Resolved`] from the types of its arguments.
//!
//! A function is a small closure over cells, or over bare numbers where speed matters; how it is applied to whole
//! columns is the business of `eval`. Families live in files of their own. What needs the graph itself (`coalesce`,
//! `min`, `index`, ...) is in `check`.

mod compare;
mod convert;
mod dates;
mod math;
mod regexes;
mod text;
mod units;
mod zones;

use std::fmt;

use crate::schema::DataType;
use crate::value::{Scalar, Value};

pub(super) use compare::pick;
pub(super) use math::float_to_int;
pub(super) use regexes::{compile as compile_regex, group_span};

use super::graph::Type;

/// The longest text that one call may make.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// The result of a call on cells. Text is left in the buffer that was passed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Out {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Date(i32),
    Datetime(i64),
    Text,
    /// The text would be longer than [`MAX_TEXT`].
    TooLong,
}

impl From<Option<bool>> for Out {
    fn from(value: Option<bool>) -> Self {
        value.map_or(Self::Null, Self::Bool)
    }
}

impl From<Option<i64>> for Out {
    fn from(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }
}

impl From<Option<f64>> for Out {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Null, Self::Float)
    }
}

/// A function over cells.
pub(super) type CellFn = Box<dyn Fn(&[Value<'_>], &mut String) -> Out>;

/// How a call is computed.
pub(super) enum Body {
    /// From one float; a result that is not finite is null.
    Float1(fn(f64) -> f64),
    /// From two floats; a result that is not finite is null.
    Float2(fn(f64, f64) -> f64),
    /// From one integer, day or millisecond count to another.
    Int1(Box<dyn Fn(i64) -> Option<i64>>),
    /// From cells of any type.
    Cells(CellFn),
}

/// A function with its arguments' types settled.
pub(super) struct Resolved {
    pub name: &'static str,
    /// What tells apart calls of one name on the same operands; empty for nearly all.
    pub variant: &'static str,
    /// The type that each argument is converted to.
    pub arguments: Vec<Type>,
    pub dtype: DataType,
    /// Whether a null argument makes the result null without a call.
    pub strict: bool,
    pub body: Body,
}

impl fmt::Debug for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolved")
            .field("name", &self.name)
            .field("dtype", &self.dtype)
            .finish_non_exhaustive()
    }
}

/// What a function learns of an argument before it is called.
#[derive(Debug, Clone, Copy)]
pub(super) struct Argument<'a> {
    pub dtype: Type,
    /// The value, if it is a constant.
    pub constant: Option<&'a Scalar>,
}

impl<'a> Argument<'a> {
    /// Whether it is a number.
    pub fn is_numeric(&self) -> bool {
        self.dtype
            .is_none_or(|dtype| dtype.column_type().is_numeric())
    }

    pub fn is_text(&self) -> bool {
        self.dtype.is_none_or(|dtype| dtype == DataType::String)
    }

    /// Whether it is a date or datetime.
    pub fn is_temporal(&self) -> bool {
        matches!(self.dtype, Some(DataType::Date | DataType::Datetime))
    }

    /// The text of a constant.
    pub fn text(&self) -> Option<&'a str> {
        match self.constant {
            Some(Scalar::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The whole number of a constant.
    pub fn whole(&self) -> Option<i64> {
        match self.constant {
            Some(Scalar::Float(value)) if value.fract() == 0.0 && value.abs() < 9e15 => {
                Some(*value as i64)
            }
            Some(Scalar::Int(value)) => Some(*value),
            _ => None,
        }
    }
}

/// Why a call does not fit.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Reject {
    /// The types of the arguments do not fit.
    Types,
    /// Something else, in words.
    Because(String),
}

/// The outcome of looking at a call's arguments.
pub(super) type Resolution = Result<Resolved, Reject>;

/// A function by name.
pub(super) struct Function {
    pub name: &'static str,
    /// The least and the greatest number of arguments.
    pub arity: (usize, usize),
    /// Settles the call.
    pub resolve: fn(&[Argument<'_>]) -> Resolution,
}

/// All functions that a name can stand for.
pub(super) fn all() -> impl Iterator<Item = &'static Function> {
    [
        math::FUNCTIONS,
        text::FUNCTIONS,
        regexes::FUNCTIONS,
        dates::FUNCTIONS,
        convert::FUNCTIONS,
    ]
    .into_iter()
    .flatten()
}

/// The function of a name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    all().find(|function| function.name == name)
}

/// A strict function over cells.
fn cells(
    name: &'static str,
    arguments: Vec<Type>,
    dtype: DataType,
    body: impl Fn(&[Value<'_>], &mut String) -> Out + 'static,
) -> Resolution {
    Ok(Resolved {
        name,
        variant: "",
        arguments,
        dtype,
        strict: true,
        body: Body::Cells(Box::new(body)),
    })
}

/// Refuses the call unless `fits`.
fn require(fits: bool) -> Result<(), Reject> {
    if fits { Ok(()) } else { Err(Reject::Types) }
}

/// Appends unless the text would pass [`MAX_TEXT`].
fn append(buffer: &mut String, text: &str) -> bool {
    let fits = buffer.len() + text.len() <= MAX_TEXT;
    if fits {
        buffer.push_str(text);
    }
    fits
}

/// The text of a cell whose type the checker has settled.
fn text_of<'a>(value: Value<'a>) -> &'a str {
    match value {
        Value::Text(text) => text,
        _ => "",
    }
}

/// The number of a cell that was converted to float.
fn float_of(value: Value<'_>) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// The number of a cell as an index: truncated, and bounded so that arithmetic on it cannot overflow.
fn index_of(value: Value<'_>) -> i64 {
    const BOUND: f64 = 4_294_967_296.0;
    float_of(value).clamp(-BOUND, BOUND) as i64
}
