//! The images there are to learn from.

mod add;
mod augmentation;
mod classes;
mod detail;
mod editor;
mod list;
mod pictures;
mod statistics;
mod upload;

use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

use crate::api::{
    ApiError, DatasetInfo, DatasetPage, DatasetStatistics, fetch_dataset, fetch_dataset_statistics,
    fetch_datasets,
};
use crate::components::notice::{Alert, PageFault};
use crate::components::show::Show;
use crate::components::tab_title::tab_title;
use crate::json::load;
use crate::live::Live;
use add::AddForm;
use detail::Detail;
use list::List;
use upload::UploadForm;

/// What the address asks to see.
#[derive(Clone, Debug, Default, PartialEq)]
struct Asked {
    name: Option<String>,
    class: Option<String>,
    offset: u64,
    /// What its pixels are like, too.
    statistics: bool,
    /// Why an upload without JavaScript failed.
    error: Option<String>,
}

impl Asked {
    fn from_query(query: &ParamsMap) -> Self {
        Self {
            name: query.get("name").filter(|name| !name.is_empty()),
            class: query.get("class").filter(|class| !class.is_empty()),
            offset: query.get_str("offset").and_then(|offset| offset.parse().ok()).unwrap_or(0),
            statistics: query.get_str("statistics") == Some("true"),
            error: query.get("error"),
        }
    }

    /// The address of this view.
    fn address(&self) -> String {
        let mut address = format!("/datasets?name={}", self.name.as_deref().unwrap_or_default());
        if let Some(class) = &self.class {
            address += &format!("&class={}", escape(class));
        }
        if self.offset > 0 {
            address += &format!("&offset={}", self.offset);
        }
        if self.statistics {
            address += "&statistics=true";
        }
        address
    }
}

/// Percent-encodes what may stand in a folder's name but not in a query.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                escaped.push(byte.into());
            }
            _ => escaped += &format!("%{byte:02X}"),
        }
    }
    escaped
}

/// What the server gave for it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Shown {
    /// And why not the one that was asked for.
    All(Vec<DatasetInfo>, Option<String>),
    One(Box<DatasetPage>, Option<DatasetStatistics>),
}

#[component]
pub fn Datasets() -> impl IntoView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let asked = Memo::new(move |_| query.with(Asked::from_query));
    let shown = load(move || (asked.get(), live.library.get()), |(asked, _)| open(asked));
    let refused = Signal::derive(move || {
        asked.with(|asked| asked.error.clone().into_iter().collect::<Vec<_>>())
    });
    view! {
        {tab_title(move || asked.with(title))}
        <div class="library">
            <div class="library-main">
                <Alert messages=refused />
                <Transition fallback=|| view! { <p class="loading">"Opening…"</p> }>
                    {move || Suspend::new(async move {
                        match shown.await {
                            Ok(Shown::All(sets, missing)) => {
                                let missing: Vec<String> = missing.into_iter().collect();
                                view! { <Alert messages=missing /> <List sets /> }.into_any()
                            }
                            Ok(Shown::One(page, statistics)) => view! { <Detail page=*page statistics /> }.into_any(),
                            Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
            <Show when=move || asked.with(|asked| asked.name.is_none() || asked.error.is_some())>
                <aside class="library-add">
                    <UploadForm />
                    <AddForm />
                </aside>
            </Show>
        </div>
    }
}

fn title(asked: &Asked) -> String {
    let name = asked.name.clone().filter(|_| asked.error.is_none());
    name.unwrap_or_else(|| "Data sets".into())
}

async fn open(asked: Asked) -> Result<Shown, ApiError> {
    match asked.name.filter(|_| asked.error.is_none()) {
        None => Ok(Shown::All(fetch_datasets().await?, None)),
        Some(name) => match fetch_dataset(name.clone(), asked.class, asked.offset).await {
            Ok(page) if asked.statistics => {
                Ok(Shown::One(Box::new(page), Some(fetch_dataset_statistics(name).await?)))
            }
            Ok(page) => Ok(Shown::One(Box::new(page), None)),
            Err(ApiError::NotFound(what)) => Ok(Shown::All(fetch_datasets().await?, Some(what))),
            Err(error) => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_brings_its_view_back() {
        let asked = Asked {
            name: Some("leaves".into()),
            class: Some("Ahorn & Birke".into()),
            offset: 120,
            statistics: true,
            error: None,
        };
        assert_eq!(
            asked.address(),
            "/datasets?name=leaves&class=Ahorn%20%26%20Birke&offset=120&statistics=true"
        );
        let pairs = [
            ("name", "leaves"),
            ("class", "Ahorn & Birke"),
            ("offset", "120"),
            ("statistics", "true"),
        ];
        let query: ParamsMap =
            pairs.map(|(key, value)| (key.to_string(), value.to_string())).into_iter().collect();
        assert_eq!(Asked::from_query(&query), asked);
    }
}
