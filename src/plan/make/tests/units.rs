//! The units of a plan: owners, shared files and imports.

use super::{base, make, request_of};
use crate::config::{Grouping, Order, UnitRange};
use crate::git::fixture::{Fixture, repository};
use crate::plan::make::Request;

#[test]
fn by_owner_no_unit_mixes_owners() {
    let globs = [".".to_owned()];
    let request = |it: &Fixture| {
        make(
            &it.repo,
            &Request {
                units: UnitRange::new(1, 2).unwrap(),
                by: Some(Grouping::Owner),
                ..request_of(&globs, &base(it))
            },
        )
    };
    let mut files = vec![(
        "CODEOWNERS",
        "/src/*.js @ada\n/src/x.js @GRACE\n/lib/ @grace\n",
    )];
    files.extend(["src/a.js", "src/x.js", "src/y.js", "lib/z.js"].map(|path| (path, "x\n")));
    let plan = request(&repository(&files)).unwrap();
    let units = plan.units.iter();
    let units = units.map(|unit| format!("{:?} {:?}", unit.claim.files, unit.owners));
    insta::assert_snapshot!(units.collect::<Vec<_>>().join("\n"), @r#"
    ["CODEOWNERS"] []
    ["lib/z.js", "src/x.js"] ["@grace"]
    ["src/a.js", "src/y.js"] ["@ada"]
    "#);
    let refused = request(&repository(&files[1..])).unwrap_err();
    insta::assert_snapshot!(
        refused,
        @"units cannot be made by owner, because the base has no rules in .github/CODEOWNERS, CODEOWNERS, \
        docs/CODEOWNERS: add some, or leave out --by owner"
    );
}

#[test]
fn shared_files_are_in_the_last_unit_and_snapshots_with_their_tests() {
    let mut files = vec![
        ("CHANGELOG.md", "# Changes\n"),
        ("Cargo.lock", "x\n"),
        (".github/workflows/ci.yml", "on: push\n"),
        (
            "src/index.ts",
            "export * from './a';\nexport * from './b';\n",
        ),
        (
            "src/a/index.ts",
            "export * from './x';\nexport * from './y';\n",
        ),
        (
            "src/b/__snapshots__/1.test.ts.snap",
            "exports[`x`] = `1`;\n",
        ),
    ];
    files.extend(["x", "y"].map(|name| (&*format!("src/a/{name}.ts").leak(), "x\n")));
    files.extend(["1.test", "2", "3"].map(|name| (&*format!("src/b/{name}.ts").leak(), "x\n")));
    let it = repository(&files);
    let made = |units: UnitRange| {
        let globs = [".".to_owned()];
        let base = base(&it);
        let request = Request {
            units,
            ..request_of(&globs, &base)
        };
        make(&it.repo, &request).unwrap()
    };
    let plan = made(UnitRange::new(3, 3).unwrap());
    let units: Vec<String> = plan
        .units
        .iter()
        .map(|unit| format!("{} = {}: {:?}", unit.id, unit.title, unit.claim.files))
        .collect();
    insta::assert_snapshot!(units.join("\n"), @"
    01-src-a = src/a: [\"src/a/index.ts\", \"src/a/x.ts\", \"src/a/y.ts\"]
    02-src-b = src/b: [\"src/b/1.test.ts\", \"src/b/2.ts\", \"src/b/3.ts\", \"src/b/__snapshots__/1.test.ts.snap\"]
    03-shared = shared: .github/workflows/ci.yml, CHANGELOG.md, src/index.ts: [\".github/workflows/ci.yml\", \
    \"CHANGELOG.md\", \"src/index.ts\"]
    ");
    assert_eq!(plan.left_out[0].files, ["Cargo.lock"]);
    let one = made(UnitRange::new(1, 1).unwrap());
    assert_eq!(
        one.units.len(),
        1,
        "what one unit has is shared with nobody"
    );
    assert_eq!(one.units[0].claim.files.len(), files.len() - 1);
}

/// Two families of files in two folders: files named `a…` import only `a…`, files named `b…` only `b…`.
fn families() -> Fixture {
    let texts: Vec<(String, String)> = ["x", "y"]
        .iter()
        .flat_map(|folder| {
            ["a", "b"].iter().flat_map(move |family| {
                (0..3).map(move |number| {
                    let other = if *folder == "x" { "y" } else { "x" };
                    let imports: Vec<String> = (0..3)
                        .map(|number| format!("import '../{other}/{family}{number}';"))
                        .collect();
                    (format!("{folder}/{family}{number}.js"), imports.join("\n"))
                })
            })
        })
        .collect();
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    repository(&files)
}

#[test]
fn files_that_import_each_other_are_in_one_unit() {
    let it = families();
    let globs = [".".to_owned()];
    let base = base(&it);
    let request = Request {
        units: UnitRange::new(2, 2).unwrap(),
        ..request_of(&globs, &base)
    };
    let plan = make(&it.repo, &request).unwrap();
    let files: Vec<String> = plan
        .units
        .iter()
        .map(|unit| unit.claim.files.join(" "))
        .collect();
    assert_eq!(
        files,
        [
            "x/a0.js x/a1.js x/a2.js y/a0.js y/a1.js y/a2.js",
            "x/b0.js x/b1.js x/b2.js y/b0.js y/b1.js y/b2.js"
        ]
    );
}

#[test]
fn imports_are_read_only_if_they_decide() {
    let it = repository(&[
        ("a/x.js", "import '../b/y'"),
        ("b/y.js", ""),
        ("c/z.md", ""),
    ]);
    let base = base(&it);
    let reads = |glob: &str, by, order| {
        let globs = [glob.to_owned()];
        let request = Request {
            units: UnitRange::new(2, 2).unwrap(),
            by,
            order,
            ..request_of(&globs, &base)
        };
        let cache = it.repo.state_dir().join("cache");
        let _ = std::fs::remove_dir_all(&cache);
        let (_, files) = crate::plan::make::make(&it.repo, &request).unwrap();
        let reads = cache.exists();
        files.graph().unwrap();
        assert!(cache.exists());
        reads
    };
    assert!(!reads("**", Some(Grouping::Folder), Order::None));
    assert!(!reads("**/*.md", None, Order::None));
    assert!(reads("**", Some(Grouping::Folder), Order::Deps));
    assert!(reads("**", None, Order::None));
}

#[test]
fn units_need_the_units_they_import() {
    let it = repository(&[
        ("app/main.py", "import lib.core, util.text\n"),
        ("lib/core.py", "from util import text\n"),
        ("util/text.py", ""),
        ("docs/x.md", "import lib\n"),
    ]);
    let globs = [".".to_owned()];
    let base = base(&it);
    let request = |order| Request {
        units: UnitRange::new(4, 4).unwrap(),
        order,
        ..request_of(&globs, &base)
    };
    let needs = |order| -> Vec<String> {
        let plan = make(&it.repo, &request(order)).unwrap();
        let units = plan.units.iter();
        units
            .map(|unit| format!("{} {:?}", unit.id, unit.needs))
            .collect()
    };
    insta::assert_snapshot!(needs(Order::Deps).join("\n"), @r#"
    01-app-main-py [UnitId("03-lib-core-py")]
    02-docs-x-md []
    03-lib-core-py [UnitId("04-util-text-py")]
    04-util-text-py []
    "#);
    assert!(needs(Order::None).iter().all(|unit| unit.ends_with(" []")));
}
