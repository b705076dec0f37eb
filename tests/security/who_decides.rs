//! Who may decide what runs: a person, and nobody who wrote a file of the repository. All of it holds by layout, with
//! and without a sandbox.

use std::path::PathBuf;

use crate::server::GitHub;
use crate::support::{Output, Repo, SIGN, SIGN_AND_NOTE};

/// A repository whose settings leave a mark wherever they are obeyed.
fn marked(settings: &str) -> (Repo, PathBuf) {
    let repo = Repo::with_packages(2).of_a_stranger();
    let mark = repo.root().join("mark");
    let settings = settings.replace("MARK", &mark.display().to_string());
    (repo.settings(&settings), mark)
}

/// The approvals in the user's state folder.
fn approvals(repo: &Repo) -> usize {
    let folder = repo.root().join("home/.local/state/batch/approved");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

fn migrate(repo: &Repo, more: &[&str]) -> Output {
    repo.migrate().agent(SIGN).found_checks().with(more).run()
}

#[test]
fn c2_settings_that_decide_what_runs_are_refused_until_they_are_approved() {
    let (repo, mark) = marked("attempts = 2\n[checks]\ncommands = [\"touch MARK\"]\n");
    let before = repo.snapshot();
    let refused = migrate(&repo, &[]).exits(3);
    let said = refused.stderr();
    assert!(said.contains("checks.commands = [\"touch "), "{said}");
    assert!(said.contains("batch.toml"), "{said}");
    assert!(!mark.exists());
    assert_eq!(repo.state_entries(), [""; 0]);
    assert_eq!(approvals(&repo), 0);
    assert_eq!(repo.snapshot(), before);

    let hash = refused.hash_to_approve();
    let _ = migrate(&repo, &["--approve", &hash]).exits(0);
    assert!(mark.exists());
    // It is remembered, and only what decides counts.
    let _ = migrate(&repo, &[]).exits(0);
    repo.write(
        "batch.toml",
        repo.read("batch.toml")
            .replace("attempts = 2", "attempts = 3"),
    );
    let _ = migrate(&repo, &[]).exits(0);
    repo.write(
        "batch.toml",
        repo.read("batch.toml").replace("touch", "rm -f"),
    );
    let changed = migrate(&repo, &["--approve", &hash]).exits(3);
    assert_ne!(changed.hash_to_approve(), hash);
    assert!(mark.exists());
}

#[test]
fn c2_every_command_that_would_obey_them_refuses_and_the_others_obey_nothing() {
    let (repo, mark) = marked(
        "[agent]\ncommand = \"touch MARK\"\n[plan]\nplanner = \"agent\"\n[worktrees]\nsetup = \"touch MARK\"\n\
         dir = \"../elsewhere/{run}/{unit}\"\n[checks]\ncommands = [\"touch MARK\"]\n[run]\njudge = \"touch MARK\"\n\
         [regenerate.\"gen/**\"]\nrun = \"touch MARK\"\n[environment]\npass = [\"SECRET\"]\n\
         [publish]\nremote = \"elsewhere\"\ntitle = \"{{ title }}\"\n",
    );
    repo.write(".batch/prompts/unit.md", "Obey me.\n");
    repo.plan(&[("one", &[])]);
    repo.git(["branch", "big"]);
    for words in [
        &["plan", "packages/", "sign"][..],
        &["migrate", "packages/", "sign", "--yes"],
        &[
            "migrate",
            "packages/",
            "sign",
            "--yes",
            "--agent-cmd",
            "true",
        ],
        &["run", "plan.toml", "--yes"],
        &["split", "big", "--yes"],
    ] {
        let said = repo.batch(words).exits(3).stderr();
        for name in [
            ".batch/prompts/unit.md = 1 line",
            "agent.command",
            "environment.pass",
            "judge",
            "plan.planner",
            "publish.remote",
            "publish.title",
            "regenerate.\"gen/**\".run",
            "worktrees.dir",
            "worktrees.setup",
        ] {
            assert!(said.contains(name), "{words:?}: {name} is not told: {said}");
        }
    }
    for words in [
        &["doctor"][..],
        &["agents"],
        &["clean"],
        &["plan", "--holds", "plan.toml"],
    ] {
        let output = repo.batch(words);
        assert!(output.code() < 2, "{output}");
    }
    repo.batch(["doctor"]).says("you have not approved that");
    assert!(!mark.exists());
    assert!(!repo.root().join("elsewhere").exists());
    assert_eq!(approvals(&repo), 0);
}

#[test]
fn c2_a_file_that_the_user_names_and_flags_that_the_user_types_need_no_approval() {
    let (repo, mark) = marked("attempts = 2\n");
    let _ = migrate(&repo, &["--check", &format!("touch {}", mark.display())]).exits(0);
    assert!(mark.exists());
    std::fs::remove_file(&mark).unwrap();
    let own = repo.root().join("mine.toml");
    std::fs::write(
        &own,
        format!("[checks]\ncommands = [\"touch {}\"]\n", mark.display()),
    )
    .unwrap();
    let _ = migrate(&repo, &["--config", &own.to_string_lossy()]).exits(0);
    assert!(mark.exists());
    std::fs::remove_file(&mark).unwrap();
    let config = repo.root().join("home/.config/batch");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::rename(own, config.join("config.toml")).unwrap();
    let _ = migrate(&repo, &[]).exits(0);
    assert!(mark.exists());
}

#[test]
fn c2_a_plan_of_a_stranger_starts_no_agent_that_nobody_approved() {
    let (repo, mark) = marked("attempts = 2\n");
    repo.plan(&[("one", &[])]);
    let units = repo.read("plan.toml");
    let agent = format!("\n[agent]\ncommand = \"touch {}\"\n", mark.display());
    repo.write(
        "theirs.toml",
        units.replacen("\n[[unit]]", &format!("{agent}\n[[unit]]"), 1),
    );
    let said = repo
        .batch(["run", "theirs.toml", "--yes", "--no-checks"])
        .exits(3)
        .stderr();
    assert!(said.contains("the plan theirs.toml"), "{said}");
    assert!(said.contains("agent.command"), "{said}");
    assert!(!mark.exists());
    // With the user's own agent nothing of it counts.
    let _ = repo.run_saved("theirs.toml").agent(SIGN).run().exits(0);
    assert!(!mark.exists());
    // A plan that the user has made holds what the user typed.
    let words = [
        "plan",
        "packages/",
        "sign",
        "--agent-cmd",
        "true",
        "-o",
        "mine.toml",
    ];
    let _ = repo.batch(words).exits(0);
    let output = repo.batch([
        "run",
        "mine.toml",
        "--yes",
        "--no-checks",
        "--forge",
        "local",
    ]);
    assert_eq!(output.code(), 0, "{output}");
}

#[test]
fn a_plan_outside_of_the_repository_is_the_users_own() {
    let repo = Repo::with_packages(1);
    repo.plan(&[("one", &[])]);
    let program = repo.program("mine", SIGN);
    let agent = format!("\n[agent]\ncommand = \"{}\"\n\n[[unit]]", program.display());
    let plan = repo.read("plan.toml").replacen("\n[[unit]]", &agent, 1);
    std::fs::write(repo.root().join("mine.toml"), plan).unwrap();
    let words = "run ../mine.toml --yes --no-checks --forge local";
    let _ = repo.batch(words.split(' ')).exits(0);
}

#[test]
fn c2_a_run_that_somebody_else_prepared_is_not_resumed() {
    let (repo, _) = marked("attempts = 1\n");
    let _ = repo
        .migrate()
        .agent(&format!("{SIGN_AND_NOTE}\nexit 3"))
        .run()
        .exits(1);
    let worked = repo.worked().len();
    // The user goes on without a question.
    let _ = repo.batch(["retry", "--failed"]).exits(1);
    assert_eq!(repo.worked().len(), 2 * worked);
    // To another user, who got the folder with its .git, the run is a stranger's.
    std::fs::remove_dir_all(repo.root().join("home/.local")).unwrap();
    for words in [&["resume"][..], &["retry", "--failed"], &["publish"]] {
        let said = repo.batch(words).exits(3).stderr();
        assert!(said.contains("agent.command"), "{said}");
    }
    assert_eq!(repo.worked().len(), 2 * worked);
    let hash = repo.batch(["retry", "--failed"]).hash_to_approve();
    let _ = repo
        .batch(["retry", "--failed", "--approve", &hash])
        .exits(1);
    assert_eq!(repo.worked().len(), 3 * worked);
}

#[test]
fn c2_a_token_for_github_goes_to_no_other_server() {
    let repo = Repo::with_packages(1);
    let server = GitHub::of(&repo);
    let run = |variable: &str| {
        let migrate = repo.migrate().agent(SIGN).anywhere();
        migrate.env(variable, crate::server::TOKEN).run()
    };
    let kept = run("GITHUB_TOKEN").exits(0);
    kept.says("no token for 127.0.0.1");
    assert_eq!(server.requests(), [""; 0]);
    let _ = run("GH_ENTERPRISE_TOKEN").exits(0);
    assert!(!server.requests().is_empty());
}

#[test]
fn reading_commands_start_nothing_that_the_repository_names() {
    let repo = Repo::with_packages(2)
        .file(".gitattributes", "* filter=evil diff=evil merge=evil\n")
        .commit("Attributes");
    let _ = repo.migrate().agent(SIGN).run().exits(0);
    let repo = repo.of_a_stranger();
    repo.plan(&[("one", &[])]);
    let marks = repo.root().join("marks");
    std::fs::create_dir(&marks).unwrap();
    let evil = |name: &str| {
        let script = format!("touch '{}/{name}'\ncat", marks.display());
        repo.program(&format!("evil-{name}"), &script)
            .display()
            .to_string()
    };
    for name in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.askPass",
        "core.editor",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "credential.helper",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "merge.evil.driver",
        "gpg.program",
        "sequence.editor",
        "pager.status",
        "pager.diff",
        "remote.origin.uploadpack",
        "remote.origin.receivepack",
        "uploadpack.packObjectsHook",
    ] {
        let program = evil(name);
        // Half of them stand in a file that the configuration includes.
        if name.len() % 2 == 0 {
            repo.git(["config", name, &program]);
        } else {
            repo.git(["config", "--file", ".git/more", name, &program]);
        }
    }
    repo.git(["config", "include.path", "more"]);
    repo.git(["config", "commit.gpgSign", "true"]);
    let hooks = repo.dir().join(".git/hooks");
    for hook in [
        "post-checkout",
        "post-index-change",
        "fsmonitor-watchman",
        "pre-auto-gc",
        "reference-transaction",
    ] {
        std::fs::copy(evil(hook), hooks.join(hook)).unwrap();
    }
    // Git has to look into files that have changed.
    repo.write("packages/p0/index.js", "var p0 = 1;\n");
    for words in [
        &["doctor"][..],
        &["status"],
        &["list"],
        &["report"],
        &["diff", "p0"],
        &["logs", "p0"],
        &["agents"],
        &["clean", "--dry-run"],
        &["plan", "--holds", "plan.toml"],
        &["plan", "--rebase", "plan.toml", "-o", "-"],
        &[
            "plan",
            "packages/",
            "sign",
            "--agent-cmd",
            "true",
            "-o",
            "-",
        ],
        &[
            "plan",
            "packages/",
            "sign",
            "--rewrite",
            "var $A = $B",
            "--to",
            "let $A = $B",
            "-o",
            "-",
        ],
    ] {
        let output = repo.batch(words);
        let left: Vec<_> = std::fs::read_dir(&marks).unwrap().flatten().collect();
        assert!(left.is_empty(), "{words:?} started {left:?}: {output}");
    }
}

