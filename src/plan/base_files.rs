//! Keeps what is known of the files that a plan claims, so that the plan can be changed without reading the base again.

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use super::code_owners::CodeOwners;
use super::error::PlanError;
use super::files_of_work::FilesOfWork;
use super::graph::{ImportGraph, LazyGraph};
use super::model::{Plan, Size};
use super::packages::packages;
use super::scan::{File, measured};
use super::shared_files::COMMITS;
use super::together::Together;
use super::tracked::utf8_paths;
use crate::config::{Grouping, Order};
use crate::git::{CommitId, Entry, EntryKind, GitError, Repo};
use crate::imports::Language;

/// The files of a base, as far as changing a plan needs them.
pub struct BaseFiles {
    /// The files that the plan claims, by path.
    pub(super) files: Vec<File>,
    pub(super) owners: CodeOwners,
    pub(super) graph: LazyGraph,
    /// The folders that hold a manifest.
    pub(super) packages: BTreeSet<String>,
    /// Everything that the base tracks, by path.
    pub(super) entries: Rc<[Entry]>,
    /// Which files must not be mixed in a unit.
    pub(super) by: Option<Grouping>,
    /// How units come to need each other, unless a person says so.
    pub(super) order: Order,
    /// The files that must not be in different units.
    pub(super) together: Together,
    /// Returns the paths that were changed together, a list for each commit.
    pub(super) commits: Box<dyn Fn() -> Vec<Vec<String>>>,
}

impl fmt::Debug for BaseFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&String> = self.files.iter().map(|file| &file.path).collect();
        f.debug_struct("BaseFiles")
            .field("files", &files)
            .finish_non_exhaustive()
    }
}

impl BaseFiles {
    /// Reads the files that the plan claims.
    pub(crate) fn of(
        repo: &Repo,
        plan: &Plan,
        by: Option<Grouping>,
        order: Order,
    ) -> Result<Self, PlanError> {
        let claimed: BTreeSet<&str> = plan
            .units
            .iter()
            .flat_map(|unit| unit.claim.files.iter().map(String::as_str))
            .collect();
        let work = plan.existing_work();
        if let Some(files) = FilesOfWork::of(repo, &plan.base, work.as_ref())? {
            let left_out = plan.left_out.iter().flat_map(|it| &it.files);
            let known = claimed.iter().map(ToString::to_string);
            // A person may take back what was dropped.
            let mut paths: Vec<String> = known.chain(left_out.cloned()).collect();
            paths.sort();
            return Self::of_work(&files, &paths, by, order);
        }
        let entries: Rc<[Entry]> = repo.entries(&plan.base)?.into();
        let to_read: Vec<(&str, &Entry)> = entries
            .iter()
            .filter_map(|entry| Some((str::from_utf8(&entry.path).ok()?, entry)))
            .filter(|(path, _)| claimed.contains(path))
            .collect();
        Ok(Self {
            files: measured(repo, &to_read)?,
            owners: CodeOwners::of_tree(repo, &entries)?,
            graph: LazyGraph::new(repo, &plan.base, &entries),
            packages: packages(&entries),
            by,
            order,
            together: Together::default(),
            commits: commits(repo, &plan.base),
            entries,
        })
    }

    /// Reads these files, sorted by path, of a base with work on top of it.
    pub(super) fn of_work(
        files: &FilesOfWork<'_>,
        paths: &[String],
        by: Option<Grouping>,
        order: Order,
    ) -> Result<Self, PlanError> {
        let FilesOfWork { repo, base, work } = files;
        let entries: Rc<[Entry]> = files.entries()?.into();
        let to_read: Vec<(&str, &Entry)> = entries
            .iter()
            .filter(|entry| entry.kind != EntryKind::Submodule)
            .filter_map(|entry| Some((str::from_utf8(&entry.path).ok()?, entry)))
            .filter(|(path, _)| paths.binary_search_by(|it| it.as_str().cmp(path)).is_ok())
            .collect();
        let names = to_read.iter().map(|(path, _)| *path);
        let after: Rc<[Entry]> = repo.entries(work)?.into();
        Ok(Self {
            together: Together::of(names, files.renamed()?),
            files: measured(repo, &to_read)?,
            owners: CodeOwners::of_tree(repo, &entries)?,
            graph: LazyGraph::new(repo, work, &after),
            packages: packages(&entries),
            by,
            order,
            commits: commits(repo, base),
            entries,
        })
    }

