//! Coding agents: programs of others that work by a model. Each is started once, without a person at hand, reads its
//! task from standard input, and tells what it does line by line in a form of its own.
//!
//! What is common stands here: starting, listening, limits, and the rule for success, which is exit code 0 *and* a last
//! word that says so, for an exit code alone proves nothing. What is peculiar to one program is a [`Cli`] in a file of
//! its own. The facts those rest on are in docs/agents.md.

mod aider;
mod claude;
mod codex;
mod copilot;
mod fault;
mod found;
mod gemini;
mod log;
mod opencode;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub use self::found::{Choice, ChooseError, Found, choose, find, tried};
use self::log::Log;
use super::prompt::whole;
use super::{
    Agent, AgentError, AgentEvent, AgentId, BoxFuture, Cost, SessionId, Task, Usage, Work,
    make_folder, prices, write_file,
};
use crate::config::{CodingAgentSpec, CodingKind, Price};
use crate::process::{self, Command, Ending, LineSink, ProcessError};

/// How long it may be silent unless something else is asked for: some hang for ever on an answer that was cut off. A
/// long build that it waits for is silent, too.
const USUAL_IDLE: Duration = Duration::from_mins(15);

/// So many lines may wait for their reader.
const LINES_AHEAD: usize = 64;

/// The user's variables, by name.
type Variable<'a> = dyn Fn(&str) -> Option<&'a OsStr> + 'a;

/// What is peculiar to one coding agent's program.
trait Cli: Send + Sync {
    /// The variables that hold its keys: only these of all secrets does it get to see.
    fn keys(&self) -> &'static [&'static str];

    /// The version that docs/agents.md tells of.
    fn tried(&self) -> &'static str;

    /// The file that holds the user's login, given their variables.
    fn login(&self, variable: &Variable<'_>) -> Option<PathBuf>;

    /// How it is started.
    fn invocation(&self, ask: &Ask<'_>) -> Result<Invocation, AgentError>;

    /// Understands what it says.
    fn reader(&self, ask: &Ask<'_>) -> Box<dyn Reader>;

    /// What the file is called that keeps all it says.
    fn transcript(&self) -> &'static str {
        "transcript.jsonl"
    }
}

/// What is to be asked of it.
struct Ask<'a> {
    task: &'a Task,
    model: Option<&'a str>,
    /// A file with what it is told.
    prompt: &'a Path,
    /// A folder that it may keep its state in from one turn to the next.
    home: &'a Path,
    /// The session to go on with.
    session: Option<&'a SessionId>,
    /// The transcript of the turn before, if there was one.
    earlier: Option<&'a Path>,
    /// Its keys out of the user's environment.
    keys: &'a [(OsString, OsString)],
}

impl Ask<'_> {
    /// Whether it has a key and needs no login of the user's.
    fn has_key(&self) -> bool {
        !self.keys.is_empty()
    }

    fn key(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.keys.iter().find(|(key, _)| key.as_os_str() == name)?;
        Some(value)
    }
}

/// How one turn is started.
#[derive(Debug, Default)]
struct Invocation {
    args: Vec<OsString>,
    /// Those that come after the user's own.
    last: Vec<OsString>,
    env: Vec<(&'static str, OsString)>,
    /// The prompt is named in `args` and not given on standard input.
    prompt_is_named: bool,
}

impl Invocation {
    fn args<I: IntoIterator<Item: Into<OsString>>>(&mut self, args: I) -> &mut Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    fn last<I: IntoIterator<Item: Into<OsString>>>(&mut self, args: I) -> &mut Self {
        self.last.extend(args.into_iter().map(Into::into));
        self
    }

    fn env(&mut self, name: &'static str, value: impl Into<OsString>) -> &mut Self {
        self.env.push((name, value.into()));
        self
    }
}

/// Understands the lines of one turn. What it does not know it passes over.
trait Reader: Send {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>);

    /// The last word, once it was spoken, and what there is to tell only then.
    fn end(self: Box<Self>, events: &mut Vec<AgentEvent>) -> Option<End>;
}

