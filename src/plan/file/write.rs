//! Writes a plan as text that a person can read, edit and commit.

use std::fmt::Write;

use crate::codemod::OldUsePattern;
use crate::config::{AgentOptions, Texts};
use crate::plan::model::{Plan, Research, Size, Unit};
use crate::plan::unit_id::UnitId;
use crate::words;

/// The one version of the format that this program writes and reads.
pub(super) const VERSION: i64 = 1;

/// Writes the plan. [`super::read::parse`] reads it back, except the sizes, which are comments.
#[must_use]
pub(crate) fn to_toml(plan: &Plan) -> String {
    let mut out = Lines(String::new());
    out.line("# A plan of batch: one change, cut into units that share no file. Every unit becomes one pull request.");
    out.line("# Edit it as you like (move files between units, rename or remove units), then run it with");
    out.line("#     batch run <this file>");
    out.line("# batch checks it before anything is started, and names the line of every fault.");
    out.blank();
    out.line(&format!("version = {VERSION}"));
    out.blank();
    out.line("# What to change. Every agent gets this text.");
    out.pair("instruction", &text(&plan.instruction));
    out.blank();
    out.line("# The commit that every unit starts from, and the name it was found by.");
    out.pair("base", &text(plan.base.as_str()));
    out.pair("base-name", &text(&plan.base_name));
    out.blank();
    out.line("# How the files were chosen. Only a record: the files of each unit decide.");
    out.list("globs", &plan.globs);
    if plan.agent.is_given() {
        out.blank();
        let which = if plan.agents.is_empty() {
            "every unit"
        } else {
            "units that name no other"
        };
        out.line(&format!(
            "# The agent that works on {which}. Flags of `batch run` override it."
        ));
        out.line("[agent]");
        out.agent(&plan.agent);
    }
    if !plan.agents.is_empty() {
        out.blank();
        out.line("# The agents that units name. Flags of `batch run` override them.");
    }
    for (place, (name, agent)) in plan.agents.iter().enumerate() {
        if place > 0 {
            out.blank();
        }
        out.line(&format!("[agents.{}]", key(name)));
        out.agent(agent);
    }
    if let Some(until) = &plan.until {
        out.until(until);
    }
    if plan.research != Research::default() {
        out.research(&plan.research);
    }
    for unit in &plan.units {
        out.unit(unit);
    }
    if let Some(unit) = &plan.integration {
        out.integration(unit);
    }
    if !plan.left_out.is_empty() {
        out.blank();
        out.line("# These files match too, but are in no unit. Only a record.");
    }
    for left_out in &plan.left_out {
        out.blank();
        out.line("[[left-out]]");
        out.pair("reason", &text(&left_out.reason));
        out.list("files", &left_out.files);
    }
    out.0
}

struct Lines(String);

