//! A checkout: a copy of a commit on disk, in which workers work.
//!
//! Only this file knows how a checkout comes to be; today each one is a linked worktree of the user's repository. While
//! workers are in it, its `.git` leads to a repository of the checkout alone, so that the workers' git reaches nothing
//! of the user's. The rest of the program gets a path, a way to start a process inside, and a way to ask what changed.
//! Every place follows from run and unit, so a checkout that a killed process left is found again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::git::{
    BranchName, CommitId, GitError, NewWorktree, Overlooked, PrivateHead, PrivateWork, TrackedFile,
    TreeId, WorktreePlace, WorktreeState, delete_tree, leave_aside, overlook,
    remove_empty_folders_above, set_private_head, tracked_files,
};
use crate::plan::UnitId;
use crate::process::sandbox::Sandbox;
use crate::process::{self, Command, Environment, Finished, ProcessError};
use crate::run::log::run_id::RunId;
use crate::run::workspace::agent_settings::deciding_files;
use crate::run::workspace::isolation::WorkerPlaces;
use crate::run::workspace::naming::{deferred_tree, kept_trees, worktree_name};
use crate::run::workspace::process_tags::ProcessTags;
use crate::run::workspace::trash::{Trashed, trash};
use crate::run::workspace::worker_folders::WorkerFolders;
use crate::run::workspace::workspace::Workspace;
use crate::words;

/// The place of one checkout, whether it exists or not.
#[derive(Debug, Clone)]
pub(crate) struct Checkout {
    workspace: Workspace,
    unit: UnitId,
    name: String,
    path: PathBuf,
    index: PathBuf,
    /// The branch that the checkout is on; without one it is on a commit alone.
    branch: Option<BranchName>,
}

/// A tree of a checkout that is in no commit yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeptTree {
    /// The content when the agent starts.
    Prepared,
    /// The content of the last snapshot, whose files the index names.
    Snapshot,
    /// The content at the end of the attempt before the present one.
    Left,
    /// The content after the agent, from which commands make files again.
    LeftByAgent,
    /// What will be committed.
    Proven,
    /// The content that the checks see.
    Checked,
    /// The content before an agent worked whose work is carried onto another start.
    CarriedBefore,
    /// The content after that agent worked.
    CarriedAfter,
    /// The work with the removals that a later unit makes.
    Deferred,
}

/// A command that prepares a new checkout.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// A line for the shell.
    pub(crate) line: String,
    pub(crate) limit: Duration,
}

impl Checkout {
    /// Names the checkout of a unit, on the unit's branch.
    pub(crate) fn of_unit(workspace: &Workspace, unit: &UnitId) -> Self {
        let index = workspace.places.index(&workspace.run, unit);
        let branch = Some(workspace.branch(unit));
        Self::named(workspace, unit, index, branch)
    }

    /// Names the checkout of the untouched base.
    pub(crate) fn of_base(workspace: &Workspace) -> Self {
        let unit = UnitId::base();
        let index = workspace.places.index(&workspace.run, &unit);
        Self::named(workspace, &unit, index, None)
    }

    /// Names the checkout in which units are put together.
    pub(crate) fn of_union(workspace: &Workspace) -> Self {
        let unit = UnitId::union();
        let index = workspace.places.index(&workspace.run, &unit);
        Self::named(workspace, &unit, index, None)
    }

    /// Names the checkout in which the pre-push hook looks at a unit whose own checkout is gone.
    pub(crate) fn for_hook(workspace: &Workspace, unit: &UnitId) -> Self {
        let index = workspace.places.index(&workspace.run, unit);
        let index = index.with_file_name("push-index");
        let own = Self::named(workspace, unit, index, None);
        let mut folder = OsString::from(".push-");
        folder.push(own.path.file_name().unwrap_or_default());
        Self {
            name: format!("{}-push", own.name),
            path: own.path.with_file_name(folder),
            ..own
        }
    }

    /// Names the checkout in which an agent reads for a plan; its index lies in `folder`.
    pub(crate) fn for_planning(workspace: &Workspace, folder: &Path) -> Self {
        Self::named(workspace, &UnitId::research(), folder.join("index"), None)
    }

    fn named(
        workspace: &Workspace,
        unit: &UnitId,
        index: PathBuf,
        branch: Option<BranchName>,
    ) -> Self {
        Self {
            name: worktree_name(&workspace.run, unit),
            path: workspace.naming.folder(&workspace.run, unit),
            index,
            branch,
            unit: unit.clone(),
            workspace: workspace.clone(),
        }
    }

