use proptest::prelude::*;

use super::*;

fn encoded(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}

/// `depth` objects inside one another, as raw bytes: each is a marker and a one-letter key.
fn nested_objects(depth: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..depth {
        bytes.extend_from_slice(&[marker::OBJECT, 0, 1, b'a']);
    }
    bytes.push(marker::NULL);
    for _ in 0..depth {
        bytes.extend_from_slice(&[0, 0, marker::OBJECT_END]);
    }
    bytes
}

#[test]
fn amf0_nested_200k_deep_is_an_error_not_a_crash() {
    assert_eq!(decode(&nested_objects(200_000)), Err(Amf0Error::TooDeep));
    let arrays: Vec<u8> =
        std::iter::repeat_n([marker::STRICT_ARRAY, 0, 0, 0, 1], 200_000).flatten().collect();
    assert_eq!(decode(&arrays), Err(Amf0Error::TooDeep));
}

#[test]
fn nesting_up_to_the_limit_is_decoded() {
    assert!(decode(&nested_objects(MAX_DEPTH)).is_ok());
    assert_eq!(decode(&nested_objects(MAX_DEPTH + 1)), Err(Amf0Error::TooDeep));
}

#[test]
fn encoding_deeper_than_the_limit_stays_decodable() {
    let mut value = Value::Number(1.0);
    for _ in 0..100 {
        value = Value::StrictArray(vec![value]);
    }
    assert!(decode(&encoded(&value)).is_ok());
}

#[test]
fn strict_array_count_allocates_nothing_before_its_elements_arrive() {
    let bytes = [marker::STRICT_ARRAY, 0xFF, 0xFF, 0xFF, 0xFF];
    assert_eq!(decode(&bytes), Err(Amf0Error::TooManyValues));
    let bytes = [marker::STRICT_ARRAY, 0, 0, 0x10, 0];
    assert_eq!(decode(&bytes), Err(Amf0Error::UnexpectedEnd));
}

#[test]
fn long_string_length_beyond_the_bytes_is_an_error() {
    assert_eq!(decode(&[marker::LONG_STRING, 0xFF, 0xFF, 0xFF, 0xFF, b'a']), Err(Amf0Error::UnexpectedEnd));
}

#[test]
fn more_values_than_the_budget_are_refused() {
    let bytes = vec![marker::NULL; MAX_VALUES + 1];
    let (values, error) = decode_sequence(&bytes);
    assert_eq!((values.len(), error), (MAX_VALUES, Some(Amf0Error::TooManyValues)));
}

#[test]
fn decode_all_stops_at_trailing_garbage() {
    let mut bytes = encoded(&Value::from("publish"));
    bytes.extend(encoded(&Value::Number(5.0)));
    bytes.extend_from_slice(&[0xEE, 0xEE]);
    assert_eq!(decode_all(&bytes), vec![Value::from("publish"), Value::Number(5.0)]);
    assert_eq!(decode_sequence(&bytes).1, Some(Amf0Error::UnknownMarker(0xEE)));
}

#[test]
fn decode_takes_one_value_and_tells_its_length() {
    let mut bytes = encoded(&Value::from("a"));
    let length = bytes.len();
    bytes.push(marker::NULL);
    assert_eq!(decode(&bytes), Ok((Value::from("a"), length)));
}

#[test]
fn wire_form_of_an_object_follows_the_specification() {
    let object =
        Value::Object(vec![("app".into(), Value::from("live")), ("on".into(), Value::Boolean(true))]);
    let expected = b"\x03\x00\x03app\x02\x00\x04live\x00\x02on\x01\x01\x00\x00\x09";
    assert_eq!(encoded(&object), expected);
}

#[test]
fn ecma_array_without_end_marker_is_read_to_the_end() {
    let bytes = b"\x08\x00\x00\x00\x01\x00\x05width\x00\x40\x94\x00\x00\x00\x00\x00\x00";
    let (value, taken) = decode(bytes).unwrap();
    assert_eq!(value.get("width").and_then(Value::as_number), Some(1280.0));
    assert_eq!(taken, bytes.len());
}

