//! Acorn, a small polyglot repository that the program carries within itself, and the migration that `batch demo` runs
//! on it. It needs nothing of the machine but a folder: no network, no git identity.

mod acorn;

pub use acorn::{Acorn, unpack};

/// What is to be changed in acorn, in words.
pub const INSTRUCTION: &str =
    "speak TLS to the service: http://api.acorn.example becomes https://api.acorn.example";

/// Where: everywhere.
pub const GLOBS: &[&str] = &["**"];

/// The codemod that does it.
pub const REGEX: &str = r"http://api\.acorn\.example";

/// What [`REGEX`] becomes.
pub const TO: &str = "https://api.acorn.example";

/// Acorn's own tests. They fail for `device/`, whose radio module has no TLS: the one unit that a person has to look at.
pub const CHECK: &str = "sh scripts/test.sh";
