//! Pull requests without a server: one readable page each, in a folder of the repository's own state.
//!
//! Knows nothing of git: the branch it names stands in the repository already.

use std::fs;
use std::io::{self, Write};
#[cfg(unix)]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{
    BoxFuture, Extras, Forge, ForgeError, Opened, PullRequest, Waits, Which, markdown, text,
};

/// Keeps pull requests as Markdown pages in a folder.
#[derive(Debug)]
pub struct LocalForge {
    folder: PathBuf,
}

impl LocalForge {
    /// The folder is made when the first page is written.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn write(&self, request: &PullRequest) -> Result<Opened, ForgeError> {
        let path = self.folder.join(format!("{}.md", request.unit));
        let existed = path.exists();
        replace(&self.folder, &path, &page(request)).map_err(|source| ForgeError::Page {
            path: path.clone(),
            source,
        })?;
        Ok(Opened {
            number: request.ordinal,
            url: path.to_string_lossy().into_owned(),
            existed,
            notes: Vec::new(),
        })
    }
}

impl Forge for LocalForge {
    fn name(&self) -> &'static str {
        "local"
    }

    fn place(&self) -> String {
        "this repository".to_owned()
    }

    fn open<'a>(
        &'a self,
        request: &'a PullRequest,
        _: &'a Waits,
    ) -> BoxFuture<'a, Result<Opened, ForgeError>> {
        Box::pin(async move { self.write(request) })
    }

    fn is_open<'a>(
        &'a self,
        which: &'a Which,
        _: &'a Waits,
    ) -> BoxFuture<'a, Result<bool, ForgeError>> {
        Box::pin(async move { Ok(self.folder.join(format!("{}.md", which.unit)).exists()) })
    }
}

fn page(request: &PullRequest) -> String {
    let state = if request.draft { "draft" } else { "open" };
    format!(
        "# {}\n\nPull request {}, {state}: {} → {}\n{}\n{}\n",
        text::fit_title(&request.title),
        request.ordinal,
        markdown::code(&request.head),
        markdown::code(&request.base),
        wanted(&request.extras),
        request.body.trim_end()
    )
}

/// What a forge with people on it would do: a line each, of what there is.
fn wanted(extras: &Extras) -> String {
    let reviewers: Vec<String> = extras.reviewers.iter().map(ToString::to_string).collect();
    let milestone: Vec<String> = extras.milestone.iter().cloned().collect();
    [
        ("Labels", &extras.labels),
        ("Reviewers", &reviewers),
        ("Assignees", &extras.assignees),
        ("Milestone", &milestone),
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
            extras: Extras::default(),
        }
    }

    #[test]
    fn a_page_is_written_and_opening_again_replaces_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let forge = LocalForge::new(folder.path().join("prs"));
        let first = forge.write(&request()).expect("written");
        insta::assert_snapshot!(fs::read_to_string(&first.url).expect("page"), @r"
        # Use hooks

        Pull request 7, open: `batch/r1/src.ui` → `main`

        All of it.
        ");
        assert_eq!((first.number, first.existed), (7, false));

        let again = PullRequest {
            draft: true,
            body: "New words.".to_owned(),
            extras: Extras {
                labels: vec!["migration".to_owned(), "a`b".to_owned()],
                reviewers: vec![crate::forge::Reviewer::named("acme/web")],
                ..Extras::default()
            },
            ..request()
        };
        let second = forge.write(&again).expect("written");
        assert_eq!((&second.url, second.existed), (&first.url, true));
        let text = fs::read_to_string(&first.url).expect("page");
        assert!(text.contains("7, draft") && text.ends_with("New words.\n"));
        assert!(
            text.contains("\n\nLabels: `migration`, ``a`b``\n\nReviewers: `@acme/web`\n\nNew"),
            "{text}"
        );
        let left = fs::read_dir(folder.path().join("prs")).expect("folder");
        assert_eq!(left.count(), 1, "temporary files stay behind");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("file");
        let error = LocalForge::new(file.clone()).write(&request()).unwrap_err();
        let expected = format!("page {}", file.join("src.ui.md").display());
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
