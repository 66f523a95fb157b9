//! Group normalisation with SiLU behind it, in one pass over each group; the backward pass computes
//! again what the forward pass had in registers.

use std::mem::MaybeUninit;

use candle_core::{Result, Shape, Tensor, bail};

use super::operation::{Array, Known, Operation};
use super::simd::{Simd, kernel};
use super::storage::{tensor, with_numbers, written_chunks};
use super::{pool, reduce};

/// Group normalisation of (batch, channels, …).
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupNorm {
    pub groups: usize,
    pub eps: f64,
    pub silu: bool,
}

/// Mean and one over the standard deviation.
fn moments(group: &[f32], eps: f64) -> (f32, f32) {
    let count = group.len() as f32;
    let mean = reduce::sum(group) / count;
    let variance = reduce::squares_around(group, mean) / count;
    (mean, (1.0 / (f64::from(variance) + eps).sqrt()) as f32)
}

kernel! {
    /// y = scale x + shift, through SiLU if asked for.
    fn channel_forward(
        x: &[f32],
        y: &mut [MaybeUninit<f32>],
        scale: f32,
        shift: f32,
        silu: bool,
    ) = channel_forward_body
}

#[inline(always)]
unsafe fn channel_forward_body<V: Simd>(
    x: &[f32],
    y: &mut [MaybeUninit<f32>],
    scale: f32,
    shift: f32,
    silu: bool,
) {
    let whole = x.len() / V::LANES * V::LANES;
    // SAFETY: every vector lies within its slice, the last one in a slice of its own.
    unsafe {
        for i in (0..whole).step_by(V::LANES) {
            let to = y.as_mut_ptr().add(i).cast();
            vector_forward::<V>(x.as_ptr().add(i), to, scale, shift, silu);
        }
        let (mut from, mut to) = ([0f32; 16], [0f32; 16]);
        from[..x.len() - whole].copy_from_slice(&x[whole..]);
        vector_forward::<V>(from.as_ptr(), to.as_mut_ptr(), scale, shift, silu);
        for (y, value) in y[whole..].iter_mut().zip(to) {
            y.write(value);
        }
    }
}

#[inline(always)]
unsafe fn vector_forward<V: Simd>(x: *const f32, y: *mut f32, scale: f32, shift: f32, silu: bool) {
    // SAFETY: the caller vouches for a whole vector on both sides.
    unsafe {
        let z = V::load(x).mul_add(V::splat(scale), V::splat(shift));
        let z = if silu { z.mul(sigmoid(z)) } else { z };
        z.store(y);
    }
}

#[inline(always)]
unsafe fn sigmoid<V: Simd>(z: V) -> V {
    // SAFETY: the caller's promise of the instruction set.
    unsafe {
        let one = V::splat(1.0);
        let power = z.mul(V::splat(-std::f32::consts::LOG2_E));
        let power = power.max(V::splat(-126.0)).min(V::splat(126.0));
        one.div(one.add(power.exp2(false)))
    }
}

/// What the backward pass needs to know of a channel.
#[derive(Clone, Copy)]
pub(super) struct Channel {
    mean: f32,
    rstd: f32,
    gamma: f32,
    beta: f32,
    silu: bool,
}

kernel! {
    /// Puts the gradient before SiLU into `dz`; gives its sum and its sum times the normalised x.
    fn channel_sums(
        x: &[f32],
        grad: &[f32],
        dz: &mut [MaybeUninit<f32>],
        channel: Channel,
    ) -> (f32, f32) = channel_sums_body
}

