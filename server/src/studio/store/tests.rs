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
    store.add_sample(job, 1, "runs/a/samples/step-00000001.png").unwrap();
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
    store.save_draft("train", "{\"a\":1}").unwrap();
    store.save_draft("train", "{\"a\":2}").unwrap();
    drop(store);
    let store = Store::open(&folder.path().join("darkroom.db")).unwrap();
    assert_eq!(store.preferences().unwrap(), chosen);
    assert_eq!(store.draft("train").unwrap().as_deref(), Some("{\"a\":2}"));
    assert_eq!(store.draft("generate").unwrap(), None);
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
