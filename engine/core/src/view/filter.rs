//! Conditions on rows: which rows of some columns pass.
//!
//! Each condition is compiled for the type of its column once. Rows are then taken 64 at a time into the words of a
//! bitmap; text is decided once for each distinct value. Null passes only where the condition says so: `is null`, and
//! the negations `!=`, `not in`, `not contains` and their like, which are true of everything that their positive form
//! is not true of.

use std::cell::RefCell;
use std::rc::Rc;

use regex::Regex;

use super::config::{Filter, FilterOp};
use super::operand::{Number, Operand, held, held_range};
use super::step::{ColumnRef, Columns};
use crate::column::{Bitmap, Column, Data, Dictionary, NULL_CODE};
use crate::error::{Error, Result};
use crate::hash::HashSet;
use crate::schema::{DataType, Storage};

/// Conditions, checked and compiled.
#[derive(Debug, Clone, Default)]
pub struct FilterPlan {
    op: FilterOp,
    terms: Vec<Term>,
}

#[derive(Debug, Clone)]
struct Term {
    column: ColumnRef,
    test: Test,
}

/// What a cell must meet, by how its column is held.
#[derive(Debug, Clone)]
enum Test {
    /// Whatever is in the cell.
    Always(bool),
    /// Whether it is null.
    Null(bool),
    /// Held integers from one to another, both included, or outside.
    Ints {
        least: i64,
        greatest: i64,
        negated: bool,
    },
    /// Held integers of a set, sorted, or not of it.
    IntSet {
        values: Vec<i64>,
        negated: bool,
    },
    /// A comparison with a float.
    Float {
        compare: Compare,
        bound: f64,
    },
    /// Floats of a set, or not of it.
    FloatSet {
        values: Vec<f64>,
        negated: bool,
    },
    /// By value: false, true, null.
    Bool([bool; 3]),
    Text(TextTest),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A test of text, with what was decided so far.
#[derive(Debug, Clone)]
struct TextTest {
    matcher: Matcher,
    /// Passes what the matcher does not match, null included.
    negated: bool,
    /// By code, whether it passes.
    decided: RefCell<Vec<bool>>,
}

#[derive(Debug, Clone)]
enum Matcher {
    Compare(Compare, Rc<str>),
    Begins(String),
    Ends(String),
    Contains(String),
    Matches(Regex),
    In(HashSet<Rc<str>>),
}

/// The rows to decide.
#[derive(Debug, Clone, Copy)]
pub enum Selection<'a> {
    /// The first so many rows of the columns.
    All(usize),
    /// These rows; bits of the answer are by position in the list.
    List(&'a [u32]),
}

impl Selection<'_> {
    fn len(self) -> usize {
        match self {
            Self::All(n) => n,
            Self::List(rows) => rows.len(),
        }
    }
}

impl FilterPlan {
    /// Compiles conditions; `column_of` finds a column by name. Gives the conditions back with their operands as they
    /// were understood.
    ///
    /// # Errors
    /// If a column or an operator does not exist, or an operand does not fit the column.
    pub fn new(
        filters: &[Filter],
        op: FilterOp,
        column_of: impl Fn(&str) -> Option<(ColumnRef, DataType)>,
    ) -> Result<(Self, Vec<Filter>)> {
        let mut terms = Vec::new();
        let mut echo = Vec::new();
        for filter in filters {
            let name = &filter.column;
            let Some((column, dtype)) = column_of(name) else {
                let is_text = matches!(filter.operands.first(), Some(crate::Scalar::Text(_)));
                return Err(Error::config(
                    if matches!(&*filter.op, "is null" | "is not null") {
                        format!("Invalid column '{name}' found in View filters.")
                    } else if is_text {
                        format!("Filter column not in schema: {name}")
                    } else {
                        format!(
                            "Could not get dtype for column `{name}` as it does not exist in the schema."
                        )
                    },
                ));
            };
            let (test, operands) = compile(filter, dtype)?;
            terms.push(Term { column, test });
            echo.push(Filter {
                column: name.clone(),
                op: filter.op.clone(),
                operands: operands.iter().map(Operand::echo).collect(),
            });
        }
        Ok((Self { op, terms }, echo))
    }

    /// Whether every row passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The columns that are looked at.
    pub fn columns(&self) -> impl Iterator<Item = ColumnRef> + '_ {
        self.terms.iter().map(|term| term.column)
    }

    /// Forgets what was decided about codes: they mean other texts from now on.
    pub fn forget(&self) {
        for term in &self.terms {
            if let Test::Text(test) = &term.test {
                test.decided.borrow_mut().clear();
            }
        }
    }

    /// Which of the rows pass.
    pub fn select(&self, columns: Columns<'_>, rows: Selection<'_>) -> Bitmap {
        let n = rows.len();
        let all = self.terms.is_empty() || self.op == FilterOp::And;
        let mut words = Bitmap::filled(n, all).words().to_vec();
        for term in &self.terms {
            let mut fold = Fold {
                words: &mut words,
                rows,
                and: self.op == FilterOp::And,
            };
            term.test.fold(columns.get(term.column), &mut fold);
        }
        Bitmap::from_words(words, n)
    }
}

