//! Two pictures of the gallery, one over the other, and what their settings do not share.

mod opening;
mod settings;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::ImageInfo;
use crate::components::notice::{Alert, Empty, PageFault};
use crate::json::load;
use opening::{Choice, Shown, fetch_opening};
use settings::differences;

#[component]
pub fn Compare() -> impl IntoView {
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(|query| (query.get("a"), query.get("b"))));
    let shown = load(move || asked.get(), |(a, b)| fetch_opening(a, b));
    view! {
        <Title text="Compare" />
        <div class="compare">
            <h1>"Compare"</h1>
            <Transition fallback=|| view! { <p class="loading">"Opening…"</p> }>
                {move || Suspend::new(async move {
                    match shown.await {
                        Ok(Shown::Both(both)) => {
                            let [a, b] = *both;
                            view! { <Pair a b /> }.into_any()
                        }
                        Ok(Shown::Choice(choice)) => view! { <Choose choice /> }.into_any(),
                        Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

/// Links that name the picture that is missing.
#[component]
fn Choose(choice: Choice) -> impl IntoView {
    let Choice { first, others, missing } = choice;
    if others.is_empty() {
        return view! {
            <Alert messages=missing />
            <Empty title="Nothing drawn yet">
                <p><a href="/">"Generate"</a> " pictures first."</p>
            </Empty>
        }
        .into_any();
    }
    let known = first.as_ref().map(|image| image.id);
    let option = |image: ImageInfo| {
        let href = match known {
            Some(a) => format!("/compare?a={a}&b={}", image.id),
            None => format!("/compare?a={}", image.id),
        };
        view! {
            <a class="picture" href=href>
                <img src=image.url loading="lazy" alt=format!("Image with seed {}", image.seed) />
            </a>
        }
    };
    let others = others.into_iter().filter(|other| Some(other.id) != known);
    let words = match known {
        Some(_) => "Choose the picture to compare it with.",
        None => "Choose the first picture.",
    };
    view! {
        <Alert messages=missing />
        {first.map(|image| view! { <img class="compare-first" src=image.url alt="The first picture" /> })}
        <p>{words} " In the gallery any two can be selected."</p>
        <div class="compare-choice">{others.map(option).collect_view()}</div>
    }
    .into_any()
}

#[component]
fn Pair(a: ImageInfo, b: ImageInfo) -> impl IntoView {
    let rows = differences(&a.parameters, &b.parameters);
    let turned = format!("/compare?a={}&b={}", b.id, a.id);
    let other = format!("/compare?a={}", a.id);
    view! {
        <Stage a b />
        <div class="actions">
            <a class="button" href=turned>"Change sides"</a>
            <a class="button" href=other>"Compare with another"</a>
        </div>
        <Differences rows />
    }
}

/// B over A, to the right of a divider, which is a slider as large as the picture.
#[component]
fn Stage(a: ImageInfo, b: ImageInfo) -> impl IntoView {
    let split = RwSignal::new("50".to_owned());
    let ratio = f64::from(a.width) / f64::from(a.height.max(1));
    let picture = |image: &ImageInfo, side: &str| {
        let alt = format!("{side}: image with seed {}", image.seed);
        view! { <img src=image.url.clone() width=image.width height=image.height alt=alt /> }
    };
    let words =
        |image: &ImageInfo| format!("seed {}, {}×{}", image.seed, image.width, image.height);
    view! {
        <div class="compare-stage" style:--ratio=ratio.to_string() style:--split=move || format!("{}%", split.get())>
            {picture(&a, "A")}
            <div class="compare-over">{picture(&b, "B")}</div>
            <span class="compare-divider needs-script" aria-hidden="true"></span>
            <input
                class="needs-script"
                type="range"
                aria-label="Divider between A and B"
                min="0"
                max="100"
                step="0.5"
                prop:value=move || split.get()
                on:input=move |event| split.set(event_target_value(&event))
            />
        </div>
        <p class="compare-names help">
            <span>"A: " {words(&a)}</span>
            <span>"B: " {words(&b)}</span>
        </p>
    }
}

#[component]
fn Differences(rows: Vec<(String, String, String)>) -> impl IntoView {
    if rows.is_empty() {
        return view! { <p class="note">"All settings of the two are the same."</p> }.into_any();
    }
    let row = |(name, a, b): (String, String, String)| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                <td>{a}</td>
                <td>{b}</td>
            </tr>
        }
    };
    view! {
        <table class="table" aria-label="Settings that differ">
            <thead>
                <tr>
                    <th scope="col">"Setting"</th>
                    <th scope="col">"A"</th>
                    <th scope="col">"B"</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
    .into_any()
}
