//! What is chosen in Settings.

use app::api::{Studio, Theme};
use axum::http::StatusCode;

use crate::support::{Setup, open};

#[tokio::test]
async fn two_writers_of_different_preferences_both_find_theirs_changed() {
    let setup = Setup::idle();
    let site = setup.site();
    let changed = [
        site.call("change_preference", "key=theme&value=light").await,
        site.call("change_preference", "key=crisp_pixels&value=false").await,
    ];
    assert!(changed.iter().all(|answer| answer.status == StatusCode::OK));
    let kept = setup.studio.preferences().await.unwrap();
    assert_eq!((kept.theme, kept.crisp_pixels, kept.live_preview), (Theme::Light, false, true));

    // Another program on the same data folder, at the same moment.
    let other = open(setup.folder.path());
    let counts = async |studio: &server::studio::StudioHandle, key: &str| {
        for count in 1..=40 {
            studio.change_preference(key, &count.to_string()).await.unwrap();
        }
    };
    tokio::join!(counts(&setup.studio, "preview_every"), counts(&other, "negative_prompt"));
    let kept = setup.studio.preferences().await.unwrap();
    assert_eq!((kept.preview_every, kept.negative_prompt.as_str()), (40, "40"));
    assert_eq!(kept.theme, Theme::Light);
}

#[tokio::test]
async fn a_preference_that_will_not_do_is_told_and_changes_nothing() {
    let setup = Setup::idle();
    let before = setup.studio.preferences().await.unwrap();
    for (key, value) in [("theme", "pink"), ("preview_every", "0"), ("preview", "x1")] {
        let error = setup.studio.change_preference(key, value).await.unwrap_err();
        assert!(error.for_field(key).is_some(), "{key}: {error}");
    }
    assert!(setup.studio.change_preference("thema", "dark").await.is_err());
    assert_eq!(setup.studio.preferences().await.unwrap(), before);
}

#[tokio::test]
async fn a_form_without_a_script_sets_all_that_it_shows() {
    let setup = Setup::idle();
    let form = "theme=dark&live_preview=true&preview=x_t&preview_every=3&negative_prompt=blur";
    assert_eq!(setup.site().call("set_preferences", form).await.status, StatusCode::OK);
    let kept = setup.studio.preferences().await.unwrap();
    assert_eq!((kept.theme, kept.crisp_pixels, kept.live_preview), (Theme::Dark, false, true));
    assert_eq!((kept.preview_every, kept.negative_prompt.as_str()), (3, "blur"));
}
