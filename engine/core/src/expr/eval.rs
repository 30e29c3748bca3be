//! Computes a graph column by column.
//!
//! Nodes are computed in order, each once, and dropped after their last use. Operations on one text column look at each
//! distinct text once where there are fewer of those than rows.

use std::borrow::Cow;
use std::rc::Rc;

use super::cells::CellCall;
use super::functions::{Body, Resolved};
use super::graph::{Graph, Node, NodeId, Op};
use super::kernels::{self, Operand};
use super::operators::{arith, bool_column, compare, convert, is_null, logic, negate, truth};
use super::texts::{Recode, TextBuilder, compact};
use super::{EvalContext, RowSelection, calendar};
use crate::column::{Bitmap, Column, Data, Text};
use crate::error::Result;
use crate::schema::{DataType, Storage};
use crate::value::{Scalar, Value};

/// The values of a node: one for all rows, or one for each.
#[derive(Debug, Clone)]
pub(super) enum Values<'a> {
    One(Scalar),
    Each(Cow<'a, Column>),
}

impl Values<'_> {
    /// The cell at a position of the selection.
    pub fn value(&self, i: usize) -> Value<'_> {
        match self {
            Self::One(value) => value.as_value(),
            Self::Each(column) => column.value(i),
        }
    }

    pub fn is_null_constant(&self) -> bool {
        matches!(self, Self::One(Scalar::Null))
    }

    pub fn validity(&self) -> Option<&Bitmap> {
        match self {
            Self::One(_) => None,
            Self::Each(column) => column.validity(),
        }
    }

    pub fn floats(&self) -> Operand<'_, f64> {
        match self {
            Self::Each(column) => Operand::Slice(
                column
                    .floats()
                    .expect("the checker converted the operand to float"),
            ),
            Self::One(value) => Operand::One(value.as_value().as_f64().unwrap_or_default()),
        }
    }

    pub fn ints(&self) -> Operand<'_, i64> {
        match self {
            Self::Each(column) => Operand::Slice(
                column
                    .ints()
                    .expect("the checker converted the operand to integer"),
            ),
            Self::One(value) => Operand::One(match value {
                Scalar::Int(value) | Scalar::Datetime(value) => *value,
                Scalar::Date(day) => (*day).into(),
                Scalar::UInt(value) => crate::column::flip_u64(*value),
                _ => 0,
            }),
        }
    }

    pub fn bools(&self) -> Operand<'_, bool> {
        match self {
            Self::Each(column) => Operand::Slice(
                column
                    .bools()
                    .expect("the checker made the operand a truth value"),
            ),
            Self::One(value) => Operand::One(matches!(value, Scalar::Bool(true))),
        }
    }
}

impl From<Column> for Values<'_> {
    fn from(column: Column) -> Self {
        Self::Each(Cow::Owned(column))
    }
}

/// One run of a graph over a selection of rows.
pub(super) struct Evaluation<'a> {
    graph: &'a Graph,
    inputs: &'a [&'a Column],
    pub rows: RowSelection<'a>,
    pub context: &'a EvalContext<'a>,
    values: Vec<Option<Values<'a>>>,
    /// Bytes of new text so far.
    text_bytes: usize,
}

