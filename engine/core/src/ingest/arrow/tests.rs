//! Arrow of every type, written by the arrow crates and read by this module.

use std::sync::Arc;

use arrow_array::builder::{
    Int32Builder, ListBuilder, MapBuilder, StringBuilder, StringViewBuilder,
};
use arrow_array::types::{Int8Type, Int64Type, UInt16Type};
use arrow_array::*;
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType as ArrowDataType, Field as SchemaField, Fields};

use crate::ingest::tests::{grid, shown};
use crate::ingest::{IngestOptions, Input, ListFlatten, conform, infer};
use crate::schema::{DataType, Field, Schema};

fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .expect("a batch")
}

fn stream(batches: &[RecordBatch], compression: Option<CompressionType>) -> Vec<u8> {
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .expect("a known compression");
    let mut out = Vec::new();
    let mut writer = StreamWriter::try_new_with_options(&mut out, &batches[0].schema(), options)
        .expect("a writer");
    for batch in batches {
        writer.write(batch).expect("a written batch");
    }
    writer.finish().expect("a finished stream");
    out
}

fn file(batches: &[RecordBatch]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = FileWriter::try_new(&mut out, &batches[0].schema()).expect("a writer");
    for batch in batches {
        writer.write(batch).expect("a written batch");
    }
    writer.finish().expect("a finished file");
    out
}

fn loaded(bytes: &[u8], mode: ListFlatten) -> String {
    let options = IngestOptions {
        list_flatten: mode,
        ..IngestOptions::default()
    };
    match infer(Input::Arrow(bytes), &options) {
        Ok((schema, batch)) => grid(&schema, &batch),
        Err(error) => format!("error: {error}"),
    }
}

/// The column `a` that an array becomes.
fn check(array: impl Array + 'static, expected: &str) {
    let array: ArrayRef = Arc::new(array);
    let kind = array.data_type().clone();
    let bytes = stream(&[batch(vec![("a", Arc::clone(&array))])], None);
    let result = loaded(&bytes, ListFlatten::Zip);
    assert_eq!(
        result.strip_prefix("a:").unwrap_or(&result),
        expected,
        "{kind}"
    );
    // A slice has offsets that do not begin with 0, once written.
    if array.len() > 1 {
        let sliced = stream(&[batch(vec![("a", array.slice(1, array.len() - 1))])], None);
        let rest = loaded(&sliced, ListFlatten::Zip);
        let last = |text: &str| text.rsplit([' ', '=']).next().map(str::to_owned);
        assert_eq!(last(&rest), last(expected), "{kind}");
    }
}

#[test]
fn numbers_keep_their_width() {
    check(
        Int8Array::from(vec![Some(-128), None, Some(127)]),
        "int8=-128 - 127",
    );
    check(
        Int16Array::from(vec![i16::MIN, i16::MAX]),
        "int16=-32768 32767",
    );
    check(
        Int32Array::from(vec![i32::MIN, i32::MAX]),
        "int32=-2147483648 2147483647",
    );
    check(
        Int64Array::from(vec![i64::MIN, i64::MAX]),
        "int64=-9223372036854775808 9223372036854775807",
    );
    check(UInt8Array::from(vec![0, 255]), "uint8=0 255");
    check(UInt16Array::from(vec![0, 65535]), "uint16=0 65535");
    check(UInt32Array::from(vec![0, u32::MAX]), "uint32=0 4294967295");
    check(
        UInt64Array::from(vec![Some(0), None, Some(u64::MAX)]),
        "uint64=0u - 18446744073709551615u",
    );
    check(
        Float32Array::from(vec![Some(0.5), None, Some(f32::INFINITY)]),
        "float32=0.5 - inf",
    );
    check(
        Float64Array::from(vec![Some(0.1), None, Some(f64::NAN)]),
        "float64=0.1 - NaN",
    );
    check(
        Decimal128Array::from(vec![Some(250), None, Some(-1)])
            .with_precision_and_scale(10, 2)
            .expect("fits"),
        "float64=2.5 - -0.01",
    );
    check(
        Decimal256Array::from(vec![arrow_buffer::i256::from(-12345)])
            .with_precision_and_scale(40, 3)
            .expect("fits"),
        "float64=-12.345",
    );
    check(
        Decimal128Array::from(vec![1, 12_345_678_901_234_567_890])
            .with_precision_and_scale(38, 4)
            .expect("fits"),
        "error: Decimal 1234567890123456.7890 at index 1 of column \"a\" has more digits than a float keeps",
    );
}

