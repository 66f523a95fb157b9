//! A plot: the same generation with one, two or three of its settings running through values.

mod axis;
mod checkpoint;
mod matrix;
mod prompts;
mod range;
mod seeds;
mod values;

pub use axis::Axis;

use super::{ConfigError, FieldError, GenerateSettings, shown};
use checkpoint::{at_step, with_average};
use matrix::Matrix;
use values::{OFF, ON};

/// The cells of a plot: columns (x) by rows (y), on sheets (z). There is at least one of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// What all cells have in common; its axes are set to nothing.
    settings: GenerateSettings,
    lines: [Line; 3],
    /// The prompts of columns and rows, if they are those of a prompt matrix.
    matrix: Option<Matrix>,
}

/// An axis with its values.
#[derive(Clone, Debug, PartialEq)]
struct Line {
    /// The name of its values among the settings.
    field: &'static str,
    axis: Axis,
    /// One empty value where nothing changes.
    values: Vec<String>,
}

impl Plot {
    /// Cells of a plot at most: as many as batches have pictures.
    pub const MAX_CELLS: usize =
        GenerateSettings::MAX_BATCH_COUNT * GenerateSettings::MAX_BATCH_SIZE;

    /// The plot that `settings` ask for, none if all axes are [`Axis::Nothing`] and the prompt is no
    /// matrix. Every cell is checked; errors name `x_values` and so on. Whether models exist and prompts can be read is
    /// not known here.
    pub fn read(settings: &GenerateSettings) -> Result<Option<Self>, ConfigError> {
        let plot = Self::laid_out(settings)?;
        plot.as_ref().map_or(Ok(()), |plot| plot.check(|cell| cell.validate()))?;
        Ok(plot)
    }

    /// How many cells the plot has that `settings` ask for, 1 if they ask for none; nothing if its axes
    /// cannot be read. Cells may be many, and are not checked.
    pub fn count(settings: &GenerateSettings) -> Option<usize> {
        Some(Self::laid_out(settings).ok()?.map_or(1, |plot| plot.len()))
    }

    /// The plot with its axes checked, but not its cells.
    fn laid_out(settings: &GenerateSettings) -> Result<Option<Self>, ConfigError> {
        let axes = [
            ("x_values", settings.x_axis, &settings.x_values),
            ("y_values", settings.y_axis, &settings.y_values),
            ("z_values", settings.z_axis, &settings.z_values),
        ];
        if !settings.prompt_matrix && axes.iter().all(|(_, axis, _)| *axis == Axis::Nothing) {
            return Ok(None);
        }
        let matrix = read_matrix(settings)?;
        let settings = without_axes(settings);
        let [x, y, z] = axes.map(|(field, axis, text)| Line::read(field, axis, text, &settings));
        let lines = match &matrix {
            None => [x?, y?, z?],
            Some(matrix) => [
                Line::of_matrix(matrix, &matrix.columns),
                Line::of_matrix(matrix, &matrix.rows),
                z?,
            ],
        };
        let plot = Self { lines, settings, matrix };
        plot.check_axes()?;
        plot.check_count()?;
        plot.check_replaced()?;
        Ok(Some(plot))
    }

    /// What stands above each column; empty if columns differ in nothing.
    pub fn columns(&self) -> Vec<String> {
        self.lines[0].labels()
    }

    /// What stands beside each row.
    pub fn rows(&self) -> Vec<String> {
        self.lines[1].labels()
    }

    /// What stands over each sheet.
    pub fn sheets(&self) -> Vec<String> {
        self.lines[2].labels()
    }

    /// Cells in all, 1 to [`Self::MAX_CELLS`].
    #[expect(clippy::len_without_is_empty, reason = "there is always a cell")]
    pub fn len(&self) -> usize {
        self.lines.iter().map(|line| line.values.len()).product()
    }

