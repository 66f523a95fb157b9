//! All that was drawn, looked through and tidied.

use app::api::{GalleryPage, GalleryQuery, ImageId, JobKind, JobState, Studio};
use axum::body::Body;
use axum::http::{StatusCode, header};
use server::studio::Outputs;
use server::studio::store::{Ending, NewImage};

use crate::support::{Setup, darkroom, png, post};

/// Puts `count` pictures by `model` into the gallery, seeds from 0, as a generation would.
fn hang(setup: &Setup, model: &str, count: i64) -> Vec<ImageId> {
    let darkroom = darkroom(setup);
    let request = format!(r#"{{"model":"{model}"}}"#);
    let job = darkroom.store.enqueue(JobKind::Generate, model, &request, Some("w")).unwrap();
    let hang_one = |seed: i64| {
        let path = darkroom
            .folders
            .images(Outputs::Text, "2026-11-24")
            .join(format!("{model}-{seed}.png"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, png(seed as u8)).unwrap();
        let image = NewImage {
            path: darkroom.folders.relative(&path),
            strip: String::new(),
            strip_frames: 0,
            noisy_strip: None,
            width: 8,
            height: 8,
            seed,
            parameters: format!(
                "Steps: {}, Sampler: DDIM, Seed: {seed}, Model hash: 1a1b12, Model: {model}",
                10 + seed
            ),
            model: model.into(),
        };
        darkroom.store.add_image(job, &image).unwrap()
    };
    (0..count).map(hang_one).collect()
}

async fn find(setup: &Setup, query: GalleryQuery) -> GalleryPage {
    setup.studio.gallery(query).await.unwrap()
}

fn seeds(page: &GalleryPage) -> Vec<i64> {
    page.images.iter().map(|image| image.image.seed).collect()
}

#[tokio::test]
async fn the_newest_come_first_and_stretches_follow_each_other() {
    let setup = Setup::idle();
    hang(&setup, "cats", 5);
    hang(&setup, "dogs", 2);
    let page = find(&setup, GalleryQuery::default()).await;
    assert_eq!((page.total, seeds(&page)), (7, vec![1, 0, 4, 3, 2, 1, 0]));
    assert_eq!(page.models, ["cats", "dogs"]);
    let middle = find(&setup, GalleryQuery { offset: 2, limit: 3, ..Default::default() }).await;
    assert_eq!((middle.total, middle.offset, seeds(&middle)), (7, 2, vec![4, 3, 2]));
    let behind = find(&setup, GalleryQuery { offset: 99, ..Default::default() }).await;
    assert_eq!((behind.total, behind.images.len()), (7, 0));
}

#[tokio::test]
async fn words_model_seed_and_day_narrow_the_search() {
    let setup = Setup::idle();
    hang(&setup, "cats", 3);
    hang(&setup, "do_gs", 3);
    let today = find(&setup, GalleryQuery::default()).await.images[0].date.clone();
    let cases: [(GalleryQuery, &[i64]); 9] = [
        // Every hash has a 1 in it.
        (GalleryQuery { text: "1".into(), ..Default::default() }, &[1, 1]),
        (GalleryQuery { text: "steps: 11 ddim".into(), ..Default::default() }, &[1, 1]),
        (GalleryQuery { text: "100%".into(), ..Default::default() }, &[]),
        (GalleryQuery { text: "do_gs".into(), ..Default::default() }, &[2, 1, 0]),
        (GalleryQuery { text: "d__gs".into(), ..Default::default() }, &[]),
        (GalleryQuery { model: "cats".into(), ..Default::default() }, &[2, 1, 0]),
        (GalleryQuery { seed: "2".into(), model: "cats".into(), ..Default::default() }, &[2]),
        (
            GalleryQuery {
                from: today.clone(),
                to: today,
                model: "cats".into(),
                ..Default::default()
            },
            &[2, 1, 0],
        ),
        (GalleryQuery { to: "2020-01-01".into(), ..Default::default() }, &[]),
    ];
    for (query, wanted) in cases {
        assert_eq!(seeds(&find(&setup, query.clone()).await), wanted, "{query:?}");
    }
    let bad = GalleryQuery { from: "soon".into(), ..Default::default() };
    let error = setup.studio.gallery(bad).await.unwrap_err();
    assert!(error.for_field("from").unwrap().contains("2026-11-24"));
}

#[tokio::test]
async fn a_first_day_after_the_last_is_told_on_the_page() {
    let setup = Setup::idle();
    hang(&setup, "cats", 1);
    let page = setup.site().get("/gallery?from=2026-11-25&to=2026-11-24").await.text();
    let (_, told) = page.split_once("id=\"search-from-fault\"").expect("it is told at From");
    assert!(told.contains("2026-11-25 is later than To, 2026-11-24"), "{told}");
    assert!(!page.contains("Nothing found"));
}

#[tokio::test]
async fn a_star_stays_with_its_picture() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 3);
    let site = setup.site();
    let starred = |page: &GalleryPage| page.images.iter().filter(|one| one.image.starred).count();
    assert_eq!(site.call("star", &format!("image={}&starred=true", ids[1])).await.status, 200);
    let only = GalleryQuery { starred: true, ..Default::default() };
    let page = find(&setup, only.clone()).await;
    assert_eq!((seeds(&page), starred(&page)), (vec![1], 1));
    site.call("star", &format!("image={}&starred=false", ids[1])).await;
    assert_eq!(find(&setup, only).await.total, 0);
    assert!(setup.studio.star(999, true).await.is_err());
}

