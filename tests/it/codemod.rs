//! What the built-in codemod and commands with placeholders make of files, as a person sees it.

use crate::support::{Output, Repo};

/// A repository with these files, and a remote.
fn holding(files: &[(&str, &str)]) -> Repo {
    let mut repo = Repo::new();
    for (path, text) in files {
        repo = repo.file(path, text);
    }
    repo.commit("Start").with_remote()
}

/// Plans everything for a codemod.
fn plan(repo: &Repo, codemod: &[&str]) -> Output {
    let mut args = vec!["plan", ".", "make it new"];
    args.extend_from_slice(codemod);
    repo.batch(args)
}

/// The plan's lines that claim files.
fn claimed(repo: &Repo) -> String {
    let plan = repo.read("plan.toml");
    let claims = plan.split("[[left-out").next().unwrap_or_default();
    claims.to_owned()
}

/// What one unit with this agent publishes of the file.
fn published(repo: &Repo, agent: &[&str], path: &str) -> String {
    let mut args = vec!["migrate", ".", "make it new", "--yes", "--no-checks"];
    args.extend(["--units", "1", "--forge", "local"]);
    args.extend_from_slice(agent);
    let _ = repo.batch(args).exits(0);
    let branch = repo
        .branches()
        .into_iter()
        .find(|it| it.starts_with("batch/"));
    // The helper drops the last line end.
    repo.published(&branch.expect("a branch"), path) + "\n"
}

#[test]
fn what_the_codemod_cannot_read_is_told_apart_from_what_it_does_not_change() {
    let repo = holding(&[
        ("a.js", "var x = 1;\n"),
        ("b.js", "let x = 1;\n"),
        ("broken.js", "{ var a, b = (\n"),
        ("c.vue", "<script>\nvar x = 1;\n</script>\n"),
        ("d.py", "var = 1\n"),
        ("run", "#!/usr/bin/env node\nvar x = 1;\n"),
        ("words.md", "var\n"),
        ("plain.md", "words\n"),
    ]);
    let output = plan(
        &repo,
        &["--rewrite", "var $A = $B", "--to", "const $A = $B"],
    )
    .exits(0);
    output
        .says("the codemod has no language for it; 2 hold the words of the pattern")
        .says("not in a language of this codemod; 1 holds the words of the pattern")
        .says("does not parse, and the codemod changes nothing; 1 holds the words of the pattern")
        .says("the codemod changes nothing (1): b.js");
    let claimed = claimed(&repo);
    assert!(
        claimed.contains("\"a.js\"") && claimed.contains("\"c.vue\""),
        "{claimed}"
    );
}

#[test]
fn a_file_of_another_language_than_the_given_one_is_told() {
    let repo = holding(&[("a.tsx", "var x = 1;\n"), ("b.ts", "var x = 1;\n")]);
    let words = [
        "--rewrite",
        "var $A = $B",
        "--to",
        "let $A = $B",
        "--lang",
        "ts",
    ];
    plan(&repo, &words)
        .exits(0)
        .says("not in a language of this codemod; 1 holds the words of the pattern (1): a.tsx");
}

#[test]
fn a_malformed_pattern_is_told_and_not_that_nothing_changes() {
    let repo = holding(&[("a.js", "console.log(1);\n"), ("b.php", "<?php f();\n")]);
    plan(&repo, &["--rewrite", "console.log(", "--to", ""])
        .exits(2)
        .says("the pattern 'console.log(' is not JavaScript: it does not parse");
    plan(&repo, &["--rewrite", "f($A", "--to", ""])
        .exits(2)
        .says("the pattern 'f($A' is not one complete piece of code");
}

#[test]
fn an_expression_that_would_match_per_line_is_told_of_the_flag() {
    let repo = holding(&[
        ("a.txt", "one\nold\n"),
        ("b.txt", "old\n"),
        ("c.txt", "none\n"),
    ]);
    plan(&repo, &["--regex", "^old", "--to", "new"])
        .exits(0)
        .says("begin it with (?m), so that ^ and $ mean the ends of lines (1): a.txt")
        .says("the codemod changes nothing (1): c.txt");
    plan(&repo, &["--regex", "none$", "--to", "new", "--force"])
        .exits(2)
        .says("begin it with (?m)");
}

