//! The command line: arguments in, library calls, words out. One file a command.
//!
//! A refusal is one sentence on standard error, with exit code 2. This room decides nothing about plans and runs.

mod agent_settings;
mod agents;
mod approval;
mod asked;
mod cancel;
mod clean;
mod continue_prompt;
mod demo;
mod detach;
mod diff;
mod doctor;
mod drift;
mod drive;
mod estimate;
mod exit_code;
mod export;
mod flags;
mod follow;
mod global;
mod launch;
mod list;
mod logs;
mod migrate;
mod no_sandbox;
mod output;
mod patch;
mod plan;
mod plan_file;
mod prepare;
mod program;
mod prs;
mod publish;
mod render_template;
mod report;
mod request;
mod research;
mod resume;
mod retry;
mod review;
mod run;
mod sandbox_canary;
mod signals;
mod split;
mod status;
mod verify;
mod workspace;

pub use program::main;
