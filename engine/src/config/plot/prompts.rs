//! Prompts of an axis that stand for many, each then a value of its own.

use super::values::{quoted_field, values};
use super::{Axis, Plot};
use crate::config::{ConfigError, GenerateSettings, Prompt};

impl GenerateSettings {
    /// Puts a value for each class where a value of a Prompt axis is a range of them: `0..9`, or `0-9`,
    /// which is how the ranges of numbers are written. `classes` are the names the model knows. What
    /// cannot be read stays as it is.
    pub fn spread_prompts(&mut self, classes: &[String]) -> Result<(), ConfigError> {
        for (field, axis, text) in [
            ("x_values", self.x_axis, &mut self.x_values),
            ("y_values", self.y_axis, &mut self.y_values),
            ("z_values", self.z_axis, &mut self.z_values),
        ] {
            if axis == Axis::Prompt
                && let Some(wide) = spread(field, text, classes)?
            {
                *text = wide;
            }
        }
        Ok(())
    }

    /// How many prompts the prompt stands for, if there are fewer pictures, which show the first of
    /// them alone. Those of an axis or a matrix have a cell each.
    pub fn crowded_prompts(&self, classes: &[String]) -> Option<usize> {
        if self.prompt_matrix || [self.x_axis, self.y_axis, self.z_axis].contains(&Axis::Prompt) {
            return None;
        }
        let prompts = Prompt::parse(&self.prompt, classes).ok()?.len();
        (prompts > self.images()).then_some(prompts)
    }
}

/// `text` with its ranges spread; none if it has none.
fn spread(field: &str, text: &str, classes: &[String]) -> Result<Option<String>, ConfigError> {
    let Ok(values) = values(text, Axis::Prompt.kind(), Plot::MAX_CELLS) else { return Ok(None) };
    let (mut wide, count) = (Vec::new(), values.len());
    for value in values {
        match prompts(&value, classes) {
            Some(prompts) => wide.extend(prompts.iter().map(Prompt::to_string)),
            None => wide.push(value),
        }
        if wide.len() > Plot::MAX_CELLS {
            let most = Plot::MAX_CELLS;
            let message = format!("stand for more than {most} prompts; name fewer classes");
            return Err(ConfigError::one(field, message));
        }
    }
    let joined = || wide.iter().map(|value| quoted_field(value)).collect::<Vec<_>>().join(", ");
    Ok((wide.len() > count).then(joined))
}

/// The prompts that `value` stands for, if they are many.
fn prompts(value: &str, classes: &[String]) -> Option<Vec<Prompt>> {
    let read = |text: &str| Prompt::parse(text, classes).ok();
    let of_numbers = || read(&value.split_once('-').map(|(a, b)| format!("{a}..{b}"))?);
    read(value).or_else(of_numbers).filter(|prompts| prompts.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(values: &str) -> String {
        let classes = ["zero", "one", "two, or so", "4-5", "4", "5"].map(str::to_owned);
        let mut settings = GenerateSettings {
            x_axis: Axis::Prompt,
            x_values: values.into(),
            y_axis: Axis::Seed,
            y_values: "0-9".into(),
            ..Default::default()
        };
        settings.spread_prompts(&classes).unwrap();
        assert_eq!(settings.y_values, "0-9");
        settings.x_values
    }

    #[test]
    fn a_range_of_classes_is_a_value_for_each() {
        for (values, wanted) in [
            ("zero..one", "zero, one"),
            ("zero-one, 4", "zero, one, 4"),
            ("one..4-5", "one, \"two, or so\", 4-5"),
            ("\"zero..one, 4\"", "\"zero, 4\", \"one, 4\""),
            // These are as they were typed.
            ("zero,  one", "zero,  one"),
            ("4-5", "4-5"),
            ("nine..ten, 9-10", "nine..ten, 9-10"),
            ("\"open", "\"open"),
        ] {
            assert_eq!(spread(values), wanted, "{values}");
        }
    }

    #[test]
    fn prompts_for_which_there_is_no_picture_are_counted() {
        let classes: Vec<String> = (0..10).map(|class| class.to_string()).collect();
        let crowded = |prompt: &str, batch_count, x_axis| {
            let prompt = prompt.into();
            let settings = GenerateSettings {
                prompt,
                batch_count,
                batch_size: 1,
                x_axis,
                ..Default::default()
            };
            settings.crowded_prompts(&classes)
        };
        assert_eq!(crowded("0..3", 1, Axis::Nothing), Some(4));
        assert_eq!(crowded("0..3", 3, Axis::Steps), Some(4));
        assert_eq!(crowded("0..3", 4, Axis::Nothing), None);
        assert_eq!(crowded("0..3", 1, Axis::Prompt), None, "an axis takes its place");
        for prompt in ["", "0", "cat"] {
            assert_eq!(crowded(prompt, 1, Axis::Nothing), None, "{prompt}");
        }
    }

    #[test]
    fn more_than_a_plot_has_cells_is_told() {
        let classes: Vec<String> = (0..200).map(|class| class.to_string()).collect();
        let mut settings = GenerateSettings {
            y_axis: Axis::Prompt,
            y_values: "..  AND .., 5".into(),
            ..Default::default()
        };
        let error = settings.spread_prompts(&classes).unwrap_err();
        assert!(error.for_field("y_values").unwrap().contains("name fewer classes"), "{error}");
    }
}
