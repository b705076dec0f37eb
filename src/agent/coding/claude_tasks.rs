//! The list of tasks that Claude keeps for itself: one tool writes the whole list, and newer versions have a tool for
//! each change of it.

use serde_json::Value;

use super::json::text;
use crate::agent::activity::open_items;
use crate::agent::event::AgentEvent;

/// The list as this turn has written it.
#[derive(Default)]
pub(super) struct TaskList {
    /// The tasks that were made one by one; they have the numbers 1, 2, … in a session.
    tasks: Vec<Task>,
}

struct Task {
    text: String,
    is_open: bool,
}

impl TaskList {
    /// Takes in the use of a tool, and reports the open items where it changes the list.
    pub(super) fn used(&mut self, tool: &Value) -> Option<AgentEvent> {
        let input = tool.get("input")?;
        match text(tool, "/name")? {
            "TodoWrite" => return open_items(input).map(AgentEvent::OpenItems),
            "TaskCreate" => self.tasks.push(Task {
                text: text(input, "/subject")
                    .or_else(|| text(input, "/description"))?
                    .to_owned(),
                is_open: true,
            }),
            "TaskUpdate" => {
                let number: usize = text(input, "/taskId")?.parse().ok()?;
                let task = self.tasks.get_mut(number.checked_sub(1)?)?;
                let status = text(input, "/status")?;
                task.is_open = !matches!(status, "completed" | "deleted");
            }
            _ => return None,
        }
        let open = self.tasks.iter().filter(|task| task.is_open);
        Some(AgentEvent::OpenItems(
            open.map(|task| task.text.clone()).collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tasks_that_were_made_one_by_one_are_open_until_they_are_completed() {
        let mut list = TaskList::default();
        let mut used =
            |name: &str, input: Value| match list.used(&json!({"name": name, "input": input})) {
                Some(AgentEvent::OpenItems(items)) => items,
                _ => vec!["no list".to_owned()],
            };
        assert_eq!(used("TaskCreate", json!({"subject": "a"})), ["a"]);
        assert_eq!(used("TaskCreate", json!({"subject": "b"})), ["a", "b"]);
        let done = json!({"taskId": "1", "status": "completed"});
        assert_eq!(used("TaskUpdate", done), ["b"]);
        let unknown = json!({"taskId": "9", "status": "completed"});
        assert_eq!(used("TaskUpdate", unknown), ["no list"]);
        assert_eq!(used("Read", json!({"file_path": "a"})), ["no list"]);
    }
}