    /// The settings of the cell in column `x` and row `y` of sheet `z`, each counted from 0 and less
    /// than there are. A seed of -1 on an axis that was not drawn is the seed of the settings.
    pub fn cell(&self, x: usize, y: usize, z: usize) -> GenerateSettings {
        let mut cell = self.settings.clone();
        let chosen = || self.lines.iter().zip([x, y, z]).map(|(line, at)| (line, &line.values[at]));
        if let Some(matrix) = &self.matrix {
            cell.prompt = matrix.prompt(x, y);
        }
        let mut chosen: Vec<_> = chosen().collect();
        chosen.sort_by_key(|(line, _)| line.axis.turn());
        for (line, value) in chosen {
            line.apply(value, &mut cell);
        }
        cell
    }

    fn check_axes(&self) -> Result<(), ConfigError> {
        for (at, line) in self.lines.iter().enumerate() {
            let taken = self.lines[..at].iter().any(|before| before.axis == line.axis);
            if taken && line.axis != Axis::Nothing {
                let message = format!("{} is on another axis already", line.axis.name());
                return Err(ConfigError::one(line.axis_field(), message));
            }
            if line.axis == Axis::DenoisingStrength && !self.settings.is_image_to_image() {
                let message = format!("{} needs a picture to begin from", line.axis.name());
                return Err(ConfigError::one(line.axis_field(), message));
            }
        }
        Ok(())
    }

    fn check_count(&self) -> Result<(), ConfigError> {
        if self.len() <= Self::MAX_CELLS {
            return Ok(());
        }
        let [x, y, z] = self.lines.each_ref().map(|line| line.values.len());
        let longest = self.lines.iter().max_by_key(|line| line.values.len());
        let message = format!(
            "{x} x {y} x {z} values make {} cells; at most {} are possible",
            self.len(),
            Self::MAX_CELLS
        );
        Err(ConfigError::one(longest.map_or("x_values", |line| line.field), message))
    }

    /// What is to be replaced must stand in the prompt of some cell.
    fn check_replaced(&self) -> Result<(), ConfigError> {
        let Some(line) = self.lines.iter().find(|line| line.replaces()) else { return Ok(()) };
        let wanted = &line.values[0];
        let other = self.lines.iter().filter(|line| line.axis == Axis::Prompt);
        let mut prompts = other
            .flat_map(|line| &line.values)
            .chain([&self.settings.prompt, &self.settings.negative_prompt]);
        if !wanted.is_empty() && prompts.any(|prompt| prompt.contains(wanted.as_str())) {
            return Ok(());
        }
        let message = format!(
            "`{}` is in neither prompt; the first value must be, to be replaced by the others",
            shown(wanted)
        );
        Err(ConfigError::one(line.field, message))
    }

    /// Whether every cell fits; errors are told of the axis that they come from.
    pub fn check(
        &self,
        mut fits: impl FnMut(GenerateSettings) -> Result<(), ConfigError>,
    ) -> Result<(), ConfigError> {
        for place @ [x, y, z] in self.places() {
            fits(self.cell(x, y, z)).map_err(|error| self.at_place(error, place))?;
        }
        Ok(())
    }

    /// Column, row and sheet of every cell: sheet by sheet, row by row.
    pub fn places(&self) -> impl Iterator<Item = [usize; 3]> {
        let [columns, rows, _] = self.lines.each_ref().map(|line| line.values.len());
        (0..self.len()).map(move |at| [at % columns, at / columns % rows, at / columns / rows])
    }

    /// `error` of the cell at `place`, told of the axis it comes from.
    fn at_place(&self, error: ConfigError, place: [usize; 3]) -> ConfigError {
        let labels = self.lines.iter().zip(place).filter(|(line, _)| line.axis != Axis::Nothing);
        let labels: Vec<_> =
            labels.map(|(line, at)| line.axis.label(&shown(&line.values[at]))).collect();
        let of = |field: &str| self.lines.iter().find(|line| line.axis.key() == Some(field));
        let told = |fault: FieldError| {
            let message = format!("at {}: {}", labels.join(", "), fault.message);
            FieldError::new(of(&fault.field).map_or(fault.field.as_str(), |l| l.field), message)
        };
        ConfigError(error.0.into_iter().map(told).collect())
    }
}

