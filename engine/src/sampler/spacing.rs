//! Which levels of noise to visit.

use super::level::{Level, Levels};

/// How the levels of a path are spread over the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Every (T / steps)-th timestep, counted from 0. The stride is whole, as in diffusers, unless that
    /// would leave out more than a tenth of the noise.
    Leading,
    /// Every (T / steps)-th timestep, counted back from T - 1.
    Trailing,
    /// From T - 1 to 0, both included; not whole.
    Linspace,
    /// Karras et al. 2022 (arXiv 2206.00364), equation 5, with rho 7: most steps at little noise.
    Karras,
    /// ln(sigma) falls by the same amount each step.
    Exponential,
    /// Timesteps at the quantiles of a Beta(0.6, 0.6) distribution, many at both ends: Lee et al. 2024
    /// (arXiv 2407.12173). A1111 spreads sigmas so, which leaves pictures noisy where the largest is
    /// far beyond the 15 of its models.
    Beta,
}

impl Spacing {
    /// `steps` levels, the noisiest first; `steps` is 1 to T.
    pub fn levels(self, levels: &Levels, steps: usize) -> Vec<Level> {
        let last = (levels.timesteps() - 1) as f64;
        let stride = levels.timesteps() as f64 / steps as f64;
        let (least, largest) = (levels.least_sigma(), levels.largest_sigma());
        let of_sigma = |sigma| levels.of_sigma(sigma);
        let way = (0..steps).map(|i| share(i, steps)); // from 0 at the first step to 1 at the last
        match self {
            Self::Leading => {
                let whole = if stride.floor() < 0.9 * stride { stride } else { stride.floor() };
                (0..steps).rev().map(|i| levels.at((i as f64 * whole).floor())).collect()
            }
            Self::Trailing => (0..steps)
                .map(|i| (levels.timesteps() as f64 - i as f64 * stride).round_ties_even() - 1.0)
                .map(|timestep| levels.at(timestep))
                .collect(),
            Self::Linspace => way.map(|share| levels.at(last * (1.0 - share))).collect(),
            Self::Karras => {
                let mixed = |share| mix(largest.powf(1.0 / RHO), least.powf(1.0 / RHO), share);
                way.map(|share| of_sigma(mixed(share).powf(RHO))).collect()
            }
            Self::Exponential => {
                way.map(|share| of_sigma(mix(largest.ln(), least.ln(), share).exp())).collect()
            }
            Self::Beta => way.map(|share| levels.at(last * quantile(1.0 - share))).collect(),
        }
    }
}

/// The rho of Karras et al., table 1.
const RHO: f64 = 7.0;

fn share(index: usize, steps: usize) -> f64 {
    index as f64 / (steps - 1).max(1) as f64
}

fn mix(from: f64, to: f64, share: f64) -> f64 {
    from + share * (to - from)
}

/// Both parameters of the Beta distribution.
const SHAPE: f64 = 0.6;

/// The quantile of Beta(0.6, 0.6) at `share` in [0, 1].
fn quantile(share: f64) -> f64 {
    if share > 0.5 {
        return 1.0 - quantile(1.0 - share);
    }
    let whole = 2.0 * lower_beta(0.5); // the density is symmetric
    let (mut low, mut high) = (0.0, 0.5);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        match lower_beta(middle) < share * whole {
            true => low = middle,
            false => high = middle,
        }
    }
    (low + high) / 2.0
}

/// The incomplete Beta function B(x; 0.6, 0.6) for x in [0, 1/2], where its series converges fast:
/// x^a · sum over n of (1 - a)(2 - a)…(n - a) / n! · x^n / (a + n).
fn lower_beta(x: f64) -> f64 {
    let (mut sum, mut term) = (0.0, 1.0);
    for n in 0..60 {
        sum += term / (SHAPE + f64::from(n));
        term *= x * (f64::from(n) + 1.0 - SHAPE) / (f64::from(n) + 1.0);
    }
    x.powf(SHAPE) * sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DiffusionParams;
    use crate::schedule::NoiseSchedule;

    const ALL: [Spacing; 6] = [
        Spacing::Leading,
        Spacing::Trailing,
        Spacing::Linspace,
        Spacing::Karras,
        Spacing::Exponential,
        Spacing::Beta,
    ];

    fn levels(timesteps: usize) -> Levels {
        let params = DiffusionParams { num_timesteps: timesteps, ..Default::default() };
        Levels::new(&NoiseSchedule::new(&params))
    }

    #[test]
    fn noise_falls_at_every_step_whatever_their_number() {
        for timesteps in [2, 25, 1000] {
            let levels = levels(timesteps);
            for spacing in ALL {
                for steps in [1, 2, 7, 24, 25, 999, 1000] {
                    if steps > timesteps {
                        continue;
                    }
                    let path = spacing.levels(&levels, steps);
                    assert_eq!(path.len(), steps);
                    let falls = path.windows(2).all(|pair| pair[1].sigma() < pair[0].sigma());
                    assert!(falls, "{spacing:?}, {steps} of {timesteps}");
                    let most = (timesteps - 1) as f32;
                    assert!(path.iter().all(|level| (0.0..=most).contains(&level.timestep)));
                }
            }
        }
    }

    #[test]
    fn all_but_leading_begin_at_the_noisiest_level() {
        let levels = levels(1000);
        for spacing in &ALL[1..] {
            for steps in [1, 2, 12] {
                let first = spacing.levels(&levels, steps)[0];
                let largest = levels.largest_sigma();
                assert!((first.sigma() / largest - 1.0).abs() < 1e-9, "{spacing:?} {first:?}");
            }
        }
        let last = Spacing::Leading.levels(&levels, 12)[11];
        assert_eq!(last.timestep, 0.0);
    }

    #[test]
    fn leading_strides_are_whole_unless_much_noise_would_be_left_out() {
        let levels = levels(1000);
        let first = |steps| Spacing::Leading.levels(&levels, steps)[0].timestep;
        assert_eq!([10, 30, 50].map(first), [900.0, 957.0, 980.0]);
        for steps in [170, 334, 501, 600, 999] {
            assert!(first(steps) >= 990.0, "{steps}: {}", first(steps));
        }
    }

    #[test]
    fn quantiles_are_those_of_the_beta_distribution() {
        // Beta(0.6, 0.6) has mean 1/2 and variance 1 / (4 (2 · 0.6 + 1)).
        let count = 20_000;
        let quantiles = (0..count).map(|i| quantile((f64::from(i) + 0.5) / f64::from(count)));
        let variance = quantiles.map(|x| (x - 0.5) * (x - 0.5)).sum::<f64>() / f64::from(count);
        assert!((variance - 1.0 / 8.8).abs() < 1e-5, "{variance}");
        assert_eq!((quantile(0.0) < 1e-15, quantile(1.0) > 1.0 - 1e-15), (true, true));
        assert!((quantile(0.5) - 0.5).abs() < 1e-12);
        assert!((quantile(0.2) + quantile(0.8) - 1.0).abs() < 1e-12);
    }
}