/// The words of the answer, and how the next condition joins them.
struct Fold<'a> {
    words: &'a mut [u64],
    rows: Selection<'a>,
    and: bool,
}

impl Fold<'_> {
    fn constant(&mut self, pass: bool) {
        if pass != self.and {
            self.words.fill(if pass { u64::MAX } else { 0 });
        }
    }

    /// Joins the bits that `bits(word index, first row position, rows in the word)` gives. Skips what is settled.
    fn each_word(&mut self, mut bits: impl FnMut(usize, usize, usize) -> u64) {
        let n = self.rows.len();
        for (at, word) in self.words.iter_mut().enumerate() {
            let settled = if self.and { 0 } else { u64::MAX };
            if *word == settled {
                continue;
            }
            let start = at * 64;
            let bits = bits(at, start, (n - start).min(64));
            if self.and {
                *word &= bits;
            } else {
                *word |= bits;
            }
        }
    }

    /// Joins a test of values; null cells pass if `null_passes`, whatever lies under them.
    fn values<T: Copy + Default>(
        &mut self,
        values: &[T],
        validity: Option<&Bitmap>,
        null_passes: bool,
        pass: impl Fn(T) -> bool,
    ) {
        let rows = self.rows;
        self.each_word(|at, start, n| {
            let mut gathered = [T::default(); 64];
            let (values, valid) = match rows {
                Selection::All(_) => {
                    let valid = validity.map_or(u64::MAX, |bitmap| bitmap.words()[at]);
                    (&values[start..start + n], valid)
                }
                Selection::List(rows) => {
                    let rows = &rows[start..start + n];
                    for (value, &row) in gathered.iter_mut().zip(rows) {
                        *value = values[row as usize];
                    }
                    let valid = validity.map_or(u64::MAX, |bitmap| {
                        let bits = rows.iter().map(|&row| u64::from(bitmap.get(row as usize)));
                        bits.rev().fold(0, |word, bit| word << 1 | bit)
                    });
                    (&gathered[..n], valid)
                }
            };
            let mut passes = [0_u8; 64];
            for (passes, &value) in passes.iter_mut().zip(values) {
                *passes = u8::from(pass(value));
            }
            let bits = pack(&passes);
            if null_passes {
                bits | !valid
            } else {
                bits & valid
            }
        });
    }
}

