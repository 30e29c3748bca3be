//! One axis of a pivot: the tree of groups that `group_by` (or `split_by`) makes.
//!
//! Nodes have dense ids, 0 being the total. A node knows its parent, its key (a [word](crate::aggregate::words) of the
//! level's column), its depth and how many rows lie under it; inner nodes also know their ordered children and how
//! many nodes lie below. A node goes with its last row, and its id is used again.

use std::cmp::Ordering;

use hashbrown::HashTable;

use super::siblings::{Place, Siblings};
use crate::aggregate::words::{compare, dictionary_of, value_of, word_at};
use crate::column::Column;
use crate::hash::{HashSet, hash_one};
use crate::value::Value;

/// A group of an axis.
pub type NodeId = u32;

/// The total.
pub const ROOT: NodeId = 0;

/// No node, no list.
pub(super) const NONE: u32 = u32::MAX;

/// A group's key within its level: `None` for null.
pub(super) type Key = Option<u64>;

const NULL_FLAG: u8 = 0x80;

/// The children of an inner node.
#[derive(Debug, Default)]
pub(super) struct Family {
    pub(super) children: Siblings,
    /// How many rows the nodes below show when everything is open.
    pub(super) below: u32,
    /// When it was made: tells it from an earlier family of the same node.
    pub(super) born: u32,
}

/// The tree of groups.
#[derive(Debug, Default)]
pub(super) struct Axis {
    n_levels: u8,
    /// Whether inner nodes are shown, or leaves only.
    shows_inner: bool,
    parents: Vec<NodeId>,
    words: Vec<u64>,
    /// Depth, and whether the key is null.
    flags: Vec<u8>,
    n_rows: Vec<u32>,
    /// The place of each node in its family ([`Siblings`]).
    places: Vec<u32>,
    /// The family of each inner node.
    family_of: Vec<u32>,
    families: Vec<Family>,
    free_families: Vec<u32>,
    free: Vec<NodeId>,
    born: u32,
    /// Finds nodes by parent and key. Made at the first step.
    index: Option<HashTable<NodeId>>,
}

fn node_hash(parent: NodeId, key: Key) -> u64 {
    hash_one(&(parent, key))
}

impl Axis {
    /// An axis with only the total, holding nothing.
    pub(super) fn new(n_levels: usize, shows_inner: bool) -> Self {
        let mut axis = Self {
            n_levels: n_levels as u8,
            shows_inner,
            ..Self::default()
        };
        axis.push(NONE, None, 0);
        axis
    }

    fn push(&mut self, parent: NodeId, key: Key, depth: u8) -> NodeId {
        let node = self.parents.len() as NodeId;
        self.parents.push(parent);
        self.words.push(key.unwrap_or(0));
        self.flags
            .push(depth | if key.is_none() { NULL_FLAG } else { 0 });
        self.n_rows.push(0);
        self.places.push(NONE);
        self.family_of.push(NONE);
        if depth < self.n_levels {
            self.found_family(node);
        }
        node
    }

    fn found_family(&mut self, node: NodeId) {
        self.born += 1;
        let family = Family {
            born: self.born,
            ..Family::default()
        };
        self.family_of[node as usize] = if let Some(at) = self.free_families.pop() {
            self.families[at as usize] = family;
            at
        } else {
            self.families.push(family);
            self.families.len() as u32 - 1
        };
    }

    /// Builds the tree of the leaf groups `0..firsts.len()`, each known by one of its rows. Their ids are those
    /// numbers plus 1, or 0 without levels. Inner nodes follow, level by level. Children are left unordered, and
    /// nothing is counted yet.
    pub(super) fn grow(&mut self, columns: &[&Column], firsts: &[u32]) {
        let Some((last, upper)) = columns.split_last() else {
            return;
        };
        let depth = columns.len() as u8;
        self.reserve(firsts.len());
        for &slot in firsts {
            self.push(ROOT, word_at(last, slot as usize, true), depth);
        }
        // The node of each leaf's path, one level after the other.
        let mut at: Vec<NodeId> = if upper.is_empty() {
            Vec::new()
        } else {
            vec![ROOT; firsts.len()]
        };
        for (level, column) in upper.iter().enumerate() {
            let mut known: HashTable<NodeId> = HashTable::new();
            for (node, &slot) in at.iter_mut().zip(firsts) {
                let key = word_at(column, slot as usize, true);
                let parent = *node;
                let hash = node_hash(parent, key);
                let found = known
                    .find(hash, |&other| {
                        self.parents[other as usize] == parent && self.key(other) == key
                    })
                    .copied();
                *node = found.unwrap_or_else(|| {
                    let made = self.push(parent, key, level as u8 + 1);
                    known.insert_unique(hash, made, |&other| {
                        node_hash(self.parents[other as usize], self.key(other))
                    });
                    made
                });
            }
        }
        for (leaf, parent) in at.into_iter().enumerate() {
            self.parents[leaf + 1] = parent;
        }
    }

