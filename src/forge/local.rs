//! Pull requests without a server: one readable page each, in a folder of the repository's own state.
//!
//! Knows nothing of git: the branch it names stands in the repository already.

use std::fs;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::act::{Act, note_mark};
use super::complaint::Complaints;
use super::error::ForgeError;
use super::pull_request::{Opened, PullRequest, PullRequestRef};
use super::session::{Forge, ForgeSession, Reply};
use super::standing::{Checks, Merged, Review, Standing, State};
use super::tracking::{Tracked, Tracking};
use super::wait::WaitReporter;
use super::{markdown, text};
use crate::config::MergeMethod;

/// Keeps pull requests as Markdown pages in a folder.
#[derive(Debug, Clone)]
pub struct LocalForge {
    folder: PathBuf,
}

/// A pull request as it is kept beside its page.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    number: u64,
    title: String,
    body: String,
    head: String,
    base: String,
    state: State,
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
    /// What it is called where pull requests are told to be.
    pub const PLACE: &str = "this repository";

    /// The folder is made when the first page is written.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
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
        let extras = &request.extras;
        let record = Record {
            number: request.ordinal,
            title: text::fit_title(&request.title),
            body: request.body.clone(),
            head: request.head.clone(),
            base: request.base.clone(),
            state: if request.draft {
                State::Draft
            } else {
                State::Open
            },
            labels: extras.labels.clone(),
            reviewers: extras.reviewers.iter().map(ToString::to_string).collect(),
            assignees: extras.assignees.clone(),
            milestone: extras.milestone.clone(),
            auto_merge: extras.auto_merge,
            // What was said stays, also when the unit is published anew.
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

    fn stand(&self, which: &PullRequestRef) -> Result<Standing, ForgeError> {
        let record = self.read(&which.unit)?;
        Ok(Standing {
            number: record.number,
            url: self.page(&which.unit).to_string_lossy().into_owned(),
            title: record.title,
            state: record.state,
            head: record.head,
            base: record.base,
            commit: None,
            review: Review::None,
            checks: Checks::None,
            mergeable: None,
            behind: None,
        })
    }

    /// The page of all stands beside the folder, where no unit's page can be.
    fn list(&self, tracking: &Tracking) -> Result<Tracked, ForgeError> {
        let path = self.folder.with_extension("md");
        let before = fs::read_to_string(&path).unwrap_or_default();
        let fault = |source| ForgeError::Page {
            path: path.clone(),
            source,
        };
        let text = if tracking.is_in(&before) {
            tracking.text(&before)
        } else {
            format!("# {}\n\n{}", tracking.title(), tracking.text(""))
        };
        let folder = self.folder.parent().unwrap_or(&self.folder);
        replace(folder, &path, &text).map_err(fault)?;
        Ok(Tracked {
            number: None,
            url: path.to_string_lossy().into_owned(),
        })
    }

    fn note(&self, which: &PullRequestRef, act: &Act) -> Result<(), ForgeError> {
        let mut record = self.read(&which.unit)?;
        match act {
            Act::Ready => record.state = State::Open,
            Act::Comment(text) => record.comments.push(text.clone()),
            Act::Note { key, text } => {
                let mark = note_mark(key);
                if !record.comments.iter().any(|said| said.contains(&mark)) {
                    record.comments.push(format!("{text}\n\n{mark}"));
                }
            }
            Act::Label(labels) => {
                for label in labels {
                    if !record.labels.contains(label) {
                        record.labels.push(label.clone());
                    }
                }
            }
            Act::Close => record.state = State::Closed,
            Act::Merge { .. } => record.state = State::Merged,
            Act::Retarget(base) => record.base.clone_from(base),
        }
        self.write(&which.unit, &record)
    }
}

impl Forge for LocalForge {
    fn place(&self) -> String {
        Self::PLACE.to_owned()
    }

    /// Nothing waits for anything here.
    fn session(&self, _: WaitReporter) -> Box<dyn ForgeSession> {
        Box::new(self.clone())
    }
}

