use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::finding::{Finding, Verdict};
use super::machine::Machine;
use super::repository::judge_version;
use super::{GivenSettings, examine, places, show};
use crate::cli::demo::acorn::{Acorn, unpack};
use crate::config::Config;
use crate::git::Repo;
use crate::journal::Journal;
use crate::process::sandbox::{NoGroups, SandboxLevel};

fn acorn() -> (tempfile::TempDir, Acorn) {
    let folder = tempfile::tempdir().unwrap();
    let acorn = unpack(folder.path()).unwrap();
    (folder, acorn)
}

fn look_with(dir: &Path, variables: &[(&str, &str)]) -> Vec<Finding> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .chain([("PATH".into(), path)])
        .collect();
    examine(
        dir,
        &given(None),
        &Machine {
            variables: &variables,
            gh: &|_| None,
            sandbox: &|_| Ok(SandboxLevel::OFF),
            groups: &|| Ok(()),
        },
    )
}

/// Settings that the user vouches for.
fn given(file: Option<&Path>) -> GivenSettings<'_> {
    GivenSettings {
        file,
        approved: &|_, _| true,
    }
}

fn look(dir: &Path) -> Vec<Finding> {
    look_with(dir, &[])
}

fn of<'f>(findings: &'f [Finding], subject: &str) -> (Verdict, &'f str) {
    findings
        .iter()
        .find(|finding| finding.subject == subject)
        .map(|finding| (finding.verdict, finding.words.as_str()))
        .unwrap()
}

fn settings(acorn: &Acorn, text: &str) {
    fs::write(acorn.root.join("batch.toml"), text).unwrap();
}

/// Every path below a folder.
fn all_below(folder: &Path) -> BTreeSet<PathBuf> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.unwrap().into_path())
        .collect()
}

#[test]
fn a_good_place_has_no_problem_and_is_left_as_it_was() {
    let (folder, acorn) = acorn();
    // A file with another date than the index knows, though the same: git would like to write that down.
    fs::File::open(acorn.root.join("README.md"))
        .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH))
        .unwrap();
    let index = acorn.root.join(".git/index");
    let known = fs::read(&index).unwrap();
    let before = all_below(folder.path());
    let findings = look(&acorn.root.join("device"));
    assert!(!show::has_problem(&findings), "{findings:#?}");
    assert_eq!(of(&findings, "remote"), (Verdict::Ok, "origin"));
    let (verdict, words) = of(&findings, "base");
    assert_eq!(verdict, Verdict::Ok);
    assert!(words.starts_with("origin/main (") && words.ends_with("into main"));
    assert_eq!(
        of(&findings, "worktrees").1,
        format!("below {}.batch", acorn.root.display())
    );
    assert_eq!(all_below(folder.path()), before);
    assert!(fs::read(&index).unwrap() == known);
}

#[test]
fn a_journal_is_read_and_left_as_it_was() {
    let (_folder, acorn) = acorn();
    let path = acorn.root.join(".git/batch/journal.db");
    let mut journal = Journal::open(&path).unwrap();
    journal.append("r", None, 1, "{}").unwrap();
    drop(journal);
    let before = fs::read(&path).unwrap();
    let findings = look(&acorn.root);
    assert_eq!(
        of(&findings, "journal"),
        (Verdict::Ok, "intact, 1 run known")
    );
    assert!(fs::read(&path).unwrap() == before);

    fs::write(&path, "no journal at all, but long enough to be looked at").unwrap();
    let findings = look(&acorn.root);
    assert_eq!(of(&findings, "journal").0, Verdict::Problem);
}

#[test]
fn outside_of_a_repository_there_is_one_problem() {
    let folder = tempfile::tempdir().unwrap();
    let findings = look(folder.path());
    let (verdict, words) = of(&findings, "repository");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("is not inside a git repository"));
    assert!(show::has_problem(&findings));
}

#[test]
fn a_repository_without_a_commit_is_told_what_it_needs() {
    let folder = tempfile::tempdir().unwrap();
    git2::Repository::init(folder.path()).unwrap();
    let findings = look(folder.path());
    let (verdict, words) = of(&findings, "base");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("commit something first"));
    assert!(findings.iter().all(|finding| finding.subject != "checks"));
}

#[test]
fn uncommitted_changes_are_a_warning_only() {
    let (_folder, acorn) = acorn();
    fs::write(acorn.root.join("README.md"), "changed\n").unwrap();
    let findings = look(&acorn.root);
    assert_eq!(of(&findings, "changes").0, Verdict::Warning);
    assert!(!show::has_problem(&findings));
}

#[test]
fn a_fault_in_the_settings_is_told_with_its_line() {
    let (_folder, acorn) = acorn();
    settings(&acorn, "[run]\njosb = 4\n");
    let findings = look(&acorn.root);
    let (verdict, words) = of(&findings, "settings");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("batch.toml, line 2:"), "{words}");

    settings(&acorn, "[publish]\ntitle = \"{{ unti.title }}\"\n");
    let findings = look(&acorn.root);
    let (verdict, words) = of(&findings, "settings");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("title template"), "{words}");
}

