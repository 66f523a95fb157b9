//! A run from the outside: what it reports and writes, how it stops and goes on.

use candle_core::Device;
use engine::grid::Picture;
use engine::train::{Control, TrainEnd, TrainEvent, TrainRequest, Trainer, train};
use engine::{CancelToken, Error};

use crate::fixture::{bytes_of_last, request, run, stripes, tiny};
use crate::watch::watch;

#[test]
fn a_stopped_and_resumed_run_ends_with_the_bytes_of_one_that_was_not() {
    let (config, data) = (tiny(&[]), stripes(10));
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let never = CancelToken::new();
    let end = run(&config, &data, whole.path(), false, &never, 0).unwrap();
    assert_eq!(end, TrainEnd::Finished { step: 6 });
    // Stopped within an epoch, and with an epoch's end (step 3) behind it.
    let end = run(&config, &data, parts.path(), false, &CancelToken::new(), 5).unwrap();
    assert_eq!(end, TrainEnd::Stopped { step: 5 });
    run(&config, &data, parts.path(), true, &never, 0).unwrap();
    assert!(bytes_of_last(whole.path()) == bytes_of_last(parts.path()));
    assert_eq!(bytes_of_last(whole.path()).0, 6);
}

#[test]
fn a_run_that_begins_anew_leaves_nothing_of_an_earlier_one_to_go_on_from() {
    let (config, folder) = (tiny(&[]), tempfile::tempdir().unwrap());
    let slowed = &mut |_: &str, control: &Control, _: &CancelToken| {
        control.set_rate_factor(0.5)?;
        Ok(())
    };
    watch(&config, folder.path(), false, slowed).0.unwrap();
    // Killed before it has saved anything.
    let killed = &mut |line: &str, _: &Control, _: &CancelToken| match line.starts_with("step 2 ") {
        true => Err(Error::Cancelled),
        false => Ok(()),
    };
    let (end, _) = watch(&config, folder.path(), false, killed);
    assert!(matches!(end, Err(Error::Cancelled)));
    let (end, lines) = watch(&config, folder.path(), true, &mut |_, _, _| Ok(()));
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 6 });
    assert_eq!(lines[..2], ["started 1", "step 1 0.002"]);
}

#[test]
fn a_run_that_goes_on_needs_no_longer_what_it_began_with() {
    let (config, data) = (tiny(&[]), stripes(10));
    let folder = tempfile::tempdir().unwrap();
    run(&config, &data, folder.path(), false, &CancelToken::new(), 3).unwrap();
    let wider = tiny(&["model_params.conv_out_channels=8", "model_params.norm_groups=4"]);
    let other = Trainer::new(&wider, &data, &Device::Cpu).unwrap().checkpoint();
    let ask = |resume, folder| {
        let control = &Control::new();
        let fresh = request(&config, &data, folder, control);
        let request = TrainRequest { begin_from: Some(&other), resume, ..fresh };
        train(&request, &CancelToken::new(), &mut |_| Ok(()))
    };
    assert_eq!(ask(true, folder.path()).unwrap(), TrainEnd::Finished { step: 6 });
    let fresh = tempfile::tempdir().unwrap();
    let error = ask(false, fresh.path()).unwrap_err().to_string();
    assert!(error.contains("norm_groups") && error.contains("has 4"), "{error}");
}

#[test]
fn as_many_samples_come_as_were_asked_for_whatever_the_batch() {
    let data = stripes(4);
    let drawn = |batch: &str| {
        let by_class = ["model_params.num_classes=2", "train_params.num_samples=5"];
        let config = tiny(&[&by_class[..], &[batch, "train_params.num_steps=1"]].concat());
        let folder = tempfile::tempdir().unwrap();
        let mut shown = Vec::new();
        let control = &Control::new();
        train(
            &request(&config, &data, folder.path(), control),
            &CancelToken::new(),
            &mut |event| {
                if let TrainEvent::Samples { pictures, .. } = event {
                    shown = pictures.to_vec();
                }
                Ok(())
            },
        )
        .unwrap();
        shown
    };
    // Drawn four and one at once, and two, two and one.
    assert_eq!(drawn("train_params.batch_size=4").len(), 5);
    assert_eq!(drawn("train_params.batch_size=2").len(), 5);
}

/// The samples of the last step of a run changed by `changes`, and the same by the weights as trained.
fn last_samples(changes: &[&str]) -> (Vec<Picture>, Option<Vec<Picture>>) {
    let (data, folder) = (stripes(4), tempfile::tempdir().unwrap());
    let (config, control) = (tiny(changes), Control::new());
    let mut shown = None;
    let request = request(&config, &data, folder.path(), &control);
    train(&request, &CancelToken::new(), &mut |event| {
        if let TrainEvent::Samples { pictures, raw, .. } = event {
            shown = Some((pictures.to_vec(), raw.map(<[_]>::to_vec)));
        }
        Ok(())
    })
    .unwrap();
    shown.unwrap()
}

#[test]
fn samples_come_by_the_average_and_by_the_weights_as_trained_from_the_same_seeds() {
    let (averaged, raw) = last_samples(&[]);
    let raw = raw.unwrap();
    assert_eq!((averaged.len(), raw.len()), (2, 2));
    assert_ne!(averaged, raw);
    // An average that keeps nothing is the weights as trained, so its pictures differ by no seed.
    let (averaged, same) =
        last_samples(&["train_params.ema_decay=1e-12", "train_params.ema_warmup=false"]);
    assert_eq!(Some(averaged), same);
    // A run without an average draws what the other one draws by its weights as trained.
    let (only, none) = last_samples(&["train_params.ema_decay=0"]);
    assert_eq!((only, none), (raw, None));
    assert_eq!(last_samples(&["train_params.sample_raw=false"]).1, None);
}

#[test]
fn the_loss_falls_and_every_step_is_reported() {
    let config = tiny(&["train_params.num_steps=150", "train_params.batch_size=8"]);
    let (data, folder) = (stripes(16), tempfile::tempdir().unwrap());
    let mut losses = Vec::new();
    let (mut samples, mut saved) = (0, Vec::new());
    let control = &Control::new();
    train(&request(&config, &data, folder.path(), control), &CancelToken::new(), &mut |event| {
        match event {
            TrainEvent::Step(figures) => {
                assert_eq!(figures.step, losses.len() as u64 + 1);
                assert_eq!(figures.epoch, (figures.step - 1) / 2 + 1);
                let share: f32 = figures.buckets.iter().flatten().sum();
                assert!(share > 0.0);
                losses.push(figures.loss);
            }
            TrainEvent::Samples { pictures, .. } => samples += pictures.len(),
            TrainEvent::Checkpoint { step, .. } => saved.push(step),
            TrainEvent::Started { total_steps, .. } => assert_eq!(total_steps, 150),
            TrainEvent::Saving { .. } => {}
            other => panic!("{other:?}"),
        }
        Ok(())
    })
    .unwrap();
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    assert!(mean(&losses[130..]) < 0.6 * mean(&losses[..10]), "{losses:?}");
    assert_eq!(saved.len(), 38, "every fourth step and the last: {saved:?}");
    assert_eq!(samples, 2 * 38);
    assert!(folder.path().join("config.yaml").exists());
}
