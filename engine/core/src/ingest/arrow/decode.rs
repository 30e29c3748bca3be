//! Values of one array appended to a column in bulk, converted to the column's type.
//!
//! Nulls are cleared to zero before ranges are checked, so that a check needs no second look at validity and what
//! lies under a null cannot be at fault.

use super::array::Array;
use super::decimal;
use super::types::{ArrowType, Unit};
use crate::column::{Bitmap, ColumnBuilder, Interner, Values, flip_u64, unflip_u64};
use crate::error::{Error, Result};
use crate::ingest::sink::{hold, out_of_range};
use crate::ingest::{time, type_name};
use crate::schema::{DataType, Storage};

/// Appends `array`, which holds values and not indices, to `builder`, which is called `name` in errors. Rows that are
/// not in `mask` are null as well.
///
/// # Errors
/// If the types do not go together, or a value does not fit.
pub fn append(
    builder: &mut ColumnBuilder,
    name: &str,
    array: &Array<'_, '_>,
    mask: Option<&Bitmap>,
) -> Result<()> {
    let start = builder.len();
    let target = builder.dtype();
    let kind = &array.field.kind;
    if matches!(kind, ArrowType::Null) {
        builder.push_nulls(array.len);
        return Ok(());
    }
    check_types(name, kind, target)?;
    let validity = intersect(array.validity()?, mask);
    match (&mut builder.values, kind) {
        (Values::Int(out), ArrowType::Int { bits, signed }) => {
            extend_ints(out, array, *bits, *signed)?;
        }
        (Values::Int(out), ArrowType::Date32 | ArrowType::Time(32, _)) => {
            extend_ints(out, array, 32, true)?;
        }
        (Values::Int(out), ArrowType::Date64) => {
            let bytes = array.fixed(8)?;
            let ms = bytes
                .as_chunks::<8>()
                .0
                .iter()
                .map(|&b| i64::from_le_bytes(b));
            out.extend(ms.map(|ms| i64::from(time::day_of(ms))));
        }
        (Values::Int(out), ArrowType::Timestamp(unit, _)) => {
            extend_ints(out, array, 64, true)?;
            builder.clear_nulls(start, validity.as_ref());
            return to_milliseconds(builder, name, start, *unit);
        }
        (Values::Int(out), ArrowType::Time(..) | ArrowType::Duration(_)) => {
            extend_ints(out, array, 64, true)?;
        }
        (Values::Int(_), ArrowType::Float(_)) => {
            let mut floats = Vec::with_capacity(array.len);
            extend_floats(&mut floats, array)?;
            return floats_to_ints(builder, name, &floats, validity.as_ref());
        }
        (Values::Int(_) | Values::Float(_), ArrowType::Decimal { bits, scale }) => {
            return decimal::append(builder, name, array, *bits, *scale, validity.as_ref());
        }
        (Values::Float(out), ArrowType::Float(_)) => extend_floats(out, array)?,
        (
            Values::Float(out),
            ArrowType::Int { .. } | ArrowType::Time(..) | ArrowType::Duration(_),
        ) => {
            let (bits, signed) = match kind {
                ArrowType::Int { bits, signed } => (*bits, *signed),
                ArrowType::Time(bits, _) => (*bits, true),
                _ => (64, true),
            };
            let mut ints = Vec::with_capacity(array.len);
            extend_ints(&mut ints, array, bits, signed)?;
            if (bits, signed) == (64, false) {
                out.extend(ints.iter().map(|&held| unflip_u64(held) as f64));
            } else {
                out.extend(ints.iter().map(|&value| value as f64));
            }
        }
        (Values::Bool(out), ArrowType::Bool) => {
            let bits = array.bits()?;
            out.extend((0..array.len).map(|i| bits.get(i)));
        }
        (Values::Text(codes, interner), ArrowType::Utf8 | ArrowType::LargeUtf8) => {
            let wide = matches!(kind, ArrowType::LargeUtf8);
            extend_texts(codes, interner, name, array, wide, validity.as_ref())?;
        }
        (Values::Text(codes, interner), ArrowType::Utf8View) => {
            extend_views(codes, interner, name, array, validity.as_ref())?;
        }
        _ => return Err(mismatch(name, kind, target)),
    }
    builder.clear_nulls(start, validity.as_ref());
    if target.column_type() == crate::ColumnType::Integer {
        let source = kind.natural().unwrap_or(DataType::Int64);
        fit_ints(builder, name, start, source)?;
    }
    if target == DataType::Float32 && !matches!(kind, ArrowType::Float(16 | 32)) {
        narrow_floats(builder, start);
    }
    Ok(())
}

