//! opencode: `opencode run --format json`. opencode has no final message: a step that ends without a tool is the last.

use std::path::PathBuf;

use serde_json::Value;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable, file_below};
use super::error_message;
use super::json::{list_of, number, result_of, text, tool_subject};
use crate::agent::contract::Quantity;
use crate::agent::cost::{Cost, CostSource, Usd};
use crate::agent::error::AgentError;
use crate::agent::event::{AgentEvent, SessionId};
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;
use crate::config::Price;

pub(super) struct Opencode;

/// Allows everything but agents of its own and ways out of the checkout. The last rule that matches counts.
const PERMISSIONS: &str = concat!(
    r#"{"*":"allow","task":"deny","external_directory":"deny","question":"deny","#,
    "\n",
    r#""bash":{"*":"allow","git commit*":"deny","git stash*":"deny","git push*":"deny","git config*":"deny","#,
    r#""git worktree*":"deny","gh *":"deny","opencode *":"deny"}}"#,
);

/// The permissions for a task without changes.
const READING: &str = r#"{"*":"allow","edit":"deny","bash":"deny",
"task":"deny","external_directory":"deny","question":"deny"}"#;

impl Adapter for Opencode {
    fn project_settings(&self) -> ProjectSettings {
        // Its folder may hold plugins, which are programs.
        ProjectSettings {
            places: &[".opencode", "opencode.json", "opencode.jsonc"],
            texts: &[],
        }
    }

    /// Names the keys of the providers that opencode reaches without further settings.
    fn keys(&self) -> &'static [&'static str] {
        &[
            "OPENCODE_API_KEY",
            "ANTHROPIC_API_KEY",
            "OPENAI_API_KEY",
            "GEMINI_API_KEY",
            "GOOGLE_GENERATIVE_AI_API_KEY",
            "OPENROUTER_API_KEY",
            "GROQ_API_KEY",
            "MISTRAL_API_KEY",
            "DEEPSEEK_API_KEY",
            "XAI_API_KEY",
        ]
    }

    fn login_file(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        file_below(
            variable,
            "XDG_DATA_HOME",
            ".local/share",
            "opencode/auth.json",
        )
    }

    fn tested_version(&self) -> &'static str {
        "1.18.33"
    }

    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError> {
        let mut invocation = Invocation::default();
        invocation.args(["run", "--format", "json"]);
        if let Some(model) = turn.model {
            invocation.args(["--model", model]);
        }
        match turn.session {
            Some(session) => invocation.args(["--session", &session.0]),
            // opencode would ask a model for a title, and report that request nowhere.
            None => invocation.args(["--title", &turn.task.unit]),
        };
        // The sessions go into a database of the unit's own; opencode still finds the login in its usual place.
        invocation
            .env("OPENCODE_DB", turn.home.join("opencode.db"))
            .env(
                "OPENCODE_PERMISSION",
                match turn.task.kind {
                    TaskKind::Change => PERMISSIONS,
                    TaskKind::Answer => READING,
                },
            )
            .env("OPENCODE_DISABLE_AUTOUPDATE", "1")
            .env("OPENCODE_DISABLE_SHARE", "1")
            .env("OPENCODE_DISABLE_LSP_DOWNLOAD", "1");
        Ok(invocation)
    }

    fn late(&self, _price: Option<Price>) -> &'static [Quantity] {
        &[]
    }

    fn reader(&self, _turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        Box::new(Transcript::default())
    }
}

#[derive(Default)]
struct Transcript {
    session: Option<String>,
    answer: Option<String>,
    used: Usage,
    end: Option<TurnEnd>,
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        if let Some(id) = text(&line, "/sessionID")
            && self.session.as_deref() != Some(id)
        {
            self.session = Some(id.to_owned());
            events.push(AgentEvent::Session(SessionId(id.to_owned())));
        }
        match text(&line, "/type") {
            Some("text") => {
                let answer = text(&line, "/part/text").unwrap_or_default();
                self.answer = Some(answer.to_owned());
                events.push(AgentEvent::Text(answer.to_owned()));
            }
            Some("tool_use") => {
                let input = line.pointer("/part/state/input");
                events.push(AgentEvent::Tool {
                    name: text(&line, "/part/tool").unwrap_or("tool").to_owned(),
                    about: input.and_then(tool_subject),
                });
                events.extend(list_of(text(&line, "/part/tool"), input));
                let failed = text(&line, "/part/state/status") == Some("error");
                events.push(AgentEvent::ToolEnded(result_of(failed)));
            }
            Some("step_finish") => {
                self.add(&line);
                events.push(AgentEvent::Usage(self.used.clone()));
                self.end = match text(&line, "/part/reason") {
                    Some("stop") => Some(TurnEnd::Done {
                        answer: self.answer.clone(),
                    }),
                    Some("length") => Some(TurnEnd::Paused {
                        answer: self.answer.clone(),
                    }),
                    _ => None,
                };
            }
            Some("error") => self.end = Some(TurnEnd::Failed(failure(&line))),
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        self.end
    }
}

impl Transcript {
    fn add(&mut self, line: &Value) {
        let tokens = |names: &[&str]| -> Option<u64> {
            names
                .iter()
                .map(|name| number(line, &format!("/part/tokens/{name}")))
                .sum()
        };
        let plus = |sum: Option<u64>, step: Option<u64>, first: bool| match (sum, step) {
            (Some(sum), Some(step)) => Some(sum + step),
            (None, step) if first => step,
            _ => None,
        };
        let first = self.used.turns.is_none();
        let used = &mut self.used;
        used.turns = Some(used.turns.unwrap_or_default() + 1);
        used.input_tokens = plus(
            used.input_tokens,
            tokens(&["input", "cache/read", "cache/write"]),
            first,
        );
        used.cached_tokens = plus(used.cached_tokens, tokens(&["cache/read"]), first);
        used.output_tokens = plus(used.output_tokens, tokens(&["output", "reasoning"]), first);
        // opencode reports a cost of 0 for a model whose price it does not know.
        let step = line.pointer("/part/cost").and_then(Value::as_f64);
        if let Some(step) = step.and_then(Usd::new).filter(|usd| usd.dollars() > 0.0) {
            let before = used.cost.map_or(Usd::default(), |cost| cost.usd);
            used.cost = Some(Cost {
                usd: before.saturating_add(step),
                source: CostSource::Agent,
            });
        }
    }
}

fn failure(line: &Value) -> AgentError {
    let message = text(line, "/error/data/message")
        .or_else(|| text(line, "/error/name"))
        .unwrap_or("it gave no reason");
    error_message::classify(number(line, "/error/data/statusCode"), message)
}
