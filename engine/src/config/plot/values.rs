//! The values of an axis, out of the text that a person typed.

use super::axis::AxisKind;
use super::range::Range;
use crate::config::shown;

/// The values in `text`, at most `most` of them: numbers and ranges as [`Range`] reads them, or
/// words, with commas or new lines between; or what is wrong with the text.
pub(super) fn values(text: &str, kind: AxisKind, most: usize) -> Result<Vec<String>, String> {
    let is_text = matches!(kind, AxisKind::Text | AxisKind::Replacement);
    let fields = fields(text, kind == AxisKind::Replacement)?;
    let values = match is_text {
        true => fields,
        false => numbers(&fields, kind == AxisKind::Whole, most)?,
    };
    match values.len() {
        0 if is_text => Err("no values are given; give some with commas between".into()),
        0 => Err("no values are given; give some with commas between, or a range as 1-5".into()),
        count if count > most => Err(format!("{count} values are too many; give {most} at most")),
        _ => Ok(values),
    }
}

fn numbers(fields: &[String], whole: bool, most: usize) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    for field in fields {
        // What is not a range is for the setting to read.
        match Range::read(field)? {
            Some(range) => values.extend(range.values(whole, most)?),
            None => values.push(field.clone()),
        }
    }
    Ok(values)
}

/// The fields of comma-separated text, trimmed. Between double quotes a comma is part of the field,
/// and a doubled quote is one; without them only `may_be_empty` fields have nothing in them.
fn fields(text: &str, may_be_empty: bool) -> Result<Vec<String>, String> {
    let mut rest = text.trim();
    let mut fields = Vec::new();
    while !rest.is_empty() {
        let (field, after) = match rest.strip_prefix('"') {
            Some(inside) => quoted(inside)?,
            None => {
                let end = rest.find([',', '\n']).unwrap_or(rest.len());
                if end == 0 && !may_be_empty {
                    return Err("there is an empty value before a comma; take it out".into());
                }
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        rest = after.trim_start_matches([' ', '\t', '\r']);
        match rest.strip_prefix([',', '\n']) {
            Some(after) => rest = after.trim_start(),
            None if rest.is_empty() => {}
            None => {
                return Err(format!(
                    "after a closing quote a comma must follow, not `{}`",
                    shown(rest)
                ));
            }
        }
    }
    Ok(fields)
}

/// `value` as a field that [`fields`] reads back.
pub(super) fn quoted_field(value: &str) -> String {
    match value.is_empty() || value.starts_with('"') || value.contains([',', '\n']) {
        true => format!("\"{}\"", value.replace('"', "\"\"")),
        false => value.to_owned(),
    }
}

/// The field whose opening quote stands before `text`, and what follows its closing quote.
fn quoted(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let Some((part, after)) = rest.split_once('"') else {
            return Err(format!("`\"{}` has no closing quote", shown(text)));
        };
        field.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, after)),
        }
    }
}

pub(super) const ON: &str = "on";
pub(super) const OFF: &str = "off";

/// A switch by its usual words; others as they are.
pub(super) fn switch(value: String) -> String {
    match value.to_lowercase().as_str() {
        "true" | ON => ON.into(),
        "false" | OFF => OFF.into(),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_need_it() {
        for value in ["a", "", "a, b", r#""say" it"#, "it says \"a\""] {
            assert_eq!(
                fields(&format!("{}, x", quoted_field(value)), false).unwrap(),
                [value, "x"]
            );
        }
    }

    #[test]
    fn words_are_split_at_commas_outside_quotes() {
        let cases: [(&str, &[&str]); 6] = [
            ("a", &["a"]),
            (" a ,b c,  d ", &["a", "b c", "d"]),
            (r#""a, b", c"#, &["a, b", "c"]),
            (r#""say ""hi""",x"#, &[r#"say "hi""#, "x"]),
            (r#""", cat"#, &["", "cat"]),
            ("one\ntwo", &["one", "two"]),
        ];
        for (text, wanted) in cases {
            assert_eq!(values(text, AxisKind::Text, 9).unwrap(), wanted, "{text}");
        }
    }

    #[test]
    fn ranges_stand_among_numbers() {
        assert_eq!(values("1-3, 10, 7", AxisKind::Whole, 9).unwrap(), ["1", "2", "3", "10", "7"]);
        assert_eq!(values("0-1 [3], 2.5", AxisKind::Number, 9).unwrap(), ["0", "0.5", "1", "2.5"]);
    }

    #[test]
    fn an_empty_value_is_one_only_where_it_takes_something_away() {
        let read = |kind| values("0,,1", kind, 9);
        assert_eq!(read(AxisKind::Replacement).unwrap(), ["0", "", "1"]);
        for kind in [AxisKind::Text, AxisKind::Whole, AxisKind::Number] {
            assert!(read(kind).unwrap_err().contains("an empty value"), "{kind:?}");
        }
        assert_eq!(values("0,\n\n1,", AxisKind::Text, 9).unwrap(), ["0", "1"]);
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let told = |text, kind| values(text, kind, 9).unwrap_err();
        assert!(told("  ", AxisKind::Whole).ends_with("or a range as 1-5"));
        assert!(told("  ", AxisKind::Text).ends_with("with commas between"));
        assert!(told("1-9, 20", AxisKind::Whole).contains("10 values are too many; give 9"));
        assert!(told("\"a", AxisKind::Text).contains("no closing quote"));
        assert!(told("\"a\" b", AxisKind::Text).contains("a comma must follow, not `b`"));
    }
}
