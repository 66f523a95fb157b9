//! The forward process, to be looked at: a picture under more and more noise.

use candle_core::{Device, Tensor};

use crate::Result;
use crate::grid::Picture;
use crate::noise::{Stream, gaussian};
use crate::sampler::{image_tensor, pictures};
use crate::schedule::NoiseSchedule;

/// `picture` as it is at each of `timesteps`, all under the same noise, which `seed` draws.
pub fn noised(
    picture: &Picture,
    schedule: &NoiseSchedule,
    timesteps: &[usize],
    seed: u64,
) -> Result<Vec<Picture>> {
    let x0 = image_tensor(picture, &Device::Cpu)?;
    let noise = gaussian(seed, Stream::Start, 0, x0.elem_count());
    let noise = Tensor::from_vec(noise, x0.shape(), &Device::Cpu)?;
    let copies = |tensor: &Tensor| Tensor::cat(&vec![tensor; timesteps.len()], 0);
    pictures(&schedule.add_noise(&copies(&x0)?, &copies(&noise)?, timesteps)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DiffusionParams;

    #[test]
    fn a_picture_drowns_step_by_step() {
        let pixels = (0..8 * 6 * 3).map(|at| (at * 7 % 256) as u8).collect();
        let picture = Picture { width: 8, height: 6, channels: 3, pixels };
        let schedule = NoiseSchedule::new(&DiffusionParams::default());
        let frames = noised(&picture, &schedule, &[0, 100, 400, 999], 3).unwrap();
        let off = |frame: &Picture| -> i32 {
            let pairs = frame.pixels.iter().zip(&picture.pixels);
            pairs.map(|(a, b)| (i32::from(*a) - i32::from(*b)).abs()).sum()
        };
        let offs: Vec<i32> = frames.iter().map(off).collect();
        assert!(offs[0] < 3 * 144 && offs.is_sorted(), "{offs:?}");
        assert_eq!((frames[3].width, frames[3].height, frames[3].channels), (8, 6, 3));
    }
}
