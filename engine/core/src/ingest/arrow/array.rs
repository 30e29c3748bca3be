//! Arrays of one message: fields, nodes and buffers brought together, lengths checked, bodies decompressed on demand.

use std::borrow::Cow;
use std::cell::Cell;
use std::io::Read as _;

use arrow_ipc::CompressionType;

use super::ipc::Body;
use super::types::{ArrowField, ArrowType};
use crate::column::Bitmap;
use crate::error::{Error, Result};

/// What a malformed or hostile message may cost at most.
#[derive(Debug)]
pub struct Budget {
    /// Bytes that decompression may still produce.
    pub bytes: Cell<usize>,
    /// The most rows a batch may have.
    pub rows: usize,
}

/// The contents of a buffer: part of the input, or decompressed.
pub type Bytes<'a> = Cow<'a, [u8]>;

/// One buffer of a body, perhaps compressed.
#[derive(Debug, Clone, Copy)]
pub struct Buffer<'a> {
    bytes: &'a [u8],
    codec: Option<CompressionType>,
}

/// The data of one field in one message. Its buffers are as long as the type and length ask for once read through
/// the methods here.
pub struct Array<'a, 'f> {
    /// The field.
    pub field: &'f ArrowField<'a>,
    /// Rows.
    pub len: usize,
    null_count: usize,
    buffers: Vec<Buffer<'a>>,
    /// The arrays below; empty where the field holds indices into a dictionary.
    pub children: Vec<Array<'a, 'f>>,
    budget: &'f Budget,
}

/// Brings the fields of a schema together with the data of one message.
///
/// # Errors
/// If nodes or buffers are missing or lie outside of the body.
pub fn arrays<'a, 'f>(
    body: &Body<'a>,
    fields: &'f [ArrowField<'a>],
    budget: &'f Budget,
) -> Result<(usize, Vec<Array<'a, 'f>>)> {
    let mut cursor = Cursor::new(body, budget)?;
    let arrays = fields
        .iter()
        .map(|field| cursor.array(field, field.encoding.is_some()))
        .collect::<Result<Vec<_>>>()?;
    let n_rows = length(body.header.length(), budget)?;
    for array in &arrays {
        if array.len != n_rows {
            return Err(malformed(format!(
                "column `{}` has {} rows in a batch of {n_rows}",
                array.field.name, array.len
            )));
        }
    }
    Ok((n_rows, arrays))
}

/// Reads the values of a dictionary, which belong to `field`.
///
/// # Errors
/// As [`arrays`].
pub fn dictionary_values<'a, 'f>(
    body: &Body<'a>,
    field: &'f ArrowField<'a>,
    budget: &'f Budget,
) -> Result<Array<'a, 'f>> {
    Cursor::new(body, budget)?.array(field, false)
}

fn malformed(reason: impl std::fmt::Display) -> Error {
    Error::input(format!("Invalid Arrow data: {reason}"))
}

fn length(length: i64, budget: &Budget) -> Result<usize> {
    usize::try_from(length)
        .ok()
        .filter(|&length| length <= budget.rows)
        .ok_or_else(|| {
            malformed(format!(
                "a length of {length} rows (at most {}, the limit `input_rows`)",
                budget.rows
            ))
        })
}

struct Cursor<'a, 'f> {
    nodes: flatbuffers::VectorIter<'a, arrow_ipc::FieldNode>,
    buffers: flatbuffers::VectorIter<'a, arrow_ipc::Buffer>,
    variadic: Option<flatbuffers::Vector<'a, i64>>,
    next_variadic: usize,
    bytes: &'a [u8],
    codec: Option<CompressionType>,
    budget: &'f Budget,
}

impl<'a, 'f> Cursor<'a, 'f> {
    fn new(body: &Body<'a>, budget: &'f Budget) -> Result<Self> {
        let header = &body.header;
        let missing = || malformed("a batch without nodes or buffers");
        Ok(Self {
            nodes: header.nodes().ok_or_else(missing)?.iter(),
            buffers: header.buffers().ok_or_else(missing)?.iter(),
            variadic: header.variadicBufferCounts(),
            next_variadic: 0,
            bytes: body.bytes,
            codec: header.compression().map(|compression| compression.codec()),
            budget,
        })
    }

