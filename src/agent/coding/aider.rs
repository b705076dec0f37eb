//! aider: `aider --message-file`. It has no sessions and no form for programs, and its exit code is 0 whatever happens:
//! what it says of tokens after an answer is the only sign that there was one.

use std::path::PathBuf;

use super::{Ask, Cli, End, Invocation, Reader, Variable, fault, state};
use crate::agent::{AgentError, AgentEvent, Cost, CostSource, Errand, Usage, Usd};

pub(super) struct Aider;

impl Cli for Aider {
    /// Those of the providers that it speaks to without further settings.
    fn keys(&self) -> &'static [&'static str] {
        &[
            "OPENAI_API_KEY",
            "ANTHROPIC_API_KEY",
            "GEMINI_API_KEY",
            "DEEPSEEK_API_KEY",
            "OPENROUTER_API_KEY",
            "GROQ_API_KEY",
            "MISTRAL_API_KEY",
            "XAI_API_KEY",
        ]
    }

    /// It has none: its keys stand in variables, or in settings of many forms.
    fn login(&self, _variable: &Variable<'_>) -> Option<PathBuf> {
        None
    }

    fn tried(&self) -> &'static str {
        "0.86.2"
    }

    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError> {
        let mut how = Invocation {
            prompt_is_named: true,
            ..Invocation::default()
        };
        how.args([
            "--yes-always",
            "--no-auto-commits",
            "--no-dirty-commits",
            "--no-gitignore",
            "--no-check-update",
            "--no-show-model-warnings",
            "--no-show-release-notes",
            "--no-suggest-shell-commands",
            "--no-detect-urls",
            "--no-analytics",
            "--no-pretty",
            "--no-stream",
            "--no-auto-lint",
            // Its map of the repository would be written into the worktree.
            "--map-tokens",
            "0",
        ]);
        for (flag, name) in [
            ("--input-history-file", "input-history"),
            ("--chat-history-file", "chat-history.md"),
            ("--llm-history-file", "llm-history"),
        ] {
            how.args([flag]).args([state(ask.home, name)]);
        }
        if let Some(model) = ask.model {
            how.args(["--model", model]);
        }
        how.args(["--message-file"]).args([ask.prompt]);
        match ask.task.errand {
            Errand::Change => {
                for file in &ask.task.claim.files {
                    how.args(["--file", file]);
                }
            }
            // It looks at no file by itself, and all of them would be too many: it goes by their names.
            Errand::Answer => {
                how.args(["--chat-mode", "ask", "--dry-run"]);
            }
        }
        Ok(how)
    }

    fn reader(&self, ask: &Ask<'_>) -> Box<dyn Reader> {
        Box::new(Transcript {
            errand: ask.task.errand,
            ..Transcript::default()
        })
    }

    fn transcript(&self) -> &'static str {
        "transcript.txt"
    }
}

#[derive(Default)]
struct Transcript {
    errand: Errand,
    used: Usage,
    /// What it said since the last empty line or block of code that something followed.
    paragraph: String,
    is_complete: bool,
    answer: Option<String>,
    error: Option<String>,
}

impl Reader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        if let Some(told) = line.strip_prefix("Tokens: ") {
            self.error = None;
            self.answer = Some(std::mem::take(&mut self.paragraph));
            self.add(told);
            events.push(AgentEvent::Usage(self.used.clone()));
            return;
        }
        if is_error(line) {
            self.error = Some(line.to_owned());
        }
        if self.errand == Errand::Answer {
            // All of it is the answer.
            self.paragraph.push_str(line);
            self.paragraph.push('\n');
        } else if line.trim().is_empty() || line.starts_with("```") {
            self.is_complete = true;
        } else {
            if std::mem::take(&mut self.is_complete) {
                self.paragraph.clear();
            }
            self.paragraph.push_str(line);
            self.paragraph.push('\n');
        }
        events.push(AgentEvent::Text(line.to_owned()));
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<End> {
        match self.error {
            Some(said) => Some(End::Failed(fault::of(None, &said))),
            None => self.answer.map(|said| End::Done { answer: Some(said) }),
        }
    }
}

impl Transcript {
    /// `1.4k sent, 30 received. Cost: $0.0012 message, $0.0034 session.`
    fn add(&mut self, told: &str) {
        let words: Vec<&str> = told
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .collect();
        let before = |name: &str| {
            words
                .windows(2)
                .find(|pair| pair[1].trim_end_matches('.') == name)
                .map(|pair| pair[0])
        };
        let plus = |sum: Option<u64>, told: Option<u64>| Some(sum.unwrap_or_default() + told?);
        let used = &mut self.used;
        used.turns = Some(used.turns.unwrap_or_default() + 1);
        used.input_tokens = plus(used.input_tokens, before("sent").and_then(count));
        used.output_tokens = plus(used.output_tokens, before("received").and_then(count));
        let spent = before("session")
            .and_then(|amount| amount.strip_prefix('$')?.parse().ok())
            .and_then(Usd::new);
        if let Some(usd) = spent {
            used.cost = Some(Cost {
                usd,
                source: CostSource::Agent,
            });
        }
    }
}

fn is_error(line: &str) -> bool {
    line.starts_with("litellm.") || line == "Only 3 reflections allowed, stopping."
}

/// `30`, `1.4k`, `2M`: aider rounds.
fn count(told: &str) -> Option<u64> {
    let (digits, zeros) = match told.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 3),
        None => match told.strip_suffix('M') {
            Some(digits) => (digits, 6),
            None => (told, 0_usize),
        },
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let zeros = zeros.checked_sub(part.len())?;
    format!("{whole}{part}{}", "0".repeat(zeros)).parse().ok()
}
