//! Claude Code: `claude -p --output-format stream-json`.

use std::path::PathBuf;

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable, file_below};
use super::error_message;
use super::json::{number, text, tool_subject};
use crate::agent::cost::{Cost, CostSource, Usd};
use crate::agent::error::{AgentError, LimitReached};
use crate::agent::event::{AgentEvent, Interruption, SessionId};
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;

pub(super) struct Claude;

/// The tools that a unit's agent must not use: agents of its own, and ways out of its checkout.
const DENIED: &str = "Agent Task Workflow CronCreate ScheduleWakeup SendMessage EnterWorktree ExitWorktree \
     Bash(git commit:*) Bash(git push:*) Bash(git worktree:*) Bash(gh:*) Bash(claude:*)";

/// The tools for reading.
const READING: &str = "Read,Grep,Glob";

/// Retries are few: the run waits for a longer rate limit, not one unit alone.
const RETRIES: (&str, &str) = ("CLAUDE_CODE_MAX_RETRIES", "4");

impl Adapter for Claude {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
        ]
    }

    fn login_file(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        file_below(
            variable,
            "CLAUDE_CONFIG_DIR",
            ".claude",
            ".credentials.json",
        )
    }

    fn tested_version(&self) -> &'static str {
        "2.1.197"
    }

    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError> {
        let mut invocation = Invocation::default();
        invocation.args([
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--setting-sources",
            "project",
            "--strict-mcp-config",
        ]);
        match turn.task.kind {
            TaskKind::Change => invocation.args([
                "--dangerously-skip-permissions",
                "--disallowedTools",
                DENIED,
            ]),
            TaskKind::Answer => {
                invocation.args(["--permission-mode", "dontAsk", "--tools", READING])
            }
        };
        if let Some(model) = turn.model {
            invocation.args(["--model", model]);
        }
        if let Some(session) = turn.session {
            invocation.args(["--resume", &session.0]);
        }
        invocation
            .env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("DISABLE_AUTOUPDATER", "1");
        if turn.task.environment.get(RETRIES.0).is_none() {
            invocation.env(RETRIES.0, RETRIES.1);
        }
        if nix::unistd::geteuid().is_root() {
            // Without this, Claude refuses to work for root.
            invocation.env("IS_SANDBOX", "1");
        }
        if turn.has_key() {
            // The user's own folder is shared by all agents at once; without a key it is needed for the login.
            invocation.env("CLAUDE_CONFIG_DIR", turn.home.join("claude"));
        }
        Ok(invocation)
    }

    fn reader(&self, _turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        Box::new(Transcript::default())
    }
}

#[derive(Default)]
struct Transcript {
    /// The id of the model's latest message, which comes in several lines.
    message: Option<String>,
    turns: u64,
    end: Option<TurnEnd>,
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match (text(&line, "/type"), text(&line, "/subtype")) {
            (Some("system"), Some("init")) => {
                events.extend(text(&line, "/session_id").map(session));
            }
            (Some("system"), Some("api_retry")) => events.extend(interruption(&line)),
            (Some("assistant"), _) => self.assistant(&line, events),
            (Some("result"), subtype) => {
                events.push(AgentEvent::Usage(usage(&line)));
                self.end = Some(end(&line, subtype.unwrap_or_default()));
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        self.end
    }
}

impl Transcript {
    fn assistant(&mut self, line: &Value, events: &mut Vec<AgentEvent>) {
        let message = text(line, "/message/id");
        // Claude's own words about its errors stand in the result, too.
        if text(line, "/message/model") == Some("<synthetic>") {
            return;
        }
        if message.is_some() && self.message.as_deref() != message {
            self.message = message.map(ToOwned::to_owned);
            self.turns += 1;
            // The tokens are known at the end only: those here are of the beginning of a message.
            events.push(AgentEvent::Usage(Usage {
                turns: Some(self.turns),
                ..Usage::default()
            }));
        }
        let parts = line.pointer("/message/content").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            match text(part, "/type") {
                Some("text") => {
                    events.extend(text(part, "/text").map(|text| AgentEvent::Text(text.into())));
                }
                Some("tool_use") => events.push(AgentEvent::Tool {
                    name: text(part, "/name").unwrap_or("tool").to_owned(),
                    about: part.get("input").and_then(tool_subject),
                }),
                _ => {}
            }
        }
    }
}

