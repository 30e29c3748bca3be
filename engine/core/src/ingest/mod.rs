//! Input in, validated [`Batch`] out: Arrow IPC, CSV and JSON, with types inferred or converted.
//!
//! [`infer`] makes the schema and first rows of a new table, [`conform`] turns an update into the types that a table
//! has, [`keys`] reads the keys of rows to remove. Whatever is wrong with an input is found here, before anything is
//! changed.
//!
//! [`time`] dates and datetimes as text.

mod arrow;
mod csv;
mod json;
mod number;
mod sink;
pub mod time;

use json::Shape;
use sink::Sink;

use crate::batch::{Batch, BatchColumn, Keys};
use crate::column::Column;
use crate::error::{Error, Result};
use crate::schema::{DataType, Field, Schema};

/// Tells the field of the table that a column of the input goes to, if any.
type Target<'t> = &'t dyn Fn(&str) -> Option<Field>;

/// The name under which rows can be addressed in a table without index, and in any table by its keys.
pub const INDEX_COLUMN: &str = "__INDEX__";

/// One input in one of the formats.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// An Arrow IPC stream or file.
    Arrow(&'a [u8]),
    /// Comma-separated values with a header.
    Csv(&'a str),
    /// A JSON array of objects.
    Rows(&'a str),
    /// A JSON object of arrays.
    Columns(&'a str),
    /// JSON objects, one a line.
    Ndjson(&'a str),
}

/// What becomes of lists in nested data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListFlatten {
    /// One row for each place; lists of one row must be of one length.
    #[default]
    Zip,
    /// One row for each combination.
    Cartesian,
    /// Lists stay in their row, as JSON text.
    Stringify,
}

/// How input is read, and what it may cost.
#[derive(Debug, Clone)]
pub struct IngestOptions {
    /// What becomes of lists.
    pub list_flatten: ListFlatten,
    /// The index of the table that is made; [`conform`] is told that of the table it is for.
    pub index: Option<String>,
    /// How deep JSON may be nested.
    pub max_depth: usize,
    /// The most rows one input may have, after lists are flattened.
    pub max_rows: usize,
    /// The most bytes that decompressing one input may produce.
    pub max_decompressed: usize,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self {
            list_flatten: ListFlatten::Zip,
            index: None,
            max_depth: 128,
            max_rows: 1 << 27,
            max_decompressed: 1 << 31,
        }
    }
}

/// The schema and rows of a new table: types are inferred.
///
/// # Errors
/// If the input is malformed or its types cannot be told; the text names the place.
pub fn infer(input: Input<'_>, options: &IngestOptions) -> Result<(Schema, Batch)> {
    match input {
        Input::Arrow(bytes) => {
            let (n_rows, columns) = arrow::load(bytes, options, &|_, natural| Some(natural))?;
            let (fields, columns) = columns
                .into_iter()
                .enumerate()
                .map(|(position, loaded)| (loaded.field, all_given(position, loaded.column)))
                .unzip();
            Ok((
                Schema::new(fields),
                Batch {
                    n_rows,
                    columns,
                    keys: Keys::Implied,
                },
            ))
        }
        Input::Rows(text) => infer_json(text, Shape::Rows, options),
        Input::Columns(text) => infer_json(text, Shape::Columns, options),
        Input::Ndjson(text) => infer_json(text, Shape::Lines, options),
        Input::Csv(text) => {
            let (n_rows, columns) = csv::load(text, options, None)?;
            let columns = columns
                .into_iter()
                .map(|(name, builder)| (name, builder, None));
            Ok(in_64_bits(inferred(n_rows, columns.collect())))
        }
    }
}

fn infer_json(text: &str, shape: Shape, options: &IngestOptions) -> Result<(Schema, Batch)> {
    let (n_rows, columns) = json::load(text, shape, options, None)?;
    Ok(inferred(n_rows, columns))
}

/// The schema and batch of columns whose types were inferred.
fn inferred(n_rows: usize, columns: Vec<json::Loaded>) -> (Schema, Batch) {
    let (fields, columns) = columns
        .into_iter()
        .enumerate()
        .map(|(position, (name, builder, _))| {
            let field = Sink::inferred_field(&name, &builder);
            let mut column = builder.finish();
            column.set_dtype(field.dtype);
            // There is nothing yet that a missing cell could keep.
            (field, all_given(position, column))
        })
        .unzip();
    let keys = Keys::Implied;
    (
        Schema::new(fields),
        Batch {
            n_rows,
            columns,
            keys,
        },
    )
}

/// Gives integer columns all of 64 bits, as the reference does with those of CSV.
fn in_64_bits((schema, mut batch): (Schema, Batch)) -> (Schema, Batch) {
    let mut fields = schema.fields().to_vec();
    for (field, column) in fields.iter_mut().zip(&mut batch.columns) {
        if field.dtype == DataType::Int32 {
            field.dtype = DataType::Int64;
            column.data.set_dtype(DataType::Int64);
        }
    }
    (Schema::new(fields), batch)
}

fn all_given(position: usize, data: Column) -> BatchColumn {
    BatchColumn {
        position,
        data,
        given: None,
    }
}

/// The rows of an update, converted to the types of a table. Columns that the table does not have are ignored, but
/// `__INDEX__` addresses rows.
///
/// # Errors
/// If the input is malformed, or a value does not fit its column; the text names column, row and value.
pub fn conform(
    input: Input<'_>,
    schema: &Schema,
    index: Option<usize>,
    options: &IngestOptions,
) -> Result<Batch> {
    let key = key_field(schema, index);
    let target = |name: &str| match schema.field(name) {
        None if name == INDEX_COLUMN => Some(key.clone()),
        field => field.cloned(),
    };
    let (n_rows, loaded): (usize, Vec<(Field, BatchColumn)>) = match input {
        Input::Arrow(bytes) => {
            // In JSON the last item of a list wins, as everywhere in JSON; Arrow lists are data by design.
            let options = IngestOptions {
                index: index.map(|position| schema.fields()[position].name.to_string()),
                ..options.clone()
            };
            let (n_rows, columns) =
                arrow::load(bytes, &options, &|name, _| Some(widest(&target(name)?)))?;
            let columns = columns.into_iter().filter_map(|loaded| {
                Some((target(&loaded.field.name)?, all_given(0, loaded.column)))
            });
            (n_rows, columns.collect())
        }
        Input::Rows(text) => conform_json(text, Shape::Rows, options, &target)?,
        Input::Columns(text) => conform_json(text, Shape::Columns, options, &target)?,
        Input::Ndjson(text) => conform_json(text, Shape::Lines, options, &target)?,
        Input::Csv(text) => {
            let (n_rows, columns) = csv::load(text, options, Some(&target))?;
            let columns = columns.into_iter().filter_map(|(name, builder)| {
                Some((target(&name)?, all_given(0, builder.finish())))
            });
            (n_rows, columns.collect())
        }
    };
    let mut batch = Batch {
        n_rows,
        ..Batch::default()
    };
    for (field, mut column) in loaded {
        narrow(&field, &mut column.data);
        match schema.position(&field.name) {
            Some(position) => batch.columns.push(BatchColumn { position, ..column }),
            None => batch.keys = Keys::Explicit(column.data),
        }
    }
    batch.columns.sort_by_key(|column| column.position);
    Ok(batch)
}

fn conform_json(
    text: &str,
    shape: Shape,
    options: &IngestOptions,
    target: Target<'_>,
) -> Result<(usize, Vec<(Field, BatchColumn)>)> {
    let dtype = |name: &str| Some(widest(&target(name)?));
    let (n_rows, columns) = json::load(text, shape, options, Some(&dtype))?;
    let columns = columns.into_iter().filter_map(|(name, builder, given)| {
        let column = BatchColumn {
            position: 0,
            data: builder.finish(),
            given,
        };
        Some((target(&name)?, column))
    });
    Ok((n_rows, columns.collect()))
}

/// The keys of rows to remove, as values of the index: a JSON array of them, or Arrow in which they are the column
/// called like the index, or the first.
///
/// # Errors
/// If the input is malformed, of another format, or a value is no key.
pub fn keys(input: Input<'_>, key: &Field, options: &IngestOptions) -> Result<Column> {
    let dtype = widest(key);
    let mut column = match input {
        Input::Rows(text) | Input::Columns(text) | Input::Ndjson(text) => {
            json::values(text, &key.name, dtype, options)?.finish()
        }
        Input::Arrow(bytes) => {
            let names = arrow::names(bytes)?;
            let wanted = names
                .iter()
                .find(|name| **name == *key.name)
                .or(names.first())
                .ok_or_else(|| {
                    Error::input("Arrow data without a column cannot name rows to remove")
                })?;
            let (_, columns) =
                arrow::load(bytes, options, &|name, _| (name == wanted).then_some(dtype))?;
            let loaded = columns.into_iter().next();
            loaded
                .ok_or_else(|| Error::input(format!("Column `{wanted}` does not hold keys")))?
                .column
        }
        Input::Csv(_) => return Err(Error::input("Keys to remove cannot be read from CSV")),
    };
    narrow(key, &mut column);
    Ok(column)
}

/// What `__INDEX__` holds: values of the index, or row numbers.
fn key_field(schema: &Schema, index: Option<usize>) -> Field {
    Field {
        name: INDEX_COLUMN.into(),
        ..match index {
            Some(index) => schema.fields()[index].clone(),
            None => Field::new(INDEX_COLUMN, DataType::Int64),
        }
    }
}

/// The type that cells for a column are first converted to: one that widens takes all of 64 bits.
fn widest(field: &Field) -> DataType {
    if field.widens && field.dtype == DataType::Int32 {
        DataType::Int64
    } else {
        field.dtype
    }
}

/// Undoes [`widest`] where the values allow it.
fn narrow(field: &Field, column: &mut Column) {
    if field.dtype == DataType::Int32
        && column.dtype() == DataType::Int64
        && column.ints().is_some_and(fit_32_bits)
    {
        column.set_dtype(DataType::Int32);
    }
}

fn fit_32_bits(values: &[i64]) -> bool {
    values
        .iter()
        .fold(true, |fit, &value| fit & (value == i64::from(value as i32)))
}

/// How many rows the lists of one row make. Empty lists are nulls and count for nothing.
///
/// # Errors
/// Names two lists of differing length that are to be zipped.
fn n_expanded<'a>(
    lists: impl Iterator<Item = (&'a str, usize)>,
    mode: ListFlatten,
) -> Result<usize, String> {
    let mut count = 1;
    let mut first: Option<(&str, usize)> = None;
    for (name, len) in lists.filter(|&(_, len)| len > 0) {
        if mode == ListFlatten::Cartesian {
            count = len.saturating_mul(count);
        } else {
            let (other, expected) = *first.get_or_insert((name, len));
            if len != expected {
                return Err(format!("`{other}` ({expected}) and `{name}` ({len})"));
            }
            count = len;
        }
    }
    Ok(count)
}

/// Refuses lists that become rows of one and the same index, each of which would replace the one before.
///
/// # Errors
/// If there is an index, and it does not come from the list itself.
fn refuse_repeated_index<'a>(
    mut lists: impl Iterator<Item = &'a str>,
    options: &IngestOptions,
) -> Result<()> {
    let (Some(index), Some(first)) = (options.index.as_deref(), lists.next()) else {
        return Ok(());
    };
    let (own, several) = lists.fold((first == index, false), |(own, _), name| {
        (own || name == index, true)
    });
    if own && !(several && options.list_flatten == ListFlatten::Cartesian) {
        return Ok(());
    }
    Err(Error::input(format!(
        "Cannot fill a Table indexed on `{index}` from an expanded list column: the rows made of one list would share \
         their index and replace each other. Index on a column drawn from the list itself, or use the `stringify` list \
         flatten mode."
    )))
}

/// The name of a type in errors.
fn type_name(dtype: DataType) -> &'static str {
    match dtype {
        DataType::Boolean => "bool",
        DataType::Int8 => "int8",
        DataType::Int16 => "int16",
        DataType::Int32 => "int32",
        DataType::Int64 => "int64",
        DataType::UInt8 => "uint8",
        DataType::UInt16 => "uint16",
        DataType::UInt32 => "uint32",
        DataType::UInt64 => "uint64",
        DataType::Float32 => "float32",
        DataType::Float64 => "float64",
        DataType::Date => "date",
        DataType::Datetime => "datetime",
        DataType::String => "str",
    }
}

#[cfg(test)]
mod tests;
