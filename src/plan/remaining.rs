//! Counts the old code that is left in the files of a selection, at any commit. It makes no plan and knows no run.

use super::error::PlanError;
use super::model::LeftOut;
use super::scan::{Scan, scan};
use super::select::Selection;
use super::tracked::utf8_paths;
use crate::codemod::{OldUseCounter, OldUsePattern};
use crate::git::{CommitId, Repo};

/// The old code that is left.
#[derive(Debug, Default)]
pub(crate) struct Remaining {
    /// The files with old uses, with their number; the file with the most comes first.
    pub(crate) files: Vec<(String, usize)>,
    /// How many files the globs name.
    pub(crate) matched: usize,
    /// The files in which nothing was counted, such as generated ones, with the reason.
    pub(crate) left_out: Vec<LeftOut>,
}

impl Remaining {
    /// Counts all old uses.
    pub(crate) fn uses(&self) -> usize {
        self.files.iter().map(|(_, uses)| uses).sum()
    }
}

/// Counts the matches of `until` in the files at `commit` that a plan for these globs would take. The globs are
/// relative to the folder `prefix`. Globs that name no file are an error: they would otherwise find nothing for ever.
pub(crate) fn remaining(
    repo: &Repo,
    commit: &CommitId,
    globs: &[String],
    prefix: &str,
    until: &OldUsePattern,
) -> Result<Remaining, PlanError> {
    let selection = Selection::parse(globs, prefix)?;
    let counter = OldUseCounter::compile(until)?;
    let entries = repo.entries(commit)?;
    let scan = scan(repo, &entries, &selection, None, Some(&counter))?;
    let matched = scan.matched();
    if matched == 0 {
        let near = selection.suggest(utf8_paths(&entries));
        return Err(PlanError::NothingMatches(
            near.unwrap_or_else(|| "no tracked file matches".to_owned()),
        ));
    }
    let done = Scan::done_words();
    let (found, mut left_out) = scan.into_parts();
    left_out.retain(|left| left.reason != done);
    let reader = repo.reader(commit)?;
    let mut files = Vec::new();
    for file in found {
        let text = reader.text(&file.path).unwrap_or_default();
        files.push((file.path.clone(), counter.count(&file.path, &text)?));
    }
    files.sort_by(|(path, uses), (other, more)| more.cmp(uses).then_with(|| path.cmp(other)));
    Ok(Remaining {
        files,
        matched,
        left_out,
    })
}
