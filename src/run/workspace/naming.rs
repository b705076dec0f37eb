//! The names of a run's branches, checkout folders and refs: templates from the settings, filled in with ids.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::git::{BranchName, Repo, without_dots};
use crate::plan::UnitId;
use crate::run::log::run_id::RunId;

/// Returns the name under which git registers a unit's checkout.
#[must_use]
pub fn worktree_name(run: &RunId, unit: &UnitId) -> String {
    format!("batch-{run}-{unit}")
}

/// Returns the ref that keeps the work of a candidate; `number` counts from 1.
#[must_use]
pub(crate) fn candidate_ref(run: &RunId, unit: &UnitId, number: usize) -> String {
    format!("refs/batch/left/{run}/{unit}.rival-{number}")
}

/// Returns the ref that keeps a unit's work with the removals that a later unit makes.
pub(crate) fn deferred_tree(run: &RunId, unit: &UnitId) -> String {
    format!("refs/batch/left/{run}/{unit}.deferred")
}

/// Returns the ref that keeps the content before or after a command worked once for all units.
pub(crate) fn whole_work_ref(run: &RunId, moment: &str) -> String {
    format!("refs/batch/left/{run}/whole.{moment}")
}

/// Returns the ref that keeps the part of existing work with which a unit begins.
pub(crate) fn part_of_work(run: &RunId, unit: &UnitId) -> String {
    format!("refs/batch/left/{run}/{unit}.work")
}

/// Returns the ref that keeps a branch with other people's commits.
pub(crate) fn set_aside_ref(run: &RunId, unit: &UnitId) -> String {
    format!("refs/batch/left/{run}/{unit}")
}

/// Returns the prefix of the refs that keep a unit's trees until they are in a commit.
pub(crate) fn kept_trees(run: &RunId, unit: &UnitId) -> String {
    // The id of the base begins with a dot, as no part of a ref may (git-check-ref-format(1)).
    format!("refs/batch/kept/{}/", worktree_name(run, unit))
}

/// The templates of branch names and checkout folders, with `{run}` and `{unit}`, and for folders `{repo}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    branch: String,
    folder: PathBuf,
}

/// Why a template cannot give every unit its own name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NamingError {
    #[error(
        "the {what} template {template:?} has no {{{missing}}}, so two units or runs would share a name"
    )]
    Missing {
        what: &'static str,
        template: String,
        missing: &'static str,
    },
    #[error("the {what} template {template:?} holds {{{unknown}}}; there are {known}")]
    Unknown {
        what: &'static str,
        template: String,
        unknown: String,
        known: &'static str,
    },
}

impl Naming {
    /// Reads the templates of the settings for this repository.
    pub fn of(config: &Config, repo: &Repo) -> Result<Self, NamingError> {
        let dir = config.worktrees.dir.as_deref();
        // A folder of the settings counts from the repository, also inside a larger project.
        let home = dir.map_or_else(|| repo.home(), |_| repo.main_checkout());
        Self::new(config.publish.branch.as_deref(), dir, home, &repo.name())
    }

    /// Checks the templates, or takes the usual ones. `home` is the repository's main checkout, `repo` its name.
    fn new(
        branch: Option<&str>,
        folder: Option<&str>,
        home: &Path,
        repo: &str,
    ) -> Result<Self, NamingError> {
        let branch = branch.unwrap_or("batch/{run}/{unit}");
        let folder = folder.unwrap_or("../{repo}.batch/{run}/{unit}");
        check("branch", branch, &["run", "unit"], "{run} and {unit}")?;
        check(
            "worktree folder",
            folder,
            &["run", "unit", "repo"],
            "{repo}, {run} and {unit}",
        )?;
        let folder = home.join(folder.replace("{repo}", repo));
        Ok(Self {
            branch: branch.to_owned(),
            folder: without_dots(&folder),
        })
    }

    /// Returns the branch of a unit.
    #[must_use]
    pub fn branch(&self, run: &RunId, unit: &UnitId) -> BranchName {
        BranchName::new(fill(&self.branch, run, unit))
    }

