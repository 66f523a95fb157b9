//! Training from the outside.

mod fixture;
mod gradients;
mod learning;
mod run;
mod steering;
mod validation;
mod watch;
