//! How good the pictures of a model are, in numbers: two sets of pictures are compared by vectors of
//! features, pictures with the images that were trained on by their pixels.

mod bilinear;
mod classifier;
mod features;
mod frechet;
mod inception;
mod kernel_distance;
mod matrix;
mod nearest;
mod precision_recall;

pub use classifier::{Classifier, OnLesson, Score, WIDTH};
pub use features::Features;
pub use frechet::frechet_distance;
pub use inception::{FEATURES, Inception};
pub use kernel_distance::kernel_distance;
pub use nearest::{Neighbour, nearest};
pub use precision_recall::{PrecisionRecall, precision_recall};