impl ForgeSession for LocalForge {
    fn open<'a>(&'a self, request: &'a PullRequest) -> Reply<'a, Opened> {
        Box::pin(async { self.open_or_replace(request) })
    }

    fn state<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, State> {
        Box::pin(async {
            // An earlier batch kept no record, and could do nothing with a page once it was written.
            let has_record = self.record(&which.unit).exists();
            match (has_record, self.page(&which.unit).exists()) {
                (true, _) => Ok(self.read(&which.unit)?.state),
                (false, true) => Ok(State::Open),
                (false, false) => Ok(State::Closed),
            }
        })
    }

    fn standing<'a>(&'a self, which: &'a PullRequestRef) -> Reply<'a, Standing> {
        Box::pin(async { self.stand(which) })
    }

    fn complaints<'a>(&'a self, _: &'a PullRequestRef) -> Reply<'a, Complaints> {
        Box::pin(std::future::ready(Ok(Complaints::default())))
    }

    fn merged<'a>(&'a self, _: &'a PullRequestRef) -> Reply<'a, Option<Merged>> {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn act<'a>(&'a self, which: &'a PullRequestRef, act: &'a Act) -> Reply<'a, ()> {
        Box::pin(async { self.note(which, act) })
    }

    fn track<'a>(&'a self, tracking: &'a Tracking) -> Reply<'a, Tracked> {
        Box::pin(async { self.list(tracking) })
    }
}

fn page(record: &Record) -> String {
    let mut page = format!(
        "# {}\n\nPull request {}, {}: {} → {}\n{}\n{}\n",
        record.title,
        record.number,
        record.state.words(),
        markdown::code(&record.head),
        markdown::code(&record.base),
        wanted(record),
        record.body.trim_end()
    );
    for comment in &record.comments {
        page.push_str("\n---\n\n");
        page.push_str(comment.trim_end());
        page.push('\n');
    }
    page
}

/// What a forge with people on it would do: a line each, of what there is.
fn wanted(record: &Record) -> String {
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
        let names: Vec<String> = names.iter().map(|name| markdown::code(name)).collect();
        format!("\n{what}: {}\n", names.join(", "))
    })
    .collect::<Vec<_>>()
    .concat()
}

/// Writes beside the page and renames, so that a reader, or a crash, never meets half a page.
fn replace(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    // Temporary files are for their owner only; a page is as readable as any other file.
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
    use crate::forge::tracking::sample;

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
            extras: PullRequestOptions::default(),
        }
    }

    #[test]
    fn a_page_is_written_and_opening_again_replaces_it() {
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
            extras: PullRequestOptions {
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
    fn what_is_done_with_it_stands_on_its_page() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let opened = forge.open_or_replace(&request()).expect("written");
        let which = PullRequestRef {
            unit: "src.ui".to_owned(),
            number: 7,
        };
        for act in [
            Act::Label(vec!["migration".to_owned()]),
            Act::Comment("Looks good.".to_owned()),
            Act::Close,
        ] {
            forge.note(&which, &act).expect("noted");
        }
        insta::assert_snapshot!(fs::read_to_string(&opened.url).expect("page"), @r"
        # Use hooks

        Pull request 7, closed: `batch/r1/src.ui` → `main`

        Labels: `migration`

        All of it.

        ---

        Looks good.
        ");
        assert_eq!(forge.stand(&which).expect("there").state, State::Closed);
    }

    #[test]
    fn the_list_of_all_is_a_page_beside_them() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let first = forge.list(&sample(1)).expect("written");
        assert_eq!(forge.list(&sample(2)).expect("written"), first);
        let text = fs::read_to_string(folder.path().join("prs.md")).expect("page");
        assert!(
            text.starts_with("# use hooks --> @all\n\n```text\n"),
            "{text}"
        );
        assert!(text.contains("1 of 2 merged"), "{text}");
    }
}
