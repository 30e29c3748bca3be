//! Loops over slices: the inner work of `eval`, free of types of the language.
//!
//! Every loop is over plain slices with one branch-free body, which the compiler turns into vector instructions. Nulls
//! are dealt with a word of the bitmap at a time, beside the values; under every null a zero is left.

use crate::column::Bitmap;

use super::ast::Compare;

/// One side of an operation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operand<'a, T> {
    Slice(&'a [T]),
    One(T),
}

impl<T: Copy> Operand<'_, T> {
    #[inline]
    fn get(&self, i: usize) -> T {
        match self {
            Self::Slice(values) => values[i],
            Self::One(value) => *value,
        }
    }
}

/// Applies `f` to each value.
pub(super) fn unary<T: Copy, R>(a: &[T], f: impl Fn(T) -> R) -> Vec<R> {
    a.iter().map(|&a| f(a)).collect()
}

/// Applies `f` to each pair; at least one side is a slice, both of length `n`.
pub(super) fn binary<T: Copy, R: Clone>(
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    n: usize,
    f: impl Fn(T, T) -> R,
) -> Vec<R> {
    match (a, b) {
        (Operand::Slice(a), Operand::Slice(b)) => a.iter().zip(b).map(|(&a, &b)| f(a, b)).collect(),
        (Operand::Slice(a), Operand::One(b)) => a.iter().map(|&a| f(a, b)).collect(),
        (Operand::One(a), Operand::Slice(b)) => b.iter().map(|&b| f(a, b)).collect(),
        (Operand::One(a), Operand::One(b)) => vec![f(a, b); n],
    }
}

/// Applies `f`, which also tells whether there is a result, to each pair. Where there is none, the result is null.
pub(super) fn fallible<T: Copy, R: Copy + Default>(
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    n: usize,
    validity: Option<Bitmap>,
    f: impl Fn(T, T) -> (R, bool),
) -> (Vec<R>, Option<Bitmap>) {
    let mut values = Vec::with_capacity(n);
    let mut words = Vec::with_capacity(n.div_ceil(64));
    for start in (0..n).step_by(64) {
        let end = (start + 64).min(n);
        let mut word = 0_u64;
        for i in start..end {
            let (value, ok) = f(a.get(i), b.get(i));
            values.push(value);
            word |= u64::from(ok) << (i - start);
        }
        words.push(word);
    }
    let computed = Bitmap::from_words(words, n);
    let validity = both(Some(&computed), validity.as_ref()).filter(|bitmap| !bitmap.all());
    zero_nulls(&mut values, validity.as_ref());
    (values, validity)
}

/// Rows where both are valid; `None` if all are.
pub(super) fn both(a: Option<&Bitmap>, b: Option<&Bitmap>) -> Option<Bitmap> {
    match (a, b) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (Some(a), Some(b)) => {
            let words = a
                .words()
                .iter()
                .zip(b.words())
                .map(|(a, b)| a & b)
                .collect();
            Some(Bitmap::from_words(words, a.len()))
        }
    }
}

/// Calls `f` with each row that is null.
pub(super) fn for_each_null(validity: Option<&Bitmap>, mut f: impl FnMut(usize)) {
    let Some(validity) = validity else { return };
    for (at, &word) in validity.words().iter().enumerate() {
        let mut missing = !word;
        while missing != 0 {
            let i = at * 64 + missing.trailing_zeros() as usize;
            if i >= validity.len() {
                return;
            }
            f(i);
            missing &= missing - 1;
        }
    }
}

/// Puts zeros under the nulls.
pub(super) fn zero_nulls<T: Default>(values: &mut [T], validity: Option<&Bitmap>) {
    for_each_null(validity, |i| values[i] = T::default());
}

/// Makes floats that are not finite null.
pub(super) fn finite_or_null(
    mut values: Vec<f64>,
    validity: Option<Bitmap>,
) -> (Vec<f64>, Option<Bitmap>) {
    let n = values.len();
    let validity = if values.iter().all(|value| value.is_finite()) {
        validity
    } else {
        let words = values
            .chunks(64)
            .map(|chunk| {
                chunk.iter().enumerate().fold(0, |word, (i, value)| {
                    word | u64::from(value.is_finite()) << i
                })
            })
            .collect();
        both(Some(&Bitmap::from_words(words, n)), validity.as_ref())
    };
    zero_nulls(&mut values, validity.as_ref());
    (values, validity)
}

/// Compares each pair; nulls are left to [`settle_nulls`].
pub(super) fn compare<T: Copy + PartialOrd>(
    op: Compare,
    a: Operand<'_, T>,
    b: Operand<'_, T>,
    n: usize,
) -> Vec<bool> {
    match op {
        Compare::Equal => binary(a, b, n, |a, b| a == b),
        Compare::NotEqual => binary(a, b, n, |a, b| a != b),
        Compare::Less => binary(a, b, n, |a, b| a < b),
        Compare::LessEqual => binary(a, b, n, |a, b| a <= b),
        Compare::Greater => binary(a, b, n, |a, b| a > b),
        Compare::GreaterEqual => binary(a, b, n, |a, b| a >= b),
    }
}

/// Corrects comparisons where a side is null: null equals only null, and is neither less nor greater than anything.
pub(super) fn settle_nulls(
    op: Compare,
    results: &mut [bool],
    a: Option<&Bitmap>,
    b: Option<&Bitmap>,
) {
    let one_null = op == Compare::NotEqual;
    let both_null = op.holds(std::cmp::Ordering::Equal);
    let valid = |bitmap: Option<&Bitmap>, i: usize| bitmap.is_none_or(|bitmap| bitmap.get(i));
    for_each_null(a, |i| {
        results[i] = if valid(b, i) { one_null } else { both_null }
    });
    for_each_null(b, |i| {
        results[i] = if valid(a, i) { one_null } else { both_null }
    });
}

/// `then` where the condition holds, else `otherwise`.
pub(super) fn select<T: Copy>(
    condition: &[bool],
    then: Operand<'_, T>,
    otherwise: Operand<'_, T>,
) -> Vec<T> {
    match (then, otherwise) {
        (Operand::Slice(a), Operand::Slice(b)) => condition
            .iter()
            .zip(a.iter().zip(b))
            .map(|(&c, (&a, &b))| if c { a } else { b })
            .collect(),
        (Operand::Slice(a), Operand::One(b)) => condition
            .iter()
            .zip(a)
            .map(|(&c, &a)| if c { a } else { b })
            .collect(),
        (Operand::One(a), Operand::Slice(b)) => condition
            .iter()
            .zip(b)
            .map(|(&c, &b)| if c { a } else { b })
            .collect(),
        (Operand::One(a), Operand::One(b)) => {
            condition.iter().map(|&c| if c { a } else { b }).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nulls_are_seen_once_and_not_past_the_end() {
        let mut bitmap = Bitmap::filled(70, true);
        bitmap.set(3, false);
        bitmap.set(69, false);
        let mut seen = Vec::new();
        for_each_null(Some(&bitmap), |i| seen.push(i));
        assert_eq!(seen, [3, 69]);
    }

    #[test]
    fn failed_results_are_null_over_a_zero() {
        let a: Vec<i64> = (0..130).collect();
        let (values, validity) =
            fallible(Operand::Slice(&a), Operand::One(7), 130, None, |a, b| {
                (a * b, a % 2 == 0)
            });
        let validity = validity.unwrap();
        assert_eq!((values[2], validity.get(2)), (14, true));
        assert_eq!((values[129], validity.get(129)), (0, false));
    }
}
