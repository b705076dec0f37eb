//! How much a worker may use, and that a worker that runs into a limit says which one it is.

use std::fs;

use super::sandbox::succeed_in;
use crate::support::Repo;

/// Row F1, by limits of the system, at every level: without settings, no process dumps its memory, and files end
/// somewhere.
#[test]
fn a_worker_has_limits_without_settings() {
    let check = "test \"$(ulimit -Hc)\" = 0 && test \"$(ulimit -Hf)\" != unlimited && \
                 test \"$(ulimit -Hn)\" -le 65536";
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent("sign").units(1).check(check);
    succeed_in("off", migrate).expect("no sandbox is needed");
}

/// Row F1, by limits of the system: where there is no control group, each process has its limits, and the failure names
/// them.
#[test]
fn a_worker_that_runs_into_a_limit_names_the_setting() {
    let repo = Repo::with_packages(1)
        .settings("[sandbox]\nfile-size = \"1MB\"\nmemory = \"300MB\"\nopen-files = 64\n");
    let agent = "dd if=/dev/zero of=big bs=1M count=3 || true\n\
                 perl -e '$x = \"a\" x 500_000_000; print length $x' && exit 0\n\
                 exit 1";
    let env = repo.root().join("no group");
    let migrate = repo.migrate().agent(agent).units(1);
    let ended = migrate
        .env("BATCH_CONTROL_GROUP", &env.to_string_lossy())
        .run();
    assert_eq!(ended.code(), 1, "{ended}");
    let report = repo.report().to_string();
    for words in [
        "a process may have 300 MB of memory (memory under [sandbox])",
        "a file may have 1 MB (file-size under [sandbox])",
    ] {
        assert!(report.contains(words), "{report}");
    }
}

/// Row F1, by a control group: a worker that the system ends for its memory says so. The group is a folder that looks
/// like one, in which the agent counts as the kernel does.
#[test]
fn a_worker_that_the_system_ends_for_its_memory_says_so() {
    let repo = Repo::with_packages(1).settings("[sandbox]\nmemory = \"100MB\"\n");
    let tree = repo.root().join("tree");
    fs::create_dir(&tree).expect("a folder");
    fs::write(tree.join("cgroup.controllers"), "cpu memory pids\n").expect("a file");
    fs::write(tree.join("cgroup.procs"), "").expect("a file");
    // One more group than workers: whether groups work is tried out in the first one.
    let agent = "for group in \"$here\"/tree/batch-*-2; do
                     cp \"$group/memory.max\" \"$group/pids.max\" \"$group/cgroup.procs\" \"$here\"
                     echo 'oom_kill 1' >\"$group/memory.events\"
                 done
                 kill -9 $$";
    let migrate = repo.migrate().agent(agent).units(1);
    let ended = migrate
        .env("BATCH_CONTROL_GROUP", &tree.to_string_lossy())
        .run();
    assert_eq!(ended.code(), 1, "{ended}");
    ended.says("ended at its limit of 100 MB of memory; memory under [sandbox] sets another");
    let at = |name: &str| fs::read_to_string(repo.root().join(name)).expect("a file of the group");
    assert_eq!(
        [at("memory.max"), at("pids.max"), at("cgroup.procs")],
        ["100000000", "4096", "0"]
    );
    let handed = fs::read_to_string(tree.join("cgroup.subtree_control")).expect("a file");
    assert_eq!(handed, "-memory -pids", "the group is not as it was");
}

/// Row F1, by a control group that systemd hands over: nothing on this machine may be able to.
#[test]
#[ignore = "needs a session of systemd, which hands a control group over"]
fn a_worker_has_a_group_where_systemd_hands_one_over() {
    let repo = Repo::with_packages(1).settings("[sandbox]\nmemory = \"100MB\"\nprocesses = 20\n");
    let agent = repo.program(
        "agent",
        "setsid sh -c 'sleep 600 & sleep 600' &\nperl -e '$x = \"a\" x 300_000_000; print length $x'",
    );
    let words = ["--user", "--scope", "--quiet", "-p", "Delegate=yes"];
    let mut command = repo.command("systemd-run");
    command
        .args(words)
        .arg(assert_cmd::cargo::cargo_bin("batch"));
    command.args([
        "migrate",
        "packages/",
        "change it",
        "--yes",
        "--dry-run",
        "--no-checks",
    ]);
    command.args(["--units", "1", "--agent-cmd"]).arg(agent);
    for name in ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let output = command.output().expect("systemd-run starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("ended at its limit of 100 MB of memory"),
        "{said}"
    );
}

/// Row C2, by layout: the numbers of a repository bound workers more than usual, and never less.
#[test]
fn a_repository_cannot_raise_the_limits() {
    for (line, key) in [
        ("file-size = \"30GB\"", "file-size"),
        ("open-files = 100000", "open-files"),
    ] {
        let repo = Repo::with_packages(1)
            .of_a_stranger()
            .settings(&format!("[sandbox]\n{line}\n"));
        let ended = repo.migrate().agent("sign").units(1).run();
        assert_eq!(ended.code(), 2, "{ended}");
        ended.says(&format!(
            "batch.toml: {key} under [sandbox] lets workers reach more"
        ));
    }
}

/// Row C2, by layout: the limits of the user hold whatever the repository says.
#[test]
fn a_repository_cannot_raise_what_the_user_limits() {
    let repo = Repo::with_packages(1)
        .of_a_stranger()
        .settings("[sandbox]\nfile-size = \"10GB\"\n");
    let own = repo.root().join("home/.config/batch");
    fs::create_dir_all(&own).expect("a folder");
    fs::write(own.join("config.toml"), "[sandbox]\nfile-size = \"1MB\"\n").expect("a file");
    // It passes on the base, whatever the limits are.
    let check = "! grep -q signed packages/p0/index.js || ! dd if=/dev/zero of=big bs=1M count=3";
    let migrate = || repo.migrate().agent("sign").units(1).check(check);
    // The approval is for what the repository says, which the user's own limit still bounds.
    let hash = migrate().run().exits(3).hash_to_approve();
    let _ = migrate().with(["--approve", &hash]).run().exits(0);
}