#[inline(always)]
unsafe fn channel_sums_body<V: Simd>(
    x: &[f32],
    grad: &[f32],
    dz: &mut [MaybeUninit<f32>],
    channel: Channel,
) -> (f32, f32) {
    let whole = x.len() / V::LANES * V::LANES;
    // SAFETY: every vector lies within its slice, the last one in a slice of its own.
    unsafe {
        let mut sums = [V::splat(0.0); 2];
        for i in (0..whole).step_by(V::LANES) {
            let (x, grad) = (x.as_ptr().add(i), grad.as_ptr().add(i));
            sums = vector_sums(x, grad, dz.as_mut_ptr().add(i).cast(), channel, sums);
        }
        let rest = x.len() - whole;
        let (mut x_rest, mut grad_rest, mut dz_rest) = ([0f32; 16], [0f32; 16], [0f32; 16]);
        x_rest[..rest].copy_from_slice(&x[whole..]);
        grad_rest[..rest].copy_from_slice(&grad[whole..]);
        sums =
            vector_sums(x_rest.as_ptr(), grad_rest.as_ptr(), dz_rest.as_mut_ptr(), channel, sums);
        for (dz, value) in dz[whole..].iter_mut().zip(dz_rest) {
            dz.write(value);
        }
        (sums[0].sum(), sums[1].sum())
    }
}

#[inline(always)]
unsafe fn vector_sums<V: Simd>(
    x: *const f32,
    grad: *const f32,
    dz: *mut f32,
    channel: Channel,
    sums: [V; 2],
) -> [V; 2] {
    // SAFETY: the caller vouches for a whole vector at each pointer.
    unsafe {
        let Channel { mean, rstd, gamma, beta, silu } = channel;
        let normed = V::load(x).sub(V::splat(mean)).mul(V::splat(rstd));
        let mut d = V::load(grad);
        if silu {
            let z = normed.mul_add(V::splat(gamma), V::splat(beta));
            let (s, one) = (sigmoid(z), V::splat(1.0));
            d = d.mul(s).mul(z.mul(one.sub(s)).add(one));
        }
        d.store(dz);
        [sums[0].add(d), d.mul_add(normed, sums[1])]
    }
}

kernel! {
    /// dz = by[0] dz + by[1] x + by[2].
    fn blend(dz: &mut [f32], x: &[f32], by: [f32; 3]) = blend_body
}

#[inline(always)]
unsafe fn blend_body<V: Simd>(dz: &mut [f32], x: &[f32], by: [f32; 3]) {
    let whole = x.len() / V::LANES * V::LANES;
    // SAFETY: every vector lies within its slice.
    unsafe {
        let (of_dz, of_x, constant) = (V::splat(by[0]), V::splat(by[1]), V::splat(by[2]));
        for i in (0..whole).step_by(V::LANES) {
            let to = dz.as_mut_ptr().add(i);
            let line = V::load(x.as_ptr().add(i)).mul_add(of_x, constant);
            V::load(to).mul_add(of_dz, line).store(to);
        }
    }
    for (dz, x) in dz[whole..].iter_mut().zip(&x[whole..]) {
        *dz = by[0] * *dz + (by[1] * x + by[2]);
    }
}

impl GroupNorm {
    fn scaled(&self, x: &[f32], gamma: &[f32], beta: &[f32], pixels: usize) -> Vec<f32> {
        let each = gamma.len() / self.groups;
        let size = each * pixels;
        let group = |at: usize, y: &mut [_]| {
            let x = &x[at * size..][..size];
            let (mean, rstd) = moments(x, self.eps);
            let first = at % self.groups * each;
            let channels = x.chunks_exact(pixels).zip(y.chunks_exact_mut(pixels));
            for (channel, (x, y)) in (first..).zip(channels) {
                let scale = rstd * gamma[channel];
                let shift = beta[channel] - mean * scale;
                // SAFETY: both slices are of one length.
                unsafe { channel_forward(x, y, scale, shift, self.silu) }
            }
        };
        // SAFETY: every channel of every group is written.
        unsafe { written_chunks(size, x.len() / size.max(1), group) }
    }

