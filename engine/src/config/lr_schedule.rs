//! How the learning rate goes over the steps of a run.

/// What `train_params.lr_schedule` says.
#[derive(Clone, Debug, PartialEq)]
pub enum LrSchedule {
    /// `lr` throughout.
    Constant,
    /// From `lr` down to a hundredth of it, by the same amount each step.
    Linear,
    /// From `lr` down to a hundredth of it, along a half cosine.
    Cosine,
    /// Rates, each with the last step it holds for; the last one holds to the end.
    Steps(Vec<(f64, Option<u64>)>),
}

/// What is left of the rate at the end of a falling schedule.
const REST: f64 = 0.01;

impl LrSchedule {
    /// Reads `constant`, `linear`, `cosine`, or rates with steps as A1111 writes them:
    /// `0.001:100, 1e-5:1000` is 0.001 up to step 100, then 1e-5 up to step 1000 and beyond.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "constant" => Ok(Self::Constant),
            "linear" => Ok(Self::Linear),
            "cosine" => Ok(Self::Cosine),
            steps => Self::steps(steps).ok_or_else(|| {
                format!(
                    "`{text}` will not do; give constant, linear, cosine, or rates with the last \
                     step of each, as in 0.001:100, 1e-5:1000"
                )
            }),
        }
    }

    fn steps(text: &str) -> Option<Self> {
        let rates = text.split(',').map(rate_until).collect::<Option<Vec<_>>>()?;
        let ends = || rates.iter().map(|(_, until)| until.unwrap_or(u64::MAX));
        let grow = ends().zip(ends().skip(1)).all(|(before, after)| before < after);
        grow.then_some(Self::Steps(rates))
    }

    /// The rate at `step` (from 1) of `total`, after `warmup` steps in which it grew to `lr`.
    pub fn rate(&self, lr: f64, step: u64, warmup: u64, total: u64) -> f64 {
        let done = step.saturating_sub(warmup) as f64 / total.saturating_sub(warmup).max(1) as f64;
        let done = done.min(1.0);
        match self {
            Self::Constant => lr,
            Self::Linear => lr * (1.0 - (1.0 - REST) * done),
            Self::Cosine => {
                let left = 0.5 * (1.0 + (std::f64::consts::PI * done).cos());
                lr * (REST + (1.0 - REST) * left)
            }
            Self::Steps(rates) => {
                let holds =
                    |(_, until): &&(f64, Option<u64>)| until.is_none_or(|last| step <= last);
                rates.iter().find(holds).or(rates.last()).map_or(lr, |(rate, _)| *rate)
            }
        }
    }
}

/// `0.001:100`, or `0.001` or `0.001:-1`, which hold to the end.
fn rate_until(text: &str) -> Option<(f64, Option<u64>)> {
    let (rate, until) = match text.split_once(':') {
        Some((rate, until)) => (rate, until.trim()),
        None => (text, "-1"),
    };
    let rate = rate.trim().parse().ok().filter(|rate| (1e-12..=1.0).contains(rate))?;
    let until = match until {
        "-1" => None,
        step => Some(step.parse().ok()?),
    };
    Some((rate, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_with_steps_are_read_as_a1111_does() {
        let schedule = LrSchedule::parse("0.001:100, 1e-4:1000, 1e-5").unwrap();
        let at = |step| schedule.rate(0.5, step, 0, 5000);
        assert_eq!([at(1), at(100), at(101), at(1000), at(1001)], [1e-3, 1e-3, 1e-4, 1e-4, 1e-5]);
        let ended = LrSchedule::parse("0.01:10").unwrap();
        assert_eq!(ended.rate(0.5, 11, 0, 5000), 0.01);
        for bad in ["", "fast", "0.1:x", "0.1:5, 0.2:5", "0.1, 0.2:5", "-1:5", "2:5", "0.1:5,"] {
            assert!(LrSchedule::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn falling_schedules_end_at_a_hundredth() {
        for (name, middle) in [("linear", 0.505), ("cosine", 0.505)] {
            let schedule = LrSchedule::parse(name).unwrap();
            assert!((schedule.rate(1.0, 60, 10, 110) - middle).abs() < 1e-9);
            assert!((schedule.rate(1.0, 110, 10, 110) - 0.01).abs() < 1e-9);
        }
        assert_eq!(LrSchedule::parse("Constant").unwrap().rate(1.0, 60, 10, 110), 1.0);
    }
}
