//! CSV to columns: a header, then one record a line.
//!
//! Types are inferred over the whole text. The first records give a guess, and all records are parsed with it at once;
//! a column in which a later cell disproves the guess is classified by all of its cells and parsed again, alone.
//!
//! Cost: one pass where the guess holds, three where it does not.

mod cell;
mod cursor;

use cell::{Candidates, Cells};
use cursor::Cursor;

use super::{IngestOptions, Target};
use crate::column::ColumnBuilder;
use crate::error::{Error, Result};
use crate::hash::HashSet;

/// How many records the guess looks at.
const SAMPLE: usize = 128;

/// Loads a text. Without a `target` types are inferred; with one it tells the field of each column that is wanted.
///
/// # Errors
/// If records differ in length, quotes are malformed or a value does not fit its column.
pub fn load(
    text: &str,
    options: &IngestOptions,
    target: Option<Target<'_>>,
) -> Result<(usize, Vec<(String, ColumnBuilder)>)> {
    let mut cursor = Cursor::new(text);
    if cursor.rest().is_empty() {
        return Err(Error::input("Invalid: Empty CSV file"));
    }
    // A header needs its line end to be one: text on a single line is some other format by mistake.
    if !cursor.next_record() || (target.is_none() && !text.contains(['\n', '\r'])) {
        return Err(Error::input(
            "Invalid: CSV parse error: Empty CSV file or block: cannot infer number of columns",
        ));
    }
    let names = header(&mut cursor)?;
    let body = cursor;
    let mut columns: Vec<Cells> = match target {
        Some(target) => names
            .iter()
            .enumerate()
            .map(|(at, name)| match target(name) {
                Some(field) => Cells::declared(at, name, &field),
                None => Cells::skipped(at, name),
            })
            .collect(),
        None => {
            let all: Vec<usize> = (0..names.len()).collect();
            let candidates = classify(body.clone(), names.len(), &all, SAMPLE)?;
            names
                .iter()
                .zip(candidates)
                .enumerate()
                .map(|(at, (name, candidates))| Cells::inferred(at, name, candidates.narrowest()))
                .collect()
        }
    };
    let n_rows = parse(body.clone(), &mut columns, options)?;
    let wrong: Vec<usize> = (0..columns.len())
        .filter(|&at| columns[at].is_disproved())
        .collect();
    if !wrong.is_empty() {
        let candidates = classify(body.clone(), names.len(), &wrong, usize::MAX)?;
        let mut again: Vec<Cells> = (0..names.len())
            .map(|at| Cells::skipped(at, &names[at]))
            .collect();
        for (&at, candidates) in wrong.iter().zip(candidates) {
            again[at] = Cells::inferred(at, &names[at], candidates.narrowest());
        }
        parse(body, &mut again, options)?;
        for at in wrong {
            std::mem::swap(&mut columns[at], &mut again[at]);
        }
    }
    let columns = names
        .into_iter()
        .zip(columns)
        .filter_map(|(name, cells)| Some((name, cells.finish()?)))
        .collect();
    Ok((n_rows, columns))
}

/// Reads the names; one that comes again gets an asterisk.
fn header(cursor: &mut Cursor<'_>) -> Result<Vec<String>> {
    let mut seen = HashSet::default();
    let mut names = Vec::new();
    loop {
        let mut name = cursor.field()?.into_owned();
        while !seen.insert(name.clone()) {
            name.push('*');
        }
        names.push(name);
        if !cursor.comma() {
            return Ok(names);
        }
    }
}

/// Parses all records; tells how many there are.
fn parse(mut cursor: Cursor<'_>, columns: &mut [Cells], options: &IngestOptions) -> Result<usize> {
    let mut n_rows = 0;
    let n_columns = columns.len();
    while cursor.next_record() {
        let start = cursor.clone();
        let mut fields = 0;
        for cells in &mut *columns {
            cells.read(&mut cursor)?;
            fields += 1;
            if fields < n_columns && !cursor.comma() {
                return Err(ragged(&start, n_columns, fields));
            }
        }
        if !cursor.rest().is_empty() && cursor.comma() {
            let mut fields = n_columns + 1;
            cursor.field()?;
            while cursor.comma() {
                cursor.field()?;
                fields += 1;
            }
            return Err(ragged(&start, n_columns, fields));
        }
        n_rows += 1;
        if n_rows > options.max_rows {
            let what = format!("The input has more than {} rows", options.max_rows);
            return Err(Error::over(what, "input_rows"));
        }
    }
    Ok(n_rows)
}

fn ragged(start: &Cursor<'_>, expected: usize, found: usize) -> Error {
    let text: String = start.record_text().chars().take(100).collect();
    start.error(&format!("Expected {expected} columns, got {found}: {text}"))
}

/// What the columns at `wanted` can be, going by at most `most` records.
fn classify(
    mut cursor: Cursor<'_>,
    n_columns: usize,
    wanted: &[usize],
    most: usize,
) -> Result<Vec<Candidates>> {
    let mut candidates = vec![Candidates::default(); wanted.len()];
    for _ in 0..most {
        if !cursor.next_record() {
            break;
        }
        let mut next = 0;
        for at in 0..n_columns {
            let field = cursor.field()?;
            if wanted.get(next) == Some(&at) {
                candidates[next].see(&field);
                next += 1;
            }
            if !cursor.comma() {
                break;
            }
        }
        // A record of another length is an error that parsing reports.
        while cursor.comma() {
            cursor.field()?;
        }
    }
    Ok(candidates)
}
