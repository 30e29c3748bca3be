//! Lists, structs and maps made flat: structs become dotted names, lists become rows.
//!
//! A batch with lists takes this slower way: its values are decoded column by column into a tree, and rows are
//! repeated by gathering.

use super::Dictionaries;
use super::array::Array;
use super::decode;
use super::types::ArrowType;
use crate::column::{Bitmap, Column, ColumnBuilder, NULL_CODE, Values};
use crate::error::{Error, Result};
use crate::ingest::{IngestOptions, ListFlatten, n_expanded, refuse_repeated_index, type_name};
use crate::output::json;
use crate::schema::DataType;

/// No row: a null is put there.
const NONE: u32 = u32::MAX;

/// Decoded values of one field.
pub enum Nested {
    /// Plain values.
    Leaf(Column),
    /// Named values; a null struct has null fields, or shows as null where it is printed.
    Struct(Vec<(String, Nested)>, Option<Bitmap>),
    /// For each row the range of the child's rows; an empty one for null, which `1` tells apart for printing.
    List(Vec<(u32, u32)>, Option<Bitmap>, Box<Nested>),
}

/// Decodes `array` for a column called `name`. `target` gives the type of each column by its dotted name, `None` if
/// nobody wants it. If lists are to be `printed`, each is one column of JSON text.
///
/// # Errors
/// If values do not fit or the array is malformed.
pub fn decode(
    name: &str,
    array: &Array<'_, '_>,
    mask: Option<&Bitmap>,
    dictionaries: &Dictionaries<'_, '_>,
    target: &dyn Fn(&str) -> Option<DataType>,
    printed: bool,
) -> Result<Option<Nested>> {
    if array.field.encoding.is_some() || array.field.kind.natural().is_some() {
        let Some(dtype) = target(name) else {
            return Ok(None);
        };
        let mut builder = ColumnBuilder::new(dtype, array.len);
        dictionaries.append(&mut builder, name, array, mask, &mut None)?;
        return Ok(Some(Nested::Leaf(builder.finish())));
    }
    let (ranges, validity, child) = match structure(name, array, mask)? {
        Structure::Struct(validity) => {
            let mut children = Vec::new();
            for child in &array.children {
                let name = format!("{name}.{}", child.field.name);
                let nested = decode(
                    &name,
                    child,
                    validity.as_ref(),
                    dictionaries,
                    target,
                    printed,
                )?;
                children.extend(nested.map(|nested| (child.field.name.to_owned(), nested)));
            }
            return Ok(Some(Nested::Struct(children, validity)));
        }
        Structure::List(ranges, validity, child) => (ranges, validity, child),
    };
    if !printed {
        let child = decode(name, child, None, dictionaries, target, false)?;
        return Ok(child.map(|child| Nested::List(ranges, validity, Box::new(child))));
    }
    let Some(dtype) = target(name) else {
        return Ok(None);
    };
    if dtype != DataType::String {
        return Err(Error::input(format!(
            "Could not fill column `{name}` with t_dtype: `{}`, array type: `{}`",
            type_name(dtype),
            array.field.kind
        )));
    }
    Ok(natural(child, None, dictionaries)?
        .map(|child| print(&Nested::List(ranges, validity, Box::new(child)))))
}

/// What is known of a nested array before its children are decoded.
enum Structure<'r, 'a, 'f> {
    /// Which structs are not null.
    Struct(Option<Bitmap>),
    /// The ranges of the child's rows, which lists are not null, and the child.
    List(Vec<(u32, u32)>, Option<Bitmap>, &'r Array<'a, 'f>),
}

fn structure<'r, 'a, 'f>(
    name: &str,
    array: &'r Array<'a, 'f>,
    mask: Option<&Bitmap>,
) -> Result<Structure<'r, 'a, 'f>> {
    let validity = decode::intersect(array.validity()?, mask);
    let mut ranges = match array.field.kind {
        ArrowType::Struct => return Ok(Structure::Struct(validity)),
        ArrowType::List | ArrowType::Map => pairs(&array.lists(false)?),
        ArrowType::LargeList => pairs(&array.lists(true)?),
        ArrowType::FixedSizeList(n) => {
            let offsets: Vec<usize> = (0..=array.len).map(|i| i.saturating_mul(n)).collect();
            let child = array.children.first().map_or(0, |child| child.len);
            if offsets.last().is_some_and(|&end| end > child) {
                return Err(Error::input(format!(
                    "Invalid Arrow data: column `{name}`: lists reach beyond their values"
                )));
            }
            pairs(&offsets)
        }
        _ => return Err(decode::unsupported(name, &array.field.kind)),
    };
    if let Some(validity) = &validity {
        for (i, range) in ranges.iter_mut().enumerate() {
            if !validity.get(i) {
                *range = (0, 0);
            }
        }
    }
    let child = array
        .children
        .first()
        .ok_or_else(|| decode::unsupported(name, &array.field.kind))?;
    Ok(Structure::List(ranges, validity, child))
}

