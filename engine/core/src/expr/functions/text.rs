//! Text by Unicode characters: case, length, parts, padding, search by plain text and by `like` patterns.

use crate::schema::DataType::{Boolean, Float64, Int64, String as Text};
use crate::value::Value;

use super::{
    Argument, Function, MAX_TEXT, Out, Reject, Resolution, append, cells, index_of, require,
    text_of,
};

/// A function from one text to another.
macro_rules! mapped {
    ($name:literal, $body:expr) => {
        Function {
            name: $name,
            arity: (1, 1),
            resolve: |arguments| {
                require(arguments[0].is_text())?;
                cells($name, vec![Some(Text)], Text, |values, buffer| {
                    let mapped: fn(&str, &mut String) = $body;
                    mapped(text_of(values[0]), buffer);
                    Out::Text
                })
            },
        }
    };
}

/// A function from two texts to a truth value.
macro_rules! test {
    ($name:literal, $body:expr) => {
        Function {
            name: $name,
            arity: (2, 2),
            resolve: |arguments| {
                require(arguments.iter().all(Argument::is_text))?;
                cells($name, vec![Some(Text); 2], Boolean, |values, _| {
                    let test: fn(&str, &str) -> bool = $body;
                    Out::Bool(test(text_of(values[0]), text_of(values[1])))
                })
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    mapped!("upper", |text, buffer| buffer
        .extend(text.chars().flat_map(char::to_uppercase))),
    mapped!("lower", |text, buffer| buffer
        .push_str(&text.to_lowercase())),
    mapped!("capitalize", capitalize),
    mapped!("reverse", |text, buffer| buffer.extend(text.chars().rev())),
    mapped!("intern", |text, buffer| buffer.push_str(text)),
    test!("contains", |text, part| text.contains(part)),
    test!("starts_with", |text, part| text.starts_with(part)),
    test!("ends_with", |text, part| text.ends_with(part)),
    test!("like", |text, pattern| like(text, pattern)),
    test!("ilike", |text, pattern| like(
        &text.to_lowercase(),
        &pattern.to_lowercase()
    )),
    Function {
        name: "trim",
        arity: (1, 2),
        resolve: |arguments| trim("trim", arguments, true, true),
    },
    Function {
        name: "ltrim",
        arity: (1, 2),
        resolve: |arguments| trim("ltrim", arguments, true, false),
    },
    Function {
        name: "rtrim",
        arity: (1, 2),
        resolve: |arguments| trim("rtrim", arguments, false, true),
    },
    Function {
        name: "length",
        arity: (1, 1),
        resolve: length,
    },
    Function {
        name: "concat",
        arity: (1, usize::MAX),
        resolve: concat,
    },
    Function {
        name: "order",
        arity: (2, usize::MAX),
        resolve: order,
    },
    Function {
        name: "substring",
        arity: (2, 3),
        resolve: substring,
    },
    Function {
        name: "left",
        arity: (2, 2),
        resolve: |arguments| end("left", arguments, false),
    },
    Function {
        name: "right",
        arity: (2, 2),
        resolve: |arguments| end("right", arguments, true),
    },
    Function {
        name: "split_part",
        arity: (3, 3),
        resolve: split_part,
    },
    Function {
        name: "pad_left",
        arity: (2, 3),
        resolve: |arguments| pad("pad_left", arguments, true),
    },
    Function {
        name: "pad_right",
        arity: (2, 3),
        resolve: |arguments| pad("pad_right", arguments, false),
    },
    Function {
        name: "repeat_text",
        arity: (2, 2),
        resolve: repeat,
    },
    Function {
        name: "position",
        arity: (2, 2),
        resolve: position,
    },
];

fn capitalize(text: &str, buffer: &mut String) {
    let mut chars = text.chars();
    buffer.extend(chars.next().into_iter().flat_map(char::to_uppercase));
    buffer.push_str(&chars.as_str().to_lowercase());
}

/// SQL `like`: `%` is any text, `_` any character, `\` takes the next one literally. Linear but for the backtracking
/// to the last `%`.
fn like(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    let mut retry: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut rest = pattern.clone();
        let matched = match rest.next() {
            Some('%') => {
                pattern = rest.clone();
                retry = Some((text.clone(), rest));
                continue;
            }
            None if text.as_str().is_empty() => return true,
            None => false,
            Some(wanted) => {
                let (any, wanted) = match wanted {
                    '_' => (true, '_'),
                    '\\' => (false, rest.next().unwrap_or('\\')),
                    other => (false, other),
                };
                text.next().is_some_and(|found| any || found == wanted)
            }
        };
        if matched {
            pattern = rest;
            continue;
        }
        let Some((from, after)) = &mut retry else {
            return false;
        };
        if from.next().is_none() {
            return false;
        }
        text = from.clone();
        pattern = after.clone();
    }
}

fn trim(name: &'static str, arguments: &[Argument<'_>], left: bool, right: bool) -> Resolution {
    require(arguments.iter().all(Argument::is_text))?;
    cells(
        name,
        vec![Some(Text); arguments.len()],
        Text,
        move |values, buffer| {
            let mut text = text_of(values[0]);
            let characters = values.get(1).map(|&value| text_of(value));
            let cut = |c: char| characters.map_or_else(|| c.is_whitespace(), |set| set.contains(c));
            if left {
                text = text.trim_start_matches(cut);
            }
            if right {
                text = text.trim_end_matches(cut);
            }
            buffer.push_str(text);
            Out::Text
        },
    )
}

/// A float, as the reference has it.
fn length(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text())?;
    cells("length", vec![Some(Text)], Float64, |values, _| {
        Out::Float(text_of(values[0]).chars().count() as f64)
    })
}

