//! Where and how pull requests are opened.

use std::num::NonZeroUsize;

use clap::Args;

use crate::config::{
    ForgeChoice, ForkChoice, MergeMethod, PublishConfig, Rate, RepoName, ReviewersFrom, Unverified,
};

/// Where pull requests are opened, how fast, and with which labels, reviewers and the rest.
#[derive(Debug, Args)]
#[command(next_help_heading = "Publishing")]
pub(in crate::cli) struct PublishingFlags {
    /// Where pull requests are opened [default: auto]
    #[arg(long, value_enum, value_name = "FORGE")]
    forge: Option<ForgeChoice>,
    /// The remote to push to [default: the remote of the current branch, else origin]
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,
    /// The GitHub repository for the pull requests, if it is not the one in the remote's address
    #[arg(long, value_name = "OWNER/NAME")]
    repo: Option<RepoName>,
    /// Push to your fork: auto does so if you may not push to the remote, and makes the fork if there is none; always
    /// does so in any case; OWNER/NAME names the fork
    #[arg(
        long,
        value_name = "auto|always|never|OWNER/NAME",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "auto"
    )]
    fork: Option<ForkChoice>,
    /// Open pull requests no faster than this, such as 10/h [default: as fast as the forge accepts them]
    #[arg(long, value_name = "N/h")]
    pr_pace: Option<Rate>,
    /// How many pull requests may be open at once; the next one opens when one is merged or closed
    #[arg(long, value_name = "N")]
    max_open: Option<NonZeroUsize>,
    /// How many pull requests of one owner (by CODEOWNERS) may be open at once; pull requests of other owners go first
    #[arg(long, value_name = "N")]
    max_open_per_owner: Option<NonZeroUsize>,
    /// Open the next pull request only while fewer open pull requests than this have running checks on the forge
    #[arg(long, value_name = "N")]
    max_pending_checks: Option<NonZeroUsize>,
    /// Open pull requests as drafts
    #[arg(long)]
    draft: bool,
    /// What becomes of units with a check that verified nothing: it fails on the base as well, and names neither a test
    /// nor a file [default: hold]
    #[arg(long, value_enum, value_name = "WHAT")]
    unverified: Option<Unverified>,
    /// Push without running the repository's pre-push hook
    #[arg(long)]
    no_verify: bool,
    /// Give every pull request this label; may be given several times
    #[arg(long, value_name = "NAME")]
    label: Vec<String>,
    /// Request a review from this user; may be given several times
    #[arg(long, value_name = "LOGIN")]
    reviewer: Vec<String>,
    /// Request a review from this team; may be given several times
    #[arg(long, value_name = "TEAM")]
    team_reviewer: Vec<String>,
    /// Also request reviews from the owners of the unit's files; owners of the most files come first
    #[arg(
        long,
        value_enum,
        value_name = "codeowners",
        hide_possible_values = true
    )]
    reviewers_from: Option<ReviewersFrom>,
    /// How many reviewers a pull request gets at most, owners included [default: 15]
    #[arg(long, value_name = "N")]
    max_reviewers: Option<usize>,
    /// Assign every pull request to this user; may be given several times
    #[arg(long, value_name = "LOGIN")]
    assignee: Vec<String>,
    /// Put every pull request into this milestone, by its title or number
    #[arg(long, value_name = "TITLE")]
    milestone: Option<String>,
    /// Keep one issue that lists the run's pull requests and their states
    #[arg(long)]
    tracking_issue: bool,
    /// Let the forge merge each pull request as soon as its repository allows that [default: merge]
    #[arg(
        long,
        value_enum,
        value_name = "METHOD",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "merge"
    )]
    auto_merge: Option<MergeMethod>,
}

impl PublishingFlags {
    pub(in crate::cli) fn apply(&self, publish: &mut PublishConfig) {
        publish.forge = self.forge.or(publish.forge);
        if self.forge == Some(ForgeChoice::Local) {
            // The option in batch.toml is meant for GitHub.
            publish.repo = None;
            publish.fork = None;
        }
        if self.fork.is_some() {
            publish.fork.clone_from(&self.fork);
        }
        if self.repo.is_some() {
            publish.repo.clone_from(&self.repo);
        }
        if self.remote.is_some() {
            publish.remote.clone_from(&self.remote);
        }
        if self.draft {
            publish.draft = Some(true);
        }
        publish.unverified = self.unverified.or(publish.unverified);
        if self.no_verify {
            publish.pre_push = Some(false);
        }
        publish.pace = self.pr_pace.or(publish.pace);
        publish.max_open = self.max_open.or(publish.max_open);
        publish.max_open_per_owner = self.max_open_per_owner.or(publish.max_open_per_owner);
        publish.max_pending_checks = self.max_pending_checks.or(publish.max_pending_checks);
        for (given, set) in [
            (&self.label, &mut publish.labels),
            (&self.reviewer, &mut publish.reviewers),
            (&self.team_reviewer, &mut publish.team_reviewers),
            (&self.assignee, &mut publish.assignees),
        ] {
            if !given.is_empty() {
                set.clone_from(given);
            }
        }
        publish.reviewers_from = self.reviewers_from.or(publish.reviewers_from);
        publish.max_reviewers = self.max_reviewers.or(publish.max_reviewers);
        if self.milestone.is_some() {
            publish.milestone.clone_from(&self.milestone);
        }
        if self.tracking_issue {
            publish.tracking_issue = Some(true);
        }
        publish.auto_merge = self.auto_merge.or(publish.auto_merge);
    }
}