impl<'a> Evaluation<'a> {
    pub fn new(
        graph: &'a Graph,
        inputs: &'a [&'a Column],
        rows: RowSelection<'a>,
        context: &'a EvalContext<'a>,
    ) -> Self {
        Self {
            graph,
            inputs,
            rows,
            context,
            values: vec![None; graph.len()],
            text_bytes: 0,
        }
    }

    /// The column of one node.
    pub fn column(&mut self, node: NodeId) -> Result<Column> {
        let dtype = self.graph.dtype(node).unwrap_or(DataType::Float64);
        let values = self.compute(&[node])?.remove(0);
        Ok(match values {
            Values::One(value) => repeated(&value, dtype, self.rows.len()),
            Values::Each(column) => {
                let mut column = column.into_owned();
                column.set_dtype(dtype);
                column
            }
        })
    }

    /// The values of some nodes.
    pub fn compute(&mut self, roots: &[NodeId]) -> Result<Vec<Values<'a>>> {
        let last_uses = self.last_uses(roots);
        for (at, &last_use) in last_uses.iter().enumerate() {
            if last_use == 0 {
                continue;
            }
            let node = self.graph.node(NodeId(at as u32));
            let values = self.node(NodeId(at as u32), node)?;
            self.values[at] = Some(values);
            for operand in &node.operands {
                if last_uses[operand.0 as usize] == at + 1 {
                    self.values[operand.0 as usize] = None;
                }
            }
        }
        Ok(roots
            .iter()
            .map(|root| self.operand(*root).clone())
            .collect())
    }

    /// For each node 0 if it is not needed, else one more than the place of the last node that uses it.
    fn last_uses(&self, roots: &[NodeId]) -> Vec<usize> {
        let mut last_uses = vec![0; self.graph.len()];
        for root in roots {
            last_uses[root.0 as usize] = usize::MAX;
        }
        for at in (0..last_uses.len()).rev() {
            if last_uses[at] == 0 {
                continue;
            }
            for operand in &self.graph.node(NodeId(at as u32)).operands {
                let last_use = &mut last_uses[operand.0 as usize];
                *last_use = (*last_use).max(at + 1);
            }
        }
        last_uses
    }

    fn operand(&self, node: NodeId) -> &Values<'a> {
        self.values[node.0 as usize]
            .as_ref()
            .expect("operands are computed before the nodes that use them")
    }

    fn node(&mut self, id: NodeId, node: &'a Node) -> Result<Values<'a>> {
        let n = self.rows.len();
        let operand = |i: usize| self.operand(node.operands[i]);
        Ok(match &node.op {
            Op::Const(value) => Values::One(value.clone()),
            Op::Input(position) => self.input(*position),
            Op::Key => {
                let dtype = node.dtype.unwrap_or(DataType::Int64);
                let mut column = Column::with_capacity(dtype, n);
                (0..n).for_each(|i| column.push((self.context.key)(self.rows.row(i)).as_value()));
                column.into()
            }
            Op::Now => {
                let ms = self.context.now_ms as i64;
                Values::One(if node.dtype == Some(DataType::Date) {
                    Scalar::Date(ms.div_euclid(calendar::DAY_MS) as i32)
                } else {
                    Scalar::Datetime(ms)
                })
            }
            Op::Random(number) => {
                let draw = |i| random(self.context.random_seed, self.rows.row(i), *number, 0);
                Column::from_parts(
                    DataType::Float64,
                    Data::Float((0..n).map(draw).collect()),
                    None,
                )
                .into()
            }
            Op::Convert => convert(
                operand(0),
                self.graph.dtype(node.operands[0]),
                node.dtype,
                n,
            ),
            Op::Truth => truth(operand(0)),
            Op::Not => bool_column(match operand(0).bools() {
                Operand::Slice(values) => kernels::unary(values, |value| !value),
                Operand::One(value) => vec![!value; n],
            }),
            Op::Negate => negate(operand(0)),
            Op::Arith(op) => arith(*op, operand(0), operand(1), n),
            Op::Compare(op) => compare(*op, operand(0), operand(1), n),
            Op::Logic(op) => logic(*op, operand(0), operand(1), n),
            Op::IsNull => is_null(operand(0)),
            Op::Select => return self.select(node),
            Op::Call(function) => return self.call(function, node),
            Op::Lookup(name) => {
                let mut column = Column::with_capacity(node.dtype.unwrap_or(DataType::Float64), n);
                for i in 0..n {
                    let key = operand(0).value(i);
                    let found = if key.is_null() {
                        Scalar::Null
                    } else {
                        (self.context.lookup)(name, key)
                    };
                    column.push(found.as_value());
                }
                column.into()
            }
        })
        .inspect(|_: &Values<'a>| debug_assert!(id.0 < u32::MAX))
    }

    fn input(&self, position: usize) -> Values<'a> {
        let column = self.inputs[position];
        match self.rows {
            RowSelection::All(n) if n == column.len() => Values::Each(Cow::Borrowed(column)),
            RowSelection::All(n) => {
                let rows: Vec<u32> = (0..n as u32).collect();
                compact(column.gather(&rows)).into()
            }
            RowSelection::List(rows) => compact(column.gather(rows)).into(),
        }
    }

    fn select(&mut self, node: &Node) -> Result<Values<'a>> {
        let n = self.rows.len();
        let [condition, then, otherwise] = [0, 1, 2].map(|i| self.operand(node.operands[i]));
        let condition = match condition.bools() {
            Operand::One(true) => return Ok(then.clone()),
            Operand::One(false) => return Ok(otherwise.clone()),
            Operand::Slice(condition) => condition,
        };
        let dtype = node.dtype.unwrap_or(DataType::Float64);
        let data = match dtype.storage() {
            Storage::Bool => {
                Data::Bool(kernels::select(condition, then.bools(), otherwise.bools()))
            }
            Storage::Int => Data::Int(kernels::select(condition, then.ints(), otherwise.ints())),
            Storage::Float => Data::Float(kernels::select(
                condition,
                then.floats(),
                otherwise.floats(),
            )),
            Storage::Text => {
                let mut builder = TextBuilder::new(n, self.text_budget());
                let mut sources = [Recode::new(then, n), Recode::new(otherwise, n)];
                for (i, &condition) in condition.iter().enumerate() {
                    sources[usize::from(!condition)].push(i, &mut builder)?;
                }
                let (text, bytes) = builder.finish();
                self.text_bytes += bytes;
                return Ok(Column::from_parts(dtype, Data::Text(text), None).into());
            }
        };
        let no_nulls =
            |values: &Values<'_>| values.validity().is_none() && !values.is_null_constant();
        if no_nulls(then) && no_nulls(otherwise) {
            return Ok(Column::from_parts(dtype, data, None).into());
        }
        let valid = |values: &Values<'_>, i: usize| match values {
            Values::One(value) => !value.is_null(),
            Values::Each(column) => !column.is_null(i),
        };
        let mut validity = Bitmap::filled(n, true);
        for (i, &condition) in condition.iter().enumerate() {
            if !valid(if condition { then } else { otherwise }, i) {
                validity.set(i, false);
            }
        }
        Ok(Column::from_parts(dtype, data, Some(validity)).into())
    }

    /// How many more bytes of text may be made.
    pub fn text_budget(&self) -> usize {
        self.context
            .limits
            .text_bytes
            .saturating_sub(self.text_bytes)
    }

    fn call(&mut self, function: &Resolved, node: &Node) -> Result<Values<'a>> {
        let n = self.rows.len();
        let operands: Vec<&Values<'a>> = node
            .operands
            .iter()
            .map(|&operand| self.operand(operand))
            .collect();
        if function.strict && operands.iter().any(|operand| operand.is_null_constant()) {
            return Ok(Values::One(Scalar::Null));
        }
        let column = match &function.body {
            Body::Float1(body) => {
                let values = match operands[0].floats() {
                    Operand::Slice(values) => kernels::unary(values, body),
                    Operand::One(value) => vec![body(value); n],
                };
                let (values, validity) =
                    kernels::finite_or_null(values, operands[0].validity().cloned());
                Column::from_parts(function.dtype, Data::Float(values), validity)
            }
            Body::Float2(body) => {
                let validity = kernels::both(operands[0].validity(), operands[1].validity());
                let values = kernels::binary(operands[0].floats(), operands[1].floats(), n, body);
                let (values, validity) = kernels::finite_or_null(values, validity);
                Column::from_parts(function.dtype, Data::Float(values), validity)
            }
            Body::Int1(body) => {
                let validity = operands[0].validity().cloned();
                let zero = Operand::One(0);
                let (values, validity) =
                    kernels::fallible(operands[0].ints(), zero, n, validity, |value, _| {
                        let result = body(value);
                        (result.unwrap_or_default(), result.is_some())
                    });
                Column::from_parts(function.dtype, Data::Int(values), validity)
            }
            Body::Cells(body) => {
                let (column, bytes) = CellCall {
                    function,
                    body,
                    operands: &operands,
                    n,
                    budget: self.text_budget(),
                }
                .run()?;
                self.text_bytes += bytes;
                column
            }
        };
        Ok(column.into())
    }
}

