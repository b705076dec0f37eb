//! Pull requests without a server: one readable page each, in a folder of the repository's own state.
//!
//! Knows nothing of git: the branch that a page names is already in the repository.

use std::fs;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::action::{Action, note_mark};
use super::error::ForgeError;
use super::fit;
use super::pull_request::{Opened, PullRequest, PullRequestRef};
use super::review_feedback::ReviewFeedback;
use super::session::{Forge, ForgeSession, Reply};
use super::status::{ChecksStatus, MergeInfo, PullRequestState, PullRequestStatus, ReviewDecision};
use super::tracking_issue::{IssueRef, TrackingIssue};
use super::wait::WaitReporter;
use crate::config::MergeMethod;
use crate::words;

/// Keeps pull requests as Markdown pages in a folder.
#[derive(Debug, Clone)]
pub(crate) struct LocalForge {
    folder: PathBuf,
}

/// The data of a pull request, kept in a file beside its page.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    number: u64,
    title: String,
    body: String,
    head: String,
    base: String,
    state: PullRequestState,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    reviewers: Vec<String>,
    #[serde(default)]
    assignees: Vec<String>,
    #[serde(default)]
    milestone: Option<String>,
    #[serde(default)]
    auto_merge: Option<MergeMethod>,
    #[serde(default)]
    comments: Vec<String>,
}

impl LocalForge {
    /// The name of this place in messages and in the journal.
    pub(crate) const PLACE: &str = "this repository";

    /// Keeps the pages in `folder`, which the first page creates.
    #[must_use]
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn page(&self, unit: &str) -> PathBuf {
        self.folder.join(format!("{unit}.md"))
    }

    fn record(&self, unit: &str) -> PathBuf {
        self.folder.join(format!("{unit}.json"))
    }

    fn open_or_replace(&self, request: &PullRequest) -> Result<Opened, ForgeError> {
        let path = self.page(&request.unit);
        let existed = path.exists();
        let options = &request.options;
        let record = Record {
            number: request.ordinal,
            title: fit::fit_title(&request.title),
            body: request.body.clone(),
            head: request.head.clone(),
            base: request.base.clone(),
            state: if request.draft {
                PullRequestState::Draft
            } else {
                PullRequestState::Open
            },
            labels: options.labels.clone(),
            reviewers: options.reviewers.iter().map(ToString::to_string).collect(),
            assignees: options.assignees.clone(),
            milestone: options.milestone.clone(),
            auto_merge: options.auto_merge,
            // Comments stay when the unit is published again.
            comments: self
                .read(&request.unit)
                .map_or_else(|_| Vec::new(), |it| it.comments),
        };
        self.write(&request.unit, &record)?;
        Ok(Opened {
            number: request.ordinal,
            url: path.to_string_lossy().into_owned(),
            existed,
            notes: Vec::new(),
        })
    }

    fn write(&self, unit: &str, record: &Record) -> Result<(), ForgeError> {
        let data = serde_json::to_string_pretty(record).unwrap_or_default();
        for (path, text) in [(self.record(unit), data), (self.page(unit), page(record))] {
            replace(&self.folder, &path, &text)
                .map_err(|source| ForgeError::Page { path, source })?;
        }
        Ok(())
    }

    fn read(&self, unit: &str) -> Result<Record, ForgeError> {
        let path = self.record(unit);
        let fault = |problem: String| ForgeError::NoRecord {
            unit: unit.to_owned(),
            path: path.clone(),
            problem,
        };
        let text = fs::read_to_string(&path).map_err(|error| fault(error.to_string()))?;
        serde_json::from_str(&text).map_err(|error| fault(error.to_string()))
    }

    fn read_status(&self, which: &PullRequestRef) -> Result<PullRequestStatus, ForgeError> {
        let record = self.read(&which.unit)?;
        Ok(PullRequestStatus {
            number: record.number,
            url: self.page(&which.unit).to_string_lossy().into_owned(),
            title: record.title,
            state: record.state,
            head: record.head,
            base: record.base,
            commit: None,
            review: ReviewDecision::None,
            checks: ChecksStatus::None,
            mergeable: None,
            behind: None,
        })
    }

