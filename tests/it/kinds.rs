//! Files of kinds that people do not write: they are left out of a plan, unless a glob names the kind.

use crate::support::Repo;

/// Returns the files of all units of the plan for this glob, and the reasons with the files left out.
fn planned(repo: &Repo, glob: &str) -> (Vec<String>, Vec<String>) {
    let words = [
        "plan",
        glob,
        "sign every file",
        "--agent-cmd",
        "true",
        "--json",
    ];
    let plan = repo.batch(words).exits(0).json();
    let strings = |value: &serde_json::Value| -> Vec<String> {
        serde_json::from_value(value.clone()).expect("a list of strings")
    };
    let units = plan["unit"].as_array().expect("units").iter();
    let mut files: Vec<String> = units.flat_map(|unit| strings(&unit["files"])).collect();
    files.sort();
    let left_out = plan.get("left-out").and_then(serde_json::Value::as_array);
    let left_out = left_out.into_iter().flatten().map(|left_out| {
        let reason = left_out["reason"].as_str().expect("a reason");
        format!("{reason}: {}", strings(&left_out["files"]).join(" "))
    });
    (files, left_out.collect())
}

#[test]
fn vendored_code_is_left_out_and_that_is_said() {
    let repo = Repo::new()
        .file(
            ".gitattributes",
            "lib/ext/** linguist-vendored\nvendor/ours/** linguist-vendored=false\n",
        )
        .file("lib/ext/a.js", "a\n")
        .file("node_modules/left/index.js", "a\n")
        .file("src/a.js", "a\n")
        .file("src/jquery.min.js", "a\n")
        .file("third_party/b/b.js", "a\n")
        .file("vendor/c/c.js", "a\n")
        .file("vendor/ours/d.js", "a\n")
        .commit("Start")
        .with_remote();
    let vendored = |files: &str| {
        vec![format!(
            "vendored: a glob that names its folder includes it: {files}"
        )]
    };
    assert_eq!(
        planned(&repo, "**/*.js"),
        (
            vec!["src/a.js".to_owned(), "vendor/ours/d.js".to_owned()],
            vendored(
                "lib/ext/a.js node_modules/left/index.js src/jquery.min.js third_party/b/b.js \
                 vendor/c/c.js"
            )
        )
    );
    for (glob, file) in [
        ("lib/ext/*.js", "lib/ext/a.js"),
        ("**/node_modules/**/*.js", "node_modules/left/index.js"),
        ("**/*.min.js", "src/jquery.min.js"),
        ("third_party/b", "third_party/b/b.js"),
        ("vendor/c/**", "vendor/c/c.js"),
    ] {
        assert_eq!(
            planned(&repo, glob),
            (vec![file.to_owned()], vec![]),
            "{glob}"
        );
    }
}

#[test]
fn what_a_glob_names_by_its_kind_is_work() {
    let repo = Repo::new()
        .file("assets/a/logo.png", b"\x89PNG\0\0")
        .file("assets/style.css", "a {}\n")
        .file("gen/api.js", "// @generated\nlet a;\n")
        .file("web/yarn.lock", "a\n")
        .commit("Start")
        .with_remote();
    for (glob, file) in [
        ("assets/**/*.png", "assets/a/logo.png"),
        ("gen/*", "gen/api.js"),
        ("**/yarn.lock", "web/yarn.lock"),
    ] {
        assert_eq!(
            planned(&repo, glob),
            (vec![file.to_owned()], vec![]),
            "{glob}"
        );
    }
    let (files, left_out) = planned(&repo, ".");
    assert_eq!(files, ["assets/style.css"]);
    assert_eq!(
        left_out,
        [
            "binary: assets/a/logo.png",
            "generated: gen/api.js",
            "lock file, which its own tool writes: web/yarn.lock"
        ]
    );
}

#[test]
fn pictures_that_a_glob_names_are_changed_and_published() {
    let repo = Repo::new()
        .file("assets/logo.png", b"\x89PNG\0\0")
        .commit("Start")
        .with_remote();
    let agent = "printf '\\211PNG\\0' > assets/logo.png";
    let migrate = repo.migrate().paths(["assets/**/*.png"]).agent(agent);
    let _ = migrate.run().exits(0);
    assert_eq!(repo.pushed().len(), 1);
}
