//! Calls: the functions of the table, and those that need the graph, the environment or a vector.

use super::Fault;
use super::ast::{Arith, Compare, Expr, ExprKind, Logic};
use super::check::{Checked, Checker};
use super::functions::{self, Argument, Function, Reject};
use super::graph::Op;
use super::script::Step;
use super::terms::{Number, Term, is_int};
use crate::schema::DataType::{Boolean, Date, Datetime, Float64, Int64, String as Text};
use crate::value::Scalar;

/// The functions that are made of operations of the graph, with the least and greatest number of arguments.
const BUILT_IN: &[(&str, usize, usize)] = &[
    ("not", 1, 1),
    ("is_null", 1, 1),
    ("is_not_null", 1, 1),
    ("boolean", 1, 1),
    ("coalesce", 1, usize::MAX),
    ("nullif", 2, 2),
    ("least", 1, usize::MAX),
    ("greatest", 1, usize::MAX),
    ("min", 1, usize::MAX),
    ("max", 1, usize::MAX),
    ("sum", 1, usize::MAX),
    ("mul", 1, usize::MAX),
    ("avg", 1, usize::MAX),
    ("clamp", 3, 3),
    ("inrange", 3, 3),
    ("index", 0, 0),
    ("col", 1, 1),
    ("vlookup", 2, 2),
    ("today", 0, 0),
    ("now", 0, 0),
    ("random", 0, 0),
    ("indexof", 3, 3),
    ("swap", 2, 2),
];

/// The names of all functions.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN
        .iter()
        .map(|&(name, _, _)| name)
        .chain(functions::all().map(|function| function.name))
}

/// Checks a call.
pub(super) fn call(
    checker: &mut Checker<'_>,
    name: &str,
    arguments: &[Expr],
    at: usize,
    end: usize,
) -> Checked<Term> {
    let built_in = BUILT_IN.iter().find(|(known, _, _)| *known == name);
    let function = functions::find(name);
    let arity = match (built_in, function) {
        (Some(&(_, least, most)), _) => (least, most),
        (None, Some(function)) => function.arity,
        (None, None) => return Err(checker.undefined(name, at).into()),
    };
    check_arity(name, arguments, arity, end)?;
    match name {
        "col" => return column(checker, &arguments[0]),
        "indexof" => return index_of(checker, arguments, at),
        _ => {}
    }
    let terms = arguments
        .iter()
        .map(|argument| checker.expression(argument))
        .collect::<Checked<Vec<Term>>>()?;
    match function {
        Some(function) if built_in.is_none() => Ok(resolve(checker, function, terms, at)?),
        _ => built_in_call(checker, name, terms, at),
    }
}

/// Refuses a wrong number of arguments; Perspective places that behind the call.
fn check_arity(
    name: &str,
    arguments: &[Expr],
    (least, most): (usize, usize),
    end: usize,
) -> Result<(), Fault> {
    let n = arguments.len();
    if (least..=most).contains(&n) {
        return Ok(());
    }
    if n == 0 {
        return Err(Fault::new(
            end,
            format!("Zero parameter call to generic function: {name} not allowed"),
        ));
    }
    let expected = if most == 0 {
        "Z".to_owned()
    } else if least == most || most == usize::MAX {
        "T".repeat(least) + if most == usize::MAX { "*" } else { "" }
    } else {
        (least..=most)
            .map(|n| "T".repeat(n))
            .collect::<Vec<_>>()
            .join("|")
    };
    let found: String = arguments
        .iter()
        .map(|argument| {
            if matches!(argument.kind, ExprKind::Text(_)) {
                'S'
            } else {
                'T'
            }
        })
        .collect();
    Err(Fault::new(
        end,
        format!(
            "Failed parameter type check for function '{name}', Expected '{expected}' call set: '{found}'"
        ),
    ))
}

/// A call of a function of the table.
fn resolve(
    checker: &mut Checker<'_>,
    function: &Function,
    mut terms: Vec<Term>,
    at: usize,
) -> Result<Term, Fault> {
    let builder = &mut checker.builder;
    // Conversions between numbers are operations of the graph, which run over whole columns.
    let dtype = builder.dtype(&terms[0]);
    match (function.name, dtype) {
        ("float", Some(dtype)) if dtype != Text => {
            return Ok(builder.convert(terms.remove(0), Some(Float64)));
        }
        ("integer", Some(dtype)) if is_int(dtype) || matches!(dtype, Boolean | Date | Datetime) => {
            return Ok(builder.convert(terms.remove(0), Some(Int64)));
        }
        _ => {}
    }
    // The literal `null` as first argument says nothing about what is meant.
    let arguments: Vec<Argument<'_>> = terms
        .iter()
        .map(|term| Argument {
            dtype: builder.dtype(term),
            constant: builder.constant(term),
        })
        .collect();
    match (function.resolve)(&arguments) {
        Ok(resolved) => Ok(builder.call(resolved, terms)),
        Err(Reject::Types) => Err(Fault::types(at)),
        Err(Reject::Because(message)) => Err(Fault::new(at, message)),
    }
}

