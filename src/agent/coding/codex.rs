//! Codex: `codex exec --json`. Codex has a sandbox of its own: outside the checkout its tools write to temporary
//! folders only, reach no network, and cannot commit, since a linked worktree's git folder lies elsewhere.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable, file_below};
use super::error_message;
use super::json::{number, text};
use crate::agent::error::AgentError;
use crate::agent::event::{AgentEvent, SessionId};
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;

pub(super) struct Codex;

impl Adapter for Codex {
    fn keys(&self) -> &'static [&'static str] {
        &["OPENAI_API_KEY", "CODEX_API_KEY"]
    }

    fn login_file(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        file_below(variable, "CODEX_HOME", ".codex", "auth.json")
    }

    fn tested_version(&self) -> &'static str {
        "0.169.0"
    }

    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError> {
        let mut invocation = Invocation::default();
        invocation.args([
            "exec",
            "--json",
            "--sandbox",
            match turn.task.kind {
                TaskKind::Change => "workspace-write",
                TaskKind::Answer => "read-only",
            },
            "--skip-git-repo-check",
            "--disable",
            "plugins",
            "--disable",
            "multi_agent",
            "-c",
            // Codex would wait five seconds at its end to send them.
            "analytics.enabled=false",
        ]);
        if let Some(model) = turn.model {
            invocation.args(["-m", model]);
        }
        if let Some(session) = turn.session {
            invocation.last(["resume", &session.0]);
        }
        invocation.last(["-"]);
        let variable = |name: &str| turn.task.environment.get(name);
        let is_logged_in = || self.login_file(&variable).is_some_and(|path| path.exists());
        // Of the two variables, Codex reads only CODEX_API_KEY, and would prefer it to a login.
        if let (None, Some(key)) = (turn.key("CODEX_API_KEY"), turn.key("OPENAI_API_KEY"))
            && !is_logged_in()
        {
            invocation.env("CODEX_API_KEY", key);
        }
        Ok(invocation)
    }

    fn reader(&self, turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        Box::new(Transcript {
            before: turn.earlier.map(used_before).unwrap_or_default(),
            ..Transcript::default()
        })
    }
}

#[derive(Default)]
struct Transcript {
    /// The usage of the session before this turn: Codex reports the sum only.
    before: Usage,
    answer: Option<String>,
    /// The last error that was no notice of a retry.
    error: Option<String>,
    end: Option<TurnEnd>,
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match text(&line, "/type") {
            Some("thread.started") => events.extend(
                text(&line, "/thread_id").map(|id| AgentEvent::Session(SessionId(id.into()))),
            ),
            Some("item.started") => events.extend(tool(&line)),
            Some("item.completed") => match text(&line, "/item/type") {
                Some("agent_message") => {
                    let answer = text(&line, "/item/text").unwrap_or_default();
                    self.answer = Some(answer.to_owned());
                    events.push(AgentEvent::Text(answer.to_owned()));
                }
                Some("file_change") => events.extend(tool(&line)),
                _ => {}
            },
            Some("error") => {
                let message = text(&line, "/message").unwrap_or_default();
                if message.starts_with("Reconnecting") {
                    events.extend(interruption(message));
                } else {
                    self.error = Some(message.to_owned());
                }
            }
            Some("turn.completed") => {
                events.push(AgentEvent::Usage(usage(&line).without(&self.before)));
                self.end = Some(TurnEnd::Done {
                    answer: self.answer.take(),
                });
            }
            Some("turn.failed") => {
                let message = text(&line, "/error/message").unwrap_or("its turn failed");
                self.end = Some(TurnEnd::Failed(error_message::classify(None, message)));
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        let Self { end, error, .. } = *self;
        end.or_else(|| {
            error.map(|message| TurnEnd::Failed(error_message::classify(None, &message)))
        })
    }
}

fn tool(line: &Value) -> Option<AgentEvent> {
    let (name, about) = match text(line, "/item/type")? {
        "command_execution" => ("shell", text(line, "/item/command")),
        "file_change" => ("edit", text(line, "/item/changes/0/path")),
        "mcp_tool_call" => (text(line, "/item/tool")?, None),
        "web_search" => ("search", text(line, "/item/query")),
        _ => return None,
    };
    Some(AgentEvent::Tool {
        name: name.to_owned(),
        about: about.map(ToOwned::to_owned),
    })
}

fn interruption(message: &str) -> Option<AgentEvent> {
    match error_message::classify(None, message) {
        AgentError::Transient {
            interruption, wait, ..
        } => Some(AgentEvent::Interrupted { interruption, wait }),
        // Codex also retries what never succeeds, such as a wrong key.
        _ => None,
    }
}

/// Reads the usage: thoughts are part of the output, and cached tokens are part of the input.
fn usage(line: &Value) -> Usage {
    Usage {
        input_tokens: number(line, "/usage/input_tokens"),
        cached_tokens: number(line, "/usage/cached_input_tokens"),
        output_tokens: number(line, "/usage/output_tokens"),
        ..Usage::default()
    }
}

/// Reads the usage of the session at the end of an earlier turn.
fn used_before(transcript: &Path) -> Usage {
    let text = std::fs::read_to_string(transcript).unwrap_or_default();
    text.lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| self::text(line, "/type") == Some("turn.completed"))
        .map(|line| usage(&line))
        .unwrap_or_default()
}
