//! Gemini CLI: `gemini --output-format stream-json`. Gemini reports interruptions on standard error only.

use std::path::PathBuf;

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable, file_below};
use super::error_message;
use super::json::{list_of, number, result_of, text, tool_subject};
use crate::agent::contract::Quantity;
use crate::agent::error::{AgentError, LimitReached};
use crate::agent::event::{AgentEvent, SessionId};
use crate::agent::files::{make_folder, write_file};
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;
use crate::config::Price;

pub(super) struct Gemini;

/// The rules for its tools, which win over all others.
const POLICY: &str = r#"[[rule]]
toolName = "run_shell_command"
commandPrefix = ["git commit", "git stash", "git push", "git config", "git worktree", "gh ", "gemini "]
decision = "deny"
priority = 999
"#;

/// The rules for a task without changes.
const READING: &str = r#"[[rule]]
toolName = ["run_shell_command", "write_file", "replace", "invoke_agent"]
decision = "deny"
priority = 999
"#;

/// Settings for a home of its own, where nobody has answered its questions.
const SETTINGS: &str = r#"{
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "privacy": { "usageStatisticsEnabled": false },
  "general": { "enableAutoUpdate": false }
}
"#;

impl Adapter for Gemini {
    fn project_settings(&self) -> ProjectSettings {
        // Gemini takes the address of its model from `.env`.
        ProjectSettings {
            places: &[".gemini", ".env"],
            texts: &[".gemini/GEMINI.md", ".gemini/system.md"],
        }
    }

    fn keys(&self) -> &'static [&'static str] {
        &["GEMINI_API_KEY", "GOOGLE_API_KEY"]
    }

    fn login_file(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        file_below(variable, "GEMINI_CLI_HOME", "", ".gemini/oauth_creds.json")
    }

    fn tested_version(&self) -> &'static str {
        "0.61.0"
    }

    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError> {
        let (mode, policy) = match turn.task.kind {
            TaskKind::Change => ("yolo", POLICY),
            TaskKind::Answer => ("plan", READING),
        };
        let policy = write_file(turn.home, "policy.toml", policy.as_bytes())?;
        let mut invocation = Invocation::default();
        invocation
            .args([
                "--output-format",
                "stream-json",
                "--approval-mode",
                mode,
                "--policy",
            ])
            .args([policy]);
        if let Some(model) = turn.model {
            invocation.args(["--model", model]);
        }
        if let Some(session) = turn.session {
            invocation.args(["--resume", &session.0]);
        }
        invocation
            .env("GEMINI_CLI_TRUST_WORKSPACE", "true")
            // Gemini would start a second process and forward no signal to it.
            .env("GEMINI_CLI_NO_RELAUNCH", "true");
        if turn.has_key() {
            // In the user's own folder, all agents at once would write the same files.
            let folder = turn.home.join(".gemini");
            make_folder(&folder)?;
            write_file(&folder, "settings.json", SETTINGS.as_bytes())?;
            invocation.env("GEMINI_CLI_HOME", turn.home);
        }
        Ok(invocation)
    }

    fn late(&self, _price: Option<Price>) -> &'static [Quantity] {
        &[Quantity::Tokens, Quantity::Cost]
    }

    fn reader(&self, _turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        Box::new(Transcript::default())
    }
}

#[derive(Default)]
struct Transcript {
    turns: u64,
    /// Whether the model is answering: what follows the results of tools is another answer.
    is_answering: bool,
    /// The text since the last use of a tool: a message comes in pieces.
    text: String,
    end: Option<TurnEnd>,
}

impl Transcript {
    /// Counts the answers of the model, which come in pieces.
    fn answer(&mut self, events: &mut Vec<AgentEvent>) {
        if !std::mem::replace(&mut self.is_answering, true) {
            self.turns += 1;
            events.push(AgentEvent::Usage(Usage {
                turns: Some(self.turns),
                ..Usage::default()
            }));
        }
    }

    fn report_text(&self, events: &mut Vec<AgentEvent>) {
        if !self.text.trim().is_empty() {
            events.push(AgentEvent::Text(self.text.clone()));
        }
    }
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match text(&line, "/type") {
            Some("init") => events.extend(
                text(&line, "/session_id").map(|id| AgentEvent::Session(SessionId(id.into()))),
            ),
            Some("message") if text(&line, "/role") == Some("assistant") => {
                self.answer(events);
                self.text
                    .push_str(text(&line, "/content").unwrap_or_default());
            }
            Some("tool_result") => {
                self.is_answering = false;
                let failed = text(&line, "/status") == Some("error");
                events.push(AgentEvent::ToolEnded(result_of(failed)));
            }
            Some("tool_use") => {
                self.answer(events);
                self.report_text(events);
                self.text.clear();
                events.push(AgentEvent::Tool {
                    name: text(&line, "/tool_name").unwrap_or("tool").to_owned(),
                    about: line.get("parameters").and_then(tool_subject),
                });
                let input = line.get("parameters");
                events.extend(list_of(text(&line, "/tool_name"), input));
            }
            Some("result") => {
                self.report_text(events);
                let turns = Some(self.turns).filter(|turns| *turns > 0);
                events.extend(line.get("stats").map(|stats| usage(stats, turns)));
                let answer = Some(std::mem::take(&mut self.text));
                self.end = Some(match text(&line, "/status") {
                    Some("success") => TurnEnd::Done { answer },
                    _ => TurnEnd::Failed(failure(&line)),
                });
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        self.end
    }
}

/// Reads the usage; only the total counts thoughts.
fn usage(stats: &Value, turns: Option<u64>) -> AgentEvent {
    let input = number(stats, "/input_tokens");
    AgentEvent::Usage(Usage {
        turns,
        input_tokens: input,
        cached_tokens: number(stats, "/cached"),
        output_tokens: number(stats, "/total_tokens")
            .zip(input)
            .map(|(total, input)| total.saturating_sub(input)),
        ..Usage::default()
    })
}

fn failure(line: &Value) -> AgentError {
    if text(line, "/error/type") == Some("FatalTurnLimitedError") {
        return AgentError::Limit {
            limit: LimitReached::Turns,
            tail: String::new(),
        };
    }
    error_message::classify(
        None,
        text(line, "/error/message").unwrap_or("it gave no reason"),
    )
}
