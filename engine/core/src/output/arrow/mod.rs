//! Arrow IPC: a schema, a dictionary for each text column, and exactly one record batch.
//!
//! Message headers are made by `arrow-ipc`; bodies are written here, straight from the columns into the answer, so a
//! large result exists once. Clients read only the first batch, hence one batch however many rows. Dictionaries hold
//! the texts that occur.

mod body;
mod encode;

use arrow_ipc::convert::IpcSchemaEncoder;
use arrow_ipc::writer::DictionaryTracker;
use arrow_ipc::{MessageBuilder, MessageHeader, MetadataVersion};
use arrow_schema::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema, TimeUnit};
use flatbuffers::FlatBufferBuilder;

use body::{Body, Kind, write_header};
use encode::Occurring;

use super::names::{GroupNames, headers};
use crate::column::Column;
use crate::error::Result;
use crate::schema::DataType;
use crate::slice::{Rows, Slice};

/// How record batch bodies are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// LZ4 frames.
    Lz4,
    /// Zstandard frames.
    Zstd,
}

/// One column on its way out.
struct Output<'a> {
    name: &'a str,
    zone: Option<&'a str>,
    column: &'a Column,
    rows: &'a Rows,
}

/// The slice as an Arrow IPC stream. Group keys come first as columns of their own, null above their level.
///
/// # Errors
/// Only if a body grows beyond what memory can hold.
pub fn to_arrow(
    slice: &Slice<'_>,
    names: GroupNames,
    compression: Option<Compression>,
) -> Result<Vec<u8>> {
    let (group_headers, data_headers) = headers(slice, names);
    let all_rows = Rows::Range(0..slice.n_rows);
    let levels: &[Column] = slice.row_paths.as_ref().map_or(&[], |paths| &paths.levels);
    let groups = levels
        .iter()
        .zip(&group_headers)
        .map(|(column, name)| Output {
            name,
            zone: None,
            column,
            rows: &all_rows,
        });
    let data = slice
        .columns
        .iter()
        .zip(&data_headers)
        .map(|(column, name)| Output {
            name,
            zone: column.zone,
            column: &column.data,
            rows: &column.rows,
        });
    write_stream(
        &groups.chain(data).collect::<Vec<_>>(),
        slice.n_rows,
        compression,
    )
}

/// One column as an Arrow IPC stream of one batch.
///
/// # Errors
/// As [`to_arrow`].
pub fn column_to_arrow(name: &str, column: &Column) -> Result<Vec<u8>> {
    let rows = Rows::Range(0..column.len());
    write_stream(
        &[Output {
            name,
            zone: None,
            column,
            rows: &rows,
        }],
        column.len(),
        None,
    )
}

fn arrow_type(output: &Output<'_>) -> ArrowType {
    match output.column.dtype() {
        DataType::Boolean => ArrowType::Boolean,
        DataType::Int8 => ArrowType::Int8,
        DataType::Int16 => ArrowType::Int16,
        DataType::Int32 => ArrowType::Int32,
        DataType::Int64 => ArrowType::Int64,
        DataType::UInt8 => ArrowType::UInt8,
        DataType::UInt16 => ArrowType::UInt16,
        DataType::UInt32 => ArrowType::UInt32,
        DataType::UInt64 => ArrowType::UInt64,
        DataType::Float32 => ArrowType::Float32,
        DataType::Float64 => ArrowType::Float64,
        DataType::Date => ArrowType::Date32,
        DataType::Datetime => {
            ArrowType::Timestamp(TimeUnit::Millisecond, output.zone.map(Into::into))
        }
        DataType::String => {
            ArrowType::Dictionary(Box::new(ArrowType::Int32), Box::new(ArrowType::Utf8))
        }
    }
}

