//! A run that is changed while it goes on, and one that runs away.

use engine::Error;
use engine::checkpoint::Checkpoint;
use engine::train::{Control, TrainEnd, checkpoints, saved_step};

use crate::fixture::{bytes_of_last, tiny};
use crate::watch::{told, watch};

#[test]
fn what_is_changed_on_the_way_holds_after_a_stop_and_after_a_kill() {
    let config = tiny(&["train_params.num_steps=9"]);
    let steer = |line: &str, control: &Control| {
        if line.starts_with("step 2 ") {
            control.set_rate_factor(0.5).unwrap();
            control.set_sample_every(3);
        }
        if line.starts_with("step 5 ") {
            control.set_rate_factor(3.0).unwrap();
        }
    };
    let [whole, stopped, killed] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let (end, lines) = watch(&config, whole.path(), false, &mut |line, control, _| {
        steer(line, control);
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 9 });
    let rates = ["1 0.002", "2 0.002", "3 0.001", "4 0.001", "5 0.001", "6 0.006"];
    assert_eq!(told(&lines, "step ")[..6], rates);
    assert_eq!(told(&lines, "samples "), ["3", "6", "9"]);

    let (end, _) = watch(&config, stopped.path(), false, &mut |line, control, cancel| {
        steer(line, control);
        if line.starts_with("step 5 ") {
            cancel.cancel();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Stopped { step: 5 });
    // As a power cut would end it, with the last state at step 4 and a change after it.
    let (end, _) = watch(&config, killed.path(), false, &mut |line, control, _| {
        steer(line, control);
        if line.starts_with("step 7 ") { Err(Error::Cancelled) } else { Ok(()) }
    });
    assert!(matches!(end, Err(Error::Cancelled)));
    for (folder, first) in [(stopped, "6"), (killed, "5")] {
        let (_, lines) = watch(&config, folder.path(), true, &mut |_, _, _| Ok(()));
        assert_eq!(told(&lines, "started "), [first]);
        assert!(bytes_of_last(folder.path()) == bytes_of_last(whole.path()));
    }
}

#[test]
fn a_run_saves_and_draws_when_asked() {
    let (config, folder) = (tiny(&[]), tempfile::tempdir().unwrap());
    let (_, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
        if line.starts_with("step 3 ") {
            control.save_now();
            control.sample_now();
        }
        Ok(())
    });
    assert_eq!(told(&lines, "checkpoint "), ["3", "4", "6"]);
    assert_eq!(told(&lines, "samples "), ["3", "4", "6"]);
}

#[test]
fn a_paused_run_makes_no_step_and_ends_with_the_bytes_of_one_that_was_not() {
    let config = tiny(&[]);
    let [whole, paused] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    watch(&config, whole.path(), false, &mut |_, _, _| Ok(())).0.unwrap();
    let mut looks = 0;
    let (end, lines) = watch(&config, paused.path(), false, &mut |line, control, _| {
        if line.starts_with("step 3 ") {
            control.pause();
        }
        if line.starts_with("paused ") {
            looks += 1;
            match looks {
                // What is wished for meanwhile is done at once.
                1 => control.save_now(),
                2 => control.sample_now(),
                _ => control.go_on(),
            }
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 6 });
    let from = lines.iter().position(|line| line.starts_with("step 3 ")).unwrap();
    let to = lines.iter().position(|line| line.starts_with("step 4 ")).unwrap();
    let meanwhile = [
        "paused 3",
        "saving 3",
        "checkpoint 3",
        "paused 3",
        "samples 3",
        "paused 3",
        "continued 3",
    ];
    let mut told = lines[from + 1..to].to_vec();
    // It may look around more often than it is asked for something.
    told.dedup();
    assert_eq!(told, meanwhile);
    assert!(bytes_of_last(paused.path()) == bytes_of_last(whole.path()));
}

#[test]
fn a_paused_run_that_is_stopped_keeps_what_it_learned() {
    let (config, folder) = (tiny(&[]), tempfile::tempdir().unwrap());
    let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, cancel| {
        if line.starts_with("step 3 ") {
            control.pause();
        }
        if line.starts_with("paused ") {
            cancel.cancel();
            control.wake();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Stopped { step: 3 });
    assert_eq!(told(&lines, "checkpoint "), ["3"]);
    assert_eq!(told(&lines, "paused "), ["3"]);
}

#[test]
fn a_run_that_runs_away_goes_back_and_on_more_slowly() {
    let (config, folder) =
        (tiny(&["train_params.checkpoint_every=3"]), tempfile::tempdir().unwrap());
    let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
        if line.starts_with("step 3 ") {
            control.set_rate_factor(1000.0).unwrap();
        }
        if line.starts_with("back ") {
            control.set_rate_factor(0.5).unwrap();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 6 });
    assert_eq!(told(&lines, "step 4 "), ["2", "0.0005"]);
    assert_eq!(told(&lines, "back "), ["5 3 1"]);
}

#[test]
fn a_run_that_runs_away_twice_ends_and_keeps_the_last_good_checkpoint() {
    let (config, folder) = (
        tiny(&["train_params.checkpoint_every=3", "train_params.lr=0.05"]),
        tempfile::tempdir().unwrap(),
    );
    let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
        if line.starts_with("step 3 ") {
            control.set_rate_factor(1000.0).unwrap();
        }
        Ok(())
    });
    let error = end.unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Diverged(_)), "{message}");
    assert!(message.contains("at step 5 the loss went up to"), "{message}");
    assert!(message.contains("the checkpoint of step 3 is kept"), "{message}");
    assert!(message.contains("train_params.lr below 0.05"), "{message}");
    assert_eq!(told(&lines, "back ").len(), 1);
    let (step, path) = checkpoints(folder.path()).unwrap().pop().unwrap();
    assert_eq!(step, 3);
    Checkpoint::load(&path).unwrap();
}

