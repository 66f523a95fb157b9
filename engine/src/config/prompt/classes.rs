//! Classes by their names, one or a range of them.

use std::ops::RangeInclusive;

use crate::config::{ConfigError, edit_distance, shown, unknown_name};

/// `a..b`, `a..`, `..b` or `..`, if `word` is one.
pub(super) fn range(
    word: &str,
    classes: &[String],
) -> Result<Option<RangeInclusive<usize>>, ConfigError> {
    let Some((first, last)) = word.split_once("..").filter(|_| !classes.is_empty()) else {
        return Ok(None);
    };
    let end = |name: &str, otherwise: usize| match name.trim() {
        "" => Ok(otherwise),
        name => class_of(name, classes).ok_or_else(|| unknown_class(name, classes)),
    };
    let (first, last) = (end(first, 0)?, end(last, classes.len() - 1)?);
    if first > last {
        let message = format!("`{word}` runs backwards; put the earlier class first");
        return Err(ConfigError::one("prompt", message));
    }
    Ok(Some(first..=last))
}

/// Why `name`, which is no class, will not do: it may be a range as those of numbers are written.
pub(super) fn no_class(name: &str, classes: &[String]) -> ConfigError {
    let class = |name: &str| class_of(name.trim(), classes);
    let ends = name.split_once('-').and_then(|(a, b)| Some((class(a)?, class(b)?)));
    let Some((first, last)) = ends.map(|(a, b)| (a.min(b), a.max(b))) else {
        return unknown_class(name, classes);
    };
    let (first, last) = (&classes[first], &classes[last]);
    let message = format!(
        "`{}` is no class; a range of classes runs upwards, as in `{first}..{last}`",
        shown(name)
    );
    ConfigError::one("prompt", message)
}

/// The classes that may be meant by `name`, or else what there is to ask for.
fn unknown_class(name: &str, classes: &[String]) -> ConfigError {
    let lower = name.to_lowercase();
    let is_near = |class: &String| {
        let letters = class.chars().count().max(lower.chars().count());
        2 * edit_distance(&class.to_lowercase(), &lower) <= letters
    };
    if classes.is_empty() || classes.iter().any(is_near) {
        return unknown_name("prompt", name, classes.iter().map(String::as_str));
    }
    let message = format!("there is no `{}`; the classes are {}", shown(name), listed(classes));
    ConfigError::one("prompt", message)
}

/// The most classes that a message names.
const MOST_LISTED: usize = 8;

/// The names of `classes`, of which there is at least one, in a few words.
fn listed(classes: &[String]) -> String {
    let last = classes.len() - 1;
    let is_its_place = |(place, class): (usize, &String)| *class == place.to_string();
    if last > 0 && classes.iter().enumerate().all(is_its_place) {
        return format!("0 to {last}");
    }
    let named = &classes[..classes.len().min(MOST_LISTED)];
    let named: Vec<_> = named.iter().map(|class| shown(class)).collect();
    match classes.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The place of the class called `name`: as it is written, else in other letters, else with other spaces.
pub(super) fn class_of(name: &str, classes: &[String]) -> Option<usize> {
    let lower = name.to_lowercase();
    let in_lower = |class: &String| class.to_lowercase() == lower;
    let but_for_spaces =
        |class: &String| class.to_lowercase().split_whitespace().eq(lower.split_whitespace());
    let exact = classes.iter().position(|class| class == name);
    exact
        .or_else(|| classes.iter().position(in_lower))
        .or_else(|| classes.iter().position(but_for_spaces))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_no_name_is_near_the_classes_are_told() {
        let told = |name: &str, classes: &[String]| no_class(name, classes).0.remove(0).message;
        let numbers = |count: usize| (0..count).map(|class| class.to_string()).collect::<Vec<_>>();
        assert_eq!(told("sevn", &numbers(10)), "there is no `sevn`; the classes are 0 to 9");
        assert_eq!(told("sevn", &numbers(1)), "there is no `sevn`; the classes are 0");
        let pets = ["cat", "dog"].map(str::to_owned);
        assert_eq!(told("seven", &pets), "there is no `seven`; the classes are cat, dog");
        assert!(told("cet", &[]).contains("no `cet`"));
        assert!(told("cet", &pets).ends_with("nearest are cat, dog"));
        let many: Vec<_> = (0..11).map(|class| format!("n{class:09}")).collect();
        assert!(told("x", &many).ends_with("n000000007 and 3 more"), "{}", told("x", &many));
    }
}
