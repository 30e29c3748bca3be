//! Decimals of any width as floats, or as integers where the column holds those.
//!
//! A decimal becomes the nearest float. One with so many digits that the float does not print as the same number is
//! refused, for it would be changed silently.

use super::array::Array;
use crate::column::{Bitmap, ColumnBuilder, Values};
use crate::error::{Error, Result};
use crate::ingest::sink::{hold, out_of_range};

/// Appends the decimals of `array` to a builder of a numeric type.
///
/// # Errors
/// If a number does not fit the type.
pub fn append(
    builder: &mut ColumnBuilder,
    name: &str,
    array: &Array<'_, '_>,
    bits: u16,
    scale: i32,
    validity: Option<&Bitmap>,
) -> Result<()> {
    let width = usize::from(bits / 8);
    let bytes = array.fixed(width)?;
    let target = builder.dtype();
    for (i, bytes) in bytes.chunks_exact(width).enumerate() {
        if validity.is_some_and(|bitmap| !bitmap.get(i)) {
            builder.push_nulls(1);
            continue;
        }
        let unscaled = unscaled(bytes);
        match &mut builder.values {
            Values::Float(out) => {
                let value = unscaled
                    .and_then(|unscaled| to_float(unscaled, scale))
                    .ok_or_else(|| {
                        Error::input(format!(
                            "Decimal {} at index {i} of column \"{name}\" has more digits than a float keeps",
                            unscaled.map_or_else(|| "of 39 or more digits".into(), |u| plain(u, scale))
                        ))
                    })?;
                out.push(value);
            }
            Values::Int(out) => {
                let (least, most) = target.int_range().unwrap_or((0, 0));
                let whole = unscaled
                    .and_then(|unscaled| truncated(unscaled, scale))
                    .filter(|whole| (least..=most).contains(whole))
                    .ok_or_else(|| {
                        let text = unscaled.map_or_else(|| "decimal".into(), |u| plain(u, scale));
                        out_of_range(name, text, i, target)
                    })?;
                out.push(hold(whole, target));
            }
            Values::Bool(_) | Values::Text(..) => {}
        }
    }
    Ok(())
}

/// The number in little-endian bytes, `None` if it needs more than 128 bits.
fn unscaled(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let fill = if negative { 0xff } else { 0 };
    let mut low = [fill; 16];
    let n = bytes.len().min(16);
    low[..n].copy_from_slice(&bytes[..n]);
    let value = i128::from_le_bytes(low);
    let fits = bytes[n..].iter().all(|&byte| byte == fill) && (value < 0) == negative;
    fits.then_some(value)
}

/// The integer part, `None` if it leaves 128 bits.
fn truncated(unscaled: i128, scale: i32) -> Option<i128> {
    match 10_i128.checked_pow(scale.unsigned_abs()) {
        Some(power) if scale >= 0 => Some(unscaled / power),
        Some(power) => unscaled.checked_mul(power),
        None if scale >= 0 || unscaled == 0 => Some(0),
        None => None,
    }
}

fn to_float(unscaled: i128, scale: i32) -> Option<f64> {
    // Fifteen digits always survive; both numbers are exact, so the quotient is the nearest float.
    if unscaled.unsigned_abs() < 1_000_000_000_000_000 && (0..=22).contains(&scale) {
        return Some(unscaled as f64 / POWERS[scale as usize]);
    }
    let value: f64 = format!("{unscaled}e{}", -scale).parse().ok()?;
    let (digits, exponent) = significant(unscaled, scale);
    let mut buffer = zmij::Buffer::new();
    let shortest = parse_shortest(buffer.format(value))?;
    (value.is_finite() && shortest == (digits, exponent)).then_some(value)
}

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// A number as digits without trailing zeros and a power of ten.
fn significant(unscaled: i128, scale: i32) -> (u128, i32) {
    let (mut digits, mut exponent) = (unscaled.unsigned_abs(), -scale);
    if digits == 0 {
        return (0, 0);
    }
    while digits % 10 == 0 {
        digits /= 10;
        exponent += 1;
    }
    (digits, exponent)
}

/// The same of a printed float.
fn parse_shortest(text: &str) -> Option<(u128, i32)> {
    let text = text.trim_start_matches('-');
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_end_matches('0');
    if trimmed.is_empty() {
        return Some((0, 0));
    }
    let exponent: i32 = exponent.parse().ok()?;
    let moved = digits.len() - trimmed.len();
    let exponent = exponent - i32::try_from(fraction.len()).ok()? + i32::try_from(moved).ok()?;
    Some((trimmed.parse().ok()?, exponent))
}

/// A decimal as text.
pub fn plain(unscaled: i128, scale: i32) -> String {
    if scale <= 0 {
        return if unscaled == 0 {
            "0".into()
        } else {
            format!("{unscaled}{}", "0".repeat(scale.unsigned_abs() as usize))
        };
    }
    let scale = scale as usize;
    let digits = format!("{:0>width$}", unscaled.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    format!("{}{whole}.{fraction}", if unscaled < 0 { "-" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_become_the_nearest_float_or_are_refused() {
        assert_eq!(to_float(250, 2), Some(2.5));
        assert_eq!(to_float(-1, 1), Some(-0.1));
        assert_eq!(to_float(1, -3), Some(1000.0));
        assert_eq!(to_float(1 << 100, 0), None);
        assert_eq!(to_float(10_i128.pow(30), 0), Some(1e30));
        assert_eq!(to_float(9_007_199_254_740_993, 0), None);
        assert_eq!(
            to_float(9_007_199_254_740_992, 0),
            Some(9_007_199_254_740_992.0)
        );
        assert_eq!(to_float(12_345_678_901_234_567_890, 10), None);
        assert_eq!(
            to_float(1_234_567_890_123_456, 6),
            Some(1_234_567_890.123_456)
        );
        assert_eq!(to_float(0, 30), Some(0.0));
    }

    #[test]
    fn wide_numbers_are_read_or_told_apart() {
        assert_eq!(unscaled(&[0xff; 32]), Some(-1));
        assert_eq!(unscaled(&[1, 0, 0, 0]), Some(1));
        let mut wide = [0; 32];
        wide[16] = 1;
        assert_eq!(unscaled(&wide), None);
        let mut turned = [0; 32];
        turned[15] = 0x80;
        assert_eq!(unscaled(&turned), None);
    }

    #[test]
    fn decimals_print_plainly() {
        assert_eq!(plain(-5, 2), "-0.05");
        assert_eq!(plain(12345, 2), "123.45");
        assert_eq!(plain(7, -2), "700");
    }
}
