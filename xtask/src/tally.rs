//! Counting tests from what the test programs print.

use std::ops::AddAssign;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u32,
    pub failed: u32,
}

impl Tally {
    /// A check that is one test by itself.
    pub fn one(passed: bool) -> Self {
        Self { passed: u32::from(passed), failed: u32::from(!passed) }
    }

    /// Adds up the closing lines of nextest, libtest, Playwright and Python's unittest in `output`.
    pub fn of(output: &str) -> Self {
        let mut tally = Self::default();
        for line in output.lines() {
            let line = without_colours(line);
            tally += of_line(&line);
            // Python counts all, and those that failed or were left out on a line of their own.
            let (failed, skipped) = unittest_faults(&line);
            tally.passed = tally.passed.saturating_sub(failed + skipped);
            tally.failed += failed;
        }
        tally
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

fn of_line(line: &str) -> Tally {
    let line = line.trim();
    let is_summary = line.starts_with("Summary [") || line.starts_with("test result:");
    if is_summary {
        return Tally {
            passed: number_before(line, " passed"),
            failed: number_before(line, " failed") + number_before(line, " timed out"),
        };
    }
    match line.strip_prefix("Ran ") {
        Some(rest) => Tally { passed: number_before(rest, " test"), failed: 0 },
        None => playwright(line),
    }
}

/// How many failed and were left out: `FAILED (failures=1, errors=2)`, `OK (skipped=1)`.
fn unittest_faults(line: &str) -> (u32, u32) {
    let line = line.trim();
    let faults = line.strip_prefix("FAILED (").or_else(|| line.strip_prefix("OK ("));
    let faults = faults.unwrap_or_default().trim_end_matches(')');
    let (mut failed, mut skipped) = (0, 0);
    for (kind, count) in faults.split(", ").filter_map(|part| part.split_once('=')) {
        let count = count.parse().unwrap_or(0);
        match kind {
            "failures" | "errors" => failed += count,
            "skipped" => skipped += count,
            _ => {}
        }
    }
    (failed, skipped)
}

/// Playwright ends with one line for each outcome: `12 passed (1.2m)`, `1 failed`, `1 flaky`.
fn playwright(line: &str) -> Tally {
    let mut words = line.split(' ');
    let number = words.next().and_then(|word| word.parse().ok());
    match (number, words.next(), words.next()) {
        (Some(passed), Some("passed"), Some(time)) if time.starts_with('(') => {
            Tally { passed, failed: 0 }
        }
        // A test that passes at the second try only is a test to mend.
        (Some(failed), Some("failed" | "flaky" | "interrupted"), None) => {
            Tally { passed: 0, failed }
        }
        _ => Tally::default(),
    }
}

fn number_before(line: &str, word: &str) -> u32 {
    let Some(end) = line.find(word) else { return 0 };
    let digits = line[..end].rsplit(|c: char| !c.is_ascii_digit()).next();
    digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// Drops the escape sequences with which terminals colour text.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut parts = line.split("\u{1b}[");
    plain += parts.next().unwrap_or_default();
    for part in parts {
        plain += part.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, text)| text);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_tells_runs_and_failures_apart() {
        let well = "test_a ... ok\n\nRan 5 tests in 3.1s\n\nOK";
        assert_eq!(Tally::of(well), Tally { passed: 5, failed: 0 });
        let ill = "Ran 5 tests in 3.1s\n\nFAILED (failures=1, errors=2, skipped=1)";
        assert_eq!(Tally::of(ill), Tally { passed: 1, failed: 3 });
        let partly = "Ran 5 tests in 3.1s\n\nOK (skipped=1)";
        assert_eq!(Tally::of(partly), Tally { passed: 4, failed: 0 });
    }

    fn check(output: &str, passed: u32, failed: u32) {
        assert_eq!(Tally::of(output), Tally { passed, failed }, "{output}");
    }

    #[test]
    fn nextest_is_counted() {
        check("     Summary [   0.126s] 9 tests run: 9 passed, 0 skipped", 9, 0);
        check("     Summary [ 1.1s] 9 tests run: 5 passed (1 slow), 3 failed, 1 timed out", 5, 4);
    }

    #[test]
    fn every_libtest_binary_is_counted() {
        let ok = "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; finished in 0.0s\n";
        check(&format!("{ok}{ok}test result: FAILED. 1 passed; 2 failed; 0 ignored"), 7, 2);
    }

    #[test]
    fn playwright_is_counted() {
        check("  1 failed\n    [chromium] › generate.spec.ts:3:1\n  12 passed (1.2m)", 12, 1);
        check("  1 flaky\n  2 passed (3s)", 2, 1);
    }

    #[test]
    fn colours_do_not_matter() {
        check("\u{1b}[32m  12 passed\u{1b}[39m\u{1b}[2m (1.2m)\u{1b}[22m", 12, 0);
    }

    #[test]
    fn other_lines_are_not_counted() {
        check("3 passed the door\ncase 7 failed to load a file\n42", 0, 0);
    }
}
