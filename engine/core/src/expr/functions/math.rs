//! Numbers to numbers. All but `trunc`, `sgn` and `sign` give floats, as the reference does.

use crate::schema::DataType::{Boolean, Float64, Int64};

use super::{Argument, Body, Function, Out, Resolution, Resolved, cells, float_of, require};

/// A function of one number.
macro_rules! unary {
    ($name:literal, $body:expr) => {
        Function {
            name: $name,
            arity: (1, 1),
            resolve: |arguments| float1($name, arguments, $body),
        }
    };
}

/// A function of two numbers.
macro_rules! binary {
    ($name:literal, $body:expr) => {
        Function {
            name: $name,
            arity: (2, 2),
            resolve: |arguments| float2($name, arguments, $body),
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    unary!("ceil", f64::ceil),
    unary!("floor", f64::floor),
    unary!("frac", f64::fract),
    unary!("exp", libm::exp),
    unary!("expm1", libm::expm1),
    unary!("log", libm::log),
    unary!("log10", libm::log10),
    unary!("log2", libm::log2),
    unary!("log1p", libm::log1p),
    unary!("sqrt", f64::sqrt),
    unary!("cbrt", libm::cbrt),
    unary!("erf", libm::erf),
    unary!("erfc", libm::erfc),
    unary!("sin", libm::sin),
    unary!("cos", libm::cos),
    unary!("tan", libm::tan),
    unary!("cot", |x| 1.0 / libm::tan(x)),
    unary!("sec", |x| 1.0 / libm::cos(x)),
    unary!("csc", |x| 1.0 / libm::sin(x)),
    unary!("asin", libm::asin),
    unary!("acos", libm::acos),
    unary!("atan", libm::atan),
    unary!("sinh", libm::sinh),
    unary!("cosh", libm::cosh),
    unary!("tanh", libm::tanh),
    unary!("asinh", libm::asinh),
    unary!("acosh", libm::acosh),
    unary!("atanh", libm::atanh),
    unary!("sinc", |x| if x.abs() >= f64::EPSILON {
        libm::sin(x) / x
    } else {
        1.0
    }),
    unary!("deg2rad", |x| x * (std::f64::consts::PI / 180.0)),
    unary!("rad2deg", |x| x * (180.0 / std::f64::consts::PI)),
    unary!("deg2grad", |x| x * (10.0 / 9.0)),
    unary!("grad2deg", |x| x * (9.0 / 10.0)),
    binary!("pow", libm::pow),
    binary!("root", root),
    binary!("logn", |x, base| libm::log(x) / libm::log(base)),
    binary!("atan2", libm::atan2),
    binary!("hypot", libm::hypot),
    binary!("percent_of", |x, whole| if whole == 0.0 {
        f64::NAN
    } else {
        100.0 * x / whole
    }),
    Function {
        name: "abs",
        arity: (1, 1),
        resolve: absolute,
    },
    Function {
        name: "round",
        arity: (1, 2),
        resolve: round,
    },
    Function {
        name: "roundn",
        arity: (2, 2),
        resolve: round,
    },
    Function {
        name: "trunc",
        arity: (1, 1),
        resolve: truncate,
    },
    Function {
        name: "sgn",
        arity: (1, 1),
        resolve: |arguments| sign("sgn", arguments),
    },
    Function {
        name: "sign",
        arity: (1, 1),
        resolve: |arguments| sign("sign", arguments),
    },
    Function {
        name: "iclamp",
        arity: (3, 3),
        resolve: inverse_clamp,
    },
    Function {
        name: "is_nan",
        arity: (1, 1),
        resolve: is_nan,
    },
];

fn float1(name: &'static str, arguments: &[Argument<'_>], body: fn(f64) -> f64) -> Resolution {
    require(arguments[0].is_numeric())?;
    Ok(Resolved {
        name,
        variant: "",
        arguments: vec![Some(Float64)],
        dtype: Float64,
        strict: true,
        body: Body::Float1(body),
    })
}

fn float2(name: &'static str, arguments: &[Argument<'_>], body: fn(f64, f64) -> f64) -> Resolution {
    require(arguments.iter().all(Argument::is_numeric))?;
    Ok(Resolved {
        name,
        variant: "",
        arguments: vec![Some(Float64); 2],
        dtype: Float64,
        strict: true,
        body: Body::Float2(body),
    })
}

