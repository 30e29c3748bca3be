//! A [`Slice`](crate::slice::Slice) in, bytes of an output format out.

pub mod json;