#[test]
fn other_scalars_are_read() {
    check(
        BooleanArray::from(vec![Some(true), None, Some(false)]),
        "bool=true - false",
    );
    check(
        StringArray::from(vec![Some("x"), None, Some(""), Some("ä")]),
        "str='x' - '' 'ä'",
    );
    check(LargeStringArray::from(vec![Some("x"), None]), "str='x' -");
    let mut views = StringViewBuilder::new();
    for text in [
        Some("short"),
        None,
        Some("rather longer than twelve"),
        Some("twelve bytes"),
    ] {
        views.append_option(text);
    }
    check(
        views.finish(),
        "str='short' - 'rather longer than twelve' 'twelve bytes'",
    );
    check(NullArray::new(2), "str=- -");
    check(
        Date32Array::from(vec![Some(0), None, Some(-1)]),
        "date=1970-01-01 - 1969-12-31",
    );
    check(
        Date64Array::from(vec![86_400_000, -1]),
        "date=1970-01-02 1969-12-31",
    );
    check(
        TimestampSecondArray::from(vec![1]),
        "datetime=1970-01-01 00:00:01.000",
    );
    check(
        TimestampMicrosecondArray::from(vec![-1500, 1500]),
        "datetime=1969-12-31 23:59:59.999 1970-01-01 00:00:00.001",
    );
    check(
        TimestampNanosecondArray::from(vec![1_999_999]),
        "datetime=1970-01-01 00:00:00.001",
    );
    check(
        TimestampSecondArray::from(vec![i64::MAX]),
        "error: Value 9223372036854775807 at index 0 does not fit column \"a\" of type datetime",
    );
    check(Time32SecondArray::from(vec![3600]), "int32=3600");
    check(Time64NanosecondArray::from(vec![5]), "int64=5");
    check(DurationMillisecondArray::from(vec![-5]), "int64=-5");
    check(
        BinaryArray::from(vec![&b"x"[..]]),
        "error: Could not load Arrow column `a` of type `binary`.",
    );
}

#[test]
fn dictionaries_of_any_index_and_value_are_read() {
    let texts: DictionaryArray<Int8Type> = vec![Some("x"), None, Some("y"), Some("x")]
        .into_iter()
        .collect();
    check(texts, "str='x' - 'y' 'x'");
    let keys = UInt16Array::from(vec![Some(1), None, Some(0)]);
    let values: ArrayRef = Arc::new(Int64Array::from(vec![7, 9]));
    check(
        DictionaryArray::<UInt16Type>::try_new(keys, values).expect("fits"),
        "int64=9 - 7",
    );
    let keys = Int64Array::from(vec![Some(1), Some(0), None]);
    let values: ArrayRef = Arc::new(StringArray::from(vec![Some("v"), None]));
    check(
        DictionaryArray::<Int64Type>::try_new(keys, values).expect("fits"),
        "str=- 'v' -",
    );
}

#[test]
fn batches_follow_each_other_in_streams_and_files() {
    let part = |texts: Vec<Option<&str>>, from: i32| {
        let dictionary: DictionaryArray<Int8Type> = texts.iter().copied().collect();
        let numbers = Int32Array::from_iter(
            (0..texts.len()).map(|i| (i % 2 == 0).then_some(from + i as i32)),
        );
        batch(vec![
            ("s", Arc::new(dictionary) as ArrayRef),
            ("n", Arc::new(numbers)),
        ])
    };
    let batches = [
        part(vec![Some("x"), None], 0),
        part(vec![Some("y"), Some("x"), Some("z")], 10),
    ];
    let expected = "s:str='x' - 'y' 'x' 'z'; n:int32=0 - 10 - 12";
    assert_eq!(loaded(&stream(&batches, None), ListFlatten::Zip), expected);
    assert_eq!(
        loaded(
            &stream(&batches, Some(CompressionType::LZ4_FRAME)),
            ListFlatten::Zip
        ),
        expected
    );
    // A file has one dictionary for all of its batches.
    let plain = [batch(vec![(
        "n",
        Arc::new(Int32Array::from(vec![1])) as ArrayRef,
    )])];
    assert_eq!(
        loaded(
            &file(&[plain[0].clone(), plain[0].clone()]),
            ListFlatten::Zip
        ),
        "n:int32=1 1"
    );
}

#[test]
fn zones_are_kept_and_do_not_move_instants() {
    let array = TimestampMillisecondArray::from(vec![0]).with_timezone("Europe/Paris");
    let bytes = stream(&[batch(vec![("a", Arc::new(array) as ArrayRef)])], None);
    let (schema, loaded) = infer(Input::Arrow(&bytes), &IngestOptions::default()).expect("loads");
    assert_eq!(schema.fields()[0].zone.as_deref(), Some("Europe/Paris"));
    assert_eq!(
        shown(loaded.columns[0].data.value(0)),
        "1970-01-01 00:00:00.000"
    );
}

