//! The seam between the common part and one coding agent's program: how to start a turn, and how to read its output.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::agent::contract::Quantity;
use crate::agent::error::AgentError;
use crate::agent::event::{AgentEvent, SessionId};
use crate::agent::project_settings::ProjectSettings;
use crate::agent::task::Task;
use crate::config::Price;

/// The user's variables, by name.
pub(super) type Variable<'a> = dyn Fn(&str) -> Option<&'a OsStr> + 'a;

/// Everything that is specific to one coding agent's program.
pub(super) trait Adapter: Send + Sync {
    /// Names the variables with the program's keys, the only secrets that it gets.
    fn keys(&self) -> &'static [&'static str];

    /// Returns the version that docs/agents.md describes.
    fn tested_version(&self) -> &'static str;

    /// Returns the file that holds the user's login, given their variables.
    fn login_file(&self, variable: &Variable<'_>) -> Option<PathBuf>;

    /// Checks whether the program needs the folder of the user's login for its settings, even where it has a key.
    fn needs_users_folder(&self) -> bool {
        false
    }

    /// Names the files of a repository that the program would obey.
    fn project_settings(&self) -> ProjectSettings;

    /// Returns the arguments and variables that start a turn.
    fn invocation(&self, turn: &Turn<'_>) -> Result<Invocation, AgentError>;

    /// Returns the reader of a turn's output.
    fn reader(&self, turn: &Turn<'_>) -> Box<dyn TranscriptReader>;

    /// Names what the program reports only at the end of a turn, or never; `price` is the price of its
    /// tokens, if known.
    fn late(&self, price: Option<Price>) -> &'static [Quantity];

    /// Names the file that keeps the whole output.
    fn transcript(&self) -> &'static str {
        "transcript.jsonl"
    }

    /// Checks whether the program prints JSON objects, so that every other line is one beside its language.
    fn prints_json(&self) -> bool {
        true
    }
}

/// The inputs of one turn.
pub(super) struct Turn<'a> {
    pub(super) task: &'a Task,
    pub(super) model: Option<&'a str>,
    /// The file with the prompt.
    pub(super) prompt: &'a Path,
    /// A folder in which the program may keep its state between turns.
    pub(super) home: &'a Path,
    /// The session to continue.
    pub(super) session: Option<&'a SessionId>,
    /// The transcripts of the turns before in this folder, the last one first.
    pub(super) earlier: &'a [PathBuf],
    /// The program's keys out of the user's environment.
    pub(super) keys: &'a [(OsString, OsString)],
}

impl Turn<'_> {
    /// Checks whether the program has a key and needs no login of the user's.
    pub(super) fn has_key(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(super) fn key(&self, name: &str) -> Option<&OsStr> {
        let (_, value) = self.keys.iter().find(|(key, _)| key.as_os_str() == name)?;
        Some(value)
    }
}

/// How a turn is started.
#[derive(Debug, Default)]
pub(super) struct Invocation {
    pub(super) args: Vec<OsString>,
    /// The arguments after the user's own.
    pub(super) last: Vec<OsString>,
    pub(super) env: Vec<(&'static str, OsString)>,
    /// Whether `args` name the prompt, which is then not given on standard input.
    pub(super) prompt_is_named: bool,
}

impl Invocation {
    pub(super) fn args<I: IntoIterator<Item: Into<OsString>>>(&mut self, args: I) -> &mut Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    pub(super) fn last<I: IntoIterator<Item: Into<OsString>>>(&mut self, args: I) -> &mut Self {
        self.last.extend(args.into_iter().map(Into::into));
        self
    }

    pub(super) fn env(&mut self, name: &'static str, value: impl Into<OsString>) -> &mut Self {
        self.env.push((name, value.into()));
        self
    }
}

/// Reads the lines of one turn, and ignores lines that it does not know.
pub(super) trait TranscriptReader: Send {
    fn line(&mut self, line: &str, events: &mut Vec<AgentEvent>);

    /// Returns the refusal that the program reported and retries in vain: nothing is gained by waiting for its end.
    fn refusal(&mut self) -> Option<AgentError> {
        None
    }

    /// Returns the end of the turn as the program reported it, and the events that come only then.
    fn end(self: Box<Self>, events: &mut Vec<AgentEvent>) -> Option<TurnEnd>;
}

/// The end of a turn by the program's own report.
#[derive(Debug)]
pub(super) enum TurnEnd {
    Done {
        answer: Option<String>,
    },
    /// The program has answered, and may still be changing files: only its exit says that it is done.
    Answered {
        answer: Option<String>,
    },
    /// The model stopped in the middle of its work or of its answer, and would go on.
    Paused {
        answer: Option<String>,
    },
    Failed(AgentError),
}

/// Returns a file below the folder that the variable `name` holds, or else below `usual` in the user's home.
pub(super) fn file_below(
    variable: &Variable<'_>,
    name: &str,
    usual: &str,
    file: &str,
) -> Option<PathBuf> {
    let folder = match variable(name) {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(variable("HOME")?).join(usual),
    };
    Some(folder.join(file))
}
