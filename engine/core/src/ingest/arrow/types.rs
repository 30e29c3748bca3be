//! Arrow types as this engine tells them apart, read from the verified metadata.

use std::fmt;

use arrow_ipc::{DateUnit, Field, Int, Precision, TimeUnit, Type};

use crate::schema::DataType;

/// The type of one Arrow field, children aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArrowType<'a> {
    /// Nothing but nulls; no buffers.
    Null,
    /// An integer of 8, 16, 32 or 64 bits.
    Int {
        /// Its width.
        bits: u8,
        /// Whether it has a sign.
        signed: bool,
    },
    /// A float of 16, 32 or 64 bits.
    Float(u8),
    /// Packed bits.
    Bool,
    /// Text with 32-bit offsets.
    Utf8,
    /// Text with 64-bit offsets.
    LargeUtf8,
    /// Text by views into several buffers.
    Utf8View,
    /// A scaled integer of 32, 64, 128 or 256 bits.
    Decimal {
        /// Its width.
        bits: u16,
        /// Digits after the point.
        scale: i32,
    },
    /// Days in 32 bits.
    Date32,
    /// Milliseconds in 64 bits.
    Date64,
    /// An instant in 64 bits.
    Timestamp(Unit, Option<&'a str>),
    /// A time of day in 32 or 64 bits.
    Time(u8, Unit),
    /// A span of time in 64 bits.
    Duration(Unit),
    /// Lists with 32-bit offsets.
    List,
    /// Lists with 64-bit offsets.
    LargeList,
    /// Lists of one length.
    FixedSizeList(usize),
    /// Lists of key and value.
    Map,
    /// Named children.
    Struct,
    /// Recognised, so that its buffers can be stepped over, but not loaded: name, number of buffers, whether it has
    /// a validity buffer among them.
    Unsupported(&'static str, usize),
}

/// The unit of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

/// A dictionary that holds the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoding {
    /// Which dictionary.
    pub id: i64,
    /// The width of an index.
    pub bits: u8,
    /// Whether an index has a sign.
    pub signed: bool,
}

/// One field of the Arrow schema.
#[derive(Debug, Clone)]
pub struct ArrowField<'a> {
    /// Its name; empty if it has none.
    pub name: &'a str,
    /// The type of its values, those of the dictionary if it has one.
    pub kind: ArrowType<'a>,
    /// The dictionary, if the field holds indices.
    pub encoding: Option<Encoding>,
    /// The fields below.
    pub children: Vec<ArrowField<'a>>,
}

/// Reads the fields of a schema or of a nested field.
pub fn fields<'a>(
    list: Option<flatbuffers::Vector<'a, flatbuffers::ForwardsUOffset<Field<'a>>>>,
) -> Result<Vec<ArrowField<'a>>, String> {
    list.iter().flatten().map(field).collect()
}

fn field(field: Field<'_>) -> Result<ArrowField<'_>, String> {
    let name = field.name().unwrap_or("");
    let children = fields(field.children())?;
    let kind = kind(&field).ok_or_else(|| format!("the type of field `{name}` is malformed"))?;
    let wanted = match kind {
        ArrowType::List | ArrowType::LargeList | ArrowType::FixedSizeList(_) | ArrowType::Map => 1,
        _ => children.len(),
    };
    if children.len() != wanted {
        return Err(format!(
            "field `{name}` of type {kind} has {} child fields instead of {wanted}",
            children.len()
        ));
    }
    let encoding = match field.dictionary() {
        None => None,
        Some(dictionary) => {
            // No index type means 32 bits.
            let (bits, signed) = match dictionary.indexType() {
                None => (32, true),
                Some(int) => int_parts(int)
                    .ok_or_else(|| format!("the dictionary of field `{name}` is malformed"))?,
            };
            Some(Encoding {
                id: dictionary.id(),
                bits,
                signed,
            })
        }
    };
    Ok(ArrowField {
        name,
        kind,
        encoding,
        children,
    })
}

fn int_parts(int: Int<'_>) -> Option<(u8, bool)> {
    let bits = u8::try_from(int.bitWidth()).ok()?;
    matches!(bits, 8 | 16 | 32 | 64).then_some((bits, int.is_signed()))
}

fn unit(unit: TimeUnit) -> Option<Unit> {
    Some(match unit {
        TimeUnit::SECOND => Unit::Second,
        TimeUnit::MILLISECOND => Unit::Millisecond,
        TimeUnit::MICROSECOND => Unit::Microsecond,
        TimeUnit::NANOSECOND => Unit::Nanosecond,
        _ => return None,
    })
}

fn kind<'a>(field: &Field<'a>) -> Option<ArrowType<'a>> {
    Some(match field.type_type() {
        Type::Null => ArrowType::Null,
        Type::Int => {
            let (bits, signed) = int_parts(field.type_as_int()?)?;
            ArrowType::Int { bits, signed }
        }
        Type::FloatingPoint => {
            ArrowType::Float(match field.type_as_floating_point()?.precision() {
                Precision::HALF => 16,
                Precision::SINGLE => 32,
                Precision::DOUBLE => 64,
                _ => return None,
            })
        }
        Type::Bool => ArrowType::Bool,
        Type::Utf8 => ArrowType::Utf8,
        Type::LargeUtf8 => ArrowType::LargeUtf8,
        Type::Utf8View => ArrowType::Utf8View,
        Type::Decimal => {
            let decimal = field.type_as_decimal()?;
            let bits = u16::try_from(decimal.bitWidth()).ok()?;
            let scale = decimal.scale();
            if !matches!(bits, 32 | 64 | 128 | 256) || !(-1000..=1000).contains(&scale) {
                return None;
            }
            ArrowType::Decimal { bits, scale }
        }
        Type::Date => match field.type_as_date()?.unit() {
            DateUnit::DAY => ArrowType::Date32,
            DateUnit::MILLISECOND => ArrowType::Date64,
            _ => return None,
        },
        Type::Timestamp => {
            let timestamp = field.type_as_timestamp()?;
            ArrowType::Timestamp(unit(timestamp.unit())?, timestamp.timezone())
        }
        Type::Time => {
            let time = field.type_as_time()?;
            let bits = u8::try_from(time.bitWidth()).ok()?;
            if !matches!(bits, 32 | 64) {
                return None;
            }
            ArrowType::Time(bits, unit(time.unit())?)
        }
        Type::Duration => ArrowType::Duration(unit(field.type_as_duration()?.unit())?),
        Type::List => ArrowType::List,
        Type::LargeList => ArrowType::LargeList,
        Type::FixedSizeList => ArrowType::FixedSizeList(
            usize::try_from(field.type_as_fixed_size_list()?.listSize()).ok()?,
        ),
        Type::Map => ArrowType::Map,
        Type::Struct_ => ArrowType::Struct,
        Type::Binary => ArrowType::Unsupported("binary", 3),
        Type::LargeBinary => ArrowType::Unsupported("large_binary", 3),
        Type::FixedSizeBinary => ArrowType::Unsupported("fixed_size_binary", 2),
        Type::Interval => ArrowType::Unsupported("interval", 2),
        Type::BinaryView => ArrowType::Unsupported("binary_view", 2),
        Type::ListView => ArrowType::Unsupported("list_view", 3),
        Type::LargeListView => ArrowType::Unsupported("large_list_view", 3),
        Type::RunEndEncoded => ArrowType::Unsupported("run_end_encoded", 0),
        Type::Union => ArrowType::Unsupported(
            "union",
            if field.type_as_union()?.mode() == arrow_ipc::UnionMode::Dense {
                2
            } else {
                1
            },
        ),
        _ => return None,
    })
}

