//! The common part of all coding agents: starts a turn, follows its output, and judges its end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::adapter::{Adapter, TranscriptReader, Turn, TurnEnd};
use super::adapters::adapter;
use super::error_message;
use super::log::Log;
use super::login::Login;
use super::printed::PrintedLines;
use crate::agent::activity::Activity;
use crate::agent::contract::{Agent, Answers, Quantity, Work, Working};
use crate::agent::cost::Cost;
use crate::agent::error::AgentError;
use crate::agent::event::{AgentEvent, SessionId, ToolResult};
use crate::agent::files::{make_folder, write_file};
use crate::agent::id::AgentId;
use crate::agent::prices;
use crate::agent::project_settings::ProjectSettings;
use crate::agent::prompt::with_feedback;
use crate::agent::task::Task;
use crate::agent::usage::Usage;
use crate::config::{CodingAgentSpec, Price};
use crate::process::{self, Command, Ending, LineSink, ProcessError};

/// The longest silence unless the settings name another: some programs hang for ever on an answer that was cut off. A
/// program is also silent during a long build.
const USUAL_IDLE: Duration = Duration::from_mins(15);

/// How many lines may wait for the reader.
const LINES_AHEAD: usize = 64;

/// A coding agent, ready to work.
pub(crate) struct CodingAgent {
    id: AgentId,
    adapter: &'static dyn Adapter,
    words: Vec<OsString>,
    model: Option<String>,
    extra: Vec<String>,
    /// The prices of tokens in the settings.
    prices: BTreeMap<String, Price>,
    keys: Vec<(OsString, OsString)>,
    /// The user's own login, where the program has no key.
    login: Option<Login>,
}

impl CodingAgent {
    /// Finds the agent's program; a relative path means one from `dir`. The keys come from the variables `parent`.
    pub(crate) fn new(
        spec: &CodingAgentSpec,
        prices: &BTreeMap<String, Price>,
        dir: &Path,
        parent: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ProcessError> {
        let mut words: Vec<OsString> = spec.command.iter().map(Into::into).collect();
        if let Some(program) = words.first_mut() {
            *program = process::locate_program(program, dir, std::env::var_os("PATH").as_deref())?
                .into_os_string();
        }
        let adapter = adapter(spec.kind);
        let parent: Vec<(OsString, OsString)> = parent.collect();
        let login = Login::find(adapter, &parent);
        let keys: Vec<(OsString, OsString)> = parent
            .into_iter()
            .filter(|(name, value)| {
                !value.is_empty() && adapter.keys().iter().any(|key| name.as_os_str() == *key)
            })
            .collect();
        Ok(Self {
            id: spec.to_string().into(),
            adapter,
            words,
            model: spec.model.clone(),
            extra: spec.args.clone(),
            prices: prices.clone(),
            login: login.filter(|_| keys.is_empty() || adapter.needs_users_folder()),
            keys,
        })
    }

    /// Returns the command of a turn, and the reader of its output.
    fn prepare(&self, task: &Task) -> Result<(Command, Box<dyn TranscriptReader>), AgentError> {
        let opened = match &self.login {
            Some(login) if task.sandbox.is_on() => Some(login.open(task)),
            _ => None,
        };
        let task = opened.as_ref().unwrap_or(task);
        let feedback = task.feedback.as_ref();
        let session = feedback.and_then(|feedback| feedback.session.as_ref());
        let text = match (feedback, session) {
            // The session knows the rest.
            (Some(feedback), Some(_)) => feedback.text.clone(),
            _ => with_feedback(task),
        };
        let prompt = write_file(&task.folder, "prompt.md", text.as_bytes())?;
        make_folder(&task.home)?;
        let earlier = keep_earlier(&task.folder, self.adapter.transcript())?;
        let turn = Turn {
            task,
            model: self.model.as_deref(),
            prompt: &prompt,
            home: &task.home,
            session,
            earlier: &earlier,
            keys: &self.keys,
        };
        let reader = self.adapter.reader(&turn);
        let mut invocation = self.adapter.invocation(&turn)?;
        invocation.args(&self.extra);
        let mut env = task.environment.clone();
        for (name, value) in &self.keys {
            env.set(name, value);
        }
        for (name, value) in invocation.env {
            env.set(name, value);
        }
        let mut words = self.words.iter().cloned();
        let command = Command {
            program: words.next().unwrap_or_default(),
            args: words
                .chain(invocation.args)
                .chain(invocation.last)
                .collect(),
            dir: task.worktree.clone(),
            env,
            sandbox: task.sandbox.clone().showing(&task.folder),
            input: (!invocation.prompt_is_named).then_some(prompt),
            limit: Some(task.limits.time),
            idle: task.limits.idle.or(Some(USUAL_IDLE)),
            log: task.folder.join("agent-stderr.log"),
        };
        Ok((command, reader))
    }
}

impl CodingAgent {
    /// Reads the lines to their end, writes a log for people, and forwards the events; `stop` ends a program that is
    /// refused.
    async fn follow(
        &self,
        mut reader: Box<dyn TranscriptReader>,
        mut lines: mpsc::Receiver<String>,
        task: &Task,
        events: &mpsc::Sender<AgentEvent>,
        stop: &CancellationToken,
    ) -> Result<TurnOutput, AgentError> {
        let mut log = Log::open(task)?;
        let mut output = TurnOutput::default();
        let mut new = Vec::new();
        while let Some(line) = lines.recv().await {
            reader.line(&line, &mut new);
            if self.adapter.prints_json()
                && let Some(text) = output.printed.take(&line)
            {
                log.write_line(&text)?;
            }
            if output.refusal.is_none()
                && let Some(refusal) = reader.refusal()
            {
                output.refusal = Some(refusal);
                stop.cancel();
            }
            self.forward(&mut new, &mut output, &mut log, events)
                .await?;
        }
        output.end = reader.end(&mut new);
        output.activity.is_paused = matches!(output.end, Some(TurnEnd::Paused { .. }));
        self.forward(&mut new, &mut output, &mut log, events)
            .await?;
        Ok(output)
    }

