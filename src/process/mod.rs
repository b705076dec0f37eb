//! Starts all child processes, so that each of them has a time limit, a process group that can be ended as a whole,
//! bounded output and an environment chosen on purpose.
//!
//! [`run`] is for programs that work on a unit (agents, checks, setup): asynchronous, cancellable, with the output in a
//! log file. [`Capture`] is for short calls of the user's own programs (`git`, `gh`): synchronous, with the output in
//! memory and the environment of this process. [`run_in_foreground`] is the exception: a program that the user works
//! in, such as an editor, gets the terminal and no time limit. A [`Renderer`] starts this program again. Knows nothing
//! of units or agents.
//!
//! Every program of the first kind runs in a [`sandbox`].

mod background;
mod capture;
mod ending;
mod environment;
mod error;
mod foreground;
mod group;
mod hangup;
mod leftovers;
mod limit_words;
mod lines;
mod program;
mod recorder;
mod relocation;
mod renderer;
mod run;
pub(crate) mod sandbox;
mod session;
mod spawn;
mod worker_variables;

pub use background::start_in_background;
pub use capture::Capture;
pub use ending::Ending;
pub use environment::Environment;
pub(crate) use environment::FORGE_TOKENS;
pub use error::ProcessError;
pub use foreground::run_in_foreground;
pub use hangup::ignores_hangup;
pub use leftovers::{StartVariables, end_processes, find_processes};
pub use lines::LineSink;
pub use program::{find_program, locate_program};
pub use relocation::PersonsCheckouts;
pub use renderer::{RENDER, Renderer, bound_this_process};
pub use run::{Finished, run, run_with_lines};
pub use spawn::Command;