/// `col('name')`
fn column(checker: &mut Checker<'_>, argument: &Expr) -> Checked<Term> {
    match &argument.kind {
        ExprKind::Text(name) => Ok(checker.column(name, argument.at)?),
        _ => Err(Fault::types(argument.at).into()),
    }
}

/// `indexof(text, 'pattern', vector)`
fn index_of(checker: &mut Checker<'_>, arguments: &[Expr], at: usize) -> Checked<Term> {
    let text = checker.expression(&arguments[0])?;
    let pattern = checker.expression(&arguments[1])?;
    let ExprKind::Name(vector) = &arguments[2].kind else {
        return Err(Fault::types(arguments[2].at).into());
    };
    let vector = checker.vector(vector, arguments[2].at)?;
    if vector.dtype != Some(Float64) {
        return Err(Fault::types(arguments[2].at).into());
    }
    let builder = &mut checker.builder;
    if builder.dtype(&text).is_some_and(|dtype| dtype != Text) {
        return Err(Fault::types(at).into());
    }
    let argument = Argument {
        dtype: builder.dtype(&pattern),
        constant: builder.constant(&pattern),
    };
    let pattern = match functions::compile_regex(&argument) {
        Ok(pattern) if pattern.captures_len() > 1 => pattern,
        Ok(_) | Err(Reject::Types) => return Err(Fault::types(at).into()),
        Err(Reject::Because(message)) => return Err(Fault::new(arguments[1].at, message).into()),
    };
    let text = Box::new(builder.step(text));
    Ok(Term::Row(
        Step::IndexOf(text, pattern.into(), vector.number),
        Some(Boolean),
    ))
}

/// Converts all terms to one type of number: 64-bit integers stay integers, all else is a float.
fn numbers(checker: &mut Checker<'_>, terms: Vec<Term>, at: usize) -> Result<Vec<Term>, Fault> {
    let builder = &mut checker.builder;
    let kinds: Option<Vec<Number>> = terms.iter().map(|term| builder.number(term)).collect();
    let Some(kinds) = kinds else {
        return Err(Fault::types(at));
    };
    let numeric = |term: &Term| !matches!(builder.dtype(term), Some(Boolean | Date | Datetime));
    if !terms.iter().all(numeric) {
        return Err(Fault::types(at));
    }
    let integral = kinds.contains(&Number::Wide) && builder.is_integral(&terms);
    let dtype = Some(if integral { Int64 } else { Float64 });
    Ok(terms
        .into_iter()
        .map(|term| builder.convert(term, dtype))
        .collect())
}

/// Converts all terms to their common type.
fn alike(checker: &mut Checker<'_>, terms: Vec<Term>, at: usize) -> Result<Vec<Term>, Fault> {
    let dtype = checker.builder.common_type(&terms, at)?;
    Ok(terms
        .into_iter()
        .map(|term| checker.builder.convert(term, dtype))
        .collect())
}

fn built_in_call(
    checker: &mut Checker<'_>,
    name: &str,
    terms: Vec<Term>,
    at: usize,
) -> Checked<Term> {
    let mut terms = terms;
    let first = |terms: &mut Vec<Term>| terms.swap_remove(0);
    Ok(match name {
        "not" => checker.builder.not(first(&mut terms)),
        "boolean" => checker.builder.truth(first(&mut terms)),
        "is_null" => checker.builder.is_null(first(&mut terms)),
        "is_not_null" => {
            let is_null = checker.builder.is_null(first(&mut terms));
            checker.builder.not(is_null)
        }
        "swap" => first(&mut terms),
        "coalesce" => coalesce(checker, terms, at)?,
        "nullif" => {
            let [a, b] = <[Term; 2]>::try_from(terms).expect("the number of arguments was checked");
            let same = checker.builder.compare(Compare::Equal, a.clone(), b, at)?;
            let null = checker.builder.literal(Scalar::Null, None);
            checker.builder.select(same, null, a, at)?
        }
        "least" | "greatest" => {
            let terms = alike(checker, terms, at)?;
            let greatest = name == "greatest";
            pick(
                checker,
                if greatest { "greatest" } else { "least" },
                terms,
                greatest,
                false,
                at,
            )?
        }
        "min" | "max" => {
            let terms = numbers(checker, terms, at)?;
            let greatest = name == "max";
            pick(
                checker,
                if greatest { "max" } else { "min" },
                terms,
                greatest,
                true,
                at,
            )?
        }
        "sum" => fold(checker, Arith::Add, terms, at)?,
        "mul" => fold(checker, Arith::Multiply, terms, at)?,
        "avg" => {
            let n = checker
                .builder
                .literal(Scalar::Float(terms.len() as f64), Some(Float64));
            let sum = fold(checker, Arith::Add, terms, at)?;
            checker.builder.arith(Arith::Divide, sum, n, at)?
        }
        "clamp" => {
            let terms = numbers(checker, terms, at)?;
            let [low, x, high] =
                <[Term; 3]>::try_from(terms).expect("the number of arguments was checked");
            let raised = pick(checker, "max", vec![low, x], true, true, at)?;
            pick(checker, "min", vec![raised, high], false, true, at)?
        }
        "inrange" => in_range(checker, terms, at)?,
        "index" => {
            let dtype = checker.environment.key.unwrap_or(Int64);
            Term::Pure(checker.builder.graph.add(Op::Key, Some(dtype), Vec::new()))
        }
        "vlookup" => lookup(checker, terms, at)?,
        "today" | "now" => {
            checker.volatile = true;
            let dtype = if name == "today" { Date } else { Datetime };
            Term::Pure(checker.builder.graph.add(Op::Now, Some(dtype), Vec::new()))
        }
        "random" => {
            checker.volatile = true;
            checker.randoms += 1;
            if checker.loop_depth > 0 {
                // Every round draws anew.
                Term::Row(Step::Random(checker.randoms), Some(Float64))
            } else {
                Term::Pure(checker.builder.graph.add(
                    Op::Random(checker.randoms),
                    Some(Float64),
                    Vec::new(),
                ))
            }
        }
        _ => return Err(checker.undefined(name, at).into()),
    })
}

