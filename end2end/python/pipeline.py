"""What diffusers itself does with a pipeline; run by a Python that has it, beside torch.

pipeline.py make FOLDER: a small pipeline with random weights, as a training of theirs would leave it.
pipeline.py publish FOLDER: another, laid out as Google published its own: no folders, weights pickled.
pipeline.py compare A B: prints the largest difference of what two pipelines tell of the same noise.
pipeline.py case FOLDER CASE: the same of a pipeline and what PyTorch told in a case of the engine's.
pipeline.py draw FOLDER: draws with a model of Darkroom's and prints the shape of the picture.
"""

import pathlib
import sys

import torch
from diffusers import DDPMPipeline, DDPMScheduler, UNet2DModel
from safetensors.torch import load_file


def small():
    torch.manual_seed(1)
    unet = UNet2DModel(
        sample_size=16,
        in_channels=3,
        out_channels=3,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        norm_num_groups=8,
    )
    scheduler = DDPMScheduler(num_train_timesteps=1000, beta_schedule="linear")
    return DDPMPipeline(unet=unet, scheduler=scheduler)


def make(folder):
    small().save_pretrained(folder)


def publish(folder):
    pipeline = small()
    pipeline.save_config(folder)
    pipeline.unet.save_pretrained(folder, safe_serialization=False)
    pipeline.scheduler.save_pretrained(folder)


def told(folder):
    """The noise that a pipeline sees in the same pictures, and its betas."""
    pipeline = DDPMPipeline.from_pretrained(folder)
    torch.manual_seed(2)
    pictures = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        noise = pipeline.unet(pictures, torch.tensor([3, 700])).sample
    return noise, pipeline.scheduler.betas


def compare(first, second):
    pairs = zip(told(first), told(second))
    print(max((a - b).abs().max().item() for a, b in pairs))


def case(folder, case):
    pipeline = DDPMPipeline.from_pretrained(folder, trust_remote_code=True)
    tensors = load_file(pathlib.Path(case) / "tensors.safetensors")
    with torch.no_grad():
        eps = pipeline.unet(tensors["xt"], tensors["t"]).sample
    print((eps - tensors["eps"]).abs().max().item())


def draw(folder):
    pipeline = DDPMPipeline.from_pretrained(folder, trust_remote_code=True)
    pipeline.set_progress_bar_config(disable=True)
    random = torch.Generator().manual_seed(1)
    pictures = pipeline(generator=random, num_inference_steps=10, output_type="np").images
    assert pictures.std() > 0.1, "a flat picture"
    print(pictures.shape[3], *pictures.shape[1:3])


if __name__ == "__main__":
    known = {"make": make, "publish": publish, "compare": compare, "case": case, "draw": draw}
    known[sys.argv[1]](*sys.argv[2:])