fn nested() -> Vec<u8> {
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append_value([Some(1), None]);
    list.append_null();
    list.append_value([]);
    let mut texts = ListBuilder::new(StringBuilder::new());
    texts.append_value([Some("x"), Some("y")]);
    texts.append_value([Some("z")]);
    texts.append_null();
    let inner: ArrayRef = Arc::new(StringArray::from(vec![Some("p"), Some("q"), None]));
    let structs = StructArray::new(
        Fields::from(vec![SchemaField::new("f", ArrowDataType::Utf8, true)]),
        vec![inner],
        Some(vec![true, false, true].into()),
    );
    stream(
        &[batch(vec![
            ("id", Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef),
            ("l", Arc::new(list.finish())),
            ("m", Arc::new(texts.finish())),
            ("s", Arc::new(structs)),
        ])],
        None,
    )
}

#[test]
fn lists_and_structs_flatten_in_three_ways() {
    let bytes = nested();
    assert_eq!(
        loaded(&bytes, ListFlatten::Zip),
        "id:int32=1 1 2 3; l:int32=1 - - -; m:str='x' 'y' 'z' -; s.f:str='p' 'p' - -"
    );
    assert_eq!(
        loaded(&bytes, ListFlatten::Cartesian),
        "id:int32=1 1 1 1 2 3; l:int32=1 1 - - - -; m:str='x' 'y' 'x' 'y' 'z' -; s.f:str='p' 'p' 'p' 'p' - -"
    );
    assert_eq!(
        loaded(&bytes, ListFlatten::Stringify),
        "id:int32=1 2 3; l:str='[1,null]' - '[]'; m:str='[\"x\",\"y\"]' '[\"z\"]' -; s.f:str='p' - -"
    );
}

#[test]
fn lists_of_differing_length_cannot_be_zipped() {
    let lengths = |lengths: &[usize]| -> ArrayRef {
        let mut list = ListBuilder::new(Int32Builder::new());
        for &n in lengths {
            list.append_value((0..n).map(|i| Some(i as i32)));
        }
        Arc::new(list.finish())
    };
    let bytes = stream(
        &[batch(vec![
            ("l", lengths(&[1, 2])),
            ("m", lengths(&[1, 3])),
        ])],
        None,
    );
    assert_eq!(
        loaded(&bytes, ListFlatten::Zip),
        "error: Cannot zip list columns `l` (2) and `m` (3) of differing length in row 1; use the `cartesian` list flatten mode."
    );
}

#[test]
fn nested_lists_large_lists_and_maps_flatten() {
    let mut outer = ListBuilder::new(ListBuilder::new(Int32Builder::new()));
    outer.values().append_value([Some(1), Some(2)]);
    outer.values().append_value([Some(3)]);
    outer.append(true);
    outer.append(false);
    check(outer.finish(), "int32=1 2 3 -");

    let large = LargeListArray::from_iter_primitive::<Int64Type, _, _>(vec![
        Some(vec![Some(1), Some(2)]),
        None,
    ]);
    check(large, "int64=1 2 -");
    let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(
        vec![Some(vec![Some(1), Some(2)]), Some(vec![Some(3), None])],
        2,
    );
    check(fixed, "int64=1 2 3 -");

    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("k");
    map.values().append_value(1);
    map.keys().append_value("l");
    map.values().append_null();
    map.append(true).expect("a map");
    let bytes = stream(
        &[batch(vec![("m", Arc::new(map.finish()) as ArrayRef)])],
        None,
    );
    assert_eq!(
        loaded(&bytes, ListFlatten::Zip),
        "m.key:str='k' 'l'; m.value:int32=1 -"
    );
    assert_eq!(
        loaded(&bytes, ListFlatten::Stringify),
        "m:str='[{\"key\":\"k\",\"value\":1},{\"key\":\"l\",\"value\":null}]'"
    );
}

fn check_update(array: impl Array + 'static, target: Field, expected: &str) {
    let bytes = stream(&[batch(vec![("a", Arc::new(array) as ArrayRef)])], None);
    let name = format!("{target:?}");
    let schema = Schema::new(vec![Field {
        name: "a".into(),
        ..target
    }]);
    let result = match conform(
        Input::Arrow(&bytes),
        &schema,
        None,
        &IngestOptions::default(),
    ) {
        Ok(batch) => grid(&schema, &batch),
        Err(error) => format!("error: {error}"),
    };
    assert_eq!(
        result.strip_prefix("a:").unwrap_or(&result),
        expected,
        "{name}"
    );
}