/// Offsets as start and end; they fit because the row limit does.
fn pairs(offsets: &[usize]) -> Vec<(u32, u32)> {
    offsets
        .windows(2)
        .map(|pair| (pair[0] as u32, pair[1] as u32))
        .collect()
}

/// Decodes `array` with the types that it has of itself.
fn natural(
    array: &Array<'_, '_>,
    mask: Option<&Bitmap>,
    dictionaries: &Dictionaries<'_, '_>,
) -> Result<Option<Nested>> {
    let field = array.field;
    let dtype = |_: &str| field.kind.natural();
    if field.kind.natural().is_some() {
        return decode(field.name, array, mask, dictionaries, &dtype, false);
    }
    Ok(Some(match structure(field.name, array, mask)? {
        Structure::Struct(validity) => {
            let mut children = Vec::new();
            for child in &array.children {
                let nested = natural(child, validity.as_ref(), dictionaries)?;
                children.extend(nested.map(|nested| (child.field.name.to_owned(), nested)));
            }
            Nested::Struct(children, validity)
        }
        Structure::List(ranges, validity, child) => match natural(child, None, dictionaries)? {
            Some(child) => Nested::List(ranges, validity, Box::new(child)),
            None => return Ok(None),
        },
    }))
}

/// The JSON text of each row.
fn print(list: &Nested) -> Nested {
    let n_rows = match list {
        Nested::Leaf(column) => column.len(),
        Nested::List(ranges, ..) => ranges.len(),
        Nested::Struct(_, validity) => validity.as_ref().map_or(0, Bitmap::len),
    };
    let mut builder = ColumnBuilder::new(DataType::String, n_rows);
    let mut text = Vec::new();
    for i in 0..n_rows {
        text.clear();
        write(list, i, &mut text);
        if let Values::Text(codes, interner) = &mut builder.values {
            codes.push(match std::str::from_utf8(&text) {
                Ok("null") | Err(_) => NULL_CODE,
                Ok(text) => interner.intern(text),
            });
        }
    }
    Nested::Leaf(builder.finish())
}

/// Writes one row as JSON.
fn write(nested: &Nested, i: usize, out: &mut Vec<u8>) {
    match nested {
        Nested::Leaf(column) => json::write_value(column.value(i), false, out),
        Nested::Struct(children, validity) => {
            if validity.as_ref().is_some_and(|bitmap| !bitmap.get(i)) {
                return out.extend_from_slice(b"null");
            }
            out.push(b'{');
            for (at, (name, child)) in children.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                json::write_text(name, out);
                out.push(b':');
                write(child, i, out);
            }
            out.push(b'}');
        }
        Nested::List(ranges, validity, child) => {
            if validity.as_ref().is_some_and(|bitmap| !bitmap.get(i)) {
                return out.extend_from_slice(b"null");
            }
            out.push(b'[');
            let (start, end) = ranges[i];
            for j in start..end {
                if j > start {
                    out.push(b',');
                }
                write(child, j as usize, out);
            }
            out.push(b']');
        }
    }
}

/// A column without structs, some rows of which may stand for several.
struct Flat {
    name: String,
    column: Column,
    lists: Option<Lists>,
}

/// For each row which rows of its column it holds, through all levels of lists.
struct Lists {
    /// `offsets[i]..offsets[i + 1]` are the items of row `i`.
    offsets: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    fn len(&self, i: usize) -> usize {
        (self.offsets[i + 1] - self.offsets[i]) as usize
    }

    fn items(&self, i: usize) -> &[u32] {
        &self.items[self.offsets[i] as usize..self.offsets[i + 1] as usize]
    }
}

