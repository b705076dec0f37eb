//! The durable list of events: SQLite in WAL mode with `synchronous=FULL`, so that an appended event survives a crash,
//! and other processes can read while one writes.
//!
//! Stores rows of text and never parses an event: the meaning of an event is up to the modules above.

mod database;
mod error;
mod network_fs;
mod recover;
mod repair;
mod row;
mod run_lock;
mod schema;
mod write_lock;

pub use database::Journal;
pub use error::JournalError;
pub use repair::{Repair, find_damage, repair};
pub use row::Row;
pub use run_lock::{Holder, RunLock};
