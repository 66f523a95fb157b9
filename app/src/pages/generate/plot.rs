//! The same generation with some of its settings running through values.

use engine::config::{Axis, GenerateSettings, Plot};
use leptos::prelude::*;

use super::desk::Desk;
use super::entry::{ChoiceField, Unless, YesField};
use crate::components::field::{Fault, Field, TextInput};
use crate::components::fold::Fold;

/// One axis: the keys of what changes and of its values, and their words.
struct Line {
    axis: &'static str,
    values: &'static str,
    title: &'static str,
    values_title: &'static str,
}

const LINES: [Line; 3] = [
    Line {
        axis: "x_axis",
        values: "x_values",
        title: "X, from column to column",
        values_title: "X values",
    },
    Line {
        axis: "y_axis",
        values: "y_values",
        title: "Y, from row to row",
        values_title: "Y values",
    },
    Line {
        axis: "z_axis",
        values: "z_values",
        title: "Z, from sheet to sheet",
        values_title: "Z values",
    },
];

const MATRIX: &str = "prompt_matrix";

/// How many pictures `settings` make, all cells of a plot together; none if a plot cannot be read.
pub fn pictures(settings: &GenerateSettings) -> Option<usize> {
    Some(Plot::count(settings)? * settings.images())
}

#[component]
pub fn PlotFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let told = Signal::derive(move || {
        let axes = LINES.map(|line| desk.fields.at(line.axis).get());
        let matrix = desk.fields.at(MATRIX).with(|on| on == "true");
        let matrix = matrix.then(|| "prompt matrix".to_owned());
        let axes = axes.into_iter().filter(|axis| axis != Axis::Nothing.name());
        let used: Vec<_> = matrix.into_iter().chain(axes).collect();
        (!used.is_empty()).then(|| used.join(" × "))
    });
    let keys = || LINES.iter().flat_map(|line| [line.axis, line.values]).chain([MATRIX]);
    let faulty = Signal::derive(move || desk.fault.is_at(keys()));
    view! {
        <Fold id="plot" title="X/Y/Z plot" told faulty>
            {LINES.map(|line| view! { <AxisFields line /> }).collect_view()}
            <p class="help">
                "Values stand between commas. For numbers, "
                <code>"1-5"</code> " is 1, 2, 3, 4, 5; " <code>"1-9 (+2)"</code> " goes in steps of 2; "
                <code>"0-1 [5]"</code> " is 5 values, evenly spaced. For Prompt, "
                <code>"0..9"</code> " is a column, row or sheet for each class from 0 to 9. For Prompt S/R the first value stands in the prompt, and the others take its place."
            </p>
            <PromptMatrix />
        </Fold>
    }
    .into_any()
}

#[component]
fn PromptMatrix() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let why = Signal::derive(move || {
        let lacks = desk.model().is_some_and(|model| model.classes.is_empty());
        lacks.then_some("This model draws without a prompt, so there is nothing to combine.")
    });
    view! {
        <Unless why>
            <YesField
                id="prompt-matrix"
                key=MATRIX
                label="Prompt matrix"
                help="Draws the prompt’s first part with the others, each with and without: three parts, with | between them, make four pictures."
            />
            <Fault id="prompt-matrix" fault=desk.fault.at(MATRIX) />
        </Unless>
    }
}

#[component]
fn AxisFields(line: Line) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let Line { axis, values, title, values_title } = line;
    let unused = move || desk.fields.at(axis).with(|axis| axis == Axis::Nothing.name());
    view! {
        <ChoiceField
            id=axis
            key=axis
            label=title
            names=Axis::ALL.iter().map(|axis| axis.name()).collect()
        />
        <div class:unused=unused>
            <Field id=values label=values_title fault=desk.fault.at(values)>
                <TextInput id=values name=values value=desk.fields.at(values) fault=desk.fault.at(values) />
            </Field>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_makes_the_pictures_of_all_its_cells() {
        let single = GenerateSettings { batch_size: 3, ..Default::default() };
        assert_eq!(pictures(&single), Some(3));
        let plot = GenerateSettings {
            x_axis: Axis::Steps,
            x_values: "1-9 (+2)".into(),
            y_axis: Axis::Seed,
            y_values: "7, 8".into(),
            ..single
        };
        assert_eq!(pictures(&plot), Some(30));
        assert_eq!(pictures(&GenerateSettings { x_values: "few".into(), ..plot }), None);
    }
}
