//! The files that hold several pictures of a drawing, and what does not fit into one.

use engine::config::Axis;
use leptos::prelude::*;

use super::desk::Desk;
use crate::api::{GenerateView, SHEET_MEGAPIXELS, SHEET_SIDE};
use crate::components::show::Show;
use crate::words;

/// The sheets of a plot, or the animation of a walk.
#[component]
pub fn Sheets() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let sheets = Memo::new(move |_| {
        let urls = |view: &GenerateView| view.sheet_urls.clone();
        desk.live.generation.with(|view| view.as_ref().map(urls).unwrap_or_default())
    });
    let walks = move || {
        desk.live.generation.with(|v| v.as_ref().is_some_and(|v| v.settings.walk_frames > 0))
    };
    let by_sheet = move || {
        let z_axis = |view: &GenerateView| view.settings.z_axis != Axis::Nothing;
        desk.live.generation.with(|view| view.as_ref().is_some_and(z_axis))
    };
    let sheet = move |url: String| {
        let alt = if walks() { "Walk between two seeds" } else { "Sheet of the plot" };
        view! {
            <a class="picture" href=url rel="external" target="_blank">
                <img src=url.clone() alt=alt />
            </a>
        }
    };
    view! {
        <Show when=move || sheets.with(|sheets| !sheets.is_empty())>
            <div class="sheets" class:walk=walks>
                {move || sheets.get().into_iter().map(sheet).collect_view()}
            </div>
            <Show when=move || { sheets.with(Vec::len) > 1 }>
                <p class="help">{move || split_words(sheets.with(Vec::len), by_sheet())}</p>
            </Show>
        </Show>
    }
}

/// `by_sheet` is whether an axis goes from sheet to sheet.
fn split_words(files: usize, by_sheet: bool) -> String {
    let side = words::count(u64::from(SHEET_SIDE));
    let most = format!("one holds at most {SHEET_MEGAPIXELS} megapixels, {side} pixels a side.");
    match by_sheet {
        true => format!("{files} files: each value of Z has its own, and {most}"),
        false => format!("Split into {files} files: {most}"),
    }
}

/// Tells of a grid that has not all pictures.
#[component]
pub fn GridNote() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = move || desk.live.generation.with(|view| view.as_ref().and_then(grid_words));
    (move || words().map(|words| view! { <p class="help">{words}</p> })).into_render()
}

/// Which of the pictures are in the grid, if not all are.
fn grid_words(view: &GenerateView) -> Option<String> {
    view.grid_url.as_ref()?;
    let (first, count) = (view.images.first()?, view.images.len());
    let pixels = u64::from(first.width) * u64::from(first.height);
    let fit = (SHEET_MEGAPIXELS << 20) / pixels.max(1);
    (count as u64 > fit).then(|| {
        format!(
            "The grid has the first {fit} of {count} images: a file holds at most {SHEET_MEGAPIXELS} megapixels."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{ImageInfo, JobState};
    use crate::pages::generate::results::tests::view;
    use crate::pages::generate::rows::tests::image;

    #[test]
    fn a_grid_that_leaves_pictures_out_says_so() {
        let large = ImageInfo { width: 4096, height: 4096, ..image(1, "") };
        let of = |count: usize, grid_url: Option<String>| {
            let images = vec![large.clone(); count];
            grid_words(&GenerateView { images, grid_url, ..view(JobState::Done) })
        };
        let grid = || Some("/files/grids/1.png".to_owned());
        assert!(of(5, grid()).unwrap().starts_with("The grid has the first 4 of 5 images"));
        assert_eq!(of(4, grid()), None);
        assert_eq!(of(5, None), None);
        assert_eq!(of(0, grid()), None);
    }
}
