"""A client that was written for A1111 draws here, unchanged."""

import threading
import time
import unittest

import webuiapi
from PIL import Image, ImageChops

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

    def from_picture(self, image, **settings):
        return self.api.img2img(
            images=[image],
            override_settings={"sd_model_checkpoint": "digits"},
            width=28,
            height=28,
            steps=8,
            seed=3,
            sampler_name="DDIM",
            scheduler="Automatic",
            **settings,
        ).image.convert("L")

    def test_a_picture_is_drawn_over_the_more_the_stronger(self):
        seven = self.draw(prompt="7", steps=8, seed=7).image.convert("L")
        drawn = [self.from_picture(seven, denoising_strength=s) for s in (0.0, 0.4, 1.0)]
        self.assertEqual(drawn[0].tobytes(), seven.tobytes())
        far = [sum(ImageChops.difference(image, seven).tobytes()) for image in drawn]
        self.assertLess(far[1], far[2])
        self.assertGreater(far[1], 0)

    def test_only_what_is_under_a_mask_is_drawn_over(self):
        seven = self.draw(prompt="7", steps=8, seed=7).image.convert("L")
        mask = Image.new("L", seven.size, 0)
        mask.paste(255, (0, 0, 28, 14))
        drawn = self.from_picture(
            seven,
            mask_image=mask,
            mask_blur=0,
            inpainting_fill=2,
            inpaint_full_res=False,
            denoising_strength=1.0,
        )
        above, below = (0, 0, 28, 14), (0, 14, 28, 28)
        self.assertEqual(drawn.crop(below).tobytes(), seven.crop(below).tobytes())
        self.assertNotEqual(drawn.crop(above).tobytes(), seven.crop(above).tobytes())

    def test_images_are_enlarged(self):
        small = Image.new("L", (4, 3), 90)
        one = self.api.extra_single_image(small, upscaler_1="Nearest", upscaling_resize=2)
        self.assertEqual((one.image.size, one.image.convert("L").getpixel((7, 5))), ((8, 6), 90))
        many = self.api.extra_batch_images([small, small], upscaler_1="Lanczos", upscaling_resize=3)
        self.assertEqual([image.size for image in many.images], [(12, 9)] * 2)

    def test_a_call_follows_one_that_was_refused(self):
        large = Image.effect_noise((700, 700), 100)
        for _ in range(10):
            with self.assertRaises(RuntimeError):
                self.api.interrogate(large)
            self.assertTrue(self.api.get_options())

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
