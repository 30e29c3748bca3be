//! Tokens to a tree, by recursive descent with precedence climbing.
//!
//! Precedence, tightest first: `^` (right associative, tighter than a sign before it: `-2^2` is -4), signs, `* / %`,
//! `+ -`, comparisons, `and nand &`, `or nor xor xnor |`, `?:`, assignment. Nesting is bounded, so that no text can
//! exhaust the stack.

use super::Fault;
use super::ast::{Arith, BinaryOp, Compare, Expr, ExprKind, Logic, Target};
use super::lex::{self, Kind, Token};

/// How deep parentheses, calls and blocks may nest, whatever the settings: the stack of the engine holds no more.
pub(super) const MAX_DEPTH: usize = 150;

/// How many binary operators and cases an expression may have: chains of them make the tree lean by as much.
const MAX_OPERATORS: usize = 1_000;

/// The greatest number of elements of a vector.
const MAX_VECTOR: f64 = 10_000.0;

/// Names that the grammar gives a meaning, so nothing else can have them.
const RESERVED: [&str; 26] = [
    "and", "or", "nand", "nor", "xor", "xnor", "not", "if", "else", "switch", "case", "default",
    "for", "while", "repeat", "until", "break", "continue", "return", "var", "true", "false",
    "null", "pi", "epsilon", "inf",
];

/// Parses an expression: statements separated by `;`.
pub(super) fn parse(text: &str, max_depth: usize) -> Result<Expr, Fault> {
    let tokens = lex::tokens(text)?;
    if tokens.is_empty() {
        return Err(Fault::new(0, "Empty expression!"));
    }
    check_brackets(&tokens)?;
    let mut parser = Parser {
        tokens,
        position: 0,
        depth: 0,
        max_depth: max_depth.min(MAX_DEPTH),
        operators: 0,
        end: text.len(),
    };
    let statements = parser.statements(None)?;
    if let Some(token) = parser.peek() {
        return Err(parser.unexpected(token.clone()));
    }
    Ok(Expr {
        at: 0,
        kind: ExprKind::Block(statements),
    })
}

/// Points at the first closing bracket without its opening one, or at the last opening one left.
fn check_brackets(tokens: &[Token]) -> Result<(), Fault> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    for token in tokens {
        let Kind::Symbol(symbol) = token.kind else {
            continue;
        };
        let closes = match symbol {
            "(" => Err(")"),
            "[" => Err("]"),
            "{" => Err("}"),
            ")" | "]" | "}" => Ok(symbol),
            _ => continue,
        };
        match closes {
            Err(closing) => open.push((closing, token.at)),
            Ok(closing) if open.last().is_some_and(|&(wanted, _)| wanted == closing) => {
                open.pop();
            }
            Ok(closing) => {
                return Err(Fault::new(
                    token.at,
                    format!("Mismatched brackets: '{closing}'"),
                ));
            }
        }
    }
    match open.last() {
        Some((closing, at)) => Err(Fault::new(*at, format!("Mismatched brackets: '{closing}'"))),
        None => Ok(()),
    }
}

pub(super) struct Parser {
    tokens: Vec<Token>,
    pub position: usize,
    depth: usize,
    max_depth: usize,
    operators: usize,
    /// The byte after the text.
    end: usize,
}