fn session(id: &str) -> AgentEvent {
    AgentEvent::Session(SessionId(id.to_owned()))
}

fn interruption(line: &Value) -> Option<AgentEvent> {
    let interruption = match (text(line, "/error"), number(line, "/error_status")) {
        (Some("rate_limit"), _) | (_, Some(429)) => Interruption::RateLimit,
        (Some("overloaded"), _) | (_, Some(500..)) => Interruption::Overload,
        // Claude also retries what never succeeds, such as a wrong key.
        (_, Some(400..500)) => return None,
        _ => Interruption::Connection,
    };
    Some(AgentEvent::Interrupted {
        interruption,
        wait: line
            .pointer("/retry_delay_ms")
            .and_then(Value::as_f64)
            .and_then(|wait| std::time::Duration::try_from_secs_f64(wait / 1000.0).ok()),
    })
}

/// Reads the usage, by model where it is reported so: only that is complete when a limit ended the turn.
fn usage(line: &Value) -> Usage {
    let models = line
        .pointer("/modelUsage")
        .and_then(Value::as_object)
        .filter(|models| !models.is_empty());
    let sum = |by_model: &[&str], in_total: &[&str]| -> Option<u64> {
        match models {
            Some(models) => models
                .values()
                .flat_map(|model| by_model.iter().map(move |name| model.get(name)?.as_u64()))
                .sum(),
            None => in_total
                .iter()
                .map(|name| line.pointer("/usage")?.get(name)?.as_u64())
                .sum(),
        }
    };
    Usage {
        turns: number(line, "/num_turns"),
        input_tokens: sum(
            &[
                "inputTokens",
                "cacheReadInputTokens",
                "cacheCreationInputTokens",
            ],
            &[
                "input_tokens",
                "cache_read_input_tokens",
                "cache_creation_input_tokens",
            ],
        ),
        cached_tokens: sum(&["cacheReadInputTokens"], &["cache_read_input_tokens"]),
        output_tokens: sum(&["outputTokens"], &["output_tokens"]),
        cost: line
            .pointer("/total_cost_usd")
            .and_then(Value::as_f64)
            .and_then(Usd::new)
            .map(|usd| Cost {
                usd,
                source: CostSource::Agent,
            }),
    }
}

fn end(line: &Value, subtype: &str) -> TurnEnd {
    let result = text(line, "/result").unwrap_or_default();
    let is_error = line.pointer("/is_error").and_then(Value::as_bool);
    match subtype {
        "error_max_turns" => TurnEnd::Failed(AgentError::Limit {
            limit: LimitReached::Turns,
            tail: String::new(),
        }),
        "error_max_budget_usd" => TurnEnd::Failed(AgentError::Failed {
            message: "it has spent the whole --max-budget-usd".into(),
        }),
        // The subtype alone says nothing: it calls errors of the API a success, too.
        _ if is_error != Some(false) => {
            let message = if result.is_empty() { subtype } else { result };
            let status = number(line, "/api_error_status");
            TurnEnd::Failed(error_message::classify(status, message))
        }
        // An answer that breaks off counts as a success without a result.
        _ if result.trim().is_empty()
            || line.pointer("/stop_reason").is_none_or(Value::is_null) =>
        {
            TurnEnd::Failed(AgentError::Transient {
                interruption: Interruption::Connection,
                wait: None,
                message: "the model's answer was cut off".into(),
            })
        }
        _ => TurnEnd::Done {
            answer: Some(result.to_owned()),
        },
    }
}
