//! Calls of functions over cells for whole columns: row by row, or once for each distinct text.

use super::eval::Values;
use super::functions::{Out, Resolved};
use super::scalar;
use super::texts::TextBuilder;
use crate::column::{Column, Data, NULL_CODE, Text};
use crate::error::Result;
use crate::schema::DataType;
use crate::value::Value;

/// A call of a function over cells for all rows.
pub(super) struct CellCall<'c, 'a> {
    pub function: &'c Resolved,
    pub body: &'c dyn Fn(&[Value<'_>], &mut String) -> Out,
    pub operands: &'c [&'c Values<'a>],
    pub n: usize,
    /// How many bytes of text it may make.
    pub budget: usize,
}

impl<'c> CellCall<'c, '_> {
    /// The result, and how many bytes of text it made.
    pub fn run(&self) -> Result<(Column, usize)> {
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
