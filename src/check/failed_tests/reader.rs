//! The interface of a reader of one runner's output.

use std::collections::BTreeSet;

/// The names of failed tests.
pub(in crate::check) type Names = BTreeSet<String>;

/// Recognises the lines of one runner.
pub(super) trait Reader {
    /// Takes the next line, without escape sequences, and adds the tests that it reports as failed. A later line may
    /// report that a test passed after all, which removes it.
    fn line(&mut self, line: &str, failed: &mut Names);
}

/// Returns the text without a time in brackets at its end: `works (1.25ms)`.
pub(super) fn without_time(text: &str) -> Option<&str> {
    let (name, time) = text.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    let number = time.trim_end_matches(|c: char| c.is_ascii_lowercase() || c == ' ');
    let is_time = number.len() < time.len() && number.parse::<f64>().is_ok();
    is_time.then_some(name)
}