fn concat(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_text))?;
    cells(
        "concat",
        vec![Some(Text); arguments.len()],
        Text,
        |values, buffer| {
            if values.iter().all(|&value| append(buffer, text_of(value))) {
                Out::Text
            } else {
                Out::TooLong
            }
        },
    )
}

/// The place of a text in a list; the number of texts if it is not there.
fn order(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_text))?;
    cells(
        "order",
        vec![Some(Text); arguments.len()],
        Float64,
        |values, _| {
            let found = values[1..]
                .iter()
                .position(|&value| text_of(value) == text_of(values[0]));
            Out::Float(found.unwrap_or(values.len() - 1) as f64)
        },
    )
}

/// Where the character at `index` starts: the end for the first index past it.
fn byte_at(text: &str, index: usize) -> Option<usize> {
    text.char_indices()
        .map(|(at, _)| at)
        .chain([text.len()])
        .nth(index)
}

fn substring(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text() && arguments[1..].iter().all(Argument::is_numeric))?;
    let mut types = vec![Some(Float64); arguments.len()];
    types[0] = Some(Text);
    cells("substring", types, Text, |values, buffer| {
        let text = text_of(values[0]);
        let Ok(start) = usize::try_from(index_of(values[1])) else {
            return Out::Null;
        };
        let Some(from) = byte_at(text, start).filter(|&from| from < text.len()) else {
            return Out::Null;
        };
        let tail = &text[from..];
        let end = match values.get(2) {
            None => Some(tail.len()),
            Some(&count) => usize::try_from(index_of(count))
                .ok()
                .and_then(|count| byte_at(tail, count)),
        };
        let Some(end) = end else {
            return Out::Null;
        };
        buffer.push_str(&tail[..end]);
        Out::Text
    })
}