#[test]
fn what_nobody_has_approved_is_named_and_not_rendered() {
    let (_folder, acorn) = acorn();
    let endless = "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}";
    settings(
        &acorn,
        &format!("[publish]\ntitle = \"{endless}\"\n[checks]\ncommands = [\"evil\"]\n"),
    );
    let machine = Machine {
        variables: &[],
        gh: &|_| None,
        sandbox: &|_| Ok(SandboxLevel::OFF),
        groups: &|| Ok(()),
    };
    let unapproved = GivenSettings {
        file: None,
        approved: &|_, _| false,
    };
    let findings = examine(&acorn.root, &unapproved, &machine);
    let (verdict, words) = of(&findings, "settings");
    assert_eq!(verdict, Verdict::Warning);
    assert!(words.contains("checks.commands, publish.title"), "{words}");
    assert!(!of(&findings, "checks").1.contains("evil"));
    // What was approved is rendered, and stopped where it does not end.
    let findings = examine(&acorn.root, &given(None), &machine);
    let (verdict, words) = of(&findings, "settings");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("title template"), "{words}");
}

#[test]
fn a_cause_is_told_once() {
    let (_folder, acorn) = acorn();
    let absent = acorn.root.join("absent.toml");
    let machine = Machine {
        variables: &[],
        gh: &|_| None,
        sandbox: &|_| Ok(SandboxLevel::OFF),
        groups: &|| Ok(()),
    };
    let findings = examine(&acorn.root, &given(Some(&absent)), &machine);
    let (verdict, words) = of(&findings, "settings");
    assert_eq!(verdict, Verdict::Problem);
    assert_eq!(words.matches("No such file").count(), 1, "{words}");
}

#[test]
fn what_limits_workers_is_told() {
    let (_folder, acorn) = acorn();
    let said = |groups: &dyn Fn() -> Result<(), NoGroups>| {
        let machine = Machine {
            variables: &[],
            gh: &|_| None,
            sandbox: &|_| Ok(SandboxLevel::OFF),
            groups,
        };
        let findings = examine(&acorn.root, &given(None), &machine);
        of(&findings, "sandbox").1.to_owned()
    };
    let whole = said(&|| Ok(()));
    assert!(
        whole.ends_with("; memory and processes of a worker are limited as a whole"),
        "{whole}"
    );
    let alone = said(&|| Err(NoGroups::Shared));
    let why = "are not limited as a whole, since other processes are in the control group of batch";
    assert!(alone.ends_with(why), "{alone}");
}

#[test]
fn the_agents_program_must_be_there() {
    let (_folder, acorn) = acorn();
    settings(&acorn, "[agent]\ncommand = \"no-such-agent --fast\"\n");
    let findings = look(&acorn.root);
    let (verdict, words) = of(&findings, "agent");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("'no-such-agent'"), "{words}");

    settings(&acorn, "[agent]\ncommand = \"git status\"\n");
    let findings = look(&acorn.root);
    assert_eq!(of(&findings, "agent"), (Verdict::Ok, "command: git status"));

    settings(&acorn, "[agent]\nregex = \"(\"\nto = \"x\"\n");
    assert_eq!(of(&look(&acorn.root), "agent").0, Verdict::Problem);
}

#[test]
fn the_forge_is_named_with_its_reason_and_never_with_the_token() {
    let (_folder, acorn) = acorn();
    assert_eq!(
        of(&look(&acorn.root), "forge"),
        (
            Verdict::Ok,
            "pull requests are pages in this repository, because remote origin is not on GitHub"
        )
    );

    let git = git2::Repository::open(&acorn.root).unwrap();
    git.remote_set_url("origin", "https://ada:hidden@github.com/acorn/acorn.git")
        .unwrap();
    let findings = look_with(&acorn.root, &[("GITHUB_TOKEN", "secret")]);
    assert_eq!(
        of(&findings, "forge"),
        (
            Verdict::Ok,
            "github.com/acorn/acorn, with the token from GITHUB_TOKEN"
        )
    );
    for text in [show::people(&findings), show::json(&findings).unwrap()] {
        assert!(!text.contains("secret") && !text.contains("hidden"));
    }
    assert_eq!(of(&look(&acorn.root), "forge").0, Verdict::Warning);

    settings(&acorn, "[publish]\nforge = \"github\"\n");
    assert_eq!(of(&look(&acorn.root), "forge").0, Verdict::Problem);
}

#[test]
fn tests_that_are_found_or_given_are_named() {
    let (_folder, acorn) = acorn();
    settings(&acorn, "[checks]\ncommands = [\"sh scripts/test.sh\"]\n");
    assert_eq!(
        of(&look(&acorn.root), "checks"),
        (Verdict::Ok, "sh scripts/test.sh (batch.toml)")
    );
    settings(&acorn, "[checks]\ncommands = []\n");
    assert!(of(&look(&acorn.root), "checks").1.starts_with("none"));
}

