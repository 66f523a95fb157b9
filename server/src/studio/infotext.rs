//! The settings of a picture as text, in the grammar that A1111 wrote first and all tools read.

use engine::config::{ClipSample, Precision, SamplerKind, Sampling, StepVariance, TimestepSpacing};

use super::parameters::Parameters;

/// DDIM's, as A1111 calls it; that of its other samplers is `Eta`, which stood in the texts of this
/// program too.
pub const ETA: &str = "Eta DDIM";
pub const FORMER_ETA: &str = "Eta";

/// What A1111 tells before `RNG`.
const BEFORE_RNG: [&str; 5] = [
    "Variation seed",
    "Variation seed strength",
    "Seed resize from",
    "Denoising strength",
    "Init image hash",
];

/// How far a picture came that was interrupted: `12/50` is step 12 of 50.
pub const INTERRUPTED: &str = "Interrupted";

/// What the text calls choices that A1111 has no names for.
pub const CLIP: &str = "Clip sample";
pub const VARIANCE: &str = "Variance type";
pub const SPACING: &str = "Timestep spacing";
pub const PRECISION: &str = "Precision";

/// What the text tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Infotext<'a> {
    /// Empty for a picture of no class in particular.
    pub prompt: &'a str,
    pub negative_prompt: &'a str,
    pub cfg_scale: f64,
    pub sampling: Sampling,
    pub seed: i64,
    pub width: u32,
    pub height: u32,
    /// First ten hexadecimal digits of the SHA-256 of the model's file.
    pub model_hash: &'a str,
    pub model: &'a str,
    /// What else there is to say, by A1111's names.
    pub details: Vec<(&'static str, String)>,
}

impl Infotext<'_> {
    /// Prompt, negative prompt and a line of `Key: value` pairs; what is empty has no line.
    pub fn text(&self) -> String {
        self.parameters().text()
    }

    fn parameters(&self) -> Parameters {
        Parameters {
            prompt: self.prompt.into(),
            negative_prompt: self.negative_prompt.into(),
            settings: self.settings(),
        }
    }

    fn settings(&self) -> Vec<(String, String)> {
        let Sampling { sampler, schedule, steps, eta, .. } = self.sampling;
        let eta = (sampler == SamplerKind::Ddim && eta > 0.0).then(|| (ETA, eta.to_string()));
        let pairs = [
            ("Steps", steps.to_string()),
            ("Sampler", sampler.name().into()),
            ("Schedule type", schedule.name().into()),
            ("CFG scale", decimal(self.cfg_scale)),
            ("Seed", self.seed.to_string()),
            ("Size", format!("{}x{}", self.width, self.height)),
            ("Model hash", self.model_hash.into()),
            ("Model", self.model.into()),
        ];
        let rng = ("RNG", "CPU".into());
        let version = ("Version", concat!("Darkroom ", env!("CARGO_PKG_VERSION")).into());
        // In A1111's order some of what there is to say besides comes before it, some behind.
        let is_before = |(key, _): &(&str, String)| BEFORE_RNG.contains(key);
        let (before, behind): (Vec<_>, Vec<_>) = self.details.iter().cloned().partition(is_before);
        let pairs = pairs.into_iter().chain(before).chain([rng]).chain(behind).chain(eta);
        let pairs = pairs.chain(self.choices()).chain([version]);
        pairs.map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// What was not left as it usually is.
    fn choices(&self) -> impl Iterator<Item = (&'static str, String)> {
        let Sampling { clip_sample, variance_type, timestep_spacing, precision, .. } =
            self.sampling;
        let told = [
            (CLIP, clip_sample.name(), clip_sample == ClipSample::default()),
            (VARIANCE, variance_type.name(), variance_type == StepVariance::default()),
            (SPACING, timestep_spacing.name(), timestep_spacing == TimestepSpacing::default()),
            (PRECISION, precision.name(), precision == Precision::default()),
        ];
        let chosen = told.into_iter().filter(|(.., is_usual)| !is_usual);
        chosen.map(|(key, name, _)| (key, name.to_owned()))
    }
}

