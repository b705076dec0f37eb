//! What there is to say of a unit, as plain data.
//!
//! [`PullRequestFacts`] is what the caller fills in, [`View`] is what templates see of it: bounded, files by folder.

use std::collections::BTreeMap;

use serde::Serialize;

use super::markdown::shorten;

/// An agent's summary beyond this is not a summary.
const SUMMARY_LIMIT: usize = 4_000;
const FOLDERS_SHOWN: usize = 60;
const FILES_SHOWN: usize = 40;

/// All that may be said of a unit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PullRequestFacts {
    /// What the user wants changed, in their own words.
    pub instruction: String,
    pub run: String,
    pub unit: String,
    /// The unit's title.
    pub title: String,
    /// Who owns its files.
    pub owners: Vec<String>,
    /// The files that the unit changed.
    pub files: Vec<String>,
    pub insertions: usize,
    pub deletions: usize,
    pub checks: Vec<CheckLine>,
    /// What the agent said of its work.
    pub summary: Option<String>,
    pub needs: Vec<Need>,
    /// The pull request shows the changes of what it needs too, as long as that is not merged.
    pub shows_needs: bool,
    /// How many other units the plan has.
    pub siblings: usize,
    /// The base's full commit id.
    pub base: String,
    pub base_name: String,
    /// The agent in one line.
    pub agent: String,
    pub version: String,
    /// Tells two claims apart.
    pub claim_digest: String,
    /// What the repository wants every pull request's text to look like.
    pub repository_template: Option<String>,
}

/// What a check said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CheckLine {
    pub name: String,
    /// `pass`, `failed`, …
    pub verdict: String,
    pub seconds: f64,
    /// The tests that did not pass, where their names are known.
    pub tests: Vec<String>,
}

/// A unit that has to be merged before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    pub unit: String,
    pub title: String,
    /// Where its pull request is, when it is known.
    pub url: Option<String>,
}

/// A story as templates see it.
#[derive(Serialize)]
pub(super) struct View<'a> {
    /// Its summary has no blank space around it and is not endless.
    #[serde(flatten)]
    story: PullRequestFacts,
    folders: Vec<Folder<'a>>,
    folders_more: usize,
}

/// The changed files of one folder.
#[derive(Serialize)]
struct Folder<'a> {
    name: &'a str,
    files: Vec<&'a str>,
    /// How many are not in `files`.
    more: usize,
}

impl<'a> View<'a> {
    pub(super) fn of(story: &'a PullRequestFacts) -> Self {
        let mut by_folder: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in &story.files {
            let (folder, file) = path.rsplit_once('/').unwrap_or((".", path));
            by_folder.entry(folder).or_default().push(file);
        }
        let folders_more = by_folder.len().saturating_sub(FOLDERS_SHOWN);
        let folders = by_folder
            .into_iter()
            .take(FOLDERS_SHOWN)
            .map(|(name, mut files)| {
                let more = files.len().saturating_sub(FILES_SHOWN);
                files.truncate(FILES_SHOWN);
                Folder { name, files, more }
            })
            .collect();
        let summary = story.summary.as_deref().map(str::trim);
        Self {
            story: PullRequestFacts {
                summary: summary
                    .filter(|text| !text.is_empty())
                    .map(|text| shorten(text, SUMMARY_LIMIT)),
                ..story.clone()
            },
            folders,
            folders_more,
        }
    }
}

/// A made-up story with `count` of everything, to try templates on.
pub(super) fn sample(count: usize) -> PullRequestFacts {
    let word = || "x".to_owned();
    PullRequestFacts {
        instruction: word(),
        run: word(),
        unit: word(),
        title: word(),
        owners: vec![word(); count],
        files: vec!["x/x".to_owned(); count],
        insertions: count,
        deletions: count,
        checks: vec![
            CheckLine {
                name: word(),
                verdict: word(),
                seconds: 1.0,
                tests: vec![word(); count],
            };
            count
        ],
        summary: (count > 0).then(word),
        needs: vec![
            Need {
                unit: word(),
                title: word(),
                url: Some(word()),
            };
            count
        ],
        shows_needs: count > 0,
        siblings: count,
        base: word(),
        base_name: word(),
        agent: word(),
        version: word(),
        claim_digest: word(),
        repository_template: (count > 0).then(word),
    }
}
