//! Other runs' curves beside the one on show. Which they are stands in the address, as `with=3,5`.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;
use leptos_router::params::ParamsMap;

use super::desk::{Desk, address, shown_quantity};
use crate::api::{JobId, LossPoint, fetch_training};
use crate::components::loss_chart::Other;

/// Lines that can still be told apart.
const MOST: usize = 4;

/// A run whose curve stands beside the one on show.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Beside {
    pub job: JobId,
    name: String,
    curve: Vec<LossPoint>,
}

/// The runs that an address names, each once.
pub fn named_beside(query: &ParamsMap) -> Vec<JobId> {
    let mut jobs = Vec::new();
    for job in query.get_str("with").unwrap_or_default().split(',').filter_map(|j| j.parse().ok()) {
        if !jobs.contains(&job) && jobs.len() < MOST {
            jobs.push(job);
        }
    }
    jobs
}

/// None if there is no such run.
pub async fn fetch_beside(job: JobId) -> Option<Beside> {
    let view = fetch_training(Some(job)).await.ok()??;
    Some(Beside { job, name: view.job.title, curve: view.curve })
}

/// Brings the curves that the address names.
pub fn follow_beside(desk: Desk) {
    let query = use_query_map();
    let named = Memo::new(move |_| query.with(named_beside));
    Effect::new(move || {
        let named = named.get();
        desk.beside.update(|known| known.retain(|run| named.contains(&run.job)));
        for job in named {
            if desk.beside.with_untracked(|known| known.iter().all(|run| run.job != job)) {
                spawn_local(async move {
                    if let Some(run) = fetch_beside(job).await {
                        desk.beside.update(|known| known.push(run));
                    }
                });
            }
        }
    });
}

/// What the chart draws beside the run on show.
pub fn others(desk: Desk) -> Vec<Other> {
    let shown = desk.training.view.with(|view| view.as_ref().map(|view| view.job.id));
    let other = |run: &Beside| Other { name: run.name.clone(), points: run.curve.clone() };
    desk.beside.with(|runs| runs.iter().filter(|run| Some(run.job) != shown).map(other).collect())
}

/// Lays the curve of the run `id` over the chart, or takes it away.
#[component]
pub fn OverlayLink(id: JobId, shown: Memo<Option<JobId>>) -> impl IntoView {
    let query = use_query_map();
    let named = Memo::new(move |_| query.with(named_beside));
    let is_on = move || named.with(|named| named.contains(&id));
    let href = move || {
        let mut jobs = named.get();
        match is_on() {
            true => jobs.retain(|job| *job != id),
            false => jobs.push(id),
        }
        address(shown.get(), query.with(shown_quantity), &jobs)
    };
    let is_full = move || !is_on() && named.with(|named| named.len() >= MOST);
    let hidden = move || shown.get() == Some(id) || is_full();
    view! {
        <a class="chip" href=href hidden=hidden aria-current=move || is_on().then_some("true") data-noscroll>
            {move || if is_on() { "Beside the curve" } else { "Overlay" }}
        </a>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_each_run_once_and_no_more_than_can_be_told_apart() {
        let query: ParamsMap =
            [("with".to_owned(), "3,x,3,5,6,7,8".to_owned())].into_iter().collect();
        assert_eq!(named_beside(&query), [3, 5, 6, 7]);
        assert_eq!(address(Some(1), shown_quantity(&query), &[3, 5]), "/train?job=1&with=3,5");
    }
}
