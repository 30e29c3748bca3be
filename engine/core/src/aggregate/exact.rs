//! Numbers that updates cannot wear down: sums in twice the precision, and products that can be divided again.
//!
//! A stream adds and takes away forever, and plain floating addition would drift. [`Twofold`] carries a second float
//! with what rounding cut off. After `m` additions and subtractions of numbers whose magnitudes add up to `S`, it is
//! within `m * 2^-105 * S` of the true sum, so a result made by a million updates and one made from scratch round
//! alike unless the sum cancels to less than `2^-33` of what went through it; even then they differ by no more than
//! that. Integers are summed exactly in 128 bits.

use std::ops::{AddAssign, SubAssign};

/// An unevaluated sum of two floats.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Twofold {
    high: f64,
    low: f64,
}

/// The sum of two floats and what rounding it lost.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let shadow = sum - a;
    (sum, (a - (sum - shadow)) + (b - shadow))
}

/// The product of two floats and what rounding it lost.
#[inline]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    // Veltkamp's splitting: WebAssembly has no fused multiply-add.
    fn split(x: f64) -> (f64, f64) {
        let scaled = 134_217_729.0 * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    }
    let product = a * b;
    let ((a_high, a_low), (b_high, b_low)) = (split(a), split(b));
    let error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
    (product, error)
}

impl Twofold {
    /// The two parts, rounded to one float.
    #[inline]
    pub fn value(self) -> f64 {
        self.high + self.low
    }

    /// An integer, exactly.
    pub fn from_int(value: i64) -> Self {
        let high = value as f64;
        // `high` is within 2^63 of zero, so the difference is exact in 128 bits and fits a float.
        let low = (i128::from(value) - high as i128) as f64;
        Self { high, low }
    }

    /// Adds one float. The fast path of all sums.
    #[inline(always)]
    pub fn add(&mut self, value: f64) {
        let (sum, error) = two_sum(self.high, value);
        self.high = sum;
        self.low += error;
    }

    /// Brings the parts to the canonical form, in which `low` is what rounding cut off from `high`.
    #[inline]
    fn normal(self) -> Self {
        let high = self.high + self.low;
        Self {
            high,
            low: self.low - (high - self.high),
        }
    }

    /// Twice the precision times twice the precision.
    pub fn times(self, other: Self) -> Self {
        let (a, b) = (self.normal(), other.normal());
        let (high, error) = two_product(a.high, b.high);
        Self {
            high,
            low: error + (a.high * b.low + a.low * b.high),
        }
        .normal()
    }

    /// The quotient, for a divisor that is not zero.
    pub fn over(self, divisor: Self) -> Self {
        let (a, b) = (self.normal(), divisor.normal());
        let first = a.high / b.high;
        let mut rest = a;
        rest -= b.times(Self::from(first));
        let second = rest.value() / b.high;
        rest -= b.times(Self::from(second));
        let mut quotient = Self::from(first);
        quotient += Self::from(second);
        quotient += Self::from(rest.value() / b.high);
        quotient.normal()
    }

    /// The magnitude.
    pub fn abs(self) -> Self {
        if self.value() < 0.0 {
            Self {
                high: -self.high,
                low: -self.low,
            }
        } else {
            self
        }
    }

    fn scaled(self, factor: f64) -> Self {
        Self {
            high: self.high * factor,
            low: self.low * factor,
        }
    }
}

impl From<f64> for Twofold {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl AddAssign for Twofold {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.add(other.high);
        self.low += other.low;
    }
}

impl SubAssign for Twofold {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        self.add(-other.high);
        self.low -= other.low;
    }
}

/// From this magnitude on numbers are added up apart, scaled down, lest a sum overflow on its way.
const HUGE: f64 = 8.452_712_498_170_644e270; // 2^900
const DOWN: f64 = 2.938_735_877_055_719e-39; // 2^-128
const UP: f64 = 3.402_823_669_209_385e38; // 2^128

/// Whether a number goes through the fast path of a sum.
#[inline(always)]
pub fn is_ordinary(value: f64) -> bool {
    value.abs() < HUGE
}

/// What a sum holds beside ordinary numbers: few cells ever have one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extraordinary {
    nan: i64,
    positive: i64,
    negative: i64,
    huge: i64,
    /// The sum of huge numbers, times 2^-128.
    scaled: Twofold,
}

impl Extraordinary {
    /// Counts `value` in (`times` = 1) or out (-1).
    pub fn count(&mut self, value: f64, times: i64) {
        if value.is_nan() {
            self.nan += times;
        } else if value == f64::INFINITY {
            self.positive += times;
        } else if value == f64::NEG_INFINITY {
            self.negative += times;
        } else {
            self.huge += times;
            self.scaled.add(value * DOWN * times as f64);
            if self.huge == 0 {
                self.scaled = Twofold::default();
            }
        }
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.nan += other.nan;
        self.positive += other.positive;
        self.negative += other.negative;
        self.huge += other.huge;
        self.scaled += other.scaled;
    }

