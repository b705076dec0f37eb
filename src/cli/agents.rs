//! `batch agents`: lists the coding agents on this machine, with the version and the login of each.

use std::ffi::OsString;
use std::fmt::Write as _;

use serde::Serialize;

use super::global::Global;
use super::output::print;
use super::workspace::Workspace;
use crate::agent::{self, InstalledAgent};
use crate::config::{AgentOptions, AgentSpec, CodingKind};
use crate::words;

/// A coding agent as scripts read it.
#[derive(Serialize)]
struct AgentEntry {
    agent: String,
    /// The path of its program; null where there is none.
    program: Option<String>,
    version: Option<String>,
    /// The version that batch was tried with.
    tried: &'static str,
    /// The kind of its login; null where none was found.
    login: Option<String>,
}

pub(super) fn run(global: &Global) -> anyhow::Result<u8> {
    let variables: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    let lines: Vec<AgentEntry> = CodingKind::ALL
        .into_iter()
        .map(|kind| line(kind, agent::find_installed(kind, &variables)))
        .collect();
    if global.json {
        print(&format!("{}\n", words::json_in_lines(&lines)?))?;
        return Ok(0);
    }
    let mut text = String::new();
    for line in &lines {
        let _ = writeln!(text, "{:<9} {}", line.agent, sentence(line));
    }
    // Only a repository names agents of its own.
    if let Ok(workspace) = Workspace::unasked(global) {
        for (name, options) in &workspace.config.agents {
            let _ = writeln!(text, "{:<9} {}", words::line(name), named(options));
        }
    }
    print(&text)?;
    Ok(0)
}

fn line(kind: CodingKind, found: Option<InstalledAgent>) -> AgentEntry {
    let version = found.as_ref().and_then(InstalledAgent::version);
    AgentEntry {
        agent: kind.to_string(),
        program: found
            .as_ref()
            .map(|found| found.program.to_string_lossy().into_owned()),
        version,
        tried: agent::tested_version(kind),
        login: found.and_then(|found| found.login),
    }
}

fn sentence(line: &AgentEntry) -> String {
    let Some(program) = &line.program else {
        return format!("not installed (tried with {})", line.tried);
    };
    let version = match line.version.as_deref() {
        Some(version) if version == line.tried => version.to_owned(),
        Some(version) => format!("{version} (tried with {})", line.tried),
        None => "reports no version".to_owned(),
    };
    let login = match &line.login {
        Some(login) => format!("logged in {login}"),
        None => "no login found".to_owned(),
    };
    words::line(&format!("{version}, {login}, {program}"))
}

/// Describes an agent of batch.toml in one line.
fn named(options: &AgentOptions) -> String {
    match options.resolve() {
        Ok(AgentSpec::Coding(spec)) => match &spec.model {
            Some(model) => words::line(&format!("{} with {model} (batch.toml)", spec.kind)),
            None => format!("{} (batch.toml)", spec.kind),
        },
        Ok(AgentSpec::Command(_)) => "a command (batch.toml)".to_owned(),
        Ok(AgentSpec::Codemod(_)) => "a codemod (batch.toml)".to_owned(),
        Ok(AgentSpec::Existing(work)) => words::line(&format!("{work} (batch.toml)")),
        Err(error) => format!("{error} (batch.toml)"),
    }
}
