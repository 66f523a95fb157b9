//! The address of the page: what it asks for, and how it is held to what is on show.

use std::collections::BTreeMap;
use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
#[cfg(feature = "ssr")]
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;

use super::draft::after_pause;
#[cfg(feature = "ssr")]
use crate::api::{ApiError, JobId};

/// Writes `address` into the browser's address bar after each pause in its changes.
pub fn hold_address(address: impl Fn() -> String + 'static) {
    let navigate = use_navigate();
    let path = use_location().pathname;
    let own = path.get_untracked();
    let address = Rc::new(address);
    let changes = Rc::clone(&address);
    after_pause(
        move || drop(changes()),
        move |()| {
            // While another page is on its way here, the address is that page's.
            if path.with_untracked(|path| *path == own) {
                navigate(&untrack(|| address()), quietly());
            }
        },
    );
}

fn quietly() -> NavigateOptions {
    NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() }
}

/// What an address asks for, by its keys, on its way to the server.
pub fn words_of(query: ParamsMap) -> BTreeMap<String, String> {
    query.into_iter().map(|(key, value)| (key.into_owned(), value)).collect()
}

/// The same once it is there.
#[cfg(feature = "ssr")]
pub fn query_of(words: BTreeMap<String, String>) -> ParamsMap {
    words.into_iter().map(|(key, value)| (key, Url::escape(&value))).collect()
}

/// What an address names by a number, such as a `picture`, and why it is not there.
#[cfg(feature = "ssr")]
pub fn gone(what: &str, named: &str) -> String {
    match named.parse::<i64>() {
        Ok(number) => format!("there is no {what} {number} any more"),
        Err(_) => format!("there is no {what} `{}`", engine::config::shown(named)),
    }
}

/// What `fetch` has of the job that an address names, or else of the newest, and that the named one,
/// `what`, is not there.
#[cfg(feature = "ssr")]
pub async fn on_show<V, F>(
    what: &str,
    named: Option<&str>,
    fetch: impl Fn(Option<JobId>) -> F,
) -> Result<(Option<V>, Option<String>), ApiError>
where
    F: Future<Output = Result<Option<V>, ApiError>>,
{
    if let Some(job) = named.and_then(|job| job.parse().ok())
        && let Some(view) = fetch(Some(job)).await?
    {
        return Ok((Some(view), None));
    }
    let newest = fetch(None).await?;
    let instead = newest.as_ref().map_or("", |_| "; the newest is shown");
    Ok((newest, named.map(|job| gone(what, job) + instead)))
}