    /// Checks whether a branch of this name belongs to some unit of the run.
    pub(crate) fn is_branch_of(&self, run: &RunId, branch: &str) -> bool {
        let names = self.branch.replace("{run}", run.as_str());
        let (before, rest) = names.split_once("{unit}").unwrap_or((&names, ""));
        let after = rest.rsplit_once("{unit}").map_or(rest, |(_, after)| after);
        branch.len() > before.len() + after.len()
            && branch.starts_with(before)
            && branch.ends_with(after)
    }

    /// Returns the folder that holds the checkouts of all units and runs.
    pub(crate) fn folder_of_all(&self) -> PathBuf {
        let names_all = |part: &std::path::Component<'_>| {
            let text = part.as_os_str().to_string_lossy();
            !text.contains("{run}") && !text.contains("{unit}")
        };
        self.folder.components().take_while(names_all).collect()
    }

    /// Returns the folder of a unit's checkout.
    #[must_use]
    pub fn folder(&self, run: &RunId, unit: &UnitId) -> PathBuf {
        // A part that is not UTF-8 comes from the repository's own path, and is no template.
        let parts = self.folder.components().map(|part| {
            let part = part.as_os_str();
            part.to_str()
                .map_or_else(|| part.to_owned(), |text| fill(text, run, unit).into())
        });
        parts.collect()
    }
}

fn fill(template: &str, run: &RunId, unit: &UnitId) -> String {
    template
        .replace("{run}", run.as_str())
        .replace("{unit}", unit.as_str())
}

fn check(
    what: &'static str,
    template: &str,
    known: &[&str],
    known_words: &'static str,
) -> Result<(), NamingError> {
    for missing in ["run", "unit"] {
        if !template.contains(&format!("{{{missing}}}")) {
            return Err(NamingError::Missing {
                what,
                template: template.to_owned(),
                missing,
            });
        }
    }
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        if !known.contains(&name) {
            return Err(NamingError::Unknown {
                what,
                template: template.to_owned(),
                unknown: name.to_owned(),
                known: known_words,
            });
        }
        rest = after;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids() -> (RunId, UnitId) {
        (
            RunId::from_journal("20261121-abcd"),
            UnitId::parse("03-cart").unwrap(),
        )
    }

    fn naming(branch: Option<&str>, folder: Option<&str>) -> Result<Naming, NamingError> {
        Naming::new(branch, folder, Path::new("/home/ada/shop"), "shop")
    }

    #[test]
    fn checkouts_lie_beside_the_repository_by_default() {
        let (run, unit) = ids();
        let usual = naming(None, None).unwrap();
        assert_eq!(
            usual.branch(&run, &unit).as_str(),
            "batch/20261121-abcd/03-cart"
        );
        assert_eq!(
            usual.folder(&run, &unit),
            Path::new("/home/ada/shop.batch/20261121-abcd/03-cart")
        );
        let own = naming(Some("ada/{unit}-{run}"), Some("/big/{run}.{unit}")).unwrap();
        assert_eq!(
            own.branch(&run, &unit).as_str(),
            "ada/03-cart-20261121-abcd"
        );
        assert_eq!(
            own.folder(&run, &unit),
            Path::new("/big/20261121-abcd.03-cart")
        );
    }

    #[test]
    fn the_branches_of_a_run_are_known_by_their_names() {
        let (run, _) = ids();
        let usual = naming(None, None).unwrap();
        assert!(usual.is_branch_of(&run, "batch/20261121-abcd/01-a"));
        assert!(!usual.is_branch_of(&run, "batch/20261121-abcd/"));
        assert!(!usual.is_branch_of(&run, "batch/20261121-other/01-a"));
        let own = naming(Some("ada/{unit}-{run}-x"), None).unwrap();
        assert!(own.is_branch_of(&run, "ada/01-a-20261121-abcd-x"));
        assert!(!own.is_branch_of(&run, "ada/01-a"));
    }

    #[test]
    fn a_template_without_the_unit_is_refused() {
        let said = naming(Some("batch/{run}"), None).unwrap_err().to_string();
        assert!(said.contains("has no {unit}"), "{said}");
        let said = naming(Some("{run}/{unit}/{user}"), None)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("holds {user}; there are {run} and {unit}"),
            "{said}"
        );
    }
}
