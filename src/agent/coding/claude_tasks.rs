//! The list of tasks that Claude keeps for itself: one tool writes the whole list, and newer versions have a tool for
//! each change of it.

use serde_json::Value;

use super::json::text;
use crate::agent::activity::{bounded, kept, open_items};
use crate::agent::event::{AgentEvent, SessionId};

/// A list keeps at most so many tasks.
const TASKS_KEPT: usize = 1_000;

/// The list as this turn has written it.
pub(super) struct TaskList {
    /// The tasks that were made one by one; they have the numbers 1, 2, … in a session. `None` where the session has
    /// earlier tasks, so that nobody knows which task a number means.
    tasks: Option<Vec<Task>>,
}

struct Task {
    text: String,
    is_open: bool,
}

impl TaskList {
    /// Makes the list of a turn, which may continue a session.
    pub(super) fn of_turn(session: Option<&SessionId>) -> Self {
        Self {
            tasks: session.is_none().then(Vec::new),
        }
    }

    /// Takes in the use of a tool, and reports the open items where it changes the list.
    pub(super) fn used(&mut self, tool: &Value) -> Option<AgentEvent> {
        let input = tool.get("input")?;
        match text(tool, "/name")? {
            "TodoWrite" => return open_items(input).map(AgentEvent::OpenItems),
            "TaskCreate" => {
                let said = text(input, "/subject").or_else(|| text(input, "/description"));
                let tasks = self.tasks.as_mut()?;
                if tasks.len() == TASKS_KEPT {
                    return None;
                }
                // A task without a text has a number, too.
                tasks.push(Task {
                    text: said.and_then(kept).unwrap_or_default(),
                    is_open: true,
                });
            }
            "TaskUpdate" => {
                let number: usize = text(input, "/taskId")?.parse().ok()?;
                let task = self.tasks.as_mut()?.get_mut(number.checked_sub(1)?)?;
                let status = text(input, "/status")?;
                task.is_open = !matches!(status, "completed" | "deleted");
            }
            _ => return None,
        }
        let open = self.tasks.iter().flatten();
        let open = open.filter(|task| task.is_open && !task.text.is_empty());
        let open = open.map(|task| task.text.clone());
        Some(AgentEvent::OpenItems(bounded(open)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Uses a tool, and returns the open items.
    fn used(list: &mut TaskList, name: &str, input: &Value) -> Vec<String> {
        match list.used(&json!({"name": name, "input": input})) {
            Some(AgentEvent::OpenItems(items)) => items,
            _ => vec!["no list".to_owned()],
        }
    }

    #[test]
    fn the_numbers_of_a_continued_session_mean_nothing() {
        let session = SessionId("s".to_owned());
        let mut list = TaskList::of_turn(Some(&session));
        let mut used = |name: &str, input: &Value| used(&mut list, name, input);
        assert_eq!(used("TaskCreate", &json!({"subject": "c"})), ["no list"]);
        let done = json!({"taskId": "1", "status": "completed"});
        assert_eq!(used("TaskUpdate", &done), ["no list"]);
        let whole = json!({"todos": [{"content": "d", "status": "pending"}]});
        assert_eq!(used("TodoWrite", &whole), ["d"]);
    }

    #[test]
    fn many_and_long_tasks_are_cut() {
        let mut list = TaskList::of_turn(None);
        for _ in 0..=TASKS_KEPT {
            used(
                &mut list,
                "TaskCreate",
                &json!({"subject": "long ".repeat(1_000)}),
            );
        }
        let first = json!({"taskId": "1", "status": "completed"});
        let open = used(&mut list, "TaskUpdate", &first);
        assert!(open.len() < 50 && open.iter().all(|text| text.len() < 500));
    }

    #[test]
    fn tasks_that_were_made_one_by_one_are_open_until_they_are_completed() {
        let mut list = TaskList::of_turn(None);
        let mut used = |name: &str, input: &Value| used(&mut list, name, input);
        assert_eq!(used("TaskCreate", &json!({"subject": "a"})), ["a"]);
        assert_eq!(used("TaskCreate", &json!({"subject": "b"})), ["a", "b"]);
        let done = json!({"taskId": "1", "status": "completed"});
        assert_eq!(used("TaskUpdate", &done), ["b"]);
        assert_eq!(used("TaskCreate", &json!({})), ["b"]);
        assert_eq!(used("TaskCreate", &json!({"subject": "d"})), ["b", "d"]);
        let done = json!({"taskId": "4", "status": "completed"});
        assert_eq!(used("TaskUpdate", &done), ["b"]);
        let unknown = json!({"taskId": "9", "status": "completed"});
        assert_eq!(used("TaskUpdate", &unknown), ["no list"]);
        assert_eq!(used("Read", &json!({"file_path": "a"})), ["no list"]);
    }
}
