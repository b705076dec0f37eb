//! Formats facts for people: times, sizes, numbers and errors in words, tables and templates, and text from outside
//! that is made safe to show.
//!
//! Agents, checks and forges write titles, reasons and logs; all of their text passes through [`line()`] or [`block()`]
//! before it reaches a terminal or a page, and through a [`Redactor`] before it is kept. Knows nothing of runs, plans
//! or the size of a terminal.

mod closing_keyword;
mod code;
mod command_line;
mod error;
mod fence;
mod few;
mod json;
mod markdown;
mod mention;
mod number;
mod redacted_stream;
mod redactor;
mod sanitize;
mod secret_forms;
mod size;
mod table;
mod template;
mod time;

pub(crate) use closing_keyword::without_closing_keywords;
pub use code::code;
pub use command_line::command_line;
pub use error::chain;
pub use fence::{backticks, fence};
pub use few::few;
pub use json::{json, json_in_lines};
pub use markdown::markdown;
pub(crate) use mention::without_mentions;
pub use number::{count, plural};
pub(crate) use redacted_stream::RedactedStream;
pub use redactor::Redactor;
pub(crate) use sanitize::is_invisible;
pub use sanitize::{block, line, lines, visible};
pub(crate) use secret_forms::find_secrets;
pub use size::{amount, bytes};
pub use table::table;
pub use template::{FilledTemplate, TemplateFault, TemplateKind, render, template_environment};
pub use time::{clock, clock_after, duration, timestamp, whole_seconds};
