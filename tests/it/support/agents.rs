//! The agents that many tests need, each a short script with a name. `words.sh` defines the words they use.

/// Begins every script; see [`super::Repo::program`].
pub(super) const WORDS: &str = include_str!("words.sh");

/// Adds a line to every file of its claim.
pub const SIGN: &str = "sign";

/// Signs, and notes in `worked` each time that it works.
pub const SIGN_AND_NOTE: &str = "
note
sign";

/// Fails, and has changed nothing.
pub const FAIL: &str = "exit 3";

/// Signs, and changes a file outside of every claim.
pub const STRAY: &str = "
echo stray >>README.md
sign";

/// Says something, and then waits for a word that never comes.
pub const NEVER_DONE: &str = "
echo waiting for word
wait_forever";

/// Waits at the gate of the test, and signs with the word that the test says there.
pub const WAIT: &str = r#"
wait_at_gate
sign "$word""#;

/// Notes that it works, and signs once the test has put down a key; until then it is refused.
pub const NEED_KEY: &str = "
note
need_key
sign";
