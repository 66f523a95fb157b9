//! The settings of two pictures side by side, read from A1111's text.

/// Name and both values of every setting that is not the same; a dash is for one that is not there.
pub fn differences(a: &str, b: &str) -> Vec<(String, String, String)> {
    let (a, b) = (settings(a), settings(b));
    let value = |of: &[(String, String)], name: &str| {
        let found = of.iter().find(|(known, value)| known == name && !value.is_empty());
        found.map_or_else(|| "–".to_owned(), |(_, value)| value.clone())
    };
    let only_b = b.iter().filter(|(name, _)| a.iter().all(|(known, _)| known != name));
    let names = a.iter().chain(only_b).map(|(name, _)| name);
    let row = |name: &String| (name.clone(), value(&a, name), value(&b, name));
    names.map(row).filter(|(_, a, b)| a != b).collect()
}

/// Prompt, negative prompt, and the pairs of the last line.
fn settings(text: &str) -> Vec<(String, String)> {
    let (words, line) = match text.rfind("Steps: ") {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let (prompt, negative) = words.split_once("Negative prompt: ").unwrap_or((words, ""));
    let prompts = [("Prompt", prompt), ("Negative prompt", negative)]
        .map(|(name, text)| (name.to_owned(), text.trim().to_owned()));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once(':')?;
        Some((name.trim().to_owned(), value.trim().to_owned()))
    };
    prompts.into_iter().chain(parts(line).into_iter().filter_map(pair)).collect()
}

/// Parts between commas; a comma within quotes parts nothing.
fn parts(line: &str) -> Vec<&str> {
    let mut quoted = false;
    let parts = line.split(|letter: char| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        let a = "seven\nNegative prompt: two\nSteps: 6, Sampler: DDIM, Seed: 70";
        let b = "seven\nSteps: 9, Sampler: DDIM, Seed: 70, Script: \"X, Y\"";
        let row = |name: &str, a: &str, b: &str| (name.to_owned(), a.to_owned(), b.to_owned());
        assert_eq!(
            differences(a, b),
            [
                row("Negative prompt", "two", "–"),
                row("Steps", "6", "9"),
                row("Script", "–", "\"X, Y\""),
            ]
        );
        assert!(differences(a, a).is_empty());
    }
}
