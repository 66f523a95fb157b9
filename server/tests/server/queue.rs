//! The queue, and what a restart makes of it.

use app::api::{JobKind, JobState, Live, Studio, TrainFigures};
use axum::http::header;
use engine::config::GenerateSettings;
use server::studio::store::Ending;

use crate::sdapi::{draw, images};
use crate::support::{Setup, darkroom, open, post, two_of, wait};

#[tokio::test]
async fn jobs_stand_in_the_order_they_came_and_a_waiting_one_can_be_taken_out() {
    let setup = Setup::idle();
    let mut jobs = Vec::new();
    for name in ["a", "b", "c"] {
        jobs.push(setup.studio.train(setup.tiny(name, 8)).await.unwrap());
    }
    setup.studio.interrupt(jobs[1]).await.unwrap();
    let status = setup.studio.status().await.unwrap();
    let shown: Vec<_> = status.jobs.iter().map(|job| (job.title.as_str(), job.state)).collect();
    assert_eq!(shown, [("a", JobState::Queued), ("c", JobState::Queued), ("b", JobState::Stopped)]);
    // Its name is free again, and another may not take that of one that waits.
    setup.studio.train(setup.tiny("b", 8)).await.unwrap();
    let taken = setup.studio.train(setup.tiny("a", 8)).await.unwrap_err();
    assert!(taken.for_field("train_params.task_name").is_some(), "{taken}");
    assert!(setup.studio.resume(jobs[1]).await.is_err(), "its folder belongs to the later run");
    assert!(setup.studio.interrupt(12345).await.is_err());
}

#[tokio::test]
async fn of_runs_under_one_name_at_once_one_begins() {
    let setup = Setup::idle();
    for round in 0..10 {
        let config = setup.tiny(&format!("run{round}"), 8);
        let starts = (0..4).map(|_| setup.studio.train(config.clone()));
        let begun = futures::future::join_all(starts).await;
        let refused: Vec<_> = begun.iter().filter_map(|run| run.as_ref().err()).collect();
        assert_eq!(refused.len(), 3, "{begun:?}");
        assert!(refused.iter().all(|fault| fault.for_field("train_params.task_name").is_some()));
    }
}

#[tokio::test]
async fn a_restart_says_what_was_interrupted_and_keeps_the_queue() {
    let setup = Setup::idle();
    let studio = darkroom(&setup);
    let running = setup.studio.train(setup.tiny("ran", 8)).await.unwrap();
    let waiting = setup.studio.train(setup.tiny("waits", 8)).await.unwrap();
    // What a program leaves behind that was killed in the middle.
    studio.store.claim(&[JobKind::Train], "1-deadbeef").unwrap().unwrap();
    let reopened = open(setup.folder.path());
    let ran = reopened.training(Some(running)).await.unwrap().unwrap().job;
    assert_eq!(ran.state, JobState::Interrupted);
    assert!(ran.message.unwrap().starts_with("Darkroom was closed while this ran"));
    let waits = reopened.training(Some(waiting)).await.unwrap().unwrap().job;
    assert_eq!(waits.state, JobState::Queued);
}

#[tokio::test]
async fn a_job_that_another_living_program_runs_is_left_alone() {
    let setup = Setup::idle();
    let studio = darkroom(&setup);
    let running = setup.studio.train(setup.tiny("ran", 8)).await.unwrap();
    studio.store.claim(&[JobKind::Train], studio.worker_name()).unwrap().unwrap();
    let other = open(setup.folder.path());
    let job = other.training(Some(running)).await.unwrap().unwrap().job;
    assert_eq!(job.state, JobState::Running);
    // It can still be asked to stop from there.
    other.interrupt(running).await.unwrap();
    assert!(studio.store.stop_asked(running).unwrap());
}

#[tokio::test]
async fn a_queue_left_waiting_is_worked_off_after_the_restart() {
    let setup = Setup::idle();
    let job = setup.studio.train(setup.tiny("patient", 4)).await.unwrap();
    let device = server::studio::DeviceThread::open(engine::device::DeviceChoice::Cpu).unwrap();
    setup.studio.0.serve_queue(device).unwrap();
    assert_eq!(setup.training_over(job).await.job.state, JobState::Done);
}

#[tokio::test]
async fn a_job_whose_images_are_gone_fails_in_words_and_the_next_one_runs() {
    let setup = Setup::idle();
    let mut config = setup.tiny("lost", 4);
    let gone = setup.folder.path().join("gone");
    std::fs::rename(setup.images(2), &gone).unwrap();
    config.dataset_params.im_path = gone.to_string_lossy().into_owned();
    let lost = setup.studio.train(config).await.unwrap();
    let next = setup.studio.train(setup.tiny("next", 4)).await.unwrap();
    std::fs::remove_dir_all(&gone).unwrap();
    let device = server::studio::DeviceThread::open(engine::device::DeviceChoice::Cpu).unwrap();
    setup.studio.0.serve_queue(device).unwrap();
    assert_eq!(setup.training_over(next).await.job.state, JobState::Done);
    let lost = setup.training(lost).await.job;
    assert_eq!(lost.state, JobState::Failed);
    assert!(lost.message.unwrap().contains("gone"));
}