    /// The run that the checkout belongs to.
    pub(crate) fn run(&self) -> &RunId {
        &self.workspace.run
    }

    /// A name that no other checkout of the repository has.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The folder with the logs of the checkout, in the state of batch.
    pub(crate) fn folder(&self) -> PathBuf {
        let Workspace { places, run, .. } = &self.workspace;
        places.unit(run, &self.unit)
    }

    /// The root of the checkout.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The tags of the processes that work here.
    pub(crate) fn process_tags(&self) -> ProcessTags {
        ProcessTags::of_unit(&self.workspace.repo, &self.workspace.run, &self.unit)
    }

    /// The places of the workers beside their checkout.
    pub(crate) fn worker_folders(&self) -> WorkerFolders {
        let Workspace { repo, run, .. } = &self.workspace;
        WorkerFolders::of((repo, run, &self.unit), &self.path)
    }

    /// The folder of caches that the units of the run share while they run in a sandbox.
    pub(crate) fn shared_caches(&self) -> PathBuf {
        self.workspace.shared_caches()
    }

    /// Deletes that folder. Nobody may work in a checkout of the run any more.
    pub(crate) fn delete_shared_caches(&self) {
        self.workspace.delete_shared_caches();
    }

    /// Checks whether the checkout and its index are there.
    pub(crate) fn exists(&self) -> bool {
        self.path.exists() && self.index.exists()
    }

    /// Checks whether anything is left of the checkout: its folder, git's entry for it, or what lies beside it.
    pub(crate) fn is_left(&self) -> bool {
        let standing = self.workspace.repo.worktree_state(&self.name, &self.path);
        standing != WorktreeState::Gone || self.worker_folders().is_left()
    }

    /// Makes the checkout, with the content of the commit `start`. After an error nothing of it is left.
    pub(crate) fn make(&self, start: &CommitId) -> Result<(), GitError> {
        let repo = &self.workspace.repo;
        let new = NewWorktree {
            name: &self.name,
            path: &self.path,
            branch: self.branch.as_ref(),
            start,
            index: &self.index,
        };
        {
            let _alone = self.registering_alone();
            repo.register_worktree(&new)?;
        }
        let made = repo
            .fill_worktree(&new)
            .and_then(|()| self.make_private(start))
            .and_then(|()| self.lead_to_private());
        made.inspect_err(|_| {
            let _ = self.worker_folders().remove_folder();
            let _alone = self.registering_alone();
            repo.remove_unfinished_worktree(&new);
        })
    }

    /// Brings the checkout along that was made at `before`, where somebody has moved the repository since.
    pub(crate) fn follow_repository(&self, before: &Path) -> Result<(), GitError> {
        let folders = self.worker_folders();
        let now = WorktreePlace {
            path: &self.path,
            beside: folders.folder(),
        };
        let repo = &self.workspace.repo;
        repo.follow_worktree(&self.name, before, now)
    }

    /// Makes the checkout ready for workers again: one that an earlier process left, or whose work has ended. `start`
    /// is the commit that it is at.
    pub(crate) fn reopen(&self, start: &CommitId) -> Result<(), GitError> {
        if !self.exists() {
            return Ok(());
        }
        self.bring_back()?;
        // A process that was killed together with its git leaves the lock, and nobody else uses this index.
        let mut lock = self.index.clone().into_os_string();
        lock.push(".lock");
        delete_tree(Path::new(&lock)).map_err(|source| GitError::Io {
            what: "cannot remove",
            path: lock.into(),
            source,
        })?;
        // HEAD is written last. The objects are elsewhere where the repository was moved.
        let private = self.worker_folders().git();
        if !private.join("HEAD").exists() || !self.workspace.private_template()?.fits(&private) {
            self.make_private(start)?;
        }
        self.lead_to_private()
    }

    /// Checks that no worker has put a link in place of the checkout or of the folder beside it: what is behind the
    /// link may be the user's.
    fn check_place(&self) -> Result<(), GitError> {
        let folders = self.worker_folders();
        let is_link = |path: &Path| path.symlink_metadata().is_ok_and(|meta| meta.is_symlink());
        let above = self.path.parent().filter(|above| {
            let name = above.file_name().unwrap_or_default();
            name.to_string_lossy().contains(self.workspace.run.as_str())
        });
        let git = folders.git();
        let places = [Some(&*self.path), above, Some(folders.folder()), Some(&git)];
        match places.into_iter().flatten().find(|path| is_link(path)) {
            Some(path) => Err(GitError::Replaced {
                path: path.to_path_buf(),
            }),
            None => Ok(()),
        }
    }

