//! Finds checks in small trees in memory.

use std::collections::BTreeMap;

use super::discover;
use crate::check::command::Check;

/// Returns the checks for `claim` as `dir$ command` (`$ command` in the root).
fn found(files: &[(&str, &str)], claim: &[&str]) -> Vec<String> {
    checks(files, claim)
        .into_iter()
        .map(|check| format!("{}$ {}", check.dir, check.name))
        .collect()
}

fn checks(files: &[(&str, &str)], claim: &[&str]) -> Vec<Check> {
    let texts: BTreeMap<&str, &str> = files.iter().copied().collect();
    let claim: Vec<String> = claim.iter().map(ToString::to_string).collect();
    let tracked = texts
        .keys()
        .map(ToString::to_string)
        .chain(claim.iter().cloned())
        .collect();
    let read = |path: &str| texts.get(path).map(ToString::to_string);
    discover(&tracked, &read, &claim)
}

const NONE: [&str; 0] = [];
const TESTED: &str = r#"{"scripts": {"test": "jest"}}"#;

#[test]
fn nothing_is_found_without_a_known_tool() {
    assert_eq!(found(&[], &["a/b.xyz"]), NONE);
    assert_eq!(found(&[("Cargo.toml", "not [ toml")], &["src/a.rs"]), NONE);
    assert_eq!(found(&[("Cargo.toml", "[package]\nname = 'a'")], &[]), NONE);
}

const WORKSPACE: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[workspace]\nmembers = ['crates/*']\nexclude = ['crates/out', 'fuzz']",
    ),
    ("crates/a/Cargo.toml", "[package]\nname = 'crate-a'"),
    ("crates/b/Cargo.toml", "[package]\nname = 'crate-b'"),
    ("crates/out/Cargo.toml", "[package]\nname = 'out'"),
    ("fuzz/targets/Cargo.toml", "[package]\nname = 'targets'"),
    (
        "crates/a/tests/data/x/Cargo.toml",
        "[package]\nname = 'fixture'",
    ),
];

#[test]
fn cargo_tests_the_claimed_packages_of_a_workspace() {
    for (claim, expected) in [
        (
            &["crates/a/src/lib.rs"][..],
            &["$ cargo test --no-fail-fast -p crate-a"][..],
        ),
        (
            &["crates/a/src/x.rs", "crates/a/src/y/z.rs", "crates/b/b.rs"],
            &["$ cargo test --no-fail-fast -p crate-a -p crate-b"],
        ),
        (
            &["README.md", "crates/a/a.rs"],
            &["$ cargo test --no-fail-fast --workspace"],
        ),
        (
            &["crates/out/src/lib.rs"],
            &["crates/out$ cargo test --no-fail-fast"],
        ),
        (
            &["fuzz/targets/x.rs"],
            &["fuzz/targets$ cargo test --no-fail-fast"],
        ),
        // Cargo refuses a package that its workspace does not list.
        (
            &["crates/a/tests/data/x/src/lib.rs"],
            &["$ cargo test --no-fail-fast -p crate-a"],
        ),
    ] {
        assert_eq!(found(WORKSPACE, claim), expected, "{claim:?}");
    }
}

#[test]
fn cargo_tests_single_packages_and_members_by_path() {
    let alone = &[("lib/Cargo.toml", "[package]\nname = 'alone'")];
    assert_eq!(
        found(alone, &["lib/src/a.rs"]),
        ["lib$ cargo test --no-fail-fast"]
    );
    let by_path = &[
        (
            "Cargo.toml",
            "[package]\nname = 'main'\n[workspace]\n[dependencies]\nmacros = { path = './macros' }",
        ),
        ("macros/Cargo.toml", "[package]\nname = 'macros'"),
    ];
    assert_eq!(
        found(by_path, &["macros/src/lib.rs"]),
        ["$ cargo test --no-fail-fast -p macros"]
    );
    assert_eq!(
        found(by_path, &["src/main.rs"]),
        ["$ cargo test --no-fail-fast -p main"]
    );
}

