//! Latents that are entries of a codebook (van den Oord et al. 2017, arXiv 1711.00937).

use candle_core::Tensor;
use rayon::prelude::*;

use crate::Result;
use crate::unet::params::{Init, Params};

/// Vectors that stand for all that latents can be.
#[derive(Clone, Debug)]
pub struct Codebook {
    entries: Tensor, // (entries, z_channels)
}

/// Latents and the entries that are nearest to them.
#[derive(Debug)]
pub struct Quantized {
    /// As the encoder told them: (batch, z_channels, height, width).
    pub latents: Tensor,
    /// Of the same shape.
    pub entries: Tensor,
    /// The number of each entry, image by image and row by row.
    pub codes: Vec<u32>,
}

impl Codebook {
    pub fn new(params: &mut Params, entries: usize, width: usize) -> Result<Self> {
        let init = Init::Uniform { bound: 1.0 / entries as f64 };
        params.within("embedding", |params| {
            Ok(Self { entries: params.get("weight", (entries, width), init)? })
        })
    }

    /// The nearest entry of each of `latents` (batch, z_channels, height, width), the first of
    /// those that are equally near.
    pub fn quantize(&self, latents: &Tensor) -> Result<Quantized> {
        let (batch, width, rows, columns) = latents.dims4()?;
        let codes = self.nearest(&latent_vectors(latents)?, width)?;
        let found = Tensor::from_slice(&codes, codes.len(), latents.device())?;
        let entries = self.entries.index_select(&found, 0)?; // (latents, z_channels)
        let entries = entries.reshape((batch, rows, columns, width))?.permute((0, 3, 1, 2))?;
        Ok(Quantized { latents: latents.clone(), entries: entries.contiguous()?, codes })
    }

    /// Computed here in an order that depends on the entries alone, so that a latent has the same
    /// entry in any batch.
    fn nearest(&self, vectors: &[f32], width: usize) -> Result<Vec<u32>> {
        let entries = self.entries.flatten_all()?.to_vec1::<f32>()?;
        let nearest = |vector: &[f32]| {
            let mut best = (0, f32::INFINITY);
            for (code, entry) in entries.chunks_exact(width).enumerate() {
                let distance: f32 = entry.iter().zip(vector).map(|(a, b)| (a - b) * (a - b)).sum();
                if distance < best.1 {
                    best = (code as u32, distance);
                }
            }
            best.0
        };
        Ok(vectors.par_chunks_exact(width).map(nearest).collect())
    }
}

/// Every latent of (batch, z_channels, height, width), its channels together.
pub(crate) fn latent_vectors(latents: &Tensor) -> Result<Vec<f32>> {
    Ok(latents.permute((0, 2, 3, 1))?.flatten_all()?.to_vec1()?)
}

impl Quantized {
    /// The entries, through which gradients pass to the encoder as if nothing were looked up
    /// (Bengio et al. 2013, arXiv 1308.3432).
    pub fn straight_through(&self) -> Result<Tensor> {
        Ok((&self.latents + (&self.entries - &self.latents)?.detach())?)
    }

    /// `weight` · |entry - latent|², by which the codebook learns, and `commitment` times the same,
    /// by which the encoder learns; means over the numbers of each image: (batch).
    pub fn loss(&self, weight: f64, commitment: f64) -> Result<Tensor> {
        let learns =
            |entries: &Tensor, latents: &Tensor| (entries - latents)?.sqr()?.mean((1, 2, 3));
        let codebook = learns(&self.entries, &self.latents.detach())?;
        let encoder = learns(&self.entries.detach(), &self.latents)?;
        Ok(((codebook * weight)? + (encoder * commitment)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    fn book(entries: &Var) -> Codebook {
        Codebook { entries: entries.as_tensor().clone() }
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    /// Two entries of two numbers, and one image of two latents side by side.
    fn case() -> (Var, Var) {
        let entries = Tensor::new(&[[1f32, 0.0], [-1.0, 2.0]], &Device::Cpu).unwrap();
        // (0.5, 0.5) and (-2.0, 1.0), channels in planes.
        let latents = Tensor::new(&[[[[0.5f32, -2.0]], [[0.5, 1.0]]]], &Device::Cpu).unwrap();
        (Var::from_tensor(&entries).unwrap(), Var::from_tensor(&latents).unwrap())
    }

    #[test]
    fn each_latent_becomes_the_entry_nearest_to_it() {
        let (entries, latents) = case();
        let quantized = book(&entries).quantize(&latents).unwrap();
        assert_eq!(quantized.codes, [0, 1]);
        assert_eq!(numbers(&quantized.entries), [1.0, -1.0, 0.0, 2.0]);
        assert_eq!(numbers(&quantized.straight_through().unwrap()), [1.0, -1.0, 0.0, 2.0]);
    }

    #[test]
    fn the_gradient_goes_straight_through_to_the_latents() {
        let (entries, latents) = case();
        let quantized = book(&entries).quantize(&latents).unwrap();
        let factors = Tensor::new(&[[[[3f32, 5.0]], [[7.0, 11.0]]]], &Device::Cpu).unwrap();
        let loss = (quantized.straight_through().unwrap() * factors).unwrap().sum_all().unwrap();
        let grads = loss.backward().unwrap();
        assert_eq!(numbers(grads.get(&latents).unwrap()), [3.0, 5.0, 7.0, 11.0]);
        assert!(grads.get(&entries).is_none());
    }

    #[test]
    fn codebook_and_encoder_learn_each_by_its_own_weight() {
        let (entries, latents) = case();
        let loss = book(&entries).quantize(&latents).unwrap().loss(2.0, 0.5).unwrap();
        // Differences entry - latent: (0.5, -0.5) and (1, 1), so the mean square is 2.5 / 4.
        assert!((numbers(&loss)[0] - 2.5 * 0.625).abs() < 1e-6);
        let grads = loss.sum_all().unwrap().backward().unwrap();
        // 2 · difference / 4 numbers, times 2 for the codebook and -0.5 for the latents.
        assert_eq!(numbers(grads.get(&entries).unwrap()), [0.5, -0.5, 1.0, 1.0]);
        assert_eq!(numbers(grads.get(&latents).unwrap()), [-0.125, -0.25, 0.125, -0.25]);
    }
}