    /// Whether nothing is left in it.
    pub fn is_empty(&self) -> bool {
        self.nan == 0 && self.positive == 0 && self.negative == 0 && self.huge == 0
    }

    /// The whole sum, given that of the ordinary numbers.
    pub fn total(&self, ordinary: Twofold) -> f64 {
        if self.nan > 0 || (self.positive > 0 && self.negative > 0) {
            f64::NAN
        } else if self.positive > 0 {
            f64::INFINITY
        } else if self.negative > 0 {
            f64::NEG_INFINITY
        } else {
            let mut total = ordinary.scaled(DOWN);
            total += self.scaled;
            let value = total.value() * UP;
            if value.abs() < HUGE {
                // The huge numbers cancelled; unscaled, small ones keep their last bits.
                let mut total = ordinary;
                total += self.scaled.scaled(UP);
                return total.value();
            }
            value
        }
    }
}

/// A product that factors can leave again: the mantissa in twice the precision, the exponent apart, and counts of the
/// factors that cannot be divided by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Product {
    mantissa: Twofold,
    exponent: i64,
    factors: u32,
    zeros: u32,
    infinities: u32,
    nans: u32,
    negatives: u32,
}

impl Default for Product {
    fn default() -> Self {
        Self {
            mantissa: Twofold::from(1.0),
            exponent: 0,
            factors: 0,
            zeros: 0,
            infinities: 0,
            nans: 0,
            negatives: 0,
        }
    }
}

/// `x` as a mantissa in [1, 2) and an exponent, for positive finite `x`.
fn split_exponent(x: f64) -> (f64, i64) {
    let exponent_of = |bits: u64| (bits >> 52 & 0x7ff) as i64;
    let bits = x.to_bits();
    if exponent_of(bits) == 0 {
        // Subnormal: scale into the normal range first.
        let bits = (x * 18_014_398_509_481_984.0).to_bits();
        return (
            f64::from_bits(bits & !(0x7ff << 52) | 1023 << 52),
            exponent_of(bits) - 1023 - 54,
        );
    }
    (
        f64::from_bits(bits & !(0x7ff << 52) | 1023 << 52),
        exponent_of(bits) - 1023,
    )
}

/// Multiplies by a power of two, through infinity or zero if it must be.
fn scale_exponent(mut x: Twofold, mut exponent: i64) -> f64 {
    while exponent > 0 {
        let part = exponent.min(1000);
        x = x.scaled(f64::from_bits((1023 + part as u64) << 52));
        if x.high.is_infinite() {
            return x.high;
        }
        exponent -= part;
    }
    let mut value = x.value();
    while exponent < 0 && value != 0.0 {
        let part = (-exponent).min(1000);
        value *= f64::from_bits((1023 - part as u64) << 52);
        exponent += part;
    }
    value
}

impl Product {
    fn count(&mut self, factor: f64, inwards: bool) -> bool {
        let step = |count: &mut u32| {
            *count = if inwards {
                *count + 1
            } else {
                count.saturating_sub(1)
            };
        };
        step(&mut self.factors);
        if factor.is_nan() {
            step(&mut self.nans);
            return false;
        }
        if factor.is_sign_negative() {
            step(&mut self.negatives);
        }
        if factor == 0.0 {
            step(&mut self.zeros);
            return false;
        }
        if factor.is_infinite() {
            step(&mut self.infinities);
            return false;
        }
        true
    }

    /// Takes a factor in.
    pub fn multiply(&mut self, factor: Twofold) {
        let value = factor.value();
        if self.count(value, true) {
            let (mantissa, exponent) = mantissa_of(factor);
            self.exponent += exponent;
            self.mantissa = self.mantissa.times(mantissa);
            self.normalize();
        }
    }

    /// Takes a factor out that was taken in before.
    pub fn divide(&mut self, factor: Twofold) {
        let value = factor.value();
        if self.count(value, false) {
            let (mantissa, exponent) = mantissa_of(factor);
            self.exponent -= exponent;
            self.mantissa = self.mantissa.over(mantissa);
            self.normalize();
        }
        if self.factors == 0 {
            *self = Self::default();
        }
    }

    /// Multiplies by all factors of `other`.
    pub fn merge(&mut self, other: &Self) {
        self.mantissa = self.mantissa.times(other.mantissa);
        self.exponent += other.exponent;
        self.factors += other.factors;
        self.zeros += other.zeros;
        self.infinities += other.infinities;
        self.nans += other.nans;
        self.negatives += other.negatives;
        self.normalize();
    }