/// Gives step 4 a rate that ruins the weights, and a good one to the run that was taken back.
fn ruin(line: &str, control: &Control) {
    if line.starts_with("step 3 ") {
        control.set_rate_factor(1000.0).unwrap();
    }
    if line.starts_with("back ") {
        control.set_rate_factor(0.5).unwrap();
    }
}

#[test]
fn a_step_that_ruins_the_weights_is_not_saved_not_even_the_last() {
    for steps in [4, 6] {
        let num_steps = format!("train_params.num_steps={steps}");
        let config = tiny(&["train_params.checkpoint_every=1", &num_steps]);
        let folder = tempfile::tempdir().unwrap();
        let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
            ruin(line, control);
            Ok(())
        });
        assert_eq!(end.unwrap(), TrainEnd::Finished { step: steps });
        assert_eq!(told(&lines, "back "), ["4 3 1"]);
        assert_eq!(told(&lines, "step 4 "), ["2", "0.0005"]);
        assert_eq!(told(&lines, "checkpoint ")[..4], ["1", "2", "3", "4"]);
        let (_, path) = checkpoints(folder.path()).unwrap().pop().unwrap();
        for (name, weight) in Checkpoint::load(&path).unwrap().weights {
            let largest = weight.abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            assert!(largest.to_scalar::<f32>().unwrap() < 2.0, "{name}");
        }
    }
}

#[test]
fn a_run_whose_last_step_ruins_it_twice_is_not_done() {
    let config = tiny(&[
        "train_params.checkpoint_every=1",
        "train_params.num_steps=4",
        "train_params.lr=0.05",
        "train_params.validation_share=0.2",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
        if line.starts_with("step 3 ") {
            control.set_rate_factor(1000.0).unwrap();
        }
        Ok(())
    });
    let message = end.unwrap_err().to_string();
    assert!(message.contains("at step 4 the loss went up to"), "{message}");
    assert!(message.contains("the checkpoint of step 3 is kept"), "{message}");
    assert_eq!(saved_step(folder.path()), Some(3));
    assert_eq!(told(&lines, "validation ").len(), 3, "ruined weights are not measured");
}

#[test]
fn ruined_weights_are_not_saved_when_asked_for_nor_by_a_stop() {
    let config = tiny(&["train_params.checkpoint_every=3"]);
    let [asked, stopped] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (end, lines) = watch(&config, asked.path(), false, &mut |line, control, _| {
        ruin(line, control);
        if line.starts_with("step 4 2") {
            control.save_now();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 6 });
    assert_eq!(told(&lines, "back "), ["4 3 1"]);
    assert_eq!(told(&lines, "checkpoint "), ["3", "6"]);

    let (end, _) = watch(&config, stopped.path(), false, &mut |line, control, cancel| {
        ruin(line, control);
        if line.starts_with("step 4 2") {
            cancel.cancel();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Stopped { step: 3 });
    assert_eq!(saved_step(stopped.path()), Some(3));
}

#[test]
fn a_save_is_told_before_the_run_would_go_on_from_it() {
    let (config, folder) = (tiny(&[]), tempfile::tempdir().unwrap());
    let (end, _) = watch(&config, folder.path(), false, &mut |line, _, _| match line {
        "saving 4" => Err(Error::Cancelled),
        _ => Ok(()),
    });
    assert!(matches!(end, Err(Error::Cancelled)));
    assert_eq!(saved_step(folder.path()), None);
}

#[test]
fn a_run_that_was_killed_between_its_save_and_its_samples_draws_them_first() {
    let (config, folder) = (tiny(&[]), tempfile::tempdir().unwrap());
    let (end, _) = watch(&config, folder.path(), false, &mut |line, _, _| match line {
        "checkpoint 4" => Err(Error::Cancelled),
        _ => Ok(()),
    });
    assert!(matches!(end, Err(Error::Cancelled)));
    let (end, lines) = watch(&config, folder.path(), true, &mut |line, _, cancel| {
        if line.starts_with("step 5 ") {
            cancel.cancel();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Stopped { step: 5 });
    assert_eq!(lines[..2], ["started 5", "samples 4"]);
    // None were due at step 5.
    let (_, lines) = watch(&config, folder.path(), true, &mut |_, _, _| Ok(()));
    assert_eq!(told(&lines, "samples "), ["6"]);
}

#[test]
fn with_nothing_saved_a_run_that_runs_away_begins_again() {
    let (config, folder) = (tiny(&["train_params.lr=1"]), tempfile::tempdir().unwrap());
    let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
        if line.starts_with("back ") {
            control.set_rate_factor(0.002).unwrap();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 6 });
    assert!(told(&lines, "back ")[0].ends_with(" 0 0.5"), "{lines:?}");
    let first = told(&lines, "step 1 ");
    assert_eq!(first, ["1", "0.001"]);
}
