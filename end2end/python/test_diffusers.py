"""Models go to diffusers and come from there, and both see the same.

`cargo xtask test` makes a Python with torch and diffusers where pip can, and names it in DARKROOM_PYTHON.
"""

import os
import pathlib
import shutil
import subprocess
import unittest

from darkroom import ROOT, Darkroom

PYTHON = os.environ.get("DARKROOM_PYTHON")
PIPELINE = pathlib.Path(__file__).with_name("pipeline.py")
CASES = ROOT / "engine/tests/cases"


def pipeline(*words):
    command = [PYTHON, str(PIPELINE), *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


@unittest.skipUnless(PYTHON, "DARKROOM_PYTHON names no Python with torch and diffusers")
class Diffusers(unittest.TestCase):
    def test_a_pipeline_that_went_through_here_tells_the_same(self):
        with Darkroom() as darkroom:
            theirs, ours = darkroom.data_dir / "theirs", darkroom.data_dir / "ours"
            pipeline("make", theirs)
            darkroom.run("import", str(theirs), "--name", "theirs")
            darkroom.run("export", "--model", "theirs", "--format", "diffusers", "--out", str(ours))
            self.assertLess(float(pipeline("compare", theirs, ours)), 1e-4)

    def test_a_pipeline_without_folders_is_read_as_it_is_and_from_a_zip(self):
        with Darkroom() as darkroom:
            theirs = darkroom.data_dir / "theirs"
            pipeline("publish", theirs)
            packed = shutil.make_archive(darkroom.data_dir / "packed", "zip", theirs)
            for name, path in ("unpacked", theirs), ("packed", packed):
                ours = darkroom.data_dir / f"ours-{name}"
                darkroom.run("import", str(path), "--name", name)
                darkroom.run("export", "--model", name, "--format", "diffusers", "--out", str(ours))
                self.assertLess(float(pipeline("compare", theirs, ours)), 1e-4)

    def test_a_network_of_the_reference_tells_there_what_pytorch_told(self):
        for case in sorted(CASES.glob("unet-reference-*")):
            with self.subTest(case.name), Darkroom() as darkroom:
                ours = darkroom.data_dir / "ours"
                model = [str(case / "ddpm_ckpt.pth"), "--config", str(case / "config.yaml")]
                darkroom.run(
                    "export", "--model", *model, "--format", "diffusers", "--out", str(ours)
                )
                self.assertLess(float(pipeline("case", ours, case)), 1e-4)

    def test_a_network_that_halves_by_means_is_drawn_there(self):
        with Darkroom() as darkroom:
            ours = darkroom.data_dir / "ours"
            halving = ["--set", "model_params.down_sample_kind=pool"]
            recipe = ["--dataset", "digits", "--preset", "small", "--steps", "2", "--batch", "8"]
            darkroom.run("train", *recipe, *halving, "--name", "means")
            darkroom.run("export", "--model", "means", "--format", "diffusers", "--out", str(ours))
            self.assertEqual(pipeline("draw", ours).split(), ["1", "28", "28"])

    def test_the_built_in_digits_are_drawn_there(self):
        with Darkroom() as darkroom:
            ours = darkroom.data_dir / "ours"
            darkroom.run("export", "--model", "digits", "--format", "diffusers", "--out", str(ours))
            self.assertEqual(pipeline("draw", ours).split(), ["1", "28", "28"])


if __name__ == "__main__":
    unittest.main()