    /// Gradients of x, and of gamma and beta for each image.
    fn slopes(
        &self,
        x: &[f32],
        gamma: &[f32],
        beta: &[f32],
        grad: &[f32],
        pixels: usize,
    ) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
        let each = gamma.len() / self.groups;
        let size = each * pixels;
        assert!(gamma.len().is_multiple_of(self.groups));
        assert!(x.len().is_multiple_of(gamma.len() * pixels) && grad.len() == x.len());
        let mut dx = Vec::with_capacity(x.len());
        let mut dgamma = vec![0.0; x.len() / pixels];
        let mut dbeta = vec![0.0; x.len() / pixels];
        let spare = &mut dx.spare_capacity_mut()[..x.len()];
        let by_group = spare.chunks_mut(size).zip(x.chunks(size).zip(grad.chunks(size)));
        let by_channel = dgamma.chunks_mut(each).zip(dbeta.chunks_mut(each));
        pool::for_each(
            by_group.zip(by_channel).enumerate(),
            |(at, ((dx, (x, grad)), (dgamma, dbeta)))| {
                let (mean, rstd) = moments(x, self.eps);
                let first = at % self.groups * each;
                let (mut mean_d, mut mean_dn) = (0f32, 0f32);
                for i in 0..each {
                    let here = i * pixels..(i + 1) * pixels;
                    let (gamma, beta) = (gamma[first + i], beta[first + i]);
                    let channel = Channel { mean, rstd, gamma, beta, silu: self.silu };
                    // SAFETY: all three slices are of one length.
                    let (sum, sum_normed) = unsafe {
                        channel_sums(&x[here.clone()], &grad[here.clone()], &mut dx[here], channel)
                    };
                    (dbeta[i], dgamma[i]) = (sum, sum_normed);
                    mean_d += gamma * sum / size as f32;
                    mean_dn += gamma * sum_normed / size as f32;
                }
                // SAFETY: every channel was written above.
                let dx = unsafe { &mut *(std::ptr::from_mut(dx) as *mut [f32]) };
                for i in 0..each {
                    let here = i * pixels..(i + 1) * pixels;
                    // rstd (dz gamma - mean_d - (x - mean) rstd mean_dn), sorted by powers of x.
                    let of_x = -rstd * rstd * mean_dn;
                    let constant = -rstd * mean_d - mean * of_x;
                    let of_dz = rstd * gamma[first + i];
                    // SAFETY: both slices are of one length.
                    unsafe { blend(&mut dx[here.clone()], &x[here], [of_dz, of_x, constant]) }
                }
            },
        );
        // SAFETY: every group was written above.
        unsafe { dx.set_len(x.len()) }
        (dx, dgamma, dbeta)
    }
}

fn pixels(dims: &[usize]) -> usize {
    dims[2..].iter().product()
}

impl Operation<3> for GroupNorm {
    const NAME: &'static str = "group-norm";

    fn forward(&self, [x, gamma, beta]: [Array; 3]) -> Result<(Vec<f32>, Shape)> {
        if x.dims[1] != gamma.numbers.len() || !x.dims[1].is_multiple_of(self.groups) {
            bail!("{} channels do not make {} equal groups", x.dims[1], self.groups)
        }
        let y = self.scaled(x.numbers, gamma.numbers, beta.numbers, pixels(x.dims));
        Ok((y, x.dims.into()))
    }

    fn backward(&self, known: Known<3>, grad: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let [x, gamma, beta] = known.inputs()?;
        let (dx, dgamma, dbeta) =
            with_numbers(&[x, gamma, beta, grad], |[x_, gamma, beta, grad]| {
                self.slopes(x_, gamma, beta, grad, pixels(x.dims()))
            })?;
        let by_image = (x.dim(0)?, gamma.dim(0)?);
        Ok([
            Some(tensor(dx, x.shape())?),
            Some(tensor(dgamma, by_image)?.sum(0)?),
            Some(tensor(dbeta, by_image)?.sum(0)?),
        ])
    }
}
