//! (room: process)
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How a child process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Exit(i32),
    Signal(i32),
    TimedOut(Duration),
    Cancelled,
}
