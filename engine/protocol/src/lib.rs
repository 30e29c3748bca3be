//! The messages of `proto/sightline.proto` as Rust types.
//!
//! `messages.rs` is generated and committed, so a build needs no protobuf compiler; `tests/generated.rs` holds it equal
//! to what the `.proto` file gives (and writes it anew with `UPDATE_GENERATED=1`).
#![forbid(unsafe_code)]

#[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all, reason = "generated from the .proto file")]
#[rustfmt::skip]
mod messages;

pub use messages::*;
pub use prost::{DecodeError, Message};
