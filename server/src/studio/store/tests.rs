use app::api::{JobKind, JobState, LossPoint, Preferences, Theme};

use super::*;

fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("darkroom.db")).unwrap();
    (folder, store)
}

const BOTH: &[JobKind] = &[JobKind::Train, JobKind::Generate];

#[test]
fn jobs_are_claimed_in_the_order_they_came_and_only_once() {
    let (_folder, store) = store();
    let first = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    let second = store.enqueue(JobKind::Generate, "b", "{}", None).unwrap();
    let third = store.enqueue(JobKind::Generate, "c", "{}", None).unwrap();
    assert_eq!(store.claim(BOTH, "w").unwrap().unwrap().id, first);
    assert_eq!(store.claim(&[JobKind::Train], "w").unwrap(), None);
    assert_eq!(store.claim(&[JobKind::Generate], "w").unwrap().unwrap().id, second);
    assert_eq!(store.claim(BOTH, "w").unwrap().unwrap().id, third);
    assert_eq!(store.claim(BOTH, "w").unwrap(), None);
}

#[test]
fn a_job_of_a_worker_never_waits_in_the_queue() {
    let (_folder, store) = store();
    let id = store.enqueue(JobKind::Train, "a", "{}", Some("w")).unwrap();
    let row = store.job(id).unwrap().unwrap();
    assert_eq!((row.state, row.worker.as_deref()), (JobState::Running, Some("w")));
    assert_eq!(store.claim(BOTH, "other").unwrap(), None);
}

/// Whatever is written to the jobs from here on fails when it is to be stored for good.
fn fail_commits(store: &Store) {
    let broken = "
        CREATE TABLE broken (job INTEGER REFERENCES jobs (id) DEFERRABLE INITIALLY DEFERRED);
        CREATE TRIGGER no_insert AFTER INSERT ON jobs BEGIN INSERT INTO broken VALUES (-1); END;
        CREATE TRIGGER no_update AFTER UPDATE ON jobs BEGIN INSERT INTO broken VALUES (-1); END;";
    store.with(|db| db.execute_batch(broken)).unwrap();
}

#[test]
fn a_job_that_cannot_be_stored_is_neither_promised_nor_claimed() {
    let (_folder, store) = store();
    let waiting = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    fail_commits(&store);
    assert!(store.enqueue(JobKind::Train, "b", "{}", None).is_err());
    assert!(store.claim(BOTH, "w").is_err());
    let open: Vec<_> = store.open_jobs().unwrap().iter().map(|job| (job.id, job.state)).collect();
    assert_eq!(open, [(waiting, JobState::Queued)]);
}

#[test]
fn a_job_whose_ending_cannot_be_stored_is_over_and_stored_later() {
    let (folder, store) = store();
    let job = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    store.claim(BOTH, "w").unwrap();
    fail_commits(&store);
    let ending = Ending { state: JobState::Failed, message: Some("the disk is full".into()) };
    assert!(store.end(job, &ending).is_err());
    assert_eq!(store.job(job).unwrap().unwrap().message, ending.message);
    assert_eq!(store.open_jobs().unwrap(), []);
    assert_eq!(store.last_jobs(5).unwrap()[0].state, JobState::Failed);
    assert!(store.write_endings().is_err() && store.requeue(job, "{}", None).is_err());

    store.with(|db| db.execute_batch("DROP TRIGGER no_update")).unwrap();
    store.write_endings().unwrap();
    let stored = Store::open(&folder.path().join("darkroom.db")).unwrap().job(job).unwrap();
    assert_eq!(stored.unwrap().state, JobState::Failed);
    assert_eq!(store.last_jobs(5).unwrap().len(), 1);
}

#[test]
fn a_requeued_job_goes_to_the_end() {
    let (_folder, store) = store();
    let first = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    let second = store.enqueue(JobKind::Train, "b", "{}", None).unwrap();
    store.claim(BOTH, "w").unwrap();
    let ending = Ending { state: JobState::Stopped, message: Some("enough".into()) };
    store.end(first, &ending).unwrap();
    store.requeue(first, "{\"resume\":true}", None).unwrap();
    let row = store.job(first).unwrap().unwrap();
    assert_eq!((row.state, row.message, row.worker), (JobState::Queued, None, None));
    assert_eq!(store.claim(BOTH, "w").unwrap().unwrap().id, second);
    assert_eq!(store.claim(BOTH, "w").unwrap().unwrap().request, "{\"resume\":true}");
}

#[test]
fn only_a_waiting_job_can_be_withdrawn() {
    let (_folder, store) = store();
    let id = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    assert!(store.withdraw(id, "taken out").unwrap());
    assert!(!store.withdraw(id, "taken out").unwrap());
    assert_eq!(store.claim(BOTH, "w").unwrap(), None);
    assert_eq!(store.last_jobs(5).unwrap()[0].state, JobState::Stopped);
}