#[test]
fn the_source_names_the_manifest() {
    let one = checks(WORKSPACE, &["crates/a/a.rs"]);
    assert_eq!(one[0].source, "Cargo.toml of crates/a");
    let two = checks(WORKSPACE, &["crates/a/a.rs", "crates/b/b.rs"]);
    assert_eq!(two[0].source, "Cargo.toml of crates/a and crates/b");
    let root = checks(&[("package.json", TESTED)], &["a.js"]);
    assert_eq!(root[0].source, "package.json");
}

#[test]
fn the_package_manager_of_the_lock_file_runs_the_test_script() {
    let packaged = r#"{"scripts": {"test": "jest"}, "packageManager": "pnpm@9.1.0"}"#;
    for (manifest, lock, expected) in [
        (TESTED, "package-lock.json", &["$ npm test --silent"][..]),
        (TESTED, "unrelated", &["$ npm test --silent"]),
        (TESTED, "pnpm-lock.yaml", &["$ pnpm test"]),
        (TESTED, "yarn.lock", &["$ yarn test"]),
        (TESTED, "bun.lock", &["$ bun run test"]),
        (packaged, "yarn.lock", &["$ pnpm test"]),
        (
            r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#,
            "package-lock.json",
            &[],
        ),
        (r#"{"scripts": {}}"#, "package-lock.json", &[]),
        ("{", "package-lock.json", &[]),
    ] {
        let files = &[("package.json", manifest), (lock, "")];
        assert_eq!(found(files, &["src/a.ts"]), expected, "{manifest} {lock}");
    }
}

#[test]
fn few_node_packages_are_tested_each_and_many_by_the_package_above() {
    let manifests = ["p/a", "p/b", "p/c", "p/d"].map(|dir| format!("{dir}/package.json"));
    let mut files: Vec<(&str, &str)> = manifests
        .iter()
        .map(|path| (path.as_str(), TESTED))
        .collect();
    files.push(("pnpm-lock.yaml", ""));
    let each = [
        "p/a$ pnpm test",
        "p/b$ pnpm test",
        "p/c$ pnpm test",
        "p/d$ pnpm test",
    ];
    let claim = ["p/a/x.ts", "p/b/x.ts", "p/c/x.ts", "p/d/x.ts"];
    assert_eq!(found(&files, &claim[..3]), each[..3]);
    assert_eq!(found(&files, &claim), each);
    files.push(("package.json", TESTED));
    assert_eq!(found(&files, &claim[..3]), each[..3]);
    assert_eq!(found(&files, &claim), ["$ pnpm test"]);
}

#[test]
fn pytest_is_recognised_by_its_configuration_or_its_tests() {
    const PYTEST: &str = "$ python3 -m pytest -q";
    for (files, expected) in [
        (&[("pytest.ini", "")][..], &[PYTEST][..]),
        (
            &[("pyproject.toml", "[tool.pytest.ini_options]\n")],
            &[PYTEST],
        ),
        (&[("setup.cfg", "[tool:pytest]")], &[PYTEST]),
        (&[("tox.ini", "[pytest]\n")], &[PYTEST]),
        (&[("conftest.py", "")], &[PYTEST]),
        (&[("tests/unit/test_a.py", "")], &[PYTEST]),
        (&[("pyproject.toml", "[tool.ruff]"), ("setup.cfg", "")], &[]),
        (&[("src/pkg/test_a.py", "")], &[]),
        (&[("tests/test_a.py", ""), ("tests/runtests.py", "")], &[]),
        (
            &[
                ("pytest.ini", ""),
                ("tests/test_a.py", ""),
                ("manage.py", ""),
            ],
            &[PYTEST],
        ),
    ] {
        assert_eq!(found(files, &["src/pkg/a.py"]), expected, "{files:?}");
    }
}

#[test]
fn python_tests_run_as_the_project_runs_them() {
    const TEST: (&str, &str) = ("tests/test_a.py", "");
    for (files, expected) in [
        (&[("uv.lock", ""), TEST][..], "$ uv run pytest -q"),
        (
            &[
                ("pyproject.toml", "[tool.uv]\ndev-dependencies = ['pytest']"),
                TEST,
            ],
            "$ uv run pytest -q",
        ),
        (&[("poetry.lock", ""), TEST], "$ poetry run pytest -q"),
        (
            &[("pyproject.toml", "[tool.poetry]\nname = 'a'"), TEST],
            "$ poetry run pytest -q",
        ),
        (&[("pdm.lock", ""), TEST], "$ pdm run pytest -q"),
        (
            &[
                ("pyproject.toml", "[tool.pdm.scripts]\ntest = 'pytest'"),
                ("pdm.lock", ""),
            ],
            "$ pdm run test",
        ),
        (
            &[("pixi.lock", ""), ("pixi.toml", ""), TEST],
            "$ pixi run pytest -q",
        ),
        (
            &[("pixi.lock", ""), ("pixi.toml", "[tasks]\ntest = 'pytest'")],
            "$ pixi run test",
        ),
        (&[("Pipfile", ""), TEST], "$ pipenv run pytest -q"),
        (
            &[("Pipfile", "[scripts]\ntest = 'pytest'")],
            "$ pipenv run test",
        ),
        (
            &[(
                "pyproject.toml",
                "[tool.hatch.envs.default.scripts]\ntest = 'pytest'",
            )],
            "$ hatch run test",
        ),
        (
            &[("hatch.toml", "[envs.test.scripts]\nrun = 'pytest'")],
            "$ hatch run test:run",
        ),
        (
            &[(
                "pyproject.toml",
                "[tool.hatch.envs.hatch-test]\nparallel = true",
            )],
            "$ hatch test",
        ),
        (
            &[(
                "noxfile.py",
                "@nox.session\ndef tests(session):\n    pass\n",
            )],
            "$ nox -s tests",
        ),
        (
            &[(
                "noxfile.py",
                "@nox.session(name='test')\ndef run(session):\n",
            )],
            "$ nox -s test",
        ),
        // A session that does not test may publish a release.
        (
            &[
                ("noxfile.py", "@nox.session\ndef release(session):\n"),
                TEST,
            ],
            "$ python3 -m pytest -q",
        ),
        (
            &[
                ("hatch.toml", "[envs.docs]\ndependencies = ['mkdocs']"),
                TEST,
            ],
            "$ hatch test",
        ),
        (
            &[("tox.ini", "[tox]\nenvlist = py\n[testenv]\n")],
            "$ tox -e py",
        ),
        (&[("tox.toml", "")], "$ tox -e py"),
        (&[("setup.cfg", "[tox:tox]\n")], "$ tox -e py"),
        (
            &[("pyproject.toml", "[tool.tox]\nenv_list = ['py']")],
            "$ tox -e py",
        ),
        // Hatchling builds many projects that do not use hatch.
        (
            &[
                ("pyproject.toml", "[tool.hatch.version]\npath = 'a.py'"),
                TEST,
            ],
            "$ python3 -m pytest -q",
        ),
    ] {
        assert_eq!(found(files, &["src/pkg/a.py"]), [expected], "{files:?}");
    }
    // The environment is that of the workspace.
    let files = &[
        ("uv.lock", ""),
        ("libs/one/pyproject.toml", "[tool.pytest.ini_options]"),
    ];
    assert_eq!(
        found(files, &["libs/one/a.py"]),
        ["libs/one$ uv run pytest -q"]
    );
    // A tool without tests is no check.
    for file in [
        ("uv.lock", ""),
        ("hatch.toml", "[envs.docs]\ndependencies = ['mkdocs']"),
        ("noxfile.py", "@nox.session\ndef release(session):\n"),
    ] {
        assert_eq!(found(&[file], &["a.py"]), NONE, "{file:?}");
    }
}

#[test]
fn a_stray_lock_file_does_not_choose_the_package_manager() {
    let stray = |path| (path, "{}");
    let pnpm = "packages:\n  - 'packages/*'  # all\n  - '!packages/out'\n";
    for (files, claim, expected) in [
        (
            &[
                ("package.json", r#"{"packageManager": "pnpm@9.0.0"}"#),
                ("packages/a/package.json", TESTED),
                stray("packages/a/package-lock.json"),
            ][..],
            "packages/a/x.js",
            "packages/a$ pnpm test",
        ),
        (
            &[
                (
                    "package.json",
                    r#"{"devEngines": {"packageManager": {"name": "yarn"}}}"#,
                ),
                ("packages/a/package.json", TESTED),
                stray("packages/a/package-lock.json"),
            ],
            "packages/a/x.js",
            "packages/a$ yarn test",
        ),
        (
            &[
                ("pnpm-workspace.yaml", pnpm),
                ("packages/a/package.json", TESTED),
                stray("packages/a/package-lock.json"),
            ],
            "packages/a/x.js",
            "packages/a$ pnpm test",
        ),
        (
            &[
                ("pnpm-workspace.yaml", pnpm),
                ("packages/out/package.json", TESTED),
                stray("packages/out/package-lock.json"),
            ],
            "packages/out/x.js",
            "packages/out$ npm test --silent",
        ),
        (
            &[
                ("package.json", r#"{"workspaces": ["packages/*"]}"#),
                ("yarn.lock", ""),
                ("packages/a/package.json", TESTED),
                stray("packages/a/package-lock.json"),
            ],
            "packages/a/x.js",
            "packages/a$ yarn test",
        ),
        (
            &[
                (
                    "package.json",
                    r#"{"workspaces": {"packages": ["packages/*"]}}"#,
                ),
                ("yarn.lock", ""),
                ("website/package.json", TESTED),
                stray("website/package-lock.json"),
            ],
            "website/x.js",
            "website$ npm test --silent",
        ),
    ] {
        assert_eq!(found(files, &[claim]), [expected], "{files:?}");
    }
}

#[test]
fn pytest_runs_in_the_nearest_project() {
    let files = &[
        ("pytest.ini", ""),
        ("libs/one/pyproject.toml", ""),
        ("libs/one/tests/test_one.py", ""),
    ];
    assert_eq!(
        found(
            files,
            &["libs/one/src/one.py", "libs/one/tests/test_one.py"]
        ),
        ["libs/one$ python3 -m pytest -q"]
    );
    assert_eq!(
        found(files, &["libs/two/two.py"]),
        ["$ python3 -m pytest -q"]
    );
}

#[test]
fn go_tests_the_claimed_folders_of_each_module() {
    let files = &[
        ("go.mod", ""),
        ("main.go", ""),
        ("a/a.go", ""),
        ("a/inner/i.go", ""),
        ("b/b.go", ""),
        ("tools/go.mod", ""),
        ("tools/gen/gen.go", ""),
    ];
    for (claim, expected) in [
        (
            &["a/a.go", "b/b.go"][..],
            &["$ go test ./a/... ./b/..."][..],
        ),
        (&["a/a.go", "a/inner/i.go"], &["$ go test ./a/..."]),
        (&["a/testdata/in/x.go"], &["$ go test ./a/..."]),
        (&["main.go", "a/a.go"], &["$ go test ./..."]),
        (&["docs/guide.md"], &["$ go test ./..."]),
        (
            &["a/a.go", "tools/gen/gen.go"],
            &["$ go test ./a/...", "tools$ go test ./gen/..."],
        ),
    ] {
        assert_eq!(found(files, claim), expected, "{claim:?}");
    }
}

#[test]
fn maven_tests_the_claimed_modules_from_the_reactors_root() {
    let files = &[
        (
            "pom.xml",
            "<modules><module>core</module><!-- <module>old</module> --></modules>",
        ),
        (
            "core/pom.xml",
            "<modules><module> api/pom.xml </module></modules>",
        ),
        ("core/api/pom.xml", ""),
        ("old/pom.xml", ""),
    ];
    for (claim, expected) in [
        (
            &["core/api/src/A.java"][..],
            &["$ mvn -q -B -fae test -pl core/api -am"][..],
        ),
        (
            &["core/src/B.java", "core/api/src/A.java"],
            &["$ mvn -q -B -fae test -pl 'core,core/api' -am"],
        ),
        (
            &["src/C.java", "core/src/B.java"],
            &["$ mvn -q -B -fae test"],
        ),
        (&["old/src/D.java"], &["old$ mvn -q -B -fae test"]),
    ] {
        assert_eq!(found(files, claim), expected, "{claim:?}");
    }
    let wrapped = &[("pom.xml", ""), ("mvnw", "")];
    assert_eq!(found(wrapped, &["A.java"]), ["$ ./mvnw -q -B -fae test"]);
}

#[test]
fn gradle_tests_the_claimed_projects_of_a_build() {
    let files = &[
        ("settings.gradle.kts", "include(\":app\", \"libs:core\")"),
        ("gradlew", ""),
        ("app/build.gradle.kts", ""),
        ("libs/core/build.gradle", ""),
        ("moved/build.gradle", ""),
        ("plugins/settings.gradle", ""),
        ("plugins/build.gradle", ""),
    ];
    for (claim, expected) in [
        (
            &["app/A.kt"][..],
            &["$ ./gradlew :app:test --continue --no-daemon"][..],
        ),
        (
            &["app/A.kt", "libs/core/B.java"],
            &["$ ./gradlew :app:test :libs:core:test --continue --no-daemon"],
        ),
        (
            &["app/A.kt", "moved/C.java"],
            &["$ ./gradlew test --continue --no-daemon"],
        ),
        (&["README.md"], &["$ ./gradlew test --continue --no-daemon"]),
        (
            &["plugins/P.java"],
            &["plugins$ ../gradlew test --continue --no-daemon"],
        ),
    ] {
        assert_eq!(found(files, claim), expected, "{claim:?}");
    }
    let both = &[("pom.xml", ""), ("build.gradle", "")];
    assert_eq!(found(both, &["A.java"]), ["$ mvn -q -B -fae test"]);
}

#[test]
fn a_makefile_is_used_for_its_test_or_check_target() {
    for (text, expected) in [
        ("all:\n\tcc x.c\ntest: all\n\t./x\n", &["$ make test"][..]),
        (".PHONY: test\nlint check:: all\n", &["$ make check"]),
        ("test := 1\ncheck = a:b\n\ttest: x\n#test:\n", &[]),
        (".PHONY: test\n", &[]),
    ] {
        assert_eq!(found(&[("Makefile", text)], &["x.c"]), expected, "{text}");
    }
    let beside = &[("Makefile", "test:\n"), ("package.json", TESTED)];
    assert_eq!(found(beside, &["x.c"]), ["$ npm test --silent"]);
}

#[test]
fn every_language_of_a_claim_is_tested_by_its_own_tool() {
    let files = &[
        ("Cargo.toml", "[package]\nname = 'root'"),
        ("Makefile", "test:\n"),
        (
            "bindings/python/pyproject.toml",
            "[tool.pytest.ini_options]",
        ),
        ("web/package.json", TESTED),
        ("web/wasm/Cargo.toml", "[package]\nname = 'wasm'"),
    ];
    assert_eq!(
        found(
            files,
            &[
                "web/wasm/glue.ts",
                "bindings/python/x.py",
                "bindings/python/native.rs",
            ]
        ),
        [
            "$ cargo test --no-fail-fast",
            "web$ npm test --silent",
            "bindings/python$ python3 -m pytest -q",
        ]
    );
    // A file whose language has no tool is tested by the nearest package.
    assert_eq!(
        found(files, &["web/wasm/page.html"]),
        ["web/wasm$ cargo test --no-fail-fast"]
    );
}
