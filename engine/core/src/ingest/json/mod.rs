//! JSON rows, JSON columns and NDJSON to columns, in one pass over the text without a tree.
//!
//! Objects become dotted names, and lists become rows, as [`ListFlatten`] says. Rows usually name their columns in the
//! same order, so the sink of a key is looked for where the last row had it before it is looked up.
//!
//! Cost: one pass, and another for each time that columns turn out to be text after all (each column at most once).

mod lexer;

use std::borrow::Cow;

use lexer::{Lexer, Token};

use super::sink::{Cell, Sink};
use super::{IngestOptions, ListFlatten, n_expanded, refuse_repeated_index};
use crate::column::{Bitmap, ColumnBuilder};
use crate::error::{Error, Result};
use crate::hash::{HashMap, HashSet};
use crate::schema::DataType;

/// The shape of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An array of objects.
    Rows,
    /// An object of arrays.
    Columns,
    /// Objects one after the other.
    Lines,
}

/// A loaded column: its name, its cells, and which of them were given.
pub type Loaded = (String, ColumnBuilder, Option<Bitmap>);

/// Tells the type of a column, or that it is not wanted.
pub type Target<'t> = &'t dyn Fn(&str) -> Option<DataType>;

/// Loads a text. Without a `target` types are inferred.
///
/// # Errors
/// If the text is malformed or a value does not fit its column.
pub fn load(
    text: &str,
    shape: Shape,
    options: &IngestOptions,
    target: Option<Target<'_>>,
) -> Result<(usize, Vec<Loaded>)> {
    let mut texts = HashSet::default();
    loop {
        let mut reader = Reader {
            lexer: Lexer::new(text),
            options,
            target,
            texts: &texts,
            sinks: Vec::new(),
            by_name: HashMap::default(),
            n_rows: 0,
            lists: Vec::new(),
        };
        match shape {
            Shape::Rows => reader.rows()?,
            Shape::Columns => reader.columns()?,
            Shape::Lines => reader.lines()?,
        }
        let again: Vec<String> = reader
            .sinks
            .iter()
            .filter(|sink| sink.must_be_text())
            .map(|sink| sink.name().to_owned())
            .collect();
        if again.is_empty() {
            let n_rows = reader.n_rows;
            let columns = reader.sinks.into_iter().filter_map(|sink| {
                let name = sink.name().to_owned();
                let (builder, given) = sink.finish(n_rows)?;
                Some((name, builder, given))
            });
            return Ok((n_rows, columns.collect()));
        }
        texts.extend(again);
    }
}

/// Reads the values of a JSON array, which must all be scalars, into one column of type `dtype`.
///
/// # Errors
/// If the text is malformed or a value does not fit.
pub fn values(
    text: &str,
    name: &str,
    dtype: DataType,
    options: &IngestOptions,
) -> Result<ColumnBuilder> {
    let mut lexer = Lexer::new(text);
    let mut sink = Sink::declared(name, dtype);
    let mut row = 0;
    lexer.expect(b'[')?;
    if !lexer.eat(b']') {
        loop {
            if row >= options.max_rows {
                return Err(too_many_rows(options));
            }
            let token = lexer.scalar()?;
            sink.push(row, cell(&token))?;
            row += 1;
            if !lexer.more(b']')? {
                break;
            }
        }
    }
    end(&mut lexer)?;
    let (builder, _) = sink.finish(row).ok_or_else(|| Error::input("no column"))?;
    Ok(builder)
}

fn too_many_rows(options: &IngestOptions) -> Error {
    let what = format!("The input has more than {} rows", options.max_rows);
    Error::over(what, "input_rows")
}

fn end(lexer: &mut Lexer<'_>) -> Result<()> {
    if lexer.at_end() {
        Ok(())
    } else {
        Err(lexer.unexpected("the end"))
    }
}

fn cell<'a>(token: &'a Token<'_>) -> Cell<'a> {
    match token {
        Token::Null => Cell::Null,
        Token::Bool(value) => Cell::Bool(*value),
        Token::Number(number) => Cell::Number(*number),
        Token::Text(text) => Cell::Text(text),
    }
}

