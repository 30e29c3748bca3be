//! Building text columns: new dictionaries under a budget, and codes carried over from old ones.

use std::rc::Rc;

use super::eval::Values;
use crate::column::{Column, Data, Dictionary, NULL_CODE, Text};
use crate::error::Result;
use crate::value::Scalar;

/// Codes and the dictionary they need, bounded in bytes.
#[derive(Debug)]
pub(super) struct TextBuilder {
    codes: Vec<u32>,
    dictionary: Dictionary,
    bytes: usize,
    budget: usize,
}

impl TextBuilder {
    pub fn new(capacity: usize, budget: usize) -> Self {
        Self {
            codes: Vec::with_capacity(capacity),
            dictionary: Dictionary::default(),
            bytes: 0,
            budget,
        }
    }

    fn intern(&mut self, text: &str) -> Result<u32> {
        let before = self.dictionary.len();
        let code = self.dictionary.intern(text);
        if self.dictionary.len() > before {
            self.bytes += text.len();
            if self.bytes > self.budget {
                return Err(super::too_much_text());
            }
        }
        Ok(code)
    }

    pub fn push(&mut self, text: &str) -> Result<()> {
        let code = self.intern(text)?;
        self.codes.push(code);
        Ok(())
    }

    pub fn push_null(&mut self) {
        self.codes.push(NULL_CODE);
    }

    /// The text column, and how many bytes its texts have.
    pub fn finish(self) -> (Text, usize) {
        (
            Text {
                codes: self.codes,
                dictionary: Rc::new(self.dictionary),
            },
            self.bytes,
        )
    }
}

/// Copies cells of one source into a [`TextBuilder`], looking each distinct text up once where that pays.
#[derive(Debug)]
pub(super) struct Recode<'v, 'a> {
    values: &'v Values<'a>,
    /// New code by old code; `UNKNOWN` until it occurs. Empty when the source has more texts than there are rows.
    known: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl<'v, 'a> Recode<'v, 'a> {
    pub fn new(values: &'v Values<'a>, n: usize) -> Self {
        let known = match values {
            Values::Each(column) => match column.text() {
                Some(text) if text.dictionary.len() <= n => vec![UNKNOWN; text.dictionary.len()],
                _ => Vec::new(),
            },
            Values::One(_) => vec![UNKNOWN],
        };
        Self { values, known }
    }

    /// Appends the cell at `i`.
    pub fn push(&mut self, i: usize, builder: &mut TextBuilder) -> Result<()> {
        let (slot, text) = match self.values {
            Values::One(Scalar::Text(text)) => (0, &**text),
            Values::One(_) => {
                builder.push_null();
                return Ok(());
            }
            Values::Each(column) => match column.text() {
                Some(text) if text.codes[i] != NULL_CODE => {
                    (text.codes[i], text.dictionary.text(text.codes[i]))
                }
                _ => {
                    builder.push_null();
                    return Ok(());
                }
            },
        };
        let Some(known) = self.known.get_mut(slot as usize) else {
            return builder.push(text);
        };
        if *known == UNKNOWN {
            *known = builder.intern(text)?;
        }
        builder.codes.push(*known);
        Ok(())
    }
}

/// A few rows of a text column with a dictionary of their own, so that what is made from them does not carry the whole
/// dictionary along.
pub(super) fn compact(column: Column) -> Column {
    let Some(text) = column.text() else {
        return column;
    };
    if text.dictionary.len() / 4 <= text.codes.len() {
        return column;
    }
    let mut dictionary = Dictionary::default();
    let codes = text
        .codes
        .iter()
        .map(|&code| {
            if code == NULL_CODE {
                NULL_CODE
            } else {
                dictionary.intern(text.dictionary.text(code))
            }
        })
        .collect();
    let text = Text {
        codes,
        dictionary: Rc::new(dictionary),
    };
    Column::from_parts(column.dtype(), Data::Text(text), None)
}
