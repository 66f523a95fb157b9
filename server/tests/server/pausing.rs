//! A run that is held for a while.

use app::api::{JobId, JobState, Studio, Wish};

use crate::support::{Setup, darkroom, open, two_of, wait};

/// A run that goes on for long and is held now; told by its number.
async fn held(setup: &Setup) -> JobId {
    let mut config = setup.tiny("long", 1_000_000);
    config.train_params.sample_every = 1_000_000;
    config.train_params.checkpoint_every = 1_000_000;
    let run = setup.studio.train(config).await.unwrap();
    wait(async || setup.training(run).await.figures.step >= 3).await;
    let site = setup.site();
    let answer = site.call("pause", &format!("job={run}")).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    wait(async || setup.training(run).await.job.message.is_some()).await;
    run
}

#[tokio::test]
async fn a_paused_run_makes_no_step_until_it_goes_on() {
    let setup = Setup::working();
    let run = held(&setup).await;
    let view = setup.training(run).await;
    assert_eq!((view.job.state, view.job.paused), (JobState::Running, true));
    assert_eq!((view.job.eta_seconds, view.figures.images_per_second), (None, None));
    let message = view.job.message.unwrap();
    assert!(message.contains("other runs wait"), "{message}");
    let page = setup.site().get(&format!("/train?job={run}")).await.text();
    assert!(page.contains("data-state=\"paused\"") && page.contains("/fn/go_on"), "{page}");

    // What is asked of it meanwhile is done, and no step is made for it.
    setup.studio.steer(run, Wish::SaveNow).await.unwrap();
    setup.studio.steer(run, Wish::SampleNow).await.unwrap();
    wait(async || {
        let view = setup.training(run).await;
        !view.checkpoints.is_empty() && !view.samples.is_empty()
    })
    .await;
    let asked = setup.training(run).await;
    assert_eq!(asked.figures.step, view.figures.step);
    assert_eq!(asked.checkpoints, [view.figures.step]);

    let answer = setup.site().call("go_on", &format!("job={run}")).await;
    assert!(answer.status.is_success(), "{}", answer.text());
    wait(async || setup.training(run).await.figures.step > view.figures.step).await;
    let job = setup.training(run).await.job;
    assert_eq!((job.paused, job.message), (false, None));
}

#[tokio::test]
async fn pictures_are_drawn_while_a_run_is_paused_and_other_runs_wait() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let run = held(&setup).await;
    let next = setup.studio.train(setup.tiny("next", 8)).await.unwrap();
    let drawn = setup.studio.generate(two_of("painter")).await.unwrap();
    let view = setup.generation_over(drawn).await;
    assert_eq!((view.job.state, view.images.len()), (JobState::Done, 2));
    assert_eq!(setup.training(next).await.job.state, JobState::Queued);
    assert!(setup.training(run).await.job.paused);
}

#[tokio::test]
async fn a_paused_run_is_stopped_and_goes_on_later() {
    let setup = Setup::working();
    let run = held(&setup).await;
    setup.studio.interrupt(run).await.unwrap();
    let stopped = setup.training_over(run).await;
    assert_eq!((stopped.job.state, stopped.job.paused), (JobState::Stopped, false));
    let step = stopped.figures.step;
    assert_eq!(stopped.checkpoints, [step]);
    setup.studio.resume(run).await.unwrap();
    wait(async || setup.training(run).await.figures.step > step).await;
    assert!(!setup.training(run).await.job.paused, "a pause does not outlive a stop");
}

#[tokio::test]
async fn closing_the_program_keeps_what_a_paused_run_learned() {
    let setup = Setup::working();
    let run = held(&setup).await;
    let step = setup.training(run).await.figures.step;
    darkroom(&setup).close();
    let view = open(setup.folder.path()).training(Some(run)).await.unwrap().unwrap();
    assert_eq!((view.job.state, view.job.paused), (JobState::Interrupted, false));
    assert_eq!(view.checkpoints, [step]);
}
