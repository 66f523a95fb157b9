//! Diffusion models: configs, noise schedules, the U-Net, samplers, training, checkpoints, image data.
//!
//! The engine knows no web, no async runtime, no database and no clock. It takes a config, data and
//! a [`CancelToken`], and reports through one callback. Without the feature `compute` only [`config`]
//! is built, which is what the browser needs.

pub mod config;
