//! Sums that rows may leave again without drift.
//!
//! A sum is kept as an unevaluated pair of doubles, whose error is about 2^-106 of the largest intermediate sum; values
//! that are not finite are counted apart, so that they leave no trace when they leave.

/// A sum of finite floats in twice the precision of a double.
#[derive(Debug, Clone, Copy, Default)]
struct Double {
    high: f64,
    low: f64,
}

impl Double {
    fn add(&mut self, value: f64) {
        let sum = self.high + value;
        let shadow = sum - self.high;
        let error = (self.high - (sum - shadow)) + (value - shadow);
        self.low += error;
        self.high = sum + self.low;
        self.low -= self.high - sum;
    }

    fn value(self) -> f64 {
        self.high + self.low
    }
}

/// The rounding error of `product`, which is `a * b`, by Dekker's method: a fused multiply-add is a slow call where the
/// machine has none, as in WebAssembly. Where the splitting overflows there is no error to speak of.
fn product_error(a: f64, b: f64, product: f64) -> f64 {
    const SPLIT: f64 = 134_217_729.0; // 2^27 + 1
    let split = |value: f64| {
        let shifted = value * SPLIT;
        let high = shifted - (shifted - value);
        (high, value - high)
    };
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    let error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    if error.is_finite() { error } else { 0.0 }
}

/// Count, sum and, where a variance is wanted, sum of squares of the numbers of a frame.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moments {
    n_finite: i64,
    n_nan: i64,
    n_positive: i64,
    n_negative: i64,
    sum: Double,
    squares: Double,
}

impl Moments {
    /// Takes a number in. Without `squares` there is no variance to be had.
    pub fn insert(&mut self, value: f64, squares: bool) {
        self.change(value, 1, squares);
    }

    /// Takes a number out that was taken in.
    pub fn retract(&mut self, value: f64, squares: bool) {
        self.change(value, -1, squares);
        if self.n_finite == 0 {
            // Nothing is left, not even a rounding error.
            self.sum = Double::default();
            self.squares = Double::default();
        }
    }

    fn change(&mut self, value: f64, n: i64, squares: bool) {
        if value.is_finite() {
            self.n_finite += n;
            self.sum.add(value * n as f64);
            if squares {
                let square = value * value;
                // With its rounding error, so that large values cancel as well as small ones.
                self.squares.add(square * n as f64);
                self.squares
                    .add(product_error(value, value, square) * n as f64);
            }
        } else if value.is_nan() {
            self.n_nan += n;
        } else if value > 0.0 {
            self.n_positive += n;
        } else {
            self.n_negative += n;
        }
    }

    /// How many numbers there are.
    pub fn count(&self) -> i64 {
        self.n_finite + self.n_nan + self.n_positive + self.n_negative
    }

    /// Their sum; `None` of none.
    pub fn sum(&self) -> Option<f64> {
        if self.count() == 0 {
            return None;
        }
        Some(match (self.n_nan, self.n_positive, self.n_negative) {
            (0, 0, 0) => self.sum.value(),
            (0, _, 0) => f64::INFINITY,
            (0, 0, _) => f64::NEG_INFINITY,
            _ => f64::NAN,
        })
    }

    /// Their mean; `None` of none.
    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.count() as f64)
    }

    /// Their sample variance; `None` of fewer than two.
    pub fn variance(&self) -> Option<f64> {
        let n = self.count();
        if n < 2 {
            return None;
        }
        if n != self.n_finite {
            return Some(f64::NAN);
        }
        // n * squares - sum^2, in twice the precision of a double throughout: the two are close where the mean is far
        // from zero.
        let mut deviations = Double::default();
        let mut add = |a: f64, b: f64| {
            let product = a * b;
            deviations.add(product);
            deviations.add(product_error(a, b, product));
        };
        let count = n as f64;
        add(self.squares.high, count);
        add(self.squares.low, count);
        add(self.sum.high, -self.sum.high);
        add(self.sum.high, -2.0 * self.sum.low);
        Some((deviations.value() / (count * (count - 1.0))).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_went_leaves_no_trace() {
        let mut moments = Moments::default();
        moments.insert(0.1, true);
        for value in [1e15, f64::INFINITY, f64::NAN] {
            moments.insert(value, true);
        }
        for value in [f64::NAN, 1e15, f64::INFINITY] {
            moments.retract(value, true);
        }
        assert_eq!(moments.sum(), Some(0.1));
        moments.retract(0.1, true);
        assert_eq!(moments.sum(), None);
    }

    #[test]
    fn the_error_of_a_product_is_exact() {
        for (a, b) in [(0.1, 0.1), (1.0 / 3.0, 7.3), (1e10 + 0.7, -123_456_789.123)] {
            let (a, b): (f64, f64) = (a, b);
            assert_eq!(product_error(a, b, a * b), a.mul_add(b, -(a * b)));
        }
        assert_eq!(product_error(1e200, 1e200, f64::INFINITY), 0.0);
    }

    #[test]
    fn variance_stays_exact_far_from_zero() {
        let mut moments = Moments::default();
        for value in [1e9 + 1.0, 1e9 + 2.0, 1e9 + 4.0] {
            moments.insert(value, true);
        }
        assert_eq!(moments.variance(), Some(7.0 / 3.0));
    }

    #[test]
    fn variance_is_that_of_the_sample() {
        let mut moments = Moments::default();
        for value in [1.0, 2.0, 4.0] {
            moments.insert(value, true);
        }
        let expected = 7.0 / 3.0;
        assert!(
            moments
                .variance()
                .is_some_and(|variance| (variance - expected).abs() < 1e-12)
        );
    }
}
