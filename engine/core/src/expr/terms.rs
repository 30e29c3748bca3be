//! Builds programs from terms: each operation goes to the graph when its operands are pure, else to the script.

use std::rc::Rc;

use crate::hash::HashMap;
use crate::schema::DataType::{self, Boolean, Date, Datetime, Float32, Float64, Int64, UInt64};
use crate::value::Scalar;

use super::Fault;
use super::ast::{Arith, Compare, Logic};
use super::functions::Resolved;
use super::graph::{Graph, NodeId, Op, Type};
use super::script::Step;

/// A checked expression.
#[derive(Debug, Clone)]
pub(super) enum Term {
    /// It depends on the row's columns alone.
    Pure(NodeId),
    /// It depends on local state, or changes it.
    Row(Step, Type),
}

/// A numeric type that arithmetic is done in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// An integer of at most 32 bits, whose arithmetic with floats is exact.
    Narrow,
    /// An integer of 64 bits.
    Wide,
    /// A float, or what counts as one: booleans and times.
    Float,
}

/// The graph under construction, and what the script takes from it.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub graph: Graph,
    pub hoisted: Vec<NodeId>,
    hoisted_at: HashMap<NodeId, usize>,
}

pub(super) fn is_int(dtype: DataType) -> bool {
    dtype.int_range().is_some()
}

pub(super) fn is_float(dtype: DataType) -> bool {
    matches!(dtype, Float32 | Float64)
}

impl Builder {
    pub fn dtype(&self, term: &Term) -> Type {
        match term {
            Term::Pure(node) => self.graph.dtype(*node),
            Term::Row(_, dtype) => *dtype,
        }
    }

