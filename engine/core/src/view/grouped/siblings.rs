//! The ordered children of a group.
//!
//! Nodes lie in chunks, so that a million siblings are inserted into, removed from and sought in at the cost of one
//! chunk plus a walk over chunk headers. Each node's chunk is remembered outside (`places`), so removal needs no
//! comparing: a node whose sort value has changed already can still be taken out. Chunks carry a weight, the number of
//! rows shown when everything is open, for seeking.

use std::cmp::Ordering;

use super::axis::NodeId;

/// Chunks split at this many nodes.
const CHUNK: usize = 256;
/// Chunks of a bulk load are filled so far.
const FILL: usize = 192;

#[derive(Debug, Clone, Default)]
struct Chunk {
    nodes: Vec<NodeId>,
    weight: u32,
    /// Where it stands in `order`.
    position: u32,
}

/// A place among siblings, good until they change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    position: usize,
    index: usize,
}

/// Ordered nodes.
#[derive(Debug, Clone, Default)]
pub(super) struct Siblings {
    chunks: Vec<Chunk>,
    order: Vec<u32>,
    free: Vec<u32>,
    len: u32,
}

impl Siblings {
    /// Nodes in order; each node's weight is asked for.
    pub(super) fn from_sorted(
        nodes: Vec<NodeId>,
        places: &mut [u32],
        weight: impl Fn(NodeId) -> u32,
    ) -> Self {
        let mut made = Self {
            len: nodes.len() as u32,
            ..Self::default()
        };
        let mut push = |nodes: Vec<NodeId>| {
            let position = made.chunks.len() as u32;
            nodes
                .iter()
                .for_each(|&node| places[node as usize] = position);
            made.order.push(position);
            made.chunks.push(Chunk {
                weight: nodes.iter().map(|&node| weight(node)).sum(),
                nodes,
                position,
            });
        };
        if nodes.len() <= FILL {
            if !nodes.is_empty() {
                push(nodes);
            }
        } else {
            nodes.chunks(FILL).for_each(|part| push(part.to_vec()));
        }
        made
    }

    /// The number of nodes.
    pub(super) fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The chunks in order, each with its weight.
    pub(super) fn chunks(&self) -> impl Iterator<Item = (&[NodeId], u32)> {
        self.order.iter().map(|&id| {
            let chunk = &self.chunks[id as usize];
            (&chunk.nodes[..], chunk.weight)
        })
    }

    /// All nodes in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = NodeId> {
        self.chunks().flat_map(|(nodes, _)| nodes.iter().copied())
    }

    /// The position of the chunk a node lies in, given its place.
    pub(super) fn chunk_position(&self, place: u32) -> usize {
        self.chunks[place as usize].position as usize
    }

    /// Takes note that the weight of a node in the chunk changed.
    pub(super) fn reweigh(&mut self, place: u32, by: i32) {
        let weight = &mut self.chunks[place as usize].weight;
        *weight = weight.wrapping_add_signed(by);
    }

    /// Takes out a node.
    pub(super) fn remove(&mut self, node: NodeId, weight: u32, places: &[u32]) {
        let id = places[node as usize];
        let chunk = &mut self.chunks[id as usize];
        let Some(at) = chunk.nodes.iter().position(|&other| other == node) else {
            return;
        };
        chunk.nodes.remove(at);
        chunk.weight -= weight;
        self.len -= 1;
        if chunk.nodes.is_empty() {
            let position = chunk.position as usize;
            self.order.remove(position);
            self.free.push(id);
            self.renumber(position);
        }
    }

    fn renumber(&mut self, from: usize) {
        for (position, &id) in self.order.iter().enumerate().skip(from) {
            self.chunks[id as usize].position = position as u32;
        }
    }

    /// Where a node belongs, by `compare`, which compares another node with it.
    pub(super) fn seek(&self, mut compare: impl FnMut(NodeId) -> Ordering) -> Place {
        let position = self
            .order
            .partition_point(|&id| {
                let first = self.chunks[id as usize].nodes.first();
                first.is_some_and(|&first| compare(first).is_lt())
            })
            .saturating_sub(1);
        let index = self.order.get(position).map_or(0, |&id| {
            self.chunks[id as usize]
                .nodes
                .partition_point(|&other| compare(other).is_lt())
        });
        Place { position, index }
    }

    /// The place after all nodes.
    pub(super) fn end(&self) -> Place {
        let position = self.order.len().saturating_sub(1);
        let index = self
            .order
            .last()
            .map_or(0, |&id| self.chunks[id as usize].nodes.len());
        Place { position, index }
    }

    /// Puts a node in a place.
    pub(super) fn insert(&mut self, node: NodeId, weight: u32, places: &mut [u32], at: Place) {
        self.len += 1;
        if self.order.is_empty() {
            self.new_chunk(Chunk::default(), 0);
            self.renumber(0);
        }
        let id = self.order[at.position];
        let chunk = &mut self.chunks[id as usize];
        chunk.nodes.insert(at.index, node);
        chunk.weight += weight;
        places[node as usize] = id;
    }

    /// Splits the chunk a node was put in, if it has grown too large.
    pub(super) fn balance(
        &mut self,
        node: NodeId,
        places: &mut [u32],
        weight: impl Fn(NodeId) -> u32,
    ) {
        let id = places[node as usize];
        let chunk = &mut self.chunks[id as usize];
        if chunk.nodes.len() < CHUNK {
            return;
        }
        let nodes = chunk.nodes.split_off(CHUNK / 2);
        let moved: u32 = nodes.iter().map(|&node| weight(node)).sum();
        chunk.weight -= moved;
        let position = chunk.position as usize + 1;
        let new = self.new_chunk(
            Chunk {
                nodes,
                weight: moved,
                position: 0,
            },
            position,
        );
        for &node in &self.chunks[new as usize].nodes {
            places[node as usize] = new;
        }
        self.renumber(position);
    }

    fn new_chunk(&mut self, chunk: Chunk, position: usize) -> u32 {
        let id = if let Some(id) = self.free.pop() {
            self.chunks[id as usize] = chunk;
            id
        } else {
            self.chunks.push(chunk);
            self.chunks.len() as u32 - 1
        };
        self.order.insert(position, id);
        id
    }

    /// Bytes held on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.chunks.capacity() * size_of::<Chunk>()
            + self.order.capacity() * 4
            + self
                .chunks
                .iter()
                .map(|chunk| chunk.nodes.capacity() * 4)
                .sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_in_order_through_inserts_and_removals() {
        let mut places = vec![0; 4000];
        let mut siblings =
            Siblings::from_sorted((0..1000).map(|i| i * 4).collect(), &mut places, |_| 1);
        for node in (1..4000).step_by(2) {
            let place = siblings.seek(|other| other.cmp(&node));
            siblings.insert(node, 1, &mut places, place);
            siblings.balance(node, &mut places, |_| 1);
        }
        for node in (0..4000).step_by(8) {
            siblings.remove(node, 1, &places);
        }
        let expected: Vec<u32> = (0..4000)
            .filter(|n| n % 2 == 1 || (n % 4 == 0 && n % 8 != 0))
            .collect();
        assert_eq!(siblings.iter().collect::<Vec<_>>(), expected);
        assert_eq!(siblings.len(), expected.len());
        for (position, (nodes, weight)) in siblings.chunks().enumerate() {
            assert_eq!(weight as usize, nodes.len());
            for &node in nodes {
                assert_eq!(siblings.chunk_position(places[node as usize]), position);
            }
        }
    }
}
