//! The order a person expects of names: `img2` before `img10`.

use std::cmp::Ordering;

/// Compares runs of digits as numbers and everything else as text. Names that are equal but for
/// leading zeros fall back to plain order, so that the order is total.
pub fn compare(left: &str, right: &str) -> Ordering {
    compare_runs(left, right).then_with(|| left.cmp(right))
}

fn compare_runs(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() && !right.is_empty() {
        let (left_run, left_rest) = split_run(left);
        let (right_run, right_rest) = split_run(right);
        let order = match (is_number(left_run), is_number(right_run)) {
            (true, true) => compare_numbers(left_run, right_run),
            _ => left_run.cmp(right_run),
        };
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.len().cmp(&right.len())
}

/// The digits, or the text without digits, that `text` begins with.
fn split_run(text: &str) -> (&str, &str) {
    let number = is_number(text);
    let end = text.find(|c: char| c.is_ascii_digit() != number).unwrap_or(text.len());
    text.split_at(end)
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Numbers of any length: the longer is the larger once leading zeros are off.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_as_numbers() {
        let mut names = ["b1", "a10", "a2", "a", "a02", "A1", "10", "9", "a2b"];
        names.sort_by(|left, right| compare(left, right));
        assert_eq!(names, ["9", "10", "A1", "a", "a02", "a2", "a2b", "a10", "b1"]);
    }
}
