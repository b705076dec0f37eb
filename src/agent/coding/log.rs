//! The log that a person reads: what the agent said and which tools it used, beside the raw transcript.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::agent::{AgentError, AgentEvent, Task};
use crate::words;

pub(super) struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// A new log, or that of the turns before.
    pub(super) fn open(task: &Task) -> Result<Self, AgentError> {
        let path = task.log();
        let file = match &task.follow_up {
            None => File::create(&path),
            Some(_) => File::options().create(true).append(true).open(&path),
        };
        match file {
            Ok(file) => Ok(Self { path, file }),
            Err(source) => Err(fault(&path, source)),
        }
    }

    pub(super) fn write(&mut self, event: &AgentEvent) -> Result<(), AgentError> {
        let line = match event {
            AgentEvent::Text(text) => text.trim_end().to_owned(),
            AgentEvent::Tool { name, about } => {
                let about = about.as_deref().map(words::line).unwrap_or_default();
                format!("▸ {name} {about}").trim_end().to_owned()
            }
            AgentEvent::Interrupted { pressure, wait } => match wait {
                Some(wait) => format!("… {pressure}; it goes on in {wait:.1?}"),
                None => format!("… {pressure}"),
            },
            AgentEvent::Session(_) | AgentEvent::Usage(_) => return Ok(()),
        };
        writeln!(self.file, "{line}").map_err(|source| fault(&self.path, source))
    }
}

fn fault(path: &Path, source: io::Error) -> AgentError {
    AgentError::File {
        what: "written",
        path: path.to_owned(),
        source,
    }
}