#[test]
fn a_found_test_command_needs_its_program() {
    let (folder, acorn) = acorn();
    let git = git2::Repository::open(&acorn.root).unwrap();
    let mut index = git.index().unwrap();
    index.remove_all(["tools", "clients/js"], None).unwrap();
    let tree = git.find_tree(index.write_tree().unwrap()).unwrap();
    let first = git.head().unwrap().peel_to_commit().unwrap();
    let who = first.author();
    git.commit(Some("HEAD"), &who, &who, "less", &tree, &[&first])
        .unwrap();
    settings(&acorn, "[plan]\nbase = \"HEAD\"\n");
    let programs = folder.path().join("programs");
    fs::create_dir(&programs).unwrap();
    let checks = || {
        let findings = examine(
            &acorn.root,
            &given(None),
            &Machine {
                variables: &[("PATH".into(), programs.clone().into_os_string())],
                gh: &|_| None,
                sandbox: &|_| Ok(SandboxLevel::OFF),
                groups: &|| Ok(()),
            },
        );
        let (verdict, words) = of(&findings, "checks");
        (verdict, words.to_owned())
    };
    let (verdict, words) = checks();
    assert_eq!(verdict, Verdict::Warning);
    assert!(words.contains("'cargo' is not on PATH"), "{words}");

    let cargo = programs.join("cargo");
    fs::write(&cargo, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o755)).unwrap();
    let (verdict, words) = checks();
    assert_eq!(verdict, Verdict::Ok);
    assert!(words.starts_with("cargo test"), "{words}");
}

#[test]
fn the_folder_of_worktrees_follows_the_template() {
    let (folder, acorn) = acorn();
    let repo = Repo::discover(&acorn.root).unwrap();
    let top = folder.path().canonicalize().unwrap();
    let folder = |template: &str| {
        let mut config = Config::default();
        config.worktrees.dir = Some(template.to_owned());
        places::shared_folder(&repo, &config)
    };
    assert_eq!(
        folder("../work/{repo}-{run}/{unit}").unwrap(),
        top.join("work"),
        "a name that holds the run is not shared"
    );
    assert_eq!(
        folder("/srv/{repo}/{run}-{unit}").unwrap(),
        Path::new("/srv/acorn")
    );

    settings(&acorn, "[worktrees]\ndir = \"trees/{run}/{unit}\"\n");
    assert_eq!(of(&look(&acorn.root), "worktrees").0, Verdict::Warning);
    settings(&acorn, "[worktrees]\ndir = \"trees/{unit}\"\n");
    assert_eq!(of(&look(&acorn.root), "worktrees").0, Verdict::Problem);
}

#[test]
fn a_place_that_cannot_be_written_is_a_problem() {
    let (_folder, acorn) = acorn();
    fs::write(acorn.root.join(".git/batch"), "a file in the way").unwrap();
    let findings = look(&acorn.root);
    let (verdict, words) = of(&findings, "state");
    assert_eq!(verdict, Verdict::Problem);
    assert!(words.contains("cannot be written"), "{words}");
}

#[test]
fn versions_of_git_are_compared_as_numbers() {
    let verdict = |said| judge_version(said).verdict;
    assert_eq!(verdict("git version 2.47.3\n"), Verdict::Ok);
    assert_eq!(verdict("git version 2.31.0 (Apple Git-132)"), Verdict::Ok);
    assert_eq!(verdict("git version 3.0.rc1"), Verdict::Ok);
    assert_eq!(verdict("git version 2.9.5"), Verdict::Problem);
    assert_eq!(verdict("something else"), Verdict::Warning);
}

#[test]
fn little_space_is_a_warning() {
    let little = places::judge_space((1 << 30) - 1);
    assert_eq!(little.verdict, Verdict::Warning);
    assert!(little.words.starts_with("0.9 GiB free"));
    let enough = places::judge_space(5 << 29);
    assert_eq!(enough.verdict, Verdict::Ok);
    assert_eq!(enough.words, "2.5 GiB free for worktrees");
}

#[test]
fn people_and_programs_see_the_same_findings() {
    let findings = [
        Finding::ok("git", "2.47.3"),
        Finding::warning("history", "cut\nshort\u{1b}[2J"),
        Finding::problem("base", "there is no commit"),
    ];
    insta::assert_snapshot!(console::strip_ansi_codes(&show::people(&findings)), @r"
    ok       git      2.47.3
    warning  history  cut short
    problem  base     there is no commit

    batch cannot work here yet: 1 problem, 1 warning
    ");
    insta::assert_snapshot!(show::json(&findings[..1]).unwrap(), @r#"
    {
      "version": 1,
      "works": true,
      "findings": [
        {
          "subject": "git",
          "verdict": "ok",
          "words": "2.47.3"
        }
      ]
    }
    "#);
}
