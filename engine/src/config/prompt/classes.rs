//! Classes by their names, one or a range of them.

use std::ops::RangeInclusive;

use crate::config::{ConfigError, shown, unknown_name};

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
        name => class_of(name, classes)
            .ok_or_else(|| unknown_name("prompt", name, classes.iter().map(String::as_str))),
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
        return unknown_name("prompt", name, classes.iter().map(String::as_str));
    };
    let (first, last) = (&classes[first], &classes[last]);
    let message = format!(
        "`{}` is no class; a range of classes runs upwards, as in `{first}..{last}`",
        shown(name)
    );
    ConfigError::one("prompt", message)
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
