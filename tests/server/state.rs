//! What the server knows.

use super::bare::Bare;
use super::fault::{Fault, Faults, gateway};
use super::limits::Limits;
use super::{Answer, Asked, routes};

pub struct State {
    pub address: String,
    pub bare: Bare,
    /// Numbered from 1.
    pub pulls: Vec<Pull>,
    /// Titles, numbered from 1.
    pub milestones: Vec<String>,
    /// Who may be asked for a review and assigned, besides teams.
    pub collaborators: Vec<String>,
    pub limits: Limits,
    pub faults: Faults,
    /// What it was asked to change, whatever came of it.
    pub changes: Vec<String>,
    /// The bodies of those requests.
    pub bodies: Vec<serde_json::Value>,
    pub requests: usize,
}

/// A pull request of the repository.
#[derive(Debug, Clone, Default)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub head: String,
    pub base: String,
    /// Where the head stood last.
    pub sha: String,
    pub draft: bool,
    pub open: bool,
    /// The commit by which it was merged.
    pub merged: Option<String>,
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
    pub reviewers: Vec<String>,
    pub teams: Vec<String>,
    pub milestone: Option<u64>,
    /// Who said what.
    pub reviews: Vec<(String, &'static str)>,
    /// The conclusion of each check of its head; nothing while it runs.
    pub checks: Vec<Option<&'static str>>,
    pub comments: Vec<String>,
    /// It was asked whether it can be merged.
    pub asked: bool,
}

impl State {
    pub fn new(address: String, bare: Bare) -> Self {
        Self {
            address,
            bare,
            pulls: Vec::new(),
            milestones: Vec::new(),
            collaborators: vec!["ada".to_owned(), "eve".to_owned()],
            limits: Limits::default(),
            faults: Faults::default(),
            changes: Vec::new(),
            bodies: Vec::new(),
            requests: 0,
        }
    }

    pub fn pull(&mut self, number: u64) -> &mut Pull {
        let at = usize::try_from(number).expect("a number") - 1;
        &mut self.pulls[at]
    }

    /// The answer, and the fault that was planned for the request.
    pub fn answer(&mut self, asked: &Asked) -> (Answer, Option<Fault>) {
        self.requests += 1;
        if asked.is_change() {
            let route = asked.path.strip_prefix("/repos/acme/shop");
            let route = route.unwrap_or(&asked.path);
            self.changes.push(format!("{} {route}", asked.method));
            self.bodies.push(asked.body.clone());
        }
        if !asked.authorized {
            return (Answer::message(401, "Bad credentials"), None);
        }
        if let Some(refusal) = self.limits.judge(asked) {
            return (self.limited(refusal), None);
        }
        let fault = self.faults.meet(asked);
        let instead = fault.as_ref().and_then(Fault::instead);
        let answer = instead.unwrap_or_else(|| {
            self.follow_branches();
            let done = routes::answer(self, asked);
            match fault {
                Some(Fault::BadGatewayAfter) => gateway(),
                _ => done,
            }
        });
        (self.limited(answer), fault)
    }

    fn limited(&self, mut answer: Answer) -> Answer {
        answer.headers.extend(self.limits.headers());
        answer
    }

    /// An open pull request goes with its branch, and is closed with it.
    fn follow_branches(&mut self) {
        if self.pulls.iter().all(|pull| !pull.open) {
            return;
        }
        let branches = self.bare.branches();
        for pull in self.pulls.iter_mut().filter(|pull| pull.open) {
            match branches.get(&pull.head) {
                Some(sha) => pull.sha.clone_from(sha),
                None => pull.open = false,
            }
        }
    }
}
