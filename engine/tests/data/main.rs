//! Image data from real files: every kind, every way in, and what is wrong with the broken ones.
#![cfg(feature = "compute")]

mod archives;
mod arrays;
mod drawn;
mod files;
mod folders;
mod formats;
mod idx;
