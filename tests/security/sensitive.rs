//! What a person looks at before it is published is held, with its place and what lets it pass.

use crate::support::Repo;

/// Letters that look like a key of a payment service, put together so that no scanner takes this file for a leak.
const KEY: &str = "sk_live_$(printf 9aB3cD4eF5gH6iJ7kL8mN0pQ)";

/// Row D2, by layout: in the lines and beside the files that a unit may change and create.
#[test]
fn secrets_and_files_that_run_are_held_with_what_lets_them_pass() {
    let repo = Repo::with_packages(1)
        .file("yarn.lock", "# lock\n")
        .commit("Lock");
    repo.git(["push", "--quiet"]);
    let agent = format!(
        r#"note
sign
cd packages/p0
echo "const key = '{KEY}';" >>index.js
echo "A=b" >.env
printf '#!/bin/sh\n' >tool && chmod +x tool
ln -s index.js link.js
head -c 5000000 /dev/zero >picture.bin
echo '# more' >>../../yarn.lock"#
    );
    let held = repo.migrate().agent(&agent).run().exits(1);
    assert!(repo.pushed().is_empty());
    for place in [
        "a person has to look at its content before it is published",
        "packages/p0/index.js:3: it looks like a Stripe key: `const key = '***';`",
        "packages/p0/.env: files of this name usually hold secrets",
        "packages/p0/tool: it is a new executable file",
        "packages/p0/link.js: it is a new symlink",
        "packages/p0/picture.bin: it is a binary file of 5 MB",
        "yarn.lock: it is a lock file, and no manifest beside it changed",
        "--allow sensitive, or --allow '",
    ] {
        held.says(place);
    }
    let kinds = [
        "secret-file",
        "executable",
        "symlink",
        "large-file",
        "lock-file",
    ];
    let mut resume = vec!["resume"];
    resume.extend(kinds.iter().flat_map(|kind| ["--allow", kind]));
    let held = repo.batch(&resume).exits(1);
    held.says("(secret):")
        .says("--allow secret, or --allow 'packages/p0/index.js'");
    assert!(repo.pushed().is_empty());
    let _ = repo.batch(["resume", "--allow", "secret"]).exits(0);
    assert_eq!(repo.pushed().len(), 1);
    assert_eq!(repo.worked().len(), 1);
}

/// What the claim names was approved with the plan.
#[test]
fn what_the_claim_names_is_published() {
    let repo = Repo::with_packages(1);
    repo.program("repo/packages/p0/run.sh", "true");
    std::os::unix::fs::symlink("index.js", repo.dir().join("packages/p0/a.js")).expect("a link");
    let repo = repo.file("packages/p0/.env", "A=b\n").commit("Run");
    repo.git(["push", "--quiet"]);
    let agent = "sign\necho '# more' >>packages/p0/run.sh\necho C=d >>packages/p0/.env";
    let _ = repo.migrate().agent(agent).units(1).run().exits(0);
    let branch = &repo.pushed()[0];
    let changed = repo.changed_on(branch);
    assert!(
        changed.contains(&"packages/p0/run.sh".to_owned()),
        "{changed:?}"
    );
    assert!(
        changed.contains(&"packages/p0/.env".to_owned()),
        "{changed:?}"
    );
}