    fn reserve(&mut self, n: usize) {
        self.parents.reserve(n);
        self.words.reserve(n);
        self.flags.reserve(n);
        self.n_rows.reserve(n);
        self.places.reserve(n);
        self.family_of.reserve(n);
    }

    /// Sets the number of rows of a node in a bulk load.
    pub(super) fn set_rows(&mut self, node: NodeId, n: u32) {
        self.n_rows[node as usize] = n;
    }

    /// Adds up the rows of all nodes from those of the leaves.
    pub(super) fn roll_up_rows(&mut self) {
        for depth in (1..=self.n_levels).rev() {
            for node in 1..self.parents.len() {
                if self.flags[node] & !NULL_FLAG == depth {
                    self.n_rows[self.parents[node] as usize] += self.n_rows[node];
                }
            }
        }
    }

    /// Orders all children in a bulk load: `sort` orders the children of one node.
    pub(super) fn arrange(&mut self, mut sort: impl FnMut(&Self, NodeId, &mut Vec<NodeId>)) {
        let mut children: Vec<Vec<NodeId>> = vec![Vec::new(); self.families.len()];
        for node in 1..self.parents.len() {
            let family = self.family_of[self.parents[node] as usize];
            children[family as usize].push(node as NodeId);
        }
        for depth in (0..self.n_levels).rev() {
            for node in 0..self.parents.len() {
                if self.flags[node] & !NULL_FLAG != depth {
                    continue;
                }
                let family = self.family_of[node] as usize;
                let mut list = std::mem::take(&mut children[family]);
                sort(self, node as NodeId, &mut list);
                let below: u32 = list.iter().map(|&child| self.weight(child)).sum();
                let mut places = std::mem::take(&mut self.places);
                let siblings = Siblings::from_sorted(list, &mut places, |child| self.weight(child));
                self.places = places;
                self.families[family].children = siblings;
                self.families[family].below = below;
            }
        }
    }

    /// Puts the children of one node in another order.
    pub(super) fn set_children(&mut self, node: NodeId, children: Vec<NodeId>) {
        let family = self.family_of[node as usize] as usize;
        let mut places = std::mem::take(&mut self.places);
        self.families[family].children =
            Siblings::from_sorted(children, &mut places, |child| self.weight(child));
        self.places = places;
    }

    /// The number of levels below the total.
    pub(super) fn n_levels(&self) -> usize {
        self.n_levels.into()
    }

    /// How many node ids there are, free ones included.
    pub(super) fn n_nodes(&self) -> usize {
        self.parents.len()
    }

    /// How many nodes there are, the total included.
    pub(super) fn n_live(&self) -> usize {
        self.parents.len() - self.free.len()
    }

    /// The parent of a node that is not the total.
    #[inline]
    pub(super) fn parent(&self, node: NodeId) -> NodeId {
        self.parents[node as usize]
    }

    /// The parents of all nodes, indexed by node.
    pub(super) fn parents(&self) -> &[NodeId] {
        &self.parents
    }

    /// The depth of a node: 0 for the total.
    #[inline]
    pub(super) fn depth(&self, node: NodeId) -> usize {
        (self.flags[node as usize] & !NULL_FLAG).into()
    }

    /// Whether a node is of the deepest level.
    #[inline]
    pub(super) fn is_leaf(&self, node: NodeId) -> bool {
        self.depth(node) == self.n_levels()
    }