fn write_stream(
    outputs: &[Output<'_>],
    n_rows: usize,
    compression: Option<Compression>,
) -> Result<Vec<u8>> {
    let fields: Vec<_> = outputs
        .iter()
        .map(|output| ArrowField::new(output.name, arrow_type(output), true))
        .collect();
    let mut out = Vec::new();
    let mut tracker = DictionaryTracker::new(false);
    write_schema(&ArrowSchema::new(fields), &mut tracker, &mut out);

    let occurring: Vec<Option<Occurring>> = outputs
        .iter()
        .map(|output| Some(Occurring::of(output.column.text()?, output.rows)))
        .collect();
    // Ids were given to the text columns in order as the schema was written.
    let texts = outputs
        .iter()
        .zip(&occurring)
        .filter_map(|(output, occurring)| Some((output.column.text()?, occurring.as_ref()?)));
    for (id, (text, occurring)) in texts.enumerate() {
        let mut body = Body::default();
        occurring.add_texts(text, &mut body);
        let kind = Kind::Dictionary(id as i64);
        body.write(kind, occurring.len(), compression, &mut out)?;
    }
    let mut body = Body::default();
    for (output, occurring) in outputs.iter().zip(&occurring) {
        encode::add_column(output.column, output.rows, occurring.as_ref(), &mut body);
    }
    body.write(Kind::Records, n_rows, compression, &mut out)?;
    out.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    Ok(out)
}

fn write_schema(schema: &ArrowSchema, tracker: &mut DictionaryTracker, out: &mut Vec<u8>) {
    let mut fbb = FlatBufferBuilder::new();
    let schema = IpcSchemaEncoder::new()
        .with_dictionary_tracker(tracker)
        .schema_to_fb_offset(&mut fbb, schema);
    let mut message = MessageBuilder::new(&mut fbb);
    message.add_version(MetadataVersion::V5);
    message.add_header_type(MessageHeader::Schema);
    message.add_bodyLength(0);
    message.add_header(schema.as_union_value());
    let message = message.finish();
    fbb.finish(message, None);
    write_header(fbb.finished_data(), out);
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::io::Cursor;

    use arrow_array::Array as _;

    use super::*;
    use crate::column::column_of;
    use crate::ingest::{IngestOptions, Input, infer};
    use crate::slice::SliceColumn;
    use crate::value::{Scalar, Value};

    fn read(bytes: &[u8]) -> arrow_array::RecordBatch {
        let mut reader =
            arrow_ipc::reader::StreamReader::try_new(Cursor::new(bytes), None).expect("a stream");
        let batch = reader.next().expect("one batch").expect("a valid batch");
        assert!(reader.next().is_none(), "exactly one batch");
        batch
    }

    fn slice_of<'a>(columns: Vec<(&'a str, Column)>, rows: &Rows) -> Slice<'a> {
        let columns = columns
            .into_iter()
            .map(|(name, column)| SliceColumn {
                path: Vec::new(),
                name,
                aggregate: None,
                zone: None,
                data: Cow::Owned(column),
                rows: rows.clone(),
            })
            .collect();
        Slice {
            n_rows: rows.len(),
            columns,
            row_paths: None,
            keys: None,
        }
    }

    #[test]
    fn every_type_reads_back() {
        let columns = vec![
            (
                "b",
                column_of(
                    DataType::Boolean,
                    [Value::Bool(true), Value::Null, Value::Bool(false)],
                ),
            ),
            (
                "i",
                column_of(
                    DataType::Int32,
                    [Value::Int(-1), Value::Int(2), Value::Null],
                ),
            ),
            (
                "u",
                column_of(
                    DataType::UInt64,
                    [Value::UInt(u64::MAX), Value::UInt(0), Value::UInt(1)],
                ),
            ),
            (
                "f",
                column_of(
                    DataType::Float32,
                    [Value::Float(0.5), Value::Null, Value::Float(2.0)],
                ),
            ),
            (
                "d",
                column_of(
                    DataType::Date,
                    [Value::Date(1), Value::Date(-1), Value::Null],
                ),
            ),
            (
                "t",
                column_of(
                    DataType::Datetime,
                    [Value::Datetime(5), Value::Null, Value::Datetime(6)],
                ),
            ),
            (
                "s",
                column_of(
                    DataType::String,
                    [Value::Text("x"), Value::Null, Value::Text("y")],
                ),
            ),
        ];
        let slice = slice_of(columns, &Rows::Range(0..3));
        let plain = to_arrow(&slice, GroupNames::Plain, None).expect("written");
        let batch = read(&plain);
        assert_eq!(batch.num_rows(), 3);
        assert!(
            batch
                .columns()
                .iter()
                .all(|column| column.to_data().validate_full().is_ok())
        );
        let nulls: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| column.null_count())
            .collect();
        assert_eq!(nulls, [1, 1, 0, 1, 1, 1, 1]);
        let cells = |bytes: &[u8]| {
            let (schema, batch) =
                infer(Input::Arrow(bytes), &IngestOptions::default()).expect("our own output");
            let cells = batch
                .columns
                .iter()
                .map(|column| (0..3).map(|i| column.data.value(i).to_scalar()).collect());
            (schema, cells.collect::<Vec<Vec<Scalar>>>())
        };
        for compression in [Compression::Lz4, Compression::Zstd] {
            let compressed =
                to_arrow(&slice, GroupNames::Plain, Some(compression)).expect("written");
            assert_eq!(cells(&compressed), cells(&plain), "{compression:?}");
        }
    }

    #[test]
    fn a_gathered_slice_has_the_dictionary_it_needs() {
        let texts = column_of(DataType::String, ["a", "b", "c", "b"].map(Value::Text));
        let slice = slice_of(
            vec![("s", texts)],
            &Rows::List(std::rc::Rc::new(vec![3, 1])),
        );
        let batch = read(&to_arrow(&slice, GroupNames::Plain, None).expect("written"));
        let column = batch.column(0).to_data();
        assert_eq!(column.child_data()[0].len(), 1);
    }

    #[test]
    fn no_rows_are_still_one_batch() {
        let slice = slice_of(
            vec![("s", Column::new(DataType::String))],
            &Rows::Range(0..0),
        );
        let batch = read(&to_arrow(&slice, GroupNames::Plain, None).expect("written"));
        assert_eq!((batch.num_rows(), batch.num_columns()), (0, 1));
    }
}
