//! What the program of a coding agent reports of its work beside the answer: its own list of tasks, and how its tools
//! fared. None of it is the agent's word about itself.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A turn keeps at most so many open items, each of at most so many characters.
const ITEMS_KEPT: usize = 20;
const ITEM_CHARS: usize = 200;

/// What a program reported of a turn beside the answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// The items of the agent's own list that were not done when it was last written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) open_items: Vec<String>,
    /// How many uses of tools ended, and how many of these failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tools_ended: usize,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) tools_failed: usize,
    /// The model stopped in the middle: its provider paused the turn, or its answer was as long as an answer may be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_paused: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Activity {
    /// Checks whether the agent used tools and every use failed.
    pub(crate) fn all_tools_failed(&self) -> bool {
        self.tools_failed > 0 && self.tools_failed == self.tools_ended
    }
}

/// Reads the open items of a list of tasks, in whatever words the program has for it; `None` where the value holds no
/// list.
pub(super) fn open_items(value: &Value) -> Option<Vec<String>> {
    let list = ["todos", "plan", "items", "tasks"]
        .iter()
        .find_map(|name| value.get(name))?;
    let items: Vec<String> = match list {
        Value::Array(items) => items
            .iter()
            .filter(|item| !is_done(item))
            .filter_map(item_text)
            .collect(),
        Value::String(text) => text.lines().filter_map(unchecked).collect(),
        _ => return None,
    };
    Some(bounded(items))
}

/// Returns as many of the items as a turn keeps.
pub(super) fn bounded(items: impl IntoIterator<Item = String>) -> Vec<String> {
    items.into_iter().take(ITEMS_KEPT).collect()
}

/// Checks whether an item of a list is done, or given up.
fn is_done(item: &Value) -> bool {
    let status = item.get("status").and_then(Value::as_str);
    let is_over = |status: &str| {
        let over = [
            "completed",
            "complete",
            "done",
            "cancelled",
            "canceled",
            "skipped",
            "deleted",
        ];
        over.contains(&status.to_lowercase().as_str())
    };
    status.is_some_and(is_over) || item.get("completed").and_then(Value::as_bool) == Some(true)
}

fn item_text(item: &Value) -> Option<String> {
    let names = ["content", "text", "step", "subject", "title", "description"];
    let text = names
        .iter()
        .find_map(|name| item.get(name)?.as_str())
        .or_else(|| item.as_str())?;
    kept(text)
}

/// Returns the text of an unchecked line of a list in Markdown: `- [ ] text`.
fn unchecked(line: &str) -> Option<String> {
    let line = line
        .trim_start()
        .trim_start_matches(['-', '*'])
        .trim_start();
    kept(line.strip_prefix("[ ]")?)
}

/// Returns what is kept of the text of an item; `None` where it has none.
pub(super) fn kept(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.chars().take(ITEM_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_open_items_of_a_list_are_read_in_every_programs_words() {
        let claude = json!({"todos": [
            {"content": "a", "status": "completed"},
            {"content": "b", "status": "in_progress"},
            {"content": "c", "status": "pending"},
        ]});
        assert_eq!(open_items(&claude), Some(vec!["b".into(), "c".into()]));
        let codex = json!({"items": [
            {"text": "a", "completed": true}, {"text": "b", "completed": false},
        ]});
        assert_eq!(open_items(&codex), Some(vec!["b".into()]));
        let plan = json!({"plan": [
            {"step": "a", "status": "completed"}, {"step": "b", "status": "pending"},
        ]});
        assert_eq!(open_items(&plan), Some(vec!["b".into()]));
        let gemini = json!({"todos": [
            {"description": "a", "status": "cancelled"}, {"description": "b", "status": "pending"},
        ]});
        assert_eq!(open_items(&gemini), Some(vec!["b".into()]));
        let markdown = json!({"todos": "- [x] a\n- [ ] b\n"});
        assert_eq!(open_items(&markdown), Some(vec!["b".into()]));
        assert_eq!(open_items(&json!({"command": "ls"})), None);
    }

    #[test]
    fn only_uses_of_tools_that_all_failed_count_as_failed() {
        let of = |ended, failed| Activity {
            tools_ended: ended,
            tools_failed: failed,
            ..Activity::default()
        };
        assert!(of(3, 3).all_tools_failed());
        assert!(!of(3, 2).all_tools_failed() && !of(0, 0).all_tools_failed());
    }
}
