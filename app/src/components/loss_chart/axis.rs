//! Where values stand on an axis, and which of them are labelled.

/// One axis from `low` to `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub low: f64,
    pub high: f64,
    pub logarithmic: bool,
}

impl Axis {
    /// The axis that holds all `values`; `None` if there is none to hold.
    pub fn around(values: impl Iterator<Item = f64>, logarithmic: bool) -> Option<Self> {
        let (low, high) = values
            .filter(|value| value.is_finite() && (!logarithmic || *value > 0.0))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)));
        if low > high {
            return None;
        }
        Some(if logarithmic {
            Self { low: low / 1.15, high: high * 1.15, logarithmic }
        } else {
            let margin = ((high - low) * 0.05).max(high.abs() * 0.01).max(1e-9);
            Self { low: (low - margin).max(0.0), high: high + margin, logarithmic }
        })
    }

    /// Where `value` stands: 0 at the low end, 1 at the high one.
    pub fn place(&self, value: f64) -> f64 {
        let scale = |x: f64| if self.logarithmic { x.max(f64::MIN_POSITIVE).ln() } else { x };
        let length = scale(self.high) - scale(self.low);
        if length > 0.0 { (scale(value) - scale(self.low)) / length } else { 0.5 }
    }

    /// About `wanted` round values within the axis.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.logarithmic { self.log_ticks(wanted) } else { self.even_ticks(wanted) }
    }

    fn even_ticks(&self, wanted: usize) -> Vec<f64> {
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        let first = (self.low / step).ceil() as i64;
        let last = (self.high / step).floor() as i64;
        (first..=last).map(|i| i as f64 * step).collect()
    }

    /// 1, 2 and 5 times the powers of ten, or the powers alone where there are many.
    fn log_ticks(&self, wanted: usize) -> Vec<f64> {
        let powers = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        let of = |multiples: &[f64]| -> Vec<f64> {
            powers
                .clone()
                .flat_map(|power| multiples.iter().map(move |m| m * 10f64.powi(power)))
                .filter(|tick| (self.low..=self.high).contains(tick))
                .collect()
        };
        let fine = of(&[1.0, 2.0, 5.0]);
        match fine.len() {
            0..2 => self.even_ticks(wanted),
            n if n > wanted * 2 => of(&[1.0]),
            _ => fine,
        }
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is not below `rough`.
fn round_step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.max(1e-12).log10().floor());
    let multiple = [1.0, 2.0, 5.0, 10.0].into_iter().find(|m| m * power >= rough * 0.999);
    multiple.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle() {
        let even = Axis { low: 0.0, high: 10.0, logarithmic: false };
        assert_eq!([even.place(0.0), even.place(5.0), even.place(10.0)], [0.0, 0.5, 1.0]);
        let log = Axis { low: 0.01, high: 1.0, logarithmic: true };
        assert!((log.place(0.1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn ticks_are_round_and_inside() {
        let even = Axis { low: 0.0, high: 500.0, logarithmic: false };
        assert_eq!(even.ticks(5), [0.0, 100.0, 200.0, 300.0, 400.0, 500.0]);
        let log = Axis { low: 0.03, high: 1.2, logarithmic: true };
        let ticks = log.ticks(5);
        let expected = [0.05, 0.1, 0.2, 0.5, 1.0];
        assert!(ticks.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{ticks:?}");
        let narrow = Axis { low: 0.31, high: 0.39, logarithmic: true };
        assert!(narrow.ticks(4).len() >= 3);
    }

    #[test]
    fn an_axis_holds_what_can_be_drawn() {
        assert_eq!(Axis::around([].into_iter(), false), None);
        assert_eq!(Axis::around([f64::NAN].into_iter(), false), None);
        assert_eq!(Axis::around([0.0].into_iter(), true), None);
        let axis = Axis::around([0.5, 0.1, f64::INFINITY].into_iter(), true).unwrap();
        assert!(axis.low < 0.1 && axis.high > 0.5 && axis.high < 1.0);
        let flat = Axis::around([0.2].into_iter(), false).unwrap();
        assert!((0.0..=1.0).contains(&flat.place(0.2)));
    }
}
