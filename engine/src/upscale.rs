//! Pictures enlarged without a network.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, Pixel, Rgb};

use crate::config::Upscaler;
use crate::data::transform::cut_to;
use crate::grid::Picture;

/// `picture` at `size` (width, height), both at least 1.
pub fn upscale(picture: Picture, size: (u32, u32), upscaler: Upscaler) -> Picture {
    let filter = match upscaler {
        Upscaler::Lanczos => FilterType::Lanczos3,
        Upscaler::Nearest => FilterType::Nearest,
    };
    match picture.channels {
        1 => resized::<Luma<u8>>(picture, size, filter),
        _ => resized::<Rgb<u8>>(picture, size, filter),
    }
}

/// The middle of `picture`, in the proportions of `size`, at that size.
pub fn cover(picture: &Picture, size: (u32, u32), upscaler: Upscaler) -> Picture {
    upscale(cut_to(picture, size), size, upscaler)
}

fn resized<P: Pixel<Subpixel = u8> + 'static>(
    picture: Picture,
    (width, height): (u32, u32),
    filter: FilterType,
) -> Picture {
    let channels = picture.channels;
    let image = ImageBuffer::<P, _>::from_raw(picture.width, picture.height, picture.pixels)
        .expect("a picture has as many bytes as its size says");
    let pixels = imageops::resize(&image, width, height, filter).into_raw();
    Picture { width, height, channels, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_blocks_or_blend() {
        let picture = Picture { width: 2, height: 1, channels: 1, pixels: vec![0, 200] };
        let blocks = upscale(picture.clone(), (4, 2), Upscaler::Nearest);
        assert_eq!(blocks.pixels, [0, 0, 200, 200, 0, 0, 200, 200]);
        let smooth = upscale(picture, (8, 1), Upscaler::Lanczos);
        assert!(smooth.pixels[3] > 0 && smooth.pixels[3] < smooth.pixels[4], "{smooth:?}");
        let colour = Picture { width: 1, height: 1, channels: 3, pixels: vec![1, 2, 3] };
        assert_eq!(upscale(colour, (1, 2), Upscaler::Nearest).pixels, [1, 2, 3, 1, 2, 3]);
    }

    #[test]
    fn the_middle_is_cut_to_the_proportions_before_it_is_enlarged() {
        let picture = Picture { width: 4, height: 2, channels: 1, pixels: (0..8).collect() };
        let square = cover(&picture, (4, 4), Upscaler::Nearest);
        assert_eq!(square.pixels[..4], [1, 1, 2, 2]);
        assert_eq!(cover(&picture, (4, 2), Upscaler::Lanczos), picture);
    }
}
