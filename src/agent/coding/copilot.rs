//! GitHub Copilot CLI: `copilot --output-format json`. What it used up it writes into a file at its end, as the sum of
//! its session; its events tell each answer that a provider refused.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Ask, Cli, End, Invocation, Reader, Variable, about, fault, number, state, text};
use crate::agent::{AgentError, AgentEvent, Errand, Interruption, SessionId, Usage};

pub(super) struct Copilot;

/// What a unit's agent has no business with: agents of its own, and its users' other sessions.
const EXCLUDED: &str = "task,read_agent,list_agents,write_agent,session_store_sql";

/// The same for its shell.
const DENIED: &str =
    "shell(git commit),shell(git push),shell(git worktree),shell(gh:*),shell(copilot:*)";

/// Its tools where it is to change nothing, and what it must not do should it have others.
const READING: &str = "view,grep,glob";
const CHANGING: &str = "write,shell";

/// Where it writes what it used up.
const USAGE: &str = "copilot-usage.json";

impl Cli for Copilot {
    /// Its own only: a token for GitHub would let it push.
    fn keys(&self) -> &'static [&'static str] {
        &[
            "COPILOT_GITHUB_TOKEN",
            "COPILOT_PROVIDER_API_KEY",
            "COPILOT_PROVIDER_BEARER_TOKEN",
        ]
    }

    /// It stands in the system's keychain.
    fn login(&self, _variable: &Variable<'_>) -> Option<PathBuf> {
        None
    }

    fn tried(&self) -> &'static str {
        "1.0.102"
    }

    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError> {
        let mut how = Invocation::default();
        let (tools, which, denied) = match ask.task.errand {
            Errand::Change => ("--excluded-tools", EXCLUDED, DENIED),
            Errand::Answer => ("--available-tools", READING, CHANGING),
        };
        how.args([
            "--output-format",
            "json",
            "--allow-all-tools",
            "--no-ask-user",
            "--no-auto-update",
            "--no-remote",
            "--disable-builtin-mcps",
            "--no-color",
            tools,
            which,
            "--deny-tool",
            denied,
            "--usage-output-file",
        ])
        .args([state(ask.home, USAGE)]);
        if let Some(model) = ask.model {
            how.args(["--model", model]);
        }
        if let Some(session) = ask.session {
            how.args([format!("--resume={}", session.0)]);
        }
        if ask.has_key() {
            // The user's own folder holds the login, but is shared by all that run at once.
            how.env("COPILOT_HOME", state(ask.home, "copilot"));
        }
        Ok(how)
    }

    fn reader(&self, ask: &Ask<'_>) -> Box<dyn Reader> {
        let usage = state(ask.home, USAGE);
        Box::new(Transcript {
            // A session that begins has used nothing, whatever an earlier one has left there.
            before: ask.session.and_then(|_| used(&usage)).unwrap_or_default(),
            usage,
            ..Transcript::default()
        })
    }
}

#[derive(Default)]
struct Transcript {
    /// What the session had used up before.
    before: Usage,
    /// The file that says what it has used up.
    usage: PathBuf,
    turns: u64,
    answer: Option<String>,
    error: Option<AgentError>,
    exit_code: Option<u64>,
}

impl Reader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match text(&line, "/type") {
            Some("assistant.message") => {
                self.turns += 1;
                let said = text(&line, "/data/content").unwrap_or_default();
                if !said.is_empty() {
                    self.answer = Some(said.to_owned());
                    events.push(AgentEvent::Text(said.to_owned()));
                }
                events.push(AgentEvent::Usage(Usage {
                    turns: Some(self.turns),
                    ..Usage::default()
                }));
            }
            Some("tool.execution_start") => events.push(AgentEvent::Tool {
                name: text(&line, "/data/toolName").unwrap_or("tool").to_owned(),
                about: line.pointer("/data/arguments").and_then(about),
            }),
            Some("model.call_failure") => events.extend(held_back(&line)),
            Some("session.error") => {
                let said = text(&line, "/data/message").unwrap_or("it gave no reason");
                self.error = Some(fault::of(number(&line, "/data/statusCode"), said));
            }
            Some("result") => {
                let session = text(&line, "/sessionId");
                events.extend(session.map(|id| AgentEvent::Session(SessionId(id.to_owned()))));
                self.exit_code = number(&line, "/exitCode");
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, events: &mut Vec<AgentEvent>) -> Option<End> {
        if let Some(sum) = used(&self.usage).filter(|_| self.exit_code.is_some()) {
            events.push(AgentEvent::Usage(Usage {
                turns: Some(self.turns),
                ..sum.without(&self.before)
            }));
        }
        match (self.error, self.exit_code) {
            (Some(error), _) => Some(End::Failed(error)),
            (None, Some(0)) => Some(End::Done {
                answer: self.answer,
            }),
            (None, _) => None,
        }
    }
}

fn held_back(line: &Value) -> Option<AgentEvent> {
    let kind = text(line, "/data/failureKind");
    let pressure = match number(line, "/data/statusCode") {
        Some(429) => Interruption::RateLimit,
        Some(500..) => Interruption::Overload,
        None if kind == Some("transport") => Interruption::Connection,
        _ => return None,
    };
    Some(AgentEvent::Interrupted {
        pressure,
        wait: None,
    })
}

/// The sum over all models that the session has asked.
fn used(path: &Path) -> Option<Usage> {
    let told: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let models = told.pointer("/modelMetrics")?.as_object()?;
    let sum = |name: &str| -> Option<u64> {
        models
            .values()
            .map(|model| number(model, &format!("/usage/{name}")))
            .sum()
    };
    Some(Usage {
        input_tokens: sum("inputTokens"),
        cached_tokens: sum("cacheReadTokens"),
        output_tokens: sum("outputTokens"),
        ..Usage::default()
    })
}
