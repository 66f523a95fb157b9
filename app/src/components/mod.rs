//! What pages are made of.

pub mod address;
pub mod confirm;
pub mod draft;
pub mod drop_zone;
pub mod field;
pub mod file_field;
pub mod fold;
pub mod form_fault;
pub mod glimpses;
pub mod header;
pub mod icon;
pub mod image_picker;
pub mod job_list;
pub mod later;
pub mod lightbox;
pub mod loss_chart;
pub mod notice;
pub mod progress;
pub mod scrubber;
pub mod selection;
pub mod send_to;
pub mod sending;
pub mod show;
pub mod slider;
pub mod star;
pub mod tab_title;