/// Makes columns of one batch flat: no structs, no lists.
///
/// # Errors
/// If lists of one row differ in length and are to be zipped, or the rows become too many.
pub fn flatten(
    columns: Vec<(String, Nested)>,
    n_rows: usize,
    options: &IngestOptions,
    max_rows: usize,
) -> Result<(usize, Vec<(String, Column)>)> {
    let mut flat = Vec::new();
    for (name, nested) in columns {
        open(name, nested, &mut flat);
    }
    let lists: Vec<(&str, &Lists)> = flat
        .iter()
        .filter_map(|column| Some((column.name.as_str(), column.lists.as_ref()?)))
        .collect();
    if lists.is_empty() {
        return Ok((
            n_rows,
            flat.into_iter()
                .map(|column| (column.name, column.column))
                .collect(),
        ));
    }
    refuse_repeated_index(lists.iter().map(|(name, _)| *name), options)?;
    let (parents, rows) = expand(&lists, n_rows, options.list_flatten, max_rows)?;
    let mut rows = rows.into_iter();
    let columns = flat
        .into_iter()
        .map(|column| {
            let gathered = match column.lists {
                Some(_) => gather_or_null(&column.column, &rows.next().unwrap_or_default()),
                None => column.column.gather(&parents),
            };
            (column.name, gathered)
        })
        .collect();
    Ok((parents.len(), columns))
}

/// Takes structs and lists apart into plain columns.
fn open(name: String, nested: Nested, out: &mut Vec<Flat>) {
    match nested {
        Nested::Leaf(column) => out.push(Flat {
            name,
            column,
            lists: None,
        }),
        // Fields of a null struct were decoded as null.
        Nested::Struct(children, _) => {
            for (child, nested) in children {
                open(format!("{name}.{child}"), nested, out);
            }
        }
        Nested::List(ranges, _, child) => {
            let first = out.len();
            open(name, *child, out);
            for flat in &mut out[first..] {
                let mut offsets = Vec::with_capacity(ranges.len() + 1);
                let mut items = Vec::new();
                offsets.push(0);
                for &(start, end) in &ranges {
                    match &flat.lists {
                        None => items.extend(start..end),
                        Some(below) => {
                            for row in start..end {
                                items.extend_from_slice(below.items(row as usize));
                            }
                        }
                    }
                    offsets.push(items.len() as u32);
                }
                flat.lists = Some(Lists { offsets, items });
            }
        }
    }
}

/// For each row that results: the row it repeats, and for each list the row of its column.
fn expand(
    lists: &[(&str, &Lists)],
    n_rows: usize,
    mode: ListFlatten,
    max_rows: usize,
) -> Result<(Vec<u32>, Vec<Vec<u32>>)> {
    let mut parents = Vec::with_capacity(n_rows);
    let mut rows = vec![Vec::with_capacity(n_rows); lists.len()];
    for i in 0..n_rows {
        let named = || lists.iter().map(|(name, list)| (*name, list.len(i)));
        let count = n_expanded(named(), mode).map_err(|differ| {
            Error::input(format!(
                "Cannot zip list columns {differ} of differing length in row {i}; use the `cartesian` list flatten mode."
            ))
        })?;
        if parents.len().saturating_add(count) > max_rows {
            let what = format!("Flattening lists makes more than {max_rows} rows, at row {i}");
            return Err(Error::over(what, "input_rows"));
        }
        parents.resize(parents.len() + count, i as u32);
        // The first list is the outer loop.
        let mut below = count;
        for ((_, list), rows) in lists.iter().zip(&mut rows) {
            let items = list.items(i);
            if mode == ListFlatten::Cartesian {
                below /= items.len().max(1);
            } else {
                below = 1;
            }
            rows.extend((0..count).map(|at| {
                if items.is_empty() {
                    NONE
                } else {
                    items[at / below % items.len()]
                }
            }));
        }
    }
    Ok((parents, rows))
}

/// Rows of a column, [`NONE`] giving null.
fn gather_or_null(column: &Column, rows: &[u32]) -> Column {
    if !rows.contains(&NONE) {
        return column.gather(rows);
    }
    if column.is_empty() {
        return Column::nulls(column.dtype(), rows.len());
    }
    let rows_or_first: Vec<u32> = rows
        .iter()
        .map(|&row| if row == NONE { 0 } else { row })
        .collect();
    let mut gathered = column.gather(&rows_or_first);
    for (i, &row) in rows.iter().enumerate() {
        if row == NONE {
            gathered.set_null(i);
        }
    }
    gathered
}
