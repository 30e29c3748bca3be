//! How columns are headed: split values joined to names, and the columns of group keys.

use std::borrow::Cow;

use super::number::write_csv_float;
use crate::ingest::time;
use crate::slice::{Slice, SliceColumn};
use crate::value::Value;

/// How the columns of group keys are called in Arrow and CSV.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum GroupNames {
    /// `g`; a shown column of the same name becomes `g (count)`, after its aggregate.
    #[default]
    Plain,
    /// `g (Group by 1)`.
    Legacy,
    /// `__ROW_PATH_0__`.
    Machine,
}

/// Writes a value of a split column as part of a header: text as it is, `null`, dates as `2024-01-31`.
pub fn write_path_value(value: Value<'_>, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Text(text) => out.extend_from_slice(text.as_bytes()),
        Value::Float(number) => write_csv_float(number, out),
        Value::Date(days) => time::write_date(days, out),
        Value::Datetime(ms) => time::write_datetime(ms, out),
        Value::Bool(_) | Value::Int(_) | Value::UInt(_) => {
            super::json::write_value(value, false, out)
        }
    }
}

/// The header of a data column, split values first: `x|y|price`.
pub(super) fn header<'a>(column: &SliceColumn<'a>, name: &str) -> Cow<'a, str> {
    if column.path.is_empty() && name == column.name {
        return Cow::Borrowed(column.name);
    }
    let mut header = Vec::new();
    for value in &column.path {
        write_path_value(value.as_value(), &mut header);
        header.push(b'|');
    }
    header.extend_from_slice(name.as_bytes());
    // Nothing but UTF-8 was written.
    Cow::Owned(String::from_utf8(header).unwrap_or_default())
}

/// The headers of all columns of a tabular format: group keys, then data.
pub(super) fn headers<'a>(
    slice: &Slice<'a>,
    names: GroupNames,
) -> (Vec<Cow<'a, str>>, Vec<Cow<'a, str>>) {
    let groups: &[&'a str] = slice.row_paths.as_ref().map_or(&[], |paths| &paths.names);
    let group_headers = groups
        .iter()
        .enumerate()
        .map(|(level, &name)| match names {
            GroupNames::Plain => Cow::Borrowed(name),
            GroupNames::Legacy => Cow::Owned(format!("{name} (Group by {})", level + 1)),
            GroupNames::Machine => Cow::Owned(format!("__ROW_PATH_{level}__")),
        })
        .collect();
    let data_headers = slice
        .columns
        .iter()
        .map(|column| match column.aggregate {
            Some(aggregate) if names == GroupNames::Plain && groups.contains(&column.name) => {
                header(column, &format!("{} ({aggregate})", column.name))
            }
            _ => header(column, column.name),
        })
        .collect();
    (group_headers, data_headers)
}
