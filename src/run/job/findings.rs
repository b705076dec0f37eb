//! The findings in the repository for a run: the claims' proof, the checks, and the files that say how to work there.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::agent::Prompts;
use crate::check::{self, Check, Gate};
use crate::codemod::OldUseCounter;
use crate::config::Config;
use crate::forge::{Templates, repository_template_path};
use crate::git::{CommitId, Included, Repo};
use crate::plan::claim::Ownership;
use crate::plan::{self, Plan};
use crate::process::{Environment, Renderer, find_program};
use crate::regenerate::Rules;
use crate::run::job::error::PrepareError;
use crate::run::workspace::disk_space::DiskSpace;
use crate::run::workspace::environment::worker_environment;
use crate::run::workspace::workspace::Workspace;

/// Files in which projects say how to work on them.
const CONVENTIONS: [&str; 6] = [
    "AGENTS.md",
    "CLAUDE.md",
    "GEMINI.md",
    "CONTRIBUTING.md",
    ".github/CONTRIBUTING.md",
    "docs/CONTRIBUTING.md",
];

/// The findings in the repository for a run.
#[derive(Clone)]
pub(crate) struct Findings {
    /// The proof that no two claims overlap.
    pub(crate) ownership: Ownership,
    /// Counts the uses that the plan wants gone.
    pub(crate) until: Option<OldUseCounter>,
    /// The untracked files that every checkout gets; paths are relative to the root.
    pub(crate) included: Vec<PathBuf>,
    /// What links among them lead to outside of the user's checkout.
    pub(crate) outside: Vec<PathBuf>,
    /// Sentences about untracked files that no checkout gets although they are named.
    pub(crate) notes: Vec<String>,
    /// The environment of every worker.
    pub(crate) environment: Environment,
    pub(crate) templates: Templates,
    pub(crate) prompts: Prompts,
    /// The files of the base that say how to work in this repository.
    pub(crate) conventions: Vec<String>,
    /// The repository's own template for pull requests.
    pub(crate) repository_template: Option<String>,
    pub(crate) disk_space: DiskSpace,
    /// Which commands make files from other files.
    pub(crate) rules: Rules,
    /// Looks at the content of every unit's work.
    pub(crate) gate: Arc<Gate>,
}

impl Findings {
    /// Looks at the base and the settings. Nothing is changed.
    pub(crate) fn find(
        workspace: &Workspace,
        plan: &Plan,
        tracked: &BTreeSet<String>,
        config: &Config,
    ) -> Result<Self, PrepareError> {
        let repo = &workspace.repo;
        let templates = Templates::compile(&config.publish, &Renderer::apart())?;
        let prompts = Prompts::compile(&config.prompts, &Renderer::apart())?;
        let ownership = Ownership::prove(&plan.units, tracked.iter().map(String::as_str))?
            .with_hooks(repo.tracked_hooks_folder()?.as_deref());
        repo.check_identity()?;
        let repository_template = match repository_template_path(tracked.iter().map(String::as_str))
        {
            Some(path) => repo.reader(&plan.base)?.text(path),
            None => None,
        };
        let Included {
            paths: included,
            notes,
            outside,
        } = repo.included()?;
        let place = workspace.naming.folder(&workspace.run, &plan.units[0].id);
        let environment = worker_environment(std::env::vars_os(), config, repo)?;
        let templates = templates.masked_by(environment.redactor());
        Ok(Self {
            rules: match plan.existing_work() {
                // It is published as it is.
                Some(_) => Rules::default(),
                None => rules(repo, &plan.base, tracked, config, &environment)?,
            },
            until: plan
                .until
                .as_ref()
                .map(OldUseCounter::compile)
                .transpose()?,
            environment,
            gate: Arc::new(Gate::new(&config.content)?),
            disk_space: DiskSpace::measure(repo, &plan.base, &included, &place)?,
            conventions: conventions(|file| tracked.contains(file)),
            ownership,
            included,
            outside,
            notes,
            templates,
            prompts,
            repository_template,
        })
    }
}

/// Returns which commands make files of a commit from its other files. `tracked` are the paths of the commit.
pub(crate) fn rules(
    repo: &Repo,
    commit: &CommitId,
    tracked: &BTreeSet<String>,
    config: &Config,
    environment: &Environment,
) -> Result<Rules, PrepareError> {
    let blobs = repo.reader(commit)?;
    let has_program =
        |name: &str| find_program(name, repo.root(), environment.get("PATH")).is_some();
    let read = |path: &str| blobs.text(path);
    Ok(Rules::find(
        &config.regenerate,
        tracked,
        &read,
        &has_program,
    )?)
}

