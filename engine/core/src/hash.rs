//! One deterministic hasher for every map of the engine.
//!
//! The seed is fixed, so a replay of the same messages gives the same bytes on every front.

use foldhash::fast::FixedState;

/// The hasher of all engine maps: fast, with a fixed seed.
pub type Hasher = FixedState;

/// A hash map with the engine's hasher.
pub type HashMap<K, V> = hashbrown::HashMap<K, V, Hasher>;

/// A hash set with the engine's hasher.
pub type HashSet<K> = hashbrown::HashSet<K, Hasher>;

/// Hashes one value with the engine's hasher.
pub fn hash_one<T: std::hash::Hash + ?Sized>(value: &T) -> u64 {
    use std::hash::BuildHasher as _;
    Hasher::default().hash_one(value)
}
