//! What all blocks of a network see besides the image.

use candle_core::Tensor;

use super::border::Border;
use super::dropout::Dropout;

/// The same for every block of one pass.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Timestep and class, after SiLU: (batch, time width).
    pub time: Tensor,
    pub border: Border,
    /// Only while the network learns.
    pub dropout: Option<&'a Dropout>,
}
