//! A run that begins with the weights of another instead of fresh ones.

use std::collections::BTreeMap;

use candle_core::Var;

use super::ema::Ema;
use crate::Result;
use crate::checkpoint::Checkpoint;
use crate::config::{ConfigError, RunConfig};
use crate::unet::{Weights, is_told_in_training};

/// Gives `vars` the weights of `checkpoint`, and `ema` their average there or, without one, the
/// weights themselves. Optimizer, step and order of the images begin anew. Errors name
/// `train_params.begin_from` and the weight that is missing or has another shape; what a network that
/// was told of no changes of its images lacks begins fresh.
pub(super) fn begin_from(
    checkpoint: &Checkpoint,
    vars: &BTreeMap<String, Var>,
    ema: Option<&Ema>,
) -> Result<()> {
    vars.iter().try_for_each(|(name, var)| take_over(name, var, &checkpoint.weights))?;
    let Some(ema) = ema else { return Ok(()) };
    let averages = checkpoint.ema.as_ref().unwrap_or(&checkpoint.weights);
    let known = vars.keys().filter_map(|name| Some((name, ema.average(name)?)));
    known.into_iter().try_for_each(|(name, var)| take_over(name, var, averages))
}

/// Whether a network of `config` makes of the same weights what one of `beginning` made of them, which
/// an error calls by what it `had`.
pub(super) fn check_kin(config: &RunConfig, beginning: &RunConfig, had: &str) -> Result<()> {
    let unlike = ["num_heads", "norm_groups", "down_sample_kind"].iter().find_map(|name| {
        let field = format!("model_params.{name}");
        let (here, there) = (config.get(&field)?, beginning.get(&field)?);
        (here != there).then_some((field, here, there))
    });
    unlike.filter(|_| !config.is_autoencoder()).map_or(Ok(()), |(field, here, there)| {
        let message = format!("{here}, but {had} {there}; give that");
        Err(ConfigError::one(field, message).into())
    })
}

fn take_over(name: &str, var: &Var, weights: &Weights) -> Result<()> {
    let fault = |message: String| ConfigError::one("train_params.begin_from", message);
    let Some(weight) = weights.get(name) else {
        if is_told_in_training(name) {
            return Ok(());
        }
        return Err(fault(format!("its network has no `{name}`; it is of another shape")).into());
    };
    if weight.dims() != var.dims() {
        let message = format!(
            "`{name}` is {:?} there and {:?} here; give both networks one shape",
            weight.dims(),
            var.dims()
        );
        return Err(fault(message).into());
    }
    let placed = weight.to_dtype(var.dtype())?.to_device(var.device())?;
    Ok(var.set(&placed)?)
}