#[tokio::test]
async fn deleted_pictures_come_back_unless_they_are_purged() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 3);
    let site = setup.site();
    let url = format!("/files/images/{}.png", ids[0]);
    let named = format!("images={},{}", ids[0], ids[2]);
    assert_eq!(site.call("delete_images", &named).await.status, StatusCode::OK);
    assert_eq!(seeds(&find(&setup, GalleryQuery::default()).await), [1]);
    let of_job = setup.studio.generation(None).await.unwrap().unwrap();
    assert_eq!(of_job.images.len(), 1);
    assert_eq!(site.get(&url).await.status, StatusCode::OK, "undo needs the file");

    site.call("restore_images", &named).await;
    assert_eq!(find(&setup, GalleryQuery::default()).await.total, 3);
    let fault = setup.studio.delete_images(Vec::new()).await.unwrap_err();
    assert!(fault.for_field("images").is_some());
}

/// Lets a deletion have happened `hours` before it did.
fn long_ago(setup: &Setup, image: ImageId, hours: i64) {
    let database = rusqlite::Connection::open(darkroom(setup).folders.database()).unwrap();
    let change = "UPDATE images SET deleted = deleted - ?2 WHERE id = ?1";
    database.execute(change, [image, hours * 3_600_000]).unwrap();
}

#[tokio::test]
async fn the_last_deletion_of_the_day_is_told_until_it_is_undone() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 6);
    let site = setup.site();
    let last = async || find(&setup, GalleryQuery::default()).await.last_deletion;
    assert_eq!(last().await, None);
    for (deleted, hours) in [(&ids[..1], 25), (&ids[1..4], 3), (&ids[4..5], 2)] {
        setup.studio.delete_images(deleted.to_vec()).await.unwrap();
        deleted.iter().for_each(|image| long_ago(&setup, *image, hours));
    }
    let newest = last().await.unwrap();
    assert_eq!((newest.images, newest.ago / 3600), (1, 2));
    let one = format!("from={}&until={}", newest.moment, newest.moment);
    assert_eq!(site.call("restore_deletions", &one).await.status, StatusCode::OK);
    let before = last().await.unwrap();
    assert_eq!((before.images, before.ago / 3600), (3, 3));
    let again = site.call("restore_deletions", &one).await;
    assert!(again.text().contains("back already"), "{}", again.text());
    setup.studio.restore_deletions(0, before.moment).await.unwrap();
    assert_eq!(last().await, None);
    assert_eq!(find(&setup, GalleryQuery::default()).await.total, 5, "one was gone by then");
}

#[tokio::test]
async fn a_picture_that_is_deleted_twice_keeps_its_moment() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 2);
    setup.studio.delete_images(vec![ids[0]]).await.unwrap();
    long_ago(&setup, ids[0], 5);
    setup.studio.delete_images(ids.clone()).await.unwrap();
    let told = setup.studio.deleted_images().await.unwrap();
    let hours: Vec<_> = told.images.iter().map(|image| (image.id, image.ago / 3600)).collect();
    assert_eq!((told.total, hours), (2, vec![(ids[1], 0), (ids[0], 5)]));
}

#[tokio::test]
async fn what_is_removed_for_good_does_not_come_back_and_the_rest_does() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 3);
    let site = setup.site();
    setup.studio.delete_images(vec![ids[0]]).await.unwrap();
    let until = setup.studio.deleted_images().await.unwrap().images[0].moment;
    long_ago(&setup, ids[0], 1);
    setup.studio.delete_images(vec![ids[1]]).await.unwrap();
    let purged = site.call("purge_deletions", &format!("until={}", until - 1)).await;
    assert_eq!(purged.status, StatusCode::OK);
    let status = async |id| site.get(&format!("/files/images/{id}.png")).await.status;
    assert_eq!(status(ids[0]).await, StatusCode::NOT_FOUND);
    assert_eq!(status(ids[1]).await, StatusCode::OK);
    let gone = setup.studio.restore_images(vec![ids[0]]).await.unwrap_err();
    assert!(gone.to_string().contains("for good"), "{gone}");
    setup.studio.restore_images(vec![ids[0], ids[1]]).await.unwrap();
    assert_eq!(seeds(&find(&setup, GalleryQuery::default()).await), [2, 1]);
}