#[test]
fn a_long_curve_is_thinned_by_means() {
    let (_folder, store) = store();
    let job = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    let points: Vec<LossPoint> = (1..=2500)
        .map(|step| LossPoint {
            step,
            loss: step as f32,
            buckets: [Some(1.0), None, None, Some(3.0)],
            learning_rate: Some(step as f64),
            grad_norm: Some(2.0),
        })
        .collect();
    store.add_losses(job, &points).unwrap();
    let curve = store.curve(job, 1000).unwrap();
    assert_eq!(curve.len(), 834);
    assert_eq!(
        curve[0],
        LossPoint {
            step: 3,
            loss: 2.0,
            buckets: [Some(1.0), None, None, Some(3.0)],
            learning_rate: Some(3.0),
            grad_norm: Some(2.0),
        }
    );
    assert_eq!(curve[833].step, 2500);
    store.forget_from(job, 3).unwrap();
    assert_eq!(store.curve(job, 1000).unwrap().len(), 2);
}

#[test]
fn of_very_many_steps_some_that_are_spread_over_them_are_averaged() {
    let (_folder, store) = store();
    let job = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    let points: Vec<LossPoint> = (1..=30_000)
        .filter(|step| !(2001..=5000).contains(step))
        .map(|step| LossPoint { step, loss: step as f32, ..LossPoint::default() })
        .collect();
    store.add_losses(job, &points).unwrap();
    let curve = store.curve(job, 30).unwrap();
    // Nothing is told of a stretch without a step.
    let steps: Vec<u64> = curve.iter().map(|point| point.step).collect();
    let told: Vec<u64> = [1000, 2000].into_iter().chain((6000..=30_000).step_by(1000)).collect();
    assert_eq!(steps, told);
    for point in &curve {
        let middle = point.step as f32 - 499.5;
        assert!((point.loss - middle).abs() < 25.0, "{} at {}", point.loss, point.step);
    }
}

#[test]
fn a_step_that_diverged_is_not_on_the_curve() {
    let (_folder, store) = store();
    let job = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    store.add_losses(job, &[LossPoint { step: 1, loss: f32::NAN, ..Default::default() }]).unwrap();
    assert_eq!(store.curve(job, 1000).unwrap(), []);
}

#[test]
fn deleting_a_job_takes_its_curve_and_samples_along() {
    let (_folder, store) = store();
    let job = store.enqueue(JobKind::Train, "a", "{}", None).unwrap();
    store.add_losses(job, &[LossPoint { step: 1, loss: 1.0, ..Default::default() }]).unwrap();
    let path = "runs/a/samples/step-00000001.png".to_owned();
    let drawn = SampleRow { step: 1, raw: Some(path.replace(".png", "-raw.png")), path };
    store.add_sample(job, &drawn).unwrap();
    assert_eq!(store.samples(job).unwrap(), std::slice::from_ref(&drawn));
    assert_eq!(store.sample(job, 1).unwrap(), Some(drawn));
    store.delete_job(job).unwrap();
    assert_eq!(store.curve(job, 10).unwrap(), []);
    assert_eq!(store.sample(job, 1).unwrap(), None);
}

#[test]
fn drafts_and_preferences_come_back_after_reopening() {
    let (folder, store) = store();
    assert_eq!(store.preferences().unwrap(), Preferences::default());
    let chosen = Preferences { theme: Theme::Light, live_preview: false, ..Default::default() };
    store.set_preferences(&chosen).unwrap();
    store.save_draft("me", "train", "{\"a\":1}").unwrap();
    store.save_draft("me", "train", "{\"a\":2}").unwrap();
    drop(store);
    let store = Store::open(&folder.path().join("darkroom.db")).unwrap();
    assert_eq!(store.preferences().unwrap(), chosen);
    assert_eq!(store.draft("me", "train").unwrap().as_deref(), Some("{\"a\":2}"));
    assert_eq!(store.draft("me", "generate").unwrap(), None);
}

#[test]
fn a_database_of_a_newer_program_is_refused_in_words() {
    let (folder, store) = store();
    drop(store);
    let path = folder.path().join("darkroom.db");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = Store::open(&path).err().unwrap().to_string();
    assert!(error.contains("newer Darkroom"), "{error}");
}

#[test]
fn a_data_set_name_is_given_once() {
    let (_folder, store) = store();
    let row = DatasetRow {
        name: "cats".into(),
        path: "/cats".into(),
        uploaded: false,
        background: "#000000".into(),
        skipped: "[]".into(),
        survey: None,
        fault: None,
    };
    assert!(store.add_dataset(&row).unwrap());
    assert!(!store.add_dataset(&row).unwrap());
    store.set_survey("cats", Some("{}"), None).unwrap();
    assert_eq!(store.dataset("cats").unwrap().unwrap().survey.as_deref(), Some("{}"));
}

