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

impl From<&Error> for ServerError {
    fn from(error: &Error) -> Self {
        let status = match error {
            Error::UnknownView => StatusCode::ViewNotFound,
            _ => StatusCode::ServerError,
        };
        Self {
            message: error.to_string(),
            status_code: status as i32,
        }
    }
}
