//! The change that the demo makes.

/// The instruction.
pub(super) const INSTRUCTION: &str =
    "speak TLS to the service: http://api.acorn.example becomes https://api.acorn.example";

/// All files.
pub(super) const GLOB: &str = "**";

/// The codemod's pattern.
pub(super) const REGEX: &str = r"http://api\.acorn\.example";

/// The replacement for [`REGEX`].
pub(super) const TO: &str = "https://api.acorn.example";

/// Acorn's own tests. They fail for `device/`, whose radio module has no TLS: the one unit that needs a person.
pub(super) const CHECK: &str = "sh scripts/test.sh";
