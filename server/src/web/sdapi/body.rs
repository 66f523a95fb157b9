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
/// another type than its default is at fault, null stands for the default.
pub fn filled(mut defaults: Object, given: &Object) -> Answer<Object> {
    let mut faults = Vec::new();
    for (key, value) in &mut defaults {
        match given.get(key) {
            None | Some(Value::Null) => {}
            Some(wanted) => match like(value, wanted) {
                Some(fits) => *value = fits,
                None => faults.push(FieldError::new(key.clone(), misfit(value, wanted))),
            },
        }
    }
    if faults.is_empty() { Ok(defaults) } else { Err(ApiFault::fields(&faults)) }
}

/// `wanted` in the type of `default`; digits in a string are a number too, as in A1111.
pub fn like(default: &Value, wanted: &Value) -> Option<Value> {
    match (default, wanted) {
        (Value::Null, _)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::String(_), Value::String(_))
        | (Value::Array(_), Value::Array(_))
        | (Value::Object(_), Value::Object(_)) => Some(wanted.clone()),
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
            (json!(true), json!(1), None),
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
            Value::Object(filled(defaults, &given).unwrap()),
            json!({"steps": 50, "prompt": "a"})
        );
    }
}
