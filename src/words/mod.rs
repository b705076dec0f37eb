//! How facts are put for people: times, sizes, numbers and errors in words, tables, templates, and text from outside made safe
//! to show.
//!
//! Titles, reasons and logs are written by agents, checks and forges; whatever of them reaches a terminal or a page goes
//! through [`line()`] or [`block()`] first. This room knows nothing of runs, plans or terminals' sizes.

mod clean;
mod error;
mod fence;
mod number;
mod size;
mod table;
mod template;
mod time;

pub use clean::{block, line};
pub use error::chain;
pub use fence::{fence, ticks};
pub use number::{count, plural};
pub use size::{amount, bytes};
pub use table::table;
pub use template::{TemplateFault, templates};
pub use time::{clock, duration, timestamp, whole_seconds};
