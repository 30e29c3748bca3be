//! Arrow IPC: a schema, a dictionary for each text column, and exactly one record batch.
//!
//! Message headers are made by `arrow-ipc`; bodies are written here, straight from the columns into the answer, so a
//! large result exists once. Clients read only the first batch, hence one batch however many rows. Dictionaries hold
//! the texts that occur, in order of first appearance.

use arrow_ipc::convert::IpcSchemaEncoder;
use arrow_ipc::writer::DictionaryTracker;
use arrow_ipc::{
    BodyCompressionBuilder, BodyCompressionMethod, Buffer, CompressionType, DictionaryBatchBuilder,
    FieldNode, MessageBuilder, MessageHeader, MetadataVersion, RecordBatch, RecordBatchBuilder,
};
use arrow_schema::{DataType as ArrowType, Field as ArrowField, Schema as ArrowSchema, TimeUnit};
use flatbuffers::{FlatBufferBuilder, WIPOffset};

use super::names::{GroupNames, headers};
use crate::column::{Column, Data, NULL_CODE, Text, unflip_u64};
use crate::error::{Error, Result};
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

    let mut batch = Body::new(compression);
    // Ids were given to the text columns in order as the schema was written.
    for (id, (output, text)) in outputs
        .iter()
        .filter_map(|output| Some((output, output.column.text()?)))
        .enumerate()
    {
        let dictionary = Occurring::of(text, output.rows);
        let mut body = Body::new(compression);
        dictionary.write_texts(text, &mut body)?;
        write_message(body, dictionary.codes.len(), Some(id as i64), &mut out);
    }
    for output in outputs {
        write_column(output.column, output.rows, &mut batch)?;
    }
    write_message(batch, n_rows, None, &mut out);
    out.extend_from_slice(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    Ok(out)
}

/// Writes an encapsulated message header, padded to 8 bytes.
fn write_header(header: &[u8], out: &mut Vec<u8>) {
    let padded = header.len().next_multiple_of(8);
    out.extend_from_slice(&[0xff; 4]);
    out.extend_from_slice(&(padded as u32).to_le_bytes());
    out.extend_from_slice(header);
    out.resize(out.len() + padded - header.len(), 0);
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

/// The body of a message as it grows, with what its header says of it.
struct Body {
    compression: Option<Compression>,
    bytes: Vec<u8>,
    nodes: Vec<FieldNode>,
    buffers: Vec<Buffer>,
}

impl Body {
    fn new(compression: Option<Compression>) -> Self {
        Self {
            compression,
            bytes: Vec::new(),
            nodes: Vec::new(),
            buffers: Vec::new(),
        }
    }

    /// Appends one buffer that `write` fills with `len` bytes.
    fn buffer(&mut self, len: usize, write: impl FnOnce(&mut Vec<u8>)) -> Result<()> {
        let start = self.bytes.len();
        match self.compression {
            None => {
                self.bytes
                    .try_reserve(len + 8)
                    .map_err(|_| Error::limit("not enough memory for the Arrow result"))?;
                write(&mut self.bytes);
            }
            Some(compression) => {
                let mut plain = Vec::with_capacity(len);
                write(&mut plain);
                if !plain.is_empty() {
                    self.bytes
                        .extend_from_slice(&(plain.len() as i64).to_le_bytes());
                    compress(compression, &plain, &mut self.bytes)?;
                }
            }
        }
        self.buffers
            .push(Buffer::new(start as i64, (self.bytes.len() - start) as i64));
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        Ok(())
    }
}

fn compress(compression: Compression, plain: &[u8], out: &mut Vec<u8>) -> Result<()> {
    match compression {
        Compression::Lz4 => {
            use std::io::Write as _;
            let mut encoder = lz4_flex::frame::FrameEncoder::new(std::mem::take(out));
            let written = encoder
                .write_all(plain)
                .and_then(|()| encoder.finish().map_err(Into::into));
            *out = written
                .map_err(|error| Error::input(format!("LZ4 compression failed: {error}")))?;
        }
        Compression::Zstd => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            out.extend_from_slice(&ruzstd::encoding::compress_to_vec(plain, level));
        }
    }
    Ok(())
}

/// Writes the header of a record batch, or of a dictionary batch if it has an id, and its body.
fn write_message(body: Body, n_rows: usize, dictionary: Option<i64>, out: &mut Vec<u8>) {
    let mut fbb = FlatBufferBuilder::new();
    let batch = batch_header(&mut fbb, &body, n_rows);
    let (header_type, header) = match dictionary {
        None => (MessageHeader::RecordBatch, batch.as_union_value()),
        Some(id) => {
            let mut dictionary = DictionaryBatchBuilder::new(&mut fbb);
            dictionary.add_id(id);
            dictionary.add_data(batch);
            (
                MessageHeader::DictionaryBatch,
                dictionary.finish().as_union_value(),
            )
        }
    };
    let mut message = MessageBuilder::new(&mut fbb);
    message.add_version(MetadataVersion::V5);
    message.add_header_type(header_type);
    message.add_bodyLength(body.bytes.len() as i64);
    message.add_header(header);
    let message = message.finish();
    fbb.finish(message, None);
    write_header(fbb.finished_data(), out);
    out.extend_from_slice(&body.bytes);
}

