//! Claude Code: `claude -p --output-format stream-json`.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    Ask, Cli, End, Invocation, Reader, Variable, about, below, fault, number, state, text,
};
use crate::agent::{
    AgentError, AgentEvent, Cost, CostSource, Errand, Interruption, LimitReached, SessionId, Usage,
    Usd,
};

pub(super) struct Claude;

/// What a unit's agent has no business with: agents of its own, and the ways to what lies outside its worktree.
const DENIED: &str = "Agent Task Workflow CronCreate ScheduleWakeup SendMessage EnterWorktree ExitWorktree \
     Bash(git commit:*) Bash(git push:*) Bash(git worktree:*) Bash(gh:*) Bash(claude:*)";

/// All that it takes to read.
const READING: &str = "Read,Grep,Glob";

/// A rate limit that lasts longer than this is waited for by the run, not by one unit alone.
const RETRIES: (&str, &str) = ("CLAUDE_CODE_MAX_RETRIES", "4");

impl Cli for Claude {
    fn keys(&self) -> &'static [&'static str] {
        &[
            "ANTHROPIC_API_KEY",
            "ANTHROPIC_AUTH_TOKEN",
            "CLAUDE_CODE_OAUTH_TOKEN",
        ]
    }

    fn login(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        below(
            variable,
            "CLAUDE_CONFIG_DIR",
            ".claude",
            ".credentials.json",
        )
    }

    fn tried(&self) -> &'static str {
        "2.1.197"
    }

    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError> {
        let mut how = Invocation::default();
        how.args([
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--setting-sources",
            "project",
            "--strict-mcp-config",
        ]);
        match ask.task.errand {
            Errand::Change => how.args([
                "--dangerously-skip-permissions",
                "--disallowedTools",
                DENIED,
            ]),
            Errand::Answer => how.args(["--permission-mode", "dontAsk", "--tools", READING]),
        };
        if let Some(model) = ask.model {
            how.args(["--model", model]);
        }
        if let Some(session) = ask.session {
            how.args(["--resume", &session.0]);
        }
        how.env("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1")
            .env("DISABLE_AUTOUPDATER", "1");
        if ask.task.environment.get(RETRIES.0).is_none() {
            how.env(RETRIES.0, RETRIES.1);
        }
        if nix::unistd::geteuid().is_root() {
            // Without it, it refuses to work for root.
            how.env("IS_SANDBOX", "1");
        }
        if ask.has_key() {
            // The user's own folder holds the login, but is shared by all that run at once.
            how.env("CLAUDE_CONFIG_DIR", state(ask.home, "claude"));
        }
        Ok(how)
    }

    fn reader(&self, _ask: &Ask<'_>) -> Box<dyn Reader> {
        Box::new(Transcript::default())
    }
}

#[derive(Default)]
struct Transcript {
    /// The message of the model that was last begun; one is told in several lines.
    message: Option<String>,
    turns: u64,
    end: Option<End>,
}

impl Reader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match (text(&line, "/type"), text(&line, "/subtype")) {
            (Some("system"), Some("init")) => {
                events.extend(text(&line, "/session_id").map(session));
            }
            (Some("system"), Some("api_retry")) => events.extend(held_back(&line)),
            (Some("assistant"), _) => self.assistant(&line, events),
            (Some("result"), subtype) => {
                events.push(AgentEvent::Usage(usage(&line)));
                self.end = Some(end(&line, subtype.unwrap_or_default()));
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<End> {
        self.end
    }
}

impl Transcript {
    fn assistant(&mut self, line: &Value, events: &mut Vec<AgentEvent>) {
        let message = text(line, "/message/id");
        // What it says of its own faults stands in the result too.
        if text(line, "/message/model") == Some("<synthetic>") {
            return;
        }
        if message.is_some() && self.message.as_deref() != message {
            self.message = message.map(ToOwned::to_owned);
            self.turns += 1;
            // Tokens are told at the end only: what stands here is the beginning of a message.
            events.push(AgentEvent::Usage(Usage {
                turns: Some(self.turns),
                ..Usage::default()
            }));
        }
        let parts = line.pointer("/message/content").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            match text(part, "/type") {
                Some("text") => {
                    events.extend(text(part, "/text").map(|said| AgentEvent::Text(said.into())));
                }
                Some("tool_use") => events.push(AgentEvent::Tool {
                    name: text(part, "/name").unwrap_or("tool").to_owned(),
                    about: part.get("input").and_then(about),
                }),
                _ => {}
            }
        }
    }
}

fn session(id: &str) -> AgentEvent {
    AgentEvent::Session(SessionId(id.to_owned()))
}

fn held_back(line: &Value) -> Option<AgentEvent> {
    let pressure = match (text(line, "/error"), number(line, "/error_status")) {
        (Some("rate_limit"), _) | (_, Some(429)) => Interruption::RateLimit,
        (Some("overloaded"), _) | (_, Some(500..)) => Interruption::Overload,
        // It also tries again what will never go well, such as a wrong key.
        (_, Some(400..500)) => return None,
        _ => Interruption::Connection,
    };
    Some(AgentEvent::Interrupted {
        pressure,
        wait: line
            .pointer("/retry_delay_ms")
            .and_then(Value::as_f64)
            .and_then(|wait| std::time::Duration::try_from_secs_f64(wait / 1000.0).ok()),
    })
}

/// By model, where it is told: that is complete also when a limit ended the turn.
fn usage(line: &Value) -> Usage {
    let models = line
        .pointer("/modelUsage")
        .and_then(Value::as_object)
        .filter(|models| !models.is_empty());
    let sum = |by_model: &[&str], in_all: &[&str]| -> Option<u64> {
        match models {
            Some(models) => models
                .values()
                .flat_map(|model| by_model.iter().map(move |name| model.get(name)?.as_u64()))
                .sum(),
            None => in_all
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

fn end(line: &Value, subtype: &str) -> End {
    let said = text(line, "/result").unwrap_or_default();
    let is_error = line.pointer("/is_error").and_then(Value::as_bool);
    match subtype {
        "error_max_turns" => End::Failed(AgentError::Limit {
            limit: LimitReached::Turns,
            tail: String::new(),
        }),
        "error_max_budget_usd" => End::Failed(AgentError::Failed {
            said: "it has spent what --max-budget-usd allows".into(),
        }),
        // The subtype alone says nothing: faults of the API are a success by it, too.
        _ if is_error != Some(false) => {
            let said = if said.is_empty() { subtype } else { said };
            End::Failed(fault::of(number(line, "/api_error_status"), said))
        }
        // What breaks off in the middle counts as a success with nothing said.
        _ if said.trim().is_empty() || line.pointer("/stop_reason").is_none_or(Value::is_null) => {
            End::Failed(AgentError::Transient {
                pressure: Interruption::Connection,
                wait: None,
                said: "the model's answer was cut off".into(),
            })
        }
        _ => End::Done {
            answer: Some(said.to_owned()),
        },
    }
}
