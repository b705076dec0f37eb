//! Collects what stands against a pull request: its failed checks, with the ends of their logs, and the changes that
//! reviewers request who may write to the repository.

use serde::Deserialize;

use super::api::Api;
use super::status::{SubmittedReview, if_readable, requesting_changes};
use crate::forge::error::ForgeError;
use crate::forge::excerpt::{beginning, end_of_log};
use crate::forge::pull_request::PullRequestRef;
use crate::forge::review_feedback::{ChangeRequest, FailedCheck, FileComment, ReviewFeedback};

/// Bounds for the texts of others, in entries and in bytes: an agent reads them besides its task.
const CHECKS: usize = 10;
const SUMMARY: usize = 2_000;
const LOG: usize = 6_000;
const COMMENTS: usize = 20;
const COMMENT: usize = 1_000;
const NAME: usize = 200;
const WORDS: usize = 4_000;
/// The part of a log that is read, in bytes from its end.
const LOG_READ: usize = 256 * 1024;

/// The values of `author_association` that come with the right to write to the repository.
const TRUSTED: [&str; 3] = ["OWNER", "MEMBER", "COLLABORATOR"];

#[derive(Debug, Deserialize)]
struct Pull {
    head: Head,
}

#[derive(Debug, Deserialize)]
struct Head {
    sha: String,
}

#[derive(Debug, Deserialize)]
struct CheckRuns {
    check_runs: Vec<CheckRun>,
}

#[derive(Debug, Deserialize)]
struct CheckRun {
    id: u64,
    name: String,
    conclusion: Option<String>,
    details_url: Option<String>,
    #[serde(default)]
    output: Output,
}

#[derive(Debug, Default, Deserialize)]
struct Output {
    title: Option<String>,
    summary: Option<String>,
    text: Option<String>,
    #[serde(default)]
    annotations_count: u64,
}

