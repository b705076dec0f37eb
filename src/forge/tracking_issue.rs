//! The issue that lists all pull requests of a run, as a task list between two marks that no reader sees.
//!
//! Text in, text out; knows no forge. What people write around the list stays.

use super::fit::fit_title;
use super::markdown::fence;
use super::pull_request::PullRequestRef;
use super::status::PullRequestState;
use crate::words::{code, without_closing_keywords, without_mentions};

/// The longest list: GitHub accepts 65,536 characters, and people write around the list.
const LIST_LIMIT: usize = 55_000;

const END: &str = "<!-- batch run end -->";

/// The contents of the issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrackingIssue {
    pub(crate) run: String,
    /// The start of the run, in milliseconds since 1970-01-01 UTC.
    pub(crate) since: i64,
    pub(crate) instruction: String,
    /// The issue's number, where the issue is known to exist.
    pub(crate) known: Option<u64>,
    pub(crate) pull_requests: Vec<TrackedPullRequest>,
}

/// A pull request on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TrackedPullRequest {
    pub(crate) unit: String,
    pub(crate) number: u64,
    pub(crate) url: String,
    pub(crate) title: String,
    pub(crate) state: PullRequestState,
}

/// An issue on a forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IssueRef {
    /// `None` on a forge that does not number issues.
    pub(crate) number: Option<u64>,
    pub(crate) url: String,
}

impl TrackingIssue {
    pub(super) fn title(&self) -> String {
        let title = without_closing_keywords(&self.instruction);
        fit_title(&without_mentions(&title))
    }

    /// Returns the issue's text with the present list; the rest of the text before stays.
    pub(super) fn text(&self, before: &str) -> String {
        let list = self.list();
        let begin = before.find(&self.mark());
        let old = begin.and_then(|begin| {
            let length = before[begin..].find(END)? + END.len();
            Some((&before[..begin], &before[begin + length..]))
        });
        match old {
            Some((above, below)) => format!("{above}{list}{below}"),
            None => format!(
                "{}\n\nThe pull requests of batch run `{}`:\n\n{list}\n",
                fence(&self.instruction),
                self.run
            ),
        }
    }

    /// Checks whether a text is that of this run's issue.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.contains(&self.mark())
    }

    fn mark(&self) -> String {
        format!("<!-- batch run {} -->", self.run)
    }

    fn list(&self) -> String {
        let mut list = format!("{}\n", self.mark());
        for (at, pull_request) in self.pull_requests.iter().enumerate() {
            let line = pull_request.line();
            if list.chars().count() + line.chars().count() > LIST_LIMIT {
                let more = format!("\nand {} more\n", self.pull_requests.len() - at);
                list.push_str(&more);
                break;
            }
            list.push_str(&line);
        }
        let all = self.pull_requests.len();
        let is_merged = |it: &&TrackedPullRequest| it.state == PullRequestState::Merged;
        let merged = self.pull_requests.iter().filter(is_merged).count();
        format!("{list}\n{merged} of {all} merged\n{END}")
    }
}

impl TrackedPullRequest {
    /// Returns the reference by which a forge finds it.
    #[must_use]
    pub(crate) fn reference(&self) -> PullRequestRef {
        PullRequestRef {
            unit: self.unit.clone(),
            number: self.number,
        }
    }

    fn line(&self) -> String {
        let tick = if self.state == PullRequestState::Merged {
            "x"
        } else {
            " "
        };
        format!(
            "- [{tick}] [#{}](<{}>) {}: {}\n",
            self.number,
            self.url,
            code(&self.title),
            self.state.words()
        )
    }
}

#[cfg(test)]
pub(super) fn sample(count: usize) -> TrackingIssue {
    let pull_request = |number: usize| TrackedPullRequest {
        unit: format!("{number:02}-a"),
        number: number as u64,
        url: format!("https://github.com/acme/shop/pull/{number}"),
        title: "clients/`js`".to_owned(),
        state: if number == 1 {
            PullRequestState::Merged
        } else {
            PullRequestState::Open
        },
    };
    TrackingIssue {
        run: "20261121-k3f9".to_owned(),
        since: 1_732_147_200_000,
        instruction: "use hooks\n--> @all".to_owned(),
        known: None,
        pull_requests: (1..=count).map(pull_request).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_shows_title_link_and_state() {
        insta::assert_snapshot!(sample(2).text(""), @r"
        ```text
        use hooks
        --> @all
        ```

        The pull requests of batch run `20261121-k3f9`:

        <!-- batch run 20261121-k3f9 -->
        - [x] [#1](<https://github.com/acme/shop/pull/1>) `` clients/`js` ``: merged
        - [ ] [#2](<https://github.com/acme/shop/pull/2>) `` clients/`js` ``: open

        1 of 2 merged
        <!-- batch run end -->
        ");
        assert_eq!(sample(2).title(), "use hooks --> @ all");
    }

    #[test]
    fn text_around_the_list_stays() {
        let first = sample(1).text("");
        let edited = format!("Please hurry.\r\n{first}\nThanks.");
        let second = sample(2).text(&edited);
        assert!(second.starts_with("Please hurry.\r\n") && second.ends_with("\nThanks."));
        assert_eq!(second.matches("#1]").count(), 1);
        assert_eq!(sample(2).text(&second), second);
        assert!(sample(0).is_in(&second));
        let other = TrackingIssue {
            run: "20261121-k3f".to_owned(),
            ..sample(0)
        };
        assert!(!other.is_in(&second));
    }

    #[test]
    fn a_thousand_pull_requests_fit() {
        let text = sample(1_000).text("");
        assert!(text.chars().count() < 65_536, "{}", text.len());
        assert!(text.contains("more\n\n1 of 1000 merged"), "{text}");
    }
}
