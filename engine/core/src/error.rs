//! The one error type of the core.
//!
//! The text of an error reaches the user as it is, so it names the thing at fault. Variants exist where a caller acts
//! on the kind of error; everything else is told apart by its text.

/// What can go wrong in the core. Input is never trusted and never panics.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Input data that cannot be read: the text says where and what.
    #[error("{0}")]
    Input(String),
    /// A table, view or join configuration that does not fit the schema.
    #[error("{0}")]
    Config(String),
    /// An expression that does not compile, with the place of the fault.
    #[error("{message}")]
    Expression {
        /// What is wrong, in words.
        message: String,
        /// Line of the fault, from 0.
        line: u32,
        /// Column of the fault in characters, from 0.
        column: u32,
    },
    /// A limit was reached; the text names the limit and how to raise it.
    #[error("{0}")]
    Limit(String),
    /// The request needs something this table or view does not allow.
    #[error("{0}")]
    Denied(String),
}

/// The result of every fallible function of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An [`Error::Input`] from anything printable.
    pub fn input(message: impl Into<String>) -> Self {
        Self::Input(message.into())
    }

    /// An [`Error::Config`] from anything printable.
    pub fn config(message: impl Into<String>) -> Self {
        Self::Config(message.into())
    }

    /// An [`Error::Limit`] that names the setting it comes of.
    pub fn over(what: impl std::fmt::Display, limit: &str) -> Self {
        Self::Limit(format!(
            "{what}: that is the limit `{limit}`; raise it in the server's options"
        ))
    }

    /// An [`Error::Limit`] from anything printable.
    pub fn limit(message: impl Into<String>) -> Self {
        Self::Limit(message.into())
    }
}
