//! The tree that the parser makes: what was written, before names and types are looked up.

/// An expression or statement; every statement has a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expr {
    pub kind: ExprKind,
    /// The byte that an error about it points at: the operator of a binary operation, else the start.
    pub at: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ExprKind {
    /// A number; an integer if a float could not hold it.
    Number(f64, Option<i64>),
    Text(String),
    Bool(bool),
    Null,
    Column(String),
    Name(String),
    /// `name[position]`
    Element(String, Box<Expr>),
    Negate(Box<Expr>),
    /// `+x`, which only says that `x` is a number.
    Plus(Box<Expr>),
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `if`, `?:` and `switch`.
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    /// A call: name, arguments, and the byte behind its closing parenthesis.
    Call(String, Vec<Expr>, usize),
    Assign(Target, Option<BinaryOp>, Box<Expr>),
    Declare(String, Option<Box<Expr>>),
    /// `var name[size] := {values}`; `fill`: the one value is for all elements.
    DeclareVector {
        name: String,
        size: usize,
        values: Vec<Expr>,
        fill: bool,
    },
    Block(Vec<Expr>),
    /// `for` and `while`; `step` runs after each round, also after `continue`.
    Loop {
        start: Option<Box<Expr>>,
        condition: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
        body: Box<Expr>,
        /// `repeat ... until`: the condition is tested after the body and ends the loop.
        until: bool,
    },
    /// `[*] { case c : v; ... }`: every true case runs, the last one is the value.
    Cases(Vec<(Expr, Expr)>),
    Break,
    Continue,
    Return(Box<Expr>),
}

/// What an assignment writes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Target {
    Name(String),
    Column(String),
    Element(String, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum BinaryOp {
    Arith(Arith),
    Compare(Compare),
    Logic(Logic),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Arith {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    /// The operator with its sides exchanged: `a < b` is `b > a`.
    pub fn flipped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
        }
    }

    /// Whether an ordering satisfies the operator.
    #[inline]
    pub fn holds(self, ordering: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::NotEqual => ordering.is_ne(),
            Self::Less => ordering.is_lt(),
            Self::LessEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterEqual => ordering.is_ge(),
        }
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        }
    }
}

/// Logic on two truth values. `&` and `|` are logic whose result is the number 1 or 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Logic {
    And,
    Or,
    Nand,
    Nor,
    Xor,
    Xnor,
    AndNumber,
    OrNumber,
}

impl Logic {
    #[inline]
    pub fn apply(self, a: bool, b: bool) -> bool {
        match self {
            Self::And | Self::AndNumber => a & b,
            Self::Or | Self::OrNumber => a | b,
            Self::Nand => !(a & b),
            Self::Nor => !(a | b),
            Self::Xor => a ^ b,
            Self::Xnor => a == b,
        }
    }

    /// The result when the left side alone decides it.
    pub fn decided_by(self, left: bool) -> Option<bool> {
        match (self, left) {
            (Self::And | Self::AndNumber, false) | (Self::Nor, true) => Some(false),
            (Self::Or | Self::OrNumber, true) | (Self::Nand, false) => Some(true),
            _ => None,
        }
    }
}