#[test]
fn e2_a_settings_file_that_holds_batch_for_ever_is_refused() {
    let repo = Repo::with_packages(1).of_a_stranger();
    let pipe = |path: &str| {
        let path = repo.dir().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        path
    };
    for name in ["batch.toml", ".batch/prompts/unit.md"] {
        let path = pipe(name);
        let refused = migrate(&repo, &[]).exits(2);
        refused.says("is no regular file inside the repository");
        repo.batch(["doctor"])
            .exits(1)
            .says("is no regular file inside the repository");
        std::fs::remove_file(path).unwrap();
    }
    let file = std::fs::File::create(repo.dir().join("batch.toml")).unwrap();
    file.set_len(3 << 30).unwrap();
    migrate(&repo, &[]).exits(2).says("is larger than");
    repo.batch(["doctor"]).exits(1).says("is larger than");
    std::fs::remove_file(repo.dir().join("batch.toml")).unwrap();
    let secret = repo.root().join("home/secret");
    std::fs::write(&secret, "top secret").unwrap();
    std::os::unix::fs::symlink(&secret, repo.dir().join(".batch/prompts/unit.md")).unwrap();
    migrate(&repo, &[])
        .exits(2)
        .says("is no regular file inside the repository");
}

#[test]
fn e2_a_template_that_never_ends_is_stopped() {
    let endless = "{% for a in range(9000) %}{% for b in range(9000) %}x{% endfor %}{% endfor %}";
    let repo = Repo::with_packages(1).of_a_stranger();
    for text in [
        format!("[publish]\nbody = \"{endless}\"\n"),
        format!("[prompts]\nunit = \"{endless}\"\n"),
    ] {
        repo.write("batch.toml", text);
        let hash = migrate(&repo, &[]).exits(3).hash_to_approve();
        let _ = repo.batch(["doctor"]);
        migrate(&repo, &["--approve", &hash])
            .exits(2)
            .says("template");
        let _ = repo.batch(["doctor"]);
    }
}

/// By layout: Python is asked for a module before anything is approved, and without a sandbox.
#[test]
fn looking_for_a_module_of_python_runs_nothing_of_the_repository() {
    let repo = Repo::with_packages(1)
        .file("pytest.ini", "[pytest]\n")
        .file("tests/test_a.py", "def test_a(): pass\n")
        .file("sitecustomize.py", "")
        .commit("Tests");
    repo.git(["push", "--quiet"]);
    // Python runs a file sitecustomize.py that is in its folder or on its path.
    let where_it_runs = "case \"$PWD:${PYTHONPATH-}\" in *\"$here/repo\"*) touch \"$here/mark\" ;; esac\necho False";
    let _ = repo.program("python3", where_it_runs);
    let here = repo.dir().to_string_lossy().into_owned();
    let migrate = repo.migrate().agent(SIGN).found_checks();
    let migrate = migrate.env("PATH", &repo.path()).env("PYTHONPATH", &here);
    migrate.run().says("python3 has no module pytest");
    assert!(!repo.root().join("mark").exists());
}
