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

/// The rounding error of `value * value`, by Dekker's product: a fused multiply-add is a slow call where the machine has
/// none, as in WebAssembly. Where the splitting overflows, the square does too.
fn square_error(value: f64, square: f64) -> f64 {
    const SPLIT: f64 = 134_217_729.0; // 2^27 + 1
    if !square.is_finite() {
        return 0.0;
    }
    let shifted = value * SPLIT;
    let high = shifted - (shifted - value);
    let low = value - high;
    ((high * high - square) + 2.0 * high * low) + low * low
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
                self.squares.add(square_error(value, square) * n as f64);
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
        // Sum of squared deviations: squares - sum^2 / n, in double precision throughout.
        let mean = self.sum.value() / n as f64;
        let mut deviations = self.squares;
        let product = self.sum.value() * mean;
        let error = self.sum.value().mul_add(mean, -product);
        deviations.add(-product);
        deviations.add(-error);
        Some((deviations.value() / (n - 1) as f64).max(0.0))
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
    fn the_error_of_a_square_is_exact() {
        for value in [0.1, 1.0 / 3.0, 1e10 + 0.7, -123_456_789.123, 1e-8] {
            let square = value * value;
            assert_eq!(square_error(value, square), value.mul_add(value, -square));
        }
        assert_eq!(square_error(1e200, f64::INFINITY), 0.0);
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
