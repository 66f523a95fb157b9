//! Training runs from the first step to a model.

use app::api::{ApiError, JobState, Live, Studio, Wish};
use axum::http::StatusCode;
use engine::grid::Picture;
use server::studio::Runner;

use crate::support::{Setup, darkroom, open, two_of, wait};

#[tokio::test]
async fn a_run_leaves_curve_samples_metrics_and_a_model() {
    let setup = Setup::working();
    let view = setup.trained("first").await;
    assert_eq!((view.figures.step, view.figures.total_steps), (8, 8));
    assert_eq!(
        view.curve.iter().map(|point| point.step).collect::<Vec<_>>(),
        (1..=8).collect::<Vec<_>>()
    );
    assert_eq!(view.checkpoints, [4, 8]);
    assert_eq!(view.samples.iter().map(|grid| grid.step).collect::<Vec<_>>(), [4, 8]);
    let sample = setup.site().get(&view.samples[0].url).await;
    let sample = Picture::from_png(&sample.bytes).unwrap();
    assert_eq!((sample.width, sample.height), (18, 8));
    let raw = setup.site().get(view.samples[0].raw_url.as_ref().unwrap()).await;
    let raw = Picture::from_png(&raw.bytes).unwrap();
    assert_eq!((raw.width, raw.height), (18, 8));
    assert_ne!(raw, sample, "the weights as trained draw otherwise than their average");
    let folder = darkroom(&setup).folders.run("first");
    assert!(folder.join("config.yaml").is_file());
    let metrics = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    assert_eq!(metrics.lines().count(), 8);
    let models = setup.studio.models().await.unwrap();
    let model = models.iter().find(|model| model.name == "first").unwrap();
    assert_eq!((model.step, model.timesteps, model.width, model.built_in), (8, 20, 8, false));
}

#[tokio::test]
async fn a_taken_name_or_a_missing_data_set_is_told_at_its_field() {
    let setup = Setup::working();
    setup.trained("first").await;
    let again = setup.studio.train(setup.tiny("first", 8)).await.unwrap_err();
    assert!(again.for_field("train_params.task_name").unwrap().contains("taken"), "{again}");
    let mut config = setup.tiny("second", 8);
    config.dataset_params.im_path = "digit".into();
    let unknown = setup.studio.train(config).await.unwrap_err();
    assert!(unknown.for_field("dataset_params.im_path").unwrap().contains("digits"), "{unknown}");
    let mut config = setup.tiny("of-two", 8);
    config.dataset_params.im_path = "digits".into();
    config.model_params.num_classes = 2;
    let classes = setup.studio.train(config).await.unwrap_err();
    let told = classes.for_field("model_params.num_classes").unwrap();
    assert!(told.contains("give 10, or 0"), "before it waits in the queue: {classes}");
    let mut config = setup.tiny("third", 8);
    config.model_params.im_size = 9;
    let odd = setup.studio.train(config).await.unwrap_err();
    assert!(odd.for_field("model_params.im_size").is_some(), "{odd}");
}

#[tokio::test]
async fn a_stopped_run_goes_on_where_it_was() {
    let setup = Setup::working();
    let mut config = setup.tiny("long", 100_000);
    config.train_params.sample_every = 100_000;
    let job = setup.studio.train(config).await.unwrap();
    wait(async || setup.training(job).await.figures.step >= 3).await;
    setup.studio.interrupt(job).await.unwrap();
    let stopped = setup.training_over(job).await;
    assert_eq!(stopped.job.state, JobState::Stopped);
    let step = stopped.figures.step;
    assert_eq!(stopped.checkpoints.last(), Some(&step));
    assert!(stopped.job.message.unwrap().contains(&format!("step {step}")));

    assert_eq!(setup.studio.resume(job).await.unwrap(), job);
    wait(async || setup.training(job).await.figures.step > step + 2).await;
    setup.studio.interrupt(job).await.unwrap();
    let resumed = setup.training_over(job).await;
    let steps: Vec<u64> = resumed.curve.iter().map(|point| point.step).collect();
    if resumed.figures.step <= 1000 {
        assert_eq!(steps, (1..=resumed.figures.step).collect::<Vec<_>>());
    }
    assert!(steps.is_sorted() && steps.last() == Some(&resumed.figures.step));
}

