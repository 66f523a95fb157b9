//! The server as its callers see it: the router without a socket, the program without a page.

mod api_v1;
mod command_line;
mod doors;
mod evaluations;
mod files;
mod from_pictures;
mod gallery;
mod generating;
mod inception;
mod infotext;
mod inputs;
mod killed;
mod latents;
mod models;
mod pages;
mod plots;
mod preferences;
mod process;
mod queue;
mod revisions;
mod sdapi;
mod sdapi_extras;
mod sdapi_unsaved;
mod support;
mod training;
mod uploads;