    fn buffer(&mut self) -> Result<Buffer<'a>> {
        let buffer = self
            .buffers
            .next()
            .ok_or_else(|| malformed("a buffer is missing"))?;
        let range = usize::try_from(buffer.offset())
            .ok()
            .zip(usize::try_from(buffer.length()).ok())
            .and_then(|(start, length)| Some(start..start.checked_add(length)?))
            .and_then(|range| self.bytes.get(range));
        Ok(Buffer {
            bytes: range.ok_or_else(|| malformed("a buffer lies outside of its message"))?,
            codec: self.codec,
        })
    }

    fn array(&mut self, field: &'f ArrowField<'a>, encoded: bool) -> Result<Array<'a, 'f>> {
        let node = self
            .nodes
            .next()
            .ok_or_else(|| malformed(format!("column `{}` is missing", field.name)))?;
        let len = length(node.length(), self.budget)?;
        let n_buffers = if encoded { 2 } else { field.kind.n_buffers() };
        let mut buffers = (0..n_buffers)
            .map(|_| self.buffer())
            .collect::<Result<Vec<_>>>()?;
        if !encoded && field.kind.is_view() {
            let count = self
                .variadic
                .filter(|counts| self.next_variadic < counts.len())
                .map(|counts| counts.get(self.next_variadic))
                .ok_or_else(|| malformed("a count of data buffers is missing"))?;
            self.next_variadic += 1;
            for _ in 0..count {
                buffers.push(self.buffer()?);
            }
        }
        let children = if encoded {
            Vec::new()
        } else {
            field
                .children
                .iter()
                .map(|child| self.array(child, child.encoding.is_some()))
                .collect::<Result<Vec<_>>>()?
        };
        if matches!(field.kind, ArrowType::Struct) && !encoded {
            for child in &children {
                if child.len < len {
                    return Err(malformed(format!(
                        "field `{}` is too short",
                        child.field.name
                    )));
                }
            }
        }
        Ok(Array {
            field,
            len,
            null_count: usize::try_from(node.null_count()).unwrap_or(usize::MAX),
            buffers,
            children,
            budget: self.budget,
        })
    }
}

