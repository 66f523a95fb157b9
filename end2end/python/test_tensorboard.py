"""TensorBoard itself reads what a run leaves in its folder."""

import unittest

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from darkroom import Darkroom

RUN = ["--dataset", "digits", "--preset", "small", "--batch", "2"]
QUICK = ["checkpoint_every=3", "sample_every=3", "sample_steps=2", "num_samples=2", "num_grid_rows=2"]


class TensorBoard(unittest.TestCase):
    def test_it_shows_a_run_that_went_on(self):
        with Darkroom() as darkroom:
            quick = [word for setting in QUICK for word in ("--set", f"train_params.{setting}")]
            darkroom.run("train", *RUN, *quick, "--steps", "3", "--name", "watched")
            darkroom.run("train", "--resume", "watched", "--steps", "6")
            events = EventAccumulator(str(darkroom.data_dir / "runs" / "watched"))
            events.Reload()
            for tag in ["loss", "learning_rate", "grad_norm"]:
                self.assertEqual([scalar.step for scalar in events.Scalars(tag)], list(range(1, 7)))
            self.assertTrue(all(scalar.value > 0 for scalar in events.Scalars("loss")))
            samples = events.Images("samples")
            self.assertEqual([image.step for image in samples], [3, 6])
            self.assertEqual((samples[0].width, samples[0].height), (58, 28))


if __name__ == "__main__":
    unittest.main()