/// A whole number keeps its point, as A1111 writes it.
fn decimal(value: f64) -> String {
    format!("{value:?}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::config::ScheduleKind;

    /// A1111's own expression for one pair of the line.
    fn pairs(line: &str) -> Vec<(String, String)> {
        let pair =
            regex::Regex::new(r#"\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)"#).unwrap();
        pair.captures_iter(line).map(|found| (found[1].into(), found[2].into())).collect()
    }

    fn found(sampling: Sampling) -> Vec<(String, String)> {
        let (model_hash, model) = ("0123456789", "odd, name: 1");
        pairs(&Infotext { sampling, model_hash, model, ..PLAIN }.text())
    }

    const PLAIN: Infotext<'static> = Infotext {
        prompt: "",
        negative_prompt: "",
        cfg_scale: 1.0,
        sampling: Sampling::new(SamplerKind::Ddpm, 50),
        seed: 42,
        width: 28,
        height: 28,
        model_hash: "0123456789",
        model: "digits",
        details: Vec::new(),
    };

    #[test]
    fn prompts_stand_above_the_line() {
        let text = Infotext { prompt: "(7:1.3)", cfg_scale: 2.5, ..PLAIN }.text();
        assert!(text.starts_with("(7:1.3)\nSteps: 50,"), "{text}");
        assert!(text.contains("CFG scale: 2.5,"), "{text}");
        let text = Infotext { prompt: "7", negative_prompt: "1, 2", ..PLAIN }.text();
        assert!(text.starts_with("7\nNegative prompt: 1, 2\nSteps: 50,"), "{text}");
    }

    fn value<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
        pairs.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_line_reads_back_through_a1111s_expression() {
        let found = found(Sampling::new(SamplerKind::Ddpm, 50));
        let value = |key| value(&found, key);
        assert_eq!(found.len(), 10, "{found:?}");
        assert_eq!(value("Steps"), Some("50"));
        assert_eq!(value("Schedule type"), Some("Automatic"));
        assert_eq!(value("Size"), Some("28x28"));
        assert_eq!(value("Model"), Some("\"odd, name: 1\""));
        assert_eq!(value("Version"), Some(concat!("Darkroom ", env!("CARGO_PKG_VERSION"))));
    }

    #[test]
    fn keys_stand_in_the_order_of_a1111() {
        let detail = |key| (key, "1".to_owned());
        let details = ["Denoising strength", "Mask blur", "Seed resize from", "Tiling"];
        let text = Infotext { details: details.map(detail).into(), ..PLAIN }.text();
        let keys: Vec<String> = pairs(&text).into_iter().map(|(key, _)| key).collect();
        let from = keys.iter().position(|key| key == "Model").unwrap();
        assert_eq!(
            keys[from..],
            [
                "Model",
                "Denoising strength",
                "Seed resize from",
                "RNG",
                "Mask blur",
                "Tiling",
                "Version"
            ]
        );
    }

    #[test]
    fn a_precision_is_told_that_is_not_the_usual_one() {
        let f32 = Sampling::new(SamplerKind::Ddim, 7);
        assert_eq!(value(&found(f32), PRECISION), None);
        let bf16 = Sampling { precision: Precision::Bf16, ..f32 };
        assert_eq!(value(&found(bf16), PRECISION), Some("bf16"));
    }

    #[test]
    fn schedule_and_eta_are_told_where_they_count() {
        let schedule = ScheduleKind::SgmUniform;
        let ddim = Sampling { schedule, eta: 0.5, ..Sampling::new(SamplerKind::Ddim, 7) };
        let told = found(ddim);
        assert_eq!(value(&told, "Schedule type"), Some("SGM Uniform"));
        assert_eq!(value(&told, ETA), Some("0.5"));
        let told = found(Sampling { sampler: SamplerKind::EulerAncestral, ..ddim });
        assert_eq!((value(&told, "Sampler"), value(&told, ETA)), (Some("Euler a"), None));
    }
}
