//! What a worker may try in git, and what must then still hold: nothing of the user's changes, and what is published is
//! what was proven.
//!
//! Each test names the row of the threat that it stands for and how it is met: "by layout" holds without a sandbox.

mod agent_settings;
mod amounts;
mod base;
mod git_settings;
mod hostile_text;
mod limits;
mod places;
mod pre_push;
mod prepared_run;
mod private_repository;
mod published_is_proven;
mod sandbox;
mod secrets;
mod sensitive;
mod user_git;
mod who_decides;
mod workers;
