//! Numbers as text: fast ways for the common ones, the standard library's exact way for the rest.

/// A number that was read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// An integer that fits 64 signed bits.
    Int(i64),
    /// An integer that fits only 64 unsigned bits.
    Big(u64),
    /// Anything with a point or an exponent, and integers beyond 64 bits.
    Float(f64),
}

/// Powers of ten that a float holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// A number at the start of some bytes, not yet turned into its value.
#[derive(Debug, Clone, Copy)]
pub struct Scanned {
    negative: bool,
    /// The digits as an integer, right as long as there are at most nineteen.
    mantissa: u64,
    n_digits: usize,
    /// The digits before the point were this many.
    pub n_whole: usize,
    /// Whether the first digit is a zero that another follows.
    pub leading_zero: bool,
    /// Whether there is a point, and how many digits follow it.
    pub fraction: Option<usize>,
    exponent: Option<i32>,
    /// The number of bytes it takes.
    pub len: usize,
}

/// Scans `-`, digits, a point with digits and an exponent, as far as they go; whether that is a number in the grammar
/// at hand is for the caller to say.
#[inline]
pub fn scan(bytes: &[u8]) -> Scanned {
    let mut at = 0;
    let negative = bytes.first() == Some(&b'-');
    if negative {
        at = 1;
    }
    let start = at;
    let mut mantissa: u64 = 0;
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
        at += 1;
    }
    let n_whole = at - start;
    let mut scanned = Scanned {
        negative,
        mantissa,
        n_digits: n_whole,
        n_whole,
        leading_zero: n_whole > 1 && bytes[start] == b'0',
        fraction: None,
        exponent: None,
        len: at,
    };
    if let Some(b'.' | b'e' | b'E') = bytes.get(at) {
        scan_rest(bytes, &mut scanned);
    }
    scanned
}

#[inline]
fn scan_rest(bytes: &[u8], scanned: &mut Scanned) {
    let mut at = scanned.len;
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        let start = at;
        let mut mantissa = scanned.mantissa;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(digit.into());
            at += 1;
        }
        scanned.mantissa = mantissa;
        scanned.n_digits += at - start;
        scanned.fraction = Some(at - start);
        scanned.len = at;
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1;
        let negative = match bytes.get(at) {
            Some(b'-') => {
                at += 1;
                true
            }
            Some(b'+') => {
                at += 1;
                false
            }
            _ => false,
        };
        let start = at;
        let mut exponent: i32 = 0;
        while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0'))
            && digit < 10
        {
            exponent = exponent.saturating_mul(10).saturating_add(digit.into());
            at += 1;
        }
        // Without digits it is no exponent, and what follows is left to the caller.
        if at > start {
            scanned.exponent = Some(if negative { -exponent } else { exponent });
            scanned.len = at;
        }
    }
}

impl Scanned {
    /// Whether it is written as an integer.
    #[inline]
    pub fn is_integer(&self) -> bool {
        self.fraction.is_none() && self.exponent.is_none()
    }

    /// Whether there is any digit.
    pub fn has_digits(&self) -> bool {
        self.n_digits > 0
    }

    /// The value. `text` is what was scanned, cut to its length.
    #[inline]
    pub fn value(&self, text: &[u8]) -> Number {
        if self.is_integer() {
            if self.n_digits < 19 {
                let value = self.mantissa as i64;
                return Number::Int(if self.negative { -value } else { value });
            }
            return self.long_integer(text);
        }
        Number::Float(self.float(text))
    }

    #[cold]
    fn long_integer(&self, text: &[u8]) -> Number {
        let text = std::str::from_utf8(text).unwrap_or_default();
        if let Ok(value) = text.parse() {
            return Number::Int(value);
        }
        match text.parse() {
            Ok(value) => Number::Big(value),
            Err(_) => Number::Float(self.float(text.as_bytes())),
        }
    }

