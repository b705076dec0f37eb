//! One issue for all pull requests of a run: a list of tasks, known by a mark that no reader sees.
//!
//! Text in, text out; knows no forge. What people write around the list stays.

use super::markdown::{code, fence, one_line};
use super::pull_request::PullRequestRef;
use super::standing::State;
use super::text::fit_title;

/// GitHub takes no longer texts than 65,536 characters; the rest is for what stands around the list.
const LIST_LIMIT: usize = 55_000;

const END: &str = "<!-- batch run end -->";

/// What is to stand in the issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracking {
    pub run: String,
    /// When the run began, in milliseconds since 1970-01-01 UTC.
    pub since: i64,
    pub instruction: String,
    /// The issue's number, where it is known.
    pub known: Option<u64>,
    pub tasks: Vec<Task>,
}

/// A pull request in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub unit: String,
    pub number: u64,
    pub url: String,
    pub title: String,
    pub state: State,
}

/// The issue, where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Nothing where issues have no numbers.
    pub number: Option<u64>,
    pub url: String,
}

impl Tracking {
    pub(super) fn title(&self) -> String {
        fit_title(&one_line(&self.instruction))
    }

    /// The issue's text; of what stood there before, all but the list stays.
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

    /// Whether a text is that of this run's issue.
    pub(super) fn is_in(&self, text: &str) -> bool {
        text.contains(&self.mark())
    }

    fn mark(&self) -> String {
        format!("<!-- batch run {} -->", self.run)
    }

    fn list(&self) -> String {
        let mut list = format!("{}\n", self.mark());
        for (at, task) in self.tasks.iter().enumerate() {
            let line = task.line();
            if list.chars().count() + line.chars().count() > LIST_LIMIT {
                let more = format!("\nand {} more\n", self.tasks.len() - at);
                list.push_str(&more);
                break;
            }
            list.push_str(&line);
        }
        let merged = self.tasks.iter().filter(|it| it.state == State::Merged);
        let (merged, all) = (merged.count(), self.tasks.len());
        format!("{list}\n{merged} of {all} merged\n{END}")
    }
}

impl Task {
    /// The pull request.
    #[must_use]
    pub fn which(&self) -> PullRequestRef {
        PullRequestRef {
            unit: self.unit.clone(),
            number: self.number,
        }
    }

    fn line(&self) -> String {
        let tick = if self.state == State::Merged {
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
pub(super) fn sample(tasks: usize) -> Tracking {
    let task = |number: usize| Task {
        unit: format!("{number:02}-a"),
        number: number as u64,
        url: format!("https://github.com/acme/shop/pull/{number}"),
        title: "clients/`js`".to_owned(),
        state: if number == 1 {
            State::Merged
        } else {
            State::Open
        },
    };
    Tracking {
        run: "20261121-k3f9".to_owned(),
        since: 1_732_147_200_000,
        instruction: "use hooks\n--> @all".to_owned(),
        known: None,
        tasks: (1..=tasks).map(task).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_tells_title_link_and_state_of_each() {
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
        assert_eq!(sample(2).title(), "use hooks --> @all");
    }

    #[test]
    fn what_people_write_around_the_list_stays() {
        let first = sample(1).text("");
        let edited = format!("Please hurry.\r\n{first}\nThanks.");
        let second = sample(2).text(&edited);
        assert!(second.starts_with("Please hurry.\r\n") && second.ends_with("\nThanks."));
        assert_eq!(second.matches("#1]").count(), 1);
        assert_eq!(sample(2).text(&second), second);
        assert!(sample(0).is_in(&second));
        let other = Tracking {
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