/// The first argument that is not null. Narrow integers give floats, as in the reference.
fn coalesce(checker: &mut Checker<'_>, terms: Vec<Term>, at: usize) -> Result<Term, Fault> {
    let all_numbers = terms.iter().all(|term| {
        checker
            .builder
            .dtype(term)
            .is_some_and(|dtype| is_int(dtype) || super::terms::is_float(dtype))
    });
    let mut terms = if all_numbers {
        numbers(checker, terms, at)?
    } else {
        alike(checker, terms, at)?
    };
    let mut result = terms.pop().ok_or_else(|| Fault::types(at))?;
    while let Some(term) = terms.pop() {
        let is_null = checker.builder.is_null(term.clone());
        result = checker.builder.select(is_null, result, term, at)?;
    }
    Ok(result)
}

fn pick(
    checker: &mut Checker<'_>,
    name: &'static str,
    terms: Vec<Term>,
    greatest: bool,
    strict: bool,
    at: usize,
) -> Result<Term, Fault> {
    let dtype = terms
        .iter()
        .find_map(|term| checker.builder.dtype(term))
        .ok_or_else(|| Fault::types(at))?;
    if !strict || dtype != Float64 {
        let function = functions::pick(name, terms.len(), dtype, greatest, strict);
        return Ok(checker.builder.call(function, terms));
    }
    // Floats go pair by pair, over whole columns.
    let mut terms = terms.into_iter();
    let first = terms.next().ok_or_else(|| Fault::types(at))?;
    Ok(terms.fold(first, |best, term| {
        let function = functions::pick(name, 2, dtype, greatest, strict);
        checker.builder.call(function, vec![best, term])
    }))
}

fn fold(checker: &mut Checker<'_>, op: Arith, terms: Vec<Term>, at: usize) -> Result<Term, Fault> {
    let mut terms = numbers(checker, terms, at)?.into_iter();
    let first = terms.next().ok_or_else(|| Fault::types(at))?;
    terms.try_fold(first, |sum, term| checker.builder.arith(op, sum, term, at))
}

/// Whether the second argument lies between the others, both included; null if one is null.
fn in_range(checker: &mut Checker<'_>, terms: Vec<Term>, at: usize) -> Result<Term, Fault> {
    let [low, x, high] = <[Term; 3]>::try_from(alike(checker, terms, at)?)
        .expect("the number of arguments was checked");
    let builder = &mut checker.builder;
    let mut any_null = builder.is_null(x.clone());
    for bound in [&low, &high] {
        let is_null = builder.is_null(bound.clone());
        any_null = builder.logic(Logic::Or, any_null, is_null);
    }
    let above = builder.compare(Compare::LessEqual, low, x.clone(), at)?;
    let below = builder.compare(Compare::LessEqual, x, high, at)?;
    let inside = builder.logic(Logic::And, above, below);
    let null = builder.literal(Scalar::Null, Some(Boolean));
    builder.select(any_null, null, inside, at)
}

/// `vlookup('column', key)`
fn lookup(checker: &mut Checker<'_>, terms: Vec<Term>, at: usize) -> Result<Term, Fault> {
    let [column, key] = <[Term; 2]>::try_from(terms).expect("the number of arguments was checked");
    let Some(Scalar::Text(name)) = checker.builder.constant(&column) else {
        return Err(Fault::types(at));
    };
    let name = name.clone();
    let Some(dtype) = checker.environment.dtype(&name) else {
        return Err(Fault::types(at));
    };
    let wanted = checker.environment.key.unwrap_or(Int64);
    let fits = checker.builder.dtype(&key).is_none_or(|found| {
        found.column_type() == wanted.column_type()
            || is_int(wanted) && checker.builder.is_whole(&key)
    });
    if !fits {
        return Err(Fault::types(at));
    }
    let key = if is_int(wanted) {
        checker.builder.convert(key, Some(Int64))
    } else {
        key
    };
    checker.lookups = true;
    Ok(checker.builder.lookup(name, Some(dtype), key))
}
