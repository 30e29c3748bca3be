//! The messages of `proto/sightline.proto` as Rust types.
//!
//! `messages.rs` is generated and committed, so a build needs no protobuf compiler; `tests/generated.rs` holds it equal
//! to what the `.proto` file gives (and writes it anew with `UPDATE_GENERATED=1`).
#![forbid(unsafe_code)]

#[allow(missing_docs, clippy::all, clippy::pedantic, rustdoc::all, reason = "generated from the .proto file")]
#[rustfmt::skip]
mod messages;

/// The head of a request: who asks about what. Decoding it steps over the body.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Envelope {
    /// The id of the request, which its answer repeats.
    #[prost(uint32, tag = "1")]
    pub msg_id: u32,
    /// The table or view it is about.
    #[prost(string, tag = "2")]
    pub entity_id: prost::alloc::string::String,
}

pub use messages::*;
pub use prost::{DecodeError, Message};
