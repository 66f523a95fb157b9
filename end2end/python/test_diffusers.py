"""A pipeline of diffusers comes in and goes out again, and diffusers sees no difference.

torch is gigabytes, so that it is not installed for this: name a Python that has it and diffusers in
DARKROOM_PYTHON.
"""

import os
import pathlib
import subprocess
import unittest

from darkroom import Darkroom

PYTHON = os.environ.get("DARKROOM_PYTHON")
PIPELINE = pathlib.Path(__file__).with_name("pipeline.py")


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


if __name__ == "__main__":
    unittest.main()
