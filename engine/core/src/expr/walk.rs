//! Questions about a tree that need no types: which columns it names, which variables need state.

use super::ast::{Expr, ExprKind, Target};
use crate::hash::HashSet;

/// A variable's name: columns that are assigned to are variables of a namespace of their own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Name {
    Variable(String),
    Column(String),
}

/// The columns that a tree names, with where it does.
pub(super) fn column_names(tree: &Expr) -> Vec<(String, usize)> {
    let mut names = Vec::new();
    visit(tree, &mut |expr| match &expr.kind {
        ExprKind::Column(name) | ExprKind::Assign(Target::Column(name), ..) => {
            names.push((name.clone(), expr.at))
        }
        ExprKind::Call(function, arguments, _) if function == "col" => {
            if let [
                Expr {
                    kind: ExprKind::Text(name),
                    at,
                },
            ] = arguments.as_slice()
            {
                names.push((name.clone(), *at));
            }
        }
        _ => {}
    });
    names
}

fn visit<'a>(expr: &'a Expr, see: &mut impl FnMut(&'a Expr)) {
    // The left side of a chain of operators is walked in a loop, as chains may be long.
    let mut expr = expr;
    loop {
        see(expr);
        let ExprKind::Binary(_, left, right) = &expr.kind else {
            break;
        };
        visit(right, see);
        expr = left;
    }
    children(expr).for_each(|child| visit(child, see));
}

/// Whether a loop's body may end the loop.
pub(super) fn can_leave(body: &Expr) -> bool {
    let mut leaves = false;
    visit(body, &mut |expr| {
        leaves |= matches!(expr.kind, ExprKind::Break | ExprKind::Return(_))
    });
    leaves
}

/// The parts of an expression, in order.
fn children(expr: &Expr) -> impl Iterator<Item = &Expr> {
    let (mut single, mut list): (Vec<&Expr>, &[Expr]) = (Vec::new(), &[]);
    match &expr.kind {
        ExprKind::Number(..)
        | ExprKind::Text(_)
        | ExprKind::Bool(_)
        | ExprKind::Null
        | ExprKind::Column(_)
        | ExprKind::Name(_)
        | ExprKind::Break
        | ExprKind::Continue
        | ExprKind::Declare(_, None) => {}
        ExprKind::Element(_, inner)
        | ExprKind::Negate(inner)
        | ExprKind::Plus(inner)
        | ExprKind::Declare(_, Some(inner))
        | ExprKind::Return(inner) => single.push(inner),
        ExprKind::Binary(_, left, right) => single.extend([&**left, &**right]),
        ExprKind::If {
            condition,
            then,
            otherwise,
        } => {
            single.extend([&**condition, &**then]);
            single.extend(otherwise.as_deref());
        }
        ExprKind::Call(_, arguments, _) => list = arguments,
        ExprKind::Assign(target, _, value) => {
            if let Target::Element(_, position) = target {
                single.push(position);
            }
            single.push(value);
        }
        ExprKind::DeclareVector { values, .. } => list = values,
        ExprKind::Block(statements) => list = statements,
        ExprKind::Loop {
            start,
            condition,
            step,
            body,
            ..
        } => {
            single.extend(
                [start, condition, step]
                    .into_iter()
                    .filter_map(|part| part.as_deref()),
            );
            single.push(body);
        }
        ExprKind::Cases(cases) => single.extend(
            cases
                .iter()
                .flat_map(|(condition, value)| [condition, value]),
        ),
    }
    single.into_iter().chain(list)
}

/// The names that need state: they are assigned or declared elsewhere than in a plain statement of the program.
pub(super) fn stateful_names(tree: &Expr) -> HashSet<Name> {
    let mut names = HashSet::default();
    collect_stateful(tree, true, &mut names);
    names
}

/// Collects the names that are assigned or declared anywhere but in a plain statement of the program.
fn collect_stateful(expr: &Expr, top: bool, names: &mut HashSet<Name>) {
    if top && let ExprKind::Block(statements) = &expr.kind {
        for statement in statements {
            match &statement.kind {
                ExprKind::Assign(Target::Name(_) | Target::Column(_), _, value) => {
                    collect_stateful(value, false, names)
                }
                ExprKind::Declare(_, value) => {
                    value
                        .iter()
                        .for_each(|value| collect_stateful(value, false, names));
                }
                _ => collect_stateful(statement, false, names),
            }
        }
        return;
    }
    visit(expr, &mut |expr| match &expr.kind {
        ExprKind::Assign(Target::Name(name), ..) | ExprKind::Declare(name, _) => {
            names.insert(Name::Variable(name.clone()));
        }
        ExprKind::Assign(Target::Column(name), ..) => {
            names.insert(Name::Column(name.clone()));
        }
        _ => {}
    });
}