#[derive(Debug, Deserialize)]
struct Annotation {
    path: String,
    start_line: Option<u64>,
    #[serde(rename = "annotation_level")]
    level: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Statuses {
    statuses: Vec<Status>,
}

#[derive(Debug, Deserialize)]
struct Status {
    context: String,
    state: String,
    description: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    pull_request_review_id: Option<u64>,
    path: String,
    line: Option<u64>,
    original_line: Option<u64>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    author_association: String,
}

impl Api<'_> {
    pub(super) async fn review_feedback_of(
        &self,
        which: &PullRequestRef,
    ) -> Result<ReviewFeedback, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let Pull { head } = self.read(&route).await?;
        let (change_requests, outsiders) = self.change_requests(&route).await?;
        Ok(ReviewFeedback {
            failed_checks: self.failed_checks(&head.sha).await?,
            change_requests,
            outsiders,
        })
    }

    async fn failed_checks(&self, commit: &str) -> Result<Vec<FailedCheck>, ForgeError> {
        let mut failed = Vec::new();
        let route = format!("/commits/{commit}/check-runs");
        let runs = self.pages(&route, |page: CheckRuns| page.check_runs).await;
        let is_bad = |run: &CheckRun| {
            let conclusion = run.conclusion.as_deref();
            !matches!(conclusion, None | Some("success" | "neutral" | "skipped"))
        };
        let runs = if_readable(runs)?.unwrap_or_default();
        for run in runs.into_iter().filter(is_bad).take(CHECKS) {
            failed.push(self.failed_check(run).await?);
        }
        let route = format!("/commits/{commit}/status");
        let statuses = self.read::<Statuses>(&route).await;
        let statuses = if_readable(statuses)?.map_or_else(Vec::new, |all| all.statuses);
        let is_bad = |status: &Status| matches!(status.state.as_str(), "failure" | "error");
        let statuses = statuses.into_iter().filter(is_bad);
        failed.extend(statuses.map(|status| FailedCheck {
            name: beginning(&status.context, NAME),
            summary: beginning(&status.description.unwrap_or_default(), SUMMARY),
            ..FailedCheck::default()
        }));
        failed.truncate(CHECKS);
        Ok(failed)
    }

    async fn failed_check(&self, run: CheckRun) -> Result<FailedCheck, ForgeError> {
        let mut comments = Vec::new();
        if run.output.annotations_count > 0 {
            let route = format!("/check-runs/{}/annotations", run.id);
            let annotations = self.pages(&route, |page: Vec<Annotation>| page).await;
            let annotations = if_readable(annotations)?.unwrap_or_default();
            let is_bad = |it: &Annotation| it.level.as_deref() != Some("notice");
            let annotations = annotations.into_iter().filter(is_bad).take(COMMENTS);
            comments.extend(annotations.map(|it| FileComment {
                path: beginning(&it.path, NAME),
                line: it.start_line,
                text: beginning(&it.message.unwrap_or_default(), COMMENT),
            }));
        }
        let log = match run.details_url.as_deref().and_then(job) {
            Some(job) => self.log(job).await,
            None => String::new(),
        };
        let Output {
            title,
            summary,
            text,
            ..
        } = run.output;
        let words = [title, summary, text].into_iter().flatten();
        let words: Vec<String> = words.filter(|it| !it.trim().is_empty()).collect();
        Ok(FailedCheck {
            name: beginning(&run.name, NAME),
            summary: beginning(&words.join("\n"), SUMMARY),
            comments,
            log,
        })
    }

    /// Returns the end of a job's log; nothing where the log is gone or the token may not read it.
    async fn log(&self, job: u64) -> String {
        let route = self.route(&format!("/actions/jobs/{job}/logs"));
        match self.client.end_of(&route, LOG_READ).await {
            Some(end) => end_of_log(&end, LOG),
            None => String::new(),
        }
    }

    /// Returns the reviews that request changes, and how many more come from outsiders.
    async fn change_requests(&self, pull: &str) -> Result<(Vec<ChangeRequest>, usize), ForgeError> {
        let route = format!("{pull}/reviews");
        let reviews: Vec<SubmittedReview> = self.pages(&route, |page| page).await?;
        let mut last = requesting_changes(reviews);
        let all = last.len();
        last.retain(|_, review| is_trusted(&review.author_association));
        let outsiders = all - last.len();
        if last.is_empty() {
            return Ok((Vec::new(), outsiders));
        }
        let route = format!("{pull}/comments");
        let comments: Vec<Comment> = self.pages(&route, |page| page).await?;
        let requests = last.into_iter().map(|(author, review)| {
            let is_part = |comment: &&Comment| {
                comment.pull_request_review_id == Some(review.id)
                    && is_trusted(&comment.author_association)
            };
            let comments = comments.iter().filter(is_part).take(COMMENTS);
            ChangeRequest {
                id: review.id,
                author,
                text: beginning(&review.body, WORDS),
                comments: comments
                    .map(|comment| FileComment {
                        path: beginning(&comment.path, NAME),
                        line: comment.line.or(comment.original_line),
                        text: beginning(&comment.body, COMMENT),
                    })
                    .collect(),
            }
        });
        Ok((requests.collect(), outsiders))
    }
}

fn is_trusted(association: &str) -> bool {
    TRUSTED.contains(&association)
}

/// Reads the job out of the address of a check run of Actions: `https://HOST/OWNER/REPO/actions/runs/RUN/job/JOB`.
fn job(details_url: &str) -> Option<u64> {
    let (_, run) = details_url.split_once("/actions/runs/")?;
    let (_, job) = run.split_once("/job/")?;
    let digits = job.find(|c: char| !c.is_ascii_digit()).unwrap_or(job.len());
    job[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_check_run_names_its_job() {
        let url = "https://github.com/acme/shop/actions/runs/12/job/345?pr=6";
        assert_eq!(job(url), Some(345));
        assert_eq!(job("https://ci.example.org/builds/7"), None);
    }
}
