//! The message server: request bytes in, addressed response bytes out.
//!
//! A front (wasm-bindgen, the C ABI, a native test) opens sessions and hands over requests; the server answers with
//! messages for this and other sessions. It owns the tables and views by name and decides when views are stepped; all
//! computation is in `sightline-core`. It has no threads, clock or I/O: the time is an argument.
//!
//! In reading order: [`Server`], [`options`], `session`, `entry` (tables and views with their followers), `log` (what a
//! follower has to catch up with), `flush` (poll and notifications), `handlers`, `convert`, [`Outgoing`].
#![forbid(unsafe_code)]

mod control;
mod convert;
mod entry;
mod error;
mod features;
mod flush;
mod handlers;
mod log;
pub mod options;
mod outbox;
mod server;
mod session;

pub use error::Error;
pub use options::{Limits, Permissions, ServerOptions, SessionOptions};
pub use outbox::Outgoing;
pub use server::Server;
