//! The files and folders of a run, all derived from ids, so that nothing has to be recorded.

use std::path::PathBuf;

use crate::plan::UnitId;
use crate::run::log::run_id::RunId;

/// The folder `batch/` in the repository's common git folder.
#[derive(Debug, Clone)]
pub struct Places {
    state: PathBuf,
}

impl Places {
    /// Takes the folder in which batch keeps its state of a repository.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self { state }
    }

    /// Returns the file with the durable list of events.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.state.join("journal.db")
    }

    /// Returns the file of a plan that was made and not run; `id` is the id that its run would have had.
    #[must_use]
    pub fn saved_plan(&self, id: &RunId) -> PathBuf {
        self.state
            .join("plans")
            .join(id.as_str())
            .with_extension("toml")
    }

    /// Lists the files of all plans that were made and not run, also those that people saved elsewhere.
    #[must_use]
    pub fn saved_plans(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.state.join("plans"));
        let entries = entries.into_iter().flatten().filter_map(Result::ok);
        let elsewhere = std::fs::read_to_string(self.plans_elsewhere()).unwrap_or_default();
        let elsewhere = elsewhere.lines().map(PathBuf::from);
        entries.map(|entry| entry.path()).chain(elsewhere).collect()
    }

    /// Returns the file that names the plans that people saved elsewhere, a line each.
    #[must_use]
    pub fn plans_elsewhere(&self) -> PathBuf {
        self.state.join("plans-elsewhere")
    }

    /// Returns the folder with the record of a planning session.
    #[must_use]
    pub fn planning_session(&self, id: &RunId) -> PathBuf {
        self.planning_sessions().join(id.as_str())
    }

    /// Returns the folder of all planning sessions.
    #[must_use]
    pub fn planning_sessions(&self) -> PathBuf {
        self.state.join("research")
    }

    /// Returns the trash: discarded checkouts with unpublished work, until they are deleted for good.
    #[must_use]
    pub fn trash(&self) -> PathBuf {
        self.state.join("trash")
    }

    /// Returns the folder of all runs.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.state.join("runs")
    }

    /// Returns the file with the user's git folder as it was before the workers of the process that drives the run.
    #[must_use]
    pub fn git_folder(&self, run: &RunId) -> PathBuf {
        self.run(run).join("git-folder.json")
    }

    /// Returns the folder of one run.
    #[must_use]
    pub fn run(&self, run: &RunId) -> PathBuf {
        self.runs().join(run.as_str())
    }

    /// Returns the lock of the process that drives the run.
    #[must_use]
    pub fn lock(&self, run: &RunId) -> PathBuf {
        self.run(run).join("lock")
    }

    /// Returns the folder where other processes leave requests for the process that drives the run.
    #[must_use]
    pub fn requests(&self, run: &RunId) -> PathBuf {
        self.run(run).join("requests")
    }

    /// Returns the file of the approved plan.
    #[must_use]
    pub fn plan(&self, run: &RunId) -> PathBuf {
        self.run(run).join("plan.toml")
    }

    /// Returns the file of the settings in effect, flags included.
    #[must_use]
    pub fn settings(&self, run: &RunId) -> PathBuf {
        self.run(run).join("settings.toml")
    }

    /// Returns the file with the output of a run in the background.
    #[must_use]
    pub fn output(&self, run: &RunId) -> PathBuf {
        self.run(run).join("output.log")
    }

    /// Returns the folder of the local forge's pages.
    #[must_use]
    pub fn pages(&self, run: &RunId) -> PathBuf {
        self.run(run).join("prs")
    }

    /// Returns the folder of checkouts whose work is safe elsewhere; the run deletes them at its end.
    #[must_use]
    pub fn done(&self, run: &RunId) -> PathBuf {
        self.run(run).join("done")
    }

    /// Returns the file of a report; the extension says its format.
    #[must_use]
    pub fn report(&self, run: &RunId, extension: &str) -> PathBuf {
        self.run(run).join("report").with_extension(extension)
    }

    /// Returns the page about the units that did not come to a good end.
    #[must_use]
    pub fn failures(&self, run: &RunId) -> PathBuf {
        self.run(run).join("migration-failures.md")
    }

    /// Returns the folder of one unit: its prompt, its logs and its index.
    #[must_use]
    pub fn unit(&self, run: &RunId, unit: &UnitId) -> PathBuf {
        self.run(run).join(unit.as_str())
    }

    /// Returns the folder with the logs of units' earlier attempts.
    #[must_use]
    pub fn earlier(&self, run: &RunId) -> PathBuf {
        self.run(run).join("earlier")
    }

    /// Returns the index of a unit's new checkout, with which snapshots are taken.
    #[must_use]
    pub fn index(&self, run: &RunId, unit: &UnitId) -> PathBuf {
        self.unit(run, unit).join("index")
    }

    /// Deletes a unit's indexes when its checkout is gone: each is as large as the repository has files.
    pub(crate) fn delete_indexes(&self, run: &RunId, unit: &UnitId) {
        let entries = std::fs::read_dir(self.unit(run, unit));
        for entry in entries.into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_index = name.to_str().is_some_and(|name| {
                ["index", "push-index"]
                    .iter()
                    .any(|index| name == *index || name.starts_with(&format!("{index}.")))
            });
            // An index that stays takes space and does no other harm.
            if is_index && let Err(error) = std::fs::remove_file(entry.path()) {
                tracing::info!("{} is left: {error}", entry.path().display());
            }
        }
    }
}
