//! How good a model's pictures are, in numbers.

use engine::config::SAMPLERS;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;

use crate::api::{
    CLASSIFIER, EvaluateForm, EvaluationView, Figures, GenerateForm, JobState, JobSummary, Status,
    evaluate, form_fault,
};
use crate::components::field::{Choice, Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::job_list::JobList;
use crate::components::notice::Alert;
use crate::live::Live;
use crate::words;

const FIELDS: [&str; 8] =
    ["model", "dataset", "judge", "features", "count", "steps", "sampler", "seed"];

/// What the form holds, whatever becomes of the lists in it.
#[derive(Clone, Copy)]
pub struct Typed {
    /// In the order of [`FIELDS`].
    values: [RwSignal<String>; 8],
    fault: FormFault,
    busy: RwSignal<bool>,
}

impl Typed {
    /// The form as it is at first, for the model that the address names.
    pub fn new(query: &ParamsMap) -> Self {
        let EvaluateForm { dataset, judge, features, count, steps, sampler, seed, .. } =
            Default::default();
        let model = query.get("name").unwrap_or_default();
        Self {
            values: [model, dataset, judge, features, count, steps, sampler, seed]
                .map(RwSignal::new),
            fault: FormFault::new(form_fault(query, "evaluate")),
            busy: RwSignal::new(false),
        }
    }

    fn form(self) -> EvaluateForm {
        let values = self.values.map(|value| value.get_untracked());
        let [model, dataset, judge, features, count, steps, sampler, seed] = values;
        EvaluateForm { model, dataset, judge, features, count, steps, sampler, seed }
    }
}

#[component]
pub fn EvaluateFields(typed: Typed, names: Vec<String>, sets: Vec<String>) -> impl IntoView {
    let live = expect_context::<Live>();
    let Typed { values: [model, ..], fault, busy } = typed;
    if !names.contains(&model.get_untracked()) {
        model.set(names.first().cloned().unwrap_or_default());
    }
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        spawn_local(async move {
            match evaluate(typed.form()).await {
                Ok(_) => {
                    fault.clear();
                    live.library.update(|changes| *changes += 1);
                }
                Err(error) => fault.set(error),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="controls" action="/fn/evaluate" method="post" aria-label="Evaluate" novalidate on:submit=submit>
            <h2>"Evaluate"</h2>
            <p class="help">"Draws pictures and compares them with as many images."</p>
            <Fields typed names sets />
            <Alert messages=fault.beside(FIELDS) />
            <div class="actions">
                <button class="primary" disabled=move || busy.get()>"Evaluate"</button>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Fields(typed: Typed, names: Vec<String>, sets: Vec<String>) -> impl IntoView {
    let Typed { values, fault, .. } = typed;
    let choose = move |place: usize, id, label, options: Vec<(String, String)>| {
        let (name, value) = (FIELDS[place], values[place]);
        view! {
            <Field id label fault=fault.at(name)>
                <Choice id name value options=Signal::stored(options) fault=fault.at(name) />
            </Field>
        }
    };
    let number = move |place: usize, id, label| {
        let (name, value) = (FIELDS[place], values[place]);
        view! {
            <Field id label fault=fault.at(name)>
                <TextInput id name value kind="number" fault=fault.at(name) />
            </Field>
        }
    };
    let samplers = SAMPLERS.iter().map(|info| info.name.to_owned()).collect();
    view! {
        {choose(0, "evaluate-model", "Model to evaluate", options(None, names.clone()))}
        <Field
            id="evaluate-dataset"
            label="Compare with"
            help="Of its own data set: the images that the run held out, where it held out as many as asked for, or 50."
            fault=fault.at("dataset")
        >
            <Choice
                id="evaluate-dataset"
                name="dataset"
                value=values[1]
                options=Signal::stored(options(Some("its own data set"), sets))
                fault=fault.at("dataset")
            />
        </Field>
        <Field
            id="evaluate-judge"
            label="Judge"
            help="Figures can be compared only by the same judge. A classifier learns the classes of the data set once and is kept."
            fault=fault.at("judge")
        >
            <Choice
                id="evaluate-judge"
                name="judge"
                value=values[2]
                options=Signal::stored(judges(names))
                fault=fault.at("judge")
            />
        </Field>
        <Field
            id="evaluate-features"
            label="Inception’s weights"
            help="For the FID of the papers: where pytorch-fid’s pt_inception-2015-12-05-6726825d.pth stands on the machine that Darkroom runs on. It judges instead. Empty for none."
            fault=fault.at("features")
        >
            <TextInput id="evaluate-features" name="features" value=values[3] fault=fault.at("features") />
        </Field>
        <div class="side-by-side">
            {number(4, "evaluate-count", "Pictures")} {number(5, "evaluate-steps", "Steps")}
        </div>
        <div class="side-by-side">
            {choose(6, "evaluate-sampler", "Sampler", options(None, samplers))}
            {number(7, "evaluate-seed", "First seed")}
        </div>
    }
}

/// Who may judge.
fn judges(names: Vec<String>) -> Vec<(String, String)> {
    let mut judges =
        options(Some("a classifier if there are classes, else the model itself"), names);
    judges.insert(1, (CLASSIFIER.into(), "a classifier of the classes".into()));
    judges
}

/// Names to choose from, after what an empty choice means.
pub fn options(empty: Option<&str>, names: Vec<String>) -> Vec<(String, String)> {
    let none = empty.map(|words| (String::new(), words.to_owned()));
    none.into_iter().chain(names.into_iter().map(|name| (name.clone(), name))).collect()
}

/// The evaluations that were done, and those under way.
#[component]
pub fn Evaluations(evaluations: Vec<EvaluationView>) -> impl IntoView {
    if evaluations.is_empty() {
        return ().into_any();
    }
    let live = expect_context::<Live>();
    let jobs: Vec<_> = evaluations.iter().map(|view| view.job.clone()).collect();
    // The header's queue tells how far a job is.
    let under_way = Signal::derive(move || {
        let newest = |job: &JobSummary| {
            let known =
                |status: &Status| status.jobs.iter().find(|known| known.id == job.id).cloned();
            live.status.with(|status| status.as_ref().and_then(known)).unwrap_or(job.clone())
        };
        jobs.iter().map(newest).filter(|job| job.state != JobState::Done).collect::<Vec<_>>()
    });
    let row = |view: EvaluationView| {
        let EvaluationView { figures, form, neighbours_url, .. } = view;
        figures.map(|figures| view! { <Row figures form neighbours=neighbours_url /> })
    };
    let rows = evaluations.into_iter().filter_map(row).collect_view();
    view! {
        <section class="evaluations" aria-label="Evaluations">
            <h2>"Evaluations"</h2>
            {move || (!under_way.with(Vec::is_empty)).then(|| view! { <JobList jobs=under_way /> })}
            <div class="wide">
                <table class="table" aria-label="Figures">
                    <thead>
                        <tr>
                            <th scope="col">"Model"</th>
                            <th scope="col">"Compared with"</th>
                            <th scope="col">"Fréchet distance ↓"</th>
                            <th scope="col">"Kernel distance ↓"</th>
                            <th scope="col">"Precision ↑"</th>
                            <th scope="col">"Recall ↑"</th>
                            <th scope="col">"Nearest image"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <Meaning />
        </section>
    }
    .into_any()
}

/// Where the form draws the nearest picture again.
fn drawn_again(figures: &Figures, form: &EvaluateForm) -> String {
    let Figures { model, nearest_seed, nearest_prompt, .. } = figures;
    let EvaluateForm { steps, sampler, .. } = form;
    let [model, prompt, sampler] = [model, nearest_prompt, sampler].map(|text| Url::escape(text));
    format!(
        "/?{}&model={model}&prompt={prompt}&sampler={sampler}&steps={steps}&cfg_scale=1\
         &seed={nearest_seed}&batch_size=1",
        GenerateForm::WHOLE
    )
}

#[component]
fn Row(figures: Figures, form: EvaluateForm, neighbours: Option<String>) -> impl IntoView {
    let number = |value: f64| words::figure(value);
    let nearest = drawn_again(&figures, &form);
    view! {
        <tr>
            <th scope="row">{figures.model}</th>
            <td>{figures.dataset} ": " {figures.pictures} " pictures, judged by " {figures.judge}</td>
            <td>
                {number(figures.frechet_distance)}
                <span class="help">" images: " {number(figures.frechet_distance_of_images)}</span>
            </td>
            <td>{number(figures.kernel_distance)}</td>
            <td>{format!("{:.2}", figures.precision)}</td>
            <td>{format!("{:.2}", figures.recall)}</td>
            <td>
                {format!("{:.1}, median {:.1} ", figures.nearest_least, figures.nearest_median)}
                <a href=nearest>"seed " {figures.nearest_seed}</a>
                {neighbours.map(|url| view! { <Neighbours url /> })}
            </td>
        </tr>
    }
}

/// The pictures that are most like an image, and below each its image.
#[component]
fn Neighbours(url: String) -> impl IntoView {
    view! {
        <details class="neighbours">
            <summary>"Look at them"</summary>
            <a class="picture" href=url rel="external" target="_blank">
                <img src=url.clone() loading="lazy" alt="Pictures above their nearest images" />
            </a>
        </details>
    }
}

#[component]
fn Meaning() -> impl IntoView {
    let lines = [
        (
            "Fréchet distance",
            "how far the pictures as a whole are from the images, as the judge’s network sees them: in the middle of a diffusion network, or right before a classifier names the class. Lower is better; two halves of the images themselves have the value beside it. Judged by Inception it is the FID of the papers; numbers of different judges cannot be compared.",
        ),
        (
            "Kernel distance",
            "the same, measured so that few pictures do. Lower is better; it can fall a little below 0.",
        ),
        ("Precision", "share of pictures that could be images. Higher is better."),
        (
            "Recall",
            "share of images that could be pictures: how much of the data set the model can draw. Higher is better.",
        ),
        (
            "Nearest image",
            "how far the pictures are from the image of the data set that is most like them, in levels of 255, among those that the run did not hold out. Near 0 the model repeats images; the seed is that of the nearest picture. On the sheet the ten nearest stand above their images.",
        ),
    ];
    let line =
        |(name, words): (&'static str, &'static str)| view! { <li><b>{name}</b> ": " {words}</li> };
    view! { <ul class="meaning help">{lines.map(line).collect_view()}</ul> }
}
