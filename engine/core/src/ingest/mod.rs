//! Input in, validated [`Batch`](crate::batch::Batch) out: Arrow IPC, CSV and JSON, with types inferred or converted.
//!
//! [`time`] dates and datetimes as text.

pub mod time;
