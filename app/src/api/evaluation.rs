//! Models measured and merged, as they travel between page and server.

use serde::{Deserialize, Serialize};

use super::JobSummary;

/// In the place of a judge's name: a classifier that learns the classes of the data set. No model can
/// be called so.
pub const CLASSIFIER: &str = "@classifier";

/// How good a model's pictures are; what the page sends to have them measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluateForm {
    pub model: String,
    /// The data set to compare with; empty for the one that the model learned from, and of that the
    /// images that its run held out, where those are as many as asked for, or 50.
    pub dataset: String,
    /// The model whose network looks at the pictures, or [`CLASSIFIER`]; empty for a classifier where
    /// the data set has classes, else for the model itself.
    pub judge: String,
    /// The file of Inception's weights on the server's machine, which looks at the pictures instead of
    /// a judge; empty for none.
    pub features: String,
    /// Pictures to draw, and images to compare them with.
    pub count: String,
    /// Denoising steps.
    pub steps: String,
    pub sampler: String,
    pub seed: String,
}

impl Default for EvaluateForm {
    fn default() -> Self {
        Self {
            model: String::new(),
            dataset: String::new(),
            judge: String::new(),
            features: String::new(),
            count: "200".into(),
            steps: "50".into(),
            sampler: "DDPM".into(),
            seed: "0".into(),
        }
    }
}

/// A model's pictures beside images, in numbers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub model: String,
    /// The data set whose images they were compared with, or `its own` of the model, or `its own, held
    /// out`.
    pub dataset: String,
    pub judge: String,
    pub pictures: usize,
    pub frechet_distance: f64,
    /// Of two halves of the images, which no model can be expected to beat.
    pub frechet_distance_of_images: f64,
    pub kernel_distance: f64,
    pub precision: f64,
    pub recall: f64,
    /// Root mean square differences of pixels, 0 to 255, from a picture to its nearest image among all
    /// of the data set that were not held out.
    pub nearest_median: f64,
    pub nearest_least: f64,
    /// The seed of the picture that is nearest to an image.
    pub nearest_seed: i64,
    /// What it was asked to show.
    #[serde(default)]
    pub nearest_prompt: String,
}

/// An evaluation, under way or over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvaluationView {
    pub job: JobSummary,
    pub form: EvaluateForm,
    /// Once it is done.
    pub figures: Option<Figures>,
    /// The pictures that are most like an image, and below each its image.
    #[serde(default)]
    pub neighbours_url: Option<String>,
}

/// A new model out of two or three of the same shape.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MergeForm {
    pub a: String,
    pub b: String,
    /// If given, A + (B - C) · multiplier is made instead of A · (1 - multiplier) + B · multiplier.
    pub c: String,
    /// 0 to 1
    pub multiplier: String,
    /// What the new model is to be called.
    pub name: String,
}

impl Default for MergeForm {
    fn default() -> Self {
        let none = String::new;
        Self { a: none(), b: none(), c: none(), multiplier: "0.5".into(), name: none() }
    }
}
