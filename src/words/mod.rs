//! Formats facts for people: times, sizes, numbers and errors in words, tables and templates, and text from outside
//! that is made safe to show.
//!
//! Agents, checks and forges write titles, reasons and logs; all of their text passes through [`line()`] or [`block()`]
//! before it reaches a terminal or a page. Knows nothing of runs, plans or the size of a terminal.

mod error;
mod fence;
mod few;
mod number;
mod sanitize;
mod size;
mod table;
mod template;
mod time;

pub use error::chain;
pub use fence::{backticks, fence};
pub use few::few;
pub use number::{count, plural};
pub use sanitize::{block, line};
pub use size::{amount, bytes};
pub use table::table;
pub use template::{TemplateFault, template_environment};
pub use time::{clock, clock_after, duration, timestamp, whole_seconds};
