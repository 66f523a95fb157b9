//! Adam and the moving average, each in one pass over a weight.

use candle_core::{Result, Tensor, Var};


/// The numbers of one Adam step that are the same for every weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamStep {
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    /// Learning rate over the bias correction of the first mean.
    pub rate: f64,
    /// Root of the bias correction of the second mean.
    pub root_correction: f64,
    /// What the gradient is multiplied by first, for clipping.
    pub scale: f64,
}

/// Moves `var` by one step and updates its running means `first` and `second`.
pub fn adam(var: &Var, first: &Var, second: &Var, grad: &Tensor, step: AdamStep) -> Result<()> {
    let grad = (grad * step.scale)?;
    first.set(&((first.as_tensor() * step.beta1)? + (&grad * (1.0 - step.beta1))?)?)?;
    second.set(&((second.as_tensor() * step.beta2)? + (grad.sqr()? * (1.0 - step.beta2))?)?)?;
    let root = ((second.as_tensor().sqrt()? / step.root_correction)? + step.epsilon)?;
    var.set(&(var.as_tensor() - (first.as_tensor() / root)?.affine(step.rate, 0.0)?)?)
}

/// average = decay x average + (1 - decay) x weight.
pub fn ema(average: &Var, weight: &Var, decay: f64) -> Result<()> {
    average.set(&((average.as_tensor() * decay)? + (weight.as_tensor() * (1.0 - decay))?)?)
}

/// The sum of the squares of all numbers, in f64.
pub fn square_sum(tensor: &Tensor) -> Result<f64> {
    tensor.sqr()?.sum_all()?.to_scalar::<f32>().map(f64::from)
}
