//! Interprets a script row by row, under a budget of steps.
//!
//! Each step costs one unit of the budget, and further units for long texts and vectors, so the budget bounds the time
//! that any program can take. When it is used up the evaluation fails as a whole.

use super::ast::Logic;
use super::eval::{self, Evaluation, Values};
use super::functions;
use super::scalar;
use super::script::{Script, Step};
use crate::column::Column;
use crate::error::{Error, Result};
use crate::value::{Scalar, Value};

/// Bytes of text that cost as much as one step.
const BYTES_PER_STEP: u64 = 64;

/// Why a step does not end with a value.
enum Halt {
    Break,
    Continue,
    Return(Scalar),
    Fail(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Fail(error)
    }
}

type Stepped = Result<Scalar, Halt>;

/// Runs a script for all selected rows.
pub(super) fn run(script: &Script, mut evaluation: Evaluation<'_>) -> Result<Column> {
    let hoisted = evaluation.compute(&script.hoisted)?;
    let n = evaluation.rows.len();
    let limits = &evaluation.context.limits;
    let mut machine = Machine {
        hoisted: &hoisted,
        locals: vec![Scalar::Null; script.n_locals],
        vectors: vec![Vec::new(); script.n_vectors],
        budget: limits
            .steps
            .saturating_add(limits.steps_per_row.saturating_mul(n as u64)),
        buffer: String::new(),
        evaluation: &evaluation,
        row: 0,
        draws: 0,
    };
    let mut column = Column::with_capacity(script.dtype, n);
    let mut text_budget = evaluation.text_budget();
    for row in 0..n {
        machine.row = row;
        machine.locals.fill(Scalar::Null);
        machine.draws = 0;
        let value = match machine.step(&script.body) {
            Ok(value) | Err(Halt::Return(value)) => value,
            Err(Halt::Fail(error)) => return Err(error),
            Err(Halt::Break | Halt::Continue) => Scalar::Null,
        };
        if let Scalar::Text(text) = &value {
            text_budget = text_budget
                .checked_sub(text.len())
                .ok_or_else(super::too_much_text)?;
        }
        column.push(value.as_value());
    }
    Ok(column)
}

struct Machine<'m, 'a> {
    hoisted: &'m [Values<'a>],
    locals: Vec<Scalar>,
    vectors: Vec<Vec<Scalar>>,
    budget: u64,
    buffer: String,
    evaluation: &'m Evaluation<'a>,
    /// The position in the selection.
    row: usize,
    /// How many random numbers this row has drawn.
    draws: u64,
}

impl Machine<'_, '_> {
    fn spend(&mut self, units: u64) -> Result<(), Halt> {
        match self.budget.checked_sub(units) {
            Some(left) => {
                self.budget = left;
                Ok(())
            }
            None => Err(Halt::Fail(Error::over(
                "expression: its loops take too many steps",
                "expression_steps",
            ))),
        }
    }

    fn spend_text(&mut self, value: &Scalar) -> Result<(), Halt> {
        match value {
            Scalar::Text(text) => self.spend(text.len() as u64 / BYTES_PER_STEP),
            _ => Ok(()),
        }
    }

    fn truth(&mut self, step: &Step) -> Result<bool, Halt> {
        Ok(scalar::truth(self.step(step)?.as_value()))
    }

    /// The element that a position denotes, if the vector has it.
    fn element(&mut self, vector: usize, position: &Step) -> Result<Option<&mut Scalar>, Halt> {
        let position = match self.step(position)? {
            Scalar::Float(position) if position > -1.0 => position as usize,
            _ => usize::MAX,
        };
        Ok(self.vectors[vector].get_mut(position))
    }