/// Finds what keeps a check from running in worktrees. Many units have the same checks.
struct Obstacles<'a> {
    root: &'a Path,
    /// The place of a worktree.
    place: &'a Path,
    environment: &'a Environment,
    has_setup: bool,
    known: BTreeMap<(String, String), Option<String>>,
}

impl Obstacles<'_> {
    fn of(&mut self, check: &Check) -> Option<String> {
        let key = (check.dir.clone(), check.name.clone());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = check::obstacle(check, self.root, self.environment)
            .or_else(|| check::workspace_above(check, self.root, self.place))
            .or_else(|| {
                // The setup command may install it.
                let missing = || check::missing_module(check, self.root, self.environment);
                if self.has_setup { None } else { missing() }
            });
        self.known.insert(key, found.clone());
        found
    }
}

/// Returns the paths that the base tracks.
pub(crate) fn tracked(
    workspace: &Workspace,
    plan: &Plan,
) -> Result<BTreeSet<String>, PrepareError> {
    Ok(plan::tracked(&workspace.repo, &plan.base)?)
}

/// Returns the files that say how to work in the repository and exist there.
pub(crate) fn conventions(exists: impl Fn(&str) -> bool) -> Vec<String> {
    CONVENTIONS
        .into_iter()
        .filter(|file| exists(file))
        .map(ToOwned::to_owned)
        .collect()
}

/// Returns what there is to say of checks that test the user's own checkout.
fn checks_of_checkout(checks: &[Check], root: &Path, environment: &Environment) -> Vec<String> {
    let said = |check| check::tests_checkout(check, root, environment);
    checks.iter().filter_map(said).collect()
}

/// The checks of every unit, in the plan's order, with sentences about what was left out.
pub(crate) struct Checks {
    pub(crate) of_units: Vec<Vec<Check>>,
    pub(crate) notes: Vec<String>,
}

impl Checks {
    /// Takes the checks of the settings, or finds the checks of every unit.
    pub(crate) fn of(
        workspace: &Workspace,
        plan: &Plan,
        tracked: &BTreeSet<String>,
        config: &Config,
        environment: &Environment,
    ) -> Result<Self, PrepareError> {
        let Some(lines) = &config.checks.commands else {
            let place = workspace.naming.folder(&workspace.run, &plan.units[0].id);
            let mut obstacles = Obstacles {
                root: workspace.repo.root(),
                place: &place,
                environment,
                has_setup: config.worktrees.setup.is_some(),
                known: BTreeMap::new(),
            };
            return Self::discover(&workspace.repo, plan, tracked, &mut obstacles);
        };
        let given: Vec<Check> = lines
            .iter()
            .map(|line| Check::given(line, "--check"))
            .collect();
        let notes = checks_of_checkout(&given, workspace.repo.root(), environment);
        Ok(Self {
            of_units: vec![given; plan.units.len()],
            notes,
        })
    }

    /// Finds the checks of every unit, without checks whose program is missing.
    fn discover(
        repo: &Repo,
        plan: &Plan,
        tracked: &BTreeSet<String>,
        obstacles: &mut Obstacles<'_>,
    ) -> Result<Self, PrepareError> {
        // Every unit asks for the same few manifests.
        let read = RefCell::new(BTreeMap::<String, Option<String>>::new());
        let blobs = repo.reader(&plan.base)?;
        let reader = |path: &str| {
            read.borrow_mut()
                .entry(path.to_owned())
                .or_insert_with(|| blobs.text(path))
                .clone()
        };
        let mut notes = Vec::new();
        let mut of_units = Vec::new();
        let mut unchecked = 0_usize;
        for unit in &plan.units {
            let mut usable = Vec::new();
            for check in check::discover(tracked, &reader, &unit.claim.files) {
                match obstacles.of(&check) {
                    None => usable.push(check),
                    Some(obstacle) if notes.contains(&obstacle) => {}
                    Some(obstacle) => notes.push(obstacle),
                }
            }
            for note in checks_of_checkout(&usable, repo.root(), obstacles.environment) {
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            unchecked += usize::from(usable.is_empty());
            of_units.push(usable);
        }
        if unchecked > 0 {
            let units = plan.units.len();
            notes.push(format!(
                "{unchecked} of {units} units have no check: no test command was found for them; give one with --check"
            ));
        }
        Ok(Self { of_units, notes })
    }
}
