//! Pipelines of the diffusers library: `DDPMPipeline` and `DDIMPipeline` with a `UNet2DModel`.
//!
//! Names and meanings are those of diffusers' own configuration files, so a folder of its loads
//! unchanged and one of ours loads there.

mod attention;
mod blocks;
mod config;
mod pipeline;
mod resnet;
mod rest;
mod scheduler;
mod trained;
mod unet2d;

pub use config::{Spec, UNet2DConfig};
pub use scheduler::SchedulerConfig;
pub use unet2d::UNet2D;

pub(crate) use pipeline::{Pipeline, read, write};
