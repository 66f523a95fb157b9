//! Numbers left out at random while a network learns.

use std::cell::RefCell;

use candle_core::Tensor;
use rand::RngCore;
use rand_chacha::ChaCha8Rng;

use crate::Result;
use crate::noise::{self, Stream};

/// Each number becomes zero with a probability, and those that stay grow so that their mean does not
/// change (Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from
/// overfitting").
#[derive(Debug)]
pub struct Dropout {
    share: f64,
    random: RefCell<ChaCha8Rng>,
}

impl Dropout {
    /// What step `step` of the run with `seed` leaves out of a part of its batch: `share`, in [0, 1), of
    /// all numbers.
    pub fn new(share: f64, seed: u64, step: u64, part: u64) -> Self {
        let mut random = noise::generator(seed, Stream::Dropout, step);
        random.set_stream(part);
        Self { share, random: RefCell::new(random) }
    }

    /// `x` of any shape, with other numbers left out at each call.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mask = Tensor::from_vec(self.mask(x.elem_count()), x.shape(), x.device())?;
        Ok((x * mask)?)
    }

    fn mask(&self, count: usize) -> Vec<f32> {
        // Two random bytes a number tell shares apart to a sixty-thousandth and cost half of four.
        let mut bytes = vec![0; 2 * count];
        self.random.borrow_mut().fill_bytes(&mut bytes);
        let (limit, kept) = ((self.share * 65536.0) as u32, (1.0 / (1.0 - self.share)) as f32);
        let stays = |pair: &[u8]| u32::from(u16::from_le_bytes([pair[0], pair[1]])) >= limit;
        bytes.chunks_exact(2).map(|pair| if stays(pair) { kept } else { 0.0 }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    #[test]
    fn as_many_numbers_are_left_out_as_asked_and_the_mean_stays() {
        let ones = Tensor::ones((4, 8, 32, 32), DType::F32, &Device::Cpu).unwrap();
        let numbers = |dropout: &Dropout| -> Vec<f32> {
            dropout.forward(&ones).unwrap().flatten_all().unwrap().to_vec1().unwrap()
        };
        let dropout = Dropout::new(0.2, 7, 1, 0);
        let first = numbers(&dropout);
        let zeros = first.iter().filter(|&&x| x == 0.0).count() as f64 / 32768.0;
        let mean = first.iter().sum::<f32>() / 32768.0;
        assert!((zeros - 0.2).abs() < 0.01 && (mean - 1.0).abs() < 0.01, "{zeros} {mean}");
        assert!(first.iter().all(|&x| x == 0.0 || x == 1.25));
        assert_ne!(numbers(&dropout), first);
        assert_eq!(numbers(&Dropout::new(0.2, 7, 1, 0)), first);
        for (step, part) in [(2, 0), (1, 1)] {
            assert_ne!(numbers(&Dropout::new(0.2, 7, step, part)), first);
        }
    }
}
