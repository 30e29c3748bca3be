//! The numbers of a moving frame in ascending order.
//!
//! In: numbers by position, of which some are in the frame. Out: quantiles of those. A narrow frame is a sorted list; a
//! wide one is a tree of counts over the ranks that all the numbers have, so that no frame costs more than the logarithm
//! of its width for each number that comes or goes.

use crate::value::compare_floats;

/// The widest frame that is kept as a list: moving some kilobytes costs less than walking a tree.
const NARROW: usize = 512;

/// The numbers at those positions that are in the frame.
pub struct Ordered<'a> {
    numbers: &'a [Option<f64>],
    kept: Kept,
}

enum Kept {
    List(Vec<f64>),
    Tree(Tree),
}

impl<'a> Ordered<'a> {
    /// An empty frame, which will hold `widest` numbers at most.
    pub fn new(numbers: &'a [Option<f64>], widest: usize) -> Self {
        let kept = if widest <= NARROW {
            Kept::List(Vec::with_capacity(widest))
        } else {
            Kept::Tree(Tree::new(numbers))
        };
        Self { numbers, kept }
    }

    /// Takes in the number at a position, if there is one.
    pub fn insert(&mut self, at: usize) {
        let Some(number) = self.numbers[at] else {
            return;
        };
        match &mut self.kept {
            Kept::List(list) => list.insert(place(list, number), number),
            Kept::Tree(tree) => tree.change(at, true),
        }
    }

    /// Takes out the number at a position, which was taken in.
    pub fn remove(&mut self, at: usize) {
        let Some(number) = self.numbers[at] else {
            return;
        };
        match &mut self.kept {
            Kept::List(list) => {
                list.remove(place(list, number));
            }
            Kept::Tree(tree) => tree.change(at, false),
        }
    }

    fn len(&self) -> usize {
        match &self.kept {
            Kept::List(list) => list.len(),
            Kept::Tree(tree) => tree.len,
        }
    }

    fn nth(&self, n: usize) -> f64 {
        match &self.kept {
            Kept::List(list) => list[n],
            Kept::Tree(tree) => tree.nth(n),
        }
    }

    /// The number at a fraction of the way from the least to the greatest, interpolated; `None` of none.
    pub fn quantile(&self, fraction: f64) -> Option<f64> {
        let last = self.len().checked_sub(1)?;
        let target = fraction * last as f64;
        let below = self.nth(target.floor() as usize);
        if target.fract() == 0.0 {
            return Some(below);
        }
        let above = self.nth(target.ceil() as usize);
        Some(if below == above {
            below
        } else {
            below + (above - below) * target.fract()
        })
    }
}

/// Where a number is, or belongs, in an ascending list.
fn place(list: &[f64], number: f64) -> usize {
    list.partition_point(|&other| compare_floats(other, number).is_lt())
}

/// How many numbers of each rank there are, as a Fenwick tree.
struct Tree {
    /// The distinct numbers, ascending.
    distinct: Vec<f64>,
    /// The rank of the number at each position, from 0.
    ranks: Vec<u32>,
    /// Node `i` counts the ranks from `i - lowest bit of i` up to `i - 1`.
    counts: Vec<u32>,
    len: usize,
}

impl Tree {
    fn new(numbers: &[Option<f64>]) -> Self {
        let mut distinct: Vec<f64> = numbers.iter().copied().flatten().collect();
        distinct.sort_unstable_by(|&a, &b| compare_floats(a, b));
        distinct.dedup_by(|a, b| compare_floats(*a, *b).is_eq());
        let ranks = (numbers.iter())
            .map(|number| number.map_or(0, |number| place(&distinct, number) as u32))
            .collect();
        Self {
            counts: vec![0; distinct.len() + 1],
            distinct,
            ranks,
            len: 0,
        }
    }

    fn change(&mut self, at: usize, comes: bool) {
        let mut node = self.ranks[at] as usize + 1;
        while let Some(count) = self.counts.get_mut(node) {
            *count = if comes { *count + 1 } else { *count - 1 };
            node += node & node.wrapping_neg();
        }
        self.len = if comes { self.len + 1 } else { self.len - 1 };
    }

    /// The number with `n` numbers before it.
    fn nth(&self, mut n: usize) -> f64 {
        let mut node = 0;
        let mut stride = (self.counts.len().next_power_of_two() / 2).max(1);
        while stride > 0 {
            if let Some(&count) = self.counts.get(node + stride)
                && count as usize <= n
            {
                node += stride;
                n -= count as usize;
            }
            stride /= 2;
        }
        self.distinct[node]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_frame_and_a_narrow_one_have_the_same_quantiles() {
        let numbers: Vec<Option<f64>> = (0..400_u64)
            .map(|i| (i % 7 != 3).then_some((i * 7919 % 97) as f64 / 4.0))
            .collect();
        let mut narrow = Ordered::new(&numbers, 10);
        let mut wide = Ordered::new(&numbers, NARROW + 1);
        for at in 0..numbers.len() {
            for frame in [&mut narrow, &mut wide] {
                frame.insert(at);
                if at >= 37 {
                    frame.remove(at - 37);
                }
            }
            for fraction in [0.0, 0.25, 0.5, 0.9, 1.0] {
                assert_eq!(narrow.quantile(fraction), wide.quantile(fraction));
            }
        }
    }

    #[test]
    fn an_empty_frame_has_no_quantile() {
        let numbers = [None, Some(2.0)];
        for widest in [1, NARROW + 1] {
            let mut frame = Ordered::new(&numbers, widest);
            frame.insert(0);
            assert_eq!(frame.quantile(0.5), None);
            frame.insert(1);
            assert_eq!(frame.quantile(0.5), Some(2.0));
        }
    }
}
