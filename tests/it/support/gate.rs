//! A place where agents wait for the test, and the test for agents.

use std::fs;
use std::path::{Path, PathBuf};

use nix::unistd::Pid;

use super::Repo;
use super::session::in_time;

/// Two named pipes: agents that call `wait_at_gate` tell of their start on one, and wait for a word on the other.
pub struct Gate {
    started: PathBuf,
    go: PathBuf,
}

impl Gate {
    pub(super) fn of(repo: &Repo) -> Self {
        Self {
            started: repo.fifo("started"),
            go: repo.fifo("go"),
        }
    }

    /// Waits until the next agent has begun, and gives its process.
    #[track_caller]
    pub fn wait(&self) -> Pid {
        let text = read(&self.started);
        Pid::from_raw(text.trim().parse().expect("a process id"))
    }

    /// Lets the agent that waits go on, with a word for it.
    #[track_caller]
    pub fn let_go(&self, word: &str) {
        let (go, word) = (self.go.clone(), format!("{word}\n"));
        in_time("no agent waits", move || fs::write(go, word)).expect("the pipe");
    }
}

/// What somebody writes into this named pipe.
#[track_caller]
pub fn read(pipe: &Path) -> String {
    let pipe = pipe.to_owned();
    in_time("nobody has begun", move || fs::read_to_string(pipe)).expect("the pipe")
}