#[test]
fn programs_that_begin_at_once_share_a_new_database() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("darkroom.db");
        let together = std::sync::Barrier::new(4);
        let open = || {
            together.wait();
            Store::open(&path).map(|_| ())
        };
        let opened: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    }
}

/// A database as the first program made it.
fn of_the_first_program(path: &std::path::Path) {
    let first = rusqlite::Connection::open(path).unwrap();
    first.execute_batch(schema::MIGRATIONS[0]).unwrap();
    let rows = r#"
        INSERT INTO jobs (id, kind, title, state, request, place, created)
            VALUES (1, 'generate', 'digits, 1 image', 'done', '{"model":"digits"}', 1, 5),
                   (2, 'train', 'mine', 'stopped', '{}', 2, 6);
        INSERT INTO images (id, job, path, strip, strip_frames, width, height, seed, parameters, created)
            VALUES (1, 1, 'a.png', 'b.png', 4, 28, 28, 7, 'Steps: 50', 5);
        INSERT INTO losses (job, step, loss, quarter0) VALUES (2, 1, 0.5, 0.25);
        INSERT INTO samples (job, step, path) VALUES (2, 1, 'c.png');
        INSERT INTO datasets (name, path, uploaded, background, skipped, created)
            VALUES ('cats', '/cats', 0, '#000000', '[]', 5);
        INSERT INTO drafts (form, content) VALUES ('train', '{"a":1}');"#;
    first.execute_batch(rows).unwrap();
    first.pragma_update(None, "user_version", 1).unwrap();
}

#[test]
fn a_database_of_the_first_program_keeps_all_it_holds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("darkroom.db");
    of_the_first_program(&path);
    // Once to change it, once more to find it changed.
    for _ in 0..2 {
        let store = Store::open(&path).unwrap();
        let [image] = &store.images(1).unwrap()[..] else { panic!("there was one picture") };
        assert_eq!((image.image.model.as_str(), image.image.seed), ("digits", 7));
        assert!(!image.starred && image.image.noisy_strip.is_none());
        let point = store.curve(2, 10).unwrap()[0];
        assert_eq!((point.step, point.loss, point.learning_rate), (1, 0.5, None));
        assert_eq!(point.buckets, [Some(0.25), None, None, None]);
        assert_eq!(store.sample(2, 1).unwrap().map(|sample| sample.path).as_deref(), Some("c.png"));
        assert_eq!(store.job(2).unwrap().unwrap().state, JobState::Stopped);
        assert_eq!(store.dataset("cats").unwrap().unwrap().path, "/cats");
        assert_eq!(store.draft("me", "train").unwrap().as_deref(), Some("{\"a\":1}"));
        // What came later is there too.
        assert_eq!(store.styles().unwrap(), []);
        assert_eq!(store.sheets(1).unwrap(), Vec::<String>::new());
        assert!(store.unsaved_jobs().unwrap().is_empty() && store.star_image(1, false).unwrap());
    }
    let (fresh_folder, fresh) = store();
    drop(fresh);
    assert_eq!(tables(&path), tables(&fresh_folder.path().join("darkroom.db")));
}

/// Name and columns of every table.
fn tables(path: &std::path::Path) -> Vec<(String, String)> {
    let columns = "SELECT m.name, group_concat(p.name || ' ' || p.type || ' ' || p.\"notnull\")
        FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table'
        GROUP BY m.name ORDER BY m.name";
    let database = rusqlite::Connection::open(path).unwrap();
    let mut rows = database.prepare(columns).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn a_database_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Store::open(folder.path()).err().unwrap().to_string();
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
}

#[test]
fn preferences_are_read_where_nothing_can_be_written() {
    let (folder, store) = store();
    let chosen = Preferences { negative_prompt: "blur".into(), ..Default::default() };
    store.set_preferences(&chosen).unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let path = elsewhere.path().join("odd? #5%20.db");
    drop(store);
    std::fs::copy(folder.path().join("darkroom.db"), &path).unwrap();
    assert_eq!(Store::read_preferences(&path).unwrap(), chosen);
    assert!(Store::read_preferences(&elsewhere.path().join("none.db")).is_err());
}

#[test]
fn a_job_is_ended_for_the_program_that_left_it_alone() {
    let (_folder, store) = store();
    let id = store.enqueue(JobKind::Train, "a", "{}", Some("gone")).unwrap();
    let orphan = store.job(id).unwrap().unwrap();
    let ending = Ending { state: JobState::Interrupted, message: None };
    store.end(id, &ending).unwrap();
    store.requeue(id, "{}", Some("alive")).unwrap();
    assert!(!store.end_orphan(&orphan, &ending).unwrap(), "it was resumed meanwhile");
    let row = store.job(id).unwrap().unwrap();
    assert_eq!(row.state, JobState::Running);
    assert!(store.end_orphan(&row, &ending).unwrap());
    assert_eq!(store.job(id).unwrap().unwrap().state, JobState::Interrupted);
}
