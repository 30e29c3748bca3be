//! The tree to a program: names are looked up, types are settled, and state is told apart from pure computation.
//!
//! A variable whose assignments are all plain statements of the program needs no state: its name stands for the
//! latest value, and the program stays a graph. Variables that a loop or a branch assigns get a local cell and
//! make a script. A cell has one type; when a later assignment needs a greater one (a float into an integer), the check
//! starts over with that.

use std::rc::Rc;

use super::ast::{BinaryOp, Expr, ExprKind, Target};
use super::graph::{NodeId, Op, Type};
use super::script::{Script, Step};
use super::terms::{Builder, Term, is_float, is_int};
use super::walk::{Name, can_leave, stateful_names};
use super::{Environment, Fault, Output, Program, calls, hints};
use crate::hash::{HashMap, HashSet};
use crate::schema::DataType::{self, Boolean, Float64, Int64, String as Text};
use crate::value::Scalar;

/// Why a check stops.
pub(super) enum Halt {
    Fault(Fault),
    /// A cell got a greater type: check again.
    Again,
}

impl From<Fault> for Halt {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

pub(super) type Checked<T> = Result<T, Halt>;

/// What a name stands for.
#[derive(Debug, Clone)]
enum Variable {
    /// Its latest value.
    Value(NodeId),
    /// A cell, declared at a byte of the text.
    Cell {
        local: usize,
        dtype: Type,
        declared: usize,
    },
    /// A vector, declared at a byte of the text, and the type of its elements.
    Vector(Vector),
}

/// A vector as the checker knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Vector {
    pub number: usize,
    pub dtype: Type,
    declared: usize,
}

pub(super) struct Checker<'a> {
    pub environment: &'a Environment,
    pub builder: Builder,
    pub inputs: Vec<Rc<str>>,
    pub randoms: u32,
    pub loop_depth: usize,
    pub volatile: bool,
    pub lookups: bool,
    scopes: Vec<HashMap<Name, Variable>>,
    /// Names that loops or branches assign.
    stateful: HashSet<Name>,
    /// The types that cells turned out to need, by place of declaration.
    promoted: HashMap<usize, Type>,
    /// The type of all `return`s so far.
    returned: Type,
    returns: bool,
    n_locals: usize,
    n_vectors: usize,
}

/// Checks a tree.
pub(super) fn check(tree: &Expr, environment: &Environment) -> Result<Program, Fault> {
    let stateful = stateful_names(tree);
    let (mut promoted, mut returned) = (HashMap::default(), None);
    loop {
        let mut checker = Checker {
            environment,
            builder: Builder::default(),
            inputs: Vec::new(),
            randoms: 0,
            loop_depth: 0,
            volatile: false,
            lookups: false,
            scopes: vec![HashMap::default()],
            stateful: stateful.clone(),
            promoted,
            returned,
            returns: false,
            n_locals: 0,
            n_vectors: 0,
        };
        match checker.program(tree) {
            Ok(program) => return Ok(program),
            Err(Halt::Fault(fault)) => return Err(fault),
            // A type is only ever raised, so this ends.
            Err(Halt::Again) => (promoted, returned) = (checker.promoted, checker.returned),
        }
    }
}

