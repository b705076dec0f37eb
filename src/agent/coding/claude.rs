//! Claude Code: `claude -p --output-format stream-json`.

use std::path::PathBuf;

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable, file_below};
use super::claude_tasks::TaskList;
use super::error_message;
use super::json::{number, result_of, text, tool_subject};
use crate::agent::contract::Quantity;
use crate::agent::cost::{Cost, CostSource, Usd};
use crate::agent::error::{AgentError, LimitReached};
use crate::agent::event::{AgentEvent, Interruption, SessionId};
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::TaskKind;
use crate::agent::usage::{Usage, UsageSum};
use crate::config::Price;

pub(super) struct Claude;

/// The tools that a unit's agent must not use: agents of its own, and ways out of its checkout.
const DENIED: &str = "Agent Task Workflow CronCreate ScheduleWakeup SendMessage EnterWorktree ExitWorktree \
     Bash(git commit:*) Bash(git stash:*) Bash(git push:*) Bash(git config:*) Bash(git worktree:*) \
     Bash(gh:*) Bash(claude:*)";

/// The tools for reading.
const READING: &str = "Read,Grep,Glob";

/// Keeps what differs between units out of the system prompt: a provider's cache of prompts serves only equal
/// beginnings. The prompt says all that an agent has to know of git, and a unit has nothing to remember.
const ALIKE: [&str; 2] = [
    "CLAUDE_CODE_DISABLE_GIT_INSTRUCTIONS",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY",
];

/// Retries are few: the run waits for a longer rate limit, not one unit alone.
const RETRIES: (&str, &str) = ("CLAUDE_CODE_MAX_RETRIES", "4");

impl Adapter for Claude {
    fn project_settings(&self) -> ProjectSettings {
        // `.claude` holds settings with hooks, environment and key helpers, and agents, commands and skills with hooks
        // of their own.
        ProjectSettings {
            places: &[".claude", ".claude-plugin", ".lsp.json", ".mcp.json"],
            texts: &[".claude/CLAUDE.md", ".claude/rules"],
        }
    }

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
        for name in ALIKE {
            if turn.task.environment.get(name).is_none() {
                invocation.env(name, "1");
            }
        }
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

    fn late(&self, _price: Option<Price>) -> &'static [Quantity] {
        &[Quantity::Cost]
    }

    fn reader(&self, turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        Box::new(Transcript {
            before: turn
                .session
                .map(|session| Before::of(session, turn.earlier)),
            tasks: TaskList::of_turn(turn.session),
            message: None,
            so_far: Usage::default(),
            refusal: None,
            limited_until: None,
            end: None,
        })
    }
}

struct Transcript {
    /// What the session had used before this turn, where the turn continues one.
    before: Option<Before>,
    /// The id of the model's latest message, which comes in several lines.
    message: Option<String>,
    /// What the turn has used so far, as far as it is known before the end.
    so_far: Usage,
    refusal: Option<AgentError>,
    /// The end of the limit that the account has reached, in seconds since 1970.
    limited_until: Option<i64>,
    tasks: TaskList,
    end: Option<TurnEnd>,
}

/// What a session had used before a turn.
enum Before {
    /// The totals at the end of its last turn; nothing where it ended without any.
    Known(Usage),
    /// The session's earlier turns are recorded elsewhere.
    Unknown,
}

