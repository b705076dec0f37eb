//! GitHub Copilot CLI: `copilot --output-format json`. At its end Copilot writes the usage of its whole session into a
//! file; its events report each call of the model that failed.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable};
use super::error_message;
use super::json::{list_of, number, result_of, text, tool_subject};
use crate::agent::contract::Quantity;
use crate::agent::error::AgentError;
use crate::agent::event::{AgentEvent, Interruption, SessionId};
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;
use crate::config::Price;

pub(super) struct Copilot;

/// The tools that a unit's agent must not use: agents of its own, and the user's other sessions.
const EXCLUDED: &str = "task,read_agent,list_agents,write_agent,session_store_sql";

/// The commands that its shell must not run.
const DENIED: &str = "shell(git commit),shell(git stash),shell(git push),shell(git config),shell(git worktree),\
     shell(gh:*),shell(copilot:*)";

/// The tools for a task without changes, and the tools denied in case it has others.
const READING: &str = "view,grep,glob";
const CHANGING: &str = "write,shell";

/// The file that Copilot writes its usage to.
const USAGE: &str = "copilot-usage.json";

impl Adapter for Copilot {
    fn project_settings(&self) -> ProjectSettings {
        // Copilot reads those of Claude Code, too.
        ProjectSettings {
            places: &[
                ".copilot",
                ".mcp.json",
                ".lsp.json",
                ".vscode/mcp.json",
                ".github/copilot",
                ".github/mcp.json",
                ".github/lsp.json",
                ".github/hooks",
                ".github/extensions",
                ".github/plugin",
                ".github/agents",
                ".github/skills",
                ".claude",
                ".claude-plugin",
            ],
            texts: &[".claude/CLAUDE.md", ".claude/rules"],
        }
    }

    /// Names Copilot's own keys only: a token for GitHub would let it push.
    fn keys(&self) -> &'static [&'static str] {
        &[
            "COPILOT_GITHUB_TOKEN",
            "COPILOT_PROVIDER_API_KEY",
            "COPILOT_PROVIDER_BEARER_TOKEN",
        ]
    }

    /// The login is in the system's keychain.
    fn login_file(&self, _variable: &Variable<'_>) -> Option<PathBuf> {
        None
    }

    fn tested_version(&self) -> &'static str {
        "1.0.102"
    }

    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError> {
        let mut invocation = Invocation::default();
        let (tools, which, denied) = match turn.task.kind {
            TaskKind::Change => ("--excluded-tools", EXCLUDED, DENIED),
            TaskKind::Answer => ("--available-tools", READING, CHANGING),
        };
        invocation
            .args([
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
            .args([turn.home.join(USAGE)]);
        if let Some(model) = turn.model {
            invocation.args(["--model", model]);
        }
        if let Some(session) = turn.session {
            invocation.args([format!("--resume={}", session.0)]);
        }
        if turn.has_key() {
            // The user's own folder is shared by all agents at once; without a key it is needed for the login.
            invocation.env("COPILOT_HOME", turn.home.join("copilot"));
        }
        Ok(invocation)
    }

    fn late(&self, _price: Option<Price>) -> &'static [Quantity] {
        &[Quantity::Tokens, Quantity::Cost]
    }

    fn reader(&self, turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        let usage = turn.home.join(USAGE);
        Box::new(Transcript {
            // A new session has used nothing, whatever an earlier one left in the file.
            before: turn.session.and_then(|_| used(&usage)).unwrap_or_default(),
            usage,
            ..Transcript::default()
        })
    }
}

#[derive(Default)]
struct Transcript {
    /// The usage of the session before this turn.
    before: Usage,
    /// The file with the usage of the session.
    usage: PathBuf,
    turns: u64,
    answer: Option<String>,
    error: Option<AgentError>,
    refusal: Option<AgentError>,
    exit_code: Option<u64>,
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match text(&line, "/type") {
            Some("assistant.message") => {
                self.turns += 1;
                let answer = text(&line, "/data/content").unwrap_or_default();
                if !answer.is_empty() {
                    self.answer = Some(answer.to_owned());
                    events.push(AgentEvent::Text(answer.to_owned()));
                }
                events.push(AgentEvent::Usage(Usage {
                    turns: Some(self.turns),
                    ..Usage::default()
                }));
            }
            Some("tool.execution_start") => {
                let (name, input) = (
                    text(&line, "/data/toolName"),
                    line.pointer("/data/arguments"),
                );
                events.push(AgentEvent::Tool {
                    name: name.unwrap_or("tool").to_owned(),
                    about: input.and_then(tool_subject),
                });
                events.extend(list_of(name, input));
            }
            Some("tool.execution_complete") => {
                let failed = line.pointer("/data/success").and_then(Value::as_bool) == Some(false);
                events.push(AgentEvent::ToolEnded(result_of(failed)));
            }
            Some("model.call_failure") => {
                events.extend(interruption(&line));
                if self.turns == 0 {
                    self.refusal = self.refusal.take().or_else(|| refused(&line));
                }
            }
            Some("session.error") => {
                let message = text(&line, "/data/message").unwrap_or("it gave no reason");
                let status = number(&line, "/data/statusCode");
                self.error = Some(error_message::classify(status, message));
            }
            Some("result") => {
                let session = text(&line, "/sessionId");
                events.extend(session.map(|id| AgentEvent::Session(SessionId(id.to_owned()))));
                self.exit_code = number(&line, "/exitCode");
            }
            _ => {}
        }
    }

    fn refusal(&mut self) -> Option<AgentError> {
        self.refusal.take()
    }

    fn end(self: Box<Self>, events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        if let Some(sum) = used(&self.usage).filter(|_| self.exit_code.is_some()) {
            events.push(AgentEvent::Usage(Usage {
                turns: Some(self.turns),
                ..sum.without(&self.before)
            }));
        }
        match (self.error, self.exit_code) {
            (Some(error), _) => Some(TurnEnd::Failed(error)),
            (None, Some(0)) => Some(TurnEnd::Done {
                answer: self.answer,
            }),
            (None, _) => None,
        }
    }
}

fn interruption(line: &Value) -> Option<AgentEvent> {
    let kind = text(line, "/data/failureKind");
    let interruption = match number(line, "/data/statusCode") {
        Some(429) => Interruption::RateLimit,
        Some(500..) => Interruption::Overload,
        None if kind == Some("transport") => Interruption::Connection,
        _ => return None,
    };
    Some(AgentEvent::Interrupted {
        interruption,
        wait: None,
    })
}

/// Returns the refusal that Copilot retries in vain.
fn refused(line: &Value) -> Option<AgentError> {
    let status = number(line, "/data/statusCode").filter(|status| matches!(status, 401 | 403))?;
    let message = text(line, "/data/errorMessage").unwrap_or("it gave no reason");
    Some(error_message::classify(Some(status), message))
}

/// Reads the usage of the session, as the sum over all models.
fn used(path: &Path) -> Option<Usage> {
    let report: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let models = report.pointer("/modelMetrics")?.as_object()?;
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