#[test]
fn a_line_end_in_the_replacement_is_written_as_an_escape() {
    let header = ["--regex", r"\A", "--to", r"# Copyright\n#\ttabbed \\n\n"];
    let repo = holding(&[("a.py", "def f():\n    return 1\n")]);
    assert_eq!(
        published(&repo, &header, "a.py"),
        "# Copyright\n#\ttabbed \\n\ndef f():\n    return 1\n"
    );
    let repo = holding(&[("a.js", "old(1);\n")]);
    let code = ["--rewrite", "old($A)", "--to", r#"first("\n");\nnext($A)"#];
    assert_eq!(
        published(&repo, &code, "a.js"),
        "first(\"\\n\");\nnext(1);\n"
    );
}

#[test]
fn several_pairs_are_applied_one_after_another_and_kept_in_the_plan() {
    let repo = holding(&[("a.js", "var x = old();\n"), ("b.js", "old();\n")]);
    let pairs = [
        "--rewrite",
        "var $A = $B",
        "--to",
        "let $A = $B",
        "--rewrite",
        "old()",
        "--to",
        "young()",
    ];
    assert_eq!(published(&repo, &pairs, "a.js"), "let x = young();\n");
    let _ = plan(&repo, &pairs).exits(0);
    let saved = repo.read("plan.toml");
    assert!(saved.contains("\"var $A = $B\",\n  \"old()\","), "{saved}");
    let _ = repo
        .batch([
            "run",
            "plan.toml",
            "--yes",
            "--no-checks",
            "--forge",
            "local",
        ])
        .exits(0);
    plan(
        &repo,
        &["--force", "--rewrite", "a", "--rewrite", "b", "--to", "c"],
    )
    .exits(2)
    .says("--rewrite is given 2 times, and --to once: each --rewrite needs a --to of its own");
}

#[test]
fn a_replacement_without_anything_to_replace_is_refused() {
    let repo = holding(&[("a.js", "old();\n")]);
    plan(&repo, &["--to", "new"])
        .exits(2)
        .says("--to has nothing to replace: add --rewrite PATTERN or --regex REGEX");
    plan(&repo, &["--regex", "", "--to", "new"])
        .exits(2)
        .says("the regular expression is empty, so there is nothing to replace");
}

#[test]
fn a_removed_call_leaves_neither_its_semicolon_nor_its_line() {
    let repo = holding(&[("a.js", "f();\n  console.log(1, 2);\ng();\n")]);
    let removal = ["--rewrite", "console.log($$$)", "--to", ""];
    assert_eq!(published(&repo, &removal, "a.js"), "f();\ng();\n");
}

#[test]
fn a_command_takes_its_files_unit_and_instruction_in_place_of_placeholders() {
    let repo = holding(&[("a b.js", "old\n"), ("c.js", "old\n")]);
    let fixer = repo.program(
        "fix",
        r#"for it; do echo "// $*" >"$it"; test "$it" != "c.js" || break; done"#,
    );
    let command = format!("{} {{files}}", fixer.display());
    assert_eq!(
        published(&repo, &["--agent-cmd", &command], "c.js"),
        "// a b.js c.js\n"
    );
    let repo = holding(&[("a.js", "old\n")]);
    let line = "echo // {unit} {instruction} > {files}";
    let agent = ["--agent-shell", "--agent-cmd", line];
    assert_eq!(published(&repo, &agent, "a.js"), "// 01-a-js make it new\n");
}

#[test]
fn a_fixer_that_ends_with_another_code_can_be_allowed() {
    let fixer = [
        "--agent-shell",
        "--agent-cmd",
        "for it in {files}; do echo fixed >$it; done; exit 1",
    ];
    let run = |more: &[&str]| {
        let repo = holding(&[("a.js", "old\n"), ("b.js", "old\n")]);
        let args = [
            "migrate",
            ".",
            "fix it",
            "--yes",
            "--no-checks",
            "--forge",
            "local",
            "--units",
            "1",
        ];
        let args: Vec<&str> = args.iter().chain(&fixer).chain(more).copied().collect();
        repo.batch(args)
    };
    run(&[]).exits(1).says(
        "exit code 1, after it had changed 2 files; if this code means success, allow it with --agent-exit 0,1",
    );
    let _ = run(&["--agent-exit", "0,1"]).exits(0);
}
