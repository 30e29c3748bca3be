//! The part of a program that runs row by row: a typed tree of statements over local variables.

use std::rc::Rc;

use crate::schema::DataType;
use crate::value::Scalar;

use super::ast::{Arith, Compare, Logic};
use super::functions::Resolved;
use super::graph::{NodeId, Type};

/// A script, with what it takes from the graph.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub body: Step,
    /// Nodes computed for all rows before the script runs; [`Step::Hoisted`] refers to them.
    pub hoisted: Vec<NodeId>,
    /// How many local variables there are.
    pub n_locals: usize,
    /// How many vectors there are.
    pub n_vectors: usize,
    /// The type of the result.
    pub dtype: DataType,
}

/// One expression or statement of a script. The checker has made all operands fit.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Const(Scalar),
    /// The value of a hoisted node in this row.
    Hoisted(usize),
    Local(usize),
    /// An element of a vector; null outside of it.
    Element(usize, Box<Step>),
    Convert(Type, Box<Step>),
    Truth(Box<Step>),
    Not(Box<Step>),
    Negate(Box<Step>),
    IsNull(Box<Step>),
    Arith(Arith, Box<Step>, Box<Step>),
    Compare(Compare, Box<Step>, Box<Step>),
    Logic(Logic, Box<Step>, Box<Step>),
    Call(Rc<Resolved>, Vec<Step>),
    Lookup(Rc<str>, Box<Step>),
    /// A random number that differs each time; the number tells one `random()` from another.
    Random(u32),
    If(Box<Step>, Box<Step>, Option<Box<Step>>),
    Block(Vec<Step>),
    Loop {
        start: Option<Box<Step>>,
        condition: Option<Box<Step>>,
        step: Option<Box<Step>>,
        body: Box<Step>,
        until: bool,
    },
    /// Every true case runs; the value is that of the last one.
    Cases(Vec<(Step, Step)>),
    Assign(usize, Box<Step>),
    AssignElement(usize, Box<Step>, Box<Step>),
    /// Sets a vector: size, the values of the first elements, whether the one value is for all, and whether elements
    /// without a value are 0 (else null).
    Vector(usize, usize, Vec<Step>, bool, bool),
    /// Fills elements 0 and 1 of a vector with where the group of a regular expression starts and ends.
    IndexOf(Box<Step>, Rc<regex::Regex>, usize),
    Break,
    Continue,
    Return(Box<Step>),
}
