//! Which groups one client has open, and so which rows it sees.
//!
//! A view shares its tree with other clients and brings only this: how many levels are open at first, and the groups it
//! opened or closed by hand. Everything below a group opened by hand starts closed. Row numbers are found by walking
//! chunk headers from the total down, not by listing rows.

use std::ops::Range;

use super::axis::{Axis, NodeId, ROOT};
use crate::hash::HashMap;

/// A group opened or closed by hand.
#[derive(Debug, Clone, Copy)]
struct Choice {
    open: bool,
    /// The group it was said of; a later one with the same id is another.
    born: u32,
}

/// The open groups of one view.
#[derive(Debug, Clone)]
pub struct Expansion {
    /// Groups of a lesser depth are open unless chosen otherwise.
    limit: u32,
    choices: HashMap<NodeId, Choice>,
}

impl Expansion {
    /// So many levels are open below the total; `None`: all.
    pub fn new(levels: Option<u32>) -> Self {
        Self {
            limit: levels.unwrap_or(u32::MAX),
            choices: HashMap::default(),
        }
    }

    /// Opens so many levels (`None`: all) and closes everything below, forgetting what was chosen by hand.
    pub fn set_depth(&mut self, levels: Option<u32>) {
        *self = Self::new(levels);
    }

    /// What was chosen for a group that is still the one it was chosen for.
    fn choice(&self, axis: &Axis, node: NodeId) -> Option<bool> {
        let choice = self.choices.get(&node)?;
        let family = axis.family(node)?;
        (family.born == choice.born).then_some(choice.open)
    }

    /// Opens a group; its children start closed. `false` if it is a leaf or open already.
    pub(super) fn open(&mut self, axis: &Axis, node: NodeId) -> bool {
        let Some(family) = axis.family(node) else {
            return false;
        };
        if Shown::new(axis, self).is_open(node) {
            return false;
        }
        let born = family.born;
        self.forget_below(axis, node);
        self.choices.insert(node, Choice { open: true, born });
        true
    }

    /// Closes a group. `false` if it is a leaf or closed already.
    pub(super) fn close(&mut self, axis: &Axis, node: NodeId) -> bool {
        let Some(family) = axis.family(node) else {
            return false;
        };
        if !Shown::new(axis, self).is_open(node) {
            return false;
        }
        let born = family.born;
        self.forget_below(axis, node);
        self.choices.insert(node, Choice { open: false, born });
        true
    }

    /// Forgets choices under a group, and those for groups that are gone.
    fn forget_below(&mut self, axis: &Axis, node: NodeId) {
        let depth = axis.depth(node);
        self.choices.retain(|&chosen, choice| {
            axis.family(chosen)
                .is_some_and(|family| family.born == choice.born)
                && !(axis.depth(chosen) > depth && axis.ancestor(chosen, depth) == node)
        });
    }
}

