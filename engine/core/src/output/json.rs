//! Cells as JSON text, for every output that needs it.

use super::number::{write_int, write_json_float, write_uint};
use crate::ingest::time;
use crate::value::Value;

/// Writes one cell. Floats always show a point or an exponent; dates are milliseconds unless `formatted`.
pub fn write_value(value: Value<'_>, formatted: bool, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(value) => write_int(value, out),
        Value::UInt(value) => write_uint(value, out),
        Value::Float(value) => write_json_float(value, out),
        Value::Date(days) if formatted => {
            out.push(b'"');
            time::write_date(days, out);
            out.push(b'"');
        }
        Value::Date(days) => write_int(i64::from(days) * time::DAY_MS, out),
        Value::Datetime(ms) if formatted => {
            out.push(b'"');
            time::write_datetime(ms, out);
            out.push(b'"');
        }
        Value::Datetime(ms) => write_int(ms, out),
        Value::Text(text) => write_text(text, out),
    }
}

/// Writes text in quotes, escaping what JSON asks for.
pub fn write_text(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut written = 0;
    for (i, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[written..i]);
        written = i + 1;
        let short = match byte {
            b'"' | b'\\' => byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', short]);
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}
