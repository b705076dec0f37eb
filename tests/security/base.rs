//! A unit's failure is compared with the untouched base, whatever workers did to the base's checkout.

use crate::support::Repo;

/// Row B4, by layout: the checkout of the base is made again when its content is no longer that of the base.
#[test]
fn a_worker_cannot_make_a_new_failure_an_old_one() {
    let repo = Repo::with_packages(2);
    // The first unit has the base checked; the second breaks the base's checkout, and its own file in the same way.
    let agent = r"
        case $BATCH_UNIT in
        01*) echo first >>packages/p0/index.js;;
        02*) echo second >>packages/p1/index.js; echo second >>../.base/packages/p1/index.js;;
        esac";
    let ended = repo
        .migrate()
        .agent(agent)
        .in_order()
        .check("! grep -q first packages/p0/index.js")
        .check("! grep -q second packages/p1/index.js")
        .run();
    assert_eq!(ended.code(), 1, "{ended:?}");
    ended.says("0 of 2 units published, 2 failed");
    assert!(repo.pushed().is_empty());
}
