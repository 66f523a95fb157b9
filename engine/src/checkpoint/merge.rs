//! New models out of trained ones, weight by weight, as A1111's checkpoint merger names them.

use candle_core::{DType, Tensor};

use super::{Checkpoint, Header};
use crate::config::ConfigError;
use crate::unet::Weights;
use crate::{Error, Result};

/// What error messages and notes call the models, in the order they are given.
const LETTERS: [&str; 3] = ["A", "B", "C"];

/// A · (1 - multiplier) + B · multiplier, with the header of A; `multiplier` is 0 to 1.
///
/// Averages are merged too: where one model has one, the weights that each draws with.
pub fn weighted_sum(a: &Checkpoint, b: &Checkpoint, multiplier: f64) -> Result<Checkpoint> {
    check_multiplier(multiplier)?;
    let note = format!("{} * {} + {} * {multiplier}", label(a), 1.0 - multiplier, label(b));
    merged(&[a, b], note, |tensors| {
        Ok(((&tensors[0] * (1.0 - multiplier))? + (&tensors[1] * multiplier)?)?)
    })
}

/// A + (B - C) · multiplier, with the header of A: what training from C to B taught, carried over to
/// A. `multiplier` and averages are as in [`weighted_sum`].
pub fn add_difference(
    a: &Checkpoint,
    b: &Checkpoint,
    c: &Checkpoint,
    multiplier: f64,
) -> Result<Checkpoint> {
    check_multiplier(multiplier)?;
    let note = format!("{} + ({} - {}) * {multiplier}", label(a), label(b), label(c));
    merged(&[a, b, c], note, |tensors| {
        Ok((&tensors[0] + ((&tensors[1] - &tensors[2])? * multiplier)?)?)
    })
}

fn check_multiplier(multiplier: f64) -> Result<()> {
    if (0.0..=1.0).contains(&multiplier) {
        return Ok(());
    }
    let message = format!("{multiplier} will not do; give a number from 0 to 1");
    Err(ConfigError::one("multiplier", message).into())
}

/// Which run a model is of, and which step.
fn label(model: &Checkpoint) -> String {
    format!("{}@{}", model.header.config.train_params.task_name, model.header.step)
}

fn merged(
    models: &[&Checkpoint],
    note: String,
    mix: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<Checkpoint> {
    check_kin(models)?;
    let averaged = models.iter().any(|model| model.ema.is_some());
    let mut header = models[0].header.clone();
    header.merge = Some(note);
    Ok(Checkpoint {
        header,
        weights: mixed(models.iter().map(|model| &model.weights), &mix)?,
        ema: averaged
            .then(|| mixed(models.iter().map(|model| model.drawing_weights()), &mix))
            .transpose()?,
        autoencoder: models[0].autoencoder.clone(),
    })
}

/// Mixes the tensors of each name; all models have the same names.
fn mixed<'a>(
    models: impl Iterator<Item = &'a Weights>,
    mix: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> Result<Weights> {
    let models: Vec<&Weights> = models.collect();
    let mix_one = |name: &String| {
        let full = |weights: &&Weights| Ok(weights[name].to_dtype(DType::F32)?);
        let tensors = models.iter().map(full).collect::<Result<Vec<_>>>()?;
        Ok((name.clone(), mix(&tensors)?))
    };
    models[0].keys().map(mix_one).collect()
}

/// Whether the models have the same weights and were taught to tell the same thing.
fn check_kin(models: &[&Checkpoint]) -> Result<()> {
    let first = models[0];
    for (model, letter) in models.iter().zip(LETTERS).skip(1) {
        let target = |model: &Checkpoint| model.header.config.diffusion_params.prediction_type;
        if target(model) != target(first) {
            return Err(Error::Checkpoint(format!(
                "A was trained to predict {:?}, {letter} to predict {:?}: models that predict the \
                 same can be merged",
                target(first),
                target(model)
            )));
        }
        if !same_latents(first, model)? {
            return Err(Error::Checkpoint(format!(
                "A and {letter} draw in the latents of different autoencoders: models on the same \
                 one can be merged"
            )));
        }
        if let Some(name) = first_difference(&first.weights, &model.weights) {
            let shape = |weights: &Weights| match weights.get(name) {
                Some(tensor) => format!("has shape {:?}", tensor.dims()),
                None => "is missing".into(),
            };
            return Err(Error::Checkpoint(format!(
                "`{name}` {} in A and {} in {letter}: networks of the same shape can be merged",
                shape(&first.weights),
                shape(&model.weights)
            )));
        }
        if let Some(what) = first_unlikeness(&first.header, &model.header) {
            return Err(Error::Checkpoint(format!(
                "A and {letter} differ in their {what}: models that compute the same with the same \
                 weights can be merged"
            )));
        }
    }
    Ok(())
}

/// What of two models makes them compute differently with the same weights.
fn first_unlikeness(a: &Header, b: &Header) -> Option<&'static str> {
    let (one, other) = (a.config.network(), b.config.network());
    let betas = |header: &Header| header.config.diffusion_params.betas();
    let unet = |header: &Header| header.diffusers.as_ref().map(|spec| spec.unet.clone());
    let alike = [
        ("attention heads", one.num_heads == other.num_heads),
        ("norm groups", one.norm_groups == other.norm_groups),
        ("noise schedules", betas(a) == betas(b)),
        ("classes", a.classes() == b.classes()),
        ("pipelines", unet(a) == unet(b)),
    ];
    alike.into_iter().find(|(_, alike)| !alike).map(|(what, _)| what)
}

