//! The named commands of a project: scripts of package.json and composer.json, targets of a Makefile, and shell
//! scripts.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// What files with targets are called, in make's order.
pub(super) const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// A part of a file that holds a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Script(String),
    Target(String),
    /// The whole file is a script.
    Whole,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Script(name) => write!(f, "the script {name}"),
            Self::Target(name) => write!(f, "the target {name}"),
            Self::Whole => f.write_str("this script"),
        }
    }
}

impl Part {
    /// Returns the command in the text of the file.
    pub(super) fn text(&self, text: &str) -> Option<String> {
        match self {
            Self::Script(name) => script(text, name),
            Self::Target(name) => target(text, name),
            Self::Whole => Some(text.to_owned()),
        }
    }

    pub(super) fn is_changed(&self, (before, after): (Option<&str>, Option<&str>)) -> bool {
        let text = |side: Option<&str>| side.and_then(|text| self.text(text));
        text(before) != text(after)
    }
}

/// Returns the names of the scripts in a manifest.
pub(super) fn scripts(manifest: &str) -> BTreeSet<String> {
    let value: Value = serde_json::from_str(manifest).unwrap_or_default();
    let scripts = value.get("scripts").and_then(Value::as_object);
    scripts
        .into_iter()
        .flat_map(|it| it.keys())
        .cloned()
        .collect()
}

fn script(manifest: &str, name: &str) -> Option<String> {
    let value: Value = serde_json::from_str(manifest).ok()?;
    match value.get("scripts")?.get(name)? {
        Value::String(line) => Some(line.clone()),
        // Composer's scripts may have several lines.
        Value::Array(lines) => {
            let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
            Some(lines.join("\n"))
        }
        _ => None,
    }
}

/// Returns the names of the targets of a Makefile, the first one first.
pub(super) fn targets(makefile: &str) -> Vec<&str> {
    let rules = makefile.lines().filter_map(rule);
    let names = rules.flat_map(|(names, _)| names.split_whitespace());
    names.filter(|name| !name.starts_with('.')).collect()
}

/// Returns the lines of all rules for a target, with what they need.
fn target(makefile: &str, name: &str) -> Option<String> {
    let mut found = String::new();
    let mut is_of_target = false;
    for line in makefile.lines() {
        if let Some((names, _)) = rule(line) {
            is_of_target = names.split_whitespace().any(|it| it == name);
        } else if !line.starts_with('\t') {
            is_of_target = false;
        }
        if is_of_target {
            found.push_str(line);
            found.push('\n');
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Returns the targets of a line that begins a rule, and what they need.
pub(super) fn rule(line: &str) -> Option<(&str, &str)> {
    if line.starts_with(['\t', ' ', '#']) {
        return None;
    }
    let (names, needs) = line.split_once(':')?;
    let is_assignment = needs.starts_with('=') || names.contains('=');
    (!is_assignment).then(|| (names, needs.trim_start_matches(':')))
}
