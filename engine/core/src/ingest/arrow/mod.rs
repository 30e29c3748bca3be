//! Arrow IPC, stream or file, to columns.
//!
//! [`ipc`] takes the framing apart, [`types`] and [`array`] bring metadata and buffers together, [`decode`] appends
//! values to typed columns in bulk, and [`nested`] makes lists and structs flat. No array of the arrow crates is made:
//! values go from the input's bytes into the columns of the table, and what is malformed is found on the way.
//!
//! Cost: one pass over the buffers; texts are interned once per dictionary value, or once per row without dictionary.

mod array;
mod decimal;
mod decode;
mod ipc;
mod nested;
mod types;

use std::cell::Cell;

use array::{Array, Budget};
use ipc::{Part, Stream};
use types::{ArrowField, ArrowType};

use super::{IngestOptions, ListFlatten};
use crate::column::{Bitmap, Column, ColumnBuilder, Values};
use crate::error::{Error, Result};
use crate::hash::HashMap;
use crate::schema::{DataType, Field};

/// A loaded column.
pub struct Loaded {
    /// Its name, type and zone as Arrow has them.
    pub field: Field,
    /// Its values.
    pub column: Column,
}

/// Loads every column whose target type `target` gives: called with the column's name and the type it has of itself.
///
/// # Errors
/// If the input is malformed, a column has a type that is not loaded, or a value does not fit its target.
pub fn load(
    bytes: &[u8],
    options: &IngestOptions,
    target: &dyn Fn(&str, DataType) -> Option<DataType>,
) -> Result<(usize, Vec<Loaded>)> {
    let Stream { fields, parts } = ipc::read(bytes)?;
    let budget = Budget {
        bytes: Cell::new(options.max_decompressed),
        rows: options.max_rows,
    };
    let mut leaves = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        collect_leaves(
            field,
            field.name.to_owned(),
            vec![at],
            options.list_flatten,
            &mut leaves,
        );
    }
    let mut wanted = Vec::new();
    for leaf in leaves {
        // A column nobody wants may be of any type.
        let natural = leaf.natural(options.list_flatten);
        if let Some(dtype) = target(&leaf.name, natural.unwrap_or(DataType::String)) {
            if natural.is_none() {
                return Err(decode::unsupported(&leaf.name, &leaf.field.kind));
            }
            wanted.push((leaf, dtype));
        }
    }
    reject_duplicates(&wanted)?;
    let nested = wanted.iter().any(|(leaf, _)| leaf.in_list);
    let mut loader = Loader {
        fields: &fields,
        dictionaries: Dictionaries::default(),
        options,
        budget: &budget,
        n_rows: 0,
        columns: wanted
            .into_iter()
            .map(|(leaf, dtype)| Target {
                dtype,
                builder: ColumnBuilder::new(
                    dtype,
                    if nested {
                        0
                    } else {
                        total_rows(&parts, &budget)
                    },
                ),
                column: Column::new(dtype),
                cache: None,
                leaf,
            })
            .collect(),
    };
    for part in &parts {
        match part {
            Part::Dictionary { id, is_delta, body } => {
                let field = find_encoded(&fields, *id).ok_or_else(|| {
                    Error::input(format!(
                        "Invalid Arrow data: dictionary {id} belongs to no column"
                    ))
                })?;
                let values = array::dictionary_values(body, field, &budget)?;
                loader.dictionaries.add(*id, *is_delta, values);
            }
            Part::Records(body) => {
                let (n_rows, arrays) = array::arrays(body, &fields, &budget)?;
                if nested {
                    loader.nested_batch(n_rows, &arrays)?;
                } else {
                    loader.flat_batch(n_rows, &arrays)?;
                }
            }
        }
    }
    Ok((loader.n_rows, loader.finish(nested)))
}

/// The names of the columns.
///
/// # Errors
/// If the input is malformed.
pub fn names(bytes: &[u8]) -> Result<Vec<String>> {
    let stream = ipc::read(bytes)?;
    Ok(stream
        .fields
        .iter()
        .map(|field| field.name.to_owned())
        .collect())
}