impl Checker<'_> {
    fn program(&mut self, tree: &Expr) -> Checked<Program> {
        let ExprKind::Block(statements) = &tree.kind else {
            return Err(Fault::types(tree.at).into());
        };
        let mut steps = Vec::new();
        for name in self.stateful.clone() {
            if let Name::Column(column) = &name {
                self.open_column_cell(column, &mut steps);
            }
        }
        let (last, at) = self.statements(statements, &mut steps)?;
        // `if` without `else` has no value when its condition is false, so it is no result.
        let open = |statement: &Expr| {
            matches!(
                statement.kind,
                ExprKind::If {
                    otherwise: None,
                    ..
                }
            )
        };
        if statements.last().is_some_and(open) {
            return Err(Fault::types(at).into());
        }
        let mut dtype = self.builder.dtype(&last);
        if self.returns {
            dtype = self
                .join_types(self.returned, dtype)
                .ok_or_else(|| Fault::types(at))?;
            if dtype != self.returned {
                self.returned = dtype;
                return Err(Halt::Again);
            }
        }
        let Some(dtype) = dtype else {
            return Err(Fault::types(at).into());
        };
        let output = match last {
            Term::Pure(node) if steps.is_empty() => Output::Node(node),
            last => {
                let last = self.builder.convert(last, Some(dtype));
                let last = self.builder.step(last);
                steps.push(last);
                let hoisted = std::mem::take(&mut self.builder.hoisted);
                let body = Step::Block(steps);
                let (n_locals, n_vectors) = (self.n_locals, self.n_vectors);
                Output::Script(Rc::new(Script {
                    body,
                    hoisted,
                    n_locals,
                    n_vectors,
                    dtype,
                }))
            }
        };
        Ok(Program {
            graph: std::mem::take(&mut self.builder.graph),
            output,
            inputs: std::mem::take(&mut self.inputs),
            dtype,
            volatile: self.volatile,
            lookups: self.lookups,
        })
    }

    /// Gives a column that loops or branches assign a cell that starts with the column's value.
    fn open_column_cell(&mut self, column: &str, steps: &mut Vec<Step>) {
        let Some(dtype) = self.environment.dtype(column) else {
            // The fault is found where the column is used.
            return;
        };
        let value = self.input(column, dtype);
        // No declaration starts at these places of the text, as they lie behind its end.
        let declared = usize::MAX
            - self
                .inputs
                .iter()
                .position(|input| &**input == column)
                .unwrap_or(0);
        let dtype = self.cell_type(self.builder.dtype(&value), declared);
        let local = self.new_local();
        let value = self.builder.convert(value, dtype);
        steps.push(Step::Assign(local, Box::new(self.builder.step(value))));
        self.scopes[0].insert(
            Name::Column(column.to_owned()),
            Variable::Cell {
                local,
                dtype,
                declared,
            },
        );
    }

    fn new_local(&mut self) -> usize {
        self.n_locals += 1;
        self.n_locals - 1
    }

    /// The type of a cell that starts with a value of this type.
    fn cell_type(&self, dtype: Type, declared: usize) -> Type {
        let plain = dtype.map(|dtype| match dtype {
            dtype if is_int(dtype) => Int64,
            dtype if is_float(dtype) => Float64,
            other => other,
        });
        self.promoted.get(&declared).copied().unwrap_or(plain)
    }

    /// The type that holds values of both; `None` outside if there is none.
    fn join_types(&self, a: Type, b: Type) -> Option<Type> {
        match (a, b) {
            (None, other) | (other, None) => Some(other),
            (Some(a), Some(b)) if a == b => Some(Some(a)),
            (Some(a), Some(b)) if is_int(a) && is_int(b) => Some(Some(Int64)),
            (Some(a), Some(b)) if (is_int(a) || is_float(a)) && (is_int(b) || is_float(b)) => {
                Some(Some(Float64))
            }
            _ => None,
        }
    }

    /// Runs statements: those with effects are added to `steps`; the value of the last one is returned with its place.
    fn statements(&mut self, statements: &[Expr], steps: &mut Vec<Step>) -> Checked<(Term, usize)> {
        let mut last = None;
        for (i, statement) in statements.iter().enumerate() {
            let term = self.statement(statement)?;
            let is_last = i + 1 == statements.len();
            match term {
                Term::Row(step, _) if !is_last => steps.push(step),
                term => last = Some((term, statement.at)),
            }
        }
        // A block without statements, or one that ends with an effect alone, has no value.
        Ok(last.unwrap_or_else(|| (self.builder.literal(Scalar::Null, None), 0)))
    }

    /// A statement of the program or of a block.
    fn statement(&mut self, statement: &Expr) -> Checked<Term> {
        let plain = |checker: &Self, name: &Name| !checker.stateful.contains(name);
        match &statement.kind {
            ExprKind::Declare(name, value) if plain(self, &Name::Variable(name.clone())) => {
                let name = Name::Variable(name.clone());
                self.refuse_redefinition(&name, statement.at)?;
                let term = self.initial_value(value.as_deref())?;
                self.bind(name, term, statement.at)
            }
            ExprKind::Assign(Target::Name(name), op, value)
                if plain(self, &Name::Variable(name.clone())) =>
            {
                let name = Name::Variable(name.clone());
                if !matches!(self.find(&name), Some(Variable::Value(_))) {
                    return self.expression(statement);
                }
                let term = self.assigned_value(&name, *op, value, statement.at)?;
                self.bind(name, term, statement.at)
            }
            ExprKind::Assign(Target::Column(column), op, value)
                if plain(self, &Name::Column(column.clone())) =>
            {
                let name = Name::Column(column.clone());
                if matches!(self.find(&name), Some(Variable::Cell { .. })) {
                    return self.expression(statement);
                }
                let term = self.assigned_value(&name, *op, value, statement.at)?;
                self.bind(name, term, statement.at)
            }
            _ => self.expression(statement),
        }
    }

    /// Lets a name stand for a value; one that is computed by steps is kept in a cell.
    fn bind(&mut self, name: Name, term: Term, at: usize) -> Checked<Term> {
        match term {
            Term::Pure(node) => {
                self.scope().insert(name, Variable::Value(node));
                Ok(Term::Pure(node))
            }
            term => self.open_cell(name, term, at),
        }
    }

    fn open_cell(&mut self, name: Name, term: Term, declared: usize) -> Checked<Term> {
        let dtype = self.cell_type(self.builder.dtype(&term), declared);
        let local = self.new_local();
        self.scope().insert(
            name,
            Variable::Cell {
                local,
                dtype,
                declared,
            },
        );
        let term = self.builder.convert(term, dtype);
        let step = self.builder.step(term);
        Ok(Term::Row(Step::Assign(local, Box::new(step)), dtype))
    }

    fn scope(&mut self) -> &mut HashMap<Name, Variable> {
        self.scopes
            .last_mut()
            .expect("the scope of the program is never left")
    }

    fn find(&self, name: &Name) -> Option<&Variable> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name))
    }

    fn refuse_redefinition(&mut self, name: &Name, at: usize) -> Checked<()> {
        match name {
            Name::Variable(text) if self.scope().contains_key(name) => Err(Fault::new(
                at,
                format!("Illegal redefinition of local variable: '{text}'"),
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// The value of a declaration; without one a variable starts with 0.
    fn initial_value(&mut self, value: Option<&Expr>) -> Checked<Term> {
        match value {
            Some(value) => self.expression(value),
            None => Ok(self.builder.literal(Scalar::Float(0.0), Some(Float64))),
        }
    }

    /// The new value of a variable: `op` combines it with the old one.
    fn assigned_value(
        &mut self,
        name: &Name,
        op: Option<BinaryOp>,
        value: &Expr,
        at: usize,
    ) -> Checked<Term> {
        let new = self.expression(value)?;
        match op {
            None => Ok(new),
            Some(op) => {
                let old = self.read(name, at)?;
                Ok(self.binary(op, old, new, at)?)
            }
        }
    }

    fn read(&mut self, name: &Name, at: usize) -> Checked<Term> {
        match self.find(name) {
            Some(Variable::Value(node)) => Ok(Term::Pure(*node)),
            Some(Variable::Cell { local, dtype, .. }) => Ok(Term::Row(Step::Local(*local), *dtype)),
            Some(Variable::Vector(_)) => Err(Fault::types(at).into()),
            None => match name {
                Name::Column(column) => Ok(self.column(column, at)?),
                Name::Variable(text) => Err(self.undefined(text, at).into()),
            },
        }
    }

    pub fn undefined(&self, name: &str, at: usize) -> Fault {
        let mut known: Vec<&str> = calls::names().collect();
        for variable in self.scopes.iter().flat_map(|scope| scope.keys()) {
            if let Name::Variable(variable) = variable {
                known.push(variable);
            }
        }
        let hint = hints::nearest(name, known.into_iter());
        let hint = hint.map_or(String::new(), |hint| format!(" Did you mean '{hint}'?"));
        Fault::new(at, format!("Undefined symbol: '{name}'{hint}"))
    }

    /// A column by name.
    pub fn column(&mut self, name: &str, at: usize) -> Result<Term, Fault> {
        match self.environment.dtype(name) {
            Some(dtype) => Ok(self.input(name, dtype)),
            None => {
                let known = self.environment.columns.iter().map(|(known, _)| &**known);
                let hint = hints::nearest(name, known);
                let hint = hint.map_or(String::new(), |hint| format!(" Did you mean \"{hint}\"?"));
                Err(Fault::new(
                    at,
                    format!("Value Error - Input column \"{name}\" does not exist.{hint}"),
                ))
            }
        }
    }

    fn input(&mut self, name: &str, dtype: DataType) -> Term {
        let position = self
            .inputs
            .iter()
            .position(|input| &**input == name)
            .unwrap_or_else(|| {
                self.inputs.push(name.into());
                self.inputs.len() - 1
            });
        Term::Pure(
            self.builder
                .graph
                .add(Op::Input(position), Some(dtype), Vec::new()),
        )
    }

    pub fn vector(&self, name: &str, at: usize) -> Result<Vector, Fault> {
        match self.find(&Name::Variable(name.to_owned())) {
            Some(Variable::Vector(vector)) => Ok(*vector),
            Some(_) => Err(Fault::types(at)),
            None => Err(self.undefined(name, at)),
        }
    }

    fn binary(&mut self, op: BinaryOp, a: Term, b: Term, at: usize) -> Result<Term, Fault> {
        match op {
            BinaryOp::Arith(op) => self.builder.arith(op, a, b, at),
            BinaryOp::Compare(op) => self.builder.compare(op, a, b, at),
            BinaryOp::Logic(op) => Ok(self.builder.logic(op, a, b)),
        }
    }

    pub fn expression(&mut self, expr: &Expr) -> Checked<Term> {
        let at = expr.at;
        match &expr.kind {
            ExprKind::Number(_, Some(exact)) => {
                Ok(self.builder.literal(Scalar::Int(*exact), Some(Int64)))
            }
            ExprKind::Number(value, None) => {
                Ok(self.builder.literal(Scalar::Float(*value), Some(Float64)))
            }
            ExprKind::Text(text) => Ok(self
                .builder
                .literal(Scalar::Text(text.as_str().into()), Some(Text))),
            ExprKind::Bool(value) => Ok(self.builder.literal(Scalar::Bool(*value), Some(Boolean))),
            ExprKind::Null => Ok(self.builder.literal(Scalar::Null, None)),
            ExprKind::Column(name) => self.read(&Name::Column(name.clone()), at),
            ExprKind::Name(name) => self.read(&Name::Variable(name.clone()), at),
            ExprKind::Element(name, position) => {
                let vector = self.vector(name, at)?;
                let position = self.float(position)?;
                Ok(Term::Row(
                    Step::Element(vector.number, Box::new(position)),
                    vector.dtype,
                ))
            }
            ExprKind::Negate(inner) => {
                let inner = self.expression(inner)?;
                Ok(self.builder.negate(inner, at)?)
            }
            ExprKind::Plus(inner) => {
                let inner = self.expression(inner)?;
                match self.builder.number(&inner) {
                    Some(_) => Ok(inner),
                    None => Err(Fault::types(at).into()),
                }
            }
            ExprKind::Binary(..) => self.chain(expr),
            ExprKind::If {
                condition,
                then,
                otherwise,
            } => self.conditional(condition, then, otherwise.as_deref(), at),
            ExprKind::Call(name, arguments, end) => calls::call(self, name, arguments, at, *end),
            ExprKind::Assign(target, op, value) => self.assign(target, *op, value, at),
            ExprKind::Declare(name, value) => {
                let name = Name::Variable(name.clone());
                self.refuse_redefinition(&name, at)?;
                let value = self.initial_value(value.as_deref())?;
                self.open_cell(name, value, at)
            }
            ExprKind::DeclareVector {
                name,
                size,
                values,
                fill,
            } => {
                let key = Name::Variable(name.clone());
                self.refuse_redefinition(&key, at)?;
                let terms = values
                    .iter()
                    .map(|value| self.expression(value))
                    .collect::<Checked<Vec<_>>>()?;
                // Elements are numbers, unless the first values or an assignment further down say otherwise.
                let numbers = terms.iter().all(|term| self.builder.number(term).is_some());
                let promoted = self.promoted.get(&at).copied();
                let dtype = match promoted {
                    Some(dtype) if terms.is_empty() => dtype,
                    _ if numbers => Some(Float64),
                    _ => self.builder.common_type(&terms, at)?,
                };
                let values = terms
                    .into_iter()
                    .map(|term| {
                        let term = self.builder.convert(term, dtype);
                        self.builder.step(term)
                    })
                    .collect();
                let number = self.n_vectors;
                self.n_vectors += 1;
                let vector = Vector {
                    number,
                    dtype,
                    declared: at,
                };
                self.scope().insert(key, Variable::Vector(vector));
                let numeric = dtype == Some(Float64);
                Ok(Term::Row(
                    Step::Vector(number, *size, values, *fill, numeric),
                    dtype,
                ))
            }
            ExprKind::Block(statements) => self.scoped(|checker| {
                let mut steps = Vec::new();
                let (last, _) = checker.statements(statements, &mut steps)?;
                if steps.is_empty() {
                    return Ok(last);
                }
                let dtype = checker.builder.dtype(&last);
                steps.push(checker.builder.step(last));
                Ok(Term::Row(Step::Block(steps), dtype))
            }),
            ExprKind::Loop {
                start,
                condition,
                step,
                body,
                until,
            } => self.scoped(|checker| {
                checker.iteration([start, condition, step].map(Option::as_deref), body, *until)
            }),
            ExprKind::Cases(cases) => self.every_case(cases, at),
            ExprKind::Break | ExprKind::Continue if self.loop_depth == 0 => {
                let word = if expr.kind == ExprKind::Break {
                    "break"
                } else {
                    "continue"
                };
                Err(Fault::new(
                    at,
                    format!("Invalid use of '{word}', allowed only in the scope of a loop"),
                )
                .into())
            }
            ExprKind::Break => Ok(Term::Row(Step::Break, None)),
            ExprKind::Continue => Ok(Term::Row(Step::Continue, None)),
            ExprKind::Return(value) => {
                let value = self.expression(value)?;
                let joined = self
                    .join_types(self.returned, self.builder.dtype(&value))
                    .ok_or_else(|| Fault::types(at))?;
                self.returns = true;
                if joined != self.returned {
                    self.returned = joined;
                    return Err(Halt::Again);
                }
                let value = self.builder.convert(value, joined);
                let step = self.builder.step(value);
                Ok(Term::Row(Step::Return(Box::new(step)), None))
            }
        }
    }

    /// A chain of operators, whose left side is walked in a loop: it may be longer than the stack is deep.
    fn chain(&mut self, expr: &Expr) -> Checked<Term> {
        let mut rest = Vec::new();
        let mut expr = expr;
        while let ExprKind::Binary(op, left, right) = &expr.kind {
            rest.push((*op, right, expr.at));
            expr = left;
        }
        let mut term = self.expression(expr)?;
        for (op, right, at) in rest.into_iter().rev() {
            let right = self.expression(right)?;
            term = self.binary(op, term, right, at)?;
        }
        Ok(term)
    }

    fn scoped<T>(&mut self, check: impl FnOnce(&mut Self) -> Checked<T>) -> Checked<T> {
        self.scopes.push(HashMap::default());
        let result = check(self);
        self.scopes.pop();
        result
    }

    /// A number as a step that gives a float.
    fn float(&mut self, expr: &Expr) -> Checked<Step> {
        let term = self.expression(expr)?;
        if self.builder.number(&term).is_none() {
            return Err(Fault::types(expr.at).into());
        }
        let term = self.builder.convert(term, Some(Float64));
        Ok(self.builder.step(term))
    }

    fn conditional(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: Option<&Expr>,
        at: usize,
    ) -> Checked<Term> {
        let condition = self.expression(condition)?;
        let then = self.scoped(|checker| checker.expression(then))?;
        let otherwise = match otherwise {
            Some(otherwise) => self.scoped(|checker| checker.expression(otherwise))?,
            None => self.builder.literal(Scalar::Null, None),
        };
        let has_effects = [&then, &otherwise]
            .iter()
            .any(|term| matches!(term, Term::Row(..)));
        match self
            .builder
            .common_type(&[then.clone(), otherwise.clone()], at)
        {
            Ok(_) => Ok(self.builder.select(condition, then, otherwise, at)?),
            // Branches that are run for what they do need not agree; such a statement has no value.
            Err(_) if has_effects => {
                let condition = self.builder.truth(condition);
                let [condition, then, otherwise] =
                    [condition, then, otherwise].map(|term| Box::new(self.builder.step(term)));
                Ok(Term::Row(Step::If(condition, then, Some(otherwise)), None))
            }
            Err(fault) => Err(fault.into()),
        }
    }

    fn iteration(&mut self, parts: [Option<&Expr>; 3], body: &Expr, until: bool) -> Checked<Term> {
        let [start, condition, step] = parts;
        let start = start.map(|start| self.expression(start)).transpose()?;
        let start = start.map(|start| Box::new(self.builder.step(start)));
        self.loop_depth += 1;
        let condition = condition
            .map(|condition| self.expression(condition))
            .transpose()?;
        let condition = condition.map(|condition| self.builder.truth(condition));
        let endless = condition.as_ref().is_none_or(|condition| {
            self.builder
                .constant(condition)
                .is_some_and(|value| *value == Scalar::Bool(!until))
        });
        if endless && !can_leave(body) {
            let message =
                "Infinite loop condition without 'break' or 'return' not allowed in loops";
            return Err(Fault::new(body.at, message).into());
        }
        let condition = condition.map(|condition| Box::new(self.builder.step(condition)));
        let step = step.map(|step| self.expression(step)).transpose()?;
        let step = step.map(|step| Box::new(self.builder.step(step)));
        let body = self.scoped(|checker| checker.expression(body))?;
        self.loop_depth -= 1;
        let dtype = self.builder.dtype(&body);
        let body = Box::new(self.builder.step(body));
        Ok(Term::Row(
            Step::Loop {
                start,
                condition,
                step,
                body,
                until,
            },
            dtype,
        ))
    }

    fn every_case(&mut self, cases: &[(Expr, Expr)], at: usize) -> Checked<Term> {
        let mut checked = Vec::new();
        for (condition, value) in cases {
            let condition = self.expression(condition)?;
            checked.push((condition, self.scoped(|checker| checker.expression(value))?));
        }
        let values: Vec<Term> = checked.iter().map(|(_, value)| value.clone()).collect();
        let dtype = self.builder.common_type(&values, at)?;
        let mut steps = Vec::new();
        for (condition, value) in checked {
            let condition = self.builder.truth(condition);
            let value = self.builder.convert(value, dtype);
            steps.push((self.builder.step(condition), self.builder.step(value)));
        }
        Ok(Term::Row(Step::Cases(steps), dtype))
    }

    /// An assignment that a script makes.
    fn assign(
        &mut self,
        target: &Target,
        op: Option<BinaryOp>,
        value: &Expr,
        at: usize,
    ) -> Checked<Term> {
        let name = match target {
            Target::Element(name, position) => {
                let vector = self.vector(name, at)?;
                let position = self.float(position)?;
                let mut new = self.expression(value)?;
                if let Some(op) = op {
                    let old = Term::Row(
                        Step::Element(vector.number, Box::new(position.clone())),
                        vector.dtype,
                    );
                    new = self.binary(op, old, new, at)?;
                }
                let found = self.builder.dtype(&new);
                let fits = match vector.dtype {
                    Some(Float64) => self.builder.number(&new).is_some(),
                    dtype => found == dtype || found.is_none(),
                };
                if !fits {
                    // The vector is of another type than it was taken for, unless that has been said before.
                    if vector.dtype != Some(Float64) || self.promoted.contains_key(&vector.declared)
                    {
                        return Err(Fault::types(at).into());
                    }
                    self.promoted.insert(vector.declared, found);
                    return Err(Halt::Again);
                }
                let new = self.builder.convert(new, vector.dtype);
                let step = self.builder.step(new);
                return Ok(Term::Row(
                    Step::AssignElement(vector.number, Box::new(position), Box::new(step)),
                    vector.dtype,
                ));
            }
            Target::Name(name) => Name::Variable(name.clone()),
            Target::Column(name) => Name::Column(name.clone()),
        };
        let new = self.assigned_value(&name, op, value, at)?;
        match self.find(&name).cloned() {
            Some(Variable::Cell {
                local,
                dtype,
                declared,
            }) => {
                let whole = dtype == Some(Int64) && self.builder.is_whole(&new);
                let joined = if whole {
                    Some(dtype)
                } else {
                    self.join_types(dtype, self.builder.dtype(&new))
                };
                let joined = joined.ok_or_else(|| Fault::types(at))?;
                if joined != dtype {
                    self.promoted
                        .insert(declared, self.cell_type(joined, usize::MAX / 2));
                    return Err(Halt::Again);
                }
                let new = self.builder.convert(new, dtype);
                let step = self.builder.step(new);
                Ok(Term::Row(Step::Assign(local, Box::new(step)), dtype))
            }
            Some(Variable::Vector(_)) => Err(Fault::types(at).into()),
            // A name without state is assigned by plain statements only, so here it is not declared.
            Some(Variable::Value(_)) | None => {
                let text = match &name {
                    Name::Variable(text) | Name::Column(text) => text,
                };
                Err(match &name {
                    Name::Variable(_) => self.undefined(text, at),
                    Name::Column(_) => self
                        .column(text, at)
                        .err()
                        .unwrap_or_else(|| Fault::types(at)),
                }
                .into())
            }
        }
    }
}
