//! Codex: `codex exec --json`. Codex has a sandbox of its own: outside the checkout its tools write to temporary
//! folders only, reach no network, and cannot commit, since a linked worktree's git folder lies elsewhere. Where it
//! cannot be made inside of the sandbox of batch, it is off.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable, file_below};
use super::codex_session::SessionFile;
use super::error_message;
use super::json::{number, result_of, text};
use crate::agent::activity::open_items;
use crate::agent::contract::Quantity;
use crate::agent::error::AgentError;
use crate::agent::event::{AgentEvent, SessionId};
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;
use crate::config::Price;

pub(super) struct Codex;

impl Adapter for Codex {
    fn project_settings(&self) -> ProjectSettings {
        // Codex reads its settings there in a repository that the user trusts: servers, hooks, rules, notify commands.
        ProjectSettings {
            places: &[".codex"],
            texts: &[],
        }
    }

    fn keys(&self) -> &'static [&'static str] {
        &["OPENAI_API_KEY", "CODEX_API_KEY"]
    }

    fn login_file(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        file_below(variable, "CODEX_HOME", ".codex", "auth.json")
    }

    fn needs_users_folder(&self) -> bool {
        true
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
                // Codex's own sandbox cannot be made inside of this one, which keeps it from more.
                _ if !turn.task.sandbox.nests() => "danger-full-access",
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

    fn late(&self, price: Option<Price>) -> &'static [Quantity] {
        match price {
            Some(_) => &[],
            None => &[Quantity::Cost],
        }
    }

    fn reader(&self, turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        let variable = |name: &str| turn.task.environment.get(name);
        let sessions = file_below(&variable, "CODEX_HOME", ".codex", "sessions");
        let mut file = SessionFile::below(sessions);
        let mut before = None;
        if let Some(session) = turn.session {
            file.follow(session);
            before = file.totals().cloned();
        }
        let earlier = || turn.earlier.first().map(|path| used_before(path));
        Box::new(Transcript {
            before: before.or_else(earlier).unwrap_or_default(),
            calls_before: file.calls(),
            file,
            ..Transcript::default()
        })
    }
}

#[derive(Default)]
struct Transcript {
    /// The usage of the session before this turn: Codex reports the sum only.
    before: Usage,
    calls_before: u64,
    file: SessionFile,
    /// How many items began while no other was under way: the model had answered before each.
    items: u64,
    /// The ids of the items that are under way.
    under_way: BTreeSet<String>,
    /// What was reported last.
    so_far: Usage,
    refusal: Option<AgentError>,
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
            Some("thread.started") => {
                if let Some(id) = text(&line, "/thread_id") {
                    let session = SessionId(id.to_owned());
                    self.file.follow(&session);
                    events.push(AgentEvent::Session(session));
                }
            }
            Some("item.started") => {
                events.extend(tool(&line));
                events.extend(list(&line));
                if self.under_way.is_empty() {
                    self.items += 1;
                }
                let id = text(&line, "/item/id").unwrap_or_default();
                self.under_way.insert(id.to_owned());
                self.count(events);
            }
            Some("item.updated") => events.extend(list(&line)),
            Some("item.completed") => {
                self.under_way
                    .remove(text(&line, "/item/id").unwrap_or_default());
                self.completed(&line, events);
            }
            Some("error") => {
                let message = text(&line, "/message").unwrap_or_default();
                if message.starts_with("Reconnecting") {
                    self.retries(message, events);
                } else {
                    self.error = Some(message.to_owned());
                }
            }
            Some("turn.completed") => {
                let used = usage(&line).without(&self.before);
                self.items += 1;
                self.count(events);
                let turns = self.so_far.turns;
                events.push(AgentEvent::Usage(Usage { turns, ..used }));
                self.end = Some(TurnEnd::Done {
                    answer: self.answer.take(),
                });
            }
            Some("turn.failed") => {
                self.count(events);
                let message = text(&line, "/error/message").unwrap_or("its turn failed");
                self.end = Some(TurnEnd::Failed(error_message::classify(None, message)));
            }
            _ => {}
        }
    }

    fn refusal(&mut self) -> Option<AgentError> {
        self.refusal.take()
    }

    fn end(mut self: Box<Self>, events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        if self.end.is_none() {
            self.count(events);
        }
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

/// Returns the open items of Codex's plan, where the item is one.
fn list(line: &Value) -> Option<AgentEvent> {
    let kind = text(line, "/item/type")?;
    let is_list = kind.contains("todo") || kind.contains("plan");
    let item = line.get("item").filter(|_| is_list)?;
    open_items(item).map(AgentEvent::OpenItems)
}

/// Returns how a tool ended, where the item is one.
fn ended(line: &Value) -> Option<AgentEvent> {
    tool(line)?;
    let exit_code = line.pointer("/item/exit_code").and_then(Value::as_i64);
    let failed = text(line, "/item/status") == Some("failed");
    let failed = failed || exit_code.is_some_and(|code| code != 0);
    Some(AgentEvent::ToolEnded(result_of(failed)))
}

impl Transcript {
    fn completed(&mut self, line: &Value, events: &mut Vec<AgentEvent>) {
        match text(line, "/item/type") {
            Some("agent_message") => {
                let answer = text(line, "/item/text").unwrap_or_default();
                self.answer = Some(answer.to_owned());
                events.push(AgentEvent::Text(answer.to_owned()));
            }
            Some("file_change") => events.extend(tool(line)),
            _ => events.extend(list(line)),
        }
        events.extend(ended(line));
    }

    /// Reports what the turn has used so far, where that is more than was reported: the tokens by the session's file,
    /// and the turns by the file or by the items that began.
    fn count(&mut self, events: &mut Vec<AgentEvent>) {
        let totals = self.file.totals().cloned();
        let calls = self.file.calls().saturating_sub(self.calls_before);
        let turns = calls.max(self.items);
        let tokens = match (totals, calls) {
            (Some(totals), 1..) => totals.without(&self.before),
            _ => Usage::default(),
        };
        let used = Usage {
            turns: Some(turns).filter(|turns| *turns > 0),
            ..tokens
        };
        if used != self.so_far {
            self.so_far = used.clone();
            events.push(AgentEvent::Usage(used));
        }
    }

    /// Takes in that Codex sends its request again. It also retries what never succeeds, such as a wrong key.
    fn retries(&mut self, message: &str, events: &mut Vec<AgentEvent>) {
        // The reason stands in brackets: `Reconnecting... 1/5 (reason)`.
        let reason = message.split_once(" (").map(|(_, reason)| reason);
        let message = reason
            .and_then(|reason| reason.strip_suffix(')'))
            .unwrap_or(message);
        match error_message::classify(None, message) {
            AgentError::Transient {
                interruption, wait, ..
            } => events.push(AgentEvent::Interrupted { interruption, wait }),
            refused @ AgentError::Refused { .. } if self.so_far.turns.is_none() => {
                self.refusal = self.refusal.take().or(Some(refused));
            }
            _ => {}
        }
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