    /// Has the workers' git find the private repository, whatever an earlier worker did to the file `.git`.
    pub(crate) fn lead_to_private(&self) -> Result<(), GitError> {
        self.check_place()?;
        let repo = &self.workspace.repo;
        repo.lead_to_private(&self.name, &self.path, &self.worker_folders().git())
    }

    /// Leaves the settings of the repository aside that an agent would obey, while it works; those with an `approved`
    /// hash stay.
    pub(crate) fn leave_aside(
        &self,
        would_obey: impl Fn(&str) -> bool,
        approved: &[String],
    ) -> Result<(), GitError> {
        self.check_place()?;
        let files = tracked_files(&self.index, would_obey)?;
        if approved.contains(&deciding_files(&files).hash()) {
            return Ok(());
        }
        leave_aside(&self.path, &self.index, &files)?;
        self.overlook(&files, Overlooked::Yes);
        Ok(())
    }

    /// Brings back what was left aside.
    pub(crate) fn bring_back(&self) -> Result<(), GitError> {
        self.check_place()?;
        let repo = &self.workspace.repo;
        let files = repo.bring_back(&self.path, &self.index)?;
        self.overlook(&files, Overlooked::No);
        Ok(())
    }

    fn overlook(&self, files: &[TrackedFile], overlooked: Overlooked) {
        let index = self.worker_folders().git().join("index");
        // A link that a worker put there may lead to an index of the user's.
        let is_file = index.symlink_metadata().is_ok_and(|meta| meta.is_file());
        if !files.is_empty() && is_file {
            overlook(&index, files, overlooked);
        }
    }

    fn make_private(&self, start: &CommitId) -> Result<(), GitError> {
        let head = PrivateHead {
            branch: self.branch.as_ref(),
            commit: start,
        };
        let folders = self.worker_folders();
        folders.make()?;
        folders.take_home(&self.kept_home());
        let started = Instant::now();
        let template = self.workspace.private_template()?;
        template.write(&folders.git(), head, &self.index)?;
        tracing::debug!("the private git took {} µs", started.elapsed().as_micros());
        Ok(())
    }

    /// Makes the checkout an ordinary worktree of the user's repository, after its last worker has ended. Nothing that
    /// a worker set in git has an effect there.
    pub(crate) fn close(&self) -> Result<(), GitError> {
        let repo = &self.workspace.repo;
        // Whatever a worker did to the folders, git may let the worktree go.
        repo.unlock_worktree(&self.name)?;
        self.check_place()?;
        let folders = self.worker_folders();
        if self.exists() {
            self.bring_back()?;
            let scratch = Some(folders.folder());
            repo.lead_to_entry(&self.name, &self.path, &self.index, scratch)?;
        }
        folders.keep_home(&self.kept_home());
        folders.remove_folder()
    }

    /// Where the agents' own files are while the checkout is closed.
    fn kept_home(&self) -> PathBuf {
        self.index.with_file_name("agent")
    }

    fn registering_alone(&self) -> MutexGuard<'_, ()> {
        let registration = &self.workspace.registration;
        registration.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies files of the user's checkout that git does not track; paths are relative to the root.
    pub(crate) fn bring(&self, included: &[PathBuf]) -> Result<(), GitError> {
        let skipped = self.workspace.repo.copy_included(included, &self.path)?;
        if let Some(first) = skipped.first() {
            tracing::warn!(
                "{} named in .worktreeinclude could not be copied into the checkout of {}: {}",
                words::count(skipped.len(), "path"),
                self.unit,
                first.display()
            );
        }
        Ok(())
    }

    /// Runs the setup command.
    pub(crate) async fn set_up(
        &self,
        setup: &Setup,
        environment: Environment,
        log: PathBuf,
        cancel: &CancellationToken,
    ) -> Result<Finished, ProcessError> {
        let command = self.shell(&setup.line, environment, setup.limit, log);
        process::run(&command, cancel).await
    }

    /// Returns what keeps agents, setup commands and the like from everything that is not the checkout's.
    pub(crate) fn sandbox(&self) -> Sandbox {
        self.workspace.isolation.sandbox(&self.worker_places())
    }

    /// Returns the same for checks.
    pub(crate) fn sandbox_of_checks(&self) -> Sandbox {
        let places = self.worker_places();
        self.workspace.isolation.sandbox_of_checks(&places)
    }