    fn step(&mut self, step: &Step) -> Stepped {
        self.spend(1)?;
        Ok(match step {
            Step::Const(value) => value.clone(),
            Step::Hoisted(at) => {
                let value = self.hoisted[*at].value(self.row).to_scalar();
                self.spend_text(&value)?;
                value
            }
            Step::Local(local) => self.locals[*local].clone(),
            Step::Element(vector, position) => self
                .element(*vector, position)?
                .map_or(Scalar::Null, |element| element.clone()),
            Step::Convert(to, inner) => scalar::convert(self.step(inner)?.as_value(), *to),
            Step::Truth(inner) => Scalar::Bool(self.truth(inner)?),
            Step::Not(inner) => Scalar::Bool(!self.truth(inner)?),
            Step::Negate(inner) => scalar::negate(&self.step(inner)?),
            Step::IsNull(inner) => Scalar::Bool(self.step(inner)?.is_null()),
            Step::Arith(op, a, b) => scalar::arith(*op, &self.step(a)?, &self.step(b)?),
            Step::Compare(op, a, b) => {
                let (a, b) = (self.step(a)?, self.step(b)?);
                self.spend_text(&a)?;
                Scalar::Bool(scalar::compare(*op, a.as_value(), b.as_value()))
            }
            Step::Logic(op, a, b) => self.logic(*op, a, b)?,
            Step::Call(function, arguments) => self.call(function, arguments)?,
            Step::Lookup(column, key) => {
                let key = self.step(key)?;
                if key.is_null() {
                    Scalar::Null
                } else {
                    (self.evaluation.context.lookup)(column, key.as_value())
                }
            }
            Step::Random(number) => {
                self.draws += 1;
                let (context, row) = (self.evaluation.context, self.evaluation.rows.row(self.row));
                Scalar::Float(eval::random(context.random_seed, row, *number, self.draws))
            }
            Step::If(condition, then, otherwise) => {
                if self.truth(condition)? {
                    self.step(then)?
                } else if let Some(otherwise) = otherwise {
                    self.step(otherwise)?
                } else {
                    Scalar::Null
                }
            }
            Step::Block(steps) => {
                let mut last = Scalar::Null;
                for step in steps {
                    last = self.step(step)?;
                }
                last
            }
            Step::Loop {
                start,
                condition,
                step,
                body,
                until,
            } => {
                if let Some(start) = start {
                    self.step(start)?;
                }
                self.iterate(condition.as_deref(), step.as_deref(), body, *until)?
            }
            Step::Cases(cases) => {
                let mut last = Scalar::Null;
                for (condition, value) in cases {
                    if self.truth(condition)? {
                        last = self.step(value)?;
                    }
                }
                last
            }
            Step::Assign(local, value) => {
                let value = self.step(value)?;
                self.locals[*local] = value.clone();
                value
            }
            Step::AssignElement(vector, position, value) => {
                let value = self.step(value)?;
                if let Some(element) = self.element(*vector, position)? {
                    *element = value.clone();
                }
                value
            }
            Step::Vector(vector, size, values, fill, numeric) => {
                let rest = if *numeric {
                    Scalar::Float(0.0)
                } else {
                    Scalar::Null
                };
                self.vector(*vector, *size, values, *fill, rest)?
            }
            Step::IndexOf(text, pattern, vector) => {
                let text = self.step(text)?;
                self.spend_text(&text)?;
                let Scalar::Text(text) = text else {
                    return Ok(Scalar::Null);
                };
                let span = functions::group_span(pattern, &text);
                if let Some((start, end)) = span {
                    let ends = [start, end];
                    self.vectors[*vector]
                        .iter_mut()
                        .zip(ends)
                        .for_each(|(element, end)| *element = Scalar::Float(end));
                }
                Scalar::Bool(span.is_some())
            }
            Step::Break => return Err(Halt::Break),
            Step::Continue => return Err(Halt::Continue),
            Step::Return(value) => return Err(Halt::Return(self.step(value)?)),
        })
    }

    fn logic(&mut self, op: Logic, a: &Step, b: &Step) -> Stepped {
        let a = self.truth(a)?;
        let result = match op.decided_by(a) {
            // The other side cannot change the result, so what it would do is not done.
            Some(result) => result,
            None => op.apply(a, self.truth(b)?),
        };
        Ok(scalar::logic(op, result))
    }

    fn call(&mut self, function: &functions::Resolved, arguments: &[Step]) -> Stepped {
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let value = self.step(argument)?;
            self.spend_text(&value)?;
            values.push(value);
        }
        let cells: Vec<Value<'_>> = values.iter().map(Scalar::as_value).collect();
        let result = scalar::call(function, &cells, &mut self.buffer)?;
        self.spend_text(&result)?;
        Ok(result)
    }

    fn vector(
        &mut self,
        vector: usize,
        size: usize,
        values: &[Step],
        fill: bool,
        rest: Scalar,
    ) -> Stepped {
        self.spend(size as u64 / 8)?;
        let mut elements = Vec::with_capacity(size);
        for value in values {
            elements.push(self.step(value)?);
        }
        let rest = match elements.first() {
            Some(first) if fill => first.clone(),
            _ => rest,
        };
        self.spend_text(&rest)?;
        elements.resize(size, rest);
        let first = elements[0].clone();
        self.vectors[vector] = elements;
        Ok(first)
    }

    fn iterate(
        &mut self,
        condition: Option<&Step>,
        step: Option<&Step>,
        body: &Step,
        until: bool,
    ) -> Stepped {
        let mut last = Scalar::Null;
        loop {
            self.spend(1)?;
            if !until
                && let Some(condition) = condition
                && !self.truth(condition)?
            {
                return Ok(last);
            }
            match self.step(body) {
                Ok(value) => last = value,
                Err(Halt::Break) => return Ok(last),
                Err(Halt::Continue) => {}
                Err(halt) => return Err(halt),
            }
            if let Some(step) = step {
                self.step(step)?;
            }
            if until
                && let Some(condition) = condition
                && self.truth(condition)?
            {
                return Ok(last);
            }
        }
    }
}
