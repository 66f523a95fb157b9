//! How noisy a picture is, in the units of the papers.

use crate::schedule::NoiseSchedule;

/// A level of noise: x = signal · picture + noise · unit Gaussian, with signal² + noise² = 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// What the network is told, 0 to T - 1; between two of its timesteps it need not be whole.
    pub timestep: f32,
    /// The share of the picture's variance, in (0, 1].
    pub alpha_cumprod: f64,
}

impl Level {
    /// No noise at all: the end of every path.
    pub const CLEAN: Level = Level { timestep: 0.0, alpha_cumprod: 1.0 };

    pub fn is_clean(self) -> bool {
        self.alpha_cumprod >= 1.0
    }

    /// What the picture is multiplied by, sqrt(alpha_cumprod).
    pub fn signal(self) -> f64 {
        self.alpha_cumprod.sqrt()
    }

    /// What the Gaussian is multiplied by, sqrt(1 - alpha_cumprod).
    pub fn noise(self) -> f64 {
        (1.0 - self.alpha_cumprod).sqrt()
    }

    /// Noise over signal: the sigma of Karras et al. 2022 (arXiv 2206.00364).
    pub fn sigma(self) -> f64 {
        self.noise() / self.signal()
    }

    /// ln(signal / noise): the lambda of DPM-Solver (arXiv 2206.00927), infinite without noise.
    pub fn lambda(self) -> f64 {
        -self.sigma().ln()
    }
}

/// A sigma beside which no picture shows.
const NEARLY_NOISE: f64 = 1000.0;

/// The levels of a noise schedule, at its timesteps and between them.
#[derive(Clone, Debug)]
pub struct Levels {
    /// By timestep, growing.
    sigmas: Vec<f64>,
}

impl Levels {
    pub fn new(schedule: &NoiseSchedule) -> Self {
        let sigma = |alpha: f64| ((1.0 - alpha) / alpha).sqrt();
        let mut sigmas: Vec<f64> =
            schedule.alphas_cumprod().iter().map(|&alpha| sigma(f64::from(alpha))).collect();
        // Pure noise has no finite sigma; half the signal of the timestep before is as good, where
        // that is next to nothing.
        if let [.., before, last] = sigmas.as_mut_slice()
            && last.is_infinite()
        {
            *last = (2.0 * *before).max(NEARLY_NOISE);
        }
        Self { sigmas }
    }

    /// T.
    pub fn timesteps(&self) -> usize {
        self.sigmas.len()
    }

    pub fn least_sigma(&self) -> f64 {
        self.sigmas[0]
    }

    pub fn largest_sigma(&self) -> f64 {
        self.sigmas[self.sigmas.len() - 1]
    }

    /// The level at `timestep` in [0, T - 1]; sigma is linear between timesteps.
    pub fn at(&self, timestep: f64) -> Level {
        let below = (timestep as usize).min(self.sigmas.len() - 1);
        let above = (below + 1).min(self.sigmas.len() - 1);
        let share = timestep - below as f64;
        let sigma = self.sigmas[below] + share * (self.sigmas[above] - self.sigmas[below]);
        level(timestep, sigma)
    }

    /// The level with `sigma`; its timestep is linear in ln(sigma) between timesteps.
    pub fn of_sigma(&self, sigma: f64) -> Level {
        let above = self.sigmas.partition_point(|known| *known < sigma);
        if above == 0 || above == self.sigmas.len() {
            return level(above.min(self.sigmas.len() - 1) as f64, sigma);
        }
        let (low, high) = (self.sigmas[above - 1].ln(), self.sigmas[above].ln());
        level((above - 1) as f64 + (sigma.ln() - low) / (high - low), sigma)
    }
}

fn level(timestep: f64, sigma: f64) -> Level {
    Level { timestep: timestep as f32, alpha_cumprod: 1.0 / (1.0 + sigma * sigma) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DiffusionParams;

    #[test]
    fn timestep_and_sigma_lead_to_each_other() {
        let schedule = NoiseSchedule::new(&DiffusionParams::default());
        let levels = Levels::new(&schedule);
        for timestep in [0, 1, 500, 999] {
            let level = levels.at(timestep as f64);
            let wanted = f64::from(schedule.alphas_cumprod()[timestep]);
            assert!((level.alpha_cumprod / wanted - 1.0).abs() < 1e-9);
            let back = levels.of_sigma(level.sigma());
            assert!((f64::from(back.timestep) - timestep as f64).abs() < 1e-3, "{back:?}");
        }
        assert_eq!(levels.of_sigma(1e-5).timestep, 0.0);
        assert_eq!(levels.of_sigma(1e5).timestep, 999.0);
        let between = levels.at(10.5);
        assert!(between.sigma() > levels.at(10.0).sigma());
        assert!(between.sigma() < levels.at(11.0).sigma());
    }
}