#[tokio::test]
async fn the_last_picture_that_goes_for_good_takes_grid_and_sheets_along() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 2);
    let (site, darkroom) = (setup.site(), darkroom(&setup));
    let job = find(&setup, GalleryQuery::default()).await.images[0].job;
    let folder = darkroom.folders.grids(Outputs::Text, "2026-11-24");
    std::fs::create_dir_all(&folder).unwrap();
    let [grid, sheet] = ["grid-0000.png", "xyz_grid-0000.png"].map(|name| folder.join(name));
    for file in [&grid, &sheet] {
        std::fs::write(file, png(0)).unwrap();
    }
    darkroom.store.set_grid(job, &darkroom.folders.relative(&grid)).unwrap();
    darkroom.store.add_sheet(job, 0, &darkroom.folders.relative(&sheet)).unwrap();
    darkroom.store.end(job, &Ending { state: JobState::Done, message: None }).unwrap();
    let addresses = [format!("/files/grids/{job}.png"), format!("/files/sheets/{job}/0.png")];

    let database = rusqlite::Connection::open(darkroom.folders.database()).unwrap();
    for (id, status) in [(ids[0], StatusCode::OK), (ids[1], StatusCode::NOT_FOUND)] {
        setup.studio.delete_images(vec![id]).await.unwrap();
        // Long ago.
        database.execute("UPDATE images SET deleted = 1 WHERE id = ?1", [id]).unwrap();
        crate::support::open(setup.folder.path());
        for address in &addresses {
            assert_eq!(site.get(address).await.status, status, "{address}");
        }
    }
    assert!(!grid.exists() && !sheet.exists());
}

#[tokio::test]
async fn chosen_pictures_are_one_download() {
    let setup = Setup::idle();
    let (cats, dogs) = (hang(&setup, "cats", 2), hang(&setup, "dogs", 1));
    let site = setup.site();
    let ask = async |images: String| {
        let request = post("/files/gallery.zip")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(format!("images={images}")));
        site.ask(request.unwrap()).await
    };
    let answer = ask(format!("{},{}", cats[1], dogs[0])).await;
    assert_eq!(answer.header(header::CONTENT_TYPE), "application/zip");
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(answer.bytes)).unwrap();
    let names: Vec<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["cats-1.png", "dogs-0.png"]);
    let mut bytes = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_index(0).unwrap(), &mut bytes).unwrap();
    assert_eq!(bytes, png(1));
    assert_eq!(ask("999".into()).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(String::new()).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn pictures_are_found_by_their_numbers_in_the_order_asked_for() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 3);
    setup.studio.star(ids[2], true).await.unwrap();
    setup.studio.delete_images(vec![ids[0]]).await.unwrap();
    let found = setup.studio.images(vec![ids[2], ids[0], ids[1]]).await.unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.image.id, one.image.starred)).collect();
    assert_eq!(told, [(ids[2], true), (ids[1], false)]);
}

#[tokio::test]
async fn a_search_that_is_refused_leaves_the_models_to_choose_from() {
    let setup = Setup::idle();
    hang(&setup, "cats", 2);
    hang(&setup, "dogs", 1);
    let page = setup.site().get("/gallery?seed=-4&model=dogs").await.text();
    assert!(page.contains("is no seed"), "{page}");
    let (_, list) = page.split_once("id=\"search-model\"").unwrap();
    let list = list.split_once("</select>").unwrap().0;
    for model in ["All models", "cats", "dogs"] {
        assert!(list.contains(model), "{model}: {list}");
    }
    assert!(!page.contains("Image with seed"), "{page}");
}

#[tokio::test]
async fn pictures_that_cannot_be_compared_are_named_and_the_others_are_there() {
    let setup = Setup::idle();
    let ids = hang(&setup, "cats", 2);
    let site = setup.site();
    let page = async |path: String| site.get(&path).await.text();
    let both = page(format!("/compare?a={}&b={}", ids[0], ids[1])).await;
    assert!(both.contains("A: image with seed 0") && both.contains("B: image with seed 1"));
    assert!(!both.contains("there is no picture"), "{both}");
    setup.studio.delete_images(vec![ids[1]]).await.unwrap();
    for (path, words) in [
        (format!("/compare?a={}&b={}", ids[0], ids[1]), format!("picture {} any more", ids[1])),
        (format!("/compare?a=x&b={}", ids[0]), "picture `x`".into()),
    ] {
        let page = page(path.clone()).await;
        assert!(
            page.contains(&format!("<p>there is no {words}; choose one below")),
            "{path}: {page}"
        );
        assert!(page.contains("Choose the picture to compare it with."), "{path}: {page}");
    }
    let none = page("/compare?a=x".into()).await;
    assert!(none.contains("Choose the first picture."), "{none}");
    let way = page(format!("/process?picture={}", ids[1])).await;
    assert!(way.contains("any more; the newest is shown below"), "{way}");
    assert!(way.contains("Image with seed 0"), "{way}");
}

#[tokio::test]
async fn a_refused_search_shows_its_fault_alone() {
    let setup = Setup::idle();
    hang(&setup, "cats", 2);
    let site = setup.site();
    for (path, words) in [("from=soon", "`soon` is no date"), ("seed=-1", "`-1` is no seed")] {
        let page = site.get(&format!("/gallery?{path}")).await.text();
        assert!(page.contains(words), "{page}");
        assert!(!page.contains("Nothing found") && !page.contains("Nothing drawn"), "{page}");
    }
    let page = site.get("/gallery?seed=77").await.text();
    assert!(page.contains("Nothing found"), "{page}");
}
