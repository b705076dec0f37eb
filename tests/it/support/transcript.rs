//! Several commands one after another, and what a person sees of them.

use std::ffi::OsStr;
use std::fmt;

use super::{Output, Repo, output};

/// What the commands that were run so far have shown.
pub struct Transcript<'a> {
    repo: &'a Repo,
    env: Vec<(&'static str, &'static str)>,
    numbers: Numbers,
    shown: String,
}

enum Numbers {
    Shown,
    Hidden,
}

impl<'a> Transcript<'a> {
    pub(super) fn of(repo: &'a Repo) -> Self {
        Self {
            repo,
            env: Vec::new(),
            numbers: Numbers::Shown,
            shown: String::new(),
        }
    }

    /// All commands get these variables, too.
    #[must_use]
    pub fn envs(mut self, env: impl IntoIterator<Item = (&'static str, &'static str)>) -> Self {
        self.env.extend(env);
        self
    }

    /// Shows no numbers of pull requests: of those that are ready at the same time, any may be opened first.
    #[must_use]
    pub fn without_numbers(mut self) -> Self {
        self.numbers = Numbers::Hidden;
        self
    }

    /// Runs the program, and adds what it shows.
    pub fn batch<A: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = A>) -> Output {
        let output = self.repo.batch_with(args, &self.env);
        self.add(&output);
        output
    }

    /// Adds what the program has shown.
    pub fn add(&mut self, output: &Output) {
        if !self.shown.is_empty() {
            self.shown.push('\n');
        }
        let shown = output.to_string();
        match self.numbers {
            Numbers::Shown => self.shown.push_str(&shown),
            Numbers::Hidden => self.shown.push_str(&output::without_numbers(&shown)),
        }
    }
}

impl fmt::Display for Transcript<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
