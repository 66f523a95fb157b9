//! Adam and the moving average, each in one pass over a weight.

use candle_core::{Result, Tensor, Var};

use super::simd::{Simd, kernel};
use super::storage::{with_numbers, with_numbers_mut};
use super::{on_cpu, pool, reduce};

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
    /// What the weight is multiplied by first, 1 but for weight decay.
    pub kept: f64,
}

/// Numbers a thread takes at a time.
const CHUNK: usize = 16 * 1024;

/// Moves `var` by one step and updates its running means `first` and `second`.
pub fn adam(var: &Var, first: &Var, second: &Var, grad: &Tensor, step: AdamStep) -> Result<()> {
    if !on_cpu(&[var, first, second, grad]) {
        return adam_plain(var, first, second, grad, step);
    }
    let grad = grad.contiguous()?;
    let factors = Factors::new(step);
    with_numbers_mut(var, |weight| {
        with_numbers_mut(first, |first| {
            with_numbers_mut(second, |second| {
                with_numbers(&[&grad], |[grad]| {
                    let means = first.chunks_mut(CHUNK).zip(second.chunks_mut(CHUNK));
                    let weights = weight.chunks_mut(CHUNK).zip(grad.chunks(CHUNK));
                    pool::for_each(means.zip(weights), |((first, second), (weight, grad))| {
                        // SAFETY: plain slices.
                        unsafe { adam_pass(weight, first, second, grad, factors) }
                    });
                })
            })
        })
    })
}

/// An [`AdamStep`] in f32.
#[derive(Clone, Copy)]
pub(super) struct Factors {
    /// Decay and its rest to one, of either mean.
    first: [f32; 2],
    second: [f32; 2],
    epsilon: f32,
    rate: f32,
    root_correction: f32,
    scale: f32,
    kept: f32,
}

impl Factors {
    fn new(step: AdamStep) -> Self {
        let shares = |decay: f64| [decay as f32, (1.0 - decay) as f32];
        Self {
            first: shares(step.beta1),
            second: shares(step.beta2),
            epsilon: step.epsilon as f32,
            rate: step.rate as f32,
            root_correction: step.root_correction as f32,
            scale: step.scale as f32,
            kept: step.kept as f32,
        }
    }
}

kernel! {
    /// One step of Adam on some weights.
    fn adam_pass(
        weight: &mut [f32],
        first: &mut [f32],
        second: &mut [f32],
        grad: &[f32],
        by: Factors,
    ) = adam_pass_of
}

#[expect(clippy::extra_unused_type_parameters, reason = "the compiler finds the vectors")]
#[inline(always)]
unsafe fn adam_pass_of<V: Simd>(
    weight: &mut [f32],
    first: &mut [f32],
    second: &mut [f32],
    grad: &[f32],
    by: Factors,
) {
    let means = first.iter_mut().zip(second);
    for ((weight, grad), (first, second)) in weight.iter_mut().zip(grad).zip(means) {
        let grad = grad * by.scale;
        *first = *first * by.first[0] + by.first[1] * grad;
        *second = *second * by.second[0] + by.second[1] * (grad * grad);
        let along = by.rate * *first / (second.sqrt() / by.root_correction + by.epsilon);
        *weight = *weight * by.kept - along;
    }
}

fn adam_plain(var: &Var, first: &Var, second: &Var, grad: &Tensor, step: AdamStep) -> Result<()> {
    let grad = (grad * step.scale)?;
    first.set(&((first.as_tensor() * step.beta1)? + (&grad * (1.0 - step.beta1))?)?)?;
    second.set(&((second.as_tensor() * step.beta2)? + (grad.sqr()? * (1.0 - step.beta2))?)?)?;
    let root = ((second.as_tensor().sqrt()? / step.root_correction)? + step.epsilon)?;
    var.set(
        &((var.as_tensor() * step.kept)? - (first.as_tensor() / root)?.affine(step.rate, 0.0)?)?,
    )
}

/// average = decay x average + (1 - decay) x weight.
pub fn ema(average: &Var, weight: &Var, decay: f64) -> Result<()> {
    if !on_cpu(&[average, weight]) {
        let kept = (average.as_tensor() * decay)?;
        return average.set(&(kept + (weight.as_tensor() * (1.0 - decay))?)?);
    }
    let shares = [decay as f32, (1.0 - decay) as f32];
    with_numbers_mut(average, |average| {
        with_numbers(&[weight], |[weight]| {
            let parts = average.chunks_mut(CHUNK).zip(weight.chunks(CHUNK));
            // SAFETY: plain slices.
            pool::for_each(parts, |(average, weight)| unsafe {
                mean_pass(average, weight, shares);
            });
        })
    })
}

kernel! {
    /// mean = shares[0] x mean + shares[1] x new.
    fn mean_pass(mean: &mut [f32], new: &[f32], shares: [f32; 2]) = mean_pass_of
}

#[expect(clippy::extra_unused_type_parameters, reason = "the compiler finds the vectors")]
#[inline(always)]
unsafe fn mean_pass_of<V: Simd>(mean: &mut [f32], new: &[f32], shares: [f32; 2]) {
    for (mean, new) in mean.iter_mut().zip(new) {
        *mean = *mean * shares[0] + shares[1] * new;
    }
}

/// The sum of the squares of all numbers.
pub fn square_sum(tensor: &Tensor) -> Result<f64> {
    if !on_cpu(&[tensor]) {
        return tensor.sqr()?.sum_all()?.to_scalar::<f32>().map(f64::from);
    }
    let tensor = tensor.contiguous()?;
    with_numbers(&[&tensor], |[numbers]| {
        let sums: Vec<f32> = pool::map(numbers.chunks(CHUNK), reduce::square_sum);
        // In order, so that the sum does not depend on threads.
        sums.into_iter().map(f64::from).sum()
    })
}