impl Before {
    /// Finds the session's last totals in the transcripts of earlier turns, the last one first.
    fn of(session: &SessionId, earlier: &[PathBuf]) -> Self {
        let mut is_known = false;
        for path in earlier {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let lines = text.lines().rev();
            let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let is_its = |line: &Value| self::text(line, "/session_id") == Some(&session.0);
            let is_end = |line: &Value| self::text(line, "/type") == Some("result");
            if let Some(line) = lines.find(|line| {
                is_known |= is_its(line);
                is_its(line) && is_end(line)
            }) {
                return Self::Known(totals(&line));
            }
        }
        if is_known {
            Self::Known(Usage::default())
        } else {
            Self::Unknown
        }
    }
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match (text(&line, "/type"), text(&line, "/subtype")) {
            (Some("user"), _) => tool_results(&line, events),
            (Some("system"), Some("init")) => {
                events.extend(text(&line, "/session_id").map(session));
            }
            (Some("system"), Some("api_retry")) => {
                events.extend(interruption(&line));
                self.refusal = self.refusal.take().or_else(|| self.refused(&line));
            }
            (Some("rate_limit_event"), _) => {
                let is_rejected = text(&line, "/rate_limit_info/status") == Some("rejected");
                let until = line.pointer("/rate_limit_info/resetsAt");
                self.limited_until = until.and_then(Value::as_i64).filter(|_| is_rejected);
            }
            (Some("assistant"), _) => self.assistant(&line, events),
            (Some("result"), subtype) => {
                events.push(AgentEvent::Usage(usage(&line, self.before.as_ref())));
                self.end = Some(end(&line, subtype.unwrap_or_default()));
            }
            _ => {}
        }
    }

    fn refusal(&mut self) -> Option<AgentError> {
        self.refusal.take()
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        match (self.end, self.limited_until) {
            (Some(TurnEnd::Failed(error)), Some(until)) => {
                Some(TurnEnd::Failed(error_message::limited_until(error, until)))
            }
            (end, _) => end,
        }
    }
}

impl Transcript {
    /// Returns the refusal that Claude retries in vain. After an answer the key is right, and a login is renewed.
    fn refused(&self, line: &Value) -> Option<AgentError> {
        let status = number(line, "/error_status").filter(|status| matches!(status, 401 | 403))?;
        let message = text(line, "/error_message")
            .or_else(|| text(line, "/error"))
            .unwrap_or("it gave no reason");
        let is_first = self.so_far.turns.is_none();
        is_first.then(|| error_message::classify(Some(status), message))
    }

    fn assistant(&mut self, line: &Value, events: &mut Vec<AgentEvent>) {
        let message = text(line, "/message/id");
        // Claude's own words about its errors stand in the result, too.
        if text(line, "/message/model") == Some("<synthetic>") {
            return;
        }
        if message.is_some() && self.message.as_deref() != message {
            self.message = message.map(ToOwned::to_owned);
            // The line is of the beginning of a message: it tells what the model read, and not yet what it wrote.
            let read = |names: &[&str]| -> Option<u64> {
                let usage = line.pointer("/message/usage");
                names.iter().map(|name| usage?.get(name)?.as_u64()).sum()
            };
            let more = Usage {
                turns: Some(1),
                input_tokens: read(&INPUT),
                cached_tokens: read(&[CACHED]),
                ..Usage::default()
            };
            self.so_far = [&self.so_far, &more]
                .into_iter()
                .collect::<UsageSum>()
                .known()
                .clone();
            events.push(AgentEvent::Usage(self.so_far.clone()));
        }
        let parts = line.pointer("/message/content").and_then(Value::as_array);
        for part in parts.into_iter().flatten() {
            match text(part, "/type") {
                Some("text") => {
                    events.extend(text(part, "/text").map(|text| AgentEvent::Text(text.into())));
                }
                Some("tool_use") => {
                    events.push(AgentEvent::Tool {
                        name: text(part, "/name").unwrap_or("tool").to_owned(),
                        about: part.get("input").and_then(tool_subject),
                    });
                    events.extend(self.tasks.used(part));
                }
                _ => {}
            }
        }
    }
}