#[tokio::test]
async fn a_finished_run_is_not_resumed_and_a_deleted_one_is_gone() {
    let setup = Setup::working();
    let view = setup.trained("first").await;
    assert!(matches!(setup.studio.resume(view.job.id).await, Err(ApiError::Conflict(_))));
    setup.studio.delete_model("first").await.unwrap();
    assert_eq!(setup.studio.training(None).await.unwrap(), None);
    assert!(!darkroom(&setup).folders.run("first").exists());
    assert!(setup.studio.delete_model("../pictures").await.is_err());
}

#[tokio::test]
async fn what_was_asked_meanwhile_is_drawn_between_two_steps() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let run = setup.studio.train(setup.tiny("long", 1_000_000)).await.unwrap();
    wait(async || setup.training(run).await.figures.step >= 2).await;
    let drawn = setup.studio.generate(two_of("painter")).await.unwrap();
    let view = setup.generation_over(drawn).await;
    assert_eq!((view.job.state, view.images.len()), (JobState::Done, 2));
    assert_eq!(setup.training(run).await.job.state, JobState::Running);
}

#[tokio::test]
async fn closing_keeps_what_was_learnt_and_says_so() {
    let setup = Setup::working();
    let run = setup.studio.train(setup.tiny("long", 1_000_000)).await.unwrap();
    wait(async || setup.training(run).await.figures.step >= 2).await;
    setup.studio.0.close();
    let view = open(setup.folder.path()).training(Some(run)).await.unwrap().unwrap();
    assert_eq!(view.job.state, JobState::Interrupted);
    let step = view.checkpoints.last().unwrap();
    let message = view.job.message.unwrap();
    assert!(message.contains("Darkroom was closed while this ran"), "{message}");
    assert!(message.contains(&format!("step {step}")), "{message}");
}

