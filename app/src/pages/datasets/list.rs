//! All data sets.

use leptos::prelude::*;

use crate::api::DatasetInfo;
use crate::components::glimpses::Glimpses;
use crate::components::notice::Empty;
use crate::words;

/// Pictures on a data set's card.
const GLIMPSES: u64 = 8;

#[component]
pub fn List(sets: Vec<DatasetInfo>) -> impl IntoView {
    if sets.is_empty() {
        return view! {
            <Empty title="No data set yet">
                <p>"Upload an archive of images, or add a folder of this machine."</p>
            </Empty>
        }
        .into_any();
    }
    view! {
        <h1 class="unseen">"Data sets"</h1>
        <ul class="sets">{sets.into_iter().map(|info| view! { <Card info /> }).collect_view()}</ul>
    }
    .into_any()
}

#[component]
fn Card(info: DatasetInfo) -> impl IntoView {
    view! {
        <li class="set">
            <Glimpses name=info.name.clone() count=info.count wanted=GLIMPSES class="glimpses" />
            <div class="set-words">
                <a class="set-name" href=format!("/datasets?name={}", info.name)>
                    {info.name.clone()}
                </a>
                {info.built_in.then(|| view! { <span class="badge">"built in"</span> })}
                <p class="help">
                    {words::plural(info.count, "image")} " · " {words::sizes(info.min_size, info.max_size)} " "
                    {words::channels(info.channels)} {class_words(&info)}
                </p>
                {info.note.map(|note| view! { <p class="note">{note}</p> })}
            </div>
        </li>
    }
}

fn class_words(info: &DatasetInfo) -> Option<String> {
    (!info.classes.is_empty()).then(|| format!(" · {} classes", info.classes.len()))
}