/// Whether values of `kind` may go into a column of type `target` at all.
///
/// # Errors
/// If not, naming both types.
pub fn check_types(name: &str, kind: &ArrowType<'_>, target: DataType) -> Result<()> {
    let Some(natural) = kind.natural() else {
        return Err(unsupported(name, kind));
    };
    let fits = match natural.storage() {
        _ if matches!(kind, ArrowType::Null) => true,
        Storage::Int | Storage::Float if natural.column_type().is_numeric() => {
            target.column_type().is_numeric()
        }
        _ => natural.column_type() == target.column_type(),
    };
    if fits {
        Ok(())
    } else {
        Err(mismatch(name, kind, target))
    }
}

/// The error for a type that is not loaded.
pub fn unsupported(name: &str, kind: &ArrowType<'_>) -> Error {
    Error::input(format!(
        "Could not load Arrow column `{name}` of type `{kind}`."
    ))
}

/// The error for values that do not go into a column, in the two forms that clients know.
fn mismatch(name: &str, kind: &ArrowType<'_>, target: DataType) -> Error {
    let target = type_name(target);
    match kind.natural() {
        Some(natural) if !natural.column_type().is_numeric() => Error::input(format!(
            "Could not fill column `{name}` with t_dtype: `{target}`, array type: `{}`",
            type_name(natural)
        )),
        _ => Error::input(format!(
            "Could not fill arrow column `{name}` iteratively due to mismatched types. (`{kind}` into `{target}`)"
        )),
    }
}

/// The rows that are not null in both.
pub fn intersect(validity: Option<Bitmap>, mask: Option<&Bitmap>) -> Option<Bitmap> {
    match (validity, mask) {
        (validity, None) => validity,
        (None, Some(mask)) => Some(mask.clone()),
        (Some(mut validity), Some(mask)) => {
            validity.intersect(mask);
            Some(validity)
        }
    }
}

/// Appends integers as held: the numbers, and those of 64 unsigned bits flipped.
pub fn extend_ints(
    out: &mut Vec<i64>,
    array: &Array<'_, '_>,
    bits: u8,
    signed: bool,
) -> Result<()> {
    macro_rules! extend {
        ($type:ty) => {{
            const WIDTH: usize = size_of::<$type>();
            let bytes = array.fixed(WIDTH)?;
            out.extend(
                bytes
                    .as_chunks::<WIDTH>()
                    .0
                    .iter()
                    .map(|&chunk| i64::from(<$type>::from_le_bytes(chunk))),
            );
        }};
    }
    match (bits, signed) {
        (8, true) => extend!(i8),
        (16, true) => extend!(i16),
        (32, true) => extend!(i32),
        (64, true) => extend!(i64),
        (8, false) => extend!(u8),
        (16, false) => extend!(u16),
        (32, false) => extend!(u32),
        _ => {
            let bytes = array.fixed(8)?;
            let chunks = bytes.as_chunks::<8>().0;
            out.extend(
                chunks
                    .iter()
                    .map(|&chunk| flip_u64(u64::from_le_bytes(chunk))),
            );
        }
    }
    Ok(())
}

/// Appends indices into a dictionary; what does not fit, a negative one above all, becomes `u32::MAX`.
pub fn extend_indices(out: &mut Vec<u32>, array: &Array<'_, '_>, bits: u8) -> Result<()> {
    match bits {
        8 => {
            let bytes = array.fixed(1)?;
            out.extend(bytes.iter().map(|&index| u32::from(index)));
        }
        16 => {
            let bytes = array.fixed(2)?;
            let chunks = bytes.as_chunks::<2>().0;
            out.extend(
                chunks
                    .iter()
                    .map(|&chunk| u32::from(u16::from_le_bytes(chunk))),
            );
        }
        32 => {
            let bytes = array.fixed(4)?;
            let chunks = bytes.as_chunks::<4>().0;
            out.extend(chunks.iter().map(|&chunk| u32::from_le_bytes(chunk)));
        }
        _ => {
            let bytes = array.fixed(8)?;
            let chunks = bytes.as_chunks::<8>().0;
            let narrow = |chunk| u32::try_from(u64::from_le_bytes(chunk)).unwrap_or(u32::MAX);
            out.extend(chunks.iter().map(|&chunk| narrow(chunk)));
        }
    }
    Ok(())
}

