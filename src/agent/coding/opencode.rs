//! opencode: `opencode run --format json`. It has no last word: a step that stops for no tool is one.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    Ask, Cli, End, Invocation, Reader, Variable, about, below, fault, number, state, text,
};
use crate::agent::{AgentError, AgentEvent, Cost, CostSource, Errand, SessionId, Usage, Usd};

pub(super) struct Opencode;

/// Everything but agents of its own and the ways to what lies outside the worktree. The last rule that fits counts.
const PERMISSIONS: &str = r#"{"*":"allow","task":"deny","external_directory":"deny","question":"deny","bash":{"*":"allow","git commit*":"deny","git push*":"deny","git worktree*":"deny","gh *":"deny","opencode *":"deny"}}"#;

/// The same where it is to change nothing.
const READING: &str = r#"{"*":"allow","edit":"deny","bash":"deny","task":"deny","external_directory":"deny","question":"deny"}"#;

impl Cli for Opencode {
    /// Those of the providers that it speaks to without further settings.
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

    fn login(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        below(
            variable,
            "XDG_DATA_HOME",
            ".local/share",
            "opencode/auth.json",
        )
    }

    fn tried(&self) -> &'static str {
        "1.18.33"
    }

    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError> {
        let mut how = Invocation::default();
        how.args(["run", "--format", "json"]);
        if let Some(model) = ask.model {
            how.args(["--model", model]);
        }
        if let Some(session) = ask.session {
            how.args(["--session", &session.0]);
        }
        // Its sessions are kept in a database of the unit's own; a login stands beside the usual one and is still found.
        how.env("OPENCODE_DB", state(ask.home, "opencode.db"))
            .env(
                "OPENCODE_PERMISSION",
                match ask.task.errand {
                    Errand::Change => PERMISSIONS,
                    Errand::Answer => READING,
                },
            )
            .env("OPENCODE_DISABLE_AUTOUPDATE", "1")
            .env("OPENCODE_DISABLE_SHARE", "1")
            .env("OPENCODE_DISABLE_LSP_DOWNLOAD", "1");
        Ok(how)
    }

    fn reader(&self, _ask: &Ask<'_>) -> Box<dyn Reader> {
        Box::new(Transcript::default())
    }
}

#[derive(Default)]
struct Transcript {
    session: Option<String>,
    answer: Option<String>,
    used: Usage,
    end: Option<End>,
}

impl Reader for Transcript {
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
                let said = text(&line, "/part/text").unwrap_or_default();
                self.answer = Some(said.to_owned());
                events.push(AgentEvent::Text(said.to_owned()));
            }
            Some("tool_use") => events.push(AgentEvent::Tool {
                name: text(&line, "/part/tool").unwrap_or("tool").to_owned(),
                about: line.pointer("/part/state/input").and_then(about),
            }),
            Some("step_finish") => {
                self.add(&line);
                events.push(AgentEvent::Usage(self.used.clone()));
                self.end = match text(&line, "/part/reason") {
                    Some("stop") => Some(End::Done {
                        answer: self.answer.clone(),
                    }),
                    _ => None,
                };
            }
            Some("error") => self.end = Some(End::Failed(failure(&line))),
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<End> {
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
        // A model without a price costs nothing by its reckoning, which is not to be believed.
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
    let said = text(line, "/error/data/message")
        .or_else(|| text(line, "/error/name"))
        .unwrap_or("it gave no reason");
    fault::of(number(line, "/error/data/statusCode"), said)
}