#[tokio::test]
async fn a_job_whose_end_cannot_be_stored_is_over_and_stored_when_that_can_be() {
    let setup = Setup::working();
    let database = rusqlite::Connection::open(darkroom(&setup).folders.database()).unwrap();
    let full = "CREATE TRIGGER full BEFORE UPDATE OF state ON jobs WHEN NEW.state = 'done'
                BEGIN SELECT RAISE(FAIL, 'the disk is full'); END";
    database.execute_batch(full).unwrap();
    let site = setup.site();
    let call = serde_json::json!({ "steps": 2, "save_images": true });
    assert_eq!(images(&draw(&site, &call).await).len(), 1);
    let job = setup.studio.generation(None).await.unwrap().unwrap().job;
    assert_eq!(job.state, JobState::Done);
    setup.studio.interrupt(job.id).await.unwrap();
    let stored = || -> String {
        let state = "SELECT state FROM jobs WHERE id = ?1";
        database.query_row(state, [job.id], |row| row.get(0)).unwrap()
    };
    assert_eq!(stored(), "running");

    database.execute_batch("DROP TRIGGER full").unwrap();
    // The worker turns to the queue again.
    draw(&site, &call).await;
    wait(async || stored() == "done").await;
}

#[tokio::test]
async fn a_job_that_is_to_end_or_to_skip_says_so_at_once() {
    let setup = Setup::idle();
    let studio = darkroom(&setup);
    let job = setup.studio.generate(two_of("digits")).await.unwrap();
    studio.store.claim(&[JobKind::Generate], studio.worker_name()).unwrap().unwrap();
    studio.live.begin(job);
    studio.live.change(job, |running| running.eta_seconds = Some(60.0));
    let mut told = studio.live.subscribe();
    let mut newest = || match told.try_recv() {
        Ok(Live::Status(status)) => status.jobs.into_iter().find(|one| one.id == job).unwrap(),
        other => panic!("{other:?}"),
    };
    setup.studio.skip(job).await.unwrap();
    assert_eq!(newest().message.as_deref(), Some("Skipping after this step…"));
    assert!(studio.live.take_skip(job));
    assert_eq!(setup.generation(job).await.job.message, None);
    setup.studio.interrupt(job).await.unwrap();
    let ending = newest();
    assert_eq!(ending.message.as_deref(), Some("Ending after this step…"));
    assert_eq!(ending.eta_seconds, None, "nobody waits for all of it");
    // A page that is opened now is told too.
    assert_eq!(setup.generation(job).await.job, ending);
}

#[tokio::test]
async fn a_job_that_is_over_says_why_also_before_it_is_let_go() {
    let setup = Setup::idle();
    let studio = darkroom(&setup);
    let run = setup.studio.train(setup.tiny("first", 8)).await.unwrap();
    studio.store.claim(&[JobKind::Train], studio.worker_name()).unwrap().unwrap();
    studio.live.begin(run);
    studio.live.change(run, |running| running.message = Some("step 3".into()));
    let ending = Ending { state: JobState::Failed, message: Some("the disk is full".into()) };
    studio.store.end(run, &ending).unwrap();
    let job = setup.training(run).await.job;
    assert_eq!((job.state, job.message), (JobState::Failed, ending.message));
}

#[tokio::test]
async fn what_draws_nothing_has_nothing_to_skip() {
    let setup = Setup::idle();
    let studio = darkroom(&setup);
    let job = setup.studio.train(setup.tiny("goes-on", 8)).await.unwrap();
    studio.store.claim(&[JobKind::Train], studio.worker_name()).unwrap().unwrap();
    studio.live.begin(job);
    setup.studio.skip(job).await.unwrap();
    assert_eq!(setup.studio.training(Some(job)).await.unwrap().unwrap().job.message, None);
    assert!(!studio.live.take_skip(job));
}

#[tokio::test]
async fn a_style_that_is_kept_without_scripts_leaves_the_form_as_it_was_typed() {
    let setup = Setup::idle();
    let site = setup.site();
    for (style, steps) in [("bold", "13"), ("%20", "14")] {
        let form = format!("style={style}&model=digits&steps={steps}&negative_prompt=%20");
        let request = post("/fn/save_style")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html")
            .header(header::REFERER, "http://localhost:7860/?rest=default&steps=50");
        let answer = site.ask(request.body(form.into()).unwrap()).await;
        let page = site.get(answer.header(header::LOCATION)).await.text();
        let (_, field) = page.split_once(" name=\"steps\"").unwrap();
        let tag = field.split_once('>').unwrap().0;
        assert!(tag.contains(&format!(" value=\"{steps}\"")), "{tag}");
    }
    let styles = setup.studio.styles().await.unwrap();
    let is_negative = |(key, _): &(String, String)| key == "negative_prompt";
    assert!(styles.len() == 1 && !styles[0].settings.iter().any(is_negative), "{styles:?}");
}

