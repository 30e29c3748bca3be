//! Computes a graph column by column.
//!
//! Nodes are computed in order, each once, and dropped after their last use. Operations on one text column look at each
//! distinct text once where there are fewer of those than rows.

use std::borrow::Cow;
use std::rc::Rc;

use super::ast::{Arith, Compare, Logic};
use super::functions::{Body, Out, Resolved};
use super::graph::{Graph, Node, NodeId, Op, Type};
use super::kernels::{self, Operand};
use super::texts::{Recode, TextBuilder, compact};
use super::{EvalContext, RowSelection, calendar, scalar};
use crate::column::{Bitmap, Column, Data, NULL_CODE, Text, unflip_u64};
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

    fn is_null_constant(&self) -> bool {
        matches!(self, Self::One(Scalar::Null))
    }

    fn validity(&self) -> Option<&Bitmap> {
        match self {
            Self::One(_) => None,
            Self::Each(column) => column.validity(),
        }
    }

    fn floats(&self) -> Operand<'_, f64> {
        match self {
            Self::Each(column) => Operand::Slice(
                column
                    .floats()
                    .expect("the checker converted the operand to float"),
            ),
            Self::One(value) => Operand::One(value.as_value().as_f64().unwrap_or_default()),
        }
    }

    fn ints(&self) -> Operand<'_, i64> {
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

    fn bools(&self) -> Operand<'_, bool> {
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

/// A call of a function over cells for all rows.
struct CellCall<'c, 'a> {
    function: &'c Resolved,
    body: &'c dyn Fn(&[Value<'_>], &mut String) -> Out,
    operands: &'c [&'c Values<'a>],
    n: usize,
    budget: usize,
}

impl<'c> CellCall<'c, '_> {
    /// The result, and how many bytes of text it made.
    fn run(&self) -> Result<(Column, usize)> {
        let varying: Vec<usize> = (0..self.operands.len())
            .filter(|&i| matches!(self.operands[i], Values::Each(_)))
            .collect();
        if let [only] = varying[..]
            && let Values::Each(column) = self.operands[only]
            && let Some(text) = column.text()
            && text.dictionary.len() <= self.n
        {
            return self.per_text(only, text);
        }
        let mut results = Results::new(self.function, self.n, self.budget);
        let mut values: Vec<Value<'c>> = self.constants();
        for i in 0..self.n {
            for &at in &varying {
                values[at] = self.operands[at].value(i);
            }
            let out = self.once(&values, &mut results.buffer);
            results.push(out)?;
        }
        Ok(results.finish())
    }

    /// The constant operands in place, null for the others.
    fn constants(&self) -> Vec<Value<'c>> {
        let constant = |operand: &&'c Values<'_>| match operand {
            Values::One(value) => value.as_value(),
            Values::Each(_) => Value::Null,
        };
        self.operands.iter().map(constant).collect()
    }

    fn once(&self, values: &[Value<'_>], buffer: &mut String) -> Out {
        if self.function.strict && values.iter().any(|value| value.is_null()) {
            return Out::Null;
        }
        buffer.clear();
        (self.body)(values, buffer)
    }

    /// The same for a single text column with few distinct texts: one call for each text that occurs.
    fn per_text(&self, at: usize, text: &Text) -> Result<(Column, usize)> {
        const UNSEEN: u32 = u32::MAX;
        let mut place_of_code = vec![UNSEEN; text.dictionary.len()];
        let mut results = Results::new(self.function, text.dictionary.len(), self.budget);
        let mut values = self.constants();
        let mut places = Vec::with_capacity(self.n);
        let mut n_results = 0;
        for &code in &text.codes {
            let place = &mut place_of_code[code as usize];
            if *place == UNSEEN {
                values[at] = if code == NULL_CODE {
                    Value::Null
                } else {
                    Value::Text(text.dictionary.text(code))
                };
                let out = self.once(&values, &mut results.buffer);
                results.push(out)?;
                *place = n_results;
                n_results += 1;
            }
            places.push(*place);
        }
        let (column, bytes) = results.finish();
        Ok((column.gather(&places), bytes))
    }
}