/// How the agent itself says that a turn ended.
#[derive(Debug)]
enum End {
    Done {
        answer: Option<String>,
    },
    /// It has answered, and may still be at the files: only that it ends by itself says that it is done.
    Answered {
        answer: Option<String>,
    },
    Failed(AgentError),
}

/// A coding agent, ready to work.
pub struct CodingAgent {
    id: AgentId,
    cli: &'static dyn Cli,
    words: Vec<OsString>,
    model: Option<String>,
    extra: Vec<String>,
    /// What tokens cost by the settings.
    prices: BTreeMap<String, Price>,
    keys: Vec<(OsString, OsString)>,
}

/// The usual name of the program, and what is peculiar to it.
fn cli(kind: CodingKind) -> &'static dyn Cli {
    match kind {
        CodingKind::Claude => &claude::Claude,
        CodingKind::Codex => &codex::Codex,
        CodingKind::Gemini => &gemini::Gemini,
        CodingKind::Opencode => &opencode::Opencode,
        CodingKind::Aider => &aider::Aider,
        CodingKind::Copilot => &copilot::Copilot,
    }
}

impl CodingAgent {
    /// Finds its program; a path is meant from `dir`. `parent` is the environment that its keys are taken from.
    pub fn new(
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
        let cli = cli(spec.kind);
        let keys = parent
            .filter(|(name, value)| {
                !value.is_empty() && cli.keys().iter().any(|key| name.as_os_str() == *key)
            })
            .collect();
        Ok(Self {
            id: spec.to_string().into(),
            cli,
            words,
            model: spec.model.clone(),
            extra: spec.args.clone(),
            prices: prices.clone(),
            keys,
        })
    }

    /// How to start it, and who understands it.
    fn prepare(&self, task: &Task) -> Result<(Command, Box<dyn Reader>), AgentError> {
        let session = task
            .follow_up
            .as_ref()
            .and_then(|follow_up| follow_up.session.as_ref());
        let text = match (&task.follow_up, session) {
            // The session knows the rest.
            (Some(follow_up), Some(_)) => follow_up.text.clone(),
            _ => whole(task),
        };
        let prompt = write_file(&task.folder, "prompt.md", text.as_bytes())?;
        let home = task.folder.join("agent");
        make_folder(&home)?;
        let earlier = keep_earlier(&task.folder, self.cli.transcript())?;
        let ask = Ask {
            task,
            model: self.model.as_deref(),
            prompt: &prompt,
            home: &home,
            session,
            earlier: earlier.as_deref(),
            keys: &self.keys,
        };
        let reader = self.cli.reader(&ask);
        let mut invocation = self.cli.invocation(&ask)?;
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
            input: (!invocation.prompt_is_named).then_some(prompt),
            limit: Some(task.limits.time),
            idle: task.limits.idle.or(Some(USUAL_IDLE)),
            log: task.folder.join("agent-stderr.log"),
        };
        Ok((command, reader))
    }
}

impl CodingAgent {
    /// Follows the lines to their end, keeps a log that people can read, and passes on what is told.
    async fn listen(
        &self,
        mut reader: Box<dyn Reader>,
        mut lines: mpsc::Receiver<String>,
        task: &Task,
        events: &mpsc::Sender<AgentEvent>,
    ) -> Result<Heard, AgentError> {
        let mut log = Log::open(task)?;
        let mut heard = Heard::default();
        let mut told = Vec::new();
        while let Some(line) = lines.recv().await {
            reader.line(&line, &mut told);
            self.pass_on(&mut told, &mut heard, &mut log, events)
                .await?;
        }
        heard.end = reader.end(&mut told);
        self.pass_on(&mut told, &mut heard, &mut log, events)
            .await?;
        Ok(heard)
    }

    async fn pass_on(
        &self,
        told: &mut Vec<AgentEvent>,
        heard: &mut Heard,
        log: &mut Log,
        events: &mpsc::Sender<AgentEvent>,
    ) -> Result<(), AgentError> {
        for mut event in told.drain(..) {
            if let AgentEvent::Usage(used) = &mut event {
                used.cost = used.cost.or_else(|| self.reckon(used));
            }
            log.write(&event)?;
            match &event {
                AgentEvent::Usage(used) => heard.usage = used.clone(),
                AgentEvent::Session(id) => heard.session = Some(id.clone()),
                _ => {}
            }
            // Whoever does not want to hear has dropped the other end.
            let _ = events.send(event).await;
        }
        Ok(())
    }

