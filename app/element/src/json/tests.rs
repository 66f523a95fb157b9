//! What is read, and what is refused.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use crate::json::read;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    One(Box<f32>),
    Two(i64, String),
    Named { width: Option<u32>, on: bool },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Whole {
    kinds: Vec<Kind>,
    pairs: Vec<(String, u64)>,
    nothing: (),
    quarters: [Option<f32>; 4],
    #[serde(default)]
    left_out: i8,
    #[serde(flatten)]
    others: BTreeMap<String, f64>,
}

fn whole() -> Whole {
    Whole {
        kinds: vec![
            Kind::Plain,
            Kind::One(Box::new(0.1)),
            Kind::Two(i64::MIN, "a \"b\" \\ \n\u{1}\u{8}é😀".into()),
            Kind::Named { width: None, on: true },
            Kind::Named { width: Some(u32::MAX), on: false },
        ],
        pairs: vec![(String::new(), u64::MAX), ("x".into(), 0)],
        nothing: (),
        quarters: [None, Some(1.0), Some(-2.5e-7), None],
        left_out: -1,
        others: [("beta".to_owned(), 1e-4), ("large".to_owned(), 1.5e300)].into(),
    }
}

#[test]
fn what_serde_json_writes_is_read_again() {
    let text = serde_json::to_string(&whole()).unwrap();
    assert_eq!(read::<Whole>(&text).unwrap(), whole());
    let spread = serde_json::to_string_pretty(&whole()).unwrap();
    assert_eq!(read::<Whole>(&spread).unwrap(), whole());
}

#[test]
fn what_nobody_asks_for_is_passed_over() {
    let text = r#" {"a": [1, {"b": "]}\""}, null, []], "width": 3, "on": false, "c": -0.5e+2} "#;
    let kind = read::<Kind>(&format!("{{\"Named\":{text}}}")).unwrap();
    assert_eq!(kind, Kind::Named { width: Some(3), on: false });
}

#[test]
fn letters_are_read_however_they_are_written() {
    let letters = r#""\u00e9 \uD83D\ude00 \/ \b\f\t\r""#;
    assert_eq!(read::<String>(letters).unwrap(), "é 😀 / \u{8}\u{c}\t\r");
}

#[test]
fn what_is_no_json_or_of_another_type_is_refused() {
    fn refused<T: DeserializeOwned>(texts: &[&str]) {
        for text in texts {
            assert!(read::<T>(text).is_err(), "{text}");
        }
    }
    refused::<IgnoredAny>(&["", "[1 2]", "[1,", "{\"a\"}", "{a:1}", "1 2", "nul", "-", "[}", "{]"]);
    refused::<IgnoredAny>(&["[".repeat(100_000).as_str(), "{\"a\":".repeat(100_000).as_str()]);
    refused::<String>(&["\"a", r#""\x""#, r#""\u12""#, r#""\ud83d""#, r#""\ud83dx""#, "1"]);
    refused::<u8>(&["256", "-1", "\"1\"", "1.5", "true"]);
    refused::<[u8; 2]>(&["[1]", "[1,2,3]"]);
    refused::<Kind>(&["\"Other\"", "{\"Plain\":1}", "{\"One\":1,\"Two\":2}"]);
    assert_eq!(read::<u8>("\"1\"").unwrap_err().to_string(), "expected a number at byte 0");
}
