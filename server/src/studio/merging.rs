//! A new model out of two or three of the same shape; page and command line both come here.

use app::api::{MergeForm, ModelInfo};
use engine::checkpoint::Checkpoint;
use engine::checkpoint::merge::{add_difference, weighted_sum};

use super::Darkroom;
use super::library::Models;
use crate::{Error, Result};

/// What is merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Merge {
    pub a: String,
    pub b: String,
    /// If given, A + (B - C) · multiplier is made instead of A · (1 - multiplier) + B · multiplier.
    pub c: Option<String>,
    pub multiplier: f64,
    /// What the new model is to be called.
    pub name: String,
}

impl Merge {
    fn read(form: &MergeForm) -> Result<Self> {
        let multiplier = form.multiplier.trim().parse().map_err(|_| {
            Error::field("multiplier", format!("`{}` is not a number", form.multiplier))
        })?;
        let named = |name: &str| name.trim().to_owned();
        Ok(Self {
            a: named(&form.a),
            b: named(&form.b),
            c: Some(named(&form.c)).filter(|name| !name.is_empty()),
            multiplier,
            name: named(&form.name),
        })
    }
}

/// Makes the model and adds it to `models`; says how it was made.
pub fn merge(models: &Models, asked: &Merge) -> Result<String> {
    models.check_new(&asked.name)?;
    let load = |field: &str, name: &str| -> Result<Checkpoint> {
        models.find(name).map_err(|error| error.renamed("model", field))?.checkpoint()
    };
    let (a, b) = (load("a", &asked.a)?, load("b", &asked.b)?);
    let merged = match &asked.c {
        None => weighted_sum(&a, &b, asked.multiplier)?,
        Some(c) => add_difference(&a, &b, &load("c", c)?, asked.multiplier)?,
    };
    models.add(&asked.name, &merged)?;
    Ok(merged.header.merge.unwrap_or_default())
}

impl Darkroom {
    pub fn merge_models(&self, form: &MergeForm) -> Result<ModelInfo> {
        let asked = Merge::read(form)?;
        merge(&self.models, &asked)?;
        self.live.library_changed();
        self.models.info(&asked.name)
    }
}
