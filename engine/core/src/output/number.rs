//! Numbers as text, in the two spellings that outputs have.
//!
//! Both take the fewest digits that read back the same. JSON spells as JavaScript does, always with a point or an
//! exponent: `3.0`, `100000000000000000000.0`, `1e21`, `0.000001`, `1e-7`. CSV and headers drop the point of whole
//! numbers and go over to exponents earlier: `3`, `1e+15`, `0.00001`, `1e-6`.

/// Writes an integer.
#[inline]
pub fn write_int(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes an integer of 64 unsigned bits.
#[inline]
pub fn write_uint(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Writes a float as JSON has it; `null` if it is not finite.
#[inline]
pub fn write_json_float(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return out.extend_from_slice(b"null");
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(value);
    // The shortest form uses exponents outside of these bounds, and there alone.
    if value == 0.0 || (1e-5..1e16).contains(&value.abs()) {
        return out.extend_from_slice(text.as_bytes());
    }
    write_json_exponent(text, out);
}

#[cold]
fn write_json_exponent(text: &str, out: &mut Vec<u8>) {
    let Some((mantissa, exponent)) = split_exponent(text) else {
        return out.extend_from_slice(text.as_bytes());
    };
    let mantissa = mantissa.strip_prefix('-').map_or(mantissa, |mantissa| {
        out.push(b'-');
        mantissa
    });
    let digits = || mantissa.bytes().filter(|&byte| byte != b'.');
    match exponent {
        16..=20 => {
            // There are at most seventeen digits, all of them before the point.
            let n_digits = digits().count();
            out.extend(digits());
            out.resize(out.len() + (exponent as usize + 1 - n_digits), b'0');
            out.extend_from_slice(b".0");
        }
        -6 => {
            out.extend_from_slice(b"0.00000");
            out.extend(digits());
        }
        _ => {
            out.extend_from_slice(mantissa.as_bytes());
            out.push(b'e');
            write_int(exponent.into(), out);
        }
    }
}

fn split_exponent(text: &str) -> Option<(&str, i32)> {
    let (mantissa, exponent) = text.split_once('e')?;
    Some((mantissa, exponent.parse().ok()?))
}

/// Writes a float as CSV has it; `nan`, `inf` or `-inf` if it is not finite.
#[inline]
pub fn write_csv_float(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return write_not_finite(value, out);
    }
    let mut buffer = zmij::Buffer::new();
    write_csv_shortest(value.abs(), buffer.format_finite(value), out);
}

/// As [`write_csv_float`], in the fewest digits that tell 32-bit floats apart.
#[inline]
pub fn write_csv_float32(value: f32, out: &mut Vec<u8>) {
    if !value.is_finite() {
        return write_not_finite(value.into(), out);
    }
    let mut buffer = zmij::Buffer::new();
    write_csv_shortest(value.abs().into(), buffer.format_finite(value), out);
}

#[cold]
fn write_not_finite(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(if value.is_nan() {
        b"nan"
    } else if value > 0.0 {
        b"inf"
    } else {
        b"-inf"
    });
}

#[inline]
fn write_csv_shortest(magnitude: f64, text: &str, out: &mut Vec<u8>) {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    if magnitude < 1e15 || text.contains('e') {
        return out.extend_from_slice(whole.as_bytes());
    }
    // Sixteen digits before the point.
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let all: String = digits.chars().filter(|&c| c != '.').collect();
    let all = all.trim_end_matches('0');
    out.extend_from_slice(sign.as_bytes());
    out.extend_from_slice(&all.as_bytes()[..1]);
    if all.len() > 1 {
        out.push(b'.');
        out.extend_from_slice(&all.as_bytes()[1..]);
    }
    out.extend_from_slice(b"e+15");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).expect("numbers are ASCII")
    }

    #[test]
    fn floats_are_spelled_as_each_format_asks() {
        for (value, json, csv) in [
            (3.0, "3.0", "3"),
            (-0.0, "-0.0", "-0"),
            (100_000.0, "100000.0", "100000"),
            (1e14, "100000000000000.0", "100000000000000"),
            (1e15, "1000000000000000.0", "1e+15"),
            (
                1_234_567_890_123_456.8,
                "1234567890123456.8",
                "1.2345678901234568e+15",
            ),
            (-1.5e15, "-1500000000000000.0", "-1.5e+15"),
            (1e16, "10000000000000000.0", "1e+16"),
            (
                123_456_789_012_345_680.0,
                "123456789012345680.0",
                "1.2345678901234568e+17",
            ),
            (-1e20, "-100000000000000000000.0", "-1e+20"),
            (1e21, "1e21", "1e+21"),
            (1.5e300, "1.5e300", "1.5e+300"),
            (0.1, "0.1", "0.1"),
            (1e-5, "0.00001", "0.00001"),
            (1.5e-6, "0.0000015", "1.5e-6"),
            (-1e-7, "-1e-7", "-1e-7"),
            (5e-324, "5e-324", "5e-324"),
            (f64::NAN, "null", "nan"),
            (f64::NEG_INFINITY, "null", "-inf"),
        ] {
            assert_eq!(text(|out| write_json_float(value, out)), json);
            assert_eq!(text(|out| write_csv_float(value, out)), csv);
        }
        assert_eq!(text(|out| write_csv_float32(1.1, out)), "1.1");
        assert_eq!(text(|out| write_csv_float32(1e15, out)), "1e+15");
    }

    #[test]
    fn every_spelling_reads_back_the_same() {
        let mut state = 1_u64;
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(state);
            if value.is_finite() {
                assert_eq!(text(|out| write_json_float(value, out)).parse(), Ok(value));
                assert_eq!(text(|out| write_csv_float(value, out)).parse(), Ok(value));
            }
        }
    }
}
