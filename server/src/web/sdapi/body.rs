//! Bodies on their way in: read with patience, checked against a table of defaults.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use engine::config::FieldError;
use serde_json::{Map, Value};

use super::error::{Answer, ApiFault};

pub type Object = Map<String, Value>;

/// The body as it came, or why there is none.
pub type Received = Result<Bytes, BytesRejection>;

/// The JSON object that was sent; anything else is told with status 422.
pub fn object(received: Received) -> Answer<Object> {
    let bytes = received.map_err(|why| ApiFault::new(why.status(), why.body_text()))?;
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(ApiFault::body("give a JSON object")),
        Err(error) => Err(ApiFault::body(format!("this is no JSON: {error}"))),
    }
}

/// `defaults` with what `given` says of them. Keys without a default are ignored; a value of
/// another type than its default is at fault, null stands for the default. `unset` has a value of the
/// right type for those that are null unless given.
pub fn filled(mut defaults: Object, unset: &Object, given: &Object) -> Answer<Object> {
    let mut faults = Vec::new();
    for (key, value) in &mut defaults {
        match given.get(key) {
            None | Some(Value::Null) => {}
            Some(wanted) => {
                let typed = unset.get(key).filter(|_| value.is_null()).unwrap_or(value);
                match like(typed, wanted) {
                    Some(fits) => *value = fits,
                    None => faults.push(FieldError::new(key.clone(), misfit(typed, wanted))),
                }
            }
        }
    }
    if faults.is_empty() { Ok(defaults) } else { Err(ApiFault::fields(&faults)) }
}

/// `wanted` in the type of `default`; digits in a string are a number too, and some words and numbers a
/// yes or a no, as in A1111.
pub fn like(default: &Value, wanted: &Value) -> Option<Value> {
    match (default, wanted) {
        (Value::Null, _)
        | (Value::String(_), Value::String(_))
        | (Value::Array(_), Value::Array(_))
        | (Value::Object(_), Value::Object(_)) => Some(wanted.clone()),
        (Value::Bool(_), _) => truth(wanted).map(Value::from),
        (Value::Number(number), _) if number.is_f64() => decimal(wanted).map(Value::from),
        (Value::Number(_), _) => whole(wanted).map(Value::from),
        _ => None,
    }
}

/// Beyond this a decimal no longer holds every whole number.
const EXACT: f64 = (1i64 << 53) as f64;

fn whole(value: &Value) -> Option<i64> {
    let from_decimal =
        |number: f64| (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64);
    match value {
        Value::Number(number) => number.as_i64().or_else(|| from_decimal(number.as_f64()?)),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    }
}

fn truth(value: &Value) -> Option<bool> {
    let word = match value {
        Value::Bool(truth) => return Some(*truth),
        Value::Number(number) => number.to_string(),
        Value::String(word) => word.trim().to_ascii_lowercase(),
        _ => return None,
    };
    match word.as_str() {
        "true" | "yes" | "on" | "t" | "y" | "1" => Some(true),
        "false" | "no" | "off" | "f" | "n" | "0" => Some(false),
        _ => None,
    }
}

fn decimal(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(digits) => digits.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

pub fn misfit(default: &Value, wanted: &Value) -> String {
    let kind = match default {
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "a whole number",
        Value::Bool(_) => "true or false",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        _ => "an object",
    };
    let mut shown = wanted.to_string();
    if shown.chars().count() > 40 {
        shown = shown.chars().take(40).chain(['…']).collect();
    }
    format!("{shown} will not do; give {kind}")
}

pub fn text(object: &Object, key: &str) -> String {
    object.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

pub fn flag(object: &Object, key: &str) -> bool {
    object.get(key).and_then(Value::as_bool).unwrap_or_default()
}

pub fn number(object: &Object, key: &str) -> i64 {
    object.get(key).and_then(Value::as_i64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_take_the_type_of_their_default() {
        let cases = [
            (json!(50), json!(20), Some(json!(20))),
            (json!(50), json!("20"), Some(json!(20))),
            (json!(50), json!(20.0), Some(json!(20))),
            (json!(50), json!(20.5), None),
            (json!(50), json!(1e300), None),
            (json!(50), json!(u64::MAX), None),
            (json!(50), json!([20]), None),
            (json!(7.0), json!(7), Some(json!(7.0))),
            (json!(7.0), json!("nan"), None),
            (json!(true), json!(1), Some(json!(true))),
            (json!(true), json!(" No "), Some(json!(false))),
            (json!(true), json!("perhaps"), None),
            (json!(true), json!(2), None),
            (json!(""), json!(1), None),
            (json!(null), json!({"a": 1}), Some(json!({"a": 1}))),
        ];
        for (default, wanted, expected) in cases {
            assert_eq!(like(&default, &wanted), expected, "{wanted} for {default}");
        }
    }

    #[test]
    fn unknown_keys_are_ignored_and_null_is_the_default() {
        let (Value::Object(defaults), Value::Object(given)) =
            (json!({"steps": 50, "prompt": ""}), json!({"steps": null, "prompt": "a", "new": 1}))
        else {
            unreachable!()
        };
        assert_eq!(
            Value::Object(filled(defaults, &Object::new(), &given).unwrap()),
            json!({"steps": 50, "prompt": "a"})
        );
    }

    #[test]
    fn what_is_null_unless_given_has_a_type_too() {
        let object = |value: Value| value.as_object().cloned().unwrap();
        let filled = |eta: Value| {
            let (defaults, unset) = (json!({"eta": null}), json!({"eta": 0.0}));
            filled(object(defaults), &object(unset), &object(json!({ "eta": eta }))).ok()
        };
        assert_eq!(filled(json!("0.5")).unwrap()["eta"], 0.5);
        assert_eq!(filled(json!(null)).unwrap()["eta"], Value::Null);
        assert!(filled(json!("lots")).is_none() && filled(json!(true)).is_none());
    }
}
