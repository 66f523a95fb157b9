//! The settings of a picture, and the text they stand in: the grammar that A1111 wrote first.
//!
//! ```text
//! prompt, of any number of lines
//! Negative prompt: of any number of lines
//! Steps: 50, Sampler: DDIM, Model: "odd, name", Size: 28x28
//! ```
//! The last line holds settings only if at least three pairs are found in it; otherwise it belongs to
//! the prompt.

/// What the text told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    pub prompt: String,
    pub negative_prompt: String,
    /// In the order they stood, quotes taken off.
    pub settings: Vec<(String, String)>,
}

/// Fewer pairs than these are taken for words of a prompt.
const FEWEST_PAIRS: usize = 3;

const NEGATIVE: &str = "Negative prompt:";

impl Parameters {
    /// Every text reads as something: at worst all of it is the prompt.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        let (above, last) = text.rsplit_once('\n').unwrap_or(("", text));
        let settings = pairs(last);
        if settings.len() < FEWEST_PAIRS {
            let (prompt, negative_prompt) = prompts(text);
            return Self { prompt, negative_prompt, settings: Vec::new() };
        }
        let (prompt, negative_prompt) = prompts(above);
        Self { prompt, negative_prompt, settings }
    }

    /// As A1111 writes it; what is empty has no line.
    pub fn text(&self) -> String {
        let negative = format!("{NEGATIVE} {}", self.negative_prompt);
        let negative = (!self.negative_prompt.is_empty()).then_some(negative);
        let prompt = (!self.prompt.is_empty()).then(|| self.prompt.clone());
        let pair = |(key, value): &(String, String)| format!("{key}: {}", quote(value));
        let line: Vec<String> = self.settings.iter().map(pair).collect();
        let line = (!line.is_empty()).then(|| line.join(", "));
        prompt.into_iter().chain(negative).chain(line).collect::<Vec<_>>().join("\n")
    }

    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

/// Values that would break the line are written as JSON strings.
fn quote(value: &str) -> String {
    match value.contains([',', ':', '\n', '"']) {
        true => serde_json::Value::from(value).to_string(),
        false => value.to_owned(),
    }
}

fn prompts(text: &str) -> (String, String) {
    let (mut prompt, mut negative) = (Vec::new(), None::<Vec<&str>>);
    for line in text.lines().map(str::trim) {
        match (&mut negative, line.strip_prefix(NEGATIVE)) {
            (None, None) => prompt.push(line),
            (None, Some(rest)) => negative = Some(vec![rest.trim()]),
            (Some(lines), rest) => lines.push(rest.map_or(line, str::trim)),
        }
    }
    (prompt.join("\n").trim().to_owned(), negative.unwrap_or_default().join("\n").trim().to_owned())
}

