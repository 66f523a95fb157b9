//! A range of numbers as A1111's plots write it: `1-5`, `1-5 (+2)`, `10-5 (-3)`, `1-10 [5]`.

use crate::config::shown;

/// Numbers from `start` to `end`, both included if the steps reach the end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    start: f64,
    end: f64,
    spacing: Spacing,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Spacing {
    By(f64),
    /// Evenly spread.
    Count(usize),
}

impl Range {
    /// The range in `text`; none if it is no range, or what is wrong with it.
    pub fn read(text: &str) -> Result<Option<Self>, String> {
        let Some((start, rest)) = number(text) else { return Ok(None) };
        let Some((end, rest)) = rest.trim_start().strip_prefix('-').and_then(number) else {
            return Ok(None);
        };
        let spacing = spacing(rest.trim(), start, end).ok_or_else(|| {
            let text = shown(text);
            format!("`{text}` is no range; give one as 1-5, 1-5 (+2) or 1-9 [5]")
        })?;
        Ok(Some(Self { start, end, spacing }))
    }

    /// Its numbers as text, at most `most`; rounded, and each once, if only `whole` ones will do.
    pub fn values(&self, whole: bool, most: usize) -> Result<Vec<String>, String> {
        let count = self.count();
        if count.is_nan() || count > most as f64 {
            let (start, end) = (self.start, self.end);
            return Err(format!(
                "the range from {start} to {end} has too many values; {most} are possible"
            ));
        }
        let step = self.step();
        // Nine digits behind the point are what a person can mean; the rest is rounding.
        let grain = if whole { 1.0 } else { 1e9 };
        let at = |index: usize| (self.start + index as f64 * step) * grain;
        let mut values: Vec<String> =
            (0..count as usize).map(|index| (at(index).round() / grain).to_string()).collect();
        values.dedup();
        Ok(values)
    }

    fn step(&self) -> f64 {
        match self.spacing {
            Spacing::By(step) => step,
            Spacing::Count(count) => (self.end - self.start) / (count.max(2) - 1) as f64,
        }
    }

    fn count(&self) -> f64 {
        match self.spacing {
            // A little more than the end, so that 0.1 ten times over comes to 1.
            Spacing::By(step) => ((self.end - self.start) / step + 1e-6).floor() + 1.0,
            Spacing::Count(count) => count as f64,
        }
    }
}

/// What stands behind the end of a range: nothing, a step in round brackets or a count in square
/// ones.
fn spacing(text: &str, start: f64, end: f64) -> Option<Spacing> {
    let inside = |open, close| text.strip_prefix(open)?.strip_suffix(close).map(str::trim);
    if text.is_empty() {
        return Some(Spacing::By(if end < start { -1.0 } else { 1.0 }));
    }
    if let Some(count) = inside('[', ']') {
        return count.parse().ok().filter(|count| *count > 0).map(Spacing::Count);
    }
    let (step, rest) = number(inside('(', ')')?)?;
    let leads = step != 0.0 && (end == start || (end - start).signum() == step.signum());
    (rest.trim().is_empty() && leads).then_some(Spacing::By(step))
}

/// The number that `text` begins with, and what follows.
fn number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let length = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (number, rest) = text.split_at(text.len() - digits.len() + length);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str, whole: bool) -> String {
        Range::read(text).unwrap().unwrap().values(whole, 100).unwrap().join(" ")
    }

    #[test]
    fn ranges_are_a1111s() {
        let cases = [
            ("1-5", "1 2 3 4 5"),
            ("1 - 5 (+2)", "1 3 5"),
            ("1-6(+2)", "1 3 5"),
            ("10-5 (-3)", "10 7"),
            ("5-3", "5 4 3"),
            ("1-10 [5]", "1 3 6 8 10"),
            ("-2-1", "-2 -1 0 1"),
            ("7-7", "7"),
            ("1-3 [5]", "1 2 3"),
            ("3-9 [1]", "3"),
        ];
        for (text, wanted) in cases {
            assert_eq!(values(text, true), wanted, "{text}");
        }
        assert_eq!(values("0-1 (+0.25)", false), "0 0.25 0.5 0.75 1");
        assert_eq!(values("0-1 [5]", false), "0 0.25 0.5 0.75 1");
        assert_eq!(values("0.1-1 (+0.1)", false), "0.1 0.2 0.3 0.4 0.5 0.6 0.7 0.8 0.9 1");
    }

    #[test]
    fn single_numbers_and_words_are_no_ranges() {
        for text in ["5", "-1", "0.5", "Euler a", "DPM++ 2M", "", "1-x", "."] {
            assert_eq!(Range::read(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_never_ends_is_refused() {
        for text in ["1-5 (-1)", "1-5 (0)", "1-5 [0]", "1-5 (2", "1-5 x", "5-1 (+1)"] {
            assert!(Range::read(text).unwrap_err().contains("is no range"), "{text}");
        }
        for text in ["1-1000000000", "0-1 (+0.0000001)", "1-2 [99999999]"] {
            let error = Range::read(text).unwrap().unwrap().values(true, 400).unwrap_err();
            assert!(error.contains("400 are possible"), "{error}");
        }
    }
}
