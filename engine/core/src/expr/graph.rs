//! The pure part of a program: typed operations in an order in which each comes after its operands.
//!
//! Equal operations on equal operands are one node, so a common subexpression is computed once; an operation on
//! constants is done when it is added.

use std::rc::Rc;

use crate::hash::HashMap;
use crate::schema::DataType;
use crate::value::Scalar;

use super::ast::{Arith, Compare, Logic};
use super::functions::Resolved;
use super::scalar;

/// The type of a node; `None` is the type of the literal `null`, which fits every other.
pub(super) type Type = Option<DataType>;

/// A node of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NodeId(pub u32);

/// What a node does with its operands.
#[derive(Debug, Clone)]
pub(super) enum Op {
    Const(Scalar),
    /// The input column at this position.
    Input(usize),
    /// The primary key of the row.
    Key,
    /// The current time, as a date or datetime by the node's type.
    Now,
    /// A random number; the number tells one `random()` from another.
    Random(u32),
    /// To the node's type: integers to float or `Int64`, booleans to 0 and 1, dates to milliseconds or datetimes.
    Convert,
    /// To a boolean without nulls: null is false, a number is true unless zero, anything else is true.
    Truth,
    Not,
    Negate,
    Arith(Arith),
    Compare(Compare),
    Logic(Logic),
    IsNull,
    /// The second operand where the first is true, else the third.
    Select,
    Call(Rc<Resolved>),
    /// The cell of a column in the row whose key is the operand.
    Lookup(Rc<str>),
}

/// What makes two nodes equal: the operation as text (operations have few forms and are compared only while
/// compiling), and the operands.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    op: String,
    dtype: Type,
    operands: Vec<NodeId>,
}

/// One operation.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub op: Op,
    pub dtype: Type,
    pub operands: Vec<NodeId>,
}

/// Nodes, operands before the nodes that use them.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    known: HashMap<Identity, NodeId>,
}

impl Graph {
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn dtype(&self, id: NodeId) -> Type {
        self.node(id).dtype
    }

    /// The value of a constant node.
    pub fn constant(&self, id: NodeId) -> Option<&Scalar> {
        match &self.node(id).op {
            Op::Const(value) => Some(value),
            _ => None,
        }
    }

    /// Adds an operation, or finds the equal one. Its result is computed now if its operands are constants.
    pub fn add(&mut self, op: Op, dtype: Type, operands: Vec<NodeId>) -> NodeId {
        let identity = Identity {
            op: describe(&op),
            dtype,
            operands: operands.clone(),
        };
        if let Some(&id) = self.known.get(&identity) {
            return id;
        }
        let node = Node {
            op,
            dtype,
            operands,
        };
        if let Some(value) = self.fold(&node) {
            let id = self.add(Op::Const(value), dtype, Vec::new());
            self.known.insert(identity, id);
            return id;
        }
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(node);
        self.known.insert(identity, id);
        id
    }

    /// A constant of a type.
    pub fn add_constant(&mut self, value: Scalar, dtype: Type) -> NodeId {
        self.add(Op::Const(value), dtype, Vec::new())
    }

    /// The value of an operation on constants.
    fn fold(&self, node: &Node) -> Option<Scalar> {
        let operands: Option<Vec<&Scalar>> =
            node.operands.iter().map(|&id| self.constant(id)).collect();
        scalar::fold(&node.op, node.dtype, &operands?)
    }
}

/// The operation without its operands, as text.
fn describe(op: &Op) -> String {
    match op {
        Op::Const(Scalar::Float(value)) => format!("{:x}", value.to_bits()),
        Op::Call(call) => format!("{}{:?}", call.name, call.variant),
        _ => format!("{op:?}"),
    }
}
