//! Records and fields of comma-separated text, by the rules of RFC 4180.

use std::borrow::Cow;

use crate::error::{Error, Result};

/// A place in the text.
#[derive(Clone)]
pub struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// At the start of `text`, past a byte order mark.
    pub fn new(text: &'a str) -> Self {
        Self {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            at: 0,
        }
    }

    /// Goes to the next record, past blank lines; false at the end.
    #[inline]
    pub fn next_record(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        while let Some(b'\n' | b'\r') = bytes.get(self.at) {
            self.at += 1;
        }
        self.at < bytes.len()
    }

    /// The bytes from here on.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Goes on by `n` bytes if a field would end there.
    #[inline]
    pub fn take_if_field(&mut self, n: usize) -> Option<&'a [u8]> {
        match self.text.as_bytes().get(self.at + n) {
            None | Some(b',' | b'\n' | b'\r') => {
                let field = &self.text.as_bytes()[self.at..self.at + n];
                self.at += n;
                Some(field)
            }
            Some(_) => None,
        }
    }

    /// After a field: takes a comma.
    #[inline]
    pub fn comma(&mut self) -> bool {
        let found = self.text.as_bytes().get(self.at) == Some(&b',');
        self.at += usize::from(found);
        found
    }

    /// Takes one field, without its quotes.
    #[inline]
    pub fn field(&mut self) -> Result<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        if bytes.get(self.at) == Some(&b'"') {
            return self.quoted();
        }
        let end = find_end(bytes, self.at);
        let field = &self.text[self.at..end];
        self.at = end;
        Ok(Cow::Borrowed(field))
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>> {
        let bytes = self.text.as_bytes();
        let open = self.at;
        let mut out = Cow::Borrowed("");
        let mut start = open + 1;
        loop {
            let Some(length) = bytes[start..].iter().position(|&byte| byte == b'"') else {
                return Err(self.error("a quoted field without end"));
            };
            let piece = &self.text[start..start + length];
            if out.is_empty() {
                out = Cow::Borrowed(piece);
            } else {
                out.to_mut().push_str(piece);
            }
            let after = start + length + 1;
            match bytes.get(after) {
                None | Some(b',' | b'\n' | b'\r') => {
                    self.at = after;
                    return Ok(out);
                }
                Some(b'"') => {
                    out.to_mut().push('"');
                    start = after + 1;
                }
                Some(_) => {
                    self.at = after;
                    return Err(self.error("text after a closing quote"));
                }
            }
        }
    }

    /// The rest of the record as it is written, for an error.
    pub fn record_text(&self) -> &'a str {
        let end = self.text[self.at..]
            .find(['\n', '\r'])
            .map_or(self.text.len(), |length| self.at + length);
        &self.text[self.at..end]
    }

    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.text.as_bytes()[..self.at]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1
    }

    /// An error at this place.
    pub fn error(&self, reason: &str) -> Error {
        Error::input(format!(
            "Invalid: CSV parse error: {reason} (line {})",
            self.line()
        ))
    }
}

/// The place of the next comma or line end, or the end of the text.
#[inline]
fn find_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // The lowest set bit marks the first byte of the word that equals `byte`.
    let marks = |word: u64, byte: u8| {
        let differing = word ^ (ONES * u64::from(byte));
        differing.wrapping_sub(ONES) & !differing & HIGH
    };
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let found = marks(word, b',') | marks(word, b'\n') | marks(word, b'\r');
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at)
        && !matches!(byte, b',' | b'\n' | b'\r')
    {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str) -> Result<Vec<Vec<String>>> {
        let mut cursor = Cursor::new(text);
        let mut records = Vec::new();
        while cursor.next_record() {
            let mut record = vec![cursor.field()?.into_owned()];
            while cursor.comma() {
                record.push(cursor.field()?.into_owned());
            }
            records.push(record);
        }
        Ok(records)
    }

    #[test]
    fn fields_follow_the_quoting_rules() {
        for (text, expected) in [
            ("a,b\n1,2\n", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("a,b\r\n1,2", vec![vec!["a", "b"], vec!["1", "2"]]),
            ("\u{feff}a\n\n\r\n1\n", vec![vec!["a"], vec!["1"]]),
            ("\"a,\"\"b\n\",c", vec![vec!["a,\"b\n", "c"]]),
            ("a,,\n", vec![vec!["a", "", ""]]),
            ("\"\",\"x\"\"\"\n", vec![vec!["", "x\""]]),
            (
                "a\"b,12345678901234567890,é\n",
                vec![vec!["a\"b", "12345678901234567890", "é"]],
            ),
        ] {
            assert_eq!(records(text).expect("well-formed"), expected, "{text:?}");
        }
        assert!(records("\"a").is_err());
        let error = records("x\n\"a\"b")
            .expect_err("text after the quote")
            .to_string();
        assert_eq!(
            error,
            "Invalid: CSV parse error: text after a closing quote (line 2)"
        );
    }

    #[test]
    fn ends_are_found_at_every_distance() {
        for length in 0..40 {
            for stop in [",", "\n", "\r", ""] {
                let text = format!(
                    "{}{stop}x,",
                    "é-".repeat(length / 3) + &"z".repeat(length % 3)
                );
                let expected = text.find([',', '\n', '\r']).expect("there is an end");
                assert_eq!(find_end(text.as_bytes(), 0), expected);
            }
        }
    }
}
