//! Adam and the moving average, each in one pass over a weight.

use candle_core::{CpuStorage, InplaceOp2, InplaceOp3, Layout, Result, Tensor, Var, bail};
use rayon::prelude::*;

use super::storage::{numbers, with_numbers};
use super::{on_cpu, reduce};

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
    let keep = |decay: f64, squared| Mean { decay, scale: step.scale, squared };
    first.inplace_op2(&grad, &keep(step.beta1, false))?;
    second.inplace_op2(&grad, &keep(step.beta2, true))?;
    var.inplace_op3(first, second, &step)
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
    average.inplace_op2(weight, &Mean { decay, scale: 1.0, squared: false })
}

/// The sum of the squares of all numbers.
pub fn square_sum(tensor: &Tensor) -> Result<f64> {
    if !on_cpu(&[tensor]) {
        return tensor.sqr()?.sum_all()?.to_scalar::<f32>().map(f64::from);
    }
    let tensor = tensor.contiguous()?;
    with_numbers(&[&tensor], |[numbers]| {
        numbers.chunks(CHUNK).map(|chunk| f64::from(reduce::square_sum(chunk))).sum()
    })
}

/// mean = decay x mean + (1 - decay) x (scale x new), or its square.
struct Mean {
    decay: f64,
    scale: f64,
    squared: bool,
}

fn numbers_mut<'a>(storage: &'a mut CpuStorage, layout: &Layout) -> Result<&'a mut [f32]> {
    let (CpuStorage::F32(all), Some((start, end))) = (storage, layout.contiguous_offsets()) else {
        bail!("an optimizer takes contiguous f32 weights")
    };
    Ok(&mut all[start..end])
}

impl InplaceOp2 for Mean {
    fn name(&self) -> &'static str {
        "running-mean"
    }

    fn cpu_fwd(
        &self,
        mean: &mut CpuStorage,
        mean_layout: &Layout,
        new: &CpuStorage,
        new_layout: &Layout,
    ) -> Result<()> {
        let (mean, new) = (numbers_mut(mean, mean_layout)?, numbers(new, new_layout)?);
        let (decay, share, scale) =
            (self.decay as f32, (1.0 - self.decay) as f32, self.scale as f32);
        let squared = self.squared;
        mean.par_chunks_mut(CHUNK).zip(new.par_chunks(CHUNK)).for_each(|(mean, new)| {
            for (mean, new) in mean.iter_mut().zip(new) {
                let new = new * scale;
                *mean = *mean * decay + share * if squared { new * new } else { new };
            }
        });
        Ok(())
    }
}

impl InplaceOp3 for AdamStep {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(
        &self,
        weight: &mut CpuStorage,
        weight_layout: &Layout,
        first: &CpuStorage,
        first_layout: &Layout,
        second: &CpuStorage,
        second_layout: &Layout,
    ) -> Result<()> {
        let weight = numbers_mut(weight, weight_layout)?;
        let (first, second) = (numbers(first, first_layout)?, numbers(second, second_layout)?);
        let (rate, correction) = (self.rate as f32, self.root_correction as f32);
        let (epsilon, kept) = (self.epsilon as f32, self.kept as f32);
        let means = first.par_chunks(CHUNK).zip(second.par_chunks(CHUNK));
        weight.par_chunks_mut(CHUNK).zip(means).for_each(|(weight, (first, second))| {
            for ((weight, first), second) in weight.iter_mut().zip(first).zip(second) {
                let along = rate * first / (second.sqrt() / correction + epsilon);
                *weight = *weight * kept - along;
            }
        });
        Ok(())
    }
}
