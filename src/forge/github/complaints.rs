//! Why a pull request on GitHub is not accepted: what failed checks say of its commit, with the ends of their logs, and
//! what reviewers ask for who may write to the repository.

use serde::Deserialize;

use super::api::Api;
use super::standing::{Reviewed, if_seen, objecting};
use crate::forge::complaint::{Complaints, FailedCheck, Objection, Remark, cut, end_of_log};
use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequestRef;

/// Bounds for what others wrote: whoever reads it has other things to read, too.
const CHECKS: usize = 10;
const SUMMARY: usize = 2_000;
const LOG: usize = 6_000;
const REMARKS: usize = 20;
const REMARK: usize = 1_000;
const NAME: usize = 200;
const WORDS: usize = 4_000;
/// So much of a log is looked at.
const LOG_READ: usize = 256 * 1024;

/// Who may write to the repository (`author_association`).
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
    pub(super) async fn complaints_of(
        &self,
        which: &PullRequestRef,
    ) -> Result<Complaints, ForgeError> {
        let route = format!("/pulls/{}", which.number);
        let Pull { head } = self.read(&route).await?;
        let (reviews, strangers) = self.objections(&route).await?;
        Ok(Complaints {
            checks: self.failed_checks(&head.sha).await?,
            reviews,
            strangers,
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
        let runs = if_seen(runs)?.unwrap_or_default();
        for run in runs.into_iter().filter(is_bad).take(CHECKS) {
            failed.push(self.failed_check(run).await?);
        }
        let route = format!("/commits/{commit}/status");
        let told = self.read::<Statuses>(&route).await;
        let statuses = if_seen(told)?.map_or_else(Vec::new, |told| told.statuses);
        let is_bad = |status: &Status| matches!(status.state.as_str(), "failure" | "error");
        let statuses = statuses.into_iter().filter(is_bad);
        failed.extend(statuses.map(|status| FailedCheck {
            name: cut(&status.context, NAME),
            summary: cut(&status.description.unwrap_or_default(), SUMMARY),
            ..FailedCheck::default()
        }));
        failed.truncate(CHECKS);
        Ok(failed)
    }

    async fn failed_check(&self, run: CheckRun) -> Result<FailedCheck, ForgeError> {
        let mut places = Vec::new();
        if run.output.annotations_count > 0 {
            let route = format!("/check-runs/{}/annotations", run.id);
            let told = self.pages(&route, |page: Vec<Annotation>| page);
            let told = if_seen(told.await)?.unwrap_or_default();
            let is_bad = |it: &Annotation| it.level.as_deref() != Some("notice");
            let told = told.into_iter().filter(is_bad).take(REMARKS);
            places.extend(told.map(|it| Remark {
                path: cut(&it.path, NAME),
                line: it.start_line,
                text: cut(&it.message.unwrap_or_default(), REMARK),
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
            name: cut(&run.name, NAME),
            summary: cut(&words.join("\n"), SUMMARY),
            places,
            log,
        })
    }

    /// The end of a job's log. It may be gone, or not for this token: what else is known has to do then.
    async fn log(&self, job: u64) -> String {
        let route = self.route(&format!("/actions/jobs/{job}/logs"));
        match self.client.end_of(&route, LOG_READ).await {
            Some(end) => end_of_log(&end, LOG),
            None => String::new(),
        }
    }

    /// The last words of those who ask for changes, and how many of them may not be heeded.
    async fn objections(&self, pull: &str) -> Result<(Vec<Objection>, usize), ForgeError> {
        let route = format!("{pull}/reviews");
        let reviews: Vec<Reviewed> = self.pages(&route, |page| page).await?;
        let mut last = objecting(reviews);
        let asked = last.len();
        last.retain(|_, review| is_trusted(&review.author_association));
        let strangers = asked - last.len();
        if last.is_empty() {
            return Ok((Vec::new(), strangers));
        }
        let route = format!("{pull}/comments");
        let comments: Vec<Comment> = self.pages(&route, |page| page).await?;
        let objections = last.into_iter().map(|(who, review)| {
            let of_it = |comment: &&Comment| {
                comment.pull_request_review_id == Some(review.id)
                    && is_trusted(&comment.author_association)
            };
            let places = comments.iter().filter(of_it).take(REMARKS);
            Objection {
                id: review.id,
                who,
                text: cut(&review.body, WORDS),
                places: places
                    .map(|comment| Remark {
                        path: cut(&comment.path, NAME),
                        line: comment.line.or(comment.original_line),
                        text: cut(&comment.body, REMARK),
                    })
                    .collect(),
            }
        });
        Ok((objections.collect(), strangers))
    }
}

fn is_trusted(association: &str) -> bool {
    TRUSTED.contains(&association)
}

/// The job that a check run of Actions is: `https://HOST/OWNER/REPO/actions/runs/RUN/job/JOB`.
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
    fn a_job_of_actions_is_known_by_its_address() {
        let url = "https://github.com/acme/shop/actions/runs/12/job/345?pr=6";
        assert_eq!(job(url), Some(345));
        assert_eq!(job("https://ci.example.org/builds/7"), None);
    }
}