/// The n-th root; an odd root of a negative number is left out, as is every other.
fn root(x: f64, n: f64) -> f64 {
    if x < 0.0 || n == 0.0 {
        f64::NAN
    } else {
        libm::pow(x, 1.0 / n)
    }
}

/// 64-bit integers keep their type, so that nothing is lost; all else is a float.
fn absolute(arguments: &[Argument<'_>]) -> Resolution {
    if arguments[0].dtype == Some(Int64) {
        return Ok(Resolved {
            name: "abs",
            variant: "",
            arguments: vec![Some(Int64)],
            dtype: Int64,
            strict: true,
            body: Body::Int1(Box::new(i64::checked_abs)),
        });
    }
    float1("abs", arguments, f64::abs)
}

fn round(arguments: &[Argument<'_>]) -> Resolution {
    let Some(digits) = arguments.get(1) else {
        return float1("round", arguments, f64::round);
    };
    require(arguments[0].is_numeric() && digits.is_numeric())?;
    float2("round", arguments, round_to)
}

/// Rounds half away from zero to so many decimal digits, negative ones being left of the point.
fn round_to(x: f64, digits: f64) -> f64 {
    let digits = digits.trunc();
    // From 2^52 on every float is whole.
    if digits > 15.0 || digits >= 0.0 && x.abs() >= 4_503_599_627_370_496.0 {
        return x;
    }
    if digits < -308.0 {
        return 0.0;
    }
    // Powers of ten are exact up to 22, and one division by them rounds correctly.
    let scale = libm::pow(10.0, digits.abs());
    let rounded = if digits >= 0.0 {
        (x * scale).round() / scale
    } else {
        (x / scale).round() * scale
    };
    if rounded.is_finite() { rounded } else { x }
}

fn truncate(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_numeric())?;
    if arguments[0]
        .dtype
        .is_some_and(|dtype| dtype.int_range().is_some())
    {
        return Ok(Resolved {
            name: "trunc",
            variant: "",
            arguments: vec![Some(Int64)],
            dtype: Int64,
            strict: true,
            body: Body::Int1(Box::new(Some)),
        });
    }
    cells("trunc", vec![Some(Float64)], Int64, |values, _| {
        float_to_int(float_of(values[0])).into()
    })
}

/// A float without its fraction, if 64 bits can hold it.
pub(in crate::expr) fn float_to_int(value: f64) -> Option<i64> {
    let whole = value.trunc();
    (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0)
        .contains(&whole)
        .then_some(whole as i64)
}

fn sign(name: &'static str, arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_numeric())?;
    cells(name, vec![Some(Float64)], Int64, |values, _| {
        let x = float_of(values[0]);
        if x.is_nan() {
            Out::Null
        } else {
            Out::Int(i64::from(x > 0.0) - i64::from(x < 0.0))
        }
    })
}

/// What lies between the bounds moves to the nearer of them.
fn inverse_clamp(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments.iter().all(Argument::is_numeric))?;
    cells("iclamp", vec![Some(Float64); 3], Float64, |values, _| {
        let (low, x, high) = (
            float_of(values[0]),
            float_of(values[1]),
            float_of(values[2]),
        );
        let outside = x <= low || x >= high;
        Out::Float(if outside {
            x
        } else if 2.0 * x <= low + high {
            low
        } else {
            high
        })
    })
}

fn is_nan(arguments: &[Argument<'_>]) -> Resolution {
    require(arguments[0].is_numeric())?;
    cells("is_nan", vec![Some(Float64)], Boolean, |values, _| {
        Out::Bool(float_of(values[0]).is_nan())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_to_digits_goes_away_from_zero() {
        assert_eq!(round_to(2.345, 2.0), 2.35);
        assert_eq!(round_to(-2.5, 0.0), -3.0);
        assert_eq!(round_to(1234.0, -2.0), 1200.0);
        assert_eq!(round_to(1e300, 15.0), 1e300);
    }

    #[test]
    fn floats_out_of_range_are_no_integers() {
        assert_eq!(float_to_int(-2.9), Some(-2));
        assert_eq!(float_to_int(9_223_372_036_854_775_808.0), None);
        assert_eq!(float_to_int(f64::NAN), None);
    }
}
