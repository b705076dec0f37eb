//! Values out of the JSON lines that coding agents print.

use serde_json::Value;

use crate::agent::activity::open_items;
use crate::agent::event::{AgentEvent, ToolResult};

/// Returns the text at `pointer`.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

pub(super) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}

/// Returns the result of a tool of which only a failure is told.
pub(super) fn result_of(failed: bool) -> ToolResult {
    if failed {
        ToolResult::Failed
    } else {
        ToolResult::Worked
    }
}

/// Returns the open items that the use of a tool writes, where the tool keeps the agent's own list.
pub(super) fn list_of(tool: Option<&str>, input: Option<&Value>) -> Option<AgentEvent> {
    let name = tool?.to_lowercase();
    let keeps_list = name.contains("todo") || name.contains("plan");
    let input = input.filter(|_| keeps_list)?;
    open_items(input).map(AgentEvent::OpenItems)
}

/// Returns what a tool is used on: the parameter that says most, whatever the agent calls it.
pub(super) fn tool_subject(input: &Value) -> Option<String> {
    [
        "command",
        "cmd",
        "file_path",
        "filePath",
        "path",
        "pattern",
        "url",
    ]
    .iter()
    .find_map(|name| input.get(name)?.as_str())
    .map(ToOwned::to_owned)
}