/// The pairs `Key: value` of one line; what is no pair between them is passed over.
fn pairs(line: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        rest = &rest[start..];
        let end = rest.find(|c| !is_key(c)).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        // A key is longer than one letter.
        let longer = key.chars().nth(1).is_some();
        match after.strip_prefix(':').filter(|_| longer) {
            None => rest = after,
            Some(after) => {
                let (value, after) = value(after.trim_start());
                found.push((key.to_owned(), value));
                rest = after;
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_key(c: char) -> bool {
    is_word(c) || matches!(c, ' ' | '-' | '/')
}

/// The value at the beginning of `text`, and what comes behind the comma after it.
fn value(text: &str) -> (String, &str) {
    if let Some(end) = end_of_quote(text) {
        let (quoted, after) = text.split_at(end);
        if let Some(after) = after.strip_prefix(',').or(after.is_empty().then_some(after)) {
            let unquoted = serde_json::from_str(quoted).unwrap_or_else(|_| quoted.to_owned());
            return (unquoted, after);
        }
    }
    let (plain, after) = text.split_once(',').unwrap_or((text, ""));
    (plain.to_owned(), after)
}

/// Where the JSON string ends that `text` begins with; it holds at least one letter.
fn end_of_quote(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('"')?;
    let mut escaped = false;
    for (at, c) in inside.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' if at > 0 => return Some(at + 2),
            '"' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, prompt: &str, negative: &str, settings: &[(&str, &str)]) {
        let found = Parameters::read(text);
        assert_eq!(found.prompt, prompt, "{text:?}");
        assert_eq!(found.negative_prompt, negative, "{text:?}");
        let pairs: Vec<_> = found.settings.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(pairs, settings, "{text:?}");
    }

    #[test]
    fn a_line_without_a_prompt_is_all_settings() {
        check(
            "Steps: 50, Sampler: DDIM, CFG scale: 1.0, Seed: 42, Size: 28x28, Eta DDIM: 0.5",
            "",
            "",
            &[
                ("Steps", "50"),
                ("Sampler", "DDIM"),
                ("CFG scale", "1.0"),
                ("Seed", "42"),
                ("Size", "28x28"),
                ("Eta DDIM", "0.5"),
            ],
        );
    }

    #[test]
    fn prompts_may_have_many_lines_commas_and_colons() {
        check(
            "a (cat:1.2), <lora:detail:0.6>\nsecond: line, Steps: 3\nNegative prompt: (bad:1.4)\nNegative prompt: worse\n\nSteps: 1, Seed: 2, Model: \"odd, name: 1\"",
            "a (cat:1.2), <lora:detail:0.6>\nsecond: line, Steps: 3",
            "(bad:1.4)\nworse",
            &[("Steps", "1"), ("Seed", "2"), ("Model", "odd, name: 1")],
        );
    }

    #[test]
    fn fewer_than_three_pairs_are_words() {
        check("a cat, mood: happy, light: dim", "a cat, mood: happy, light: dim", "", &[]);
        check("first\nSteps: 1, Seed: 2", "first\nSteps: 1, Seed: 2", "", &[]);
        check("a\nNegative prompt: b", "a", "b", &[]);
        check("", "", "", &[]);
        check(" \n ", "", "", &[]);
    }

    #[test]
    fn quotes_are_taken_off_only_where_they_are_whole() {
        check(
            r#"Steps: 1, Wild: "a \"b\", c: d", Broken: "x, Half: "y" z, Empty: "", Last: "ü\n""#,
            "",
            "",
            &[
                ("Steps", "1"),
                ("Wild", "a \"b\", c: d"),
                ("Broken", "\"x"),
                ("Half", "\"y\" z"),
                ("Empty", "\"\""),
                ("Last", "ü\n"),
            ],
        );
    }

    #[test]
    fn keys_of_one_letter_and_stray_signs_are_passed_over() {
        check(
            "a: 1, Steps: 2, (x).y: 3, Seed: 4, CFG-scale/b: 5, : 6, ::",
            "",
            "",
            &[("Steps", "2"), ("Seed", "4"), ("CFG-scale/b", "5")],
        );
    }

    #[test]
    fn what_the_writer_writes_reads_back() {
        let text = crate::studio::Infotext {
            prompt: "3 AND 7 :0.5",
            negative_prompt: "1",
            cfg_scale: 2.0,
            sampling: engine::config::Sampling::new(engine::config::SamplerKind::Ddim, 50),
            seed: 42,
            width: 28,
            height: 28,
            model_hash: "0123456789",
            model: "odd, \"name\": 1\\",
            details: vec![("Tiling", "True".into())],
        }
        .text();
        let found = Parameters::read(&text);
        assert_eq!((found.prompt.as_str(), found.negative_prompt.as_str()), ("3 AND 7 :0.5", "1"));
        assert_eq!(found.setting("CFG scale"), Some("2.0"));
        assert_eq!(found.setting("Model"), Some("odd, \"name\": 1\\"));
        assert_eq!(found.setting("Sampler"), Some("DDIM"));
        assert_eq!(found.setting("Nothing"), None);
    }

    #[test]
    fn long_nonsense_is_read_in_no_time() {
        for text in ["a".repeat(1 << 20), "\"".repeat(1 << 20), "a: \"".repeat(1 << 16)] {
            let began = std::time::Instant::now();
            Parameters::read(&text);
            assert!(began.elapsed().as_secs() < 5, "{}", &text[..8]);
        }
    }
}