impl Parser {
    pub fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position)
    }

    pub fn at(&self) -> usize {
        self.peek().map_or(self.end, |token| token.at)
    }

    pub fn is_symbol(&self, symbol: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: Kind::Symbol(found), .. }) if *found == symbol)
    }

    pub fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Some(Token { kind: Kind::Name(found), .. }) if found == name)
    }

    pub fn take_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.position += usize::from(found);
        found
    }

    pub fn take_name(&mut self, name: &str) -> bool {
        let found = self.is_name(name);
        self.position += usize::from(found);
        found
    }

    pub fn expect(&mut self, symbol: &str) -> Result<(), Fault> {
        if self.take_symbol(symbol) {
            return Ok(());
        }
        match self.peek() {
            None => Err(self.premature_end()),
            Some(token) => Err(Fault::new(
                token.at,
                format!("Expected '{symbol}' instead of: '{}'", token.show()),
            )),
        }
    }

    pub fn premature_end(&self) -> Fault {
        Fault::new(self.end, "Premature end of expression[1]")
    }

    fn unexpected(&self, token: Token) -> Fault {
        let shown = token.show();
        let message = match &token.kind {
            Kind::Symbol(_) if self.position > 0 => {
                let before = self.tokens[self.position - 1].show();
                format!("Invalid token sequence: '{before}' and '{shown}'")
            }
            Kind::Symbol(_) => format!("General parsing error at token: '{shown}'"),
            _ => format!("Invalid syntax '{shown}' possible missing operator or context"),
        };
        Fault::new(token.at, message)
    }

    /// Statements up to the closing symbol, which is left, or to the end.
    pub fn statements(&mut self, closing: Option<&str>) -> Result<Vec<Expr>, Fault> {
        let mut statements = Vec::new();
        loop {
            while self.take_symbol(";") {}
            let ended = match closing {
                Some(symbol) => self.is_symbol(symbol),
                None => self.peek().is_none(),
            };
            if ended {
                break;
            }
            statements.push(self.statement()?);
            let braced = matches!(self.tokens[self.position - 1].kind, Kind::Symbol("}"));
            let ended = match closing {
                Some(symbol) => self.is_symbol(symbol),
                None => self.peek().is_none(),
            };
            if !ended && !self.is_symbol(";") && !braced {
                return match self.peek() {
                    None => Err(self.premature_end()),
                    Some(token) => Err(self.unexpected(token.clone())),
                };
            }
        }
        if statements.is_empty() && closing.is_none() {
            return Err(self.premature_end());
        }
        Ok(statements)
    }

    pub fn nested<T>(
        &mut self,
        parse: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth == self.max_depth {
            let advice = if self.max_depth < MAX_DEPTH {
                "; raise it in the server's options"
            } else {
                ", which cannot be raised further"
            };
            let text = format!(
                "Expression nests deeper than {} levels: that is the limit `expression_depth`{advice}",
                self.max_depth
            );
            return Err(Fault::new(self.at(), text));
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    pub fn count_operator(&mut self) -> Result<(), Fault> {
        self.operators += 1;
        if self.operators > MAX_OPERATORS {
            return Err(Fault::new(
                self.at(),
                format!("Expression has more than {MAX_OPERATORS} operators"),
            ));
        }
        Ok(())
    }

    pub fn statement(&mut self) -> Result<Expr, Fault> {
        self.nested(|parser| {
            let at = parser.at();
            if parser.take_name("var") {
                return parser.declaration();
            }
            if parser.take_name("return") {
                let bracketed = parser.take_symbol("[");
                let value = parser.assignment()?;
                if bracketed {
                    parser.expect("]")?;
                }
                return Ok(Expr {
                    at,
                    kind: ExprKind::Return(Box::new(value)),
                });
            }
            parser.assignment()
        })
    }

    fn declaration(&mut self) -> Result<Expr, Fault> {
        let name_at = self.at();
        let name = match self.peek().map(|token| &token.kind) {
            Some(Kind::Name(name)) => name.clone(),
            None => return Err(self.premature_end()),
            Some(_) => {
                return Err(Fault::new(
                    name_at,
                    "Expected a symbol for variable definition",
                ));
            }
        };
        if RESERVED.contains(&name.as_str()) {
            return Err(Fault::new(
                name_at,
                format!("Invalid use of reserved symbol '{name}'"),
            ));
        }
        self.position += 1;
        if self.take_symbol("[") {
            let size_at = self.at();
            let size = match self.peek().map(|token| &token.kind) {
                Some(Kind::Number(size, _))
                    if (1.0..=MAX_VECTOR).contains(size) && size.fract() == 0.0 =>
                {
                    *size as usize
                }
                _ => {
                    return Err(Fault::new(
                        size_at,
                        format!(
                            "Invalid vector size: it must be a whole number from 1 to {MAX_VECTOR}"
                        ),
                    ));
                }
            };
            self.position += 1;
            self.expect("]")?;
            let (mut values, mut fill) = (Vec::new(), false);
            if self.take_symbol(":=") {
                fill = self.take_symbol("[");
                let closing = if fill { "]" } else { "}" };
                if !fill {
                    self.expect("{")?;
                }
                values = self.list(closing)?;
                if values.len() > size || fill && values.len() != 1 {
                    return Err(Fault::new(
                        size_at,
                        format!("Too many values for vector '{name}' of size {size}"),
                    ));
                }
            }
            return Ok(Expr {
                at: name_at,
                kind: ExprKind::DeclareVector {
                    name,
                    size,
                    values,
                    fill,
                },
            });
        }
        let value = match self.take_symbol(":=") {
            // `var x := {}` declares without a value.
            true if self.is_symbol("{") => {
                self.position += 1;
                self.expect("}")?;
                None
            }
            true => Some(Box::new(self.assignment()?)),
            false => None,
        };
        Ok(Expr {
            at: name_at,
            kind: ExprKind::Declare(name, value),
        })
    }

    /// Comma-separated expressions up to `closing`, which is taken.
    fn list(&mut self, closing: &str) -> Result<Vec<Expr>, Fault> {
        let mut items = Vec::new();
        if self.take_symbol(closing) {
            return Ok(items);
        }
        loop {
            items.push(self.assignment()?);
            if self.take_symbol(closing) {
                return Ok(items);
            }
            self.expect(",")?;
        }
    }

    pub fn assignment(&mut self) -> Result<Expr, Fault> {
        self.nested(|parser| {
            let target = parser.ternary()?;
            let at = parser.at();
            let op = match parser.peek().map(|token| &token.kind) {
                Some(Kind::Symbol(":=")) => None,
                Some(Kind::Symbol("+=")) => Some(Arith::Add),
                Some(Kind::Symbol("-=")) => Some(Arith::Subtract),
                Some(Kind::Symbol("*=")) => Some(Arith::Multiply),
                Some(Kind::Symbol("/=")) => Some(Arith::Divide),
                Some(Kind::Symbol("%=")) => Some(Arith::Remainder),
                _ => return Ok(target),
            };
            let place = match target.kind {
                ExprKind::Name(name) => Target::Name(name),
                ExprKind::Column(name) => Target::Column(name),
                ExprKind::Element(name, position) => Target::Element(name, position),
                _ => {
                    return Err(Fault::new(
                        target.at,
                        "Invalid assignment: the left side must be a variable",
                    ));
                }
            };
            parser.position += 1;
            let value = parser.assignment()?;
            let op = op.map(BinaryOp::Arith);
            let at = if op.is_some() { at } else { target.at };
            Ok(Expr {
                at,
                kind: ExprKind::Assign(place, op, Box::new(value)),
            })
        })
    }

    fn ternary(&mut self) -> Result<Expr, Fault> {
        let condition = self.binary(0)?;
        let at = self.at();
        if !self.take_symbol("?") {
            return Ok(condition);
        }
        let then = self.nested(Self::ternary)?;
        self.expect(":")?;
        let otherwise = self.nested(Self::ternary)?;
        Ok(Expr {
            at,
            kind: ExprKind::If {
                condition: Box::new(condition),
                then: Box::new(then),
                otherwise: Some(Box::new(otherwise)),
            },
        })
    }

    /// The binary operator here, with its level.
    fn binary_operator(&self) -> Option<(usize, BinaryOp)> {
        let (level, op) = match &self.peek()?.kind {
            Kind::Name(name) => match name.as_str() {
                "or" => (0, BinaryOp::Logic(Logic::Or)),
                "nor" => (0, BinaryOp::Logic(Logic::Nor)),
                "xor" => (0, BinaryOp::Logic(Logic::Xor)),
                "xnor" => (0, BinaryOp::Logic(Logic::Xnor)),
                "and" => (1, BinaryOp::Logic(Logic::And)),
                "nand" => (1, BinaryOp::Logic(Logic::Nand)),
                _ => return None,
            },
            Kind::Symbol(symbol) => match *symbol {
                "|" => (0, BinaryOp::Logic(Logic::OrNumber)),
                "&" => (1, BinaryOp::Logic(Logic::AndNumber)),
                "==" | "=" => (2, BinaryOp::Compare(Compare::Equal)),
                "!=" | "<>" => (2, BinaryOp::Compare(Compare::NotEqual)),
                "<" => (2, BinaryOp::Compare(Compare::Less)),
                "<=" => (2, BinaryOp::Compare(Compare::LessEqual)),
                ">" => (2, BinaryOp::Compare(Compare::Greater)),
                ">=" => (2, BinaryOp::Compare(Compare::GreaterEqual)),
                "+" => (3, BinaryOp::Arith(Arith::Add)),
                "-" => (3, BinaryOp::Arith(Arith::Subtract)),
                "*" => (4, BinaryOp::Arith(Arith::Multiply)),
                "/" => (4, BinaryOp::Arith(Arith::Divide)),
                "%" => (4, BinaryOp::Arith(Arith::Remainder)),
                _ => return None,
            },
            _ => return None,
        };
        Some((level, op))
    }

    fn binary(&mut self, lowest: usize) -> Result<Expr, Fault> {
        if lowest > 4 {
            return self.signed();
        }
        let mut left = self.binary(lowest + 1)?;
        while let Some((level, op)) = self.binary_operator() {
            if level != lowest {
                break;
            }
            let at = self.at();
            self.count_operator()?;
            self.position += 1;
            let right = self.binary(lowest + 1)?;
            left = Expr {
                at,
                kind: ExprKind::Binary(op, Box::new(left), Box::new(right)),
            };
        }
        Ok(left)
    }

    fn signed(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        if self.take_symbol("-") {
            let operand = self.nested(Self::signed)?;
            return Ok(Expr {
                at,
                kind: ExprKind::Negate(Box::new(operand)),
            });
        }
        if self.take_symbol("+") {
            let operand = self.nested(Self::signed)?;
            return Ok(Expr {
                at,
                kind: ExprKind::Plus(Box::new(operand)),
            });
        }
        let base = self.primary()?;
        let at = self.at();
        if !self.take_symbol("^") {
            return Ok(base);
        }
        let exponent = self.nested(Self::signed)?;
        let op = BinaryOp::Arith(Arith::Power);
        Ok(Expr {
            at,
            kind: ExprKind::Binary(op, Box::new(base), Box::new(exponent)),
        })
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let Some(token) = self.peek().cloned() else {
            return Err(self.premature_end());
        };
        let at = token.at;
        let kind = match token.kind {
            Kind::Number(value, exact) => ExprKind::Number(value, exact),
            Kind::Text(text) => ExprKind::Text(text),
            Kind::Column(name) => ExprKind::Column(name),
            Kind::Name(name) => {
                self.position += 1;
                let kind = self.named(name, at)?;
                return Ok(Expr { at, kind });
            }
            Kind::Symbol("(") => {
                self.position += 1;
                let inner = self.nested(Self::assignment)?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Symbol("~") => {
                self.position += 1;
                let kind = self.block()?;
                return Ok(Expr { at, kind });
            }
            Kind::Symbol("[") => {
                self.position += 1;
                self.expect("*")?;
                self.expect("]")?;
                let kind = self.nested(Self::every_case)?;
                return Ok(Expr { at, kind });
            }
            Kind::Symbol(";") => return Err(self.premature_end()),
            Kind::Symbol(_) => return Err(self.unexpected(token)),
        };
        self.position += 1;
        Ok(Expr { at, kind })
    }

    /// What starts with a name: a constant, a keyword, a call, an element or a variable.
    fn named(&mut self, name: String, at: usize) -> Result<ExprKind, Fault> {
        let number = |value| Ok(ExprKind::Number(value, None));
        match name.as_str() {
            "true" => return Ok(ExprKind::Bool(true)),
            "false" => return Ok(ExprKind::Bool(false)),
            "null" => return Ok(ExprKind::Null),
            "pi" => return number(std::f64::consts::PI),
            "epsilon" => return number(1e-10),
            "inf" => return number(f64::INFINITY),
            "break" => return Ok(ExprKind::Break),
            "continue" => return Ok(ExprKind::Continue),
            "if" => return self.nested(Self::conditional),
            "switch" => return self.nested(Self::switch),
            "for" | "while" | "repeat" => return self.nested(|parser| parser.iteration(&name)),
            "not" if !self.is_symbol("(") => {
                let found = self.peek().map_or(String::new(), Token::show);
                return Err(Fault::new(
                    self.at(),
                    format!(
                        "Expected a '(' at start of function call to 'not', instead got: '{found}'"
                    ),
                ));
            }
            "not" => {}
            reserved if RESERVED.contains(&reserved) => {
                return Err(Fault::new(
                    at,
                    format!("Invalid use of reserved symbol '{reserved}'"),
                ));
            }
            _ => {}
        }
        if self.take_symbol("(") {
            let arguments = self.nested(|parser| parser.list(")"))?;
            let end = self.tokens[self.position - 1].at + 1;
            return Ok(ExprKind::Call(name, arguments, end));
        }
        if self.take_symbol("[") {
            let position = self.nested(Self::assignment)?;
            self.expect("]")?;
            return Ok(ExprKind::Element(name, Box::new(position)));
        }
        Ok(ExprKind::Name(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> (String, usize) {
        let fault = parse(text, MAX_DEPTH).unwrap_err();
        (fault.message, fault.at)
    }

    #[test]
    fn faults_point_at_the_token() {
        assert_eq!(message("1 +"), ("Premature end of expression[1]".into(), 3));
        assert_eq!(message("\"i\")"), ("Mismatched brackets: ')'".into(), 3));
        assert_eq!(
            message("1 +* 2"),
            ("Invalid token sequence: '+' and '*'".into(), 3)
        );
        assert_eq!(
            message("1 && 1"),
            ("Invalid use of reserved symbol '&'".into(), 2)
        );
        assert_eq!(message("// only"), ("Empty expression!".into(), 0));
        assert_eq!(
            message("not 1").0,
            "Expected a '(' at start of function call to 'not', instead got: '1'"
        );
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(message(&deep).0.contains("nests deeper"));
        assert!(message(&"-".repeat(5_000)).0.contains("nests deeper"));
        assert!(message(&vec!["1"; 5_000].join("+")).0.contains("operators"));
    }
}
