//! The settings of a picture as text, in the grammar that A1111 wrote first and all tools read.

use engine::config::SamplerKind;

/// What the text tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Infotext<'a> {
    pub steps: usize,
    pub sampler: SamplerKind,
    pub seed: i64,
    pub width: u32,
    pub height: u32,
    /// First ten hexadecimal digits of the SHA-256 of the model's file.
    pub model_hash: &'a str,
    pub model: &'a str,
}

impl Infotext<'_> {
    /// One line of `Key: value` pairs. There is no prompt, so there is no line above it.
    pub fn line(&self) -> String {
        let pairs = [
            ("Steps", self.steps.to_string()),
            ("Sampler", self.sampler.name().into()),
            ("Schedule type", "Automatic".into()),
            ("CFG scale", "1.0".into()),
            ("Seed", self.seed.to_string()),
            ("Size", format!("{}x{}", self.width, self.height)),
            ("Model hash", self.model_hash.into()),
            ("Model", self.model.into()),
            ("RNG", "CPU".into()),
            ("Version", concat!("Darkroom ", env!("CARGO_PKG_VERSION")).into()),
        ];
        pairs.map(|(key, value)| format!("{key}: {}", quote(&value))).join(", ")
    }
}

/// Values that would break the line are written as JSON strings.
fn quote(value: &str) -> String {
    match value.contains([',', ':', '\n', '"']) {
        true => serde_json::Value::from(value).to_string(),
        false => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A1111's own expression for one pair of the line.
    fn pairs(line: &str) -> Vec<(String, String)> {
        let pair =
            regex::Regex::new(r#"\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)"#).unwrap();
        pair.captures_iter(line).map(|found| (found[1].into(), found[2].into())).collect()
    }

    #[test]
    fn the_line_reads_back_through_a1111s_expression() {
        let line = Infotext {
            steps: 50,
            sampler: SamplerKind::Ddpm,
            seed: 42,
            width: 28,
            height: 28,
            model_hash: "0123456789",
            model: "odd, name: 1",
        }
        .line();
        let found = pairs(&line);
        let value = |key: &str| found.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert_eq!(found.len(), 10, "{line}");
        assert_eq!(value("Steps"), Some("50"));
        assert_eq!(value("Size"), Some("28x28"));
        assert_eq!(value("Model"), Some("\"odd, name: 1\""));
        assert_eq!(value("Version"), Some(concat!("Darkroom ", env!("CARGO_PKG_VERSION"))));
    }
}