    async fn forward(
        &self,
        new: &mut Vec<AgentEvent>,
        output: &mut TurnOutput,
        log: &mut Log,
        events: &mpsc::Sender<AgentEvent>,
    ) -> Result<(), AgentError> {
        for mut event in new.drain(..) {
            if let AgentEvent::Usage(used) = &mut event {
                used.cost = used.cost.or_else(|| self.cost_by_price(used));
            }
            log.write(&event)?;
            match &event {
                AgentEvent::Usage(used) => output.usage = used.clone(),
                AgentEvent::Session(id) => output.session = Some(id.clone()),
                AgentEvent::OpenItems(items) => output.activity.open_items.clone_from(items),
                AgentEvent::ToolEnded(result) => {
                    output.activity.tools_ended += 1;
                    output.activity.tools_failed += usize::from(*result == ToolResult::Failed);
                }
                _ => {}
            }
            // A receiver that is gone no longer wants to know.
            let _ = events.send(event).await;
        }
        Ok(())
    }

    /// Computes the cost of the tokens from their prices.
    fn cost_by_price(&self, used: &Usage) -> Option<Cost> {
        prices::cost(used, self.price()?)
    }

    fn price(&self) -> Option<Price> {
        prices::price_of(self.model.as_deref()?, &self.prices)
    }
}

impl Agent for CodingAgent {
    fn id(&self) -> &AgentId {
        &self.id
    }

    fn answers(&self) -> Answers {
        Answers::AsTold
    }

    fn late(&self) -> &'static [Quantity] {
        self.adapter.late(self.price())
    }

    fn project_settings(&self) -> ProjectSettings {
        self.adapter.project_settings()
    }

