//! The text in a PNG, read the way A1111 reads it and the way we do.

use engine::config::{SamplerKind, Sampling, ScheduleKind};
use regex::Regex;
use server::studio::Infotext;
use server::studio::parameters::Parameters;

/// Prompt, negative prompt and model of pictures; what they hold must come back unchanged.
const CASES: &[(&str, &str, &str)] = &[
    ("", "", "digits"),
    ("7", "", "digits"),
    ("7", "1, 2", "digits"),
    ("", "1", "digits"),
    ("(7:1.3)", "", "digits"),
    ("3 AND 8 :0.5", "", "digits"),
    ("0..9", "", "by-class"),
    ("a cat, a dog", "owl", "pets"),
    ("cat, mood: happy, light: dim, time: late", "", "pets"),
    ("Steps: 3, Seed: 4, Sampler: none", "", "pets"),
    ("a\nb\nc", "", "pets"),
    ("a\n\nb", "c\nd", "pets"),
    ("first\nSteps: 20, Sampler: Euler, Seed: 1\nlast", "", "pets"),
    ("\"quoted\"", "'single'", "pets"),
    ("back\\slash, \\\"both\\\"", "\\", "pets"),
    ("<lora:detail:0.6>, masterpiece", "(worst:1.4), lowres", "pets"),
    ("[from:to:0.5] {a|b}", "", "pets"),
    ("数字, größer, naïve", "плохо", "pets"),
    ("emoji 🙂 and \u{200b}nothing", "", "pets"),
    ("tab\tinside", "", "pets"),
    ("100%, #1, a=b & c; d", "", "pets"),
    ("((((deep))))", "", "pets"),
    (": colon first", "", "pets"),
    (", comma first", ", comma first", "pets"),
    ("ends with a comma,", "ends,", "pets"),
    ("Size: 28x28", "Model: other", "pets"),
    ("a", "", "odd, name"),
    ("a", "", "na:me"),
    ("a", "", "quo\"te"),
    ("a", "", "back\\slash: \"all\", of it"),
    ("a", "", "größe 数字"),
    ("key-with/signs: 1", "x: 2", "a b c"),
    ("{\"json\": true}", "{", "pets"),
    ("<!-- html -->", "</html>", "pets"),
    ("Template: {prompt}", "Wildcard: __x__", "pets"),
];

#[test]
fn prompts_and_settings_come_back_whoever_reads_them() {
    assert!(CASES.len() >= 30);
    for &(prompt, negative_prompt, model) in CASES {
        let text = written(prompt, negative_prompt, model);
        let theirs = as_a1111_reads(&text);
        assert_eq!((theirs.0.as_str(), theirs.1.as_str()), (prompt, negative_prompt), "{text}");
        let told = |key: &str| theirs.2.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert_eq!(told("Model"), Some(model), "{text}");
        assert_eq!((told("Steps"), told("Seed")), (Some("20"), Some("42")), "{text}");
        assert_eq!(told("Schedule type"), Some("Karras"), "{text}");

        let ours = Parameters::read(&text);
        assert_eq!(
            (ours.prompt.as_str(), ours.negative_prompt.as_str()),
            (prompt, negative_prompt)
        );
        assert_eq!(ours.settings, theirs.2, "{text}");
        assert_eq!(ours.text(), text);
    }
}

fn written(prompt: &str, negative_prompt: &str, model: &str) -> String {
    let sampling =
        Sampling { schedule: ScheduleKind::Karras, ..Sampling::new(SamplerKind::DpmPp2m, 20) };
    let model_hash = "0123456789";
    let (cfg_scale, seed, width, height) = (2.5, 42, 28, 32);
    Infotext {
        prompt,
        negative_prompt,
        cfg_scale,
        sampling,
        seed,
        width,
        height,
        model_hash,
        model,
        details: Vec::new(),
    }
    .text()
}

/// A1111's reader in its own steps: the last line holds settings if its expression finds three.
fn as_a1111_reads(text: &str) -> (String, String, Vec<(String, String)>) {
    let pair = Regex::new(r#"\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)"#).unwrap();
    let mut lines: Vec<&str> = text.trim().split('\n').collect();
    let last = lines.pop().unwrap();
    let found: Vec<_> = pair.captures_iter(last).collect();
    if found.len() < 3 {
        lines.push(last);
    }
    let (mut prompt, mut negative, mut done) = (Vec::new(), Vec::new(), false);
    for line in lines {
        let line = line.trim();
        match line.strip_prefix("Negative prompt:") {
            Some(rest) => {
                done = true;
                negative.push(rest.trim());
            }
            None if done => negative.push(line),
            None => prompt.push(line),
        }
    }
    let value = |quoted: &str| match quoted.starts_with('"') && quoted.ends_with('"') {
        true => serde_json::from_str(quoted).unwrap_or_else(|_| quoted.to_owned()),
        false => quoted.to_owned(),
    };
    let settings = found.iter().map(|pair| (pair[1].to_owned(), value(&pair[2])));
    (prompt.join("\n"), negative.join("\n"), settings.collect())
}
