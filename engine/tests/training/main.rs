//! Training from the outside.

mod checkpoint;
mod fixture;
mod gradients;
mod learning;
mod probe;
mod recipe;
mod run;
mod steering;
mod tape;
mod validation;
mod watch;