    pub fn constant<'a>(&'a self, term: &Term) -> Option<&'a Scalar> {
        match term {
            Term::Pure(node) => self.graph.constant(*node),
            Term::Row(..) => None,
        }
    }

    pub fn literal(&mut self, value: Scalar, dtype: Type) -> Term {
        Term::Pure(self.graph.add_constant(value, dtype))
    }

    /// The step that gives a term's value.
    pub fn step(&mut self, term: Term) -> Step {
        let node = match term {
            Term::Row(step, _) => return step,
            Term::Pure(node) => node,
        };
        if let Some(value) = self.graph.constant(node) {
            return Step::Const(value.clone());
        }
        let next = self.hoisted.len();
        let at = *self.hoisted_at.entry(node).or_insert(next);
        if at == next {
            self.hoisted.push(node);
        }
        Step::Hoisted(at)
    }

    /// An operation on terms: `op` in the graph if all are pure, else what `row` makes of their steps.
    fn operation(
        &mut self,
        op: Op,
        dtype: Type,
        operands: Vec<Term>,
        row: impl FnOnce(Vec<Step>) -> Step,
    ) -> Term {
        let pure: Option<Vec<NodeId>> = operands
            .iter()
            .map(|term| match term {
                Term::Pure(node) => Some(*node),
                Term::Row(..) => None,
            })
            .collect();
        match pure {
            Some(nodes) => Term::Pure(self.graph.add(op, dtype, nodes)),
            None => {
                let steps = operands.into_iter().map(|term| self.step(term)).collect();
                Term::Row(row(steps), dtype)
            }
        }
    }

    fn unary(
        &mut self,
        op: Op,
        dtype: Type,
        operand: Term,
        row: impl FnOnce(Box<Step>) -> Step,
    ) -> Term {
        self.operation(op, dtype, vec![operand], |steps| {
            let [step] = <[Step; 1]>::try_from(steps).expect("one operand makes one step");
            row(Box::new(step))
        })
    }

    fn binary(
        &mut self,
        op: Op,
        dtype: Type,
        a: Term,
        b: Term,
        row: impl FnOnce(Box<Step>, Box<Step>) -> Step,
    ) -> Term {
        self.operation(op, dtype, vec![a, b], |steps| {
            let [a, b] = <[Step; 2]>::try_from(steps).expect("two operands make two steps");
            row(Box::new(a), Box::new(b))
        })
    }

    /// A term in another type. What is held the same way stays as it is.
    pub fn convert(&mut self, term: Term, to: Type) -> Term {
        let from = self.dtype(&term);
        if from == to {
            return term;
        }
        // Narrow integers are held as 64-bit ones, and 32-bit floats as 64-bit ones.
        let same_storage = match (from, to) {
            (Some(from), Some(Int64)) => is_int(from) && from != UInt64,
            (Some(from), Some(Float64)) => from == Float32,
            _ => false,
        };
        if same_storage {
            return term;
        }
        self.unary(Op::Convert, to, term, |step| Step::Convert(to, step))
    }

    /// How a term takes part in arithmetic; `None` if it is no number.
    pub fn number(&self, term: &Term) -> Option<Number> {
        Some(match self.dtype(term) {
            None => Number::Float,
            Some(Int64 | UInt64) => Number::Wide,
            Some(dtype) if is_int(dtype) => Number::Narrow,
            Some(Float32 | Float64 | Boolean | Date | Datetime) => Number::Float,
            Some(_) => return None,
        })
    }

    /// Whether a term is a constant whole number, which can be an integer without loss.
    pub fn is_whole(&self, term: &Term) -> bool {
        match self.constant(term) {
            Some(Scalar::Float(value)) => {
                value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0
            }
            Some(Scalar::Int(_)) => true,
            _ => false,
        }
    }

    /// Whether arithmetic on these terms is done in integers: all are, or those of 64 bits meet whole constants.
    pub fn is_integral(&self, terms: &[Term]) -> bool {
        let kinds = || terms.iter().map(|term| self.number(term));
        let wide = kinds().any(|kind| kind == Some(Number::Wide));
        terms.iter().zip(kinds()).all(|(term, kind)| match kind {
            Some(Number::Narrow | Number::Wide) => true,
            _ => wide && self.is_whole(term),
        })
    }

    pub fn arith(&mut self, op: Arith, a: Term, b: Term, at: usize) -> Result<Term, Fault> {
        if self.number(&a).is_none() || self.number(&b).is_none() {
            return Err(Fault::types(at));
        }
        let keeps_integers = matches!(op, Arith::Add | Arith::Subtract | Arith::Multiply);
        let integral = keeps_integers && self.is_integral(&[a.clone(), b.clone()]);
        let dtype = Some(if integral { Int64 } else { Float64 });
        let (a, b) = (self.convert(a, dtype), self.convert(b, dtype));
        Ok(self.binary(Op::Arith(op), dtype, a, b, |a, b| Step::Arith(op, a, b)))
    }

    pub fn negate(&mut self, term: Term, at: usize) -> Result<Term, Fault> {
        let dtype = match self.number(&term) {
            None => return Err(Fault::types(at)),
            Some(Number::Float) if self.dtype(&term) == Some(Boolean) => {
                return Err(Fault::types(at));
            }
            Some(Number::Float) => Some(Float64),
            Some(Number::Narrow | Number::Wide) => Some(Int64),
        };
        let term = self.convert(term, dtype);
        Ok(self.unary(Op::Negate, dtype, term, Step::Negate))
    }

    pub fn truth(&mut self, term: Term) -> Term {
        self.unary(Op::Truth, Some(Boolean), term, Step::Truth)
    }

    pub fn not(&mut self, term: Term) -> Term {
        let term = self.truth(term);
        self.unary(Op::Not, Some(Boolean), term, Step::Not)
    }

    pub fn is_null(&mut self, term: Term) -> Term {
        self.unary(Op::IsNull, Some(Boolean), term, Step::IsNull)
    }

    pub fn logic(&mut self, op: Logic, a: Term, b: Term) -> Term {
        let (a, b) = (self.truth(a), self.truth(b));
        let dtype = Some(match op {
            Logic::AndNumber | Logic::OrNumber => Float64,
            _ => Boolean,
        });
        self.binary(Op::Logic(op), dtype, a, b, |a, b| Step::Logic(op, a, b))
    }

    pub fn compare(&mut self, op: Compare, a: Term, b: Term, at: usize) -> Result<Term, Fault> {
        let (left, right) = (self.dtype(&a), self.dtype(&b));
        let Some((left_type, right_type)) = left.zip(right) else {
            // A null literal equals null, and has no place in an order.
            return Ok(match op {
                Compare::Equal | Compare::NotEqual => {
                    let other = if left.is_none() { b } else { a };
                    let is_null = self.is_null(other);
                    if op == Compare::Equal {
                        is_null
                    } else {
                        self.not(is_null)
                    }
                }
                _ => self.literal(Scalar::Null, Some(Boolean)),
            });
        };
        let both = |test: fn(DataType) -> bool| test(left_type) && test(right_type);
        let dtype = if left_type == right_type {
            left
        } else if both(|dtype| is_int(dtype) || is_float(dtype)) {
            let unsigned = |dtype, other: &Term| {
                dtype == UInt64
                    && self.is_whole(other)
                    && matches!(self.constant(other), Some(Scalar::Float(value)) if *value >= 0.0)
            };
            if unsigned(left_type, &b) || unsigned(right_type, &a) {
                Some(UInt64)
            } else if self.is_integral(&[a.clone(), b.clone()]) {
                Some(Int64)
            } else {
                Some(Float64)
            }
        } else {
            let (left, right) = (left_type.column_type(), right_type.column_type());
            let message = format!(
                "Type Error - cannot compare {left} and {right} with '{}'",
                op.symbol()
            );
            return Err(Fault::new(at, message));
        };
        let (a, b) = (self.convert(a, dtype), self.convert(b, dtype));
        Ok(self.binary(Op::Compare(op), Some(Boolean), a, b, |a, b| {
            Step::Compare(op, a, b)
        }))
    }

    /// The one type that all terms can be converted to.
    pub fn common_type(&self, terms: &[Term], at: usize) -> Result<Type, Fault> {
        let mut known = terms.iter().filter_map(|term| self.dtype(term));
        let Some(first) = known.next() else {
            return Ok(None);
        };
        if known.clone().all(|dtype| dtype == first) {
            return Ok(Some(first));
        }
        if known
            .clone()
            .chain([first])
            .all(|dtype| is_int(dtype) || is_float(dtype))
        {
            let typed: Vec<Term> = terms
                .iter()
                .filter(|term| self.dtype(term).is_some())
                .cloned()
                .collect();
            return Ok(Some(if self.is_integral(&typed) {
                Int64
            } else {
                Float64
            }));
        }
        Err(Fault::types(at))
    }

    pub fn select(
        &mut self,
        condition: Term,
        then: Term,
        otherwise: Term,
        at: usize,
    ) -> Result<Term, Fault> {
        let dtype = self.common_type(&[then.clone(), otherwise.clone()], at)?;
        let condition = self.truth(condition);
        let (then, otherwise) = (self.convert(then, dtype), self.convert(otherwise, dtype));
        Ok(self.operation(
            Op::Select,
            dtype,
            vec![condition, then, otherwise],
            |steps| {
                let [condition, then, otherwise] =
                    <[Step; 3]>::try_from(steps).expect("three operands make three steps");
                Step::If(
                    Box::new(condition),
                    Box::new(then),
                    Some(Box::new(otherwise)),
                )
            },
        ))
    }

    /// A call, whose arguments are converted to what the function takes.
    pub fn call(&mut self, function: Resolved, arguments: Vec<Term>) -> Term {
        let types = function.arguments.clone();
        let arguments: Vec<Term> = arguments
            .into_iter()
            .zip(types)
            .map(|(term, dtype)| self.convert(term, dtype))
            .collect();
        let function = Rc::new(function);
        let dtype = Some(function.dtype);
        self.operation(Op::Call(Rc::clone(&function)), dtype, arguments, |steps| {
            Step::Call(function, steps)
        })
    }

    pub fn lookup(&mut self, column: Rc<str>, dtype: Type, key: Term) -> Term {
        self.unary(Op::Lookup(Rc::clone(&column)), dtype, key, |step| {
            Step::Lookup(column, step)
        })
    }
}