    fn work<'a>(
        &'a self,
        task: &'a Task,
        events: &'a mpsc::Sender<AgentEvent>,
        cancel: &'a CancellationToken,
    ) -> Working<'a> {
        Box::pin(async move {
            let (command, reader) = self.prepare(task)?;
            let (to, lines) = mpsc::channel(LINES_AHEAD);
            let kept = LineSink {
                file: task.folder.join(self.adapter.transcript()),
                sender: to,
            };
            let stop = cancel.child_token();
            let run = async {
                let kept = kept;
                process::run_with_lines(&command, &kept, &stop).await
            };
            let following = self.follow(reader, lines, task, events, &stop);
            let (finished, output) = tokio::join!(run, following);
            let finished = finished?;
            let output = output?;
            if let Some(refusal) = output.refusal
                && finished.ending == Ending::Cancelled
                && !cancel.is_cancelled()
            {
                return Err(refusal);
            }
            if output.end.is_none()
                && finished.ending == Ending::Exit(0)
                && let Some(printed) = output.printed.alone()
                && let Some(error) = error_message::classify_output(&printed)
            {
                return Err(error);
            }
            let tail = output.printed.before(&finished.tail);
            let answer = judge(finished.ending, output.end, tail)?;
            Ok(Work {
                took: finished.took,
                summary: answer,
                usage: output.usage,
                session: output.session,
                activity: output.activity,
            })
        })
    }
}

/// The result of a turn, read from its output.
#[derive(Default)]
struct TurnOutput {
    usage: Usage,
    session: Option<SessionId>,
    activity: Activity,
    /// The refusal at which the program was stopped.
    refusal: Option<AgentError>,
    end: Option<TurnEnd>,
    /// What the program printed beside its own language.
    printed: PrintedLines,
}

/// Returns the answer of a turn that ended well.
pub(super) fn judge(
    ending: Ending,
    end: Option<TurnEnd>,
    tail: String,
) -> Result<Option<String>, AgentError> {
    match (ending, end) {
        // batch ended it, which explains whatever the agent reported.
        (Ending::Cancelled | Ending::TimedOut(_) | Ending::Silent(_), _) => {
            Err(AgentError::of(ending, tail))
        }
        // The agent reported its failure before anything ended it.
        (_, Some(TurnEnd::Failed(error))) => Err(error),
        (
            Ending::Exit(0),
            Some(
                TurnEnd::Done { answer }
                | TurnEnd::Answered { answer }
                | TurnEnd::Paused { answer },
            ),
        ) => Ok(trimmed(answer)),
        // What breaks down after its last word has done its work.
        (ending, Some(TurnEnd::Done { answer }))
            if ending.is_kill()
                || ending.is_crash()
                || matches!(ending, Ending::OutOfMemory(_)) =>
        {
            Ok(trimmed(answer))
        }
        (Ending::Exit(0), None) => Err(AgentError::Unfinished { ending, tail }),
        (ending @ Ending::OutOfMemory(_), _) => Err(AgentError::of(ending, tail)),
        (ending, _) if ending.is_kill() || ending.is_crash() => Err(AgentError::of(ending, tail)),
        (ending, _) => Err(match error_message::classify_output(&tail) {
            Some(error) => error,
            None => AgentError::of(ending, tail),
        }),
    }
}

fn trimmed(answer: Option<String>) -> Option<String> {
    answer
        .map(|answer| answer.trim().to_owned())
        .filter(|answer| !answer.is_empty())
}

/// Renames the transcript of an earlier turn, and returns the transcripts of all earlier turns, the last one first.
fn keep_earlier(folder: &Path, name: &str) -> Result<Vec<PathBuf>, AgentError> {
    let numbered = |number: usize| folder.join(format!("{number}-{name}"));
    let mut earlier = Vec::new();
    while numbered(earlier.len() + 1).exists() {
        earlier.push(numbered(earlier.len() + 1));
    }
    let path = folder.join(name);
    if path.exists() {
        let kept = numbered(earlier.len() + 1);
        if let Err(source) = std::fs::rename(&path, &kept) {
            return Err(AgentError::File {
                what: "renamed",
                path,
                source,
            });
        }
        earlier.push(kept);
    }
    earlier.reverse();
    Ok(earlier)
}
