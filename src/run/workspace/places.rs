//! Where a run keeps its things, all of it derived from ids, so that nothing needs to be remembered.

use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::git::Repo;
use crate::plan::UnitId;
use crate::run::RunId;

/// The folder `batch/` in the repository's common git folder.
#[derive(Debug, Clone)]
pub struct Places {
    state: PathBuf,
}

impl Places {
    /// Takes the folder in which batch keeps what it knows of a repository.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self { state }
    }

    /// The durable list of events.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal.db")
    }

    /// A plan that was made and not run; `id` is the one its run would have had.
    #[must_use]
    pub fn saved_plan(&self, id: &RunId) -> PathBuf {
        self.state
            .join("plans")
            .join(id.as_str())
            .with_extension("toml")
    }

    /// What is kept of how a plan came about that an agent was asked for.
    #[must_use]
    pub fn research(&self, id: &RunId) -> PathBuf {
        self.researches().join(id.as_str())
    }

    /// The folder of all these.
    #[must_use]
    pub fn researches(&self) -> PathBuf {
        self.state.join("research")
    }

    /// Where discarded worktrees with unpublished work lie until they are deleted for good.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.state.join("trash")
    }

    /// The folder of one run.
    #[must_use]
    pub fn run(&self, run: &RunId) -> PathBuf {
        self.state.join("runs").join(run.as_str())
    }

    /// Held by the process that drives the run.
    #[must_use]
    pub fn lock(&self, run: &RunId) -> PathBuf {
        self.run(run).join("lock")
    }

    /// Where other processes leave what they want of the one that drives the run.
    #[must_use]
    pub fn requests(&self, run: &RunId) -> PathBuf {
        self.run(run).join("wishes")
    }

    /// The plan as it was approved.
    #[must_use]
    pub fn plan(&self, run: &RunId) -> PathBuf {
        self.run(run).join("plan.toml")
    }

    /// The settings in effect, flags included.
    #[must_use]
    pub fn settings(&self, run: &RunId) -> PathBuf {
        self.run(run).join("settings.toml")
    }

    /// What a run in the background would have shown.
    #[must_use]
    pub fn output(&self, run: &RunId) -> PathBuf {
        self.run(run).join("output.log")
    }

    /// The pages of the local forge.
    #[must_use]
    pub fn pages(&self, run: &RunId) -> PathBuf {
        self.run(run).join("prs")
    }

    /// Where worktrees whose work is safe elsewhere wait for the end of the run, to be deleted then.
    #[must_use]
    pub fn done(&self, run: &RunId) -> PathBuf {
        self.run(run).join("done")
    }

    /// A report in the form that has this file extension.
    #[must_use]
    pub fn report(&self, run: &RunId, extension: &str) -> PathBuf {
        self.run(run).join("report").with_extension(extension)
    }

    /// The folder of one unit: prompt, logs, the kept index.
    #[must_use]
    pub fn unit(&self, run: &RunId, unit: &UnitId) -> PathBuf {
        self.run(run).join(unit.as_str())
    }

    /// Where the logs of units' earlier attempts are kept.
    #[must_use]
    pub fn earlier(&self, run: &RunId) -> PathBuf {
        self.run(run).join("earlier")
    }

    /// The index that a unit's worktree had when it was made, and that snapshots of it are taken with.
    #[must_use]
    pub fn index(&self, run: &RunId, unit: &UnitId) -> PathBuf {
        self.unit(run, unit).join("index")
    }
}

/// The name under which git registers a unit's worktree.
#[must_use]
pub fn worktree_name(run: &RunId, unit: &UnitId) -> String {
    format!("batch-{run}-{unit}")
}

/// The ref that keeps what one of several works at a unit has left.
#[must_use]
pub fn rival_ref(run: &RunId, unit: &UnitId, number: usize) -> String {
    format!("refs/batch/left/{run}/{unit}.rival-{number}")
}

/// How branches and worktree folders are called: templates with `{run}` and `{unit}`, for folders also `{repo}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    branch: String,
    folder: String,
}

/// Why a template cannot name every unit differently.
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
    /// The names that the settings ask for in this repository.
    pub fn of(config: &Config, repo: &Repo) -> Result<Self, NamingError> {
        Self::new(
            config.publish.branch.as_deref(),
            config.worktrees.dir.as_deref(),
            repo.home(),
            &repo.name(),
        )
    }

    /// The usual names unless other templates are given. `home` is the repository's main checkout, `repo` its name.
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
            folder: clean(&folder).to_string_lossy().into_owned(),
        })
    }

    /// The branch of a unit.
    #[must_use]
    pub fn branch(&self, run: &RunId, unit: &UnitId) -> String {
        fill(&self.branch, run, unit)
    }

    /// The folder of a unit's worktree.
    #[must_use]
    pub fn folder(&self, run: &RunId, unit: &UnitId) -> PathBuf {
        PathBuf::from(fill(&self.folder, run, unit))
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

/// Takes `..` and `.` out by name alone: the folder need not exist yet.
fn clean(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
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
    fn names_stand_beside_the_repository_unless_asked_otherwise() {
        let (run, unit) = ids();
        let usual = naming(None, None).unwrap();
        assert_eq!(usual.branch(&run, &unit), "batch/20261121-abcd/03-cart");
        assert_eq!(
            usual.folder(&run, &unit),
            Path::new("/home/ada/shop.batch/20261121-abcd/03-cart")
        );
        let own = naming(Some("ada/{unit}-{run}"), Some("/big/{run}.{unit}")).unwrap();
        assert_eq!(own.branch(&run, &unit), "ada/03-cart-20261121-abcd");
        assert_eq!(
            own.folder(&run, &unit),
            Path::new("/big/20261121-abcd.03-cart")
        );
    }

    #[test]
    fn a_template_that_does_not_tell_units_apart_is_refused() {
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
