//! Pictures at another size as PyTorch's `interpolate(mode="bilinear", align_corners=False)` has them.

use crate::grid::Picture;

/// Red, green and blue planes of `side` by `side` in [-1, 1]; a gray picture has three that are equal.
pub fn enlarged(picture: &Picture, side: usize) -> Vec<f32> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let channels = usize::from(picture.channels);
    let (columns, rows) = (places(width, side), places(height, side));
    let mut planes = Vec::with_capacity(3 * side * side);
    for channel in 0..3 {
        let pixel = |row: usize, column: usize| {
            let at = (row * width + column) * channels + channel % channels;
            f32::from(picture.pixels[at]) / 255.0
        };
        for row in &rows {
            for column in &columns {
                let mixed = |at: usize| {
                    let (left, right) = (pixel(at, column.before), pixel(at, column.after));
                    (1.0 - column.share) * left + column.share * right
                };
                let pixel = (1.0 - row.share) * mixed(row.before) + row.share * mixed(row.after);
                planes.push(2.0 * pixel - 1.0);
            }
        }
    }
    planes
}

/// Where a new pixel lies among the old ones.
struct Place {
    before: usize,
    after: usize,
    /// Of the one after it.
    share: f32,
}

fn places(from: usize, to: usize) -> Vec<Place> {
    let scale = from as f32 / to as f32;
    let place = |at: usize| {
        let exact = ((at as f32 + 0.5) * scale - 0.5).max(0.0);
        let before = (exact as usize).min(from - 1);
        Place { before, after: (before + 1).min(from - 1), share: exact - before as f32 }
    };
    (0..to).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_of_pixels_keep_their_places() {
        let picture = Picture { width: 2, height: 1, channels: 1, pixels: vec![0, 255] };
        let planes = enlarged(&picture, 4);
        assert_eq!(planes.len(), 3 * 16);
        assert_eq!(planes[..4], [-1.0, -0.5, 0.5, 1.0]);
        assert_eq!(planes[..16], planes[32..]);
    }
}