/// The rows that an expansion shows of an axis.
pub(super) struct Shown<'a> {
    axis: &'a Axis,
    expansion: &'a Expansion,
    limit: u32,
    /// Of every group with a choice in or below it: those of its children that have one too.
    marked: HashMap<NodeId, Vec<NodeId>>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(axis: &'a Axis, expansion: &'a Expansion) -> Self {
        let mut marked: HashMap<NodeId, Vec<NodeId>> = HashMap::default();
        for &chosen in expansion.choices.keys() {
            if expansion.choice(axis, chosen).is_none() {
                continue;
            }
            let mut node = chosen;
            if marked.contains_key(&node) {
                continue;
            }
            marked.insert(node, Vec::new());
            while node != ROOT {
                let parent = axis.parent(node);
                let known = marked.contains_key(&parent);
                marked.entry(parent).or_default().push(node);
                if known {
                    break;
                }
                node = parent;
            }
        }
        Self {
            axis,
            expansion,
            // Where only leaves have rows there is nothing to open or close.
            limit: if axis.shows_inner() {
                expansion.limit
            } else {
                u32::MAX
            },
            marked,
        }
    }

    /// The depth up to which groups below `node` are open by default, given the same for `node` itself; `None` if it
    /// is closed.
    fn limit_below(&self, node: NodeId, limit: u32) -> Option<u32> {
        let depth = self.axis.depth(node) as u32;
        match self.expansion.choice(self.axis, node) {
            Some(true) => Some(depth + 1),
            Some(false) => None,
            None => (depth < limit).then_some(limit),
        }
    }

    /// The limit that holds for a group's children, `None` if the group or one above it is closed.
    fn limit_under(&self, node: NodeId) -> Option<u32> {
        let limit = if node == ROOT {
            self.limit
        } else {
            self.limit_under(self.axis.parent(node))?
        };
        self.limit_below(node, limit)
    }

    /// Whether the children of a group are shown when it is.
    fn is_open(&self, node: NodeId) -> bool {
        self.limit_under(node).is_some()
    }

    /// Whether a group has a row of its own.
    fn has_row(&self, node: NodeId) -> usize {
        usize::from(self.axis.is_leaf(node) || self.axis.shows_inner())
    }

    /// The rows of a group and of what is open below it, choices aside.
    fn plain(&self, node: NodeId, limit: u32) -> usize {
        let depth = self.axis.depth(node) as u32;
        if self.axis.is_leaf(node) || depth >= limit {
            return self.has_row(node);
        }
        self.has_row(node) + self.plain_below(node, limit)
    }

    fn plain_below(&self, node: NodeId, limit: u32) -> usize {
        let Some(family) = self.axis.family(node) else {
            return 0;
        };
        if limit as usize >= self.axis.n_levels() {
            family.below as usize
        } else if limit as usize <= self.axis.depth(node) + 1 {
            family.children.len()
        } else {
            family
                .children
                .iter()
                .map(|child| self.plain(child, limit))
                .sum()
        }
    }

    /// The rows of a group and of what is open below it.
    fn rows(&self, node: NodeId, limit: u32) -> usize {
        if !self.marked.contains_key(&node) {
            return self.plain(node, limit);
        }
        self.has_row(node)
            + self
                .limit_below(node, limit)
                .map_or(0, |limit| self.rows_below(node, limit))
    }

    fn rows_below(&self, node: NodeId, limit: u32) -> usize {
        let mut n = self.plain_below(node, limit) as isize;
        for &child in self.marked.get(&node).into_iter().flatten() {
            n += self.correction(child, limit);
        }
        n as usize
    }

    /// By how much choices change the rows of a marked group.
    fn correction(&self, node: NodeId, limit: u32) -> isize {
        self.rows(node, limit) as isize - self.plain(node, limit) as isize
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows(ROOT, self.limit)
    }

    /// How many rows are shown below a group that is itself shown.
    pub(super) fn len_below(&self, node: NodeId) -> usize {
        self.limit_under(node)
            .map_or(0, |limit| self.rows_below(node, limit))
    }

    /// The groups in a range of rows.
    pub(super) fn nodes(&self, rows: Range<usize>) -> Vec<NodeId> {
        let mut found = Vec::with_capacity(rows.len());
        let mut skip = rows.start;
        self.collect(ROOT, self.limit, &mut skip, rows.len(), &mut found);
        found
    }

    fn collect(
        &self,
        node: NodeId,
        limit: u32,
        skip: &mut usize,
        take: usize,
        found: &mut Vec<NodeId>,
    ) {
        if found.len() == take {
            return;
        }
        if self.has_row(node) == 1 {
            if *skip > 0 {
                *skip -= 1;
            } else {
                found.push(node);
            }
        }
        let (Some(family), Some(limit)) = (self.axis.family(node), self.limit_below(node, limit))
        else {
            return;
        };
        let corrections = self.corrections(node, limit);
        for (position, (nodes, weight)) in family.children.chunks().enumerate() {
            if found.len() >= take {
                return;
            }
            if *skip > 0 {
                let n = self.chunk_rows(node, limit, nodes, weight, position, &corrections);
                if n <= *skip {
                    *skip -= n;
                    continue;
                }
            }
            for &child in nodes {
                if found.len() >= take {
                    return;
                }
                if *skip > 0 {
                    let n = self.rows(child, limit);
                    if n <= *skip {
                        *skip -= n;
                        continue;
                    }
                }
                self.collect(child, limit, skip, take, found);
            }
        }
    }

    /// By chunk: how choices change the rows in it.
    fn corrections(&self, node: NodeId, limit: u32) -> Vec<(usize, isize)> {
        self.marked
            .get(&node)
            .into_iter()
            .flatten()
            .map(|&child| {
                (
                    self.axis.chunk_position(child),
                    self.correction(child, limit),
                )
            })
            .collect()
    }

    fn chunk_rows(
        &self,
        parent: NodeId,
        limit: u32,
        nodes: &[NodeId],
        weight: u32,
        position: usize,
        corrections: &[(usize, isize)],
    ) -> usize {
        let plain = if limit as usize >= self.axis.n_levels() {
            weight as usize
        } else if limit as usize <= self.axis.depth(parent) + 1 {
            nodes.len()
        } else {
            nodes.iter().map(|&child| self.plain(child, limit)).sum()
        };
        let corrected: isize = corrections
            .iter()
            .filter(|correction| correction.0 == position)
            .map(|correction| correction.1)
            .sum();
        (plain as isize + corrected) as usize
    }

    /// The row of a group, `None` if it is not shown.
    pub(super) fn row_of(&self, node: NodeId) -> Option<usize> {
        if self.has_row(node) == 0 {
            return None;
        }
        if node == ROOT {
            return Some(0);
        }
        let parent = self.axis.parent(node);
        let limit = self.limit_under(parent)?;
        let mut row = if self.has_row(parent) == 1 {
            self.row_of(parent)? + 1
        } else {
            self.start_of(parent)?
        };
        row += self.rows_before(parent, node, limit);
        Some(row)
    }

    /// Where the rows below a group without a row of its own start.
    fn start_of(&self, node: NodeId) -> Option<usize> {
        if node == ROOT {
            return Some(0);
        }
        let parent = self.axis.parent(node);
        let limit = self.limit_under(parent)?;
        Some(self.start_of(parent)? + self.rows_before(parent, node, limit))
    }

    /// The rows of a node's siblings before it.
    fn rows_before(&self, parent: NodeId, node: NodeId, limit: u32) -> usize {
        let Some(family) = self.axis.family(parent) else {
            return 0;
        };
        let corrections = self.corrections(parent, limit);
        let position = self.axis.chunk_position(node);
        let mut n = 0;
        for (at, (nodes, weight)) in family.children.chunks().enumerate() {
            if at < position {
                n += self.chunk_rows(parent, limit, nodes, weight, at, &corrections);
            } else {
                n += nodes
                    .iter()
                    .take_while(|&&sibling| sibling != node)
                    .map(|&sibling| self.rows(sibling, limit))
                    .sum::<usize>();
                break;
            }
        }
        n
    }
}