/// 64 bytes of 0 or 1 as bits.
fn pack(bytes: &[u8; 64]) -> u64 {
    let mut word = 0;
    for (at, chunk) in bytes.chunks_exact(8).enumerate() {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        // The product brings the lowest bit of byte `i` to bit `56 + i`.
        let bits = u64::from_le_bytes(eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        word |= bits << (8 * at);
    }
    word
}

impl Test {
    fn fold(&self, column: &Column, fold: &mut Fold<'_>) {
        let validity = column.validity();
        match (self, column.data()) {
            (Self::Always(pass), _) => fold.constant(*pass),
            (Self::Null(null), Data::Text(text)) => {
                fold.values(&text.codes, None, false, |code| {
                    (code == NULL_CODE) == *null
                });
            }
            (Self::Null(null), data) => match validity {
                None => fold.constant(!null),
                Some(_) => {
                    // The values do not matter, only their validity does.
                    let empty = vec![(); data_len(data)];
                    fold.values(&empty, validity, *null, |()| !null);
                }
            },
            (
                Self::Ints {
                    least,
                    greatest,
                    negated,
                },
                Data::Int(values),
            ) => {
                let (least, greatest) = (*least, *greatest);
                if *negated {
                    fold.values(values, validity, true, |v| v < least || v > greatest);
                } else {
                    fold.values(values, validity, false, |v| v >= least && v <= greatest);
                }
            }
            (
                Self::IntSet {
                    values: set,
                    negated,
                },
                Data::Int(values),
            ) => {
                fold.values(values, validity, *negated, |v| {
                    set.binary_search(&v).is_ok() != *negated
                });
            }
            (Self::Float { compare, bound }, Data::Float(values)) => {
                let bound = *bound;
                match compare {
                    Compare::Equal => fold.values(values, validity, false, |v| v == bound),
                    Compare::NotEqual => fold.values(values, validity, true, |v| v != bound),
                    Compare::Less => fold.values(values, validity, false, |v| v < bound),
                    Compare::LessEqual => fold.values(values, validity, false, |v| v <= bound),
                    Compare::Greater => fold.values(values, validity, false, |v| v > bound),
                    Compare::GreaterEqual => fold.values(values, validity, false, |v| v >= bound),
                }
            }
            (
                Self::FloatSet {
                    values: set,
                    negated,
                },
                Data::Float(values),
            ) => {
                fold.values(values, validity, *negated, |v| set.contains(&v) != *negated);
            }
            (Self::Bool([on_false, on_true, on_null]), Data::Bool(values)) => {
                fold.values(values, validity, *on_null, |v| {
                    if v { *on_true } else { *on_false }
                });
            }
            (Self::Text(test), Data::Text(text)) => test.fold(&text.codes, &text.dictionary, fold),
            _ => unreachable!("a test was compiled for the type of its column"),
        }
    }
}

fn data_len(data: &Data) -> usize {
    match data {
        Data::Bool(values) => values.len(),
        Data::Int(values) => values.len(),
        Data::Float(values) => values.len(),
        Data::Text(text) => text.codes.len(),
    }
}

impl TextTest {
    fn fold(&self, codes: &[u32], dictionary: &Dictionary, fold: &mut Fold<'_>) {
        // One text has one code, so nothing needs to be decided about the others.
        if let Matcher::Compare(Compare::Equal, text) = &self.matcher {
            match dictionary.find(text) {
                None => fold.constant(self.negated),
                Some(wanted) => {
                    let negated = self.negated;
                    fold.values(codes, None, false, |code| (code == wanted) != negated);
                }
            }
            return;
        }
        let mut decided = self.decided.borrow_mut();
        if decided.is_empty() {
            decided.push(self.negated);
        }
        for code in decided.len()..dictionary.len() {
            let matches = self.matcher.matches(dictionary.text(code as u32));
            decided.push(matches != self.negated);
        }
        fold.values(codes, None, false, |code| decided[code as usize]);
    }
}

impl Matcher {
    fn matches(&self, text: &str) -> bool {
        match self {
            Self::Compare(compare, bound) => compare.holds(text.as_bytes().cmp(bound.as_bytes())),
            Self::Begins(start) => text
                .as_bytes()
                .get(..start.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes())),
            Self::Ends(end) => text
                .len()
                .checked_sub(end.len())
                .is_some_and(|at| text.as_bytes()[at..].eq_ignore_ascii_case(end.as_bytes())),
            Self::Contains(part) => text.to_ascii_lowercase().contains(part.as_str()),
            Self::Matches(regex) => regex.is_match(text),
            Self::In(texts) => texts.contains(text),
        }
    }
}

impl Compare {
    fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterEqual => order.is_ge(),
        }
    }
}

/// An operator by its name: what it is, and whether it is the negation of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    IsNull,
    IsNotNull,
    Compare(Compare),
    In,
    Begins,
    Ends,
    Contains,
    Matches,
}

fn operator(op: &str) -> Option<(Operator, bool)> {
    Some(match op {
        "is null" => (Operator::IsNull, false),
        "is not null" => (Operator::IsNotNull, false),
        "==" => (Operator::Compare(Compare::Equal), false),
        "!=" => (Operator::Compare(Compare::Equal), true),
        "<" => (Operator::Compare(Compare::Less), false),
        "<=" => (Operator::Compare(Compare::LessEqual), false),
        ">" => (Operator::Compare(Compare::Greater), false),
        ">=" => (Operator::Compare(Compare::GreaterEqual), false),
        "in" => (Operator::In, false),
        "not in" => (Operator::In, true),
        "begins with" => (Operator::Begins, false),
        "not begins with" => (Operator::Begins, true),
        "ends with" => (Operator::Ends, false),
        "not ends with" => (Operator::Ends, true),
        "contains" => (Operator::Contains, false),
        "not contains" => (Operator::Contains, true),
        "matches" => (Operator::Matches, false),
        "not matches" => (Operator::Matches, true),
        _ => return None,
    })
}