/// The number of rows that the batches claim, as far as it is plausible.
fn total_rows(parts: &[Part<'_>], budget: &Budget) -> usize {
    parts
        .iter()
        .map(|part| match part {
            // A claim is not yet backed by data: what it may set aside is bounded by the size of the body.
            Part::Records(body) => usize::try_from(body.header.length())
                .unwrap_or(0)
                .min(body.bytes.len().saturating_mul(8))
                .min(budget.rows),
            Part::Dictionary { .. } => 0,
        })
        .fold(0, usize::saturating_add)
        .min(budget.rows)
}

/// A plain column somewhere in the schema.
struct Leaf<'a, 'f> {
    name: String,
    path: Vec<usize>,
    field: &'f ArrowField<'a>,
    in_list: bool,
}

impl Leaf<'_, '_> {
    fn natural(&self, mode: ListFlatten) -> Option<DataType> {
        if self.in_list && mode == ListFlatten::Stringify {
            return Some(DataType::String);
        }
        self.field.kind.natural()
    }
}

/// Lists the plain columns below `field`. With lists as text, a list is one column.
fn collect_leaves<'a, 'f>(
    field: &'f ArrowField<'a>,
    name: String,
    path: Vec<usize>,
    mode: ListFlatten,
    out: &mut Vec<Leaf<'a, 'f>>,
) {
    collect(field, name, path, false, mode, out);

    fn collect<'a, 'f>(
        field: &'f ArrowField<'a>,
        name: String,
        path: Vec<usize>,
        in_list: bool,
        mode: ListFlatten,
        out: &mut Vec<Leaf<'a, 'f>>,
    ) {
        let descend = field.encoding.is_none();
        match field.kind {
            ArrowType::Struct if descend => {
                for (at, child) in field.children.iter().enumerate() {
                    let mut path = path.clone();
                    path.push(at);
                    collect(
                        child,
                        format!("{name}.{}", child.name),
                        path,
                        in_list,
                        mode,
                        out,
                    );
                }
            }
            ArrowType::List
            | ArrowType::LargeList
            | ArrowType::FixedSizeList(_)
            | ArrowType::Map
                if descend && mode != ListFlatten::Stringify =>
            {
                for child in &field.children {
                    collect(child, name.clone(), path.clone(), true, mode, out);
                }
            }
            ArrowType::List
            | ArrowType::LargeList
            | ArrowType::FixedSizeList(_)
            | ArrowType::Map
                if descend =>
            {
                out.push(Leaf {
                    name,
                    path,
                    field,
                    in_list: true,
                });
            }
            _ => out.push(Leaf {
                name,
                path,
                field,
                in_list,
            }),
        }
    }
}

fn reject_duplicates(wanted: &[(Leaf<'_, '_>, DataType)]) -> Result<()> {
    let mut seen = crate::hash::HashSet::default();
    for (leaf, _) in wanted {
        if !seen.insert(leaf.name.as_str()) {
            return Err(Error::input(format!(
                "Duplicate column `{}` in Arrow data",
                leaf.name
            )));
        }
    }
    Ok(())
}

/// The field that holds indices into a dictionary.
fn find_encoded<'a, 'f>(fields: &'f [ArrowField<'a>], id: i64) -> Option<&'f ArrowField<'a>> {
    fields.iter().find_map(|field| {
        if field.encoding.is_some_and(|encoding| encoding.id == id) {
            Some(field)
        } else {
            find_encoded(&field.children, id)
        }
    })
}

/// The dictionaries of a stream as they stand.
#[derive(Default)]
pub struct Dictionaries<'a, 'f> {
    /// By id: how often it changed, and the arrays that make it up.
    by_id: HashMap<i64, (u32, Vec<Array<'a, 'f>>)>,
}

/// The values of a dictionary in the form one column wants them; valid while the dictionary stays as it was.
pub struct Lookup {
    version: u32,
    values: LookupValues,
}

enum LookupValues {
    /// By index: the code in the column's own dictionary.
    Codes(Vec<u32>),
    /// By index: the value.
    Values(Column),
}

impl<'a, 'f> Dictionaries<'a, 'f> {
    fn add(&mut self, id: i64, is_delta: bool, values: Array<'a, 'f>) {
        let (version, arrays) = self.by_id.entry(id).or_default();
        *version += 1;
        if !is_delta {
            arrays.clear();
        }
        arrays.push(values);
    }

    /// Appends an array, plain or of indices, to a builder. `cache` belongs to the builder.
    fn append(
        &self,
        builder: &mut ColumnBuilder,
        name: &str,
        array: &Array<'_, '_>,
        mask: Option<&Bitmap>,
        cache: &mut Option<Lookup>,
    ) -> Result<()> {
        let Some(encoding) = array.field.encoding else {
            return decode::append(builder, name, array, mask);
        };
        decode::check_types(name, &array.field.kind, builder.dtype())?;
        let (version, dictionary) = self
            .by_id
            .get(&encoding.id)
            .map_or((0, &[][..]), |(version, arrays)| (*version, arrays));
        let lookup = match cache.take() {
            Some(lookup) if lookup.version == version => cache.insert(lookup),
            _ => cache.insert(Lookup {
                version,
                values: Self::lookup(builder, name, dictionary)?,
            }),
        };
        let validity = decode::intersect(array.validity()?, mask);
        let mut indices = Vec::with_capacity(array.len);
        decode::extend_indices(&mut indices, array, encoding.bits)?;
        let n_values = match &lookup.values {
            LookupValues::Codes(codes) => codes.len(),
            LookupValues::Values(column) => column.len(),
        };
        let is_valid = |i: usize| validity.as_ref().is_none_or(|bitmap| bitmap.get(i));
        // Under a null may lie any index.
        if indices
            .iter()
            .fold(false, |any, &index| any | (index as usize >= n_values))
        {
            for (i, index) in indices.iter_mut().enumerate() {
                if *index as usize >= n_values {
                    if is_valid(i) {
                        return Err(Error::input(format!(
                            "Column `{name}` refers to entry {} of a dictionary of {n_values} at row {i}",
                            *index as i64
                        )));
                    }
                    *index = 0;
                }
            }
            if n_values == 0 {
                builder.push_nulls(indices.len());
                return Ok(());
            }
        }
        let start = builder.len();
        match (&mut builder.values, &lookup.values) {
            (Values::Text(out, _), LookupValues::Codes(codes)) => {
                out.extend(indices.iter().map(|&index| codes[index as usize]));
                builder.clear_nulls(start, validity.as_ref());
            }
            (_, LookupValues::Values(values)) => {
                let gathered = values.gather(&indices);
                builder.extend_from(&gathered, validity.as_ref());
            }
            _ => {}
        }
        Ok(())
    }

