//! The journal from outside: its lines as a file, old ones, and damaged ones.

use std::fs;
use std::path::PathBuf;

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Output, Repo};

fn migrate(repo: &Repo) -> Output {
    repo.migrate()
        .globally(["--json"])
        .rewrite("var $A = $B", "let $A = $B")
        .units(2)
        .run()
}

fn journal(repo: &Repo) -> PathBuf {
    repo.state().join("journal.db")
}

fn overwrite(repo: &Repo, range: std::ops::Range<usize>) {
    let path = journal(repo);
    let mut bytes = fs::read(&path).expect("the journal");
    bytes[range].fill(0x5a);
    fs::write(path, bytes).expect("the journal");
}

/// A repository with a run that has come to its end, and the lines it printed.
fn after_a_run() -> (Repo, String) {
    let repo = Repo::with_packages(2);
    let lines = migrate(&repo).exits(0).raw().to_owned();
    assert!(lines.lines().count() > 10, "{lines}");
    (repo, lines)
}

#[test]
fn a_run_is_exported_as_the_lines_that_it_printed() {
    let (repo, lines) = after_a_run();
    assert_eq!(repo.batch(["export"]).exits(0).raw(), lines);
    let first: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    let id = first["run"].as_str().expect("the run");
    let _ = migrate(&repo).exits(0);
    assert_eq!(repo.batch(["export", id]).exits(0).raw(), lines);
    repo.batch(["export", "nothing"])
        .exits(2)
        .says("there is no run");
}

#[test]
fn a_journal_of_version_1_is_read_and_written_on() {
    let repo = Repo::with_packages(2);
    fs::create_dir_all(repo.state()).expect("the folder of the state");
    rusqlite::Connection::open(journal(&repo))
        .and_then(|old| old.execute_batch(include_str!("../journals/version-1.sql")))
        .expect("a journal");
    repo.batch(["status"])
        .exits(0)
        .says("2 of 2 units published");
    let old = repo.batch(["export"]).exits(0).raw().to_owned();
    assert!(
        old.contains(r#""agent":"codemod: rewrite 'var $A = $B'"#),
        "{old}"
    );
    let _ = migrate(&repo).exits(0);
    assert_ne!(repo.batch(["export"]).exits(0).raw(), old);
    assert_eq!(repo.batch(["export", "qfvz"]).exits(0).raw(), old);
}

#[test]
fn a_journal_with_a_broken_header_is_recovered_whole_and_set_aside() {
    let (repo, lines) = after_a_run();
    overwrite(&repo, 0..100);
    repo.batch(["doctor"])
        .exits(1)
        .says("run batch status, which sets it aside and recovers its readable events");
    let status = repo.batch(["status"]).exits(0);
    status.says("was damaged").says("journal.db.damaged-1");
    status.says(&format!("{} events were recovered", lines.lines().count()));
    status.says("2 of 2 units published");
    let again = repo.batch(["status"]).exits(0);
    assert_eq!(again.stderr(), "");
    assert_eq!(repo.batch(["export"]).exits(0).raw(), lines);
    assert!(repo.state().join("journal.db.damaged-1").exists());
}

#[test]
fn a_journal_that_is_broken_in_the_middle_is_recovered_before_a_new_run_begins() {
    let (repo, lines) = after_a_run();
    let length = usize::try_from(fs::metadata(journal(&repo)).expect("a journal").len());
    let middle = length.expect("a short file") / 8192 * 4096;
    overwrite(&repo, middle..middle + 4096);
    migrate(&repo).exits(0).says("was damaged");
    repo.batch(["doctor"]).says("intact");
    let aside = fs::read(repo.state().join("journal.db.damaged-1")).expect("the damaged one");
    assert!(
        aside[middle..middle + 4096]
            .iter()
            .all(|byte| *byte == 0x5a)
    );
    let runs = repo.batch(["export"]).exits(0).raw().to_owned();
    assert_ne!(runs, lines);
}

#[test]
fn a_fact_that_was_damaged_costs_that_fact_alone() {
    let (repo, lines) = after_a_run();
    let bytes = fs::read(journal(&repo)).expect("the journal");
    let word = br#"{"fact":"step-started","step":"scope""#;
    // The last: when a table outgrows its first page, old bytes stay there that nobody reads.
    let place = bytes
        .windows(word.len())
        .rposition(|here| here == word)
        .expect("a fact");
    overwrite(&repo, place..place + 3);
    let status = repo.batch(["status"]).exits(0);
    status
        .says("is not JSON")
        .says("1 event or more could not be read");
    let left = repo.batch(["export"]).exits(0).raw().to_owned();
    assert_eq!(left.lines().count() + 1, lines.lines().count());
    assert!(left.lines().all(|line| lines.contains(line)));
}

#[test]
fn a_run_whose_beginning_is_lost_is_left_alone_and_hinders_no_other() {
    let (repo, _) = after_a_run();
    let bytes = fs::read(journal(&repo)).expect("the journal");
    let word = br#"{"fact":"started""#;
    let windows = bytes.windows(word.len()).enumerate();
    let places: Vec<usize> = windows
        .filter(|(_, here)| here == word)
        .map(|(place, _)| place)
        .collect();
    for place in places {
        overwrite(&repo, place..place + 3);
    }
    let cleaned = repo.batch(["clean"]).exits(0);
    cleaned.says("was damaged").says("is left alone");
    let _ = migrate(&repo).exits(0);
    repo.batch(["status"]).exits(0).says("2 of 2 units");
}

#[test]
fn an_emptied_journal_is_not_taken_for_a_new_one() {
    let (repo, _) = after_a_run();
    fs::write(journal(&repo), "").expect("the journal");
    assert_snapshot!(repo.batch(["status"]), @r"
    $ batch status
    ! warning: the journal [TMP]/repo/.git/batch/journal.db was damaged (it is empty): it was set aside \
    !     as [TMP]/repo/.git/batch/journal.db.damaged-1, and nothing could be recovered into a new one
    ! error: there has been no run in this repository yet
    [exit code 2]
    ");
    let _ = migrate(&repo).exits(0);
}
