//! The files of a run: which stay, how damage is told, and what can be made of them.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Device;
use engine::checkpoint::{Checkpoint, Header, merge};
use engine::train::{TrainEnd, Trainer, best_checkpoint, checkpoints};
use safetensors::SafeTensors;

use crate::fixture::{advance, stripes, tiny};
use crate::watch::{told, watch};

fn steps_in(folder: &Path) -> Vec<u64> {
    checkpoints(folder).unwrap().into_iter().map(|(step, _)| step).collect()
}

#[test]
fn the_newest_the_best_every_tenth_and_those_saved_by_hand_stay() {
    let changes = [
        "train_params.validation_share=0.3",
        "train_params.keep_checkpoints=2",
        "train_params.checkpoint_every=2",
        "train_params.num_steps=46",
        "train_params.lr_schedule=0.002:30, 0.2",
    ];
    let (config, folder) = (tiny(&changes), tempfile::tempdir().unwrap());
    let mut first_loss = None;
    let (end, lines) = watch(&config, folder.path(), false, &mut |line, control, _| {
        if line.starts_with("step 5 ") {
            control.save_now();
        }
        if line.starts_with("validation 2 ") {
            first_loss = best_checkpoint(folder.path()).unwrap();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 46 });
    assert_eq!(first_loss, None);
    let losses = told(&lines, "validation ").into_iter().map(|line| {
        let (step, losses) = line.split_once(' ').unwrap();
        let average = losses.split_once("Some(").unwrap().1.trim_end_matches(')');
        (average.parse::<f32>().unwrap(), step.parse::<u64>().unwrap())
    });
    let lowest = losses.min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
    let best = best_checkpoint(folder.path()).unwrap().unwrap();
    assert_eq!((best.loss, best.step), lowest);
    assert!(best.step < 40, "the rate of the last steps is far too high: {best:?}");
    let mut wanted = vec![5, 20, 40, 44, 46, best.step];
    wanted.sort_unstable();
    wanted.dedup();
    assert_eq!(steps_in(folder.path()), wanted);
}

#[test]
fn the_best_is_marked_before_the_state_that_would_not_come_to_it_again() {
    let changes = ["train_params.validation_share=0.3", "train_params.checkpoint_every=2"];
    let (config, folder) = (tiny(&changes), tempfile::tempdir().unwrap());
    let (end, _) = watch(&config, folder.path(), false, &mut |line, _, _| {
        if line.starts_with("validation 2 ") {
            // In the place of the state, so that the run breaks off where it would be written.
            std::fs::create_dir(folder.path().join("state.safetensors")).unwrap();
        }
        Ok(())
    });
    end.unwrap_err();
    assert_eq!(best_checkpoint(folder.path()).unwrap().map(|best| best.step), Some(2));
}

#[test]
fn all_checkpoints_stay_unless_a_number_is_given() {
    let (config, folder) =
        (tiny(&["train_params.checkpoint_every=1"]), tempfile::tempdir().unwrap());
    watch(&config, folder.path(), false, &mut |_, _, _| Ok(())).0.unwrap();
    assert_eq!(steps_in(folder.path()), [1, 2, 3, 4, 5, 6]);
    assert_eq!(best_checkpoint(folder.path()).unwrap(), None);
}

#[test]
fn damage_is_told_with_the_name_of_the_file() {
    let (config, folder) = (tiny(&[]), tempfile::tempdir().unwrap());
    let (end, _) = watch(&config, folder.path(), false, &mut |line, _, cancel| {
        if line.starts_with("step 5 ") {
            cancel.cancel();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Stopped { step: 5 });
    let (_, checkpoint) = checkpoints(folder.path()).unwrap().pop().unwrap();
    let state = folder.path().join("state.safetensors");
    for file in [&checkpoint, &state] {
        let mut bytes = std::fs::read(file).unwrap();
        let at = bytes.len() - 3;
        bytes[at] ^= 1;
        std::fs::write(file, bytes).unwrap();
    }
    let message = Checkpoint::load(&checkpoint).unwrap_err().to_string();
    assert!(message.contains("step-00000005.safetensors: it is damaged"), "{message}");
    let (end, _) = watch(&config, folder.path(), true, &mut |_, _, _| Ok(()));
    let message = end.unwrap_err().to_string();
    assert!(message.contains("state.safetensors: the run cannot be resumed"), "{message}");
    assert!(message.contains("it is damaged"), "{message}");
}

/// A checkpoint's bytes as another program writes them: `change` has changed its metadata.
fn rewritten(bytes: &[u8], change: impl Fn(&mut HashMap<String, String>)) -> Vec<u8> {
    let (_, head) = SafeTensors::read_metadata(bytes).unwrap();
    let mut metadata = head.metadata().clone().unwrap();
    change(&mut metadata);
    let file = SafeTensors::deserialize(bytes).unwrap();
    safetensors::serialize(file.iter(), Some(metadata)).unwrap()
}

#[test]
fn a_checksum_is_of_the_content_and_files_without_one_load() {
    let (config, data) = (tiny(&[]), stripes(8));
    let trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    trainer.checkpoint().save(file.path()).unwrap();
    let bytes = std::fs::read(file.path()).unwrap();
    Checkpoint::from_bytes(&rewritten(&bytes, |_| ())).unwrap();
    let older = rewritten(&bytes, |metadata| assert!(metadata.remove("checksum").is_some()));
    Checkpoint::from_bytes(&older).unwrap();
    let forged = rewritten(&bytes, |metadata| {
        metadata.insert("step".into(), "9".into());
    });
    let message = Checkpoint::from_bytes(&forged).unwrap_err().to_string();
    assert!(message.starts_with("it is damaged"), "{message}");
}

#[test]
fn a_merged_model_is_saved_with_its_recipe_and_draws() {
    let (config, data) = (tiny(&["train_params.task_name=stripes"]), stripes(8));
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    let early = trainer.checkpoint();
    advance(&mut trainer, 2);
    let merged = merge::weighted_sum(&early, &trainer.checkpoint(), 0.5).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    merged.save(file.path()).unwrap();
    let note = "stripes@0 * 0.5 + stripes@2 * 0.5";
    assert_eq!(Header::read(file.path()).unwrap().merge.as_deref(), Some(note));
    let read = Checkpoint::load(file.path()).unwrap();
    assert!(read.ema.is_some());
    engine::model::Model::new(&read, &Device::Cpu).unwrap();
}