#[tokio::test]
async fn a_style_is_kept_under_its_name_and_known_to_the_api() {
    let setup = Setup::idle();
    let site = setup.site();
    let kept = site.call("save_style", "style=Bold&prompt=({prompt}:1.3)&steps=20&eta=0").await;
    assert_eq!(kept.status, 200, "{}", kept.text());
    let styles = setup.studio.styles().await.unwrap();
    assert_eq!(styles.len(), 1);
    let kept = |key: &str| {
        let found = styles[0].settings.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!((kept("prompt"), kept("steps")), (Some("({prompt}:1.3)"), Some("20")));
    // What is usual is kept too: laid over another form it must change that.
    assert_eq!((kept("sampler"), kept("eta")), (Some("DDPM"), Some("0")));
    assert_eq!((kept("seed"), kept("negative_prompt")), (None, None));
    let listed = site.get("/sdapi/v1/prompt-styles").await.json();
    assert_eq!(listed[0]["prompt"], "({prompt}:1.3)");
    let styled = setup.studio.0.styled(&["bold".into(), "gone".into()], "prompt", "7").unwrap();
    assert_eq!(styled, "(7:1.3)");
    site.call("save_style", "style=bold&steps=30").await;
    assert_eq!(setup.studio.styles().await.unwrap().len(), 1);
    assert_eq!(site.call("save_style", "style=%20").await.status, 422);
    assert_eq!(site.call("delete_style", "style=Bold").await.status, 200);
    assert_eq!(site.call("delete_style", "style=Bold").await.status, 404);
}

#[tokio::test]
async fn a_run_of_a_program_that_is_gone_stands_in_nobodys_way() {
    let setup = Setup::idle();
    let studio = darkroom(&setup);
    let images = setup.images(4).to_string_lossy().into_owned();
    setup.studio.add_dataset("mine", &images, "#000000").await.unwrap();
    let mut config = setup.tiny("left", 8);
    config.dataset_params.im_path = "mine".into();
    let run = setup.studio.train(config).await.unwrap();
    // It is taken on by a program that is killed while this one runs.
    let killed = || studio.store.claim(&[JobKind::Train], "1-deadbeef").unwrap().unwrap();
    killed();
    setup.studio.resume(run).await.unwrap();
    killed();
    setup.studio.delete_dataset("mine").await.unwrap();
    assert_eq!(setup.training(run).await.job.state, JobState::Interrupted);
}

#[tokio::test]
async fn a_program_that_waits_for_work_sees_that_another_is_gone() {
    let setup = Setup::idle();
    let run = setup.studio.train(setup.tiny("left", 8)).await.unwrap();
    darkroom(&setup).store.claim(&[JobKind::Train], "1-deadbeef").unwrap().unwrap();
    let mut bus = darkroom(&setup).live.subscribe();
    let device = server::studio::DeviceThread::open(engine::device::DeviceChoice::Cpu).unwrap();
    darkroom(&setup).serve_queue(device).unwrap();
    let view = setup.training_over(run).await;
    assert_eq!(view.job.state, JobState::Interrupted);
    let told = bus.recv().await.unwrap();
    let Live::Status(status) = told else { panic!("{told:?}") };
    assert_eq!(status.jobs[0].state, JobState::Interrupted);
}

#[tokio::test]
async fn a_job_that_waits_has_no_time_left_to_tell() {
    let setup = Setup::idle();
    let run = setup.studio.train(setup.tiny("resumed", 8)).await.unwrap();
    let earlier = TrainFigures { step: 4, eta_seconds: Some(70.0), ..Default::default() };
    let earlier = serde_json::to_string(&earlier).unwrap();
    darkroom(&setup).store.set_progress(run, 0.5, Some(&earlier)).unwrap();
    let view = setup.training(run).await;
    assert_eq!(
        (view.figures.step, view.figures.eta_seconds, view.job.eta_seconds),
        (4, None, None)
    );
}

#[tokio::test]
async fn the_newest_run_is_told_of_after_many_other_jobs() {
    let setup = Setup::idle();
    assert_eq!(setup.studio.status().await.unwrap().newest_training, None);
    let runs = [
        setup.studio.train(setup.tiny("old", 8)).await.unwrap(),
        setup.studio.train(setup.tiny("new", 8)).await.unwrap(),
    ];
    for run in runs {
        setup.studio.interrupt(run).await.unwrap();
    }
    // Resumed, it is still the older one.
    setup.studio.resume(runs[0]).await.unwrap();
    setup.studio.interrupt(runs[0]).await.unwrap();
    for _ in 0..6 {
        let drawing = GenerateSettings { model: "digits".into(), ..Default::default() };
        let job = setup.studio.generate(drawing).await.unwrap();
        setup.studio.interrupt(job).await.unwrap();
    }
    let status = setup.studio.status().await.unwrap();
    assert!(status.jobs.iter().all(|job| job.kind == JobKind::Generate));
    assert_eq!(status.newest_training, Some(runs[1]));
}
