//! The three kinds of workers, each of which can run the text of an attack.

use std::fmt;

use crate::support::{Output, Repo, SIGN};

/// Who runs the attack.
#[derive(Debug, Clone, Copy)]
pub enum Worker {
    Agent,
    Check,
    Setup,
}

/// Every kind of worker.
pub const WORKERS: [Worker; 3] = [Worker::Agent, Worker::Check, Worker::Setup];

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::Check => "check",
            Self::Setup => "setup",
        })
    }
}

impl Worker {
    /// Runs a migration in which this worker runs the shell text `attack` in each unit; the agents sign all files.
    pub fn attacks(self, repo: &Repo, attack: &str, more: &[&str]) -> Output {
        // What the attack prints and whether it succeeds must not matter.
        let attack = repo.program("attack", &format!("set +e\n{attack}\nexit 0"));
        let attack = attack.to_string_lossy();
        let migrate = repo.migrate().in_order().with(more);
        let migrate = match self {
            Self::Agent => migrate.agent(&format!("{attack}\nsign\n{attack}")),
            Self::Check => migrate.agent(SIGN).check(&attack),
            Self::Setup => migrate.agent(SIGN).with(["--setup", &*attack]),
        };
        migrate.run()
    }
}
