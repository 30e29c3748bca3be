//! Text by regular expressions. Patterns are constants and compiled once; matching takes linear time.

use regex::{Captures, Regex, RegexBuilder};

use crate::schema::DataType::{Boolean, String as Text};

use super::{Argument, Function, Out, Reject, Resolution, append, cells, require, text_of};

/// How large a compiled pattern may become, in bytes.
const MAX_PATTERN: usize = 1 << 20;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "match",
        arity: (2, 2),
        resolve: find,
    },
    Function {
        name: "match_all",
        arity: (2, 2),
        resolve: match_all,
    },
    Function {
        name: "search",
        arity: (2, 2),
        resolve: search,
    },
    Function {
        name: "replace",
        arity: (3, 3),
        resolve: |arguments| replace("replace", arguments, 1),
    },
    Function {
        name: "replace_all",
        arity: (3, 3),
        resolve: |arguments| replace("replace_all", arguments, usize::MAX),
    },
];

/// Compiles the pattern that an argument holds.
pub(in crate::expr) fn compile(argument: &Argument<'_>) -> Result<Regex, Reject> {
    require(argument.is_text())?;
    let Some(pattern) = argument.text() else {
        return Err(Reject::Because(
            "Type Error - a regular expression must be a constant text".into(),
        ));
    };
    build(pattern)
}

fn build(pattern: &str) -> Result<Regex, Reject> {
    RegexBuilder::new(pattern)
        .size_limit(MAX_PATTERN)
        .dfa_size_limit(2 * MAX_PATTERN)
        .build()
        .map_err(|error| {
            // The crate's message draws the pattern over several lines and ends with the reason.
            let text = error.to_string();
            let reason = text
                .lines()
                .last()
                .unwrap_or_default()
                .trim()
                .trim_start_matches("error: ");
            Reject::Because(format!(
                "Type Error - invalid regular expression '{pattern}': {reason}"
            ))
        })
}

/// The span of the first group of a match, in characters, both ends inclusive.
pub(in crate::expr) fn group_span(pattern: &Regex, text: &str) -> Option<(f64, f64)> {
    let group = pattern.captures(text)?.get(1)?;
    let start = text[..group.start()].chars().count();
    let length = group.as_str().chars().count();
    Some((start as f64, start as f64 + length as f64 - 1.0))
}

fn find(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text())?;
    let pattern = compile(&arguments[1])?;
    cells("match", vec![Some(Text); 2], Boolean, move |values, _| {
        Out::Bool(pattern.is_match(text_of(values[0])))
    })
}

fn match_all(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text())?;
    compile(&arguments[1])?;
    let pattern = build(&format!(
        "^(?:{})$",
        arguments[1].text().unwrap_or_default()
    ))?;
    cells(
        "match_all",
        vec![Some(Text); 2],
        Boolean,
        move |values, _| Out::Bool(pattern.is_match(text_of(values[0]))),
    )
}

/// The first group, which the pattern must have.
fn search(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text())?;
    let pattern = compile(&arguments[1])?;
    require(pattern.captures_len() > 1)?;
    cells(
        "search",
        vec![Some(Text); 2],
        Text,
        move |values, buffer| match pattern
            .captures(text_of(values[0]))
            .and_then(|captures| captures.get(1))
        {
            Some(group) => {
                buffer.push_str(group.as_str());
                Out::Text
            }
            None => Out::Null,
        },
    )
}

/// A part of a replacement.
enum Piece {
    Literal(String),
    Group(usize),
}

/// Splits `<\1>` into its literal parts and group references; `\\` is a backslash.
fn pieces(template: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            literal.push(c);
            continue;
        }
        match chars.next() {
            Some(digit) if digit.is_ascii_digit() => {
                pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                pieces.push(Piece::Group(digit as usize - '0' as usize));
            }
            Some(other) => literal.push(other),
            None => literal.push('\\'),
        }
    }
    pieces.push(Piece::Literal(literal));
    pieces
}

fn expand(pieces: &[Piece], captures: &Captures<'_>, buffer: &mut String) -> bool {
    pieces.iter().all(|piece| match piece {
        Piece::Literal(literal) => append(buffer, literal),
        Piece::Group(group) => captures
            .get(*group)
            .is_none_or(|found| append(buffer, found.as_str())),
    })
}

fn replace(name: &'static str, arguments: &[Argument<'_>], count: usize) -> Resolution {
    // A null that is written out replaces nothing with nothing: a mistake.
    require(arguments[0].is_text() && arguments[2].dtype == Some(Text))?;
    let pattern = compile(&arguments[1])?;
    // A constant replacement is taken apart once.
    let constant = arguments[2].text().map(pieces);
    cells(name, vec![Some(Text); 3], Text, move |values, buffer| {
        let text = text_of(values[0]);
        let own;
        let parts = match &constant {
            Some(parts) => parts,
            None => {
                own = pieces(text_of(values[2]));
                &own
            }
        };
        let mut end = 0;
        for captures in pattern.captures_iter(text).take(count) {
            let whole = captures.get_match();
            if !append(buffer, &text[end..whole.start()]) || !expand(parts, &captures, buffer) {
                return Out::TooLong;
            }
            end = whole.end();
        }
        if append(buffer, &text[end..]) {
            Out::Text
        } else {
            Out::TooLong
        }
    })
}
