//! What only fills the disk is not stored: the unit fails, and says why.

use std::fs;

use crate::support::Repo;

/// The size of the repository's objects, in kilobytes.
fn objects(repo: &Repo) -> u64 {
    let counted = repo.git(["count-objects", "-v"]);
    let sizes = counted.lines().filter_map(|line| line.strip_prefix("size"));
    let numbers = sizes.filter_map(|rest| rest.rsplit(' ').next()?.parse::<u64>().ok());
    numbers.sum()
}

/// Row F1, by layout: a file that is larger than the disk may be.
#[test]
fn a_huge_file_is_not_stored() {
    let repo = Repo::with_packages(1);
    let before = objects(&repo);
    let agent = "sign\ntruncate -s 3G packages/p0/huge";
    let ended = repo.migrate().agent(agent).run().exits(1);
    ended.says("it wrote 3.2 GB that git does not ignore, and the limit is 1 GB: nothing of it was stored;");
    assert!(objects(&repo) < before + 100);
    assert!(repo.pushed().is_empty());
}

/// Row F1, by layout: more files than a person would look at; those that git ignores do not count.
#[test]
fn masses_of_files_are_not_stored() {
    let repo = Repo::with_packages(1)
        .file(".gitignore", "cache/\n")
        .commit("Ignore");
    repo.git(["push", "--quiet"]);
    let repo = repo.settings("[worktrees]\nmax-files = 50\n");
    let agent = "sign\nmkdir -p cache packages/p0/x\n\
                 for d in $where; do seq 200 | (cd $d && xargs touch); done";
    let told = agent.replace("$where", "cache packages/p0/x");
    let ended = repo.migrate().agent(&told).run().exits(1);
    ended.says(
        "it wrote 201 files that git does not ignore, and the limit is 50 files: nothing of it",
    );
    let ignored = agent.replace("$where", "cache");
    let _ = repo.migrate().agent(&ignored).run().exits(0);
    assert_eq!(repo.pushed().len(), 1);
}

/// Row F1, by layout: folders in folders, deeper than a path may be long.
#[test]
fn folders_without_end_are_not_stored_and_can_be_removed() {
    for depth in [300, 3000] {
        let repo = Repo::with_packages(1);
        let agent = format!(
            "sign\ncd packages/p0\nn=0\nwhile [ $n -lt {depth} ]; do mkdir d; cd -P d; n=$((n+1)); done\n: >x"
        );
        let ended = repo.migrate().agent(&agent).run();
        assert_eq!(ended.code(), 1, "{depth}: {ended:?}");
        assert!(repo.pushed().is_empty(), "{depth}");
        let _ = repo.batch(["clean", "--all"]).exits(0);
        let left = fs::read_dir(repo.worktrees()).map(Iterator::count);
        assert_eq!(left.unwrap_or(0), 0, "{depth}");
    }
}