fn extend_floats(out: &mut Vec<f64>, array: &Array<'_, '_>) -> Result<()> {
    match array.field.kind {
        ArrowType::Float(16) => {
            let bytes = array.fixed(2)?;
            let chunks = bytes.as_chunks::<2>().0;
            out.extend(chunks.iter().map(|&chunk| half(u16::from_le_bytes(chunk))));
        }
        ArrowType::Float(32) => {
            let bytes = array.fixed(4)?;
            let chunks = bytes.as_chunks::<4>().0;
            out.extend(
                chunks
                    .iter()
                    .map(|&chunk| f64::from(f32::from_le_bytes(chunk))),
            );
        }
        _ => {
            let bytes = array.fixed(8)?;
            let chunks = bytes.as_chunks::<8>().0;
            out.extend(chunks.iter().map(|&chunk| f64::from_le_bytes(chunk)));
        }
    }
    Ok(())
}

/// The value of a half-precision float.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    sign * match exponent {
        0 => fraction * 2.0_f64.powi(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        _ => (1024.0 + fraction) * 2.0_f64.powi(exponent - 25),
    }
}

fn extend_texts(
    codes: &mut Vec<u32>,
    interner: &mut Interner,
    name: &str,
    array: &Array<'_, '_>,
    wide: bool,
    validity: Option<&Bitmap>,
) -> Result<()> {
    let (offsets, data) = array.texts(wide)?;
    let whole = offsets
        .first()
        .zip(offsets.last())
        .and_then(|(&first, &last)| std::str::from_utf8(data.get(first..last)?).ok());
    let first = offsets.first().copied().unwrap_or(0);
    for (i, pair) in offsets.windows(2).enumerate() {
        if validity.is_some_and(|bitmap| !bitmap.get(i)) {
            codes.push(0);
            continue;
        }
        // Text that is valid as a whole can still be cut within a character.
        let text = match whole {
            Some(whole) => whole.get(pair[0] - first..pair[1] - first),
            None => std::str::from_utf8(&data[pair[0]..pair[1]]).ok(),
        };
        codes.push(interner.intern(text.ok_or_else(|| not_utf8(name, i))?));
    }
    Ok(())
}

fn not_utf8(name: &str, row: usize) -> Error {
    Error::input(format!("Column `{name}` holds invalid UTF-8 at row {row}"))
}

fn extend_views(
    codes: &mut Vec<u32>,
    interner: &mut Interner,
    name: &str,
    array: &Array<'_, '_>,
    validity: Option<&Bitmap>,
) -> Result<()> {
    let (views, buffers) = array.views()?;
    for (i, view) in views.as_chunks::<16>().0.iter().enumerate() {
        if validity.is_some_and(|bitmap| !bitmap.get(i)) {
            codes.push(0);
            continue;
        }
        let word = |at: usize| {
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&view[at..at + 4]);
            u32::from_le_bytes(bytes) as usize
        };
        let len = word(0);
        let bytes = if len <= 12 {
            &view[4..4 + len]
        } else {
            let start = word(12);
            buffers
                .get(word(8))
                .and_then(|buffer| buffer.get(start..start.checked_add(len)?))
                .ok_or_else(|| {
                    Error::input(format!(
                        "Column `{name}` has a view out of range at row {i}"
                    ))
                })?
        };
        let text = std::str::from_utf8(bytes).map_err(|_| not_utf8(name, i))?;
        codes.push(interner.intern(text));
    }
    Ok(())
}

