//! What the server knows.

use super::bare::Bare;
use super::fault::{Fault, Faults, gateway};
use super::limits::Limits;
use super::{Answer, Asked, routes};

#[allow(
    clippy::struct_excessive_bools,
    reason = "each is a way that a server may have"
)]
pub struct State {
    pub address: String,
    pub bare: Bare,
    /// Numbered from 1.
    pub pulls: Vec<Pull>,
    /// Title and text of issues that are no pull requests, numbered from 1001.
    pub issues: Vec<(String, String)>,
    /// Titles, numbered from 1.
    pub milestones: Vec<String>,
    /// Who may be asked for a review and assigned, besides teams.
    pub collaborators: Vec<String>,
    /// Who asks may push to the repository.
    pub may_push: bool,
    /// Who asks has a fork of it.
    pub is_forked: bool,
    pub limits: Limits,
    pub faults: Faults,
    /// What it was asked for, whatever came of it.
    pub requests: Vec<String>,
    /// The bodies of changes.
    pub bodies: Vec<serde_json::Value>,
    /// Lists hold only what comes from the head that was asked for.
    pub heeds_heads: bool,
    /// A new pull request has a check, which runs until somebody has looked at it.
    pub checks_what_is_new: bool,
    pub allows_auto_merge: bool,
    /// A pull request is closed once somebody has looked at it.
    pub closes_what_is_looked_at: bool,
}

/// A pull request of the repository.
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is something of its own that GitHub tells"
)]
#[derive(Debug, Clone, Default)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    pub body: String,
    pub head: String,
    pub base: String,
    /// Its head is a branch of the fork.
    pub from_fork: bool,
    /// Where the head stood last.
    pub sha: String,
    pub draft: bool,
    pub open: bool,
    /// The commit by which it was merged.
    pub merged: Option<String>,
    /// The commits that it brought, once it is merged.
    pub brought: Vec<String>,
    pub labels: Vec<String>,
    pub assignees: Vec<String>,
    pub reviewers: Vec<String>,
    pub teams: Vec<String>,
    pub milestone: Option<u64>,
    /// The method by which it is merged by itself.
    pub auto_merge: Option<String>,
    /// Who said what.
    pub reviews: Vec<(String, &'static str)>,
    /// The conclusion of each check of its head; nothing while it runs.
    pub checks: Vec<Option<&'static str>>,
    /// What its failed checks say.
    pub failing: Failing,
    /// Context, state and description of each status of its head.
    pub statuses: Vec<(String, &'static str, String)>,
    /// Reviews that ask for changes, after the others.
    pub objections: Vec<Objection>,
    pub comments: Vec<String>,
    /// It was asked whether it can be merged.
    pub asked: bool,
}

/// What a failed check says.
#[derive(Debug, Clone, Default)]
pub struct Failing {
    pub summary: String,
    /// Path, line and words.
    pub annotations: Vec<(String, u64, String)>,
    /// The log of the job that it is; nothing where it is none.
    pub log: Option<String>,
}

/// A review that asks for changes.
#[derive(Debug, Clone)]
pub struct Objection {
    pub login: String,
    pub association: &'static str,
    pub body: String,
    /// Path, line and words.
    pub comments: Vec<(String, u64, String)>,
}

impl Pull {
    /// Somebody who is this to the repository asks for changes, and says something of a place.
    pub fn objects(
        &mut self,
        (login, association): (&str, &'static str),
        body: &str,
        (path, line, words): (&str, u64, &str),
    ) {
        self.objections.push(Objection {
            login: login.to_owned(),
            association,
            body: body.to_owned(),
            comments: vec![(path.to_owned(), line, words.to_owned())],
        });
    }

    /// Whose branch its head is.
    pub fn owner(&self) -> &'static str {
        if self.from_fork { "batch-user" } else { "acme" }
    }
}

impl State {
    pub fn new(address: String, bare: Bare) -> Self {
        Self {
            address,
            bare,
            pulls: Vec::new(),
            issues: Vec::new(),
            milestones: Vec::new(),
            collaborators: vec!["ada".to_owned(), "eve".to_owned()],
            may_push: true,
            is_forked: false,
            limits: Limits::default(),
            faults: Faults::default(),
            requests: Vec::new(),
            bodies: Vec::new(),
            heeds_heads: true,
            checks_what_is_new: false,
            allows_auto_merge: true,
            closes_what_is_looked_at: false,
        }
    }

    pub fn pull(&mut self, number: u64) -> &mut Pull {
        let at = usize::try_from(number).expect("a number") - 1;
        &mut self.pulls[at]
    }

    /// The pull request of the unit with this beginning.
    pub fn of(&mut self, unit: &str) -> &mut Pull {
        let of = |pull: &&mut Pull| pull.head.contains(&format!("/{unit}"));
        self.pulls.iter_mut().find(of).expect("a pull request")
    }

    /// So many more that somebody else has opened.
    pub fn strangers(&mut self, count: usize) {
        let first = self.pulls.len() as u64 + 1;
        let stranger = |number| Pull {
            number,
            title: "Something else".to_owned(),
            head: "main".to_owned(),
            base: "main".to_owned(),
            open: true,
            ..Pull::default()
        };
        self.pulls.extend((first..).map(stranger).take(count));
    }

    /// The answer, and the fault that was planned for the request.
    pub fn answer(&mut self, asked: &Asked) -> (Answer, Option<Fault>) {
        let route = asked.path.strip_prefix("/repos/acme/shop");
        let route = route.unwrap_or(&asked.path);
        self.requests.push(format!("{} {route}", asked.method));
        if asked.is_change() {
            self.bodies.push(asked.body.clone());
        }
        // Logs lie on another host, where the token has no business.
        if let Some(job) = asked.path.strip_prefix("/logs/") {
            let job: u64 = job.parse().unwrap_or(0);
            let log = self.pull(job / 1000).failing.log.clone();
            return match (asked.authorized, log) {
                (true, _) => (Answer::message(400, "a token where none belongs"), None),
                (false, Some(log)) => (Answer::new(200, log.into()), None),
                (false, None) => (Answer::message(404, "Not Found"), None),
            };
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
        let (own, fork) = (self.bare.branches(), self.bare.fork_branches());
        for pull in self.pulls.iter_mut().filter(|pull| pull.open) {
            let branches = if pull.from_fork { &fork } else { &own };
            match branches.get(&pull.head) {
                Some(sha) => pull.sha.clone_from(sha),
                None => pull.open = false,
            }
        }
    }
}