/// Whether both draw in the same latents, or neither draws in any.
fn same_latents(a: &Checkpoint, b: &Checkpoint) -> Result<bool> {
    let (Some(one), Some(other)) = (&a.autoencoder, &b.autoencoder) else {
        return Ok(a.autoencoder.is_none() && b.autoencoder.is_none());
    };
    let alike = a.header.latents == b.header.latents && one.len() == other.len();
    for (name, tensor) in one.iter().filter(|_| alike) {
        let same = other.get(name).filter(|other| other.shape() == tensor.shape());
        let Some(same) = same else { return Ok(false) };
        let full = |tensor: &Tensor| tensor.flatten_all()?.to_dtype(DType::F32)?.to_vec1::<f32>();
        if full(tensor)? != full(same)? {
            return Ok(false);
        }
    }
    Ok(alike)
}

/// The first weight, by name, that only one has or that has another shape.
fn first_difference<'a>(a: &'a Weights, b: &'a Weights) -> Option<&'a str> {
    let unlike = |one: &Weights, other: &Weights, name: &str| {
        other.get(name).map(|tensor| tensor.shape()) != one.get(name).map(|tensor| tensor.shape())
    };
    a.keys().chain(b.keys()).filter(|name| unlike(a, b, name)).map(String::as_str).min()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    use crate::checkpoint::{DatasetFacts, Header};
    use crate::config::RunConfig;

    fn model(numbers: [f32; 2], average: Option<[f32; 2]>, step: u64) -> Checkpoint {
        let weights = |numbers: [f32; 2]| {
            let tensor = Tensor::new(&numbers, &Device::Cpu).unwrap();
            Weights::from([("conv_in.bias".to_string(), tensor)])
        };
        let header = Header {
            config: RunConfig::default(),
            step,
            dataset: DatasetFacts::default(),
            weights: 2,
            diffusers: None,
            merge: None,
            latents: None,
        };
        let (weights, ema) = (weights(numbers), average.map(weights));
        Checkpoint { header, weights, ema, autoencoder: None }
    }

    fn numbers(weights: &Weights) -> Vec<f32> {
        weights["conv_in.bias"].to_vec1().unwrap()
    }

    #[test]
    fn sums_and_differences_are_what_they_say() {
        let a = model([1.0, -2.0], Some([2.0, 0.0]), 7);
        let b = model([5.0, 2.0], None, 9);
        let c = model([4.0, 3.0], Some([1.0, 1.0]), 3);
        let sum = weighted_sum(&a, &b, 0.25).unwrap();
        assert_eq!(numbers(&sum.weights), [2.0, -1.0]);
        assert_eq!(numbers(sum.ema.as_ref().unwrap()), [2.75, 0.5]);
        assert_eq!(sum.header.merge.unwrap(), "default@7 * 0.75 + default@9 * 0.25");
        assert_eq!(sum.header.step, 7);
        let changed = add_difference(&a, &b, &c, 0.5).unwrap();
        assert_eq!(numbers(&changed.weights), [1.5, -2.5]);
        assert_eq!(numbers(&changed.ema.unwrap()), [4.0, 0.5]);
        assert_eq!(changed.header.merge.unwrap(), "default@7 + (default@9 - default@3) * 0.5");
        assert!(weighted_sum(&b, &b, 0.5).unwrap().ema.is_none());
    }

    #[test]
    fn the_ends_are_the_models_themselves() {
        let (a, b) = (model([0.1, -0.7], None, 1), model([0.3, 0.9], None, 2));
        assert_eq!(numbers(&weighted_sum(&a, &b, 0.0).unwrap().weights), [0.1, -0.7]);
        assert_eq!(numbers(&weighted_sum(&a, &b, 1.0).unwrap().weights), [0.3, 0.9]);
        assert_eq!(numbers(&add_difference(&a, &b, &b, 0.3).unwrap().weights), [0.1, -0.7]);
    }

    #[test]
    fn what_does_not_go_together_is_told_by_name() {
        let message = |merged: Result<Checkpoint>| merged.unwrap_err().to_string();
        let (a, mut b) = (model([1.0, 2.0], None, 1), model([1.0, 2.0], None, 1));
        assert!(message(weighted_sum(&a, &b, 1.5)).starts_with("multiplier: 1.5 will not do"));
        let wide = Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap();
        b.weights.insert("conv_in.bias".into(), wide.clone());
        assert!(
            message(weighted_sum(&a, &b, 0.5))
                .contains("`conv_in.bias` has shape [2] in A and has shape [3] in B")
        );
        let mut c = a.clone();
        c.weights.insert("class_emb.weight".into(), wide);
        assert!(
            message(add_difference(&a, &a, &c, 0.5))
                .contains("`class_emb.weight` is missing in A and has shape [3] in C")
        );
        let mut other = a.clone();
        other.header.config.set("diffusion_params.prediction_type", "sample").unwrap();
        assert!(message(weighted_sum(&a, &other, 0.5)).contains("B to predict Picture"));
        for (key, value, what) in [
            ("model_params.num_heads", "2", "attention heads"),
            ("model_params.norm_groups", "4", "norm groups"),
            ("diffusion_params.beta_schedule", "cosine", "noise schedules"),
        ] {
            let mut other = a.clone();
            other.header.config.set(key, value).unwrap();
            assert!(message(weighted_sum(&a, &other, 0.5)).contains(what), "{what}");
        }
    }
}
