//! The log for people, beside the raw transcript: what the agent said and which tools it used.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::agent::error::AgentError;
use crate::agent::event::AgentEvent;
use crate::agent::task::Task;
use crate::words::{self, Redactor};

pub(super) struct Log {
    path: PathBuf,
    file: File,
    redactor: Redactor,
}

impl Log {
    /// Creates the log, or opens the one of earlier turns.
    pub(super) fn open(task: &Task) -> Result<Self, AgentError> {
        let path = task.log();
        let file = match &task.feedback {
            None => File::create(&path),
            Some(_) => File::options().create(true).append(true).open(&path),
        };
        match file {
            Ok(file) => Ok(Self {
                path,
                file,
                redactor: task.environment.redactor().clone(),
            }),
            Err(source) => Err(write_error(&path, source)),
        }
    }

    pub(super) fn write(&mut self, event: &AgentEvent) -> Result<(), AgentError> {
        let line = match event {
            AgentEvent::Text(text) => text.trim_end().to_owned(),
            AgentEvent::Tool { name, about } => {
                let about = about.as_deref().map(words::line).unwrap_or_default();
                format!("▸ {name} {about}").trim_end().to_owned()
            }
            AgentEvent::Interrupted { interruption, wait } => match wait {
                Some(wait) => format!("… {interruption}; it continues in {wait:.1?}"),
                None => format!("… {interruption}"),
            },
            AgentEvent::OpenItems(items) if items.is_empty() => return Ok(()),
            AgentEvent::OpenItems(items) => format!("☐ {}", words::line(&items.join("; "))),
            AgentEvent::ToolEnded(_) | AgentEvent::Session(_) | AgentEvent::Usage(_) => {
                return Ok(());
            }
        };
        self.write_line(&line)
    }

    /// Writes a line that the program printed beside its own language.
    pub(super) fn write_line(&mut self, line: &str) -> Result<(), AgentError> {
        let line = self.redactor.text(line);
        writeln!(self.file, "{line}").map_err(|source| write_error(&self.path, source))
    }
}

fn write_error(path: &Path, source: io::Error) -> AgentError {
    AgentError::File {
        what: "written",
        path: path.to_owned(),
        source,
    }
}
