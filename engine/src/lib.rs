//! Diffusion models: configs, noise schedules, the U-Net, samplers, training, checkpoints, image data.
//!
//! The engine knows no web, no async runtime, no database and no clock. It takes a config, data and
//! a [`CancelToken`], and reports through one callback. Without the feature `compute` only [`config`]
//! is built, which is what the browser needs.

pub mod config;

#[cfg(feature = "compute")]
pub mod atomic_file;
#[cfg(feature = "compute")]
pub mod autoencoder;
#[cfg(feature = "compute")]
mod cancel;
#[cfg(feature = "compute")]
pub mod checkpoint;
#[cfg(feature = "compute")]
pub mod data;
#[cfg(feature = "compute")]
pub mod device;
#[cfg(feature = "compute")]
pub mod diffusers;
#[cfg(feature = "compute")]
mod error;
#[cfg(feature = "compute")]
pub mod evaluate;
#[cfg(feature = "compute")]
pub mod footprint;
#[cfg(feature = "compute")]
pub mod forward;
#[cfg(feature = "compute")]
pub mod grid;
#[cfg(feature = "compute")]
mod lettering;
#[cfg(feature = "compute")]
pub mod model;
#[cfg(feature = "compute")]
pub mod noise;
#[cfg(feature = "compute")]
pub mod plot_sheet;
#[cfg(feature = "compute")]
mod precision;
#[cfg(feature = "compute")]
pub mod sampler;
#[cfg(feature = "compute")]
pub mod schedule;
#[cfg(feature = "compute")]
pub mod train;
#[cfg(feature = "compute")]
pub mod unet;
#[cfg(feature = "compute")]
pub mod upscale;

#[cfg(feature = "compute")]
pub use cancel::CancelToken;
#[cfg(feature = "compute")]
pub use error::{Error, Result};
#[cfg(feature = "compute")]
pub use kernels;
