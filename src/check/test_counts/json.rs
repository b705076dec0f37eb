//! What reports in JSON say, with a document or an event in a line: `go test -json`, Jest, Vitest and libtest.

use serde_json::Value;

use super::part::Part;

/// Returns what the line says, if it is such a document or event.
pub(super) fn line(line: &str) -> Option<Part> {
    let line = line.trim();
    if !(line.starts_with('{') && line.ends_with('}')) {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    let word = |key: &str| value.get(key).and_then(Value::as_str);
    let number = |key: &str| value.get(key).and_then(Value::as_i64);
    let sum = |keys: &[&str]| keys.iter().filter_map(|key| number(key)).sum::<i64>();
    if number("numTotalTests").is_some() {
        let ran = sum(&["numPassedTests", "numFailedTests"]);
        let skipped = sum(&["numPendingTests", "numTodoTests"]);
        return Some(Part::new(ran, skipped));
    }
    if word("type") == Some("suite") && number("ignored").is_some() {
        let ran = sum(&["passed", "failed", "measured"]);
        return Some(Part::new(ran, sum(&["ignored"])));
    }
    word("Test")?;
    match word("Action") {
        Some("run") => Some(Part::new(1, 0)),
        Some("skip") => Some(Part::one_skipped()),
        _ => None,
    }
}
