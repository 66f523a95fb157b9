//! Between pictures of bytes and the tensors that networks see.

use candle_core::{DType, Device, Tensor};

use crate::grid::Picture;
use crate::{Error, Result};

/// Tensors in [-1, 1] (batch, channels, height, width) as pictures; what lies outside is clamped.
pub fn pictures(images: &Tensor) -> Result<Vec<Picture>> {
    let (batch, channels, height, width) = images.dims4()?;
    let bytes = ((images.clamp(-1f32, 1f32)? + 1.0)? * 127.5)?.round()?.to_dtype(DType::U8)?;
    let bytes = bytes.flatten_all()?.to_vec1::<u8>()?;
    let area = height * width;
    let shown = match channels {
        1 | 3 => channels,
        2 => 1,
        4 => 3,
        _ => return Err(Error::Data(format!("{channels} channels cannot be shown"))),
    };
    Ok((0..batch)
        .map(|at| {
            let planes = &bytes[at * channels * area..][..shown * area];
            Picture::from_planes(width as u32, height as u32, shown as u8, planes)
        })
        .collect())
}

/// A picture as (1, channels, height, width) in [-1, 1]; [`pictures`] gives its bytes back exactly.
pub fn image_tensor(picture: &Picture, device: &Device) -> Result<Tensor> {
    let (channels, height, width) =
        (picture.channels as usize, picture.height as usize, picture.width as usize);
    let numbers: Vec<f32> =
        picture.pixels.iter().map(|&byte| f32::from(byte) / 127.5 - 1.0).collect();
    let rows = Tensor::from_vec(numbers, (height, width, channels), device)?;
    Ok(rows.permute((2, 0, 1))?.unsqueeze(0)?.contiguous()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        for channels in [1, 3] {
            let pixels = (0..=255).flat_map(|byte| vec![byte; channels]).collect();
            let picture = Picture { width: 32, height: 8, channels: channels as u8, pixels };
            let tensor = image_tensor(&picture, &Device::Cpu).unwrap();
            assert_eq!(tensor.dims4().unwrap(), (1, channels, 8, 32));
            assert_eq!(pictures(&tensor).unwrap(), [picture]);
        }
    }
}