    /// What the tokens cost by the table of prices.
    fn reckon(&self, used: &Usage) -> Option<Cost> {
        prices::cost(
            used,
            prices::price_of(self.model.as_deref()?, &self.prices)?,
        )
    }
}

impl Agent for CodingAgent {
    fn id(&self) -> &AgentId {
        &self.id
    }

    fn work<'a>(
        &'a self,
        task: &'a Task,
        events: &'a mpsc::Sender<AgentEvent>,
        cancel: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<Work, AgentError>> {
        Box::pin(async move {
            let (command, reader) = self.prepare(task)?;
            let (to, lines) = mpsc::channel(LINES_AHEAD);
            let sink = LineSink {
                file: task.folder.join(self.cli.transcript()),
                sender: to,
            };
            let run = async {
                let sink = sink;
                process::run_with_lines(&command, &sink, cancel).await
            };
            let (finished, heard) = tokio::join!(run, self.listen(reader, lines, task, events));
            let finished = finished?;
            let heard = heard?;
            let answer = judge(finished.ending, heard.end, finished.tail)?;
            Ok(Work {
                took: finished.took,
                summary: answer,
                usage: heard.usage,
                session: heard.session,
            })
        })
    }
}

/// What a turn told.
#[derive(Default)]
struct Heard {
    usage: Usage,
    session: Option<SessionId>,
    end: Option<End>,
}

/// Gives the answer of a turn that ended well.
fn judge(ending: Ending, end: Option<End>, tail: String) -> Result<Option<String>, AgentError> {
    match (ending, end) {
        // What we did ourselves explains whatever the agent said of it.
        (Ending::Cancelled | Ending::TimedOut(_) | Ending::Silent(_), _) => {
            Err(AgentError::of(ending, tail))
        }
        // It had said so before anything ended it.
        (_, Some(End::Failed(error))) => Err(error),
        (Ending::Exit(0), Some(End::Done { answer } | End::Answered { answer })) => {
            Ok(trimmed(answer))
        }
        (ending, Some(End::Done { answer })) if ending.is_kill() => Ok(trimmed(answer)),
        (Ending::Exit(0), None) => Err(AgentError::Unfinished { ending, tail }),
        (ending, _) if ending.is_kill() => Err(AgentError::of(ending, tail)),
        (ending, _) => Err(match fault::of_text(&tail) {
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

/// Puts the transcript of an earlier turn aside, and says where it is.
fn keep_earlier(folder: &Path, name: &str) -> Result<Option<PathBuf>, AgentError> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(None);
    }
    let numbered = |number: usize| folder.join(format!("{number}-{name}"));
    let mut number = 1;
    while numbered(number).exists() {
        number += 1;
    }
    let kept = numbered(number);
    match std::fs::rename(&path, &kept) {
        Ok(()) => Ok(Some(kept)),
        Err(source) => Err(AgentError::File {
            what: "renamed",
            path,
            source,
        }),
    }
}

/// A file below the folder that the first variable names, or else below `usual` in the user's home.
fn below(variable: &Variable<'_>, name: &str, usual: &str, file: &str) -> Option<PathBuf> {
    let folder = match variable(name) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(variable("HOME")?).join(usual),
    };
    Some(folder.join(file))
}

/// Where the state of this unit's agent is kept, below its home.
fn state(home: &Path, name: &str) -> PathBuf {
    home.join(name)
}

/// The value of a JSON line at `pointer`, as text.
fn text<'a>(value: &'a serde_json::Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

fn number(value: &serde_json::Value, pointer: &str) -> Option<u64> {
    value.pointer(pointer)?.as_u64()
}

/// What a tool is used on: the parameter that says most, whatever the agent calls it.
fn about(input: &serde_json::Value) -> Option<String> {
    [
        "command",
        "cmd",
        "file_path",
        "filePath",
        "path",
        "pattern",
        "url",
    ]
    .iter()
    .find_map(|name| input.get(name)?.as_str())
    .map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests;
