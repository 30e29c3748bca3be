//! The part of the parser that reads blocks, conditions and loops.

use super::Fault;
use super::ast::{Expr, ExprKind};
use super::parse::Parser;

impl Parser {
    pub fn block(&mut self) -> Result<ExprKind, Fault> {
        self.expect("{")?;
        let statements = self.nested(|parser| parser.statements(Some("}")))?;
        self.expect("}")?;
        Ok(ExprKind::Block(statements))
    }

    /// A block or a single statement.
    fn body(&mut self) -> Result<Expr, Fault> {
        let at = self.at();
        if self.is_symbol("{") {
            let kind = self.block()?;
            return Ok(Expr { at, kind });
        }
        self.statement()
    }

    /// After `if`: `(c, a, b)`, `(c) a; else b`, with blocks or without.
    pub fn conditional(&mut self) -> Result<ExprKind, Fault> {
        self.expect("(")?;
        let condition = Box::new(self.assignment()?);
        if self.take_symbol(",") {
            let then = Box::new(self.assignment()?);
            self.expect(",")?;
            let otherwise = Some(Box::new(self.assignment()?));
            self.expect(")")?;
            return Ok(ExprKind::If {
                condition,
                then,
                otherwise,
            });
        }
        self.expect(")")?;
        let then = Box::new(self.body()?);
        // `if (c) a; else b` has the separator before its `else`.
        let before = self.position;
        self.take_symbol(";");
        let otherwise = if self.take_name("else") {
            Some(Box::new(self.body()?))
        } else {
            self.position = before;
            None
        };
        Ok(ExprKind::If {
            condition,
            then,
            otherwise,
        })
    }

    fn case(&mut self) -> Result<(Expr, Expr), Fault> {
        let condition = self.assignment()?;
        self.expect(":")?;
        let value = self.body()?;
        if !self.take_symbol(";") && !self.is_symbol("}") {
            self.expect(";")?;
        }
        Ok((condition, value))
    }

    pub fn switch(&mut self) -> Result<ExprKind, Fault> {
        let at = self.at();
        self.expect("{")?;
        let mut cases = Vec::new();
        let mut default = None;
        loop {
            if self.take_name("case") {
                self.count_operator()?;
                cases.push(self.case()?);
            } else if self.take_name("default") {
                self.expect(":")?;
                default = Some(self.body()?);
                self.take_symbol(";");
            } else {
                self.expect("}")?;
                break;
            }
        }
        let mut otherwise = default;
        for (condition, then) in cases.into_iter().rev() {
            otherwise = Some(Expr {
                at,
                kind: ExprKind::If {
                    condition: Box::new(condition),
                    then: Box::new(then),
                    otherwise: otherwise.map(Box::new),
                },
            });
        }
        otherwise
            .map(|expr| expr.kind)
            .ok_or_else(|| Fault::new(at, "Expected at least one case in switch"))
    }

    pub fn every_case(&mut self) -> Result<ExprKind, Fault> {
        self.expect("{")?;
        let mut cases = Vec::new();
        while self.take_name("case") {
            cases.push(self.case()?);
        }
        self.expect("}")?;
        Ok(ExprKind::Cases(cases))
    }

    pub fn iteration(&mut self, keyword: &str) -> Result<ExprKind, Fault> {
        if keyword == "repeat" {
            let mut body = Vec::new();
            while !self.take_name("until") {
                if self.peek().is_none() {
                    return Err(self.premature_end());
                }
                if !self.take_symbol(";") {
                    body.push(self.statement()?);
                }
            }
            let at = self.at();
            self.expect("(")?;
            let condition = self.assignment()?;
            self.expect(")")?;
            return Ok(ExprKind::Loop {
                start: None,
                condition: Some(Box::new(condition)),
                step: None,
                body: Box::new(Expr {
                    at,
                    kind: ExprKind::Block(body),
                }),
                until: true,
            });
        }
        self.expect("(")?;
        let (mut start, mut condition, mut step) = (None, None, None);
        if keyword == "while" {
            condition = Some(Box::new(self.assignment()?));
        } else {
            if self.is_symbol(")") {
                return Err(Fault::new(self.at(), "Premature end of expression[2]"));
            }
            if !self.is_symbol(";") {
                start = Some(Box::new(self.statement()?));
            }
            self.expect(";")?;
            if !self.is_symbol(";") {
                condition = Some(Box::new(self.assignment()?));
            }
            self.expect(";")?;
            if !self.is_symbol(")") {
                step = Some(Box::new(self.assignment()?));
            }
        }
        self.expect(")")?;
        let body = Box::new(self.body()?);
        Ok(ExprKind::Loop {
            start,
            condition,
            step,
            body,
            until: false,
        })
    }
}