    /// Writes the page that lists all, beside the folder, where no unit's page can be.
    fn list(&self, issue: &TrackingIssue) -> Result<IssueRef, ForgeError> {
        let path = self.folder.with_extension("md");
        let before = fs::read_to_string(&path).unwrap_or_default();
        let fault = |source| ForgeError::Page {
            path: path.clone(),
            source,
        };
        let text = if issue.is_in(&before) {
            issue.text(&before)
        } else {
            let title = words::markdown(&issue.title());
            format!("# {title}\n\n{}", issue.text(""))
        };
        let folder = self.folder.parent().unwrap_or(&self.folder);
        replace(folder, &path, &text).map_err(fault)?;
        Ok(IssueRef {
            number: None,
            url: path.to_string_lossy().into_owned(),
        })
    }

    fn apply(&self, which: &PullRequestRef, action: &Action) -> Result<(), ForgeError> {
        let mut record = self.read(&which.unit)?;
        match action {
            Action::Ready => record.state = PullRequestState::Open,
            Action::Comment(text) => record.comments.push(text.clone()),
            Action::Note { key, text } => {
                let mark = note_mark(key);
                if !record.comments.iter().any(|text| text.contains(&mark)) {
                    record.comments.push(format!("{text}\n\n{mark}"));
                }
            }
            Action::Label(labels) => {
                for label in labels {
                    if !record.labels.contains(label) {
                        record.labels.push(label.clone());
                    }
                }
            }
            Action::Close => record.state = PullRequestState::Closed,
            Action::Merge { .. } => record.state = PullRequestState::Merged,
            Action::Retarget(base) => record.base.clone_from(base),
        }
        self.write(&which.unit, &record)
    }
}

impl Forge for LocalForge {
    fn place(&self) -> String {
        Self::PLACE.to_owned()
    }

    /// A local forge never waits.
    fn session(&self, _: WaitReporter) -> Box<dyn ForgeSession> {
        Box::new(self.clone())
    }
}

impl ForgeSession for LocalForge {
    fn open<'a>(&'a self, request: &'a PullRequest) -> Reply<'a, Opened> {
        Box::pin(async { self.open_or_replace(request) })
    }

    fn state<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, PullRequestState> {
        Box::pin(async {
            // Earlier versions kept no record, and never changed a page after it was written.
            let has_record = self.record(&which.unit).exists();
            match (has_record, self.page(&which.unit).exists()) {
                (true, _) => Ok(self.read(&which.unit)?.state),
                (false, true) => Ok(PullRequestState::Open),
                (false, false) => Ok(PullRequestState::Closed),
            }
        })
    }

    fn status<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, PullRequestStatus> {
        Box::pin(async { self.read_status(which) })
    }

    fn review_feedback<'a>(&'a self, _: &'a PullRequestRef) -> Reply<'a, ReviewFeedback> {
        Box::pin(std::future::ready(Ok(ReviewFeedback::default())))
    }

    fn merge_info<'a>(&'a self, _: &'a PullRequestRef) -> Reply<'a, Option<MergeInfo>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, which: &'a PullRequestRef, action: &'a Action) -> Reply<'a, ()> {
        Box::pin(async { self.apply(which, action) })
    }

    fn track<'a>(&'a self, issue: &'a TrackingIssue) -> Reply<'a, IssueRef> {
        Box::pin(async { self.list(issue) })
    }
}

fn page(record: &Record) -> String {
    let mut page = format!(
        "# {}\n\nPull request {}, {}: {} → {}\n{}\n{}\n",
        words::markdown(&record.title),
        record.number,
        record.state.words(),
        words::code(&record.head),
        words::code(&record.base),
        options(record),
        record.body.trim_end()
    );
    for comment in &record.comments {
        page.push_str("\n---\n\n");
        page.push_str(comment.trim_end());
        page.push('\n');
    }
    page
}

/// Lists the options that a server would apply, a line each.
fn options(record: &Record) -> String {
    let milestone: Vec<String> = record.milestone.iter().cloned().collect();
    let auto_merge = record.auto_merge.iter();
    let auto_merge: Vec<String> = auto_merge.map(|it| it.name().to_owned()).collect();
    [
        ("Labels", &record.labels),
        ("Reviewers", &record.reviewers),
        ("Assignees", &record.assignees),
        ("Milestone", &milestone),
        ("Auto-merge", &auto_merge),
    ]
    .into_iter()
    .filter(|(_, names)| !names.is_empty())
    .map(|(what, names)| {
        let names: Vec<String> = names.iter().map(|name| words::code(name)).collect();
        format!("\n{what}: {}\n", names.join(", "))
    })
    .collect::<Vec<_>>()
    .concat()
}

