//! Seeds that nobody chose.

use super::Axis;
use super::values::values;
use crate::config::field_text::FieldText;
use crate::config::{GenerateSettings, Plot};

/// What stands for a seed that is to be drawn.
const DRAWN: i64 = -1;

impl GenerateSettings {
    /// Puts a seed of `draw` in the place of every -1: of both seeds, and of those on axes, each of
    /// which is another, as A1111 has it. So a column has one seed, and its pictures tell it.
    pub fn draw_seeds(&mut self, mut draw: impl FnMut() -> i64) {
        for seed in [&mut self.seed, &mut self.subseed] {
            if *seed == DRAWN {
                *seed = draw();
            }
        }
        for (axis, text) in [
            (self.x_axis, &mut self.x_values),
            (self.y_axis, &mut self.y_values),
            (self.z_axis, &mut self.z_values),
        ] {
            let is_seed = matches!(axis, Axis::Seed | Axis::VariationSeed);
            if let Some(drawn) = is_seed.then(|| drawn(text, &mut draw)).flatten() {
                *text = drawn;
            }
        }
    }
}

/// The values in `text` with a seed for every -1; nothing if there is none.
fn drawn(text: &str, mut draw: impl FnMut() -> i64) -> Option<String> {
    let is_drawn = |value: &String| i64::read(value) == Ok(DRAWN);
    let mut values = values(text, Axis::Seed.kind(), Plot::MAX_CELLS).ok()?;
    values.iter().any(is_drawn).then(|| {
        for value in values.iter_mut().filter(|value| is_drawn(value)) {
            *value = draw().to_string();
        }
        values.join(", ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_seed_that_nobody_chose_is_drawn_by_itself() {
        let mut settings = GenerateSettings {
            subseed: 9,
            x_axis: Axis::Seed,
            x_values: "-1, 5, -1".into(),
            y_axis: Axis::VariationSeed,
            y_values: "-1-1".into(),
            z_axis: Axis::Steps,
            z_values: "1-3".into(),
            ..Default::default()
        };
        let mut next = 100;
        settings.draw_seeds(|| {
            next += 1;
            next
        });
        assert_eq!((settings.seed, settings.subseed), (101, 9));
        assert_eq!(settings.x_values, "102, 5, 103");
        assert_eq!((settings.y_values.as_str(), settings.z_values.as_str()), ("104, 0, 1", "1-3"));
        let plot = Plot::read(&settings).unwrap().unwrap();
        let seeds = |x, y| (plot.cell(x, y, 0).seed, plot.cell(x, y, 2).subseed);
        assert_eq!([seeds(0, 0), seeds(0, 2), seeds(2, 0)], [(102, 104), (102, 1), (103, 104)]);
        let chosen = settings.clone();
        settings.draw_seeds(|| unreachable!("all are drawn"));
        assert_eq!(settings, chosen);
    }
}
