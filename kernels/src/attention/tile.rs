//! A tile of scores: made in registers, used from there.

use crate::simd::Simd;

/// Tokens along the lanes of a tile: two of the widest vectors.
pub(super) const TILE: usize = 32;

/// Sizes of one head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub width: usize,
    pub tokens: usize,
}

impl Head {
    pub fn scale(&self) -> f32 {
        (1.0 / (self.width as f64).sqrt()) as f32
    }

    /// What scores are multiplied by so that 2 to their power is the softmax's exponential.
    pub fn scale_base2(&self) -> f32 {
        self.scale() * std::f32::consts::LOG2_E
    }

    /// The largest length of a token's vector.
    pub fn longest(&self, channels: &[f32]) -> f32 {
        let mut squares = vec![0f32; self.tokens];
        for row in channels.chunks_exact(self.tokens) {
            for (square, x) in squares.iter_mut().zip(row) {
                *square += x * x;
            }
        }
        squares.into_iter().fold(0.0, f32::max).sqrt()
    }
}

/// (width, [`TILE`]) numbers, the tokens of a tile along the lanes.
#[derive(Default)]
pub(super) struct Lanes(pub Vec<f32>);

impl Lanes {
    /// Tokens `first..first + count` of (width, tokens), times `scale`; zeros beyond.
    pub fn gather(&mut self, head: Head, channels: &[f32], first: usize, count: usize, scale: f32) {
        self.0.resize(head.width * TILE, 0.0);
        for (to, from) in self.0.chunks_exact_mut(TILE).zip(channels.chunks_exact(head.tokens)) {
            for (to, from) in to.iter_mut().zip(&from[first..first + count]) {
                *to = from * scale;
            }
            to[count..].fill(0.0);
        }
    }

    pub fn zero(&mut self, head: Head) {
        self.0.clear();
        self.0.resize(head.width * TILE, 0.0);
    }

    /// Writes the tile back, each lane times its `scale`.
    pub fn scatter(&self, head: Head, channels: &mut [f32], first: usize, scale: &[f32]) {
        for (from, to) in self.0.chunks_exact(TILE).zip(channels.chunks_exact_mut(head.tokens)) {
            for ((to, from), scale) in to[first..].iter_mut().zip(from).zip(scale) {
                *to = from * scale;
            }
        }
    }
}

/// A number for each lane of a tile.
pub(super) type Row = [f32; TILE];

/// A side of a product that comes as single numbers: (width, tokens), from some token on.
#[derive(Clone, Copy)]
pub(super) struct Singles {
    from: *const f32,
    pitch: usize,
}

impl Singles {
    pub fn new(head: Head, channels: &[f32], first: usize) -> Self {
        Self { from: channels[first..].as_ptr(), pitch: head.tokens }
    }
}

/// scores[h][lane] = from[h][lane] + sum over channels of singles[channel][at + h] x
/// lanes[channel][lane], for two vectors of lanes.
#[inline(always)]
pub(super) unsafe fn scores<V: Simd, const H: usize>(
    head: Head,
    singles: Singles,
    at: usize,
    lanes: *const f32,
    from: [[V; 2]; H],
) -> [[V; 2]; H] {
    // SAFETY: the caller vouches for tokens at..at + H and for two vectors of lanes in each row.
    unsafe {
        let mut sums = from;
        let (mut single, mut lanes) = (singles.from.add(at), lanes);
        for _ in 0..head.width {
            let (left, right) = (V::load(lanes), V::load(lanes.add(V::LANES)));
            for (h, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*single.add(h));
                sum[0] = factor.mul_add(left, sum[0]);
                sum[1] = factor.mul_add(right, sum[1]);
            }
            single = single.add(singles.pitch);
            lanes = lanes.add(TILE);
        }
        sums
    }
}

/// sums[channel][lane] += sum over h of singles[channel][at + h] x tile[h][lane].
#[inline(always)]
pub(super) unsafe fn spread<V: Simd, const H: usize>(
    head: Head,
    singles: Singles,
    at: usize,
    tile: &[[V; 2]; H],
    sums: *mut f32,
) {
    // SAFETY: as for `scores`.
    unsafe {
        let from = singles.from.add(at);
        let mut channel = 0;
        // Sums of two channels at once: each waits for the one before it.
        while channel + 2 <= head.width {
            spread_channels::<V, H, 2>(from, singles.pitch, channel, tile, sums);
            channel += 2;
        }
        if channel < head.width {
            spread_channels::<V, H, 1>(from, singles.pitch, channel, tile, sums);
        }
    }
}

#[inline(always)]
unsafe fn spread_channels<V: Simd, const H: usize, const C: usize>(
    singles: *const f32,
    pitch: usize,
    first: usize,
    tile: &[[V; 2]; H],
    sums: *mut f32,
) {
    // SAFETY: the caller vouches for C channels of both sides.
    unsafe {
        let mut rows = [[V::splat(0.0); 2]; C];
        for (c, row) in rows.iter_mut().enumerate() {
            let from = sums.add((first + c) * TILE);
            *row = [V::load(from), V::load(from.add(V::LANES))];
        }
        for (h, weight) in tile.iter().enumerate() {
            for (c, row) in rows.iter_mut().enumerate() {
                let factor = V::splat(*singles.add((first + c) * pitch + h));
                row[0] = factor.mul_add(weight[0], row[0]);
                row[1] = factor.mul_add(weight[1], row[1]);
            }
        }
        for (c, row) in rows.iter().enumerate() {
            let to = sums.add((first + c) * TILE);
            row[0].store(to);
            row[1].store(to.add(V::LANES));
        }
    }
}

/// Runs `$work::<V, H>(args, at)` over all tokens: `$most` at a time with the widest vectors, of
/// which there are twice as many, then four, then one.
macro_rules! over_tokens {
    ($tokens:expr, $most:literal, $work:ident($($arg:expr),*)) => {{
        let (tokens, mut at) = ($tokens, 0);
        if V::LANES >= 16 {
            while at + $most <= tokens {
                $work::<V, $most>($($arg,)* at);
                at += $most;
            }
        }
        while at + 4 <= tokens {
            $work::<V, 4>($($arg,)* at);
            at += 4;
        }
        while at < tokens {
            $work::<V, 1>($($arg,)* at);
            at += 1;
        }
    }};
}
pub(super) use over_tokens;
