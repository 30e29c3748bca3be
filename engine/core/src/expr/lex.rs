//! Text to tokens, each with the byte where it starts.
//!
//! A double-quoted token names a column, a single-quoted one is text with the escapes `\'`, `\\`, `\n`, `\r`, `\t`
//! and `\0`; of any other escape the backslash is dropped, so the regular expression `\d` is written `'\\d'`.
//! Comments are `# ...`, `// ...` and `/* ... */`.

use super::Fault;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A number, and the same as an integer when it is too large for a float to hold exactly.
    Number(f64, Option<i64>),
    /// A text in single quotes, unescaped.
    Text(String),
    /// A column's name in double quotes.
    Column(String),
    /// A name: variable, function, keyword or word operator, in lower case, since names ignore case.
    Name(String),
    /// An operator or a bracket.
    Symbol(&'static str),
}

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    /// The byte where it starts.
    pub at: usize,
}

impl Token {
    /// The token as an error message shows it.
    pub fn show(&self) -> String {
        match &self.kind {
            Kind::Number(value, whole) => {
                whole.map_or(value.to_string(), |whole| whole.to_string())
            }
            Kind::Text(text) | Kind::Column(text) | Kind::Name(text) => text.clone(),
            Kind::Symbol(symbol) => (*symbol).to_owned(),
        }
    }
}

/// Longest first, so that `:=` is not read as `:`.
const SYMBOLS: [&str; 32] = [
    ":=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<>", "<=", ">=", "+", "-", "*", "/", "%", "^",
    "=", "<", ">", "(", ")", "[", "]", "{", "}", ",", ";", ":", "?", "~", "&",
];

/// Splits an expression into tokens.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks()?;
        let Some(first) = lexer.peek() else {
            return Ok(tokens);
        };
        let at = lexer.at;
        let kind = match first {
            '\'' => lexer.quoted_text()?,
            '"' => lexer.quoted_column()?,
            '0'..='9' => lexer.number()?,
            '.' if lexer.peek_second().is_some_and(|c| c.is_ascii_digit()) => lexer.number()?,
            c if c.is_alphabetic() || c == '_' => lexer.name(),
            _ => lexer.symbol()?,
        };
        tokens.push(Token { kind, at });
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn take_while(&mut self, test: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !test(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_blanks(&mut self) -> Result<(), Fault> {
        loop {
            self.take_while(char::is_whitespace);
            if self.rest().starts_with('#') || self.rest().starts_with("//") {
                self.take_while(|c| c != '\n');
            } else if self.rest().starts_with("/*") {
                match self.rest().find("*/") {
                    Some(length) => self.at += length + 2,
                    None => return Err(Fault::new(self.at, "Unclosed comment")),
                }
            } else {
                return Ok(());
            }
        }
    }

    fn quoted_text(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at = start + at + 1;
                    return Ok(Kind::Text(out));
                }
                '\\' => match chars.next() {
                    Some((_, 'n')) => out.push('\n'),
                    Some((_, 'r')) => out.push('\r'),
                    Some((_, 't')) => out.push('\t'),
                    Some((_, '0')) => out.push('\0'),
                    Some((_, other)) => out.push(other),
                    None => break,
                },
                _ => out.push(c),
            }
        }
        let shown: String = self.rest().chars().skip(1).take(40).collect();
        Err(Fault::new(start, format!("Invalid string token: {shown}")))
    }

    fn quoted_column(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        let mut name = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + at + 1;
                    return Ok(Kind::Column(name));
                }
                // A name may hold the two characters that would end or start an escape.
                '\\' if chars
                    .peek()
                    .is_some_and(|&(_, next)| next == '"' || next == '\\') =>
                {
                    name.extend(chars.next().map(|(_, escaped)| escaped));
                }
                _ => name.push(c),
            }
        }
        let shown: String = self.rest().chars().take(40).collect();
        Err(Fault::new(start, format!("General token error: {shown}")))
    }

    fn number(&mut self) -> Result<Kind, Fault> {
        let start = self.at;
        let whole = self.take_while(|c| c.is_ascii_digit());
        let mut fraction = false;
        if self.peek() == Some('.') {
            fraction = true;
            self.at += 1;
            self.take_while(|c| c.is_ascii_digit());
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            let before = self.at;
            self.at += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.at += 1;
            }
            if self.take_while(|c| c.is_ascii_digit()).is_empty() {
                self.at = before;
            } else {
                fraction = true;
            }
        }
        let digits = &self.text[start..self.at];
        let value = digits.parse::<f64>().ok().filter(|value| value.is_finite());
        let Some(value) = value else {
            return Err(Fault::new(
                start,
                format!("Invalid numeric token: '{digits}'"),
            ));
        };
        let exact = if fraction {
            None
        } else {
            whole.parse::<i64>().ok()
        };
        Ok(Kind::Number(value, exact.filter(|&exact| exact > 1 << 53)))
    }

    fn name(&mut self) -> Kind {
        let name = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '.');
        Kind::Name(name.to_lowercase())
    }

    fn symbol(&mut self) -> Result<Kind, Fault> {
        let rest = self.rest();
        let reserved = |symbol| {
            Fault::new(
                self.at,
                format!("Invalid use of reserved symbol '{symbol}'"),
            )
        };
        if rest.starts_with("&&") {
            return Err(reserved('&'));
        }
        if rest.starts_with("||") {
            return Err(reserved('|'));
        }
        if rest.starts_with('|') {
            self.at += 1;
            return Ok(Kind::Symbol("|"));
        }
        if rest.starts_with('!') && !rest.starts_with("!=") {
            return Err(reserved('!'));
        }
        for symbol in SYMBOLS {
            if rest.starts_with(symbol) {
                self.at += symbol.len();
                return Ok(Kind::Symbol(symbol));
            }
        }
        let first = self.peek().unwrap_or_default();
        Err(Fault::new(self.at, format!("General token error: {first}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Kind> {
        tokens(text)
            .unwrap()
            .into_iter()
            .map(|token| token.kind)
            .collect()
    }

    #[test]
    fn escapes_and_comments_are_read() {
        assert_eq!(kinds(r"'a\'b\\d' # x"), [Kind::Text("a'b\\d".into())]);
        assert_eq!(kinds("/* a */ 'ä' // b"), [Kind::Text("ä".into())]);
        assert_eq!(kinds(r#""a\"b""#), [Kind::Column("a\"b".into())]);
    }

    #[test]
    fn numbers_keep_what_a_float_loses() {
        assert_eq!(kinds("1e3"), [Kind::Number(1000.0, None)]);
        assert_eq!(kinds(".5"), [Kind::Number(0.5, None)]);
        let big = (1_i64 << 53) + 1;
        assert_eq!(
            kinds("9007199254740993"),
            [Kind::Number(big as f64, Some(big))]
        );
        assert!(tokens("1e400").is_err());
    }
}
