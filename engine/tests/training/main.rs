//! Training from the outside.

mod autoencoder;
mod checkpoint;
mod fixture;
mod gradients;
mod latents;
mod learning;
mod probe;
mod recipe;
mod resuming;
mod run;
mod steering;
mod tape;
mod validation;
mod variance;
mod warps;
mod watch;
