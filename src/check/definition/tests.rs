use super::*;

type Files<'a> = &'a [(&'a str, &'a str, &'a str)];

/// What a check's definition loses or gains where each of the files changes from one text to another.
fn changed(check: &str, files: Files<'_>) -> Vec<String> {
    let check = Check::given(check, "--check");
    let sides = files.iter().map(|(path, before, after)| ChangedFile {
        path: (*path).to_owned(),
        before: Some(before.as_bytes().to_vec()),
        after: Some(after.as_bytes().to_vec()),
    });
    let sides: Vec<ChangedFile> = sides.collect();
    let read = |path: &str| {
        let file = files.iter().find(|(it, _, _)| *it == path)?;
        Some(file.1.to_owned())
    };
    let found = changed_definitions(&check, &sides, &read).into_iter();
    found
        .map(|it| format!("{}: {}", it.path, it.what))
        .collect()
}

const NONE: [&str; 0] = [];

#[test]
fn scripts_are_followed_to_the_tool() {
    let package = |test: &str, unit: &str, lint: &str| {
        format!(
            r#"{{"scripts":{{"test":"{test}","pretest":"tsc","unit":"{unit}","lint":"{lint}"}},"jest":{{"bail":1}}}}"#
        )
    };
    let before = package("npm run unit", "jest src", "eslint .");
    let after = |test: &str, unit: &str, lint: &str| {
        let after = package(test, unit, lint);
        changed("npm t", &[("package.json", &before, &after)])
    };
    assert_eq!(after("npm run unit", "jest src", "true"), NONE);
    assert_eq!(
        after("npm run unit", "jest src/a", "eslint ."),
        ["package.json: the script unit"]
    );
    assert_eq!(
        after("true", "jest src", "eslint ."),
        ["package.json: the script test"]
    );
    let config = ("jest.config.js", "a", "b");
    let with_config = |check: &str| changed(check, &[("package.json", &before, &before), config]);
    assert_eq!(
        with_config("npm test"),
        ["jest.config.js: the settings of jest"]
    );
    assert_eq!(with_config("npm run lint"), NONE);
    assert_eq!(
        with_config("npx jest"),
        ["jest.config.js: the settings of jest"]
    );
    let bail = before.replace("\"bail\":1", "\"bail\":2");
    assert_eq!(
        changed(
            "cd web && yarn test",
            &[("web/package.json", &before, &bail)]
        ),
        ["web/package.json: the settings of jest"]
    );
    assert_eq!(
        changed("cargo test", &[("package.json", &before, &bail)]),
        NONE
    );
}

#[test]
fn targets_of_a_makefile_lead_to_what_they_need() {
    let before = "X := 1\nall: build\n\ntest: unit\n\t@./run.sh\n\nunit:\n\tpytest -q\n\nlint:\n\truff check\n";
    let makefile = |from: &str, to: &str| {
        changed(
            "make test",
            &[("Makefile", before, &before.replace(from, to))],
        )
    };
    assert_eq!(makefile("pytest -q", "true"), ["Makefile: the target unit"]);
    assert_eq!(
        makefile("test: unit", "test:"),
        ["Makefile: the target test"]
    );
    assert_eq!(makefile("ruff check", "true"), NONE);
    let files = [
        ("Makefile", before, before),
        ("run.sh", "cargo test\n", "exit 0\n"),
        ("pytest.ini", "[pytest]\n", "[pytest]\naddopts = -k no\n"),
        (
            "Cargo.toml",
            "[package]\nname = \"a\"\n",
            "[package]\nname = \"b\"\n",
        ),
    ];
    assert_eq!(
        changed("make test", &files),
        ["run.sh: this script", "pytest.ini: the settings of pytest"]
    );
}

#[test]
fn only_the_part_of_a_file_that_is_about_tests_counts() {
    let pyproject = |after| {
        let before = "[tool.pytest.ini_options]\naddopts = \"\"\n[tool.ruff]\nline-length = 80\n";
        changed("python3 -m pytest", &[("pyproject.toml", before, after)])
    };
    let ruff = "[tool.pytest.ini_options]\naddopts = \"\"\n[tool.ruff]\nline-length = 90\n";
    assert_eq!(pyproject(ruff), NONE);
    assert_eq!(
        pyproject("[tool.pytest.ini_options]\naddopts = \"-k a\"\n"),
        ["pyproject.toml: the settings of pytest"]
    );
    let cargo = |after| {
        let before = "[dependencies]\na = \"1\"\n[lib]\nname = \"x\"\n";
        changed("cargo test", &[("crates/x/Cargo.toml", before, after)])
    };
    assert_eq!(
        cargo("[dependencies]\na = \"2\"\n[lib]\nname = \"x\"\n"),
        NONE
    );
    let found = ["crates/x/Cargo.toml: the settings of cargo test"];
    assert_eq!(
        cargo("[dependencies]\na = \"1\"\n[lib]\nname = \"x\"\ntest = false\n"),
        found
    );
    assert_eq!(
        cargo("[lib]\nname = \"x\"\n[[test]]\nname = \"t\"\nharness = false\n"),
        found
    );
    let cfg = |after| {
        let before = "[metadata]\nname = x\n[tool:pytest]\naddopts = -q\n";
        changed("tox -e py", &[("setup.cfg", before, after)])
    };
    assert_eq!(
        cfg("[metadata]\nname = y\n[tool:pytest]\naddopts = -q\n"),
        NONE
    );
    assert_eq!(
        cfg("[metadata]\nname = x\n[tool:pytest]\naddopts = -k a\n"),
        ["setup.cfg: the settings of pytest"]
    );
    let pom = |after| changed("./mvnw test", &[("pom.xml", "<version>1</version>", after)]);
    assert_eq!(pom("<version>2</version>"), NONE);
    assert_eq!(
        pom("<version>1</version>\n<skipTests>true</skipTests>"),
        ["pom.xml: the settings of mvn"]
    );
}
