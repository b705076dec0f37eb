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
    part: Part,
    /// What it says: all of it where that is the answer, else the paragraph that it is at.
    text: String,
    /// The paragraph before that.
    before: String,
    answer: Option<String>,
    error: Option<String>,
}

/// What the lines belong to.
#[derive(Default, PartialEq, Eq)]
enum Part {
    #[default]
    Words,
    /// What it says of itself when it is started.
    Greeting,
    /// A block of code.
    Code,
}

impl Reader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        if let Some(told) = line.strip_prefix("Tokens: ") {
            self.answered();
            self.add(told);
            events.push(AgentEvent::Usage(self.used.clone()));
            return;
        }
        if is_error(line) {
            self.error = Some(line.to_owned());
        }
        if line.starts_with("Aider v") {
            self.part = Part::Greeting;
            self.text.clear();
        } else if self.part == Part::Greeting {
            if line.trim().is_empty() {
                self.part = Part::Words;
            }
        } else if self.errand == Errand::Answer {
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            self.prose(line);
        }
        events.push(AgentEvent::Text(line.to_owned()));
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<End> {
        match self.error {
            Some(said) => Some(End::Failed(fault::of(None, &said))),
            None => self.answer.map(|said| End::Answered { answer: Some(said) }),
        }
    }
}

impl Transcript {
    /// The model's answer is over.
    fn answered(&mut self) {
        self.part = Part::Words;
        self.end_paragraph();
        let said = std::mem::take(&mut self.before);
        // Its words where the model had none.
        let is_empty = said.starts_with("Empty response received");
        self.error = is_empty.then(|| said.trim().to_owned());
        self.answer = Some(said);
    }

    /// Takes in a line of an answer whose last words are what counts, without blocks of code.
    fn prose(&mut self, line: &str) {
        if line.starts_with("```") {
            if self.part == Part::Code {
                self.part = Part::Words;
                return;
            }
            self.part = Part::Code;
            // What stands above a block names it: a path, or words that lead to it.
            self.text.pop();
            self.text
                .truncate(self.text.rfind('\n').map_or(0, |at| at + 1));
            self.end_paragraph();
        } else if line.trim().is_empty() {
            self.end_paragraph();
        } else if self.part == Part::Words {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn end_paragraph(&mut self) {
        if !self.text.trim().is_empty() {
            self.before = std::mem::take(&mut self.text);
        }
    }

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
