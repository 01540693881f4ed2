//! The main job, end to end: upload, build, compose, submit, watch, read, and use again.

mod main_story;
mod openssh;