/// The matrix that `settings` ask for, whose prompts are on no other axis.
fn read_matrix(settings: &GenerateSettings) -> Result<Option<Matrix>, ConfigError> {
    if !settings.prompt_matrix {
        return Ok(None);
    }
    for (field, axis) in [("x_axis", settings.x_axis), ("y_axis", settings.y_axis)] {
        if axis != Axis::Nothing {
            let message = "columns and rows are the prompt matrix's; choose Nothing";
            return Err(ConfigError::one(field, message));
        }
    }
    if settings.z_axis == Axis::Prompt {
        return Err(ConfigError::one("z_axis", "the prompt is a matrix already"));
    }
    Matrix::read(&settings.prompt).map(Some)
}

impl Line {
    /// Values that are only shown: the matrix itself knows the prompts.
    fn of_matrix(matrix: &Matrix, parts: &[Vec<String>]) -> Self {
        let values = parts.iter().map(|parts| matrix.label(parts)).collect();
        Self { field: "prompt", axis: Axis::Nothing, values }
    }

    /// Reads the values, each as its setting shows it.
    fn read(
        field: &'static str,
        axis: Axis,
        text: &str,
        settings: &GenerateSettings,
    ) -> Result<Self, ConfigError> {
        let Some(key) = axis.key() else {
            return Ok(Self { field, axis, values: vec![String::new()] });
        };
        let fault = |message| ConfigError::one(field, message);
        let values = values::values(text, axis.kind(), Plot::MAX_CELLS).map_err(fault)?;
        let read = |value: String| {
            let value = if axis == Axis::Ema { values::switch(value) } else { value };
            if axis == Axis::Ema && ![ON, OFF].contains(&value.as_str()) {
                return Err(fault(format!("`{}` is neither {ON} nor {OFF}", shown(&value))));
            }
            let mut settings = settings.clone();
            settings.set(key, &value).map_err(|error| {
                ConfigError(
                    error.0.into_iter().map(|e| FieldError::new(field, e.message)).collect(),
                )
            })?;
            Ok(settings.get(key).unwrap_or(value))
        };
        Ok(Self { field, axis, values: values.into_iter().map(read).collect::<Result<_, _>>()? })
    }

    fn labels(&self) -> Vec<String> {
        self.values.iter().map(|value| self.axis.label(value)).collect()
    }

    /// Gives a cell its value.
    fn apply(&self, value: &str, cell: &mut GenerateSettings) {
        match self.axis {
            Axis::PromptSearchReplace => {
                cell.prompt = cell.prompt.replace(&self.values[0], value);
                cell.negative_prompt = cell.negative_prompt.replace(&self.values[0], value);
            }
            Axis::CheckpointStep => cell.model = at_step(&cell.model, value),
            Axis::Ema => cell.model = with_average(&cell.model, value == ON),
            axis => axis.apply(value, cell).expect("every value was read before"),
        }
    }

    fn replaces(&self) -> bool {
        self.axis == Axis::PromptSearchReplace
    }

    /// The name of the axis itself among the settings.
    fn axis_field(&self) -> &'static str {
        match self.field {
            "x_values" => "x_axis",
            "y_values" => "y_axis",
            _ => "z_axis",
        }
    }
}

impl Axis {
    /// Gives a cell its value.
    fn apply(self, value: &str, cell: &mut GenerateSettings) -> Result<(), ConfigError> {
        let drawn = matches!(self, Self::Seed | Self::VariationSeed) && value == "-1";
        match self.key() {
            Some(key) if !drawn => cell.set(key, value),
            _ => Ok(()),
        }
    }
}