impl Lines {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {value}"));
    }

    /// Writes one entry on each line, so that entries can be moved and compared by line.
    fn list<T: AsRef<str>>(&mut self, key: &str, entries: &[T]) {
        if entries.is_empty() {
            return self.pair(key, "[]");
        }
        self.pair(key, "[");
        for entry in entries {
            self.line(&format!("  {},", quoted(entry.as_ref())));
        }
        self.line("]");
    }

    fn until(&mut self, until: &OldUsePattern) {
        self.blank();
        self.line("# What the units' files must not contain when the change is done. It is counted after the run.");
        self.line("[until]");
        match until {
            OldUsePattern::Pattern(pattern) => self.pair("pattern", &text(pattern)),
            OldUsePattern::Regex(regex) => self.pair("regex", &text(regex)),
        }
    }

    fn agent(&mut self, agent: &AgentOptions) {
        let AgentOptions {
            kind,
            model,
            args,
            command,
            shell,
            exit,
            rewrite,
            regex,
            to,
            lang,
            rule,
            work,
            from,
        } = agent;
        if let Some(kind) = kind {
            self.pair("kind", &quoted(kind.name()));
        }
        if !args.is_empty() {
            self.list("args", args);
        }
        self.pairs([("model", model), ("command", command)]);
        for (key, values) in [("rewrite", rewrite), ("regex", regex), ("to", to)] {
            match values.as_ref().map(Texts::all) {
                None => {}
                Some([one]) => self.pair(key, &text(one)),
                Some(several) => self.list(key, several),
            }
        }
        self.pairs([("lang", lang), ("rule", rule), ("from", from)]);
        if let Some(work) = work {
            self.line("# The commit that holds the work. Every unit is its own files of it.");
            self.pair("work", &quoted(work));
        }
        if let Some(shell) = shell {
            self.pair("shell", &shell.to_string());
        }
        if !exit.is_empty() {
            self.pair("exit", &format!("{exit:?}"));
        }
    }

    fn pairs<const N: usize>(&mut self, pairs: [(&str, &Option<String>); N]) {
        for (key, value) in pairs {
            if let Some(value) = value {
                self.pair(key, &text(value));
            }
        }
    }

    fn research(&mut self, research: &Research) {
        let Research {
            by,
            conventions,
            recipe,
        } = research;
        self.blank();
        self.line("# Findings that every agent gets: rules to follow, and how to show that the change works.");
        self.line("[research]");
        if let Some(by) = by {
            self.pair("by", &quoted(by));
        }
        if !conventions.is_empty() {
            self.list("conventions", conventions);
        }
        if let Some(recipe) = recipe {
            self.pair("recipe", &text(recipe));
        }
    }

    fn unit(&mut self, unit: &Unit) {
        self.blank();
        self.line(&format!("# {}", size(unit.claim.files.len(), unit.size)));
        self.unit_head(unit);
        if !unit.needs.is_empty() {
            self.line("# Starts only when these are finished.");
            let needs: Vec<&str> = unit.needs.iter().map(UnitId::as_str).collect();
            self.list("needs", &needs);
        }
        self.list("files", &unit.claim.files);
        if !unit.claim.create.is_empty() {
            self.line(
                "# Where it may create files: below a folder (with a closing /), or at an exact path.",
            );
            self.list("create", &unit.claim.create);
        }
        if !unit.owners.is_empty() {
            self.line("# The owners of these files in CODEOWNERS: the reviewers to suggest.");
            self.list("owners", &unit.owners);
        }
    }

    fn integration(&mut self, unit: &Unit) {
        self.blank();
        self.line("# Starts when all other units have ended, from their work together, and may change everything.");
        self.unit_head(unit);
        self.pair("integrates", "true");
        self.list("files", &unit.claim.files);
        if !unit.owners.is_empty() {
            self.list("owners", &unit.owners);
        }
    }

    /// Writes what a unit is called, what it is to do, and by which agent.
    fn unit_head(&mut self, unit: &Unit) {
        self.line("[[unit]]");
        self.pair("id", &quoted(unit.id.as_str()));
        self.pair("title", &quoted(&unit.title));
        if let Some(description) = &unit.description {
            self.pair("description", &text(description));
        }
        if let Some(agent) = &unit.agent {
            self.pair("agent", &quoted(agent));
        }
    }
}

/// Writes `12 files, 340 lines, 56 kB`; only the number of files if the rest was never measured.
pub(super) fn size(files: usize, size: Size) -> String {
    let files = words::count(files, "file");
    let lines = words::count(size.lines, "line");
    match size {
        Size { lines: 0, bytes: 0 } => files,
        Size { bytes, .. } if bytes < 1000 => format!("{files}, {lines}, {bytes} bytes"),
        Size { bytes, .. } => format!("{files}, {lines}, {} kB", bytes / 1000),
    }
}

/// Writes a string, on several lines if it has several.
fn text(text: &str) -> String {
    if !text.contains('\n') {
        return quoted(text);
    }
    let lines: Vec<String> = text.split('\n').map(escaped).collect();
    format!("\"\"\"\n{}\"\"\"", lines.join("\n"))
}

/// Writes a key, quoted where TOML requires it.
fn key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if !name.is_empty() && name.chars().all(is_bare) {
        name.to_owned()
    } else {
        quoted(name)
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Escapes what TOML does not allow in a basic string, on one line or several.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}
