//! Values out of the JSON lines that coding agents print.

use serde_json::Value;

/// Returns the text at `pointer`.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

pub(super) fn number(value: &Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
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
