//! Mean squared error on the noise, whole and by timestep.

use candle_core::Tensor;

use crate::Result;

/// The loss to go back from, and what it was made of.
#[derive(Debug)]
pub(super) struct Loss {
    /// A scalar with its history.
    pub mean: Tensor,
    pub value: f32,
    /// Mean by quarter of the timesteps, low noise first; none where no image fell.
    pub buckets: [Option<f32>; 4],
}

/// `pred` and `noise`: (batch, channels, height, width).
pub(super) fn noise_loss(
    pred: &Tensor,
    noise: &Tensor,
    timesteps: &[usize],
    all_timesteps: usize,
) -> Result<Loss> {
    let by_image = (pred - noise)?.sqr()?.mean((1, 2, 3))?; // (batch)
    let mean = by_image.mean_all()?;
    let values = by_image.to_vec1::<f32>()?;
    let mut sums = [(0f32, 0u32); 4];
    for (value, t) in values.iter().zip(timesteps) {
        let bucket = &mut sums[t * 4 / all_timesteps];
        *bucket = (bucket.0 + value, bucket.1 + 1);
    }
    let buckets = sums.map(|(sum, count)| (count > 0).then(|| sum / count as f32));
    Ok(Loss { value: mean.to_scalar()?, mean, buckets })
}