/// A column of `n` equal cells.
fn repeated(value: &Scalar, dtype: DataType, n: usize) -> Column {
    let data = match value {
        Scalar::Null => return Column::nulls(dtype, n),
        Scalar::Bool(value) => Data::Bool(vec![*value; n]),
        Scalar::Int(_) | Scalar::UInt(_) | Scalar::Date(_) | Scalar::Datetime(_) => {
            let Operand::One(held) = Values::One(value.clone()).ints() else {
                unreachable!("a constant is one value");
            };
            Data::Int(vec![held; n])
        }
        Scalar::Float(value) => Data::Float(vec![*value; n]),
        Scalar::Text(text) => {
            let mut dictionary = crate::column::Dictionary::default();
            let code = dictionary.intern(text);
            Data::Text(Text {
                codes: vec![code; n],
                dictionary: Rc::new(dictionary),
            })
        }
    };
    Column::from_parts(dtype, data, None)
}

/// A number in [0, 1) that depends on nothing but its arguments.
pub(super) fn random(seed: u64, row: u32, number: u32, draw: u64) -> f64 {
    // SplitMix64 over the mixed arguments.
    let mut z = seed
        ^ u64::from(row).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ u64::from(number).wrapping_mul(0xD1B5_4A32_D192_ED03)
        ^ draw.wrapping_mul(0x8CB9_2BA7_2F3D_8DD7);
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    (z >> 11) as f64 / (1_u64 << 53) as f64
}