fn batch_header<'a>(
    fbb: &mut FlatBufferBuilder<'a>,
    body: &Body,
    n_rows: usize,
) -> WIPOffset<RecordBatch<'a>> {
    let buffers = fbb.create_vector(&body.buffers);
    let nodes = fbb.create_vector(&body.nodes);
    let compression = body.compression.map(|compression| {
        let mut builder = BodyCompressionBuilder::new(fbb);
        builder.add_method(BodyCompressionMethod::BUFFER);
        builder.add_codec(match compression {
            Compression::Lz4 => CompressionType::LZ4_FRAME,
            Compression::Zstd => CompressionType::ZSTD,
        });
        builder.finish()
    });
    let mut builder = RecordBatchBuilder::new(fbb);
    builder.add_length(n_rows as i64);
    builder.add_nodes(nodes);
    builder.add_buffers(buffers);
    if let Some(compression) = compression {
        builder.add_compression(compression);
    }
    builder.finish()
}

/// The codes of a column that occur in some rows, in order of first appearance, and their new numbers.
struct Occurring {
    codes: Vec<u32>,
    /// By code; [`u32::MAX`] for codes that do not occur.
    numbers: Vec<u32>,
}

impl Occurring {
    fn of(text: &Text, rows: &Rows) -> Self {
        let mut codes = Vec::new();
        let mut numbers = vec![u32::MAX; text.dictionary.len()];
        for i in 0..rows.len() {
            let code = text.codes[rows.at(i)];
            let number = &mut numbers[code as usize];
            if *number == u32::MAX && code != NULL_CODE {
                *number = codes.len() as u32;
                codes.push(code);
            }
        }
        Self { codes, numbers }
    }

    fn write_texts(&self, text: &Text, body: &mut Body) -> Result<()> {
        let texts = || self.codes.iter().map(|&code| text.dictionary.text(code));
        let n_bytes: usize = texts().map(str::len).sum();
        body.nodes.push(FieldNode::new(self.codes.len() as i64, 0));
        body.buffer(0, |_| {})?;
        body.buffer(self.codes.len() * 4 + 4, |out| {
            let mut end = 0_i32;
            out.extend_from_slice(&end.to_le_bytes());
            for text in texts() {
                end += text.len() as i32;
                out.extend_from_slice(&end.to_le_bytes());
            }
        })?;
        body.buffer(n_bytes, |out| {
            texts().for_each(|text| out.extend_from_slice(text.as_bytes()))
        })
    }
}

/// Appends the validity of a column's rows: nothing at all if none is null.
fn write_validity(column: &Column, rows: &Rows, body: &mut Body) -> Result<()> {
    let n = rows.len();
    let n_nulls = match (column.data(), column.validity()) {
        (Data::Text(_), _) | (_, Some(_)) => (0..n).filter(|&i| column.is_null(rows.at(i))).count(),
        _ => 0,
    };
    body.nodes.push(FieldNode::new(n as i64, n_nulls as i64));
    if n_nulls == 0 {
        return body.buffer(0, |_| {});
    }
    body.buffer(n.div_ceil(8), |out| {
        write_bits(n, |i| !column.is_null(rows.at(i)), out)
    })
}

fn write_bits(n: usize, bit: impl Fn(usize) -> bool, out: &mut Vec<u8>) {
    for start in (0..n).step_by(8) {
        let byte =
            (start..n.min(start + 8)).fold(0, |byte, i| byte | u8::from(bit(i)) << (i - start));
        out.push(byte);
    }
}

/// Appends one fixed-width value a row.
fn write_values<T: Copy, const N: usize>(
    values: &[T],
    rows: &Rows,
    body: &mut Body,
    encode: impl Fn(T) -> [u8; N],
) -> Result<()> {
    body.buffer(rows.len() * N, |out| match rows {
        Rows::Range(range) => {
            out.extend(
                values[range.clone()]
                    .iter()
                    .flat_map(|&value| encode(value)),
            );
        }
        Rows::List(list) => {
            out.extend(list.iter().flat_map(|&row| encode(values[row as usize])));
        }
    })
}

fn write_column(column: &Column, rows: &Rows, body: &mut Body) -> Result<()> {
    write_validity(column, rows, body)?;
    match column.data() {
        Data::Bool(values) => {
            let n = rows.len();
            body.buffer(n.div_ceil(8), |out| {
                write_bits(n, |i| values[rows.at(i)], out)
            })
        }
        Data::Float(values) if column.dtype() == DataType::Float32 => {
            write_values(values, rows, body, |value| (value as f32).to_le_bytes())
        }
        Data::Float(values) => write_values(values, rows, body, f64::to_le_bytes),
        Data::Text(text) => {
            let numbers = Occurring::of(text, rows).numbers;
            write_values(&text.codes, rows, body, |code| {
                match numbers[code as usize] {
                    u32::MAX => [0; 4],
                    number => number.to_le_bytes(),
                }
            })
        }
        // Values fit their type: ingest and aggregates see to it.
        Data::Int(values) => match column.dtype() {
            DataType::Int8 | DataType::UInt8 => {
                write_values(values, rows, body, |value| [value as u8])
            }
            DataType::Int16 | DataType::UInt16 => {
                write_values(values, rows, body, |value| (value as u16).to_le_bytes())
            }
            DataType::Int32 | DataType::UInt32 | DataType::Date => {
                write_values(values, rows, body, |value| (value as u32).to_le_bytes())
            }
            DataType::UInt64 => {
                write_values(values, rows, body, |held| unflip_u64(held).to_le_bytes())
            }
            _ => write_values(values, rows, body, i64::to_le_bytes),
        },
    }
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
