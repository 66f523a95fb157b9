//! A prompt matrix: parts of a prompt, with `|` between them, in all combinations.

use super::Plot;
use crate::config::{ConfigError, FieldError};

/// Parts that come and go at most: each doubles the number of cells.
const MOST_PARTS: usize = Plot::MAX_CELLS.ilog2() as usize;

/// The prompts of columns and rows; each is added to the first part. The parts in the middle of the
/// prompt go across first.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    /// What every prompt begins with.
    pub first: String,
    /// What each column adds, and each row: some of the parts, in their order.
    pub columns: Vec<Vec<String>>,
    pub rows: Vec<Vec<String>>,
}

impl Matrix {
    /// Reads `prompt`; errors name `prompt`.
    pub fn read(prompt: &str) -> Result<Self, ConfigError> {
        let mut parts = prompt.split('|').map(|part| part.trim().to_owned());
        let first = parts.next().unwrap_or_default();
        let parts: Vec<String> = parts.collect();
        let fault = |message: String| ConfigError(vec![FieldError::new("prompt", message)]);
        if parts.is_empty() || parts.iter().any(String::is_empty) {
            let message = "a matrix needs parts with | between them, as in `one class | another`";
            return Err(fault(message.into()));
        }
        if parts.len() > MOST_PARTS {
            let message = format!(
                "{} parts make {} prompts; give at most {MOST_PARTS} after the first",
                parts.len(),
                1u128 << parts.len().min(100)
            );
            return Err(fault(message));
        }
        let (across, down) = parts.split_at(parts.len().div_ceil(2));
        Ok(Self { first, columns: subsets(across), rows: subsets(down) })
    }

    /// The prompt of the cell in column `x` and row `y`.
    pub fn prompt(&self, x: usize, y: usize) -> String {
        let parts = [&self.first].into_iter().chain(&self.columns[x]).chain(&self.rows[y]);
        let parts: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
        parts.join(" AND ")
    }

    /// What stands above column or beside row with these parts.
    pub fn label(&self, parts: &[String]) -> String {
        if parts.is_empty() { self.first.clone() } else { format!("+ {}", parts.join(" + ")) }
    }
}

/// All of them, none first: bit `i` of the place says whether part `i` is in.
fn subsets(parts: &[String]) -> Vec<Vec<String>> {
    let chosen = |place: usize| {
        let kept = parts.iter().enumerate().filter(|(bit, _)| place >> bit & 1 == 1);
        kept.map(|(_, part)| part.clone()).collect()
    };
    (0..1 << parts.len()).map(chosen).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_in_all_combinations() {
        let matrix = Matrix::read("seven | one | two | (three:0.5)").unwrap();
        assert_eq!((matrix.columns.len(), matrix.rows.len()), (4, 2));
        assert_eq!(matrix.prompt(0, 0), "seven");
        assert_eq!(matrix.prompt(3, 1), "seven AND one AND two AND (three:0.5)");
        assert_eq!(matrix.label(&matrix.columns[3]), "+ one + two");
        assert_eq!(matrix.label(&matrix.rows[0]), "seven");
        assert_eq!(Matrix::read("| one").unwrap().prompt(1, 0), "one");
    }

    #[test]
    fn what_is_no_matrix_is_told() {
        for prompt in ["seven", "", "seven | | two"] {
            let error = Matrix::read(prompt).unwrap_err();
            assert!(error.for_field("prompt").unwrap().contains("with | between"), "{prompt}");
        }
        let many = "a|".repeat(15) + "b";
        let told = Matrix::read(&many).unwrap_err();
        assert!(told.for_field("prompt").unwrap().contains("at most 14"));
    }
}
