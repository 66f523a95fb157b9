"""The U-Net of a model that Darkroom trained, for diffusers.

DDPMPipeline.from_pretrained(FOLDER, trust_remote_code=True) loads the pipeline this file lies in.
Blocks and names of weights are those of explainingai-code/DDPM-Pytorch.
"""

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.unets.unet_2d import UNet2DOutput
from torch import nn


def sinusoids(timesteps, width):
    """(batch,) to (batch, width): sines, then cosines, of ever longer periods."""
    half = width // 2
    factors = 10000 ** (torch.arange(half, dtype=torch.float32, device=timesteps.device) / half)
    angles = timesteps[:, None].float() / factors
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


class Block(nn.Module):
    """Residual layers that see the time, the first `attentions` of them with attention behind."""

    def __init__(self, config, inputs, outputs, layers, attentions):
        super().__init__()
        groups, time = config.norm_groups, config.time_emb_dim
        widths = [inputs] + [outputs] * (layers - 1)

        def convolution(width):
            return nn.Sequential(
                nn.GroupNorm(groups, width), nn.SiLU(), nn.Conv2d(width, outputs, 3, padding=1)
            )

        def attention():
            return nn.MultiheadAttention(outputs, config.num_heads, batch_first=True)

        self.resnet_conv_first = nn.ModuleList(convolution(width) for width in widths)
        self.t_emb_layers = nn.ModuleList(
            nn.Sequential(nn.SiLU(), nn.Linear(time, outputs)) for _ in widths
        )
        self.resnet_conv_second = nn.ModuleList(convolution(outputs) for _ in widths)
        self.residual_input_conv = nn.ModuleList(nn.Conv2d(width, outputs, 1) for width in widths)
        self.attention_norms = nn.ModuleList(
            nn.GroupNorm(groups, outputs) for _ in range(attentions)
        )
        self.attentions = nn.ModuleList(attention() for _ in range(attentions))

    def forward(self, x, time):
        for at in range(len(self.resnet_conv_first)):
            x = self.residual(x, time, at)
            if at < len(self.attentions):
                x = self.attend(x, at)
        return x

    def residual(self, x, time, at):
        h = self.resnet_conv_first[at](x) + self.t_emb_layers[at](time)[:, :, None, None]
        return self.resnet_conv_second[at](h) + self.residual_input_conv[at](x)

    def attend(self, x, at):
        pixels = self.attention_norms[at](x).flatten(2).transpose(1, 2)
        seen, _ = self.attentions[at](pixels, pixels, pixels, need_weights=False)
        return x + seen.transpose(1, 2).reshape(x.shape)


class Doubled(nn.Conv2d):
    """A convolution on pixels each of which is a square of four."""

    def forward(self, x):
        return super().forward(nn.functional.interpolate(x, scale_factor=2.0, mode="nearest"))


def halving(kind, channels):
    return nn.AvgPool2d(2) if kind == "pool" else nn.Conv2d(channels, channels, 4, 2, 1)


def doubling(kind, channels):
    if kind == "pool":
        return Doubled(channels, channels, 3, padding=1)
    return nn.ConvTranspose2d(channels, channels, 4, 2, 1)


class Down(Block):
    """A block, then half the size where the level halves."""

    def __init__(self, config, level):
        inputs, outputs = config.down_channels[level], config.down_channels[level + 1]
        layers = config.num_down_layers
        super().__init__(config, inputs, outputs, layers, layers * config.attn_down[level])
        halves, kind = config.down_sample[level], config.down_sample_kind
        self.down_sample_conv = halving(kind, outputs) if halves else nn.Identity()

    def forward(self, x, time):
        return self.down_sample_conv(super().forward(x, time))


class Up(Block):
    """Twice the size where the level halves, then a block on that and what went into the down block."""

    def __init__(self, config, level):
        inputs = config.down_channels[level]
        outputs = config.down_channels[level - 1] if level else config.conv_out_channels
        layers = config.num_up_layers
        super().__init__(config, 2 * inputs, outputs, layers, layers * config.attn_down[level])
        doubles, kind = config.down_sample[level], config.down_sample_kind
        self.up_sample_conv = doubling(kind, inputs) if doubles else nn.Identity()

    def forward(self, x, skip, time):
        return super().forward(torch.cat([self.up_sample_conv(x), skip], dim=1), time)


class DarkroomUNet(ModelMixin, ConfigMixin):
    """Predicts what `prediction_type` of the scheduler says of (batch, in_channels, height, width)."""

    @register_to_config
    def __init__(
        self,
        sample_size,
        in_channels,
        out_channels,
        down_channels,
        mid_channels,
        down_sample,
        attn_down,
        time_emb_dim,
        num_down_layers,
        num_mid_layers,
        num_up_layers,
        num_heads,
        norm_groups,
        conv_out_channels,
        num_classes,
        down_sample_kind="conv",
    ):
        super().__init__()
        config, levels = self.config, range(len(down_sample))
        self.t_proj = nn.Sequential(
            nn.Linear(time_emb_dim, time_emb_dim), nn.SiLU(), nn.Linear(time_emb_dim, time_emb_dim)
        )
        self.class_emb = nn.Embedding(num_classes, time_emb_dim) if num_classes else None
        self.conv_in = nn.Conv2d(in_channels, down_channels[0], 3, padding=1)
        self.downs = nn.ModuleList(Down(config, level) for level in levels)
        self.mids = nn.ModuleList(
            Block(config, inputs, outputs, num_mid_layers + 1, num_mid_layers)
            for inputs, outputs in zip(mid_channels, mid_channels[1:])
        )
        self.ups = nn.ModuleList(Up(config, level) for level in reversed(levels))
        self.norm_out = nn.GroupNorm(norm_groups, conv_out_channels)
        self.conv_out = nn.Conv2d(conv_out_channels, out_channels, 3, padding=1)

    def forward(self, sample, timestep, class_labels=None, return_dict=True):
        """`class_labels` (batch,): the class of each image; none for no class in particular."""
        timesteps = torch.as_tensor(timestep, device=sample.device).expand(len(sample))
        time = self.t_proj(sinusoids(timesteps, self.config.time_emb_dim).to(sample.dtype))
        if class_labels is not None:
            time = time + self.class_emb(class_labels)
        h, skips = self.conv_in(sample), []
        for down in self.downs:
            skips.append(h)
            h = down(h, time)
        for mid in self.mids:
            h = mid(h, time)
        for up in self.ups:
            h = up(h, skips.pop(), time)
        told = self.conv_out(nn.functional.silu(self.norm_out(h)))
        return UNet2DOutput(sample=told) if return_dict else (told,)