impl<'a> Array<'a, '_> {
    fn malformed(&self, reason: impl std::fmt::Display) -> Error {
        malformed(format!("column `{}`: {reason}", self.field.name))
    }

    /// The whole of buffer `i`; empty if there is none.
    fn bytes(&self, i: usize) -> Result<Bytes<'a>> {
        match self.buffers.get(i) {
            None => Ok(Cow::Borrowed(&[])),
            Some(buffer) => buffer
                .read(self.budget)
                .map_err(|reason| self.malformed(reason)),
        }
    }

    /// Which rows are not null; `None` if none is.
    pub fn validity(&self) -> Result<Option<Bitmap>> {
        if self.null_count == 0 || self.len == 0 || self.buffers.is_empty() {
            return Ok(None);
        }
        let bytes = self.bytes(0)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        let Some(bytes) = bytes.get(..self.len.div_ceil(8)) else {
            return Err(self.malformed("the validity buffer is too short"));
        };
        Ok(Some(Bitmap::from_packed(bytes, 0, self.len)))
    }

    /// The second buffer, holding one value of `width` bytes a row and cut to that.
    pub fn fixed(&self, width: usize) -> Result<Bytes<'a>> {
        self.cut(self.bytes(1)?, self.len * width)
    }

    /// The second buffer, holding one bit a row.
    pub fn bits(&self) -> Result<Bitmap> {
        let bytes = self.cut(self.bytes(1)?, self.len.div_ceil(8))?;
        Ok(Bitmap::from_packed(&bytes, 0, self.len))
    }

    fn cut(&self, bytes: Bytes<'a>, n: usize) -> Result<Bytes<'a>> {
        if bytes.len() < n {
            return Err(self.malformed(format!(
                "a buffer of {} bytes where {n} are needed",
                bytes.len()
            )));
        }
        Ok(match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[..n]),
            Cow::Owned(mut bytes) => {
                bytes.truncate(n);
                Cow::Owned(bytes)
            }
        })
    }

    /// The offsets of texts or lists, ascending and at most `limit`: one more than there are rows.
    fn offsets(&self, wide: bool, limit: usize) -> Result<Vec<usize>> {
        let width = if wide { 8 } else { 4 };
        let bytes = self.bytes(1)?;
        // No rows may come with no offsets at all.
        if self.len == 0 {
            return Ok(vec![0]);
        }
        let bytes = self.cut(bytes, (self.len + 1) * width)?;
        let offsets: Vec<usize> = if wide {
            bytes
                .as_chunks::<8>()
                .0
                .iter()
                .map(|&chunk| usize::try_from(u64::from_le_bytes(chunk)).unwrap_or(usize::MAX))
                .collect()
        } else {
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&chunk| u32::from_le_bytes(chunk) as usize)
                .collect()
        };
        if offsets.is_sorted() && offsets.last().is_some_and(|&last| last <= limit) {
            Ok(offsets)
        } else {
            Err(self.malformed("offsets are out of order or out of range"))
        }
    }

    /// The offsets and bytes of texts.
    pub fn texts(&self, wide: bool) -> Result<(Vec<usize>, Bytes<'a>)> {
        let data = self.bytes(2)?;
        Ok((self.offsets(wide, data.len())?, data))
    }

    /// The offsets of lists into their child.
    pub fn lists(&self, wide: bool) -> Result<Vec<usize>> {
        self.offsets(wide, self.children.first().map_or(0, |child| child.len))
    }

    /// The views and the data buffers of texts.
    pub fn views(&self) -> Result<(Bytes<'a>, Vec<Bytes<'a>>)> {
        let data = (2..self.buffers.len())
            .map(|i| self.bytes(i))
            .collect::<Result<Vec<_>>>()?;
        Ok((self.fixed(16)?, data))
    }
}

impl<'a> Buffer<'a> {
    fn read(&self, budget: &Budget) -> Result<Bytes<'a>, String> {
        let Some(codec) = self.codec else {
            return Ok(Cow::Borrowed(self.bytes));
        };
        if self.bytes.is_empty() {
            return Ok(Cow::Borrowed(&[]));
        }
        let (length, data) = self
            .bytes
            .split_first_chunk::<8>()
            .ok_or("a compressed buffer is cut off")?;
        // A length of -1 says that compressing did not pay.
        let Ok(length) = usize::try_from(i64::from_le_bytes(*length)) else {
            return Ok(Cow::Borrowed(data));
        };
        let left = budget.bytes.get().checked_sub(length).ok_or_else(|| {
            format!(
                "decompressing would take {length} bytes more, beyond the limit `decompressed_bytes`; raise it in the \
                 server's options"
            )
        })?;
        budget.bytes.set(left);
        let out = match codec {
            CompressionType::LZ4_FRAME => {
                // LZ4 cannot shrink beyond 255 times, so a longer length is false and memory is not set aside for it.
                if length / 256 > data.len() {
                    return Err("the length of a compressed buffer is false".into());
                }
                read_exactly(lz4_flex::frame::FrameDecoder::new(data), length, length)?
            }
            CompressionType::ZSTD => {
                let decoder = ruzstd::decoding::StreamingDecoder::new(data)
                    .map_err(|error| format!("zstd: {error}"))?;
                // A block of four bytes may stand for 128 KiB, so memory grows with what really comes.
                read_exactly(decoder, length, length.min(data.len() * 64))?
            }
            other => return Err(format!("unknown compression {}", other.0)),
        };
        Ok(Cow::Owned(out))
    }
}

fn read_exactly(
    reader: impl std::io::Read,
    length: usize,
    capacity: usize,
) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(capacity);
    reader
        .take(length as u64)
        .read_to_end(&mut out)
        .map_err(|error| format!("decompression failed: {error}"))?;
    if out.len() == length {
        Ok(out)
    } else {
        Err(format!(
            "a compressed buffer holds {} bytes instead of {length}",
            out.len()
        ))
    }
}
