//! What is measured, and how that is read from a form.

use std::path::{Path, PathBuf};

use app::api::{CLASSIFIER, EvaluateForm};
use engine::config::{ConfigError, FieldError, GenerateSettings, SamplerKind};
use serde::{Deserialize, Serialize};

/// What is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluateSettings {
    pub model: String,
    /// The data set to compare with; if none, the images that the model's run held out of its own, or
    /// all of its own where it held out too few.
    pub dataset: Option<String>,
    /// The model whose network looks at the pictures, or [`CLASSIFIER`]; if none, a classifier where
    /// the data set has classes, else the model itself.
    pub judge: Option<String>,
    /// The file of Inception's weights, which looks at the pictures instead.
    #[serde(default)]
    pub features: Option<PathBuf>,
    /// Pictures to draw, and images to compare them with.
    pub count: usize,
    pub steps: usize,
    pub sampler: SamplerKind,
    pub seed: i64,
}

/// Who is asked to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    Inception(&'a Path),
    Classifier,
    Model(&'a str),
    Nobody,
}

impl EvaluateSettings {
    /// Reads what was typed; every fault is told at its field.
    pub fn read(form: &EvaluateForm) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let settings = Self {
            model: form.model.trim().into(),
            dataset: named(&form.dataset),
            judge: named(&form.judge),
            features: named(&form.features).map(PathBuf::from),
            count: number("count", &form.count, "a whole number above 0", &mut faults),
            steps: number("steps", &form.steps, "a whole number above 0", &mut faults),
            sampler: SamplerKind::from_name(&form.sampler).unwrap_or_else(|error| {
                faults.extend(error.0);
                SamplerKind::Ddpm
            }),
            seed: number("seed", &form.seed, "a whole number", &mut faults),
        };
        if faults.is_empty() { Ok(settings) } else { Err(ConfigError(faults)) }
    }

    pub(super) fn form(&self) -> EvaluateForm {
        EvaluateForm {
            model: self.model.clone(),
            dataset: self.dataset.clone().unwrap_or_default(),
            judge: self.judge.clone().unwrap_or_default(),
            features: self
                .features
                .as_ref()
                .map_or_else(String::new, |path| path.display().to_string()),
            count: self.count.to_string(),
            steps: self.steps.to_string(),
            sampler: self.sampler.name().into(),
            seed: self.seed.to_string(),
        }
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        match (&self.features, self.judge.as_deref()) {
            (Some(path), _) => Asked::Inception(path),
            (None, Some(CLASSIFIER)) => Asked::Classifier,
            (None, Some(model)) => Asked::Model(model),
            (None, None) => Asked::Nobody,
        }
    }

    /// The pictures to draw by a model with these classes: all of them alike, as it learned them.
    pub(super) fn drawing(&self, classes: &[String]) -> GenerateSettings {
        GenerateSettings {
            model: self.model.clone(),
            sampler: self.sampler,
            steps: self.steps,
            seed: self.seed,
            prompt: if classes.is_empty() { String::new() } else { "..".into() },
            cfg_scale: 1.0,
            ..GenerateSettings::default()
        }
    }
}

fn named(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn number<T: std::str::FromStr + Default>(
    field: &str,
    text: &str,
    wanted: &str,
    faults: &mut Vec<FieldError>,
) -> T {
    text.trim().parse().unwrap_or_else(|_| {
        faults.push(FieldError::new(field, format!("`{text}` will not do; give {wanted}")));
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_and_its_faults_are_told_by_field() {
        let form = EvaluateForm { model: "digits".into(), judge: " ".into(), ..Default::default() };
        let settings = EvaluateSettings::read(&form).unwrap();
        assert_eq!((settings.count, settings.asked()), (200, Asked::Nobody));
        assert_eq!(EvaluateSettings::read(&settings.form()).unwrap(), settings);
        let weights = EvaluateForm { features: " /w/inception.pth ".into(), ..form.clone() };
        let settings = EvaluateSettings::read(&weights).unwrap();
        assert_eq!(settings.asked(), Asked::Inception(Path::new("/w/inception.pth")));
        assert_eq!(EvaluateSettings::read(&settings.form()).unwrap(), settings);
        let bad = EvaluateForm { count: "many".into(), sampler: "Oiler".into(), ..form };
        let error = EvaluateSettings::read(&bad).unwrap_err();
        assert!(error.for_field("count").is_some() && error.for_field("sampler").is_some());
        assert!(error.for_field("steps").is_none());
    }

    #[test]
    fn no_model_can_have_the_name_that_asks_for_a_classifier() {
        assert!(engine::config::name_fault(CLASSIFIER).is_some());
        let ask = |judge: &str| {
            let form = EvaluateForm { judge: judge.into(), ..Default::default() };
            EvaluateSettings::read(&form).unwrap()
        };
        assert_eq!(ask(CLASSIFIER).asked(), Asked::Classifier);
        assert_eq!(ask("classifier").asked(), Asked::Model("classifier"));
    }
}