    /// Returns what is known of a file that the plan claims.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        let place = self.files.binary_search_by(|file| (*file.path).cmp(path));
        Some(&self.files[place.ok()?])
    }

    /// Returns the size of a file, if it is known.
    pub(crate) fn size(&self, path: &str) -> Option<Size> {
        self.file(path).map(|file| file.size)
    }

    /// Returns the import graph of the base; the first call reads it.
    pub(crate) fn graph(&self) -> Result<&ImportGraph, GitError> {
        self.graph.get()
    }

    /// Returns the import graph if imports decide which unit these files are in.
    pub(super) fn deciding_graph<'a>(
        &self,
        mut files: impl Iterator<Item = &'a str>,
    ) -> Result<Option<&ImportGraph>, GitError> {
        let decides = match self.by {
            Some(Grouping::Folder) => false,
            Some(Grouping::Owner) | None => files.any(|path| Language::of_path(path).is_some()),
        };
        decides.then(|| self.graph()).transpose()
    }

    /// Checks whether the base has this file.
    pub(crate) fn tracks(&self, path: &str) -> bool {
        let place = self
            .entries
            .binary_search_by(|entry| (*entry.path).cmp(path.as_bytes()));
        place.is_ok()
    }

    /// Checks whether the base has files below a folder, whose name ends in a slash.
    pub(super) fn has_below(&self, folder: &str) -> bool {
        let first = self
            .entries
            .partition_point(|entry| *entry.path < *folder.as_bytes());
        let first = self.entries.get(first);
        first.is_some_and(|entry| entry.path.starts_with(folder.as_bytes()))
    }

    /// Returns all paths that the base tracks, except names that are not UTF-8.
    pub(super) fn tracked(&self) -> impl Iterator<Item = &str> {
        utf8_paths(&self.entries)
    }

    /// Returns the owners of a file.
    pub(crate) fn owners(&self, path: &str) -> &[String] {
        self.owners.of(path)
    }
}

#[cfg(test)]
impl BaseFiles {
    /// Makes files of ten bytes and one line each, with the text of a CODEOWNERS file.
    pub(crate) fn fixture<'a>(paths: impl IntoIterator<Item = &'a str>, owners: &str) -> Self {
        let file = |path: &str| File {
            path: path.to_owned(),
            size: Size {
                lines: 1,
                bytes: 10,
            },
            shared_kind: None,
        };
        let mut files: Vec<File> = paths.into_iter().map(file).collect();
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        let entry = |file: &File| Entry {
            path: file.path.clone().into_bytes(),
            blob: git2::Oid::from_bytes(&[0; 20]).unwrap(),
            kind: EntryKind::File,
        };
        Self {
            owners: CodeOwners::parse("CODEOWNERS", owners.as_bytes()),
            graph: LazyGraph::empty(),
            packages: BTreeSet::new(),
            entries: files.iter().map(entry).collect(),
            by: None,
            order: Order::None,
            together: Together::default(),
            commits: Box::new(Vec::new),
            files,
        }
    }
}

/// Reads on demand which files changed together before the base. A history that cannot be read only makes the units
/// slightly worse.
pub(super) fn commits(repo: &Repo, base: &CommitId) -> Box<dyn Fn() -> Vec<Vec<String>>> {
    let (repo, base) = (repo.clone(), base.clone());
    Box::new(move || {
        repo.changed_together(&base, COMMITS)
            .unwrap_or_else(|error| {
                tracing::warn!("cannot find out which files change together: {error}");
                Vec::new()
            })
    })
}
