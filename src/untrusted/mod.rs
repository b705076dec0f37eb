//! What must hold for every text from outside, whatever bytes it has: reading it ends, no code panics, and what was
//! read means the same when it is written and read again.
//!
//! Each function takes any bytes, and panics where its promise is broken. Fuzzers call the functions with what they
//! find (`fuzz/`, `scripts/fuzz`), and the tests of this room call them with the fuzzers' seeds and with variations of
//! the seeds. Only tests and fuzzers compile this room.

#![allow(
    clippy::missing_panics_doc,
    reason = "a panic is what the callers look for"
)]

mod agent_stream;
mod check_output;
mod code_owners;
mod globs;
mod imports;
mod plan_file;
mod proposal;
mod redactor;
mod rule_file;
mod settings;
mod shown_text;

pub use agent_stream::agent_stream;
pub use check_output::check_output;
pub use code_owners::code_owners;
pub use globs::globs;
pub use imports::imports;
pub use plan_file::plan_file;
pub use proposal::proposal;
pub use redactor::redactor;
pub use rule_file::rule_file;
pub use settings::settings;
pub use shown_text::shown_text;

#[cfg(test)]
mod tests;