/// Collects the results of calls into a column.
struct Results {
    name: &'static str,
    buffer: String,
    column: Column,
    /// Of text results, instead of `column`.
    text: Option<TextBuilder>,
}

impl Results {
    fn new(function: &Resolved, capacity: usize, budget: usize) -> Self {
        let is_text = function.dtype == DataType::String;
        Self {
            name: function.name,
            buffer: String::new(),
            column: Column::with_capacity(function.dtype, if is_text { 0 } else { capacity }),
            text: is_text.then(|| TextBuilder::new(capacity, budget)),
        }
    }

    fn push(&mut self, out: Out) -> Result<()> {
        let value = match out {
            Out::TooLong => return Err(scalar::too_long(self.name)),
            Out::Text => {
                return match &mut self.text {
                    Some(builder) => builder.push(&self.buffer),
                    None => Ok(()),
                };
            }
            Out::Null => Value::Null,
            Out::Bool(value) => Value::Bool(value),
            Out::Int(value) => Value::Int(value),
            Out::Float(value) => Value::Float(value),
            Out::Date(value) => Value::Date(value),
            Out::Datetime(value) => Value::Datetime(value),
        };
        match &mut self.text {
            Some(builder) => builder.push_null(),
            None => self.column.push(value),
        }
        Ok(())
    }

    fn finish(self) -> (Column, usize) {
        match self.text {
            Some(builder) => {
                let (text, bytes) = builder.finish();
                (
                    Column::from_parts(DataType::String, Data::Text(text), None),
                    bytes,
                )
            }
            None => (self.column, 0),
        }
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

fn bool_column<'a>(values: Vec<bool>) -> Values<'a> {
    Column::from_parts(DataType::Boolean, Data::Bool(values), None).into()
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

fn convert<'a>(values: &Values<'a>, from: Type, to: Type, n: usize) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(scalar::convert(value.as_value(), to)),
        Values::Each(column) => column,
    };
    let Some(to) = to else {
        return values.clone();
    };
    let validity = column.validity().cloned();
    let data = match (column.data(), to.storage()) {
        (Data::Bool(values), Storage::Float) => {
            Data::Float(kernels::unary(values, |value| f64::from(u8::from(value))))
        }
        (Data::Bool(values), Storage::Int) => Data::Int(kernels::unary(values, i64::from)),
        (Data::Int(values), Storage::Float) => {
            let mut floats = match from {
                Some(DataType::UInt64) => kernels::unary(values, |held| unflip_u64(held) as f64),
                Some(DataType::Date) => {
                    kernels::unary(values, |day| (day * calendar::DAY_MS) as f64)
                }
                _ => kernels::unary(values, |value| value as f64),
            };
            kernels::zero_nulls(&mut floats, validity.as_ref());
            Data::Float(floats)
        }
        (Data::Int(values), Storage::Int) => match from {
            Some(DataType::UInt64) => {
                let (values, validity) = kernels::fallible(
                    Operand::Slice(values),
                    Operand::One(0),
                    n,
                    validity,
                    |held, _| {
                        let value = i64::try_from(unflip_u64(held));
                        (value.unwrap_or_default(), value.is_ok())
                    },
                );
                return Column::from_parts(to, Data::Int(values), validity).into();
            }
            Some(DataType::Date) if matches!(to, DataType::Datetime | DataType::Int64) => {
                Data::Int(kernels::unary(values, |day| day * calendar::DAY_MS))
            }
            _ => Data::Int(values.clone()),
        },
        // Rare pairs go cell by cell.
        _ => {
            let mut result = Column::with_capacity(to, n);
            (0..n).for_each(|i| result.push(scalar::convert(column.value(i), Some(to)).as_value()));
            return result.into();
        }
    };
    Column::from_parts(to, data, validity).into()
}

