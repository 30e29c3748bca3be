//! The columns that a view computes: expressions, and windows over them.
