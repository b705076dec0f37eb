//! Files that the base stores against its own attributes: no unit is accused of them, and none is published rewritten.

use crate::support::Repo;

/// Writes every file again, as some tools do, and edits one line of each file of the unit.
const AGENT: &str = r#"
for file in packages/*/*; do
    cp "$file" ../copy.$$
    cat ../copy.$$ >"$file"
    rm ../copy.$$
    touch -d '2030-01-01' "$file"
done
xargs -0 sed -i 's/old/young/' <"$BATCH_FILES""#;

/// Two packages with a file of this content each, stored as it is, and the rules that come later.
fn stored(content: &str, rules: &str) -> Repo {
    let repo = Repo::new()
        .file("packages/p0/a.js", content)
        .file("packages/p1/a.js", content)
        .commit("Start")
        .file(".gitattributes", rules);
    repo.git(["add", ".gitattributes"]);
    repo.git(["commit", "--quiet", "--message", "Rules"]);
    repo.with_remote()
}

/// Every unit is published and changes one line of its own file.
#[track_caller]
fn one_line_changes(repo: &Repo, env: &[(&str, &str)]) {
    let migrate = repo.migrate().agent(AGENT).units(2).in_order();
    let output = migrate.envs(env).run().exits(0);
    output.says("2 of 2 units published");
    for (number, branch) in repo.branches().iter().enumerate() {
        let stat = repo.git(["diff", "--numstat", &format!("main...{branch}")]);
        assert_eq!(stat, format!("1\t1\tpackages/p{number}/a.js"), "{branch}");
    }
}

#[test]
fn line_ends_that_the_rules_forbid_stay() {
    for (content, rules) in [
        ("one\r\nold\r\nthree\r\n", "*.js text\n"),
        ("one\r\nold\r\nthree\r\n", "*.js text eol=lf\n"),
        ("one\r\nold\r\nthree\r\n", "*.js text eol=crlf\n"),
        ("one\r\nold\r\nthree\r\n", "*.js crlf\n"),
        ("one\r\nold\nthree\r\n", "*.js text eol=lf\n"),
        ("one\r\ntwo\n3\n4\nold\n6\n7\n8\r\n", "*.js text eol=crlf\n"),
        ("one\r\nold\r\nthree\r\n", "* text=auto eol=lf\n"),
        ("one\r\nold\r\nthree\n", "*.js -text eol=lf\n"),
    ] {
        let repo = stored(content, rules);
        one_line_changes(&repo, &[]);
        let branch = &repo.branches()[0];
        let published = repo.git(["cat-file", "blob", &format!("{branch}:packages/p0/a.js")]);
        assert_eq!(published + "\n", content.replace("old", "young"), "{rules}");
    }
}

#[test]
fn settings_of_the_user_alone_rewrite_nothing() {
    for content in [
        "one\nold\nthree\n",
        "one\r\nold\r\nthree\r\n",
        "one\r\nold\nthree\n",
    ] {
        for value in ["true", "input"] {
            let repo = stored(content, "");
            let counted = [
                ("GIT_CONFIG_COUNT", "1"),
                ("GIT_CONFIG_KEY_0", "core.autocrlf"),
                ("GIT_CONFIG_VALUE_0", value),
            ];
            one_line_changes(&repo, &counted);
            let repo = stored(content, "");
            repo.git(["config", "--global", "core.autocrlf", value]);
            one_line_changes(&repo, &[]);
        }
    }
}

#[test]
fn content_where_a_filter_expects_something_else_stays() {
    let repo = stored("one\nold\nthree\n", "*.js filter=large -text\n");
    repo.git([
        "config",
        "--global",
        "filter.large.clean",
        "echo pointer; cksum",
    ]);
    repo.git(["config", "--global", "filter.large.smudge", "cat"]);
    one_line_changes(&repo, &[]);
}

#[test]
fn an_expanded_ident_stays() {
    let repo = stored("$Id: 1234 $\ntwo\nthree\nold\nfive\n", "*.js ident\n");
    one_line_changes(&repo, &[]);
}

#[test]
fn an_edit_of_the_line_ends_alone_is_an_edit() {
    let repo = stored("one\r\nold\r\n", "*.js text\n");
    let agent = r#"xargs -0 sed -i 's/\r$//' <"$BATCH_FILES""#;
    let output = repo.migrate().agent(agent).units(2).run().exits(0);
    output.says("2 of 2 units published");
    let branch = &repo.branches()[0];
    let published = repo.git(["cat-file", "blob", &format!("{branch}:packages/p0/a.js")]);
    assert_eq!(published, "one\nold");
}

#[test]
fn two_files_whose_names_differ_in_case_are_two_files() {
    let repo = stored("one\nold\nthree\n", "");
    if repo.dir().join("PACKAGES").exists() {
        return;
    }
    let repo = repo.file("packages/p0/A.js", "another\nold\n");
    let repo = repo
        .file("packages/P1/a.js", "one more\nold\n")
        .commit("Twins");
    repo.git(["push", "--quiet"]);
    repo.git(["config", "core.ignoreCase", "true"]);
    let migrate = repo.migrate().agent(AGENT).units(2).in_order();
    migrate.run().exits(0).says("2 of 2 units published");
    let branches = repo.branches();
    let mut changed: Vec<String> = branches
        .iter()
        .flat_map(|branch| repo.changed_on(branch))
        .collect();
    changed.sort();
    let all = ["P1/a.js", "p0/A.js", "p0/a.js", "p1/a.js"];
    assert_eq!(changed, all.map(|file| format!("packages/{file}")));
}
