//! Messages of an IPC stream: the header that tells where buffers lie, and the body that is the buffers.
//!
//! The length of every plain buffer is known before it is written, so a header can go out first and the buffers be
//! written right behind it, into the answer itself. Compressed ones are made beforehand.

use arrow_ipc::{
    BodyCompressionBuilder, BodyCompressionMethod, Buffer, CompressionType, DictionaryBatchBuilder,
    FieldNode, MessageBuilder, MessageHeader, MetadataVersion, RecordBatch, RecordBatchBuilder,
};
use flatbuffers::{FlatBufferBuilder, WIPOffset};

use super::Compression;
use crate::error::{Error, Result};

/// Writes one buffer.
type Write<'a> = Box<dyn FnOnce(&mut Vec<u8>) + 'a>;

/// The body of a message to come.
#[derive(Default)]
pub struct Body<'a> {
    nodes: Vec<FieldNode>,
    /// The length of each buffer, and what writes exactly that.
    buffers: Vec<(usize, Write<'a>)>,
}

/// What a message is.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A record batch.
    Records,
    /// The values of the dictionary with this id.
    Dictionary(i64),
}

impl<'a> Body<'a> {
    /// Adds a node: one array with its nulls.
    pub fn node(&mut self, len: usize, n_nulls: usize) {
        self.nodes.push(FieldNode::new(len as i64, n_nulls as i64));
    }

    /// Adds a buffer of `len` bytes.
    pub fn buffer(&mut self, len: usize, write: impl FnOnce(&mut Vec<u8>) + 'a) {
        self.buffers.push((len, Box::new(write)));
    }

    /// Writes the message, of `n_rows` rows.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn write(
        mut self,
        kind: Kind,
        n_rows: usize,
        compression: Option<Compression>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        if let Some(compression) = compression {
            let mut buffers: Vec<(usize, Write<'a>)> = Vec::with_capacity(self.buffers.len());
            for (len, write) in self.buffers {
                let compressed = compress(compression, len, write)?;
                buffers.push((
                    compressed.len(),
                    Box::new(move |out| out.extend_from_slice(&compressed)),
                ));
            }
            self.buffers = buffers;
        }
        let mut end = 0;
        let places: Vec<Buffer> = self
            .buffers
            .iter()
            .map(|(len, _)| {
                let start = end;
                end = (start + len).next_multiple_of(8);
                Buffer::new(start as i64, *len as i64)
            })
            .collect();
        let mut fbb = FlatBufferBuilder::new();
        let batch = batch_header(&mut fbb, &self.nodes, &places, n_rows, compression);
        let (header_type, header) = match kind {
            Kind::Records => (MessageHeader::RecordBatch, batch.as_union_value()),
            Kind::Dictionary(id) => {
                let mut dictionary = DictionaryBatchBuilder::new(&mut fbb);
                dictionary.add_id(id);
                dictionary.add_data(batch);
                let dictionary = dictionary.finish().as_union_value();
                (MessageHeader::DictionaryBatch, dictionary)
            }
        };
        let mut message = MessageBuilder::new(&mut fbb);
        message.add_version(MetadataVersion::V5);
        message.add_header_type(header_type);
        message.add_bodyLength(end as i64);
        message.add_header(header);
        let message = message.finish();
        fbb.finish(message, None);
        write_header(fbb.finished_data(), out);
        out.try_reserve_exact(end + 8)
            .map_err(|_| Error::limit("not enough memory for the Arrow result"))?;
        for (len, write) in self.buffers {
            let start = out.len();
            write(out);
            debug_assert_eq!(
                out.len(),
                start + len,
                "a buffer has the length it was announced with"
            );
            out.resize(start + len.next_multiple_of(8), 0);
        }
        Ok(())
    }
}

/// Writes an encapsulated message header, padded to 8 bytes.
pub fn write_header(header: &[u8], out: &mut Vec<u8>) {
    let padded = header.len().next_multiple_of(8);
    out.extend_from_slice(&[0xff; 4]);
    out.extend_from_slice(&(padded as u32).to_le_bytes());
    out.extend_from_slice(header);
    out.resize(out.len() + padded - header.len(), 0);
}

fn batch_header<'b>(
    fbb: &mut FlatBufferBuilder<'b>,
    nodes: &[FieldNode],
    places: &[Buffer],
    n_rows: usize,
    compression: Option<Compression>,
) -> WIPOffset<RecordBatch<'b>> {
    let buffers = fbb.create_vector(places);
    let nodes = fbb.create_vector(nodes);
    let compression = compression.map(|compression| {
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

/// A buffer as a compressed body has it: its plain length, and the compressed bytes, or -1 and the plain bytes where
/// compressing does not pay. An empty buffer stays empty.
fn compress(compression: Compression, len: usize, write: Write<'_>) -> Result<Vec<u8>> {
    if len == 0 {
        return Ok(Vec::new());
    }
    let mut plain = Vec::with_capacity(len);
    write(&mut plain);
    let mut out = (len as i64).to_le_bytes().to_vec();
    match compression {
        Compression::Lz4 => {
            use std::io::Write as _;
            let mut encoder = lz4_flex::frame::FrameEncoder::new(out);
            let finished = encoder
                .write_all(&plain)
                .and_then(|()| encoder.finish().map_err(Into::into));
            out = finished
                .map_err(|error| Error::input(format!("LZ4 compression failed: {error}")))?;
        }
        Compression::Zstd => {
            let level = ruzstd::encoding::CompressionLevel::Fastest;
            ruzstd::encoding::compress(plain.as_slice(), &mut out, level);
        }
    }
    if out.len() >= len + 8 {
        out.clear();
        out.extend_from_slice(&(-1_i64).to_le_bytes());
        out.extend_from_slice(&plain);
    }
    Ok(out)
}