/// Checks integers from `start` on, held as `source`, against the builder's type, and holds them as that asks.
fn fit_ints(builder: &mut ColumnBuilder, name: &str, start: usize, source: DataType) -> Result<()> {
    let target = builder.dtype();
    if source == target {
        return Ok(());
    }
    let (Some(from), Some(to)) = (source.int_range(), target.int_range()) else {
        return Ok(());
    };
    let is_null: Vec<usize> = match (source, target) {
        (DataType::UInt64, _) | (_, DataType::UInt64) => builder.nulls_from(start).collect(),
        _ => Vec::new(),
    };
    let Values::Int(values) = &mut builder.values else {
        return Ok(());
    };
    let values = &mut values[start..];
    // Away from 64 unsigned bits both are plain numbers.
    if source == DataType::UInt64 {
        for value in values.iter_mut() {
            let number = unflip_u64(*value);
            // Kept flipped where it does not fit, so that the check below finds it: it is negative then.
            *value = number as i64;
        }
        for &i in &is_null {
            values[i - start] = 0;
        }
        if let Some(at) = values.iter().position(|&v| v < 0 || i128::from(v) > to.1) {
            return Err(out_of_range(name, values[at] as u64, at, target));
        }
        return Ok(());
    }
    if target == DataType::UInt64 {
        if let Some(at) = values.iter().position(|&value| value < 0) {
            return Err(out_of_range(name, values[at], at, target));
        }
        for value in values.iter_mut() {
            *value = flip_u64(*value as u64);
        }
        for &i in &is_null {
            values[i - start] = 0;
        }
        return Ok(());
    }
    if from.0 >= to.0 && from.1 <= to.1 {
        return Ok(());
    }
    let (least, most) = (to.0 as i64, to.1 as i64);
    if values
        .iter()
        .fold(false, |any, &value| any | (value < least) | (value > most))
    {
        let at = values
            .iter()
            .position(|&value| value < least || value > most);
        let at = at.unwrap_or_default();
        return Err(out_of_range(name, values[at], at, target));
    }
    Ok(())
}

fn floats_to_ints(
    builder: &mut ColumnBuilder,
    name: &str,
    floats: &[f64],
    validity: Option<&Bitmap>,
) -> Result<()> {
    let start = builder.len();
    let target = builder.dtype();
    let (least, most) = target.int_range().unwrap_or((0, 0));
    let Values::Int(out) = &mut builder.values else {
        return Ok(());
    };
    for (i, &value) in floats.iter().enumerate() {
        if validity.is_some_and(|bitmap| !bitmap.get(i)) {
            out.push(0);
            continue;
        }
        // The cast saturates, which the range of 64 bits or less then shows; NaN must be told apart.
        let whole = value.trunc() as i128;
        if value.is_nan() || whole < least || whole > most {
            let shown = zmij::Buffer::new().format(value).to_owned();
            return Err(out_of_range(name, shown, i, target));
        }
        out.push(hold(whole, target));
    }
    builder.clear_nulls(start, validity);
    Ok(())
}

fn narrow_floats(builder: &mut ColumnBuilder, start: usize) {
    if let Values::Float(values) = &mut builder.values {
        for value in &mut values[start..] {
            *value = f64::from(*value as f32);
        }
    }
}

fn to_milliseconds(
    builder: &mut ColumnBuilder,
    name: &str,
    start: usize,
    unit: Unit,
) -> Result<()> {
    let Values::Int(values) = &mut builder.values else {
        return Ok(());
    };
    let values = &mut values[start..];
    match unit {
        Unit::Second => {
            for (i, value) in values.iter_mut().enumerate() {
                *value = value
                    .checked_mul(1000)
                    .ok_or_else(|| out_of_range(name, *value, i, DataType::Datetime))?;
            }
        }
        Unit::Millisecond => {}
        Unit::Microsecond => values.iter_mut().for_each(|value| *value /= 1000),
        Unit::Nanosecond => values.iter_mut().for_each(|value| *value /= 1_000_000),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::half;

    #[test]
    fn half_precision_floats_are_exact() {
        assert_eq!(half(0x3c00), 1.0);
        assert_eq!(half(0xc000), -2.0);
        assert_eq!(half(0x7bff), 65504.0);
        assert_eq!(half(0x0001), 2.0_f64.powi(-24));
        assert_eq!(half(0x7c00), f64::INFINITY);
        assert!(half(0x7e00).is_nan());
    }
}