#[test]
fn updates_convert_numbers_and_refuse_what_does_not_fit() {
    let field = |dtype| Field::new("a", dtype);
    let widening = Field::of_type("a", crate::ColumnType::Integer);
    check_update(
        Int64Array::from(vec![Some(5), None]),
        field(DataType::Int8),
        "int8=5 -",
    );
    check_update(
        Int64Array::from(vec![Some(5), Some(300)]),
        field(DataType::Int8),
        "error: Value 300 at index 1 does not fit column \"a\" of type int8",
    );
    check_update(
        Int64Array::from(vec![3_000_000_000]),
        widening.clone(),
        "int64=3000000000",
    );
    check_update(Int64Array::from(vec![3]), widening.clone(), "int32=3");
    check_update(
        UInt64Array::from(vec![Some(7), None]),
        field(DataType::Int64),
        "int64=7 -",
    );
    check_update(
        UInt64Array::from(vec![u64::MAX]),
        field(DataType::Int64),
        "error: Value 18446744073709551615 at index 0 does not fit column \"a\" of type int64",
    );
    check_update(
        Int8Array::from(vec![Some(7), None]),
        field(DataType::UInt64),
        "uint64=7u -",
    );
    check_update(
        Int8Array::from(vec![-7]),
        field(DataType::UInt64),
        "error: Value -7 at index 0 does not fit column \"a\" of type uint64",
    );
    check_update(
        Float64Array::from(vec![Some(2.9), None, Some(-2.9)]),
        field(DataType::Int32),
        "int32=2 - -2",
    );
    check_update(
        Float64Array::from(vec![f64::NAN]),
        field(DataType::Int32),
        "error: Value NaN at index 0 does not fit column \"a\" of type int32",
    );
    check_update(
        Float64Array::from(vec![1e300]),
        field(DataType::UInt64),
        "error: Value 1e+300 at index 0 does not fit column \"a\" of type uint64",
    );
    check_update(
        Int64Array::from(vec![Some(3), None]),
        field(DataType::Float64),
        "float64=3.0 -",
    );
    check_update(
        UInt64Array::from(vec![Some(3), None]),
        field(DataType::Float64),
        "float64=3.0 -",
    );
    check_update(
        Float64Array::from(vec![0.1]),
        field(DataType::Float32),
        "float32=0.10000000149011612",
    );
    check_update(
        Decimal128Array::from(vec![250])
            .with_precision_and_scale(10, 2)
            .expect("fits"),
        field(DataType::Int32),
        "int32=2",
    );
    check_update(NullArray::new(2), field(DataType::Date), "date=- -");
}

#[test]
fn updates_of_other_types_are_refused() {
    let field = |dtype| Field::new("a", dtype);
    check_update(
        Int64Array::from(vec![5]),
        field(DataType::String),
        "error: Could not fill arrow column `a` iteratively due to mismatched types. (`int64` into `str`)",
    );
    check_update(
        Date32Array::from(vec![5]),
        field(DataType::Datetime),
        "error: Could not fill column `a` with t_dtype: `datetime`, array type: `date`",
    );
    check_update(
        StringArray::from(vec!["5"]),
        field(DataType::Int32),
        "error: Could not fill column `a` with t_dtype: `int32`, array type: `str`",
    );
}

/// Input is never trusted: cut off or with changed bytes it loads or is refused, and never panics.
#[test]
fn damaged_input_never_panics() {
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("x"), None, Some("yy")]));
    let dictionary: DictionaryArray<Int8Type> =
        vec![Some("x"), None, Some("y")].into_iter().collect();
    let mut views = StringViewBuilder::new();
    views.append_value("a text that is longer than twelve bytes");
    views.append_null();
    views.append_value("b");
    let flat = batch(vec![
        ("t", text),
        ("d", Arc::new(dictionary)),
        ("v", Arc::new(views.finish())),
        (
            "n",
            Arc::new(Int16Array::from(vec![Some(1), None, Some(3)])),
        ),
        (
            "b",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
    ]);
    let inputs = [
        stream(&[flat.clone(), flat.clone()], None),
        stream(
            std::slice::from_ref(&flat),
            Some(CompressionType::LZ4_FRAME),
        ),
        file(&[batch(vec![(
            "n",
            Arc::new(Int32Array::from(vec![1, 2])) as ArrayRef,
        )])]),
        nested(),
    ];
    let options = IngestOptions {
        max_rows: 10_000,
        max_decompressed: 1 << 20,
        ..IngestOptions::default()
    };
    for bytes in &inputs {
        for end in 0..bytes.len() {
            let _ = infer(Input::Arrow(&bytes[..end]), &options);
        }
        let mut state = 0x9E37_79B9_u32;
        for at in 0..bytes.len() {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            for change in [0xff, 1 << (state >> 29), (state >> 8) as u8] {
                let mut damaged = bytes.clone();
                damaged[at] ^= change;
                let _ = infer(Input::Arrow(&damaged), &options);
            }
        }
    }
}
