//! A few pictures from all over a data set.

use leptos::prelude::*;

#[component]
pub fn Glimpses(name: String, count: u64, wanted: u64, class: &'static str) -> impl IntoView {
    let picture = move |index: u64| {
        let url = format!("/files/datasets/{name}/{index}.png");
        view! { <img src=url alt="" width="28" height="28" loading="lazy" /> }
    };
    view! {
        <div class=class aria-hidden="true">
            {spread(count, wanted).into_iter().map(picture).collect_view()}
        </div>
    }
}

/// Up to `wanted` indices, evenly over `count` and each one further along, so that data sets whose
/// classes take turns show different ones too.
fn spread(count: u64, wanted: u64) -> Vec<u64> {
    let shown = count.min(wanted);
    (0..shown)
        .map(|i| if count > wanted * wanted { i * count / shown + i } else { i * count / shown })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn glimpses_differ_and_exist() {
        assert_eq!(spread(0, 8), [0; 0]);
        assert_eq!(spread(3, 8), [0, 1, 2]);
        assert_eq!(spread(10_000, 4), [0, 2501, 5002, 7503]);
        assert!(spread(65, 8).into_iter().all(|index| index < 65));
    }
}
