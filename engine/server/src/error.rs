//! Errors of requests, and the one place where their text is made.

use sightline_protocol::{ServerError, StatusCode};

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The core refused.
    #[error(transparent)]
    Core(#[from] sightline_core::Error),
    /// No view has this id. Clients tell this apart: for a viewer it is a harmless race.
    #[error("View not found")]
    UnknownView,
    /// No table has this name. The text is the one that clients of the protocol know.
    #[error("Couldn't find key.")]
    UnknownTable,
    /// The session was closed, or never opened.
    #[error("session {0} is not open")]
    UnknownSession(u32),
    /// The session's rights do not cover the request.
    #[error("permission denied: this session may not {0}")]
    Denied(&'static str),
    /// A limit of the server; the text names it.
    #[error("{what} exceeds the limit `{limit}` of {value}; raise it in the server's options")]
    Limit {
        /// What was too large.
        what: String,
        /// The name of the setting.
        limit: &'static str,
        /// Its value.
        value: usize,
    },
    /// Anything else, in words.
    #[error("{0}")]
    Request(String),
}

/// The result of a request.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Request`] from anything printable.
    pub fn request(message: impl Into<String>) -> Self {
        Self::Request(message.into())
    }
}

/// How the texts begin and end that Perspective sends with a line break behind them. Programs compare whole texts, so
/// where ours is the same, it is the same to the last character. Pinned by
/// `tests::texts_of_perspective_keep_their_line_break`.
const WITH_LINE_BREAK: &[(&str, &str)] = &[
    ("Invalid column '", "."),
    ("Invalid aggregate '", "found in View aggregates."),
    ("Unimplemented aggregate '", "found in View aggregates."),
    ("Aggregate '", "requires a column argument."),
    ("Duplicate column '", "found in View group_by."),
    ("Could not get dtype for column `", "in the schema."),
    ("Could not find column index for `", "in the schema."),
    ("Unknown filter operator string: `", "`"),
    ("Unsupported type `", "` for `index`."),
    ("Cannot remove from unindexed Table", "Table"),
    ("Cannot remove fish!", "!"),
];

/// The text that a client gets.
fn text(error: &Error) -> String {
    let mut text = error.to_string();
    let broken = |(start, end): &(&str, &str)| text.starts_with(start) && text.ends_with(end);
    if WITH_LINE_BREAK.iter().any(broken) {
        text.push('\n');
    }
    text
}

impl From<&Error> for ServerError {
    fn from(error: &Error) -> Self {
        let status = match error {
            Error::UnknownView => StatusCode::ViewNotFound,
            _ => StatusCode::ServerError,
        };
        Self {
            message: text(error),
            status_code: status as i32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_perspective_keep_their_line_break() {
        let sent = |text: &str| ServerError::from(&Error::request(text)).message;
        for text in [
            "Invalid column 'x' found in View columns.",
            "Duplicate column 'x' found in View group_by.",
            "Unknown filter operator string: `x`",
        ] {
            assert_eq!(sent(text), format!("{text}\n"));
        }
        for text in [
            "Couldn't find key.",
            "Invalid date format",
            "Cannot delete table with views",
        ] {
            assert_eq!(sent(text), text);
        }
    }
}
