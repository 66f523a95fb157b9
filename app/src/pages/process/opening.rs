//! What the page is opened with. The server puts it together, so that a browser loads no code for that.

use std::collections::BTreeMap;

#[cfg(feature = "ssr")]
use engine::config::{ConfigError, FieldError, shown};
use leptos::prelude::*;

use crate::api::{ApiError, ImageInfo, ProcessForm, ProcessView};
#[cfg(feature = "ssr")]
use crate::api::{
    GalleryQuery, ImageId, fetch_datasets, fetch_gallery, fetch_images, fetch_process,
};
#[cfg(feature = "ssr")]
use crate::components::address::{gone, query_of};

/// What the page needs before it can be shown.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Opening {
    /// Names of all data sets.
    pub datasets: Vec<String>,
    pub form: ProcessForm,
    pub view: Option<ProcessView>,
    /// Why there is none, and what else the address names that is not there.
    pub fault: Option<ApiError>,
    /// Which of the frames is on show.
    pub frame: usize,
    /// The picture whose way back is shown: the one that the address names, or the newest.
    pub picture: Option<ImageInfo>,
    pub recent: Vec<ImageInfo>,
}

/// Pictures to choose a way back from.
#[cfg(feature = "ssr")]
const RECENT: u64 = 16;

#[server(prefix = "/fn", endpoint = "process_opening")]
pub async fn fetch_opening(
    #[server(flatten)] query: BTreeMap<String, String>,
) -> Result<Opening, ApiError> {
    let query = query_of(query);
    let form = ProcessForm::read(|name| query.get(name));
    let view = fetch_process(form.clone()).await;
    let (frame, no_timestep) = frame(view.as_ref().ok(), query.get_str("t").unwrap_or_default());
    let newest = GalleryQuery { limit: RECENT, ..Default::default() };
    let recent = fetch_gallery(newest).await?.images.into_iter().map(|found| found.image);
    let recent: Vec<_> = recent.collect();
    let (picture, no_picture) = picture(query.get_str("picture"), recent.first()).await;
    let datasets = fetch_datasets().await?.into_iter().map(|info| info.name).collect();
    let (view, fault) = match view {
        Ok(view) => (Some(view), None),
        Err(error) => (None, Some(error)),
    };
    let fault = with_missing(fault, no_timestep.into_iter().chain(no_picture));
    Ok(Opening { datasets, form, view, fault, frame, picture, recent })
}

#[cfg(feature = "ssr")]
fn with_missing(
    fault: Option<ApiError>,
    missing: impl Iterator<Item = FieldError>,
) -> Option<ApiError> {
    let known = match fault {
        None => Vec::new(),
        Some(ApiError::Fields(ConfigError(faults))) => faults,
        other => return other,
    };
    let faults: Vec<_> = known.into_iter().chain(missing).collect();
    (!faults.is_empty()).then(|| ConfigError(faults).into())
}

/// The last frame at or before the timestep `asked`, else one at which the noise is plain to see, and
/// that there is no such timestep.
#[cfg(feature = "ssr")]
fn frame(view: Option<&ProcessView>, asked: &str) -> (usize, Option<FieldError>) {
    let Some(frames) = view.map(|view| &view.frames).filter(|frames| !frames.is_empty()) else {
        return (0, None);
    };
    let (last, quarter) = (frames.len() - 1, (frames.len() + 1) / 4);
    let instead = |frame: usize| {
        let words = format!(
            "there is no `{}`; {} of {} is shown",
            shown(asked),
            frames[frame].timestep,
            frames[last].timestep
        );
        (frame, Some(FieldError::new("timestep", words)))
    };
    match asked.trim().parse::<usize>() {
        Err(_) if asked.trim().is_empty() => (quarter, None),
        Err(_) => instead(quarter),
        Ok(timestep) if timestep > frames[last].timestep => instead(last),
        Ok(timestep) => {
            let found = frames.iter().rposition(|frame| frame.timestep <= timestep);
            (found.unwrap_or(0), None)
        }
    }
}

/// The picture that the address names; the newest in its place if it is not there, which is told.
#[cfg(feature = "ssr")]
async fn picture(
    named: Option<&str>,
    newest: Option<&ImageInfo>,
) -> (Option<ImageInfo>, Option<FieldError>) {
    let Some(named) = named else { return (newest.cloned(), None) };
    if let Ok(id) = named.parse::<ImageId>()
        && let Ok(found) = fetch_images(id.to_string()).await
        && let Some(found) = found.into_iter().next()
    {
        return (Some(found.image), None);
    }
    let instead = newest.map_or("", |_| "; the newest is shown below");
    let missing = FieldError::new("picture", gone("picture", named) + instead);
    (newest.cloned(), Some(missing))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Noising;

    fn view(frames: usize) -> ProcessView {
        let frame = |at: usize| Noising { timestep: 10 * at, beta: 0.1, alpha_cumprod: 0.5 };
        ProcessView {
            count: 1,
            width: 8,
            height: 8,
            strip_url: String::new(),
            frames: (0..frames).map(frame).collect(),
            curve: Vec::new(),
        }
    }

    #[test]
    fn a_timestep_brings_its_frame_and_one_that_is_not_there_is_told() {
        let view = view(41);
        for (asked, wanted) in [("", 10), ("0", 0), ("15", 1), ("400", 40)] {
            assert_eq!(frame(Some(&view), asked), (wanted, None), "{asked}");
        }
        for (asked, wanted, words) in [
            ("abc", 10, "there is no `abc`; 100 of 400 is shown"),
            ("-1", 10, "there is no `-1`; 100 of 400 is shown"),
            ("401", 40, "there is no `401`; 400 of 400 is shown"),
        ] {
            let (found, fault) = frame(Some(&view), asked);
            assert_eq!((found, fault.unwrap().message.as_str()), (wanted, words));
        }
        assert_eq!(frame(None, "abc"), (0, None));
    }
}