    fn normalize(&mut self) {
        let (_, exponent) = split_exponent(self.mantissa.high);
        if exponent != 0 {
            self.mantissa = self
                .mantissa
                .scaled(f64::from_bits((1023 - exponent) as u64 * (1 << 52)));
            self.exponent += exponent;
        }
    }

    /// The product, `None` if there are no factors.
    pub fn value(&self) -> Option<f64> {
        if self.factors == 0 {
            return None;
        }
        let sign = if self.negatives % 2 == 1 { -1.0 } else { 1.0 };
        Some(
            if self.nans > 0 || (self.zeros > 0 && self.infinities > 0) {
                f64::NAN
            } else if self.zeros > 0 {
                0.0 * sign
            } else if self.infinities > 0 {
                f64::INFINITY * sign
            } else {
                sign * scale_exponent(self.mantissa, self.exponent)
            },
        )
    }

    /// The product of integer factors, exact as long as it fits 64 bits; beyond, `None`.
    pub fn int_value(&self) -> Option<i128> {
        if self.zeros > 0 {
            return Some(0);
        }
        if self.exponent > 64 {
            return None;
        }
        let scale = f64::from_bits((1023 + self.exponent.max(0) as u64) << 52);
        let scaled = self.mantissa.scaled(scale).normal();
        // The true product is whole and the error far below a half, so rounding finds it.
        let whole = scaled.high.round();
        let value = whole as i128 + ((scaled.high - whole) + scaled.low).round() as i128;
        Some(if self.negatives % 2 == 1 {
            -value
        } else {
            value
        })
    }
}

/// The magnitude of a factor as a mantissa near [1, 2) and an exponent.
fn mantissa_of(factor: Twofold) -> (Twofold, i64) {
    let factor = factor.abs();
    let (mantissa, exponent) = split_exponent(factor.high);
    if factor.low == 0.0 {
        return (Twofold::from(mantissa), exponent);
    }
    // Only integers have a second part, so their exponents are small.
    let down = f64::from_bits((1023 - exponent) as u64 * (1 << 52));
    (factor.scaled(down), exponent)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_survive_large_ones() {
        let mut sum = Twofold::default();
        for value in [1e16, 1.0, 1.0, -1e16] {
            sum.add(value);
        }
        assert_eq!(sum.value(), 2.0);
    }

    #[test]
    fn a_million_updates_leave_the_sum_that_is_made_from_scratch() {
        let mut state = 7_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ((state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 1e6
        };
        let mut cells: Vec<f64> = (0..1000).map(|_| random()).collect();
        let mut sum = Twofold::default();
        cells.iter().for_each(|&cell| sum.add(cell));
        for i in 0..1_000_000 {
            let new = random();
            sum.add(-cells[i % 1000]);
            sum.add(new);
            cells[i % 1000] = new;
        }
        let mut fresh = Twofold::default();
        cells.iter().for_each(|&cell| fresh.add(cell));
        assert_eq!(sum.value(), fresh.value());
    }

    #[test]
    fn overflow_on_the_way_is_undone() {
        let mut extra = Extraordinary::default();
        extra.count(f64::MAX, 1);
        extra.count(f64::MAX, 1);
        let ordinary = Twofold::from(3.5);
        assert_eq!(extra.total(ordinary), f64::INFINITY);
        extra.count(f64::MAX, -1);
        assert_eq!(extra.total(ordinary), f64::MAX);
        extra.count(f64::MAX, -1);
        assert!(extra.is_empty());
        assert_eq!(extra.total(ordinary), 3.5);
    }

    #[test]
    fn products_are_divided_exactly_enough() {
        let mut product = Product::default();
        for factor in 1..=20_i64 {
            product.multiply(Twofold::from_int(factor));
        }
        assert_eq!(product.int_value(), Some(2_432_902_008_176_640_000));
        for factor in 4..=20_i64 {
            product.divide(Twofold::from_int(factor));
        }
        assert_eq!(product.int_value(), Some(6));
        product.multiply(Twofold::from_int(i64::MAX));
        product.divide(Twofold::from_int(6));
        assert_eq!(product.int_value(), Some(i128::from(i64::MAX)));
        product.multiply(Twofold::from(0.0));
        assert_eq!(product.value(), Some(0.0));
        product.divide(Twofold::from(0.0));
        assert_eq!(product.int_value(), Some(i128::from(i64::MAX)));
    }

    #[test]
    fn products_pass_through_huge_exponents() {
        let mut product = Product::default();
        for _ in 0..10 {
            product.multiply(Twofold::from(-1e300));
        }
        assert_eq!(product.value(), Some(f64::INFINITY));
        for _ in 0..9 {
            product.divide(Twofold::from(-1e300));
        }
        assert_eq!(product.value(), Some(-1e300));
        product.multiply(Twofold::from(5e-324));
        product.divide(Twofold::from(-1e300));
        assert_eq!(product.value(), Some(5e-324));
    }
}