    fn worker_places(&self) -> WorkerPlaces<'_> {
        let Workspace {
            repo,
            run,
            places,
            naming,
            ..
        } = &self.workspace;
        let folders = self.worker_folders();
        WorkerPlaces {
            repo,
            all: naming.folder_of_all(),
            task: places.unit(run, &self.unit),
            caches: self.shared_caches(),
            own: [&*self.path, folders.folder(), folders.temp_dir()].map(Path::to_path_buf),
        }
    }

    /// Describes a shell command that runs at the root of the checkout.
    pub(crate) fn shell(
        &self,
        line: &str,
        environment: Environment,
        limit: Duration,
        log: PathBuf,
    ) -> Command {
        Command {
            program: "sh".into(),
            args: vec![OsString::from("-c"), line.into()],
            dir: self.path.clone(),
            env: environment,
            sandbox: self.sandbox().showing_named_in(&[line]),
            input: None,
            limit: Some(limit),
            idle: None,
            log,
        }
    }

    /// Writes the present content as a tree.
    pub(crate) fn snapshot(&self) -> Result<TreeId, GitError> {
        self.check_place()?;
        let tree = self.workspace.repo.snapshot(&self.path, &self.index)?;
        self.keep_tree(KeptTree::Snapshot, &tree)?;
        Ok(tree)
    }

    /// Keeps a tree in the repository, which may be cleaned up at any moment (`git gc --prune=now`).
    pub(crate) fn keep_tree(&self, which: KeptTree, tree: &TreeId) -> Result<(), GitError> {
        let name = match which {
            KeptTree::Prepared => "prepared",
            KeptTree::Snapshot => "snapshot",
            KeptTree::Left => "left",
            KeptTree::LeftByAgent => "left-by-agent",
            KeptTree::Proven => "proven",
            KeptTree::Checked => "checked",
            KeptTree::CarriedBefore => "carried-before",
            KeptTree::CarriedAfter => "carried-after",
            KeptTree::Deferred => return self.keep_deferred(tree),
        };
        let prefix = kept_trees(&self.workspace.run, &self.unit);
        // Git deletes empty folders together with a ref, where another unit may be about to make its own ref.
        let _alone = self.registering_alone();
        self.workspace
            .repo
            .keep_tree(&format!("{prefix}{name}"), tree)
    }

    /// Keeps a tree beyond the unit's commit: a later unit begins with it.
    fn keep_deferred(&self, tree: &TreeId) -> Result<(), GitError> {
        let name = deferred_tree(&self.workspace.run, &self.unit);
        let _alone = self.registering_alone();
        self.workspace.repo.keep_tree(&name, tree)
    }

    /// Keeps the trees of the checkout no longer.
    fn forget_trees(&self) -> Result<(), GitError> {
        let prefix = kept_trees(&self.workspace.run, &self.unit);
        let _alone = self.registering_alone();
        self.workspace.repo.delete_refs_below(&prefix)
    }

    /// Returns the commits that workers made here and that are not in the files.
    pub(crate) fn private_work(&self) -> Result<Vec<PrivateWork>, GitError> {
        self.check_place()?;
        let repo = &self.workspace.repo;
        repo.private_work(&self.worker_folders().git())
    }

    /// Puts the content of such a commit, made since `start`, into the files; they hold `now`.
    pub(crate) fn take_private_work(
        &self,
        work: &PrivateWork,
        start: &CommitId,
        now: &TreeId,
    ) -> Result<(), GitError> {
        self.check_place()?;
        let private = self.worker_folders().git();
        let repo = &self.workspace.repo;
        let tree = repo.take_private_work(&private, work, start, now)?;
        self.keep_tree(KeptTree::Snapshot, &tree)?;
        self.show(&tree)
    }

    /// Lists the files that git ignores.
    pub(crate) fn ignored(&self) -> Result<Vec<Vec<u8>>, GitError> {
        self.check_place()?;
        self.workspace.repo.ignored_paths(&self.path, &self.index)
    }

    /// Replaces the content by that of a tree.
    pub(crate) fn show(&self, tree: &TreeId) -> Result<(), GitError> {
        self.check_place()?;
        self.workspace
            .repo
            .check_out_tree(&self.path, &self.index, tree)
    }

    /// Makes the checkout agree with its branch after a commit.
    pub(crate) fn settle(&self, branch: &BranchName, commit: &CommitId) -> Result<(), GitError> {
        self.check_place()?;
        let repo = &self.workspace.repo;
        repo.sync_worktree(&self.name, branch, &self.index)?;
        self.forget_trees()?;
        let private = self.worker_folders().git();
        if !private.exists() {
            return Ok(());
        }
        let head = PrivateHead {
            branch: Some(branch),
            commit,
        };
        set_private_head(&private, head, &self.index)
    }

    /// Replaces the joined commit that the checkout starts from by one with the present content, `tree`.
    pub(crate) fn start_from(
        &self,
        joined: &CommitId,
        tree: &TreeId,
    ) -> Result<CommitId, GitError> {
        let repo = &self.workspace.repo;
        let Some(branch) = &self.branch else {
            return Ok(joined.clone());
        };
        if repo.tree(joined)? == *tree {
            return Ok(joined.clone());
        }
        let commit = repo.commit_again(branch, joined, tree)?;
        self.settle(branch, &commit)?;
        Ok(commit)
    }

    /// Replaces the content by that of a tree, and removes the files that were made since.
    pub(crate) fn put_back(&self, tree: &TreeId) -> Result<(), GitError> {
        // Only a file that the index knows is removed.
        self.snapshot()?;
        self.show(tree)
    }

    /// Moves the checkout to the trash; `start` is the commit that it was made from. `None` when it was gone already.
    pub(crate) fn trash(&self, start: &CommitId) -> Result<Option<Trashed>, GitError> {
        let trashed = trash(
            &self.workspace.repo,
            &self.workspace.places,
            (&self.workspace.run, &self.unit),
            &self.path,
            start,
        )?;
        self.worker_folders().remove_folder()?;
        self.forget_trees()?;
        self.delete_indexes();
        Ok(trashed)
    }

    /// Moves a branch with other people's commits to a ref of its own; returns that ref where there was such a branch.
    pub(crate) fn set_branch_aside(
        &self,
        start: &CommitId,
        aside: &str,
    ) -> Result<Option<String>, GitError> {
        // Git deletes empty folders with a branch, where another unit may be about to make its own branch.
        let _alone = self.registering_alone();
        match &self.branch {
            Some(branch) => self.workspace.repo.set_branch_aside(branch, start, aside),
            None => Ok(None),
        }
    }

    /// Checks whether a person has moved or locked the checkout: git's entry for it is the person's now.
    fn is_a_persons(&self) -> bool {
        let state = self.workspace.repo.worktree_state(&self.name, &self.path);
        matches!(
            state,
            WorktreeState::Moved { .. } | WorktreeState::Locked { .. }
        )
    }

    /// Deletes the checkout at once. Its work must be safe elsewhere.
    pub(crate) fn remove(&self) -> Result<(), GitError> {
        if self.is_a_persons() {
            return Ok(());
        }
        {
            let _alone = self.registering_alone();
            self.workspace
                .repo
                .remove_worktree(&self.name, &self.path)?;
        }
        self.delete_indexes();
        self.worker_folders().remove_folder()
    }

    fn delete_indexes(&self) {
        let Workspace { places, run, .. } = &self.workspace;
        places.delete_indexes(run, &self.unit);
    }

    /// Puts the checkout into the run's folder for what the run deletes at its end: deleting thousands of files slows
    /// down workers. Its work must be safe elsewhere.
    pub(crate) fn discard(&self) -> Result<(), GitError> {
        if self.is_a_persons() {
            return Ok(());
        }
        let done = self.workspace.places.done(&self.workspace.run);
        self.workspace
            .repo
            .discard_worktree(&self.name, &self.path, &done)?;
        self.forget_trees()?;
        self.delete_indexes();
        self.worker_folders().remove_folder()
    }

    /// Makes the temporary folder, empty.
    pub(crate) fn make_temp_dir(&self) -> Result<(), GitError> {
        self.worker_folders().make_temp_dir()
    }

    /// Deletes the temporary folder.
    pub(crate) fn remove_temp_dir(&self) -> Result<(), GitError> {
        self.worker_folders().remove_temp_dir()
    }

    /// Ends the processes that still work here.
    pub(crate) fn end_processes(&self) {
        if let 1.. = self.process_tags().end_processes() {
            tracing::info!("ended the processes that unit {} left running", self.unit);
        }
    }

    /// Ends the processes that still work here and deletes their temporary folder.
    pub(crate) fn release(&self) {
        self.end_processes();
        if let Err(error) = self.remove_temp_dir() {
            tracing::warn!("{error}");
        }
    }

    /// Removes the empty folders above the checkout. No unit may be about to make its own checkout there.
    pub(crate) fn remove_empty_folders_above(&self) {
        remove_empty_folders_above(&self.path);
    }
}
