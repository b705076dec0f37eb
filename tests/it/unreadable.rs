//! Folders that batch may not read: what is in them is never missing without a word, and never deleted.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::support::Repo;

/// Runs an agent on two packages in one unit.
fn run(repo: &Repo, agent: &str) -> crate::support::Output {
    repo.batch_bound_by_modes(repo.migrate().agent(agent).units(1).words())
}

/// The folders below the place of worktrees or the trash that have this name, made readable again.
fn found(repo: &Repo, name: &str) -> Vec<PathBuf> {
    let places = [repo.worktrees(), repo.state()];
    let mut found = Vec::new();
    for place in places {
        for entry in walkdir::WalkDir::new(place).into_iter().flatten() {
            if entry.file_name() == name {
                let mode = fs::Permissions::from_mode(0o755);
                fs::set_permissions(entry.path(), mode).expect("the mode");
                found.push(entry.into_path());
            }
        }
    }
    found
}

const MAKES_A_CLOSED_FOLDER: &str = "
sign
mkdir packages/p0/closed
echo precious >packages/p0/closed/new.js
chmod 000 packages/p0/closed";

#[test]
fn a_unit_with_a_new_folder_that_cannot_be_read_fails_with_its_path() {
    let repo = Repo::with_packages(2);
    let output = run(&repo, MAKES_A_CLOSED_FOLDER).exits(1);
    output.says("failed at scope");
    output.says("packages/p0/closed");
    let _ = repo.batch_bound_by_modes(["clean"]);
    let [closed] = &found(&repo, "closed")[..] else {
        panic!("what could not be read was deleted");
    };
    let kept = fs::read_to_string(closed.join("new.js")).expect("the file");
    assert_eq!(kept, "precious\n");
}

const CLOSES_A_PACKAGE: &str = "
sign
chmod 000 packages/p1";

#[test]
fn a_unit_whose_own_files_cannot_be_read_fails_with_their_path() {
    let repo = Repo::with_packages(2);
    let output = run(&repo, CLOSES_A_PACKAGE).exits(1);
    output.says("failed at scope");
    output.says("packages/p1");
    assert_eq!(repo.pushed(), [""; 0]);
    assert!(!found(&repo, "p1").is_empty(), "the package was deleted");
}

#[test]
fn a_candidate_that_cannot_be_read_is_kept() {
    let repo = Repo::with_packages(1);
    let agent = format!("test \"$BATCH_RIVAL\" = 1 || {{ sign; exit; }}\n{MAKES_A_CLOSED_FOLDER}");
    let migrate = repo.migrate().agent(&agent).with(["--best-of", "2"]);
    let output = repo.batch_bound_by_modes(migrate.words());
    output.exits(0).says("1 of 1 unit published");
    assert_eq!(found(&repo, "closed").len(), 1, "the candidate was deleted");
}

#[test]
fn an_ignored_folder_that_cannot_be_read_does_no_harm() {
    let repo = Repo::with_packages(1)
        .file(".gitignore", "closed/\n")
        .commit("Ignore");
    repo.git(["push", "--quiet", "origin", "main"]);
    let output = run(&repo, MAKES_A_CLOSED_FOLDER);
    output.exits(0).says("1 of 1 unit published");
}