#[tokio::test]
async fn the_samples_of_all_steps_stand_on_one_sheet() {
    let setup = Setup::working();
    let view = setup.trained("first").await;
    let (site, job) = (setup.site(), view.job.id);
    let sheet = async |last: u64| site.get(&format!("/files/progress/{job}/{last}.png")).await;
    let (all, first) = (sheet(8).await, sheet(7).await);
    assert_eq!((all.status, first.status), (StatusCode::OK, StatusCode::OK));
    let [all, first] = [all, first].map(|answer| Picture::from_png(&answer.bytes).unwrap());
    // Two seeds, each by the average and as trained; cells of eight pixels are enlarged to 144.
    assert!((4 * 144..5 * 144).contains(&(all.width - 64)), "{}", all.width);
    assert!(all.width == first.width && all.height - first.height == 148, "steps 4 and 8, step 4");
    assert_eq!(sheet(3).await.status, StatusCode::NOT_FOUND);
    assert_eq!(site.get("/files/progress/999/8.png").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_pages_hear_of_every_step() {
    let setup = Setup::working();
    let mut bus = darkroom(&setup).live.subscribe();
    let run = setup.trained("first").await.job.id;
    let (mut steps, mut samples, mut kept) = (Vec::new(), 0, Vec::new());
    while let Ok(event) = bus.try_recv() {
        match event {
            Live::Train { job, points, .. } if job == run => {
                steps.extend(points.iter().map(|point| point.step));
            }
            Live::Samples { .. } => samples += 1,
            Live::Checkpoint { checkpoints, .. } => kept.push(checkpoints),
            _ => {}
        }
    }
    assert_eq!(steps, (1..=8).collect::<Vec<_>>());
    assert_eq!((samples, kept), (2, vec![vec![4], vec![4, 8]]));
}

#[tokio::test]
async fn an_estimate_tells_steps_weights_and_memory() {
    let setup = Setup::idle();
    let mut config = setup.tiny("any", 0);
    config.dataset_params.im_path = "digits".into();
    config.train_params.num_epochs = 2;
    let estimate = setup.studio.estimate(config).await.unwrap();
    assert_eq!(estimate.total_steps, 2 * estimate.images.div_ceil(4));
    assert!(estimate.weights > 1000 && estimate.memory_bytes > estimate.weights);
}

#[tokio::test]
async fn a_run_is_steered_while_it_goes_on() {
    let setup = Setup::working();
    let mut config = setup.tiny("steered", 100_000);
    for (key, value) in [
        ("train_params.checkpoint_every", "100000"),
        ("train_params.sample_every", "100000"),
        ("train_params.validation_share", "0.25"),
        ("train_params.validate_every", "10"),
    ] {
        config.set(key, value).unwrap();
    }
    let rate = config.train_params.lr;
    let job = setup.studio.train(config).await.unwrap();
    wait(async || setup.training(job).await.figures.step > 0).await;
    assert!(setup.training(job).await.checkpoints.is_empty());
    setup.studio.steer(job, Wish::SaveNow).await.unwrap();
    setup.studio.steer(job, Wish::SampleNow).await.unwrap();
    wait(async || {
        let view = setup.training(job).await;
        !view.checkpoints.is_empty() && !view.samples.is_empty()
    })
    .await;
    setup.studio.steer(job, Wish::RateFactor(0.5)).await.unwrap();
    wait(async || setup.training(job).await.figures.learning_rate < rate * 0.6).await;
    let fault = setup.studio.steer(job, Wish::RateFactor(0.0)).await.unwrap_err();
    assert!(fault.for_field("rate_factor").is_some(), "{fault}");
    wait(async || setup.training(job).await.validation.len() > 1).await;
    let validated = setup.training(job).await.validation[0];
    assert!(validated.step == 10 && validated.loss.is_finite() && validated.ema_loss.is_some());

    setup.studio.interrupt(job).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!(view.rate_factor, 0.5);
    let point = view.curve.last().unwrap();
    assert!(point.learning_rate.is_some() && point.grad_norm.unwrap() > 0.0);
    let fault = setup.studio.steer(job, Wish::SaveNow).await.unwrap_err();
    assert!(matches!(fault, ApiError::Conflict(_)), "{fault}");
}

#[tokio::test]
async fn a_finished_run_can_be_extended() {
    let setup = Setup::working();
    let view = setup.trained("painter").await;
    let job = view.job.id;
    let fault = setup.studio.extend(job, 8).await.unwrap_err();
    assert!(fault.for_field("num_steps").unwrap().contains("step 8"), "{fault}");
    setup.studio.extend(job, 12).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!((view.job.state, view.figures.step), (JobState::Done, 12));
    assert_eq!(view.checkpoints, [4, 8, 12]);
    let site = setup.site();
    let typed = site.call("extend", &format!("job={job}&num_steps=many")).await;
    assert_eq!(typed.status, 422, "{}", typed.text());
}

#[tokio::test]
async fn a_run_stands_where_its_state_is_and_not_at_its_newest_checkpoint() {
    let setup = Setup::working();
    let job = setup.trained("first").await.job.id;
    // As a kill leaves it between a checkpoint and the state of its step.
    let checkpoints = darkroom(&setup).folders.run("first").join("checkpoints");
    let step = |step: u64| checkpoints.join(format!("step-{step:08}.safetensors"));
    std::fs::copy(step(8), step(12)).unwrap();
    setup.studio.extend(job, 10).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!((view.job.state, view.figures.step), (JobState::Done, 10));
}

#[tokio::test]
async fn a_probe_tells_speed_and_time_while_the_device_is_idle() {
    let setup = Setup::working();
    let speed = setup.studio.probe(setup.tiny("probed", 1000)).await.unwrap();
    let whole = f64::from(speed.seconds) * f64::from(speed.images_per_second);
    // Four images a step, and every fourth step two samples in three steps, averaged and as trained,
    // each a third of an image that is trained on.
    let images = 4000.0 + 250.0 * 2.0 * 3.0 * 2.0 / 3.0;
    assert!((whole - images).abs() < images / 100.0, "{speed:?}");
    let job = setup.studio.train(setup.tiny("busy", 100_000)).await.unwrap();
    wait(async || setup.training(job).await.figures.step > 0).await;
    let fault = setup.studio.probe(setup.tiny("probed", 1000)).await.unwrap_err();
    assert!(matches!(fault, ApiError::Conflict(_)), "{fault}");
    setup.studio.interrupt(job).await.unwrap();
    setup.training_over(job).await;
}

#[tokio::test]
async fn what_memory_cannot_hold_is_neither_begun_nor_resumed_nor_measured() {
    let setup = Setup::working();
    let job = setup.trained("first").await.job.id;
    let huge = |name: &str| {
        let mut config = setup.tiny(name, 1000);
        config.set("model_params.im_size", "512").unwrap();
        config.set("model_params.down_channels", "256, 512").unwrap();
        config.set("model_params.mid_channels", "512, 256").unwrap();
        config.set("train_params.batch_size", "4096").unwrap();
        config
    };
    let refused = |fault: ApiError| {
        let told = fault.for_field("train_params.batch_size").map(str::to_owned);
        assert!(told.is_some_and(|told| told.contains("are free; give ")), "{fault}");
    };
    refused(setup.studio.train(huge("huge")).await.unwrap_err());
    assert!(!darkroom(&setup).folders.run("huge").exists());
    refused(setup.studio.probe(huge("huge")).await.unwrap_err());
    let resumed = darkroom(&setup).resume_training(job, huge("first"), Runner::Queue);
    refused(resumed.unwrap_err().into());
    assert_eq!(setup.training(job).await.config.train_params.batch_size, 4);
}

#[tokio::test]
async fn a_run_branches_off_a_checkpoint_of_another() {
    let setup = Setup::working();
    setup.trained("trunk").await;
    let mut branch = setup.tiny("branch", 1);
    branch.set("train_params.begin_from", "trunk@4+raw").unwrap();
    // So slow that the weights stay what they were.
    branch.set("train_params.lr", "1e-8").unwrap();
    let job = setup.studio.train(branch.clone()).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    let pictures = async |model: &str| {
        let job = setup.studio.generate(crate::support::two_of(model)).await.unwrap();
        let view = setup.generation_over(job).await;
        let png = setup.site().get(&view.images[0].url).await.bytes;
        engine::grid::Picture::from_png(&png).unwrap()
    };
    assert_eq!(pictures("branch").await, pictures("trunk@4+raw").await);
    assert_ne!(pictures("branch").await, pictures("trunk@8").await);

    let mut nowhere = setup.tiny("other", 1);
    nowhere.set("train_params.begin_from", "nobody").unwrap();
    let fault = setup.studio.train(nowhere).await.unwrap_err();
    assert!(fault.for_field("train_params.begin_from").is_some(), "{fault}");
    let mut wider = setup.tiny("wider", 1);
    wider.set("train_params.begin_from", "trunk").unwrap();
    wider.set("model_params.conv_out_channels", "16").unwrap();
    let job = setup.studio.train(wider).await.unwrap();
    let message = setup.training_over(job).await.job.message.unwrap();
    assert!(message.contains("begin_from") && message.contains("there and"), "{message}");
}

#[tokio::test]
async fn a_run_tells_which_checkpoints_are_left_and_which_is_the_best() {
    let setup = Setup::working();
    let mut bus = darkroom(&setup).live.subscribe();
    let mut config = setup.tiny("thrifty", 12);
    for (key, value) in [
        ("train_params.keep_checkpoints", "1"),
        ("train_params.validation_share", "0.25"),
        ("train_params.validate_every", "4"),
    ] {
        config.set(key, value).unwrap();
    }
    let job = setup.studio.train(config).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!(view.checkpoints.last(), Some(&12));
    assert!(view.checkpoints.len() < 3, "one was to be deleted: {:?}", view.checkpoints);
    let mut told = Vec::new();
    while let Ok(event) = bus.try_recv() {
        if let Live::Checkpoint { checkpoints, best, .. } = event {
            told.push((checkpoints, best));
        }
    }
    assert_eq!(told.len(), 3);
    assert_eq!(told[0], (vec![4], Some(4)));
    assert_eq!(told[2], (view.checkpoints, view.best));
}

#[tokio::test]
async fn a_roll_back_is_told_apart_from_the_factor_that_was_wished_for() {
    let setup = Setup::working();
    let job = setup.trained("wild").await.job.id;
    let journal = r#"[{"from_step":2,"rate_factor":0.5},{"from_step":3,"sample_every":7},
                      {"from_step":4,"halved":"the loss was no number"}]"#;
    let folder = darkroom(&setup).folders.run("wild");
    std::fs::write(folder.join("steering.json"), journal).unwrap();
    let view = setup.training(job).await;
    assert_eq!((view.rate_factor, view.sample_every), (0.5, 7));
    setup.studio.extend(job, 12).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!((view.figures.step, view.figures.rate_halved), (12, true));
    assert_eq!(view.rate_factor, 0.5);
}

#[tokio::test]
async fn a_run_that_is_taken_back_says_so() {
    let setup = Setup::working();
    let mut bus = darkroom(&setup).live.subscribe();
    let mut config = setup.tiny("wild", 100_000);
    config.set("train_params.lr", "1").unwrap();
    config.set("train_params.lr_schedule", "constant").unwrap();
    config.set("train_params.checkpoint_every", "100000").unwrap();
    let job = setup.studio.train(config).await.unwrap();
    wait(async || setup.training(job).await.figures.step > 0).await;
    setup.studio.steer(job, Wish::RateFactor(1000.0)).await.unwrap();
    // Half of such a rate is too much as well.
    let view = setup.training_over(job).await;
    assert_eq!(view.job.state, JobState::Failed);
    let message = view.job.message.unwrap();
    assert!(message.contains("ran away again at half the rate"), "{message}");
    assert!(view.figures.rate_halved);
    let mut told = Vec::new();
    while let Ok(event) = bus.try_recv() {
        if let Live::Train { figures, .. } = event {
            told.extend(figures.notice.map(|notice| (notice, figures.rate_halved)));
        }
    }
    let (notice, halved) = &told[0];
    assert!(notice.contains("The run went back to step 0"), "{notice}");
    assert!(notice.contains("learning rate of 0.5"), "{notice}");
    assert!(halved);
    // The steps of the second beginning stand in the place of the first's.
    let steps: Vec<u64> = view.curve.iter().map(|point| point.step).collect();
    assert_eq!(steps, (1..=steps.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_run_that_cannot_go_on_by_other_settings_keeps_its_own() {
    let setup = Setup::working();
    let job = setup.trained("first").await.job.id;
    let mut wider = setup.tiny("first", 12);
    wider.set("model_params.conv_out_channels", "16").unwrap();
    darkroom(&setup).resume_training(job, wider, Runner::Queue).unwrap();
    let failed = setup.training_over(job).await;
    assert_eq!(failed.job.state, JobState::Failed, "{:?}", failed.job.message);
    assert_eq!(failed.config.model_params.conv_out_channels, 8);
    setup.studio.extend(job, 12).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!((view.job.state, view.figures.step), (JobState::Done, 12), "{:?}", view.job.message);
    assert_eq!(view.config.train_params.num_steps, 12);
}