/// The first or last characters; all of them if there are fewer.
fn end(name: &'static str, arguments: &[Argument<'_>], right: bool) -> Resolution {
    require(arguments[0].is_text() && arguments[1].is_numeric())?;
    cells(
        name,
        vec![Some(Text), Some(Float64)],
        Text,
        move |values, buffer| {
            let text = text_of(values[0]);
            let count = usize::try_from(index_of(values[1])).unwrap_or(0);
            if right {
                let length = text.chars().count();
                let from = byte_at(text, length.saturating_sub(count)).unwrap_or(0);
                buffer.push_str(&text[from..]);
            } else {
                buffer.push_str(&text[..byte_at(text, count).unwrap_or(text.len())]);
            }
            Out::Text
        },
    )
}

/// The n-th part, from 1, or from the end if negative; null if there is none.
fn split_part(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text() && arguments[1].is_text() && arguments[2].is_numeric())?;
    cells(
        "split_part",
        vec![Some(Text), Some(Text), Some(Float64)],
        Text,
        |values, buffer| {
            let (text, separator) = (text_of(values[0]), text_of(values[1]));
            let n = index_of(values[2]);
            let place = usize::try_from(n.unsigned_abs())
                .unwrap_or(usize::MAX)
                .wrapping_sub(1);
            let part = if separator.is_empty() {
                (place == 0).then_some(text)
            } else if n > 0 {
                text.split(separator).nth(place)
            } else {
                text.rsplit(separator).nth(place)
            };
            match part {
                Some(part) if n != 0 => {
                    buffer.push_str(part);
                    Out::Text
                }
                _ => Out::Null,
            }
        },
    )
}

/// Fills up to a number of characters; a longer text is left as it is.
fn pad(name: &'static str, arguments: &[Argument<'_>], left: bool) -> Resolution {
    require(
        arguments[0].is_text()
            && arguments[1].is_numeric()
            && arguments.get(2).is_none_or(Argument::is_text),
    )?;
    let types = [Some(Text), Some(Float64), Some(Text)][..arguments.len()].to_vec();
    cells(name, types, Text, move |values, buffer| {
        let text = text_of(values[0]);
        let filling = values.get(2).map_or(" ", |&value| text_of(value));
        let wanted = usize::try_from(index_of(values[1])).unwrap_or(0);
        if wanted > MAX_TEXT {
            return Out::TooLong;
        }
        let missing = wanted.saturating_sub(text.chars().count());
        if !left {
            buffer.push_str(text);
        }
        buffer.extend(filling.chars().cycle().take(missing));
        if left {
            buffer.push_str(text);
        }
        if buffer.len() > MAX_TEXT {
            Out::TooLong
        } else {
            Out::Text
        }
    })
}

fn repeat(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_text() && arguments[1].is_numeric())?;
    if arguments[1].whole().is_some_and(|count| count < 0) {
        return Err(Reject::Because(
            "Type Error - `repeat_text` takes a count that is not negative".into(),
        ));
    }
    cells(
        "repeat_text",
        vec![Some(Text), Some(Float64)],
        Text,
        |values, buffer| {
            let text = text_of(values[0]);
            let count = usize::try_from(index_of(values[1])).unwrap_or(0);
            if text.len().saturating_mul(count) > MAX_TEXT {
                return Out::TooLong;
            }
            buffer.push_str(&text.repeat(count));
            Out::Text
        },
    )
}

/// The index of the first occurrence in characters, from 0; null if there is none.
fn position(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_text))?;
    cells(
        "position",
        vec![Some(Text); 2],
        Int64,
        |values: &[Value<'_>], _| {
            let (text, part) = (text_of(values[0]), text_of(values[1]));
            text.find(part)
                .map(|at| text[..at].chars().count() as i64)
                .into()
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_patterns_match_whole_texts() {
        for (text, pattern, expected) in [
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "a_c", true),
            ("abc", "b", false),
            ("", "%", true),
            ("", "_", false),
            ("50%", "50\\%", true),
            ("500", "50\\%", false),
            ("aXbXc", "%X%c", true),
            ("äöü", "_ö_", true),
            ("aaa", "%a_a%", true),
            ("ab", "%%%b", true),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} like {pattern}");
        }
    }
}