fn without_axes(settings: &GenerateSettings) -> GenerateSettings {
    let mut settings = GenerateSettings { prompt_matrix: false, ..settings.clone() };
    for (axis, values) in [
        (&mut settings.x_axis, &mut settings.x_values),
        (&mut settings.y_axis, &mut settings.y_values),
        (&mut settings.z_axis, &mut settings.z_values),
    ] {
        *axis = Axis::Nothing;
        values.clear();
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SamplerKind, ScheduleKind};

    /// Settings with an axis x, and with a y.
    fn settings(x: (Axis, &str), y: (Axis, &str)) -> GenerateSettings {
        GenerateSettings {
            prompt: "a cat".into(),
            negative_prompt: "no cat food".into(),
            seed: 77,
            x_axis: x.0,
            x_values: x.1.into(),
            y_axis: y.0,
            y_values: y.1.into(),
            ..Default::default()
        }
    }

    const NOTHING: (Axis, &str) = (Axis::Nothing, "left over");

    fn plot(x: (Axis, &str), y: (Axis, &str)) -> Plot {
        Plot::read(&settings(x, y)).unwrap().unwrap()
    }

    fn told(x: (Axis, &str), y: (Axis, &str)) -> String {
        Plot::read(&settings(x, y)).unwrap_err().to_string()
    }

    #[test]
    fn without_axes_there_is_no_plot() {
        assert_eq!(Plot::read(&settings(NOTHING, NOTHING)), Ok(None));
        assert_eq!(Plot::count(&settings(NOTHING, NOTHING)), Some(1));
    }

    #[test]
    fn cells_are_columns_by_rows_with_their_own_settings() {
        let plot = plot((Axis::Steps, "10-30 (+10)"), (Axis::Sampler, "Euler a, ddim"));
        assert_eq!(plot.len(), 6);
        let asked = |steps| settings((Axis::Steps, steps), (Axis::Sampler, "Euler a, ddim"));
        assert_eq!(Plot::count(&asked("10-30 (+10)")), Some(6));
        assert_eq!(Plot::count(&asked("ten")), None);
        assert_eq!(plot.columns(), ["Steps: 10", "Steps: 20", "Steps: 30"]);
        assert_eq!(plot.rows(), ["Sampler: Euler a", "Sampler: DDIM"]);
        assert_eq!(plot.sheets(), [""]);
        let cell = plot.cell(2, 1, 0);
        assert_eq!((cell.steps, cell.sampler, cell.seed), (30, SamplerKind::Ddim, 77));
        assert_eq!(Plot::read(&cell), Ok(None));
        assert!(cell.x_values.is_empty() && cell.y_values.is_empty());
    }

    #[test]
    fn a_prompt_matrix_fills_columns_and_rows() {
        let asked = GenerateSettings {
            prompt: "cat | hat | scarf".into(),
            prompt_matrix: true,
            z_axis: Axis::Steps,
            z_values: "5, 9".into(),
            ..settings(NOTHING, NOTHING)
        };
        let plot = Plot::read(&asked).unwrap().unwrap();
        assert_eq!(
            (plot.columns(), plot.rows()),
            (words(["cat", "+ hat"]), words(["cat", "+ scarf"]))
        );
        let cell = plot.cell(1, 1, 1);
        assert_eq!((cell.prompt.as_str(), cell.steps), ("cat AND hat AND scarf", 9));
        assert!(!cell.prompt_matrix);
        let clash = GenerateSettings { x_axis: Axis::Seed, x_values: "1".into(), ..asked.clone() };
        assert!(Plot::read(&clash).unwrap_err().for_field("x_axis").is_some());
        let many =
            GenerateSettings { prompt: "a|".repeat(13) + "b", z_values: "1-4".into(), ..asked };
        assert!(Plot::read(&many).unwrap_err().for_field("prompt").is_some());
    }

    fn words<const N: usize>(words: [&str; N]) -> Vec<String> {
        words.map(str::to_owned).to_vec()
    }

    #[test]
    fn three_axes_fill_sheets() {
        let settings = GenerateSettings {
            z_axis: Axis::Eta,
            z_values: "0-1 [3]".into(),
            ..settings((Axis::Seed, "-1, 5"), (Axis::CfgScale, "1, 7.5"))
        };
        let plot = Plot::read(&settings).unwrap().unwrap();
        assert_eq!(
            (plot.len(), plot.sheets()),
            (12, vec!["Eta: 0".into(), "Eta: 0.5".into(), "Eta: 1".into()])
        );
        let cell = plot.cell(0, 1, 2);
        assert_eq!((cell.seed, cell.cfg_scale, cell.eta), (77, 7.5, 1.0));
        assert_eq!(plot.cell(1, 0, 0).seed, 5);
    }

    #[test]
    fn words_are_replaced_in_both_prompts_and_after_the_prompt_is_chosen() {
        let search = (Axis::PromptSearchReplace, "cat, dog");
        let replaced = plot(search, NOTHING).cell(1, 0, 0);
        assert_eq!(
            (replaced.prompt.as_str(), replaced.negative_prompt.as_str()),
            ("a dog", "no dog food")
        );
        let both = plot(search, (Axis::Prompt, "\"cat, sitting\", wall"));
        assert_eq!(both.rows(), ["cat, sitting", "wall"]);
        assert_eq!(both.cell(1, 0, 0).prompt, "dog, sitting");
        assert_eq!(both.cell(1, 1, 0).prompt, "wall");
        let missing = told((Axis::PromptSearchReplace, "cow, dog"), NOTHING);
        assert!(missing.starts_with("x_values: `cow` is in neither prompt"), "{missing}");
    }

    #[test]
    fn checkpoints_and_their_averages_run_along_axes() {
        let steps = (Axis::CheckpointStep, "200, best");
        let cells = plot(steps, (Axis::Ema, "on, off"));
        assert_eq!(cells.columns(), ["Checkpoint step: 200", "Checkpoint step: best"]);
        assert_eq!(cells.rows(), ["EMA: on", "EMA: off"]);
        let of = |model: &str| GenerateSettings { model: model.into(), ..settings(steps, NOTHING) };
        let names = |settings: &GenerateSettings| {
            let plot = Plot::read(settings).unwrap().unwrap();
            let cells = plot.places().map(|[x, y, z]| plot.cell(x, y, z).model);
            cells.collect::<Vec<_>>()
        };
        assert_eq!(names(&of("leaves")), ["leaves@200", "leaves@best"]);
        assert_eq!(names(&of("leaves@100+raw")), ["leaves@200+raw", "leaves@best+raw"]);
        let ema = |model: &str| GenerateSettings {
            x_axis: Axis::Ema,
            x_values: "on, off".into(),
            ..of(model)
        };
        assert_eq!(names(&ema("leaves")), ["leaves", "leaves@last+raw"]);
        assert_eq!(names(&ema("leaves@9+raw")), ["leaves@9", "leaves@9+raw"]);
        let said = GenerateSettings { x_values: "True, False".into(), ..ema("leaves") };
        assert_eq!(names(&said), names(&ema("leaves")));
        // The model is chosen first, whichever axis it is on.
        let both =
            GenerateSettings { y_axis: Axis::Model, y_values: "oaks".into(), ..of("leaves") };
        assert_eq!(names(&both), ["oaks@200", "oaks@best"]);
        assert_eq!(told((Axis::Ema, "maybe"), NOTHING), "x_values: `maybe` is neither on nor off");
    }

    #[test]
    fn every_fault_names_its_axis() {
        assert_eq!(told((Axis::Steps, "ten"), NOTHING), "x_values: `ten` is not a whole number");
        let range = told(NOTHING, (Axis::Steps, "0, 5"));
        assert_eq!(
            range,
            "y_values: at Steps: 0: 0 is out of range; give 1 to the model's timesteps"
        );
        let name = told((Axis::Sampler, "Oiler"), NOTHING);
        assert!(name.starts_with("x_values: there is no `Oiler`; nearest are Euler"), "{name}");
        let twice = told((Axis::Steps, "1"), (Axis::Steps, "2"));
        assert_eq!(twice, "y_axis: Steps is on another axis already");
        let picture = told((Axis::DenoisingStrength, "0.5"), NOTHING);
        assert_eq!(picture, "x_axis: Denoising needs a picture to begin from");
        let many = told((Axis::Seed, "1-700"), (Axis::Steps, "1-41"));
        let words = "x_values: 700 x 41 x 1 values make 28700 cells; at most 25600 are possible";
        assert_eq!(many, words);
    }

    #[test]
    fn values_must_go_together_in_every_cell() {
        let clash = told((Axis::Sampler, "DDIM, PLMS"), (Axis::Schedule, "Uniform, Karras"));
        assert!(
            clash.starts_with("y_values: at Sampler: PLMS, Schedule type: Karras: PLMS needs even"),
            "{clash}"
        );
        // The settings themselves need not be possible, where an axis replaces what clashes.
        let karras = GenerateSettings {
            schedule: ScheduleKind::Karras,
            ..settings((Axis::Sampler, "PLMS"), (Axis::Schedule, "Uniform"))
        };
        assert!(Plot::read(&karras).is_ok());
    }
}