/// Compiles one condition for a column of this type, and converts its operands.
fn compile(filter: &Filter, dtype: DataType) -> Result<(Test, Vec<Operand>)> {
    let Some((operator, negated)) = operator(&filter.op) else {
        return Err(Error::config(format!(
            "Unknown filter operator string: `{}`",
            filter.op
        )));
    };
    if matches!(operator, Operator::IsNull | Operator::IsNotNull) {
        return Ok((
            Test::Null(operator == Operator::IsNull),
            vec![Operand::Null],
        ));
    }
    let operands = filter
        .operands
        .iter()
        .map(|operand| Operand::new(&filter.column, dtype, operand))
        .collect::<Result<Vec<_>>>()?;
    let is_text = dtype.storage() == Storage::Text;
    if !is_text
        && matches!(
            operator,
            Operator::Begins | Operator::Ends | Operator::Contains | Operator::Matches
        )
    {
        return Err(Error::config("Invalid filter op"));
    }
    if operator == Operator::In {
        let test = set_test(dtype, &operands, negated);
        return Ok((test, operands));
    }
    let Some(operand) = operands.first() else {
        return Err(Error::config(format!(
            "Filter `{}` on column `{}` needs a value",
            filter.op, filter.column
        )));
    };
    let test = match (operator, operand) {
        // Nothing compares with null, and everything is different from it.
        (_, Operand::Null) => Test::Always(negated),
        (Operator::Compare(compare), Operand::Text(text)) => {
            text_test(Matcher::Compare(compare, text.clone()), negated)
        }
        (Operator::Begins, Operand::Text(text)) => {
            text_test(Matcher::Begins(text.to_string()), negated)
        }
        (Operator::Ends, Operand::Text(text)) => {
            text_test(Matcher::Ends(text.to_string()), negated)
        }
        (Operator::Contains, Operand::Text(text)) => {
            text_test(Matcher::Contains(text.to_ascii_lowercase()), negated)
        }
        (Operator::Matches, Operand::Text(text)) => {
            let regex = Regex::new(text).map_err(|error| {
                Error::config(format!(
                    "Filter on column `{}` has an invalid regular expression `{text}`: {error}",
                    filter.column
                ))
            })?;
            text_test(Matcher::Matches(regex), negated)
        }
        (Operator::Compare(compare), operand) => number_test(dtype, compare, operand, negated),
        _ => return Err(Error::config("Invalid filter op")),
    };
    Ok((test, operands))
}

fn text_test(matcher: Matcher, negated: bool) -> Test {
    Test::Text(TextTest {
        matcher,
        negated,
        decided: RefCell::default(),
    })
}

fn number_test(dtype: DataType, compare: Compare, operand: &Operand, negated: bool) -> Test {
    let Some(number) = operand.number() else {
        return Test::Always(negated);
    };
    match dtype.storage() {
        Storage::Float => {
            let compare = if negated { Compare::NotEqual } else { compare };
            Test::Float {
                compare,
                bound: number.as_f64(),
            }
        }
        Storage::Bool => {
            let passes = |value: f64| {
                let order = value.partial_cmp(&number.as_f64());
                order.is_some_and(|order| compare.holds(order)) != negated
            };
            Test::Bool([passes(0.0), passes(1.0), negated])
        }
        Storage::Int => int_test(dtype, compare, number, negated),
        Storage::Text => Test::Always(negated),
    }
}

/// The range of whole numbers for which a comparison with any number holds.
fn int_test(dtype: DataType, compare: Compare, number: Number, negated: bool) -> Test {
    let (min, max) = held_range(dtype);
    let range = match compare {
        Compare::Equal | Compare::NotEqual => number.whole().map(|v| (v, v)),
        Compare::Less => number.ceil().map(|v| (min, v.saturating_sub(1))),
        Compare::LessEqual => number.floor().map(|v| (min, v)),
        Compare::Greater => number.floor().map(|v| (v.saturating_add(1), max)),
        Compare::GreaterEqual => number.ceil().map(|v| (v, max)),
    };
    match range {
        Some((least, greatest)) if least <= greatest && least <= max && greatest >= min => {
            Test::Ints {
                least: held(dtype, least),
                greatest: held(dtype, greatest),
                negated,
            }
        }
        _ => Test::Always(negated),
    }
}

fn set_test(dtype: DataType, operands: &[Operand], negated: bool) -> Test {
    let numbers = operands.iter().filter_map(Operand::number);
    match dtype.storage() {
        Storage::Text => {
            let mut texts = HashSet::with_hasher(Default::default());
            for operand in operands {
                if let Operand::Text(text) = operand {
                    texts.insert(text.clone());
                }
            }
            text_test(Matcher::In(texts), negated)
        }
        Storage::Float => Test::FloatSet {
            values: numbers.map(Number::as_f64).collect(),
            negated,
        },
        Storage::Bool => {
            let values: Vec<f64> = numbers.map(Number::as_f64).collect();
            let passes = |value: f64| values.contains(&value) != negated;
            Test::Bool([passes(0.0), passes(1.0), negated])
        }
        Storage::Int => {
            let (min, max) = held_range(dtype);
            let mut values: Vec<i64> = numbers
                .filter_map(Number::whole)
                .filter(|v| (min..=max).contains(v))
                .map(|v| held(dtype, v))
                .collect();
            values.sort_unstable();
            Test::IntSet { values, negated }
        }
    }
}
