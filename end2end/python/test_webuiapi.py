"""A client that was written for A1111 draws here, unchanged."""

import threading
import time
import unittest

import webuiapi

from darkroom import Darkroom


class WebUiApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.darkroom = Darkroom()
        port = cls.darkroom.serve()
        cls.api = webuiapi.WebUIApi(host="127.0.0.1", port=port)

    @classmethod
    def tearDownClass(cls):
        cls.darkroom.__exit__()

    def draw(self, **settings):
        return self.api.txt2img(
            override_settings={"sd_model_checkpoint": "digits"}, width=28, height=28, **settings
        )

    def test_pictures_carry_the_settings_that_draw_them_again(self):
        drawn = self.draw(steps=4, seed=7, batch_size=2, sampler_name="DDIM", scheduler="Automatic")
        self.assertEqual([image.size for image in drawn.images], [(28, 28)] * 2)
        self.assertEqual(drawn.info["all_seeds"], [7, 8])
        told = self.api.png_info(drawn.images[1])
        self.assertIn("Seed: 8", told.info)
        again = self.draw(steps=4, seed=8, batch_size=1, sampler_name="DDIM", scheduler="Automatic")
        self.assertEqual(again.image.tobytes(), drawn.images[1].tobytes())

    def test_an_interrupt_keeps_what_is_done_and_progress_is_told(self):
        drawn = {}
        call = threading.Thread(
            target=lambda: drawn.update(call=self.draw(steps=40, batch_size=1, n_iter=50))
        )
        call.start()
        seen = 0.0
        while seen < 0.05:
            seen = max(seen, self.api.get_progress()["progress"])
            time.sleep(0.02)
        self.api.interrupt()
        call.join(60)
        self.assertFalse(call.is_alive())
        self.assertLess(len(drawn["call"].images), 50)

    def test_options_come_back(self):
        options = self.api.get_options()
        before = options["sd_model_checkpoint"]
        self.api.set_options({**options, "sd_model_checkpoint": "textures"})
        self.assertEqual(self.api.get_options()["sd_model_checkpoint"].split(".")[0], "textures")
        self.api.set_options({"sd_model_checkpoint": before})
        self.assertEqual(self.api.get_options()["sd_model_checkpoint"], before)

    def test_lists_are_there(self):
        names = [model["model_name"] for model in self.api.get_sd_models()]
        self.assertIn("digits", names)
        self.assertIn("DPM++ 2M", [sampler["name"] for sampler in self.api.get_samplers()])
        self.assertIn("Karras", [schedule["label"] for schedule in self.api.get_schedulers()])


if __name__ == "__main__":
    unittest.main()