#[test]
fn ecma_array_count_is_only_a_hint() {
    let bytes = b"\x08\x00\x00\x00\x00\x00\x01a\x01\x01\x00\x00\x09";
    assert_eq!(decode(bytes).unwrap().0.get("a"), Some(&Value::Boolean(true)));
}

#[test]
fn typed_object_is_an_object_and_xml_a_string() {
    assert_eq!(
        decode(b"\x10\x00\x01C\x00\x01a\x05\x00\x00\x09").unwrap().0,
        Value::Object(vec![("a".into(), Value::Null)])
    );
    assert_eq!(decode(b"\x0f\x00\x00\x00\x02<>").unwrap().0.as_str(), Some("<>"));
}

#[test]
fn reference_and_amf3_markers_are_errors() {
    assert_eq!(decode(&[0x07, 0, 0]), Err(Amf0Error::UnknownMarker(0x07)));
    assert_eq!(decode(&[0x11, 0, 0]), Err(Amf0Error::UnknownMarker(0x11)));
}

#[test]
fn repeated_property_takes_the_last_value() {
    let object = Value::Object(vec![("a".into(), Value::Number(1.0)), ("a".into(), Value::Number(2.0))]);
    assert_eq!(object.get("a").and_then(Value::as_number), Some(2.0));
    assert_eq!(object.get("b"), None);
    assert_eq!(Value::Null.get("a"), None);
}

#[test]
fn text_over_65535_bytes_becomes_a_long_string_and_long_keys_are_cut() {
    let long = "é".repeat(40_000);
    assert_eq!(decode(&encoded(&Value::String(long.clone()))).unwrap().0, Value::LongString(long.clone()));
    let object = Value::Object(vec![(long, Value::Null)]);
    let Value::Object(properties) = decode(&encoded(&object)).unwrap().0 else { panic!("an object") };
    assert_eq!(properties[0].0.len(), 65_534);
}

#[test]
fn latin_1_text_is_kept_readable() {
    assert_eq!(decode(&[marker::STRING, 0, 2, b'a', 0xE9]).unwrap().0.as_str(), Some("a\u{FFFD}"));
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(|number| Value::Number(f64::from(number) / 8.0)),
        any::<bool>().prop_map(Value::Boolean),
        ".{0,12}".prop_map(Value::String),
        ".{0,12}".prop_map(Value::LongString),
        any::<u32>().prop_map(|unix_ms| Value::Date(f64::from(unix_ms))),
        Just(Value::Null),
        Just(Value::Undefined),
    ];
    leaf.prop_recursive(4, 48, 6, |inner| {
        let properties = prop::collection::vec((".{0,8}", inner.clone()), 0..6);
        prop_oneof![
            properties.clone().prop_map(Value::Object),
            properties.prop_map(Value::EcmaArray),
            prop::collection::vec(inner, 0..6).prop_map(Value::StrictArray),
        ]
    })
}

proptest! {
    #[test]
    fn encoded_values_decode_to_themselves(value in any_value()) {
        let bytes = encoded(&value);
        prop_assert_eq!(decode(&bytes), Ok((value, bytes.len())));
    }

    #[test]
    fn a_cut_value_never_decodes_strictly_to_more_than_was_given(value in any_value(), cut in 0_usize..64) {
        let bytes = encoded(&value);
        let cut = cut.min(bytes.len());
        if let Ok((_, taken)) = decode(&bytes[..cut]) {
            prop_assert!(taken <= cut);
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        let (values, error) = decode_sequence(&bytes);
        prop_assert!(values.len() <= bytes.len());
        prop_assert_eq!(decode_all(&bytes), values.clone());
        prop_assert!(error.is_some() || bytes.is_empty() || !values.is_empty());
    }

    #[test]
    fn arbitrary_bytes_with_few_markers_never_panic(bytes in prop::collection::vec(0_u8..18, 0..512)) {
        for value in decode_all(&bytes) {
            value.encode(&mut Vec::new());
        }
    }
}