/// Reports how the tools of a message ended.
fn tool_results(line: &Value, events: &mut Vec<AgentEvent>) {
    let parts = line.pointer("/message/content").and_then(Value::as_array);
    for part in parts.into_iter().flatten() {
        if text(part, "/type") == Some("tool_result") {
            let failed = part.get("is_error").and_then(Value::as_bool) == Some(true);
            events.push(AgentEvent::ToolEnded(result_of(failed)));
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

/// The tokens that the model read, in the sum of a turn.
const INPUT: [&str; 3] = ["input_tokens", CACHED, "cache_creation_input_tokens"];
const CACHED: &str = "cache_read_input_tokens";

/// Reads what the turn used. The sum of the turn lacks the last request where a limit ended the turn; the totals by
/// model have it, but in newer versions they count the whole session, as the cost does.
fn usage(line: &Value, before: Option<&Before>) -> Usage {
    let of_turn = sum_of_turn(line);
    let totals = totals(line);
    let earlier = match before {
        None => return totals,
        Some(Before::Unknown) => return of_turn,
        Some(Before::Known(earlier)) => earlier,
    };
    let tokens = |usage: &Usage| usage.tokens().unwrap_or_default();
    let counts_session = tokens(&totals) >= tokens(earlier).saturating_add(tokens(&of_turn));
    if !counts_session {
        return totals;
    }
    let cost = totals.cost.map(|cost| Cost {
        usd: match earlier.cost {
            Some(earlier) => cost.usd.saturating_sub(earlier.usd),
            None => cost.usd,
        },
        ..cost
    });
    Usage {
        turns: totals.turns,
        cost,
        ..totals.without(earlier)
    }
}

/// Reads the sum of the turn's tokens. No cost is told for the turn alone.
fn sum_of_turn(line: &Value) -> Usage {
    let sum = |names: &[&str]| -> Option<u64> {
        let usage = line.pointer("/usage")?;
        names.iter().map(|name| usage.get(name)?.as_u64()).sum()
    };
    Usage {
        turns: number(line, "/num_turns"),
        input_tokens: sum(&INPUT),
        cached_tokens: sum(&[CACHED]),
        output_tokens: sum(&["output_tokens"]),
        cost: None,
    }
}

/// Reads the totals by model, or else the sum of the turn, and the cost.
fn totals(line: &Value) -> Usage {
    let models = line
        .pointer("/modelUsage")
        .and_then(Value::as_object)
        .filter(|models| !models.is_empty());
    let cost = line
        .pointer("/total_cost_usd")
        .and_then(Value::as_f64)
        .and_then(Usd::new)
        .map(|usd| Cost {
            usd,
            source: CostSource::Agent,
        });
    let Some(models) = models else {
        return Usage {
            cost,
            ..sum_of_turn(line)
        };
    };
    let sum = |names: &[&str]| -> Option<u64> {
        let of_model = |model: &Value| -> Option<u64> {
            names.iter().map(|name| model.get(name)?.as_u64()).sum()
        };
        models.values().map(of_model).sum()
    };
    Usage {
        turns: number(line, "/num_turns"),
        input_tokens: sum(&[
            "inputTokens",
            "cacheReadInputTokens",
            "cacheCreationInputTokens",
        ]),
        cached_tokens: sum(&["cacheReadInputTokens"]),
        output_tokens: sum(&["outputTokens"]),
        cost,
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
        _ => by_stop_reason(line, result),
    }
}

/// Judges the end of a turn without an error. A model may end after its last tool without a word more.
fn by_stop_reason(line: &Value, result: &str) -> TurnEnd {
    let answer = Some(result.to_owned());
    let wrote_nothing = number(line, "/usage/output_tokens") == Some(0);
    let reason = text(line, "/stop_reason");
    match reason.filter(|_| !(wrote_nothing && result.trim().is_empty())) {
        // An answer that breaks off counts as a success without a reason to stop, or without a word of the model.
        None => TurnEnd::Failed(AgentError::Transient {
            interruption: Interruption::Connection,
            wait: None,
            message: "the model's answer was cut off".into(),
        }),
        Some("pause_turn" | "max_tokens") => TurnEnd::Paused { answer },
        Some("model_context_window_exceeded") => TurnEnd::Failed(AgentError::ContextFull {
            message: "the model's context is full".into(),
        }),
        Some(_) => TurnEnd::Done { answer },
    }
}