    /// The value as a float.
    #[inline]
    pub fn float(&self, text: &[u8]) -> f64 {
        // Below 2^53 the digits are exact, and so are these powers of ten: one rounding gives the nearest float.
        let exponent = self
            .exponent
            .unwrap_or(0)
            .saturating_sub(self.fraction.unwrap_or(0) as i32);
        if self.n_digits <= 19 && self.mantissa < 1 << 53 && (-22..=22).contains(&exponent) {
            let digits = self.mantissa as f64;
            let value = if exponent < 0 {
                digits / POWERS[exponent.unsigned_abs() as usize]
            } else {
                digits * POWERS[exponent as usize]
            };
            return if self.negative { -value } else { value };
        }
        parse_exactly(text)
    }
}

#[cold]
fn parse_exactly(text: &[u8]) -> f64 {
    std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(f64::NAN)
}

/// Reads a whole text as a number, as clients write them in strings: blanks around it, a sign, leading zeros, a point
/// at either end, `nan` and `inf` are all accepted.
pub fn parse(text: &str) -> Option<Number> {
    let text = text.trim_ascii();
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if unsigned.len() < text.len() && unsigned.starts_with('-') {
        return None;
    }
    let scanned = scan(unsigned.as_bytes());
    if scanned.len == unsigned.len() && scanned.has_digits() {
        return Some(scanned.value(unsigned.as_bytes()));
    }
    let letters = unsigned.trim_start_matches('-');
    let is_word = ["nan", "inf", "infinity"]
        .iter()
        .any(|word| letters.eq_ignore_ascii_case(word));
    is_word.then(|| unsigned.parse().ok().map(Number::Float))?
}

/// Writes a float as text for a text column: six places after the point as the reference does, where that says it all,
/// else the fewest digits that read back the same.
pub fn float_to_text(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string().to_ascii_lowercase();
    }
    let fixed = format!("{value:.6}");
    if fixed.parse() == Ok(value) {
        fixed
    } else {
        zmij::Buffer::new().format_finite(value).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_exact_to_64_bits() {
        for (text, expected) in [
            ("0", Number::Int(0)),
            ("-0", Number::Int(0)),
            ("007", Number::Int(7)),
            ("+7", Number::Int(7)),
            (" 12 ", Number::Int(12)),
            ("9223372036854775807", Number::Int(i64::MAX)),
            ("-9223372036854775808", Number::Int(i64::MIN)),
            ("9223372036854775808", Number::Big(1 << 63)),
            ("18446744073709551615", Number::Big(u64::MAX)),
            (
                "18446744073709551616",
                Number::Float(18_446_744_073_709_551_616.0),
            ),
            (
                "-9223372036854775809",
                Number::Float(-9_223_372_036_854_775_808.0),
            ),
            ("1.", Number::Float(1.0)),
            (".5", Number::Float(0.5)),
            ("1e5", Number::Float(1e5)),
            ("-inf", Number::Float(f64::NEG_INFINITY)),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        for text in [
            "", "-", "+", "+-1", "1e", "1x", "0x10", "1 2", ".", "e5", "nano",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_the_nearest() {
        for text in [
            "0.1",
            "1.7976931348623157e308",
            "5e-324",
            "2.2250738585072011e-308",
            "123456789.123456789",
            "1e22",
            "1e23",
            "9007199254740993.0",
            "0.30000000000000004",
            "179769313486231570000e290",
            "1e-400",
            "1e400",
            "0.000000000000000000000000000000000000000000001",
            "12345678901234567890.5",
            "-0.0",
        ] {
            let expected: f64 = text.parse().expect("a float");
            assert_eq!(parse(text), Some(Number::Float(expected)), "{text}");
        }
    }

    #[test]
    fn floats_in_text_lose_nothing() {
        assert_eq!(float_to_text(1.5), "1.500000");
        assert_eq!(float_to_text(1e21), "1000000000000000000000.000000");
        assert_eq!(float_to_text(1e-7), "1e-7");
    }
}
