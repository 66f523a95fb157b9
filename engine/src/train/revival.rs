//! Codebook entries that no latent needs, put where latents are (Dhariwal et al. 2020, Jukebox, arXiv
//! 2005.00341, section 3.1).

use candle_core::{Device, Tensor, Var};
use rand::Rng;

use super::state;
use crate::Result;
use crate::autoencoder::{Quantized, latent_vectors};
use crate::noise::{self, Stream};
use crate::unet::Weights;

/// Steps after which an entry that was not needed is put elsewhere.
const PATIENCE: f32 = 100.0;
const STATE: &str = "codebook.idle";

/// How many steps each entry of a codebook has not been needed.
#[derive(Debug)]
pub(super) struct Revival {
    idle: Vec<f32>,
}

impl Revival {
    /// Fresh entries lie anywhere: those that the first step does not need are put elsewhere at once.
    pub fn new(entries: usize) -> Self {
        Self { idle: vec![PATIENCE; entries] }
    }

    /// The entries are those of a codebook that was trained before: each has its time to be needed.
    pub fn settle(&mut self) {
        self.idle.fill(0.0);
    }

    /// Notes what the parts of a step looked up. Entries that have waited too long are put where some
    /// of the step's latents are, which (`seed`, `step`) chooses, in each of `books`, (entries,
    /// z_channels).
    pub fn step(
        &mut self,
        parts: &[Quantized],
        books: &[&Var],
        seed: u64,
        step: u64,
    ) -> Result<()> {
        self.note(parts);
        let waiting: Vec<usize> =
            (0..self.idle.len()).filter(|&at| self.idle[at] >= PATIENCE).collect();
        let Some(first) = books.first().filter(|_| !waiting.is_empty()) else { return Ok(()) };
        let width = first.dim(1)?;
        let latents = parts.iter().map(|part| latent_vectors(&part.latents));
        let latents = latents.collect::<Result<Vec<_>>>()?.concat();
        let mut random = noise::generator(seed, Stream::Codebook, step);
        let places: Vec<usize> = waiting
            .iter()
            .map(|_| random.random_range(0..(latents.len() / width) as u64) as usize * width)
            .collect();
        for book in books {
            let mut entries = book.flatten_all()?.to_vec1::<f32>()?;
            for (&entry, &place) in waiting.iter().zip(&places) {
                entries[entry * width..][..width].copy_from_slice(&latents[place..][..width]);
            }
            book.set(&Tensor::from_vec(entries, book.shape(), book.device())?)?;
        }
        waiting.into_iter().for_each(|at| self.idle[at] = 0.0);
        Ok(())
    }

    fn note(&mut self, parts: &[Quantized]) {
        self.idle.iter_mut().for_each(|steps| *steps += 1.0);
        for &code in parts.iter().flat_map(|part| &part.codes) {
            self.idle[code as usize] = 0.0;
        }
    }

    pub fn state(&self) -> Result<(String, Tensor)> {
        Ok((STATE.into(), Tensor::from_slice(&self.idle, self.idle.len(), &Device::Cpu)?))
    }

    pub fn restore(&mut self, saved: &Weights) -> Result<()> {
        let shape = (self.idle.len(),).into();
        self.idle = state::fitting(saved, STATE, &shape)?.to_vec1()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Latents of one number each, all looked up as entry 0.
    fn part(latents: &[f32]) -> Quantized {
        let latents = Tensor::new(latents, &Device::Cpu).unwrap();
        let latents = latents.reshape((1, 1, 1, ())).unwrap();
        let codes = vec![0; latents.elem_count()];
        Quantized { entries: latents.clone(), latents, codes }
    }

    #[test]
    fn entries_of_a_trained_codebook_have_their_time() {
        let book = Var::from_tensor(&Tensor::new(&[[1f32], [2.0]], &Device::Cpu).unwrap()).unwrap();
        let mut revival = Revival::new(2);
        revival.settle();
        revival.step(&[part(&[5.0])], &[&book], 1, 1).unwrap();
        assert_eq!(book.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [1.0, 2.0]);
    }

    #[test]
    fn entries_that_are_not_needed_go_where_latents_are() {
        let zeros = Tensor::new(&[[0f32], [0.0], [0.0]], &Device::Cpu).unwrap();
        let books =
            [Var::from_tensor(&zeros).unwrap(), Var::from_tensor(&zeros.copy().unwrap()).unwrap()];
        let mut revival = Revival::new(3);
        let entries = |book: &Var| book.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let all: Vec<&Var> = books.iter().collect();
        revival.step(&[part(&[5.0, 5.0]), part(&[7.0])], &all, 1, 1).unwrap();
        let first = entries(&books[0]);
        assert_eq!(first[0], 0.0, "it was needed");
        assert!(first[1..].iter().all(|entry| [5.0, 7.0].contains(entry)), "{first:?}");
        assert_eq!(entries(&books[1]), first);
        for step in 2..=100 {
            revival.step(&[part(&[9.0])], &all, 1, step).unwrap();
            assert_eq!(entries(&books[0]), first, "step {step}");
        }
        revival.step(&[part(&[9.0])], &all, 1, 101).unwrap();
        assert_eq!(entries(&books[0]), [0.0, 9.0, 9.0]);
    }
}
