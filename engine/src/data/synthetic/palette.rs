//! Colours that go together.

use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;

/// Red, green, blue from 0 to 1.
pub type Colour = [f32; 3];

/// Dark, middle, light, accent.
pub type Palette = [u32; 4];

/// For patterns, which can have any colour.
pub const BOLD: [Palette; 12] = [
    [0x1d3557, 0x457b9d, 0xf1faee, 0xe63946],
    [0x264653, 0x2a9d8f, 0xf4e9cd, 0xe76f51],
    [0x2b2d42, 0x8d99ae, 0xedf2f4, 0xef233c],
    [0x3d2c2e, 0xb5651d, 0xfbe8c8, 0xf4a127],
    [0x14342b, 0x60935d, 0xf2f5de, 0xf9b4a0],
    [0x3a1d5c, 0x8e5bb5, 0xf6e8fa, 0xffb238],
    [0x0b3c49, 0x3e92a3, 0xfff5d6, 0xf2bb05],
    [0x5b1a2e, 0xc8553d, 0xfde8d4, 0x588b8b],
    [0x22223b, 0x6a6b9a, 0xf2e9e4, 0xe07a8b],
    [0x1b3a1d, 0x7fa650, 0xf6f4d2, 0xd4512d],
    [0x102a43, 0x2f80c2, 0xe6f4fb, 0xffa69e],
    [0x4a2040, 0xd1648b, 0xfff0f3, 0x3fb5a8],
];
/// Water.
pub const SEA: [Palette; 6] = [
    [0x03396c, 0x0a77a8, 0xbfe6ee, 0x5fbcd3],
    [0x0b4f4a, 0x1a8a80, 0xd5f2e3, 0x6fcfb5],
    [0x1b2a5c, 0x3a5fb0, 0xdbe6ff, 0x84a7ea],
    [0x073b4c, 0x118ab2, 0xfff3c9, 0x06d6a0],
    [0x2a1b4e, 0x6a4c9c, 0xf5d9ef, 0xc58bd0],
    [0x5b2333, 0xc8643f, 0xffe6c0, 0xf3a75b],
];
/// Clay and mortar: mortar dark or light, brick, lighter brick, other brick.
pub const CLAY: [Palette; 6] = [
    [0xd9cfc1, 0xa4452c, 0xc56a48, 0x8a3a28],
    [0x4a3f39, 0xb1543a, 0xce7b56, 0x93452f],
    [0xe8e0d2, 0xb98b5e, 0xd3ab7e, 0xa1764d],
    [0x3d4045, 0x7d8087, 0xa0a3a8, 0x65696f],
    [0xece5db, 0x7f4a3a, 0x9d6350, 0x6a3a2e],
    [0x5c5148, 0xd8c3a5, 0xeadbc4, 0xc2a987],
];
/// Timber: dark grain, middle, light, heart.
pub const TIMBER: [Palette; 6] = [
    [0x5a3418, 0x9c6434, 0xc98f55, 0x7a4a22],
    [0x3a2316, 0x6b4227, 0x92613c, 0x4d2e1b],
    [0xa9783f, 0xd9ad6c, 0xf0d3a0, 0xc49453],
    [0x6e2c18, 0xa6492b, 0xcf7447, 0x84381f],
    [0x77675a, 0xa99a8a, 0xcfc4b6, 0x8f8072],
    [0x8a5a2b, 0xc68b4a, 0xe6bd83, 0xa87238],
];
/// Stone: vein, shade, ground, second vein.
pub const STONE: [Palette; 7] = [
    [0x6b7078, 0xd3d5d8, 0xf6f5f2, 0xb39a72],
    [0xe9e4d8, 0x24332d, 0x35503f, 0xa9c2ac],
    [0xefe9e2, 0x1c1d22, 0x33353c, 0xc9a15a],
    [0x8c4f45, 0xe3bfae, 0xf6e1d6, 0xb87968],
    [0x9a7b4f, 0xe6d6b8, 0xf7eedb, 0xc8aa78],
    [0xdfe8f2, 0x274472, 0x41689e, 0x9dbbe0],
    [0xf3dcd0, 0x6d2f33, 0x8f4748, 0xd9a392],
];
/// Skies: high, low, cloud, shade of the cloud.
pub const SKY: [Palette; 6] = [
    [0x2f74c0, 0x8cc3ee, 0xffffff, 0xc7d8e8],
    [0x3a3f7a, 0xf08a5d, 0xffd9b0, 0xb75d69],
    [0x12204a, 0x3b4f8f, 0xb7c1e6, 0x5a6aa6],
    [0x5fa8d3, 0xd6eefa, 0xfffdf5, 0xbdd3e0],
    [0x6b4a8c, 0xf2a6a0, 0xfff0e0, 0xc98aa8],
    [0x55677a, 0xa9b8c4, 0xeef2f4, 0x8796a3],
];

/// One of `palettes`, a shade lighter or darker.
pub fn pick(palettes: &[Palette], random: &mut ChaCha8Rng) -> [Colour; 4] {
    let palette = palettes.choose(random).expect("every list of palettes has some");
    let light = random.random_range(-0.05..0.05);
    palette.map(|hex| of_hex(hex).map(|channel| channel + light))
}

fn of_hex(hex: u32) -> Colour {
    [16, 8, 0].map(|shift| ((hex >> shift) & 0xff) as f32 / 255.0)
}

/// From `from` at 0 to `to` at 1.
pub fn mix(from: Colour, to: Colour, share: f32) -> Colour {
    let share = share.clamp(0.0, 1.0);
    [0, 1, 2].map(|channel| from[channel] + share * (to[channel] - from[channel]))
}

/// Lighter above 1, darker below.
pub fn shade(colour: Colour, light: f32) -> Colour {
    colour.map(|channel| channel * light)
}