fn truth<'a>(values: &Values<'a>) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(Scalar::Bool(scalar::truth(value.as_value()))),
        Values::Each(column) => column,
    };
    // Under a null lies a zero, which is false as well.
    let zero = if column.dtype() == DataType::UInt64 {
        crate::column::flip_u64(0)
    } else {
        0
    };
    bool_column(match column.data() {
        Data::Bool(_) if column.validity().is_none() => return values.clone(),
        Data::Bool(values) => values.clone(),
        Data::Int(values) if matches!(column.dtype(), DataType::Date | DataType::Datetime) => {
            let mut known = vec![true; values.len()];
            kernels::zero_nulls(&mut known, column.validity());
            known
        }
        Data::Int(values) => {
            let mut known = kernels::unary(values, |value| value != zero);
            kernels::zero_nulls(&mut known, column.validity());
            known
        }
        Data::Float(values) => kernels::unary(values, |value| value != 0.0),
        Data::Text(text) => kernels::unary(&text.codes, |code| code != NULL_CODE),
    })
}

fn is_null<'a>(values: &Values<'a>) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(Scalar::Bool(value.is_null())),
        Values::Each(column) => column,
    };
    bool_column(match column.text() {
        Some(text) => kernels::unary(&text.codes, |code| code == NULL_CODE),
        None => {
            let mut nulls = vec![false; column.len()];
            kernels::for_each_null(column.validity(), |i| nulls[i] = true);
            nulls
        }
    })
}

fn negate<'a>(values: &Values<'a>) -> Values<'a> {
    let column = match values {
        Values::One(value) => return Values::One(scalar::negate(value)),
        Values::Each(column) => column,
    };
    let validity = column.validity().cloned();
    match column.data() {
        Data::Float(values) => {
            let mut values = kernels::unary(values, |value| -value);
            kernels::zero_nulls(&mut values, validity.as_ref());
            Column::from_parts(DataType::Float64, Data::Float(values), validity).into()
        }
        Data::Int(values) => {
            let n = values.len();
            let (values, validity) = kernels::fallible(
                Operand::Slice(values),
                Operand::One(0),
                n,
                validity,
                |value, _| {
                    let (negated, overflow) = value.overflowing_neg();
                    (negated, !overflow)
                },
            );
            Column::from_parts(DataType::Int64, Data::Int(values), validity).into()
        }
        _ => Values::One(Scalar::Null),
    }
}

fn arith<'a>(op: Arith, a: &Values<'a>, b: &Values<'a>, n: usize) -> Values<'a> {
    if a.is_null_constant() || b.is_null_constant() {
        return Values::One(Scalar::Null);
    }
    let validity = kernels::both(a.validity(), b.validity());
    let is_int = |values: &Values<'_>| match values {
        Values::One(value) => matches!(value, Scalar::Int(_)),
        Values::Each(column) => column.ints().is_some(),
    };
    if is_int(a) && is_int(b) {
        let (a, b) = (a.ints(), b.ints());
        let checked = |(value, overflow): (i64, bool)| (value, !overflow);
        let (values, validity) = match op {
            Arith::Add => {
                kernels::fallible(a, b, n, validity, |a, b| checked(a.overflowing_add(b)))
            }
            Arith::Subtract => {
                kernels::fallible(a, b, n, validity, |a, b| checked(a.overflowing_sub(b)))
            }
            _ => kernels::fallible(a, b, n, validity, |a, b| checked(a.overflowing_mul(b))),
        };
        return Column::from_parts(DataType::Int64, Data::Int(values), validity).into();
    }
    let (a, b) = (a.floats(), b.floats());
    let nonzero_divisor = matches!(b, Operand::One(b) if b != 0.0);
    let mut values = match op {
        Arith::Add => kernels::binary(a, b, n, |a, b| a + b),
        Arith::Subtract => kernels::binary(a, b, n, |a, b| a - b),
        Arith::Multiply => kernels::binary(a, b, n, |a, b| a * b),
        Arith::Divide if nonzero_divisor => kernels::binary(a, b, n, |a, b| a / b),
        Arith::Power if matches!(b, Operand::One(2.0)) => kernels::binary(a, b, n, |a, _| a * a),
        Arith::Divide | Arith::Remainder | Arith::Power => {
            let (values, validity) = match op {
                Arith::Divide => kernels::fallible(a, b, n, validity, |a, b| (a / b, b != 0.0)),
                Arith::Remainder => kernels::fallible(a, b, n, validity, |a, b| (a % b, b != 0.0)),
                _ => kernels::fallible(a, b, n, validity, |a, b| {
                    let power = scalar::power(a, b);
                    (power, power.is_finite())
                }),
            };
            return Column::from_parts(DataType::Float64, Data::Float(values), validity).into();
        }
    };
    kernels::zero_nulls(&mut values, validity.as_ref());
    Column::from_parts(DataType::Float64, Data::Float(values), validity).into()
}

