//! Which timestep each image of a step is shown at.

use candle_core::Tensor;
use rand::Rng;

use super::loss_history::LossHistory;
use crate::Result;
use crate::config::{RunConfig, TimestepSampling};
use crate::noise::{self, Stream};
use crate::unet::Weights;

/// Draws timesteps from (seed, step), by what they cost if so configured.
#[derive(Debug)]
pub(super) struct Timesteps {
    sampling: TimestepSampling,
    seed: u64,
    all: usize,
    history: LossHistory,
}

impl Timesteps {
    pub fn new(config: &RunConfig) -> Self {
        let all = config.diffusion_params.num_timesteps;
        let params = &config.train_params;
        Self {
            sampling: params.timestep_sampling,
            seed: params.seed,
            all,
            history: LossHistory::new(all),
        }
    }

    fn learns(&self) -> bool {
        self.sampling == TimestepSampling::Importance
    }

    /// The timesteps of the `count` images of `step`, and what the loss of each is multiplied by so
    /// that its mean stays that of uniform ones; none if they are uniform.
    pub fn draw(&self, step: u64, count: usize) -> (Vec<usize>, Option<Vec<f32>>) {
        let mut random = noise::generator(self.seed, Stream::Timestep, step);
        match self.sampling {
            TimestepSampling::Uniform => {
                let draw = |_| random.random_range(0..self.all as u64) as usize;
                ((0..count).map(draw).collect(), None)
            }
            TimestepSampling::Stratified => (stratified(&mut random, count, self.all), None),
            TimestepSampling::Importance => self.by_importance(&mut random, count),
        }
    }

    fn by_importance(&self, random: &mut impl Rng, count: usize) -> (Vec<usize>, Option<Vec<f32>>) {
        let probabilities = self.history.probabilities();
        let ends: Vec<f64> = probabilities
            .iter()
            .scan(0.0, |sum, probability| {
                *sum += probability;
                Some(*sum)
            })
            .collect();
        let draw = |_| {
            let place = random.random::<f64>();
            ends.partition_point(|&end| end <= place).min(self.all - 1)
        };
        let timesteps: Vec<usize> = (0..count).map(draw).collect();
        let weight = |&t: &usize| (1.0 / (self.all as f64 * probabilities[t])) as f32;
        let weights = timesteps.iter().map(weight).collect();
        (timesteps, Some(weights))
    }

    /// Remembers what a step cost.
    pub fn note(&mut self, timesteps: &[usize], losses: &[f32]) {
        if self.learns() {
            self.history.note(timesteps, losses);
        }
    }

    /// For a saved state: empty unless timesteps are drawn by what they cost.
    pub fn state(&self) -> Result<Vec<(String, Tensor)>> {
        if self.learns() { Ok(self.history.state()?.into()) } else { Ok(Vec::new()) }
    }

    pub fn restore(&mut self, saved: &Weights) -> Result<()> {
        // A run that draws by cost only from here on has no history yet.
        match self.learns() && LossHistory::is_in(saved) {
            true => self.history.restore(saved),
            false => Ok(()),
        }
    }
}

/// One timestep, of `all`, from each of `count` equal parts.
pub(super) fn stratified(random: &mut impl Rng, count: usize, all: usize) -> Vec<usize> {
    let draw = |at: usize| {
        let place = (at as f64 + random.random::<f64>()) / count as f64;
        ((place * all as f64) as usize).min(all - 1)
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_make_up_for_what_is_drawn_more_often() {
        let mut config = RunConfig::default();
        config.diffusion_params.num_timesteps = 4;
        config.train_params.timestep_sampling = TimestepSampling::Importance;
        let mut timesteps = Timesteps::new(&config);
        let all: Vec<usize> = (0..40).map(|at| at % 4).collect();
        let losses: Vec<f32> = all.iter().map(|&t| [0.1, 0.2, 0.3, 2.4][t]).collect();
        timesteps.note(&all, &losses);
        let (drawn, weights) = timesteps.draw(1, 20_000);
        let share = drawn.iter().filter(|&&t| t == 3).count() as f64 / 20_000.0;
        assert!((share - 0.8).abs() < 0.01, "{share}");
        let loss = |(&t, weight): (&usize, &f32)| [0.1, 0.2, 0.3, 2.4][t] * weight;
        let mean = drawn.iter().zip(&weights.unwrap()).map(loss).sum::<f32>() / 20_000.0;
        assert!((mean - 0.75).abs() < 0.01, "the mean of uniform ones is 0.75, not {mean}");
    }
}