impl ArrowType<'_> {
    /// How many buffers an array of this type has, variadic ones not counted.
    pub fn n_buffers(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::FixedSizeList(_) | Self::Struct => 1,
            Self::Utf8 | Self::LargeUtf8 => 3,
            Self::Unsupported(_, n) => *n,
            _ => 2,
        }
    }

    /// Whether an array of this type is followed by a varying number of data buffers.
    pub fn is_view(&self) -> bool {
        matches!(self, Self::Utf8View | Self::Unsupported("binary_view", _))
    }

    /// The type of the column that such values become without a table to say otherwise; `None` for nested ones and
    /// those that are not loaded.
    pub fn natural(&self) -> Option<DataType> {
        Some(match self {
            Self::Int { bits, signed } => match (bits, signed) {
                (8, true) => DataType::Int8,
                (16, true) => DataType::Int16,
                (32, true) => DataType::Int32,
                (64, true) => DataType::Int64,
                (8, false) => DataType::UInt8,
                (16, false) => DataType::UInt16,
                (32, false) => DataType::UInt32,
                _ => DataType::UInt64,
            },
            Self::Float(64) | Self::Decimal { .. } => DataType::Float64,
            Self::Float(_) => DataType::Float32,
            Self::Bool => DataType::Boolean,
            Self::Null | Self::Utf8 | Self::LargeUtf8 | Self::Utf8View => DataType::String,
            Self::Date32 | Self::Date64 => DataType::Date,
            Self::Timestamp(..) => DataType::Datetime,
            Self::Time(32, _) => DataType::Int32,
            Self::Time(..) | Self::Duration(_) => DataType::Int64,
            Self::List | Self::LargeList | Self::FixedSizeList(_) | Self::Map | Self::Struct => {
                return None;
            }
            Self::Unsupported(..) => return None,
        })
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Microsecond => "us",
            Self::Nanosecond => "ns",
        })
    }
}

impl fmt::Display for ArrowType<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Int { bits, signed } => write!(f, "{}int{bits}", if *signed { "" } else { "u" }),
            Self::Float(bits) => write!(f, "float{bits}"),
            Self::Bool => f.write_str("bool"),
            Self::Utf8 => f.write_str("utf8"),
            Self::LargeUtf8 => f.write_str("large_utf8"),
            Self::Utf8View => f.write_str("utf8_view"),
            Self::Decimal { bits, scale } => write!(f, "decimal{bits}[scale {scale}]"),
            Self::Date32 => f.write_str("date32"),
            Self::Date64 => f.write_str("date64"),
            Self::Timestamp(unit, None) => write!(f, "timestamp[{unit}]"),
            Self::Timestamp(unit, Some(zone)) => write!(f, "timestamp[{unit}, {zone}]"),
            Self::Time(bits, unit) => write!(f, "time{bits}[{unit}]"),
            Self::Duration(unit) => write!(f, "duration[{unit}]"),
            Self::List => f.write_str("list"),
            Self::LargeList => f.write_str("large_list"),
            Self::FixedSizeList(n) => write!(f, "fixed_size_list[{n}]"),
            Self::Map => f.write_str("map"),
            Self::Struct => f.write_str("struct"),
            Self::Unsupported(name, _) => f.write_str(name),
        }
    }
}
