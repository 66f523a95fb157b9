//! Images that are never trained on, and the loss on them.

use candle_core::Device;
use engine::train::{TrainEnd, Trainer};

use crate::fixture::{advance, stripes, tiny};
use crate::watch::{told, watch};

#[test]
fn held_out_images_leave_no_trace_in_the_weights() {
    let config = tiny(&["train_params.validation_share=0.25", "train_params.num_steps=2"]);
    let trained = |changed: Option<usize>| {
        let mut data = stripes(8);
        if let Some(image) = changed {
            data.pixels[image * 64..][..64].reverse();
        }
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        assert_eq!(trainer.total_steps(), 2);
        advance(&mut trainer, 2);
        let weights = trainer.checkpoint().weights;
        weights["conv_in.weight"].flatten_all().unwrap().to_vec1::<f32>().unwrap()
    };
    let as_they_are = trained(None);
    let without_trace = (0..8).filter(|&image| trained(Some(image)) == as_they_are).count();
    assert_eq!(without_trace, 2);
}

#[test]
fn the_loss_on_held_out_images_is_told_and_falls() {
    let changes = [
        "train_params.validation_share=0.3",
        "train_params.validate_every=50",
        "train_params.checkpoint_every=80",
        "train_params.num_steps=100",
        "train_params.ema_decay=0.95",
    ];
    let (config, folder) = (tiny(&changes), tempfile::tempdir().unwrap());
    let (end, lines) = watch(&config, folder.path(), false, &mut |_, _, _| Ok(()));
    assert_eq!(end.unwrap(), TrainEnd::Finished { step: 100 });
    let losses = told(&lines, "validation ");
    let steps: Vec<&str> = losses.iter().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(steps, ["50", "80", "100"]);
    let figures = |line: &str| -> Vec<f32> {
        let plain = line.replace("Some(", "").replace(')', "");
        plain.split(' ').skip(1).map(|figure| figure.parse().unwrap()).collect()
    };
    let (first, last) = (figures(losses[0]), figures(losses[2]));
    assert!(last[0] < first[0] && last[1] < first[1] && last[0] != last[1], "{losses:?}");
    assert!(last[1] > 0.0 && last[1] < 1.0, "{losses:?}");
}

#[test]
fn the_same_weights_have_the_same_loss_after_a_resume() {
    let config = tiny(&["train_params.validation_share=0.3", "train_params.num_steps=8"]);
    let [whole, parts] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (_, lines) = watch(&config, whole.path(), false, &mut |_, _, _| Ok(()));
    let (end, _) = watch(&config, parts.path(), false, &mut |line, _, cancel| {
        if line.starts_with("step 5 ") {
            cancel.cancel();
        }
        Ok(())
    });
    assert_eq!(end.unwrap(), TrainEnd::Stopped { step: 5 });
    let (_, again) = watch(&config, parts.path(), true, &mut |_, _, _| Ok(()));
    assert_eq!(told(&lines, "validation ")[1..], told(&again, "validation "));
}

#[test]
fn a_set_of_one_image_cannot_be_shared_out() {
    let config = tiny(&["train_params.validation_share=0.5"]);
    let error = Trainer::new(&config, &stripes(1), &Device::Cpu).unwrap_err().to_string();
    assert!(error.starts_with("train_params.validation_share: 0.5 would leave nothing"), "{error}");
}
