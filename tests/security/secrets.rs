//! Secrets that this process knows, or that look like one, are in nothing that it keeps or shows.

use std::fs;
use std::path::Path;

use crate::support::{Repo, SIGN};

/// A value that only this process knows.
const KNOWN: &str = "kept-value-93jf02";
/// A password in the address of a remote.
const OF_REMOTE: &str = "remote-pw-4k2x";
/// The value of a variable in a check's command line.
const OF_CHECK: &str = "check-value-7h1q";

/// A token that has the form of one of GitHub's, put together so that no scanner takes this file for a leak.
fn token() -> String {
    ["ghp", "_", "9aB3cD4eF5gH6iJ7kL8mN0pQ1rS2tU3vW4xY"].concat()
}

/// All files below a folder with their bytes.
fn files(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap_or_default();
            found.push((path.display().to_string(), bytes));
        }
    }
}

/// Row D1, by layout: secrets in what agents and checks print, in command lines and in addresses.
#[test]
fn no_secret_is_kept_or_shown() {
    let repo = Repo::with_packages(2);
    let address = format!("https://me:{OF_REMOTE}@git.example/a.git");
    repo.git(["remote", "add", "other", &address]);
    let token = token();
    // The parts of the token come in two writes.
    let (one, two) = token.split_at(10);
    let prints =
        format!("echo 'known {KNOWN}, remote {OF_REMOTE}'; printf '%s' '{one}'; echo '{two} end'");
    let agent = format!(
        "{prints}\nsign\ncase $BATCH_UNIT in 02*) echo \"it said {KNOWN}\" >&2; exit 3;; esac"
    );
    let check = repo.program("check", &format!("{prints}\nexit 1"));
    let check = format!("API_TOKEN={OF_CHECK} {}", check.display());
    let ended = repo
        .migrate()
        .agent(&agent)
        .saying(&format!("use the key {token}"))
        .check(&check)
        .check("true")
        .in_order()
        .env("GITHUB_TOKEN", &token)
        .env("DEPLOY_PASSWORD", KNOWN)
        .run();
    let both = |said: &crate::support::Output| format!("{}{}", said.raw(), said.raw_stderr());
    let mut shown = vec![("the run".to_owned(), both(&ended).into_bytes())];
    let unit = |id: &'static str| ["logs", id];
    for args in [
        &["report"][..],
        &["report", "--json"],
        &["status"],
        &["export"],
        &unit("01"),
        &unit("02"),
    ] {
        let said = repo.batch(args);
        shown.push((args.join(" "), both(&said).into_bytes()));
    }
    files(&repo.state(), &mut shown);
    let messages = repo.git(["log", "--all", "--format=%B"]);
    assert!(messages.contains("use the key"), "{messages}");
    shown.push(("the commits".to_owned(), messages.into_bytes()));
    // What the user wrote stands as it is where the run goes on from it.
    let is_own = |name: &str| name.ends_with("/settings.toml") || name.ends_with("/plan.toml");
    shown.retain(|(name, _)| !is_own(name) && !name.contains("/cache/"));
    assert!(shown.iter().any(|(name, _)| name.ends_with("agent.log")));
    for (name, bytes) in &shown {
        let text = String::from_utf8_lossy(bytes);
        for secret in [KNOWN, OF_REMOTE, OF_CHECK, &token] {
            // The user's own words, in the plan that is shown and in the prompt.
            if name.ends_with("prompt.md") || name == "the run" && secret == token {
                continue;
            }
            assert!(!text.contains(secret), "{secret} in {name}: {text}");
        }
    }
    ended.says("API_TOKEN=***");
}

/// Row D1, by layout: what a coding agent prints beside its own language, and what its model says.
#[test]
fn no_secret_that_a_coding_agent_prints_is_kept_or_shown() {
    let repo = Repo::with_packages(1);
    let turn =
        format!("echo 'known {KNOWN}'\necho 'known {KNOWN}' >&2\nchange\nsay 'known {KNOWN}'");
    let migrate = repo.migrate().claude(&turn).env("DEPLOY_PASSWORD", KNOWN);
    let ended = migrate.run().exits(0);
    let mut shown = vec![("the run".to_owned(), ended.raw().into())];
    files(&repo.state(), &mut shown);
    let mut masked = 0;
    for (name, bytes) in &shown {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains(KNOWN), "{name}: {text}");
        masked += text.matches("known ***").count();
    }
    assert!(masked > 0, "nothing was kept");
}

/// Row D1, by layout: workers get what a list names, whatever else the user's variables are called.
#[test]
fn workers_get_the_variables_of_the_list() {
    let repo = Repo::with_packages(1);
    let held = [
        ("DATABASE_URL", "postgres://app:pw@db/x"),
        ("STRIPE_KEY", "a"),
        ("MYSQL_PWD", "b"),
        ("GITLAB_PAT", "c"),
        ("CI_JOB_JWT", "d"),
        ("HTTPS_PROXY", "http://me:hunter-2@proxy:3128"),
        ("npm_config__authToken", "e"),
        ("SOME_COMPANY_SETTING", "f"),
    ];
    let kept = [
        ("CARGO_HOME", "/c"),
        ("HTTP_PROXY", "http://proxy:3128"),
        ("RUSTFLAGS", "-g"),
        ("npm_config_registry", "https://npm.example/"),
    ];
    let mut migrate = repo
        .migrate()
        .agent(&format!("env >\"$here/seen\"\n{SIGN}"));
    for (name, value) in held.iter().chain(&kept) {
        migrate = migrate.env(name, value);
    }
    let _ = migrate.run().exits(0);
    let seen = fs::read_to_string(repo.root().join("seen")).expect("the variables");
    let has = |name: &str| {
        seen.lines()
            .any(|line| line.starts_with(&format!("{name}=")))
    };
    for (name, _) in held {
        assert!(!has(name), "{name}: {seen}");
    }
    for (name, value) in kept {
        assert!(
            seen.contains(&format!("{name}={value}\n")),
            "{name}: {seen}"
        );
    }
    for name in ["PATH", "HOME", "LC_ALL", "TZ", "BATCH_UNIT"] {
        assert!(has(name), "{name}: {seen}");
    }
}

/// A check that asks for a variable which was held back names it.
#[test]
fn a_check_that_lacks_a_variable_says_which() {
    let repo = Repo::with_packages(1);
    let check = ": \"${DATABASE_URL:?not set}\"";
    let migrate = repo.migrate().agent(SIGN).check(check);
    let ended = migrate.env("DATABASE_URL", "sqlite:x").run();
    ended.says(
        "it asks for DATABASE_URL, which workers do not get; [environment] pass in batch.toml",
    );
    let repo = repo.settings("[environment]\npass = [\"DATABASE_URL\"]\n");
    let migrate = repo.migrate().agent(SIGN).check(check);
    let _ = migrate.env("DATABASE_URL", "sqlite:x").run().exits(0);
}
