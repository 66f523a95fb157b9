"""The network of a Darkroom configuration in PyTorch, as fast as PyTorch makes it without a compiler:
one projection for queries, keys and values, fused attention, no copies to tell the weights apart.

    python bench/torch_peer.py --config FILE.yaml --batch 64 --seconds 10 [--dtype bf16]

Prints one JSON line with the median images per second of a training step and of a forward pass.
`cargo xtask bench` calls it beside `darkroom bench`.
"""

import argparse
import json
import math
import statistics
import time

import torch
import yaml
from torch import nn
from torch.nn.functional import mse_loss, scaled_dot_product_attention, silu


class SelfAttention(nn.Module):
    def __init__(self, width, heads, groups):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, width)
        self.project = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)

    def forward(self, x):
        width = x.shape[1]
        # Tokens first and the width of a head last: the fused kernel takes no other layout.
        tokens = self.norm(x).flatten(2).mT
        qkv = self.project(tokens).unflatten(2, (3, self.heads, width // self.heads))
        q, k, v = (part.transpose(1, 2) for part in qkv.unbind(2))
        y = scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        return x + self.merge(y).mT.reshape(x.shape)


class Residual(nn.Module):
    def __init__(self, before, after, time_width, groups):
        super().__init__()
        self.norms = nn.ModuleList([nn.GroupNorm(groups, before), nn.GroupNorm(groups, after)])
        self.convs = nn.ModuleList(
            [nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)]
        )
        self.time = nn.Linear(time_width, after)
        self.around = nn.Conv2d(before, after, 1)

    def forward(self, x, time):
        h = self.convs[0](silu(self.norms[0](x))) + self.time(time)[:, :, None, None]
        return self.convs[1](silu(self.norms[1](h))) + self.around(x)


class Layers(nn.Module):
    """Residual blocks, each with attention behind it if asked for."""

    def __init__(self, before, after, count, attend, model):
        super().__init__()
        time_width, groups = model["time_emb_dim"], model["norm_groups"]
        self.blocks = nn.ModuleList(
            [Residual(after if i else before, after, time_width, groups) for i in range(count)]
        )
        heads = model["num_heads"]
        self.attend = nn.ModuleList(
            [SelfAttention(after, heads, groups) if attend else nn.Identity() for _ in range(count)]
        )

    def forward(self, x, time):
        for block, attend in zip(self.blocks, self.attend):
            x = attend(block(x, time))
        return x


class Middle(nn.Module):
    def __init__(self, before, after, model):
        super().__init__()
        time_width, groups, count = model["time_emb_dim"], model["norm_groups"], model["num_mid_layers"]
        self.first = Residual(before, after, time_width, groups)
        self.attend = nn.ModuleList(
            [SelfAttention(after, model["num_heads"], groups) for _ in range(count)]
        )
        self.blocks = nn.ModuleList([Residual(after, after, time_width, groups) for _ in range(count)])

    def forward(self, x, time):
        x = self.first(x, time)
        for attend, block in zip(self.attend, self.blocks):
            x = block(attend(x), time)
        return x


class UNet(nn.Module):
    def __init__(self, model):
        super().__init__()
        down, middle, shrink = model["down_channels"], model["mid_channels"], model["down_sample"]
        last, channels = model["conv_out_channels"], model["im_channels"]
        levels = range(len(down) - 1)
        self.time_width = model["time_emb_dim"]
        self.time = nn.Sequential(
            nn.Linear(self.time_width, self.time_width),
            nn.SiLU(),
            nn.Linear(self.time_width, self.time_width),
            nn.SiLU(),
        )
        self.first = nn.Conv2d(channels, down[0], 3, padding=1)
        attend = model["attn_down"] or [True] * len(levels)
        self.down = nn.ModuleList(
            [Layers(down[i], down[i + 1], model["num_down_layers"], attend[i], model) for i in levels]
        )
        self.shrink = nn.ModuleList(
            [nn.Conv2d(down[i + 1], down[i + 1], 4, 2, 1) if shrink[i] else nn.Identity() for i in levels]
        )
        self.middle = nn.ModuleList(
            [Middle(before, after, model) for before, after in zip(middle, middle[1:])]
        )
        upwards = list(reversed(levels))
        self.grow = nn.ModuleList(
            [nn.ConvTranspose2d(down[i], down[i], 4, 2, 1) if shrink[i] else nn.Identity() for i in upwards]
        )
        self.up = nn.ModuleList(
            [
                Layers(2 * down[i], down[i - 1] if i else last, model["num_up_layers"], attend[i], model)
                for i in upwards
            ]
        )
        self.norm = nn.GroupNorm(model["norm_groups"], last)
        self.last = nn.Conv2d(last, channels, 3, padding=1)

    def forward(self, x, timesteps):
        half = self.time_width // 2
        angles = timesteps[:, None] * torch.exp(-math.log(10000) * torch.arange(half) / half)
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        h, skips = self.first(x), []
        for layers, shrink in zip(self.down, self.shrink):
            skips.append(h)
            h = shrink(layers(h, time))
        for middle in self.middle:
            h = middle(h, time)
        for grow, layers in zip(self.grow, self.up):
            h = layers(torch.cat([grow(h), skips.pop()], 1), time)
        return self.last(silu(self.norm(h)))


def images_per_second(work, batch, seconds):
    work()
    times, end = [], time.perf_counter() + seconds
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return batch / statistics.median(times)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", required=True)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=20, help="half training, half forward")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
    args = parser.parse_args()
    with open(args.config, encoding="utf-8") as file:
        model = yaml.safe_load(file)["model_params"]
    torch.manual_seed(0)
    net = UNet(model)
    adam = torch.optim.Adam(net.parameters(), lr=1e-4)
    shape = (args.batch, model["im_channels"], model["im_size"], model["im_size"])

    def cast():
        return torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.dtype == "bf16")

    def train():
        images, noise = torch.randn(shape), torch.randn(shape)
        timesteps = torch.randint(0, 1000, (args.batch,))
        adam.zero_grad()
        with cast():
            loss = mse_loss(net(images + noise, timesteps).float(), noise)
        loss.backward()
        adam.step()

    def forward():
        with torch.no_grad(), cast():
            net(torch.randn(shape), torch.full((args.batch,), 500))

    half = args.seconds / 2
    figures = {
        "peer": f"PyTorch {torch.__version__}",
        "dtype": args.dtype,
        "batch": args.batch,
        "threads": torch.get_num_threads(),
        "weights": sum(weight.numel() for weight in net.parameters()),
        "train_images_per_second": images_per_second(train, args.batch, half),
        "forward_images_per_second": images_per_second(forward, args.batch, half),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