    /// The key of a node within its level.
    #[inline]
    pub(super) fn key(&self, node: NodeId) -> Key {
        (self.flags[node as usize] & NULL_FLAG == 0).then(|| self.words[node as usize])
    }

    /// The key of a node as a value; `column` is that of its level.
    pub(super) fn value<'a>(&self, node: NodeId, column: &'a Column) -> Value<'a> {
        self.key(node)
            .map_or(Value::Null, |word| value_of(column, word))
    }

    /// The number of rows under a node.
    #[inline]
    pub(super) fn n_rows(&self, node: NodeId) -> u32 {
        self.n_rows[node as usize]
    }

    /// The children of an inner node.
    pub(super) fn family(&self, node: NodeId) -> Option<&Family> {
        self.families.get(self.family_of[node as usize] as usize)
    }

    /// The ordered children; empty for leaves.
    pub(super) fn children(&self, node: NodeId) -> impl Iterator<Item = NodeId> {
        self.family(node)
            .into_iter()
            .flat_map(|family| family.children.iter())
    }

    /// How many rows a node and all below it show when everything is open: its weight among its siblings.
    #[inline]
    pub(super) fn weight(&self, node: NodeId) -> u32 {
        match self.family(node) {
            None => 1,
            Some(family) => u32::from(self.shows_inner) + family.below,
        }
    }

    /// Whether inner nodes are shown, or leaves only.
    pub(super) fn shows_inner(&self) -> bool {
        self.shows_inner
    }

    /// The position, among its siblings' chunks, of the one a node lies in.
    pub(super) fn chunk_position(&self, node: NodeId) -> usize {
        self.family(self.parent(node)).map_or(0, |family| {
            family.children.chunk_position(self.places[node as usize])
        })
    }

    /// The ancestor of `node` at `depth`, which is at most its own.
    pub(super) fn ancestor(&self, mut node: NodeId, depth: usize) -> NodeId {
        while self.depth(node) > depth {
            node = self.parent(node);
        }
        node
    }

    /// Compares the keys of two nodes of one level.
    pub(super) fn compare_keys(&self, a: NodeId, b: NodeId, column: &Column) -> Ordering {
        match (self.key(a), self.key(b)) {
            (Some(a), Some(b)) => compare(dictionary_of(column), a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    fn find(&mut self, parent: NodeId, key: Key) -> Option<NodeId> {
        let index = self.index.get_or_insert_with(|| {
            let mut index = HashTable::with_capacity(self.parents.len());
            // Nodes that were given up before the first search must not be found.
            let free: HashSet<NodeId> = self.free.iter().copied().collect();
            for node in (1..self.parents.len()).filter(|&node| !free.contains(&(node as NodeId))) {
                let key = (self.flags[node] & NULL_FLAG == 0).then(|| self.words[node]);
                index.insert_unique(
                    node_hash(self.parents[node], key),
                    node as NodeId,
                    |&other| {
                        let other = other as usize;
                        let key = (self.flags[other] & NULL_FLAG == 0).then(|| self.words[other]);
                        node_hash(self.parents[other], key)
                    },
                );
            }
            index
        });
        index
            .find(node_hash(parent, key), |&other| {
                let other = other as usize;
                self.parents[other] == parent
                    && (self.flags[other] & NULL_FLAG == 0).then(|| self.words[other]) == key
            })
            .copied()
    }

    /// Whether the path of a leaf is the one of this row.
    pub(super) fn holds(&self, mut leaf: NodeId, columns: &[&Column], row: usize) -> bool {
        columns.iter().rev().all(|column| {
            let same = self.key(leaf) == word_at(column, row, true);
            leaf = self.parents[leaf as usize];
            same
        })
    }

    /// The leaf of a row, made if there is none; made nodes are added to `made`, parents first, and are not among
    /// their siblings yet.
    pub(super) fn locate(
        &mut self,
        columns: &[&Column],
        row: usize,
        made: &mut Vec<NodeId>,
    ) -> NodeId {
        let mut node = ROOT;
        for (level, column) in columns.iter().enumerate() {
            let key = word_at(column, row, true);
            node = match self.find(node, key) {
                Some(found) => found,
                None => {
                    let child = self.make(node, key, level as u8 + 1);
                    made.push(child);
                    child
                }
            };
        }
        node
    }

    fn make(&mut self, parent: NodeId, key: Key, depth: u8) -> NodeId {
        let node = if let Some(node) = self.free.pop() {
            let at = node as usize;
            self.parents[at] = parent;
            self.words[at] = key.unwrap_or(0);
            self.flags[at] = depth | if key.is_none() { NULL_FLAG } else { 0 };
            self.n_rows[at] = 0;
            self.places[at] = NONE;
            self.family_of[at] = NONE;
            if depth < self.n_levels {
                self.found_family(node);
            }
            node
        } else {
            self.push(parent, key, depth)
        };
        if let Some(mut index) = self.index.take() {
            index.insert_unique(node_hash(parent, key), node, |&other| {
                node_hash(self.parents[other as usize], self.key(other))
            });
            self.index = Some(index);
        }
        node
    }

    /// Counts a row of a leaf in or out, up to the total.
    pub(super) fn count(&mut self, leaf: NodeId, by: i32) {
        let mut node = leaf;
        while node != NONE {
            let n = &mut self.n_rows[node as usize];
            *n = n.wrapping_add_signed(by);
            node = self.parents[node as usize];
        }
    }

    /// Where a node belongs among its siblings; `compare` compares another one with it.
    pub(super) fn seek(
        &self,
        node: NodeId,
        compare: impl FnMut(NodeId) -> Ordering,
    ) -> Option<Place> {
        let family = self.family(self.parent(node))?;
        Some(family.children.seek(compare))
    }

    /// Puts a node among its siblings, at the end if no place is given.
    pub(super) fn place(&mut self, node: NodeId, at: Option<Place>) {
        let parent = self.parent(node);
        let weight = self.weight(node);
        let family = self.family_of[parent as usize] as usize;
        let mut children = std::mem::take(&mut self.families[family].children);
        let at = at.unwrap_or_else(|| children.end());
        children.insert(node, weight, &mut self.places, at);
        let mut places = std::mem::take(&mut self.places);
        children.balance(node, &mut places, |child| self.weight(child));
        self.places = places;
        self.families[family].children = children;
        self.add_below(parent, weight as i32);
    }

    /// Takes a node from among its siblings.
    pub(super) fn unplace(&mut self, node: NodeId) {
        let parent = self.parent(node);
        let weight = self.weight(node);
        let family = self.family_of[parent as usize] as usize;
        self.families[family]
            .children
            .remove(node, weight, &self.places);
        self.places[node as usize] = NONE;
        self.add_below(parent, -(weight as i32));
    }

    /// Notes that so many nodes came below `node`.
    fn add_below(&mut self, mut node: NodeId, by: i32) {
        loop {
            let family = self.family_of[node as usize] as usize;
            let below = &mut self.families[family].below;
            *below = below.wrapping_add_signed(by);
            let place = self.places[node as usize];
            if node == ROOT || place == NONE {
                return;
            }
            let parent = self.parents[node as usize];
            let family = self.family_of[parent as usize] as usize;
            self.families[family].children.reweigh(place, by);
            node = parent;
        }
    }

    /// Gives up a node without rows that stands nowhere any more.
    pub(super) fn free(&mut self, node: NodeId) {
        let hash = node_hash(self.parent(node), self.key(node));
        if let Some(index) = &mut self.index
            && let Ok(entry) = index.find_entry(hash, |&other| other == node)
        {
            entry.remove();
        }
        let family = std::mem::replace(&mut self.family_of[node as usize], NONE);
        if family != NONE {
            self.families[family as usize] = Family::default();
            self.free_families.push(family);
        }
        self.free.push(node);
    }

    /// Bytes held on the heap.
    pub(super) fn heap_size(&self) -> usize {
        self.parents.capacity() * (4 + 8 + 1 + 4 + 4 + 4)
            + self.families.capacity() * size_of::<Family>()
            + self
                .families
                .iter()
                .map(|family| family.children.heap_size())
                .sum::<usize>()
            + self.index.as_ref().map_or(0, |index| index.capacity() * 5)
    }
}
