//! Framing of Arrow IPC: bytes of a stream or a file in, its schema and its messages in reading order out.
//!
//! Metadata is read through the generated flatbuffer tables, which are verified first; bodies stay slices of the
//! input. Nothing is trusted: every offset and length is checked here or where it is used.

use arrow_ipc::{Endianness, Message, MessageHeader, RecordBatch, root_as_footer, root_as_message};

use super::types::{self, ArrowField};
use crate::error::{Error, Result};

const FILE_MAGIC: &[u8] = b"ARROW1";
const CONTINUATION: u32 = u32::MAX;

/// The columns of one message: metadata, and the bytes that its buffers point into.
pub struct Body<'a> {
    /// Lengths, buffers and compression.
    pub header: RecordBatch<'a>,
    /// The message's body.
    pub bytes: &'a [u8],
}

/// A message after the schema.
pub enum Part<'a> {
    /// Values of a dictionary, or more of them.
    Dictionary {
        /// Which dictionary.
        id: i64,
        /// Whether the values follow those that are there.
        is_delta: bool,
        /// One column of values.
        body: Body<'a>,
    },
    /// Rows.
    Records(Body<'a>),
}

/// All of an input.
pub struct Stream<'a> {
    /// The columns.
    pub fields: Vec<ArrowField<'a>>,
    /// Dictionaries and rows, in the order in which they take effect.
    pub parts: Vec<Part<'a>>,
}

/// Takes an input apart, whether stream or file.
///
/// # Errors
/// If it is not Arrow IPC, is cut off, or its metadata does not verify.
pub fn read(bytes: &[u8]) -> Result<Stream<'_>> {
    if bytes.starts_with(FILE_MAGIC) {
        read_file(bytes).map_err(|reason| {
            Error::input(format!(
                "Failed to open RecordBatchFileReader: Invalid: {reason}"
            ))
        })
    } else {
        read_stream(bytes).map_err(|reason| {
            Error::input(format!(
                "Failed to open RecordBatchStreamReader: Invalid: {reason}"
            ))
        })
    }
}

type Framed<T> = Result<T, String>;

fn read_stream(bytes: &[u8]) -> Framed<Stream<'_>> {
    let mut rest = bytes;
    let Some((message, _)) = next_message(&mut rest)? else {
        return Err("there is no schema message".into());
    };
    let schema = message
        .header_as_schema()
        .ok_or("the first message is not a schema")?;
    check_endianness(schema.endianness())?;
    let fields = types::fields(schema.fields())?;
    let mut parts = Vec::new();
    while let Some((message, body)) = next_message(&mut rest)? {
        parts.push(part(&message, body)?);
    }
    Ok(Stream { fields, parts })
}

fn read_file(bytes: &[u8]) -> Framed<Stream<'_>> {
    // Magic, padding, messages, footer, its length, magic.
    let tail = bytes
        .strip_suffix(FILE_MAGIC)
        .filter(|tail| tail.len() >= 12)
        .ok_or("the file is cut off: its closing magic is missing")?;
    let (rest, length) = tail
        .split_last_chunk::<4>()
        .ok_or("the file has no footer")?;
    let footer = usize::try_from(i32::from_le_bytes(*length))
        .ok()
        .and_then(|length| rest.len().checked_sub(length))
        .map(|start| &rest[start..])
        .ok_or("the footer's length is out of range")?;
    let footer =
        root_as_footer(footer).map_err(|error| format!("the footer is malformed: {error}"))?;
    let schema = footer.schema().ok_or("the footer has no schema")?;
    check_endianness(schema.endianness())?;
    let fields = types::fields(schema.fields())?;
    let mut parts = Vec::new();
    for block in footer
        .dictionaries()
        .iter()
        .flatten()
        .chain(footer.recordBatches().iter().flatten())
    {
        let mut rest = usize::try_from(block.offset())
            .ok()
            .and_then(|start| bytes.get(start..))
            .ok_or("a block lies outside of the file")?;
        let (message, body) = next_message(&mut rest)?.ok_or("a block holds no message")?;
        parts.push(part(&message, body)?);
    }
    Ok(Stream { fields, parts })
}

fn check_endianness(endianness: Endianness) -> Framed<()> {
    if endianness == Endianness::Little {
        Ok(())
    } else {
        Err("big-endian data is not supported".into())
    }
}

/// The next message and its body; `None` at the end of the stream.
fn next_message<'a>(rest: &mut &'a [u8]) -> Framed<Option<(Message<'a>, &'a [u8])>> {
    if rest.is_empty() {
        return Ok(None);
    }
    let mut length = take_word(rest)?;
    // Before version 0.15 the length came first.
    if length == CONTINUATION {
        length = take_word(rest)?;
    }
    if length == 0 {
        return Ok(None);
    }
    let metadata = take(rest, length as usize)?;
    let message = root_as_message(metadata)
        .map_err(|error| format!("the metadata of a message is malformed: {error}"))?;
    let body = usize::try_from(message.bodyLength())
        .map_err(|_| format!("a message has a body of {} bytes", message.bodyLength()))?;
    let body = take(rest, body)?;
    Ok(Some((message, body)))
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> Framed<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(n).ok_or_else(|| {
        format!(
            "no whole Arrow stream or file: expected {n} more bytes, but there are {}",
            rest.len()
        )
    })?;
    *rest = after;
    Ok(taken)
}

fn take_word(rest: &mut &[u8]) -> Framed<u32> {
    take(rest, 4)?
        .first_chunk()
        .map(|bytes| u32::from_le_bytes(*bytes))
        .ok_or_else(|| "a length is cut off".into())
}

fn part<'a>(message: &Message<'a>, bytes: &'a [u8]) -> Framed<Part<'a>> {
    if let Some(header) = message.header_as_record_batch() {
        return Ok(Part::Records(Body { header, bytes }));
    }
    if let Some(dictionary) = message.header_as_dictionary_batch() {
        let header = dictionary.data().ok_or("a dictionary has no values")?;
        return Ok(Part::Dictionary {
            id: dictionary.id(),
            is_delta: dictionary.isDelta(),
            body: Body { header, bytes },
        });
    }
    Err(match message.header_type() {
        MessageHeader::Schema => "a second schema message".into(),
        other => format!(
            "unexpected message {:?}",
            other.variant_name().unwrap_or("?")
        ),
    })
}