    fn lookup(
        builder: &mut ColumnBuilder,
        name: &str,
        dictionary: &[Array<'_, '_>],
    ) -> Result<LookupValues> {
        let dtype = builder.dtype();
        if let Values::Text(_, interner) = &mut builder.values {
            // The values are interned where the codes will be used.
            let mut values = ColumnBuilder::new(dtype, 0);
            values.values = Values::Text(Vec::new(), std::mem::take(interner));
            for array in dictionary {
                decode::append(&mut values, name, array, None)?;
            }
            let Values::Text(codes, used) = values.values else {
                return Err(Error::input(format!("column `{name}` is not text")));
            };
            *interner = used;
            return Ok(LookupValues::Codes(codes));
        }
        let mut values = ColumnBuilder::new(dtype, 0);
        for array in dictionary {
            decode::append(&mut values, name, array, None)?;
        }
        Ok(LookupValues::Values(values.finish()))
    }
}

/// One column being loaded.
struct Target<'a, 'f> {
    leaf: Leaf<'a, 'f>,
    dtype: DataType,
    builder: ColumnBuilder,
    /// Where batches with lists go.
    column: Column,
    cache: Option<Lookup>,
}

struct Loader<'a, 'f> {
    fields: &'f [ArrowField<'a>],
    dictionaries: Dictionaries<'a, 'f>,
    options: &'f IngestOptions,
    budget: &'f Budget,
    n_rows: usize,
    columns: Vec<Target<'a, 'f>>,
}

impl Loader<'_, '_> {
    fn add_rows(&mut self, n: usize) -> Result<()> {
        self.n_rows = self.n_rows.saturating_add(n);
        if self.n_rows > self.budget.rows {
            let what = format!("The input has more than {} rows", self.budget.rows);
            return Err(Error::over(what, "input_rows"));
        }
        Ok(())
    }

    fn flat_batch(&mut self, n_rows: usize, arrays: &[Array<'_, '_>]) -> Result<()> {
        self.add_rows(n_rows)?;
        for target in &mut self.columns {
            let (first, rest) = target
                .leaf
                .path
                .split_first()
                .expect("a path starts with a column");
            let mut array = &arrays[*first];
            let mut mask: Option<Bitmap> = None;
            for &at in rest {
                mask = decode::intersect(array.validity()?, mask.as_ref());
                array = &array.children[at];
            }
            // A field may be longer than its struct.
            if array.len != n_rows {
                return Err(Error::input(format!(
                    "Invalid Arrow data: field `{}` has {} rows in a batch of {n_rows}",
                    target.leaf.name, array.len
                )));
            }
            self.dictionaries.append(
                &mut target.builder,
                &target.leaf.name,
                array,
                mask.as_ref(),
                &mut target.cache,
            )?;
        }
        Ok(())
    }

    fn nested_batch(&mut self, n_rows: usize, arrays: &[Array<'_, '_>]) -> Result<()> {
        let mode = self.options.list_flatten;
        let types: HashMap<&str, DataType> = self
            .columns
            .iter()
            .map(|target| (target.leaf.name.as_str(), target.dtype))
            .collect();
        let mut batch = Vec::new();
        for (at, array) in arrays.iter().enumerate() {
            if !self
                .columns
                .iter()
                .any(|target| target.leaf.path.first() == Some(&at))
            {
                continue;
            }
            let name = self.fields[at].name;
            let target = |leaf: &str| types.get(leaf).copied();
            let printed = mode == ListFlatten::Stringify;
            let nested = nested::decode(name, array, None, &self.dictionaries, &target, printed)?;
            batch.extend(nested.map(|nested| (name.to_owned(), nested)));
        }
        drop(types);
        let left = self.budget.rows.saturating_sub(self.n_rows);
        let (n_rows, columns) = nested::flatten(batch, n_rows, self.options, left)?;
        self.add_rows(n_rows)?;
        for (name, column) in columns {
            if let Some(target) = self
                .columns
                .iter_mut()
                .find(|target| target.leaf.name == name)
            {
                target.column.append(&column);
            }
        }
        Ok(())
    }

    fn finish(self, nested: bool) -> Vec<Loaded> {
        self.columns
            .into_iter()
            .map(|target| {
                let mut field = Field::new(&target.leaf.name, target.dtype);
                if let ArrowType::Timestamp(_, Some(zone)) = target.leaf.field.kind
                    && target.dtype == DataType::Datetime
                {
                    field.zone = Some(zone.into());
                }
                Loaded {
                    field,
                    column: if nested {
                        target.column
                    } else {
                        target.builder.finish()
                    },
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
