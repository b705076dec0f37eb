//! Counts what the gate finds in the history of real projects, whose commits stand for the work of careful agents: each
//! is one unit's work, and its message the instruction. `docs/checks.md` has the figures and the command.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use super::file::ChangedFile;
use super::gate::Gate;
use super::instruction::Instruction;
use super::repository::Repository;
use crate::config::{ContentConfig, FindingGroup, FindingKind, Severity};

/// The newest commits of a repository that are looked at.
const COMMITS: usize = 150;
/// A commit of more files is an import or a release.
const MOST_FILES: usize = 200;
/// A larger file is not read in a run either.
const MAX_BYTES: usize = 8 << 20;

#[test]
#[expect(clippy::print_stdout, reason = "the figures are the output")]
#[ignore = "needs git directories: BATCH_HISTORY=folder"]
fn commits_of_real_projects_are_hardly_ever_stopped() {
    let folder = std::env::var("BATCH_HISTORY").unwrap();
    let gate = Gate::new(&ContentConfig::default()).unwrap();
    let mut commits = 0;
    let mut stopped = BTreeMap::<FindingGroup, usize>::new();
    let mut kinds = BTreeMap::<FindingKind, usize>::new();
    let mut repositories: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    repositories.sort();
    for repository in repositories {
        let mut of_this = (0, 0);
        for id in ids(&repository) {
            let Some((files, message)) = work(&repository, &id) else {
                continue;
            };
            commits += 1;
            of_this.0 += 1;
            let opened = git2::Repository::open(&repository).unwrap();
            let (paths, read) = surroundings(&opened, &id);
            let around = Repository::new(&paths, &read);
            let found = gate.look_at(&[], &files, &Instruction::new(message), &around);
            for it in &found {
                println!("{} {} {it}", &id[..9], it.kind);
            }
            let of_commit: BTreeSet<FindingKind> = found.iter().map(|it| it.kind).collect();
            for kind in &of_commit {
                *kinds.entry(*kind).or_default() += 1;
            }
            let stopping = of_commit
                .iter()
                .filter(|kind| kind.severity() > Severity::Told);
            let groups: BTreeSet<FindingGroup> = stopping.map(|kind| kind.group()).collect();
            of_this.1 += usize::from(!groups.is_empty());
            for group in groups {
                *stopped.entry(group).or_default() += 1;
            }
        }
        let (looked_at, found) = of_this;
        println!("{}: {found} of {looked_at}", repository.display());
    }
    println!("{commits} commits; by group {stopped:?}; by kind {kinds:?}");
    assert!(commits >= 200, "{commits} commits are too few");
    for (group, count) in stopped {
        assert!(count * 50 < commits, "{group}: {count} of {commits}");
    }
}

/// Returns all paths of a commit, and what reads its files.
fn surroundings<'r>(
    repo: &'r git2::Repository,
    id: &str,
) -> (BTreeSet<String>, impl Fn(&str) -> Option<String> + 'r) {
    let commit = repo.find_commit(git2::Oid::from_str(id).unwrap()).unwrap();
    let tree = commit.tree().unwrap();
    let mut paths = BTreeSet::new();
    tree.walk(git2::TreeWalkMode::PreOrder, |folder, entry| {
        if entry.kind() == Some(git2::ObjectType::Blob) {
            paths.insert(format!("{folder}{}", entry.name().unwrap_or_default()));
        }
        git2::TreeWalkResult::Ok
    })
    .unwrap();
    let read = move |path: &str| {
        let entry = tree.get_path(Path::new(path)).ok()?;
        let blob = repo.find_blob(entry.id()).ok()?;
        String::from_utf8(blob.content().to_vec()).ok()
    };
    (paths, read)
}

fn git(repository: &Path, args: &[&str]) -> Vec<u8> {
    let mut git = Command::new("git");
    let done = git.arg("-C").arg(repository).args(args).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    done.stdout
}

fn ids(repository: &Path) -> Vec<String> {
    let head = ["log", "--no-merges", "--format=%H", "HEAD"];
    let out = git(repository, &head);
    let all = String::from_utf8(out).unwrap();
    all.lines().take(COMMITS).map(ToOwned::to_owned).collect()
}

/// Returns the files of a commit, and its message; `None` for a first commit, and for one without a change of files.
fn work(repository: &Path, id: &str) -> Option<(Vec<ChangedFile>, String)> {
    let repo = git2::Repository::open(repository).unwrap();
    let commit = repo.find_commit(git2::Oid::from_str(id).unwrap()).unwrap();
    let parent = commit.parent(0).ok()?;
    let (old, new) = (parent.tree().unwrap(), commit.tree().unwrap());
    let diff = repo.diff_tree_to_tree(Some(&old), Some(&new), None).ok()?;
    if diff.deltas().len() > MOST_FILES {
        return None;
    }
    let read = |side: git2::DiffFile<'_>| {
        let blob = repo.find_blob(side.id()).ok()?;
        (blob.size() <= MAX_BYTES).then(|| blob.content().to_vec())
    };
    let files: Vec<ChangedFile> = diff
        .deltas()
        .map(|delta| ChangedFile {
            path: String::from_utf8_lossy(delta.new_file().path_bytes().unwrap()).into_owned(),
            before: read(delta.old_file()),
            after: read(delta.new_file()),
        })
        .filter(|file| file.before.is_some() || file.after.is_some())
        .collect();
    let message = String::from_utf8_lossy(commit.message_bytes()).into_owned();
    (!files.is_empty()).then_some((files, message))
}
