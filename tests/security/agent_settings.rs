//! Coding agents start without the settings that a repository has for them, until a person approves these. All of it
//! holds by layout, with and without a sandbox.

use crate::support::Repo;

/// Settings that Claude Code obeys, and a text that its model reads.
fn with_settings_of_claude() -> Repo {
    Repo::new()
        .file("packages/p0/index.js", "var p0 = 0;\n")
        .file(".claude/settings.json", "{\"hooks\": {}}\n")
        .file(".claude/hooks/start.sh", "true\n")
        .file(".mcp.json", "{}\n")
        .file("CLAUDE.md", "Be kind.\n")
        .file(".claude/CLAUDE.md", "Be kind.\n")
        .commit("Settings of an agent")
        .with_remote()
        .of_a_stranger()
}

/// What a stand-in for Claude Code notes of the settings that it sees.
const LOOK: &str = "find .claude .mcp.json CLAUDE.md -type f 2>/dev/null | sort | tr '\\n' ' ' >>\"$here/saw\"\n\
                    git status --porcelain >>\"$here/saw\"\n";

fn saw(repo: &Repo) -> String {
    std::fs::read_to_string(repo.root().join("saw")).unwrap_or_default()
}

#[test]
fn c1_a_coding_agent_starts_without_settings_of_the_repository() {
    let repo = with_settings_of_claude();
    let before = repo.snapshot();
    let turn = format!("{LOOK}change");
    let output = repo
        .migrate()
        .claude(&turn)
        .check("test -e .claude/settings.json")
        .run();
    assert_eq!(output.code(), 0, "{output}");
    let note = output.stderr();
    let aside = ".claude/hooks/start.sh, .claude/settings.json, .mcp.json";
    assert!(
        note.contains(&format!("claude starts without the repository's {aside}")),
        "{note}"
    );
    assert_eq!(saw(&repo), ".claude/CLAUDE.md CLAUDE.md ");
    assert_eq!(repo.snapshot(), before);
    let branch = repo.branches().pop().expect("a branch");
    assert_eq!(repo.changed_on(&branch), ["packages/p0/index.js"]);

    std::fs::remove_file(repo.root().join("saw")).unwrap();
    let hash = output.hash_to_approve();
    let approved = repo
        .migrate()
        .claude(&turn)
        .with(["--approve", &hash])
        .run();
    assert_eq!(approved.code(), 0, "{approved}");
    let all = ".claude/CLAUDE.md .claude/hooks/start.sh .claude/settings.json .mcp.json CLAUDE.md ";
    assert_eq!(saw(&repo), all);
}

#[test]
fn c1_a_planning_agent_starts_without_them_too() {
    let repo = with_settings_of_claude();
    let program = repo.program("claude", &crate::support::claude(LOOK));
    let program = program.to_string_lossy();
    let words = [
        "plan",
        "packages/",
        "sign",
        "--agent",
        "claude",
        "--planner",
        "agent",
    ];
    let output = repo.batch(words.iter().chain(&["--agent-cmd", &program]));
    assert_eq!(output.code(), 0, "{output}");
    assert!(
        saw(&repo).starts_with(".claude/CLAUDE.md CLAUDE.md "),
        "{}",
        saw(&repo)
    );
    assert!(!saw(&repo).contains("settings"), "{}", saw(&repo));
}

#[test]
fn c1_what_was_left_aside_is_no_change_after_a_crash() {
    for event in ["4", "5", "6", "7", "8", "9", "10"] {
        let repo = with_settings_of_claude();
        let killed = repo
            .migrate()
            .claude("change")
            .env("BATCH_CRASH", event)
            .run();
        if killed.code() != -1 {
            break;
        }
        let resumed = repo.batch(["resume"]);
        assert_eq!(resumed.code(), 0, "{event}: {resumed}");
        let branch = repo.branches().pop().expect("a branch");
        assert_eq!(
            repo.changed_on(&branch),
            ["packages/p0/index.js"],
            "{event}"
        );
    }
}

#[test]
fn c1_an_agent_that_takes_anothers_place_starts_without_them_too() {
    let repo = with_settings_of_claude();
    let _ = repo.migrate().agent("exit 3").run().exits(1);
    let turn = format!("{LOOK}change");
    let program = repo.program("claude", &crate::support::claude(&turn));
    let program = program.to_string_lossy();
    let words = [
        "retry",
        "--failed",
        "--agent",
        "claude",
        "--agent-cmd",
        &program,
    ];
    let retried = repo.batch(words);
    let note = retried.stderr();
    assert!(
        note.contains("claude starts without the repository's .claude/"),
        "{note}"
    );
    assert!(
        saw(&repo).starts_with(".claude/CLAUDE.md CLAUDE.md "),
        "{}",
        saw(&repo)
    );
    assert!(!saw(&repo).contains("settings"), "{}", saw(&repo));

    let repo = with_settings_of_claude();
    let _ = repo.migrate().agent("exit 3").run().exits(1);
    let program = repo.program("claude", &crate::support::claude(&turn));
    let program = program.to_string_lossy();
    let hash = retried.hash_to_approve();
    let words = [
        "retry",
        "--failed",
        "--agent",
        "claude",
        "--agent-cmd",
        &program,
        "--approve",
        &hash,
    ];
    let _ = repo.batch(words).exits(0);
    assert!(
        saw(&repo).contains(".claude/settings.json"),
        "{}",
        saw(&repo)
    );
}