fn logic<'a>(op: Logic, a: &Values<'a>, b: &Values<'a>, n: usize) -> Values<'a> {
    let (a, b) = (a.bools(), b.bools());
    let results = match op {
        Logic::And | Logic::AndNumber => kernels::binary(a, b, n, |a, b| a & b),
        Logic::Or | Logic::OrNumber => kernels::binary(a, b, n, |a, b| a | b),
        Logic::Nand => kernels::binary(a, b, n, |a, b| !(a & b)),
        Logic::Nor => kernels::binary(a, b, n, |a, b| !(a | b)),
        Logic::Xor => kernels::binary(a, b, n, |a, b| a ^ b),
        Logic::Xnor => kernels::binary(a, b, n, |a, b| a == b),
    };
    match op {
        Logic::AndNumber | Logic::OrNumber => {
            let numbers = kernels::unary(&results, |result| f64::from(u8::from(result)));
            Column::from_parts(DataType::Float64, Data::Float(numbers), None).into()
        }
        _ => bool_column(results),
    }
}

fn compare<'a>(op: Compare, a: &Values<'a>, b: &Values<'a>, n: usize) -> Values<'a> {
    let column = match (a, b) {
        (Values::Each(column), _) | (_, Values::Each(column)) => column,
        (Values::One(a), Values::One(b)) => {
            return Values::One(Scalar::Bool(scalar::compare(
                op,
                a.as_value(),
                b.as_value(),
            )));
        }
    };
    if a.is_null_constant() || b.is_null_constant() {
        return bool_column(
            (0..n)
                .map(|i| scalar::compare(op, a.value(i), b.value(i)))
                .collect(),
        );
    }
    let mut results = match column.data() {
        Data::Bool(_) => kernels::compare(op, a.bools(), b.bools(), n),
        Data::Int(_) => kernels::compare(op, a.ints(), b.ints(), n),
        Data::Float(_) => kernels::compare(op, a.floats(), b.floats(), n),
        Data::Text(_) => return bool_column(compare_texts(op, a, b, n)),
    };
    kernels::settle_nulls(op, &mut results, a.validity(), b.validity());
    bool_column(results)
}

fn compare_texts(op: Compare, a: &Values<'_>, b: &Values<'_>, n: usize) -> Vec<bool> {
    let text = |values| match values {
        &Values::Each(ref column) => column.text(),
        Values::One(_) => None,
    };
    let equality = matches!(op, Compare::Equal | Compare::NotEqual);
    match (text(a), text(b)) {
        (Some(left), Some(right))
            if equality && Rc::ptr_eq(&left.dictionary, &right.dictionary) =>
        {
            kernels::compare(
                op,
                Operand::Slice(&left.codes),
                Operand::Slice(&right.codes),
                n,
            )
        }
        (Some(_), Some(_)) | (None, None) => (0..n)
            .map(|i| scalar::compare(op, a.value(i), b.value(i)))
            .collect(),
        (None, Some(_)) => compare_texts(op.flipped(), b, a, n),
        (Some(column), None) => {
            let constant = match b {
                Values::One(Scalar::Text(constant)) => &**constant,
                _ => "",
            };
            if equality {
                // A text that was never interned has a code that no row has.
                let code = column.dictionary.find(constant).unwrap_or(u32::MAX);
                return kernels::compare(op, Operand::Slice(&column.codes), Operand::One(code), n);
            }
            let holds = |code: u32| {
                code != NULL_CODE
                    && op.holds(
                        column
                            .dictionary
                            .text(code)
                            .as_bytes()
                            .cmp(constant.as_bytes()),
                    )
            };
            if column.dictionary.len() > n {
                return kernels::unary(&column.codes, holds);
            }
            let by_code: Vec<bool> = (0..column.dictionary.len() as u32).map(holds).collect();
            kernels::unary(&column.codes, |code| by_code[code as usize])
        }
    }
}
