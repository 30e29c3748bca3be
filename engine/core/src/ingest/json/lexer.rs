//! JSON tokens straight from the text, without a tree.

use std::borrow::Cow;

use crate::error::{Error, Result};
use crate::ingest::number::{self, Number};

/// A scalar of the text.
#[derive(Debug, Clone, PartialEq)]
pub enum Token<'a> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'a, str>),
}

/// A place in a JSON text.
#[derive(Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// At the start of `text`, past a byte order mark.
    pub fn new(text: &'a str) -> Self {
        Self {
            text: text.strip_prefix('\u{feff}').unwrap_or(text),
            at: 0,
        }
    }

    /// The place, in bytes from the start.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Goes to a place that [`Self::at`] told.
    pub fn seek(&mut self, at: usize) {
        self.at = at;
    }

    /// The text between two places that [`Self::at`] told.
    pub fn between(&self, start: usize, end: usize) -> &'a str {
        &self.text[start..end]
    }

    /// The next byte that is not blank, not taken; 0 at the end.
    #[inline]
    pub fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(&byte) => return byte,
                None => return 0,
            }
        }
    }

    /// Whether nothing but blanks is left.
    pub fn at_end(&mut self) -> bool {
        self.peek();
        self.at == self.text.len()
    }

    /// Takes `byte` if it comes next.
    #[inline]
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == byte;
        self.at += usize::from(found);
        found
    }

    /// Takes `byte`, which must come next.
    #[inline]
    pub fn expect(&mut self, byte: u8) -> Result<()> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{}`", char::from(byte))))
        }
    }

    /// After an element: takes a comma (true) or the closing `byte` (false).
    #[inline]
    pub fn more(&mut self, close: u8) -> Result<bool> {
        let found = self.peek();
        if found == b',' {
            self.at += 1;
            Ok(true)
        } else if found == close {
            self.at += 1;
            Ok(false)
        } else {
            Err(self.unexpected(&format!("`,` or `{}`", char::from(close))))
        }
    }

    /// An error at the present place.
    pub fn error(&self, reason: &str) -> Error {
        let before = self.text.get(..self.at).unwrap_or(self.text);
        let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
        let column = before.chars().rev().take_while(|&c| c != '\n').count() + 1;
        Error::input(format!(
            "Invalid JSON at line {line}, column {column}: {reason}"
        ))
    }

    /// The error that something else was expected here.
    pub fn unexpected(&mut self, expected: &str) -> Error {
        self.peek();
        let found: String = self.text[self.at..]
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '-')
            .take(12)
            .collect();
        let found = match self.text[self.at..].chars().next() {
            None => "the end".to_owned(),
            Some(_) if matches!(found.as_str(), "NaN" | "Infinity" | "-Infinity") => {
                format!("`{found}`, which JSON does not have")
            }
            Some(_) if !found.is_empty() => format!("`{found}`"),
            Some(c) => format!("`{c}`"),
        };
        self.error(&format!("expected {expected}, found {found}"))
    }

    /// Takes a scalar.
    #[inline]
    pub fn scalar(&mut self) -> Result<Token<'a>> {
        match self.peek() {
            b'"' => Ok(Token::Text(self.string()?)),
            b'-' | b'0'..=b'9' => self.number().map(Token::Number),
            b'n' => self.word("null", Token::Null),
            b't' => self.word("true", Token::Bool(true)),
            b'f' => self.word("false", Token::Bool(false)),
            _ => Err(self.unexpected("a value")),
        }
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(token)
        } else {
            Err(self.unexpected("a value"))
        }
    }

    #[inline]
    fn number(&mut self) -> Result<Number> {
        let bytes = &self.text.as_bytes()[self.at..];
        let scanned = number::scan(bytes);
        // `-Infinity` comes here as well.
        if scanned.n_whole == 0 {
            return Err(self.unexpected("a value"));
        }
        if scanned.leading_zero || scanned.fraction == Some(0) {
            return Err(self.unexpected("a number"));
        }
        if let Some(b'.' | b'e' | b'E' | b'0'..=b'9') = bytes.get(scanned.len) {
            return Err(self.unexpected("a number"));
        }
        self.at += scanned.len;
        let number = scanned.value(&bytes[..scanned.len]);
        if matches!(number, Number::Float(value) if value.is_infinite()) {
            self.at -= scanned.len;
            return Err(self.error("the number is beyond what a float can hold"));
        }
        Ok(number)
    }

    /// Takes a string, whose opening quote comes next.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>> {
        if self.peek() != b'"' {
            return Err(self.unexpected("a string"));
        }
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        let mut at = start;
        loop {
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Cow::Borrowed(&self.text[start..at]));
                }
                Some(b'\\') => return self.escaped(start, at).map(Cow::Owned),
                Some(0..0x20) => {
                    self.at = at;
                    return Err(self.error("a control character within a string"));
                }
                Some(_) => at += 1,
                None => {
                    self.at = start - 1;
                    return Err(self.error("a string without end"));
                }
            }
        }
    }

    #[cold]
    fn escaped(&mut self, start: usize, first: usize) -> Result<String> {
        let bytes = self.text.as_bytes();
        let mut out = self.text[start..first].to_owned();
        let mut at = first;
        loop {
            let plain = at;
            while bytes
                .get(at)
                .is_some_and(|&byte| byte != b'"' && byte != b'\\' && byte >= 0x20)
            {
                at += 1;
            }
            out.push_str(&self.text[plain..at]);
            self.at = at;
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(out);
                }
                Some(b'\\') => {
                    at += 2;
                    out.push(match bytes.get(at - 1) {
                        Some(b'n') => '\n',
                        Some(b't') => '\t',
                        Some(b'r') => '\r',
                        Some(b'b') => '\u{8}',
                        Some(b'f') => '\u{c}',
                        Some(&byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
                        Some(b'u') => self.unicode(&mut at)?,
                        _ => return Err(self.error("an unknown escape within a string")),
                    });
                }
                Some(_) => return Err(self.error("a control character within a string")),
                None => {
                    self.at = start - 1;
                    return Err(self.error("a string without end"));
                }
            }
        }
    }

    /// The character of a `\u` escape whose digits start at `at`, and of the second half of a pair.
    fn unicode(&self, at: &mut usize) -> Result<char> {
        let unit = |at: usize| -> Option<u32> {
            let digits = self.text.get(at..at + 4)?;
            if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            u32::from_str_radix(digits, 16).ok()
        };
        let bad = || self.error("a malformed `\\u` escape");
        let first = unit(*at).ok_or_else(bad)?;
        *at += 4;
        if (0xd800..0xdc00).contains(&first) && self.text.as_bytes()[*at..].starts_with(b"\\u") {
            let second = unit(*at + 2).ok_or_else(bad)?;
            if (0xdc00..0xe000).contains(&second) {
                *at += 6;
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return char::from_u32(code).ok_or_else(bad);
            }
        }
        // Half of a pair is no character; it shows as the replacement character.
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Steps over one value of any kind, nested at most `depth` deep.
    pub fn skip(&mut self, depth: usize) -> Result<()> {
        match self.peek() {
            open @ (b'{' | b'[') => {
                let depth = self.deeper(depth)?;
                self.at += 1;
                let close = if open == b'{' { b'}' } else { b']' };
                if self.eat(close) {
                    return Ok(());
                }
                loop {
                    if open == b'{' {
                        self.string()?;
                        self.expect(b':')?;
                    }
                    self.skip(depth)?;
                    if !self.more(close)? {
                        return Ok(());
                    }
                }
            }
            _ => self.scalar().map(drop),
        }
    }

    /// One level less than `depth`.
    pub fn deeper(&self, depth: usize) -> Result<usize> {
        depth
            .checked_sub(1)
            .ok_or_else(|| self.error("nested deeper than the limit `json_depth` allows; raise it in the server's options"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Result<Token<'_>> {
        let mut lexer = Lexer::new(text);
        let token = lexer.scalar()?;
        if lexer.at_end() {
            Ok(token)
        } else {
            Err(lexer.error("more follows"))
        }
    }

    #[test]
    fn strings_are_unescaped() {
        for (text, expected) in [
            (r#""""#, ""),
            (r#""a\"b\\\/\n\u00e9""#, "a\"b\\/\né"),
            (r#""\ud83d\ude00!""#, "😀!"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""äö""#, "äö"),
        ] {
            assert_eq!(token(text), Ok(Token::Text(expected.into())), "{text}");
        }
        for text in [
            r#""a"#,
            "\"a\nb\"",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u+123""#,
            r#""\"#,
            r#""\u12"#,
        ] {
            assert!(token(text).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_follow_the_grammar() {
        assert_eq!(token("-12"), Ok(Token::Number(Number::Int(-12))));
        assert_eq!(token("1.5e3"), Ok(Token::Number(Number::Float(1500.0))));
        for text in [
            "01",
            "1.",
            ".5",
            "+1",
            "-",
            "1e",
            "NaN",
            "Infinity",
            "-Infinity",
            "1e999",
            "0x1",
            "nul",
            "",
        ] {
            assert!(token(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_name_line_and_column() {
        let mut lexer = Lexer::new("[1,\n NaN]");
        lexer.seek(3);
        let error = lexer.scalar().expect_err("NaN is not JSON").to_string();
        assert_eq!(
            error,
            "Invalid JSON at line 2, column 2: expected a value, found `NaN`, which JSON does not have"
        );
    }

    #[test]
    fn skipping_minds_the_depth() {
        let deep = "[".repeat(50) + &"]".repeat(50);
        assert!(Lexer::new(&deep).skip(50).is_ok());
        assert!(Lexer::new(&deep).skip(49).is_err());
    }
}
