//! Gemini CLI: `gemini --output-format stream-json`. What holds it back it tells nobody but its standard error.

use std::path::PathBuf;

use serde_json::Value;

use super::{Ask, Cli, End, Invocation, Reader, Variable, about, below, fault, number, text};
use crate::agent::{
    AgentError, AgentEvent, Errand, LimitReached, SessionId, Usage, make_folder, write_file,
};

pub(super) struct Gemini;

/// Rules for its tools, above all others.
const POLICY: &str = r#"[[rule]]
toolName = "run_shell_command"
commandPrefix = ["git commit", "git push", "git worktree", "gh ", "gemini "]
decision = "deny"
priority = 999
"#;

/// The same where it is to change nothing.
const READING: &str = r#"[[rule]]
toolName = ["run_shell_command", "write_file", "replace", "invoke_agent"]
decision = "deny"
priority = 999
"#;

/// Settings for a home of its own, in which nobody has answered its questions.
const SETTINGS: &str = r#"{
  "security": { "auth": { "selectedType": "gemini-api-key" } },
  "privacy": { "usageStatisticsEnabled": false },
  "general": { "enableAutoUpdate": false }
}
"#;

impl Cli for Gemini {
    fn keys(&self) -> &'static [&'static str] {
        &["GEMINI_API_KEY", "GOOGLE_API_KEY"]
    }

    fn login(&self, variable: &Variable<'_>) -> Option<PathBuf> {
        below(variable, "GEMINI_CLI_HOME", "", ".gemini/oauth_creds.json")
    }

    fn tried(&self) -> &'static str {
        "0.61.0"
    }

    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError> {
        let (mode, policy) = match ask.task.errand {
            Errand::Change => ("yolo", POLICY),
            Errand::Answer => ("plan", READING),
        };
        let policy = write_file(ask.home, "policy.toml", policy.as_bytes())?;
        let mut how = Invocation::default();
        how.args([
            "--output-format",
            "stream-json",
            "--approval-mode",
            mode,
            "--policy",
        ])
        .args([policy]);
        if let Some(model) = ask.model {
            how.args(["--model", model]);
        }
        if let Some(session) = ask.session {
            how.args(["--resume", &session.0]);
        }
        how.env("GEMINI_CLI_TRUST_WORKSPACE", "true")
            // Its first process would start a second one and let no signal through.
            .env("GEMINI_CLI_NO_RELAUNCH", "true");
        if ask.has_key() {
            // In the user's own folder, all that run at once write the same files.
            let folder = ask.home.join(".gemini");
            make_folder(&folder)?;
            write_file(&folder, "settings.json", SETTINGS.as_bytes())?;
            how.env("GEMINI_CLI_HOME", ask.home);
        }
        Ok(how)
    }

    fn reader(&self, _ask: &Ask<'_>) -> Box<dyn Reader> {
        Box::new(Transcript::default())
    }
}

#[derive(Default)]
struct Transcript {
    /// What it said since it last used a tool: a message comes in pieces.
    said: String,
    end: Option<End>,
}

impl Transcript {
    fn tell(&self, events: &mut Vec<AgentEvent>) {
        if !self.said.trim().is_empty() {
            events.push(AgentEvent::Text(self.said.clone()));
        }
    }
}

impl Reader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        let Ok(line) = serde_json::from_str::<Value>(line) else {
            return;
        };
        match text(&line, "/type") {
            Some("init") => events.extend(
                text(&line, "/session_id").map(|id| AgentEvent::Session(SessionId(id.into()))),
            ),
            Some("message") if text(&line, "/role") == Some("assistant") => {
                self.said
                    .push_str(text(&line, "/content").unwrap_or_default());
            }
            Some("tool_use") => {
                self.tell(events);
                self.said.clear();
                events.push(AgentEvent::Tool {
                    name: text(&line, "/tool_name").unwrap_or("tool").to_owned(),
                    about: line.get("parameters").and_then(about),
                });
            }
            Some("result") => {
                self.tell(events);
                events.extend(line.get("stats").map(usage));
                let answer = Some(std::mem::take(&mut self.said));
                self.end = Some(match text(&line, "/status") {
                    Some("success") => End::Done { answer },
                    _ => End::Failed(failure(&line)),
                });
            }
            _ => {}
        }
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<End> {
        self.end
    }
}

/// Thoughts are in no number but the sum.
fn usage(stats: &Value) -> AgentEvent {
    let input = number(stats, "/input_tokens");
    AgentEvent::Usage(Usage {
        input_tokens: input,
        cached_tokens: number(stats, "/cached"),
        output_tokens: number(stats, "/total_tokens")
            .zip(input)
            .map(|(total, input)| total.saturating_sub(input)),
        ..Usage::default()
    })
}

fn failure(line: &Value) -> AgentError {
    if text(line, "/error/type") == Some("FatalTurnLimitedError") {
        return AgentError::Limit {
            limit: LimitReached::Turns,
            tail: String::new(),
        };
    }
    fault::of(
        None,
        text(line, "/error/message").unwrap_or("it gave no reason"),
    )
}