/// Writes beside the page and renames, so that neither a reader nor a crash ever sees half a page.
fn replace(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // A temporary file is its owner's only; a page is as readable as any other file.
    #[cfg(unix)]
    builder.permissions(fs::Permissions::from_mode(0o666));
    let mut file = builder.prefix(".page").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::PullRequestOptions;
    use crate::forge::tracking_issue::sample;

    fn request() -> PullRequest {
        PullRequest {
            run: "r1".to_owned(),
            unit: "src.ui".to_owned(),
            ordinal: 7,
            title: "Use hooks".to_owned(),
            body: "All of it.\n".to_owned(),
            head: "batch/r1/src.ui".to_owned(),
            base: "main".to_owned(),
            draft: false,
            options: PullRequestOptions::default(),
        }
    }

    #[test]
    fn opening_again_replaces_the_page() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let first = forge.open_or_replace(&request()).expect("written");
        insta::assert_snapshot!(fs::read_to_string(&first.url).expect("page"), @r"
        # Use hooks

        Pull request 7, open: `batch/r1/src.ui` → `main`

        All of it.
        ");
        assert_eq!((first.number, first.existed), (7, false));

        let again = PullRequest {
            draft: true,
            body: "New words.".to_owned(),
            options: PullRequestOptions {
                labels: vec!["migration".to_owned(), "a`b".to_owned()],
                reviewers: vec![crate::forge::Reviewer::named("acme/web")],
                ..PullRequestOptions::default()
            },
            ..request()
        };
        let second = forge.open_or_replace(&again).expect("written");
        assert_eq!((&second.url, second.existed), (&first.url, true));
        let text = fs::read_to_string(&first.url).expect("page");
        assert!(text.contains("7, draft") && text.ends_with("New words.\n"));
        assert!(
            text.contains("\n\nLabels: `migration`, ``a`b``\n\nReviewers: `@acme/web`\n\nNew"),
            "{text}"
        );
        let left = fs::read_dir(folder.path().join("prs")).expect("folder");
        assert_eq!(left.count(), 2, "temporary files stay behind");
    }

    #[test]
    fn a_title_is_text() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let request = PullRequest {
            title: "<img src=x> [a](https://b.example) @all".to_owned(),
            ..request()
        };
        let opened = forge.open_or_replace(&request).expect("written");
        let page = fs::read_to_string(&opened.url).expect("page");
        let title = r"# &lt;img src=x\> \[a\](https:\//b.example) @ all";
        assert_eq!(page.lines().next(), Some(title));
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("file");
        let error = LocalForge::new(file.clone())
            .open_or_replace(&request())
            .unwrap_err();
        let expected = format!("page {}", file.join("src.ui.json").display());
        assert!(error.to_string().contains(&expected), "{error}");
    }

    #[test]
    fn actions_show_on_the_page() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let opened = forge.open_or_replace(&request()).expect("written");
        let which = PullRequestRef {
            unit: "src.ui".to_owned(),
            number: 7,
        };
        for action in [
            Action::Label(vec!["migration".to_owned()]),
            Action::Comment("Looks good.".to_owned()),
            Action::Close,
        ] {
            forge.apply(&which, &action).expect("applied");
        }
        insta::assert_snapshot!(fs::read_to_string(&opened.url).expect("page"), @r"
        # Use hooks

        Pull request 7, closed: `batch/r1/src.ui` → `main`

        Labels: `migration`

        All of it.

        ---

        Looks good.
        ");
        assert_eq!(
            forge.read_status(&which).expect("there").state,
            PullRequestState::Closed
        );
    }

    #[test]
    fn the_list_of_all_is_a_page_beside_the_others() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let first = forge.list(&sample(1)).expect("written");
        assert_eq!(forge.list(&sample(2)).expect("written"), first);
        let text = fs::read_to_string(folder.path().join("prs.md")).expect("page");
        assert!(
            text.starts_with("# use hooks --\\> @ all\n\n```text\n"),
            "{text}"
        );
        assert!(text.contains("1 of 2 merged"), "{text}");
    }
}
