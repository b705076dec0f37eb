//! The facts about a unit that the texts of its pull request may use.
//!
//! The caller fills in [`PullRequestFacts`]; templates see a [`TemplateView`] of them: bounded, with files by folder.

use std::collections::BTreeMap;

use serde::Serialize;

use super::markdown::shorten;

/// The longest summary, in characters.
const SUMMARY_LIMIT: usize = 4_000;
const FOLDERS_SHOWN: usize = 60;
const FILES_SHOWN: usize = 40;

/// The facts about a unit and its change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PullRequestFacts {
    /// The change that the user wants, in their own words.
    pub(crate) instruction: String,
    pub(crate) run: String,
    pub(crate) unit: String,
    /// The unit's title.
    pub(crate) title: String,
    /// The owners of its files.
    pub(crate) owners: Vec<String>,
    /// The files that the unit changed.
    pub(crate) files: Vec<String>,
    /// How many files the plan gave it.
    pub(crate) claimed: usize,
    /// The files among these that it left as they were.
    pub(crate) unchanged: Vec<String>,
    /// How many uses of the old code are left in the files that the plan gave it, and in which of them.
    pub(crate) old_uses: usize,
    pub(crate) old_use_files: Vec<String>,
    /// The new files among them that the plan did not name.
    pub(crate) created: Vec<String>,
    /// The other files among them that the plan did not name.
    pub(crate) companions: Vec<String>,
    /// The files among them that commands made.
    pub(crate) regenerated: Vec<MadeLine>,
    /// What a reviewer should look at in the content: a place and what is there.
    pub(crate) findings: Vec<String>,
    pub(crate) insertions: usize,
    pub(crate) deletions: usize,
    pub(crate) checks: Vec<CheckLine>,
    /// How many other units were checked together with this one before any was published.
    pub(crate) tested_with: usize,
    /// The agent's own summary of its work.
    pub(crate) summary: Option<String>,
    /// What of it does not agree with what is known, a sentence for each claim.
    pub(crate) doubts: Vec<String>,
    pub(crate) needs: Vec<Need>,
    /// Whether the pull request also shows the changes of the units that it needs, until those are merged.
    pub(crate) shows_needs: bool,
    /// How many other units the plan has.
    pub(crate) siblings: usize,
    /// The base's full commit id.
    pub(crate) base: String,
    pub(crate) base_name: String,
    /// The agent in one line.
    pub(crate) agent: String,
    pub(crate) version: String,
    /// What kept agents and checks from what is not theirs, in words; none where there were none.
    pub(crate) sandbox: Option<String>,
    /// A digest of the claim.
    pub(crate) claim_digest: String,
    /// The repository's own template for pull requests.
    pub(crate) repository_template: Option<String>,
}

/// A command, and the files that it made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MadeLine {
    pub(crate) run: String,
    pub(crate) files: Vec<String>,
}

/// The result of a check.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct CheckLine {
    pub(crate) name: String,
    /// `pass`, `failed`, …
    pub(crate) verdict: String,
    pub(crate) seconds: f64,
    /// The names of the tests that did not pass, where they are known.
    pub(crate) tests: Vec<String>,
}

/// A unit that has to be merged first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Need {
    pub(crate) unit: String,
    pub(crate) title: String,
    /// The address of its pull request, where it is known.
    pub(crate) url: Option<String>,
}

/// The facts as templates see them.
#[derive(Serialize)]
pub(super) struct TemplateView<'a> {
    /// Their summary is trimmed and bounded.
    #[serde(flatten)]
    facts: PullRequestFacts,
    folders: Vec<Folder<'a>>,
    folders_more: usize,
}

/// The changed files of one folder.
#[derive(Serialize)]
struct Folder<'a> {
    name: &'a str,
    files: Vec<&'a str>,
    /// How many files are not listed.
    more: usize,
}

impl<'a> TemplateView<'a> {
    pub(super) fn of(facts: &'a PullRequestFacts) -> Self {
        let mut by_folder: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for path in &facts.files {
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
        let summary = facts.summary.as_deref().map(str::trim);
        Self {
            facts: PullRequestFacts {
                summary: summary
                    .filter(|text| !text.is_empty())
                    .map(|text| shorten(text, SUMMARY_LIMIT)),
                ..facts.clone()
            },
            folders,
            folders_more,
        }
    }
}

/// Makes up facts with `count` of everything, to try templates on.
pub(super) fn sample(count: usize) -> PullRequestFacts {
    let word = || "x".to_owned();
    PullRequestFacts {
        instruction: word(),
        run: word(),
        unit: word(),
        title: word(),
        owners: vec![word(); count],
        files: vec!["x/x".to_owned(); count],
        claimed: 2 * count,
        unchanged: vec!["x/x".to_owned(); count],
        old_uses: count,
        old_use_files: vec!["x/x".to_owned(); count],
        created: vec!["x/x".to_owned(); count],
        companions: vec!["x/x".to_owned(); count],
        regenerated: vec![
            MadeLine {
                run: word(),
                files: vec!["x/x".to_owned(); count],
            };
            count
        ],
        findings: vec!["x/x: x".to_owned(); count],
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
        tested_with: count,
        summary: (count > 0).then(word),
        doubts: vec![word(); count],
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
        sandbox: Some(word()),
        claim_digest: word(),
        repository_template: (count > 0).then(word),
    }
}
