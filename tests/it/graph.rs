//! What ties the units of a plan together: shown, and as the order in which they are worked on.

use insta::assert_snapshot;

use crate::support::Repo;

fn project() -> Repo {
    let mut repo = Repo::new();
    for name in ["a", "b", "c", "d", "e", "f"] {
        repo = repo
            .file(format!("{name}/main.js"), "import './part.js';\n")
            .file(format!("{name}/part.js"), "import '../a/main.js';\n");
    }
    repo.commit("Start")
}

#[test]
fn the_units_of_a_plan_are_drawn_with_what_ties_them() {
    let repo = project();
    repo.batch(["plan", "**", "Tidy", "--graph", "ties.svg"])
        .exits(0)
        .says("units");
    let svg = repo.read("ties.svg");
    assert!(svg.starts_with("<svg "), "{svg}");
    assert!(svg.contains("b/part.js → a/main.js"), "{svg}");
    repo.batch(["plan", "**", "Tidy", "-o", "-", "--graph", "ties.json"])
        .exits(0)
        .says("[[unit]]");
    let json: serde_json::Value = serde_json::from_str(&repo.read("ties.json")).unwrap();
    assert_eq!(json["files"].as_array().unwrap().len(), 12);
    assert_eq!(json["files"][0]["unit"], json["units"][0]["id"]);
}

#[test]
fn a_graph_is_refused_where_it_cannot_be_shown_or_would_replace_a_file() {
    let repo = project();
    let mut seen = repo.transcript();
    seen.batch(["plan", "**", "Tidy", "--graph", "ties.png"]);
    repo.write("ties.dot", "mine");
    seen.batch(["plan", "**", "Tidy", "--graph", "ties.dot"]);
    assert_snapshot!(seen, @r#"
    $ batch plan '**' Tidy --graph ties.png
    ! error: a graph is written as .dot, .json or .svg: "ties.png" ends in none of them
    [exit code 2]

    $ batch plan '**' Tidy --graph ties.dot
    ! error: ties.dot exists already: give another name with --graph, or --force to replace it
    [exit code 2]
    "#);
    assert_eq!(repo.read("ties.dot"), "mine");
    assert!(!repo.dir().join("plan.toml").exists());
}

#[test]
fn a_plan_is_the_same_whatever_was_kept_of_earlier_ones() {
    let repo = project();
    let plan = || {
        let planned = repo.batch(["plan", "**", "Tidy", "--order", "deps", "-o", "-"]);
        planned.exits(0).stdout()
    };
    let first = plan();
    assert!(first.contains("needs = ["), "{first}");
    assert_eq!(plan(), first);
    let cache = repo.dir().join(".git/batch/cache");
    let graphs: Vec<_> = std::fs::read_dir(cache.join("graphs")).unwrap().collect();
    let [Ok(graph)] = &graphs[..] else {
        panic!("one graph is kept: {graphs:?}");
    };
    for file in [graph.path(), cache.join("imports")] {
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        assert_eq!(plan(), first, "{}", file.display());
    }
    std::fs::remove_dir_all(&cache).unwrap();
    assert_eq!(plan(), first);
    // What is imported now is not what was imported then.
    let b_needs = |plan: &str, unit: &str| {
        let mut units = plan.split("[[unit]]");
        units.any(|it| it.contains("\"b/part.js\"") && it.contains(&format!("  \"{unit}\",")))
    };
    repo.write("b/part.js", "import '../c/main.js';\n");
    repo.git(["commit", "-qam", "Turn"]);
    assert!(b_needs(&first, "01-a"), "{first}");
    let second = plan();
    assert!(b_needs(&second, "03-c"), "{second}");
}

#[test]
fn by_their_imports_units_start_from_the_work_of_those_they_import() {
    let repo = Repo::new()
        .file("app/main.js", "import '../lib/core.js';\n")
        .file("lib/core.js", "import '../util/text.js';\n")
        .file("util/text.js", "var text;\n")
        .commit("Start")
        .with_remote();
    repo.batch(["plan", "**", "Sign", "--order", "deps"])
        .exits(0)
        .says("3 units");
    let sign = r#"for file in $(tr '\0' ' ' <"$BATCH_FILES"); do echo "// signed" >>"$file"; done"#;
    repo.run_saved("plan.toml")
        .command_line(sign)
        .with(["--agent-shell"])
        .anywhere()
        .run()
        .exits(0)
        .says("3 of 3 units published");
    let branch = repo
        .branches()
        .into_iter()
        .find(|branch| branch.contains("/01-app"))
        .expect("a branch of the unit");
    for path in ["app/main.js", "lib/core.js", "util/text.js"] {
        let text = repo.git(["show", &format!("{branch}:{path}")]);
        assert!(text.ends_with("// signed"), "{path}: {text}");
    }
}

#[test]
fn by_folder_what_files_import_does_not_count() {
    let mut repo = Repo::new();
    for number in 0..12 {
        repo = repo
            .file(
                format!("views/v{number}.js"),
                format!("import '../models/m{number}.js';\nvar view = {number};\n"),
            )
            .file(
                format!("models/m{number}.js"),
                format!("export var model = {number};\n"),
            );
    }
    let repo = repo.commit("Start").with_remote();
    let mixed = |more: &[&str]| {
        let usual = ["plan", "**", "Sign", "--units", "6", "-o", "-"];
        let plan = repo.batch(usual.iter().chain(more)).exits(0);
        let plan = plan.stdout();
        let units = plan.split("[[unit]]").skip(1);
        units
            .filter(|unit| unit.contains("\"views/") && unit.contains("\"models/"))
            .count()
    };
    assert_eq!(mixed(&["--by", "folder"]), 0);
    assert!(mixed(&[]) > 0);
}
