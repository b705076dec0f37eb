//! Codex: `codex exec --json`. It confines itself: its tools write nothing outside the worktree but temporary
//! folders, reach no network, and cannot commit, since a linked worktree's git folder lies elsewhere.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ask, Cli, End, Invocation, Reader, Variable, below, fault, number, text};
use crate::agent::{AgentError, AgentEvent, Errand, SessionId, Usage};

pub(super) struct Codex;

impl Cli for Codex {
    fn keys(&self) -> &'static [&'static str] {
        &["OPENAI_API_KEY", "CODEX_API_KEY"]
    }

    fn login(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        below(variable, "CODEX_HOME", ".codex", "auth.json")
    }

    fn tried(&self) -> &'static str {
        "0.169.0"
    }

    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError> {
        let mut how = Invocation::default();
        how.args([
            "exec",
            "--json",
            "--sandbox",
            match ask.task.errand {
                Errand::Change => "workspace-write",
                Errand::Answer => "read-only",
            },
            "--skip-git-repo-check",
            "--disable",
            "plugins",
            "--disable",
            "multi_agent",
            "-c",
            // It would wait five seconds at its end to tell.
            "analytics.enabled=false",
        ]);
        if let Some(model) = ask.model {
            how.args(["-m", model]);
        }
        if let Some(session) = ask.session {
            how.last(["resume", &session.0]);
        }
        how.last(["-"]);
        let variable = |name: &str| ask.task.environment.get(name);
        let is_logged_in = || self.login(&variable).is_some_and(|path| path.exists());
        // Of the two it reads only this one, and would prefer it to a login.
        if let (None, Some(key)) = (ask.key("CODEX_API_KEY"), ask.key("OPENAI_API_KEY"))
            && !is_logged_in()
        {
            how.env("CODEX_API_KEY", key);
        }
        Ok(how)
    }

    fn reader(&self, ask: &Ask<'_>) -> Box<dyn Reader> {
        Box::new(Transcript {
            before: ask.earlier.map(used_before).unwrap_or_default(),
            ..Transcript::default()
        })
    }
}

#[derive(Default)]
struct Transcript {
    /// What the session had used up before this turn: it tells the sum only.
    before: Usage,
    answer: Option<String>,
    /// The last error that was no notice of a new try.
    error: Option<String>,
    end: Option<End>,
}

impl Reader for Transcript {
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
                    let said = text(&line, "/item/text").unwrap_or_default();
                    self.answer = Some(said.to_owned());
                    events.push(AgentEvent::Text(said.to_owned()));
                }
                Some("file_change") => events.extend(tool(&line)),
                _ => {}
            },
            Some("error") => {
                let said = text(&line, "/message").unwrap_or_default();
                if said.starts_with("Reconnecting") {
                    events.extend(held_back(said));
                } else {
                    self.error = Some(said.to_owned());
                }
            }
            Some("turn.completed") => {
                events.push(AgentEvent::Usage(usage(&line).without(&self.before)));
                self.end = Some(End::Done {
                    answer: self.answer.take(),
                });
            }
            Some("turn.failed") => {
                let said = text(&line, "/error/message").unwrap_or("its turn failed");
                self.end = Some(End::Failed(fault::of(None, said)));
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<End> {
        let Self { end, error, .. } = *self;
        end.or_else(|| error.map(|said| End::Failed(fault::of(None, &said))))
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

fn held_back(said: &str) -> Option<AgentEvent> {
    match fault::of(None, said) {
        AgentError::Transient { pressure, wait, .. } => {
            Some(AgentEvent::Interrupted { pressure, wait })
        }
        // It also tries again what will never go well, such as a wrong key.
        _ => None,
    }
}

/// Thoughts are part of the output, and what comes out of the cache is part of the input.
fn usage(line: &Value) -> Usage {
    Usage {
        input_tokens: number(line, "/usage/input_tokens"),
        cached_tokens: number(line, "/usage/cached_input_tokens"),
        output_tokens: number(line, "/usage/output_tokens"),
        ..Usage::default()
    }
}

/// What the session had used up by the end of an earlier turn.
fn used_before(transcript: &Path) -> Usage {
    let text = std::fs::read_to_string(transcript).unwrap_or_default();
    text.lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find(|line| self::text(line, "/type") == Some("turn.completed"))
        .map(|line| usage(&line))
        .unwrap_or_default()
}
