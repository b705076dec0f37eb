//! aider: `aider --message-file`. aider has no sessions and no format for programs, and its exit code is always 0: the
//! line about tokens after an answer is the only sign of one.

use std::path::PathBuf;

use super::adapter::{Adapter, Invocation, TranscriptReader, Turn, TurnEnd, Variable};
use super::error_message;
use crate::agent::contract::Quantity;
use crate::agent::cost::{Cost, CostSource, Usd};
use crate::agent::error::AgentError;
use crate::agent::event::AgentEvent;
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::TaskKind;
use crate::agent::usage::Usage;
use crate::config::Price;

pub(super) struct Aider;

impl Adapter for Aider {
    fn project_settings(&self) -> ProjectSettings {
        // aider takes the address of its model from any of them, and commands from the first.
        ProjectSettings {
            places: &[
                ".aider.conf.yml",
                ".aider.model.settings.yml",
                ".aider.model.metadata.json",
                ".env",
            ],
            texts: &[],
        }
    }

    /// Names the keys of the providers that aider reaches without further settings.
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

    /// aider has no login: its keys stand in variables, or in settings of many forms.
    fn login_file(&self, _variable: &Variable<'_>) -> Option<PathBuf> {
        None
    }

    fn tested_version(&self) -> &'static str {
        "0.86.2"
    }

    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError> {
        let mut invocation = Invocation {
            prompt_is_named: true,
            ..Invocation::default()
        };
        invocation.args([
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
            // aider would write its map of the repository into the checkout.
            "--map-tokens",
            "0",
            // aider would ask a model to sum up a long history, and report those requests nowhere.
            "--max-chat-history-tokens",
            "100000000",
        ]);
        for (flag, name) in [
            ("--input-history-file", "input-history"),
            ("--chat-history-file", "chat-history.md"),
            ("--llm-history-file", "llm-history"),
        ] {
            invocation.args([flag]).args([turn.home.join(name)]);
        }
        if let Some(model) = turn.model {
            invocation.args(["--model", model]);
        }
        invocation.args(["--message-file"]).args([turn.prompt]);
        match turn.task.kind {
            TaskKind::Change => {
                for file in &turn.task.claim.files {
                    invocation.args(["--file", file]);
                }
            }
            // aider reads no file by itself, and all files would be too many: it answers from their names.
            TaskKind::Answer => {
                invocation.args(["--chat-mode", "ask", "--dry-run"]);
            }
        }
        Ok(invocation)
    }

    fn late(&self, _price: Option<Price>) -> &'static [Quantity] {
        &[]
    }

    fn reader(&self, turn: &Turn<'_>) -> Box<dyn TranscriptReader> {
        Box::new(Transcript {
            kind: turn.task.kind,
            ..Transcript::default()
        })
    }

    fn transcript(&self) -> &'static str {
        "transcript.txt"
    }

    fn prints_json(&self) -> bool {
        false
    }
}

#[derive(Default)]
struct Transcript {
    kind: TaskKind,
    used: Usage,
    part: Part,
    /// The text so far: all of it where the text is the answer, else the present paragraph.
    text: String,
    /// The paragraph before.
    before: String,
    answer: Option<String>,
    error: Option<String>,
}

/// The part of the output that a line belongs to.
#[derive(Default, PartialEq, Eq)]
enum Part {
    #[default]
    Words,
    /// aider's words about itself at the start.
    Greeting,
    /// A block of code.
    Code,
}

impl TranscriptReader for Transcript {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>) {
        if let Some(report) = line.strip_prefix("Tokens: ") {
            self.finish_answer();
            self.add(report);
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
        } else if self.kind == TaskKind::Answer {
            self.text.push_str(line);
            self.text.push('\n');
        } else {
            self.prose(line);
        }
        events.push(AgentEvent::Text(line.to_owned()));
    }

    fn end(self: Box<Self>, _events: &mut Vec<AgentEvent>) -> Option<TurnEnd> {
        match self.error {
            Some(message) => Some(TurnEnd::Failed(error_message::classify(None, &message))),
            None => self.answer.map(|answer| TurnEnd::Answered {
                answer: Some(answer),
            }),
        }
    }
}

impl Transcript {
    /// Takes the text so far as the model's answer.
    fn finish_answer(&mut self) {
        self.part = Part::Words;
        self.end_paragraph();
        let answer = std::mem::take(&mut self.before);
        // aider's own words for an answer without any.
        let is_empty = answer.starts_with("Empty response received");
        self.error = is_empty.then(|| answer.trim().to_owned());
        self.answer = Some(answer);
    }

    /// Takes in a line of an answer. Its last paragraph counts, without blocks of code.
    fn prose(&mut self, line: &str) {
        if line.starts_with("```") {
            if self.part == Part::Code {
                self.part = Part::Words;
                return;
            }
            self.part = Part::Code;
            // The line above a block names it: a path, or words that lead to it.
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

    /// Adds a report such as `1.4k sent, 30 received. Cost: $0.0012 message, $0.0034 session.`
    fn add(&mut self, report: &str) {
        let words: Vec<&str> = report
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .collect();
        let before = |name: &str| {
            words
                .windows(2)
                .find(|pair| pair[1].trim_end_matches('.') == name)
                .map(|pair| pair[0])
        };
        let plus = |sum: Option<u64>, more: Option<u64>| Some(sum.unwrap_or_default() + more?);
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

/// Reads `30`, `1.4k` or `2M`: aider rounds.
fn count(text: &str) -> Option<u64> {
    let (digits, zeros) = match text.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 3),
        None => match text.strip_suffix('M') {
            Some(digits) => (digits, 6),
            None => (text, 0_usize),
        },
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let zeros = zeros.checked_sub(part.len())?;
    format!("{whole}{part}{}", "0".repeat(zeros)).parse().ok()
}
