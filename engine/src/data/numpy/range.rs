//! What numbers stand for black and for white.

use super::header::Kind;
use crate::data::Told;

/// Rounding may leave numbers a little outside.
const SLACK: f64 = 1e-3;

/// The smallest and the largest number of an array.
#[derive(Clone, Copy, Debug)]
pub struct Extremes {
    pub low: f64,
    pub high: f64,
    /// Whether one is no number or infinite.
    pub broken: bool,
}

impl Default for Extremes {
    fn default() -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY, broken: false }
    }
}

impl Extremes {
    pub fn add(&mut self, number: f64) {
        self.low = self.low.min(number);
        self.high = self.high.max(number);
        self.broken |= !number.is_finite();
    }
}

/// How numbers become bytes: `byte = number * scale + offset`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    scale: f64,
    offset: f64,
}

impl Scale {
    /// Whole numbers are 0 to 255. Of floating-point numbers the whole array decides: all within 0
    /// to 1 are 0 to 1, else all within -1 to 1 are -1 to 1, else all within 0 to 255 are 0 to 255.
    pub fn of(kind: Kind, found: Extremes) -> Told<Self> {
        let Extremes { low, high, broken } = found;
        let within = |from: f64, to: f64| low >= from - SLACK && high <= to + SLACK;
        let is_float = kind == Kind::Float;
        let (scale, offset) = match () {
            () if broken => return Err("holds pixels that are infinite or no number".into()),
            () if is_float && within(0.0, 1.0) => (255.0, 0.0),
            () if is_float && within(-1.0, 1.0) => (127.5, 127.5),
            () if within(0.0, 255.0) => (1.0, 0.0),
            () => {
                let message = format!(
                    "goes from {low} to {high}: expected pixels within 0 to 255, or as floating \
                     point within 0 to 1 or -1 to 1"
                );
                return Err(message);
            }
        };
        Ok(Self { scale, offset })
    }

    pub fn byte(&self, number: f64) -> u8 {
        (number * self.scale + self.offset).round().clamp(0.0, 255.0) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: Kind, numbers: &[f64], bytes: &[u8]) {
        let mut found = Extremes::default();
        numbers.iter().for_each(|&number| found.add(number));
        let scale = Scale::of(kind, found).unwrap();
        assert_eq!(numbers.iter().map(|&n| scale.byte(n)).collect::<Vec<_>>(), bytes);
    }

    #[test]
    fn the_range_of_all_numbers_decides() {
        check(Kind::Float, &[0.0, 0.5, 1.0], &[0, 128, 255]);
        check(Kind::Float, &[-1.0, 0.0, 1.00001], &[0, 128, 255]);
        check(Kind::Float, &[0.0, 1.0, 200.4], &[0, 1, 200]);
        check(Kind::Signed, &[0.0, 1.0], &[0, 1]);
    }

    #[test]
    fn what_fits_no_range_is_told_with_its_ends() {
        let told = |low, high, broken| Scale::of(Kind::Float, Extremes { low, high, broken });
        assert!(told(-3.0, 2.5, false).unwrap_err().contains("from -3 to 2.5"));
        assert!(told(0.0, 1.0, true).unwrap_err().contains("infinite"));
    }
}
