//! Types and fields: the six types a user sees, and the exact types that columns keep.

use std::rc::Rc;

/// The six types of the wire protocol and of every client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColumnType {
    /// UTF-8 text.
    String,
    /// A calendar day.
    Date,
    /// An instant, in milliseconds since 1970 UTC.
    Datetime,
    /// A whole number of at most 64 bits.
    Integer,
    /// A binary floating-point number.
    Float,
    /// True or false.
    Boolean,
}

impl ColumnType {
    /// The name that clients use: `string`, `date`, `datetime`, `integer`, `float`, `boolean`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Boolean => "boolean",
        }
    }

    /// Whether arithmetic applies.
    pub const fn is_numeric(self) -> bool {
        matches!(self, Self::Integer | Self::Float)
    }
}

impl std::fmt::Display for ColumnType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The exact type of a column: what Arrow input declared, and what Arrow output writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the variants are the Arrow type names")]
pub enum DataType {
    Boolean,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    /// Days since 1970-01-01.
    Date,
    /// Milliseconds since 1970-01-01 00:00 UTC.
    Datetime,
    String,
}

/// How a column of some [`DataType`] is held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Storage {
    /// One byte a value.
    Bool,
    /// `i64`: all integers, dates and datetimes. `UInt64` is held with its top bit flipped, so that signed order is
    /// numeric order.
    Int,
    /// `f64`: both float widths.
    Float,
    /// `u32` codes into a dictionary; code 0 is null.
    Text,
}

impl DataType {
    /// The type a user sees.
    pub const fn column_type(self) -> ColumnType {
        match self {
            Self::Boolean => ColumnType::Boolean,
            Self::Int8
            | Self::Int16
            | Self::Int32
            | Self::Int64
            | Self::UInt8
            | Self::UInt16
            | Self::UInt32
            | Self::UInt64 => ColumnType::Integer,
            Self::Float32 | Self::Float64 => ColumnType::Float,
            Self::Date => ColumnType::Date,
            Self::Datetime => ColumnType::Datetime,
            Self::String => ColumnType::String,
        }
    }

    /// How the column is held.
    pub const fn storage(self) -> Storage {
        match self {
            Self::Boolean => Storage::Bool,
            Self::Float32 | Self::Float64 => Storage::Float,
            Self::String => Storage::Text,
            _ => Storage::Int,
        }
    }

    /// The least and greatest value of an integer type; `None` for other types.
    pub const fn int_range(self) -> Option<(i128, i128)> {
        Some(match self {
            Self::Int8 => (i8::MIN as i128, i8::MAX as i128),
            Self::Int16 => (i16::MIN as i128, i16::MAX as i128),
            Self::Int32 => (i32::MIN as i128, i32::MAX as i128),
            Self::Int64 => (i64::MIN as i128, i64::MAX as i128),
            Self::UInt8 => (0, u8::MAX as i128),
            Self::UInt16 => (0, u16::MAX as i128),
            Self::UInt32 => (0, u32::MAX as i128),
            Self::UInt64 => (0, u64::MAX as i128),
            _ => return None,
        })
    }
}

impl From<ColumnType> for DataType {
    /// The widest exact type: what a schema of names gives.
    fn from(column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::String => Self::String,
            ColumnType::Date => Self::Date,
            ColumnType::Datetime => Self::Datetime,
            ColumnType::Integer => Self::Int64,
            ColumnType::Float => Self::Float64,
            ColumnType::Boolean => Self::Boolean,
        }
    }
}

/// A named, typed column of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The column's name, any text.
    pub name: Rc<str>,
    /// Its exact type.
    pub dtype: DataType,
    /// The time zone that Arrow input named, written back on Arrow output; values are UTC whatever it says.
    pub zone: Option<Rc<str>>,
    /// Whether an `Int32` column becomes `Int64` when a value needs it. So do integers that JSON, CSV or a schema of
    /// names made; a width that Arrow input declared stays, and values beyond it are refused.
    pub widens: bool,
}

impl Field {
    /// A field without a time zone, of a width that stays.
    pub fn new(name: &str, dtype: DataType) -> Self {
        Self {
            name: name.into(),
            dtype,
            zone: None,
            widens: false,
        }
    }

    /// A field as a schema of names declares it: integers begin as `Int32` and widen.
    pub fn of_type(name: &str, column_type: ColumnType) -> Self {
        match column_type {
            ColumnType::Integer => Self {
                widens: true,
                ..Self::new(name, DataType::Int32)
            },
            other => Self::new(name, other.into()),
        }
    }
}

/// The ordered columns of a table. Names are unique.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    fields: Vec<Field>,
}

impl Schema {
    /// A schema of `fields`, whose names the caller has checked to be unique.
    pub fn new(fields: Vec<Field>) -> Self {
        Self { fields }
    }

    /// Gives a column another exact type, as widening does.
    pub fn set_dtype(&mut self, position: usize, dtype: DataType) {
        self.fields[position].dtype = dtype;
    }

    /// The schema that names and types declare, in order ([`Field::of_type`]); names are unique.
    pub fn of_types<'a>(columns: impl IntoIterator<Item = (&'a str, ColumnType)>) -> Self {
        Self::new(
            columns
                .into_iter()
                .map(|(name, column_type)| Field::of_type(name, column_type))
                .collect(),
        )
    }

    /// All fields in order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// How many columns there are.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there are no columns.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The position of the column called `name`.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| &*field.name == name)
    }

    /// The field called `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| &*field.name == name)
    }
}