/// A list of the row at hand, in the sink it belongs to.
struct List<'a> {
    sink: usize,
    items: Vec<Token<'a>>,
}

struct Reader<'a, 'o> {
    lexer: Lexer<'a>,
    options: &'o IngestOptions,
    target: Option<Target<'o>>,
    /// Columns that were found to be text.
    texts: &'o HashSet<String>,
    sinks: Vec<Sink>,
    by_name: HashMap<String, usize>,
    n_rows: usize,
    /// Lists of the row at hand.
    lists: Vec<List<'a>>,
}

const NO_COLUMNS: &str = "Cannot determine data types without column names!";

impl<'a> Reader<'a, '_> {
    /// The sink of a column, made at its first appearance. `hint` is where it probably is.
    #[inline]
    fn sink(&mut self, name: &str, hint: usize) -> usize {
        match self.sinks.get(hint) {
            Some(sink) if sink.name() == name => hint,
            _ => self.find_sink(name),
        }
    }

    fn find_sink(&mut self, name: &str) -> usize {
        if let Some(&at) = self.by_name.get(name) {
            return at;
        }
        let sink = match self.target {
            Some(target) => match target(name) {
                Some(dtype) => Sink::declared(name, dtype),
                None => Sink::ignored(name),
            },
            None if self.texts.contains(name) => Sink::text(name),
            None => Sink::inferring(name),
        };
        self.sinks.push(sink);
        self.by_name.insert(name.to_owned(), self.sinks.len() - 1);
        self.sinks.len() - 1
    }

    fn rows(&mut self) -> Result<()> {
        if self.lexer.at_end() {
            return Ok(());
        }
        if self.lexer.peek() != b'[' {
            return Err(match self.lexer.peek() {
                b'{' => Error::input(format!(
                    "{NO_COLUMNS} (expected an array of rows, found an object)"
                )),
                _ => self.lexer.unexpected("an array of rows"),
            });
        }
        self.lexer.expect(b'[')?;
        if !self.lexer.eat(b']') {
            loop {
                if self.lexer.peek() != b'{' {
                    // Say first whether it is JSON at all.
                    self.lexer.skip(self.options.max_depth)?;
                    return Err(Error::input(format!(
                        "{NO_COLUMNS} (row {} is not an object)",
                        self.n_rows
                    )));
                }
                self.row()?;
                if !self.lexer.more(b']')? {
                    break;
                }
            }
        }
        end(&mut self.lexer)
    }

    fn lines(&mut self) -> Result<()> {
        while !self.lexer.at_end() {
            if self.lexer.peek() != b'{' {
                return Err(self.lexer.unexpected("an object"));
            }
            self.row()?;
        }
        Ok(())
    }

    /// Reads one object into one row, or as many as its lists make.
    fn row(&mut self) -> Result<()> {
        let row = self.n_rows;
        self.object("", 0, self.options.max_depth)?;
        self.finish_row(row)
    }

    fn finish_row(&mut self, row: usize) -> Result<()> {
        let mut count = 1;
        if !self.lists.is_empty() {
            count = self.expand(row)?;
        }
        self.n_rows += count;
        if self.n_rows > self.options.max_rows {
            return Err(too_many_rows(self.options));
        }
        Ok(())
    }

    /// Reads an object into `n_rows`. `prefix` is its dotted name and a point, or nothing.
    fn object(&mut self, prefix: &str, lists: usize, depth: usize) -> Result<()> {
        let depth = self.lexer.deeper(depth)?;
        self.lexer.expect(b'{')?;
        if self.lexer.eat(b'}') {
            return Ok(());
        }
        let mut hint = 0;
        loop {
            let key = self.lexer.string()?;
            self.lexer.expect(b':')?;
            let name: Cow<'_, str> = if prefix.is_empty() {
                key
            } else {
                Cow::Owned(format!("{prefix}{key}"))
            };
            hint = self.value(&name, hint, lists, depth)? + 1;
            if !self.lexer.more(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads a value of the column called `name`; tells where its sink is. Within `lists` lists the value joins those
    /// of its column.
    #[inline]
    fn value(&mut self, name: &str, hint: usize, lists: usize, depth: usize) -> Result<usize> {
        match self.lexer.peek() {
            b'{' => {
                self.object(&format!("{name}."), lists, depth)?;
                Ok(hint)
            }
            b'[' => {
                if self.options.list_flatten == ListFlatten::Stringify {
                    let text = self.list_text(depth)?;
                    let at = self.sink(name, hint);
                    self.sinks[at].push(self.n_rows, Cell::Text(&text))?;
                    return Ok(at);
                }
                self.list(name, lists, depth)?;
                Ok(hint)
            }
            _ => {
                let token = self.lexer.scalar()?;
                let at = self.sink(name, hint);
                if lists == 0 {
                    self.sinks[at].push(self.n_rows, cell(&token))?;
                } else {
                    self.list_of(at).items.push(token);
                }
                Ok(at)
            }
        }
    }

    fn list_of(&mut self, sink: usize) -> &mut List<'a> {
        let at = self.lists.iter().position(|list| list.sink == sink);
        let at = at.unwrap_or_else(|| {
            self.lists.push(List {
                sink,
                items: Vec::new(),
            });
            self.lists.len() - 1
        });
        &mut self.lists[at]
    }

    fn list(&mut self, name: &str, lists: usize, depth: usize) -> Result<()> {
        let depth = self.lexer.deeper(depth)?;
        self.lexer.expect(b'[')?;
        if self.lexer.eat(b']') {
            // Nothing to infer a type from, but an update says null with it.
            if self.target.is_some() && lists == 0 {
                let at = self.find_sink(name);
                self.sinks[at].push(self.n_rows, Cell::Null)?;
            }
            return Ok(());
        }
        let below = format!("{name}.");
        let mut n_items = 0;
        loop {
            let is_object = self.lexer.peek() == b'{';
            let before: Vec<usize> = self.lists.iter().map(|list| list.items.len()).collect();
            self.value(name, usize::MAX, lists + 1, depth)?;
            if is_object {
                // Objects of one list keep step: one that lacks a field has a null there.
                let sinks = &self.sinks;
                for (at, list) in self.lists.iter_mut().enumerate() {
                    if !sinks[list.sink].name().starts_with(&below) {
                        continue;
                    }
                    match before.get(at) {
                        None => drop(list.items.splice(0..0, vec![Token::Null; n_items])),
                        Some(&len) if len == list.items.len() => list.items.push(Token::Null),
                        Some(_) => {}
                    }
                }
            }
            n_items += 1;
            if !self.lexer.more(b']')? {
                return Ok(());
            }
        }
    }

    /// A list as JSON without blanks.
    fn list_text(&mut self, depth: usize) -> Result<String> {
        let start = self.lexer.at();
        self.lexer.skip(depth)?;
        let text = self.lexer.between(start, self.lexer.at());
        let mut in_string = false;
        let mut escaped = false;
        Ok(text
            .chars()
            .filter(|&c| {
                let keep = in_string || !matches!(c, ' ' | '\n' | '\r' | '\t');
                if c == '"' && !escaped {
                    in_string = !in_string;
                }
                escaped = in_string && c == '\\' && !escaped;
                keep
            })
            .collect())
    }

    /// Turns the row at `row`, whose lists have been read, into as many as they make.
    fn expand(&mut self, row: usize) -> Result<usize> {
        let mut lists = std::mem::take(&mut self.lists);
        // A column that is ignored must not make rows.
        lists.retain(|list| !self.sinks[list.sink].is_ignored());
        let names = lists.iter().map(|list| self.sinks[list.sink].name());
        refuse_repeated_index(names, self.options)?;
        let named = lists
            .iter()
            .map(|list| (self.sinks[list.sink].name(), list.items.len()));
        let mode = self.options.list_flatten;
        let count = n_expanded(named, mode).map_err(|differ| {
            Error::input(format!(
                "Cannot zip {differ} of differing length; use the `cartesian` list flatten mode. (row {row})"
            ))
        })?;
        if count > self.options.max_rows - row.min(self.options.max_rows) {
            return Err(too_many_rows(self.options));
        }
        for (at, sink) in self.sinks.iter_mut().enumerate() {
            if sink.has_row(row) && !lists.iter().any(|list| list.sink == at) {
                sink.repeat_last(count - 1);
            }
        }
        let mut below = count;
        for list in &lists {
            let n_items = list.items.len().max(1);
            below = if mode == ListFlatten::Cartesian {
                below / n_items
            } else {
                1
            };
            for at in 0..count {
                if let Some(token) = list.items.get(at / below % n_items) {
                    self.sinks[list.sink].push(row + at, cell(token))?;
                }
            }
        }
        Ok(count)
    }

    fn columns(&mut self) -> Result<()> {
        if self.lexer.at_end() {
            return Ok(());
        }
        if self.lexer.peek() != b'{' {
            return Err(self.lexer.unexpected("an object of columns"));
        }
        let start = self.lexer.clone();
        self.lexer.expect(b'{')?;
        let mut n_columns = 0;
        if !self.lexer.eat(b'}') {
            loop {
                let name = self.lexer.string()?;
                self.lexer.expect(b':')?;
                if self.lexer.peek() != b'[' {
                    self.lexer.skip(self.options.max_depth)?;
                    return Err(Error::input(format!(
                        "Malformed column `{name}`: it is not an array"
                    )));
                }
                if !self.flat_column(&name)? {
                    self.lexer = start;
                    self.sinks.clear();
                    self.by_name.clear();
                    self.n_rows = 0;
                    return self.nested_columns();
                }
                n_columns += 1;
                if !self.lexer.more(b'}')? {
                    break;
                }
            }
        }
        end(&mut self.lexer)?;
        if self.target.is_none() && n_columns > 0 && self.n_rows == 0 {
            return Err(Error::input("Can't create table from empty columns"));
        }
        Ok(())
    }

    /// Reads an array of scalars; false if there is something else in it.
    fn flat_column(&mut self, name: &str) -> Result<bool> {
        let at = self.find_sink(name);
        self.lexer.expect(b'[')?;
        if self.lexer.eat(b']') {
            return Ok(true);
        }
        let mut row = 0;
        // A name that comes twice: the later column wins.
        if self.sinks[at].has_row(0) {
            return Err(self.lexer.error(&format!("column `{name}` is there twice")));
        }
        loop {
            if matches!(self.lexer.peek(), b'{' | b'[') {
                return Ok(false);
            }
            let token = self.lexer.scalar()?;
            self.sinks[at].push(row, cell(&token))?;
            row += 1;
            if row > self.options.max_rows {
                return Err(too_many_rows(self.options));
            }
            if !self.lexer.more(b']')? {
                break;
            }
        }
        self.n_rows = self.n_rows.max(row);
        Ok(true)
    }

    /// Reads columns with nested values: notes where every value is, then goes row by row.
    fn nested_columns(&mut self) -> Result<()> {
        let mut columns: Vec<(Cow<'a, str>, Vec<usize>)> = Vec::new();
        self.lexer.expect(b'{')?;
        loop {
            let name = self.lexer.string()?;
            self.lexer.expect(b':')?;
            if self.lexer.peek() != b'[' {
                self.lexer.skip(self.options.max_depth)?;
                return Err(Error::input(format!(
                    "Malformed column `{name}`: it is not an array"
                )));
            }
            self.lexer.expect(b'[')?;
            let mut places = Vec::new();
            if !self.lexer.eat(b']') {
                loop {
                    self.lexer.peek();
                    places.push(self.lexer.at());
                    self.lexer.skip(self.options.max_depth)?;
                    if !self.lexer.more(b']')? {
                        break;
                    }
                }
            }
            columns.push((name, places));
            if !self.lexer.more(b'}')? {
                break;
            }
        }
        end(&mut self.lexer)?;
        let longest = columns.iter().map(|(_, places)| places.len()).max();
        for i in 0..longest.unwrap_or(0) {
            let row = self.n_rows;
            for (at, (name, places)) in columns.iter().enumerate() {
                if let Some(&place) = places.get(i) {
                    self.lexer.seek(place);
                    self.value(name, at, 0, self.options.max_depth)?;
                }
            }
            self.finish_row(row)?;
        }
        Ok(())
    }
}
