//! A journal, settings and folders that somebody else has prepared in a git folder: `batch clean` deletes what is a
//! run's own, and nothing else that they name. All of it holds by layout.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Repo;
use crate::support::agents::STRAY;

/// A run whose unit has left its checkout, and a folder of the user's.
fn prepared() -> (Repo, PathBuf) {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(STRAY).units(1);
    let _ = migrate.with(["--scope", "listed"]).run().exits(1);
    let folder = precious(&repo.root().join("home/Documents"));
    // No file is newer than the end of the unit, so nothing shows that somebody has worked in it since.
    forge(&repo, "UPDATE events SET at = at + 1000000000000");
    (repo.of_a_stranger(), folder)
}

fn precious(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder");
    fs::write(folder.join("letter"), "dear\n").expect("a letter");
    folder.to_path_buf()
}

#[track_caller]
fn is_whole(folder: &Path) {
    let letter = fs::read_to_string(folder.join("letter"));
    assert_eq!(
        letter.ok().as_deref(),
        Some("dear\n"),
        "{}",
        folder.display()
    );
}

/// The run's id.
fn run(repo: &Repo) -> String {
    let mut runs = fs::read_dir(repo.state().join("runs")).expect("the runs");
    let run = runs.next().expect("a run").expect("a run");
    run.file_name().into_string().expect("a name")
}

/// Changes the journal, as whoever prepares it can.
fn forge(repo: &Repo, statement: &str) {
    let journal = rusqlite::Connection::open(repo.state().join("journal.db")).expect("the journal");
    journal.execute(statement, []).expect("the events");
}

#[test]
fn a_folder_that_a_journal_names_is_no_checkout() {
    let (repo, folder) = prepared();
    let checkout = PathBuf::from(repo.only_worktree());
    let (from, to) = (checkout.display(), folder.display());
    forge(
        &repo,
        &format!("UPDATE events SET fact = replace(fact, '{from}', '{to}')"),
    );
    fs::remove_dir_all(repo.dir().join(".git/worktrees")).expect("git's entries");
    let cleaned = repo.batch(["clean", "--all"]).exits(0);
    cleaned.says("nothing shows that a checkout of the run is there");
    let _ = repo.batch(["clean", "--all", "--empty-trash"]);
    is_whole(&folder);
}

#[test]
fn templates_that_somebody_else_has_saved_lead_nowhere() {
    let (repo, folder) = prepared();
    let (run, home) = (run(&repo), repo.root().join("home"));
    let unit = "01-packages-p0-index-js";
    // The hidden folder beside the checkout has the name of the checkout, after a dot.
    let hidden = precious(&home.join(format!(".{run}{unit}")));
    let settings = repo.state().join("runs").join(&run).join("settings.toml");
    let text = fs::read_to_string(&settings).expect("the settings");
    fs::remove_dir_all(repo.worktrees()).expect("the checkouts");
    fs::remove_dir_all(repo.dir().join(".git/worktrees")).expect("git's entries");
    for (template, folder) in [
        (format!("{}/{{run}}{{unit}}", home.display()), hidden),
        (
            format!("{}/{{run}}/../../Documents/{{unit}}/..", home.display()),
            folder,
        ),
    ] {
        let dir = format!("[worktrees]\ndir = {template:?}\n");
        let mut changed: toml::Table = text.parse().expect("settings");
        let dir: toml::Table = dir.parse().expect("settings");
        changed.extend(dir);
        fs::write(&settings, changed.to_string()).expect("the settings");
        let _ = repo.batch(["clean", "--all"]);
        is_whole(&folder);
    }
}

#[test]
fn nothing_is_deleted_behind_links() {
    let (repo, folder) = prepared();
    let run = run(&repo);
    let link = |to: &Path, at: PathBuf| {
        let aside = at.with_extension("aside");
        let _ = fs::rename(&at, &aside);
        std::os::unix::fs::symlink(to, &at).expect("a link");
        move || {
            fs::remove_file(&at).expect("the link");
            let _ = fs::rename(&aside, &at);
        }
    };
    let inside = precious(&folder.join("inside"));
    let undo = link(&folder, repo.state().join("trash"));
    let refused = repo.batch(["clean", "--empty-trash"]).exits(2);
    refused.says("is a link, and batch clean deletes nothing behind a link");
    is_whole(&inside);
    undo();

    // The folder of all checkouts leads to a folder with the names of a run and a unit.
    let unit = precious(&folder.join(&run).join("01-packages-p0-index-js"));
    let beside = precious(&folder.join(&run).join(".01-packages-p0-index-js"));
    fs::remove_dir_all(repo.dir().join(".git/worktrees")).expect("git's entries");
    let undo = link(&folder, repo.worktrees());
    let _ = repo.batch(["clean", "--all", "--empty-trash"]);
    is_whole(&unit);
    is_whole(&beside);
    undo();

    let done = precious(&folder.join("done"));
    let _undo = link(&folder, repo.state().join("runs").join(&run));
    let _ = repo.batch(["clean", "--all", "--empty-trash"]);
    is_whole(&done);
}

#[test]
fn a_run_whose_name_is_a_path_is_left_alone() {
    let (repo, folder) = prepared();
    let run = run(&repo);
    let done = precious(&folder.join("done"));
    let runs = repo.state().join("runs");
    let name = pathdiff(&runs, &folder);
    forge(
        &repo,
        &format!("UPDATE events SET run = '{name}', fact = replace(fact, '{run}', '{name}')"),
    );
    repo.batch(["clean", "--all"]).says("is left alone");
    is_whole(&done);
}

/// Writes the way from one folder to another one.
fn pathdiff(from: &Path, to: &Path) -> String {
    let up = "../".repeat(from.components().count() - 1);
    format!(
        "{up}{}",
        to.strip_prefix("/").expect("a full path").display()
    )
}

/// What is the run's own goes, as before.
#[test]
fn a_checkout_in_its_place_goes_away() {
    let (repo, _) = prepared();
    let checkout = PathBuf::from(repo.only_worktree());
    let _ = repo.batch(["clean", "--all"]).exits(0);
    assert!(!checkout.exists());
    assert!(!repo.worktrees().exists());
}
