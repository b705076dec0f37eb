use super::graph_cache::GraphCache;
use super::import_graph::Edge;
use super::*;
use crate::git::fixture::{Fixture, repository};
use crate::git::{CommitId, TreeId};
use crate::plan::model::{Claim, Plan, Research, Size, Unit};
use crate::plan::unit_id::UnitId;

fn graph(it: &Fixture) -> ImportGraph {
    ImportGraph::of_base(&it.repo, &it.first).unwrap()
}

fn imports_of(graph: &ImportGraph) -> Vec<String> {
    graph
        .edges()
        .flat_map(|(from, edges)| {
            edges.iter().map(move |edge| {
                let (from, to) = (&graph.files[from], &graph.files[edge.to as usize]);
                format!("{from} > {to} {:.2}", edge.weight)
            })
        })
        .collect()
}

fn unit(id: &str, files: &[&str]) -> Unit {
    Unit {
        id: UnitId::parse(id).unwrap(),
        title: format!("<{id}>"),
        description: None,
        agent: None,
        needs: Vec::new(),
        owners: Vec::new(),
        claim: Claim {
            files: files.iter().map(ToString::to_string).collect(),
            create: Vec::new(),
        },
        size: Size::default(),
    }
}

fn plan(units: Vec<Unit>) -> Plan {
    Plan {
        instruction: "x".to_owned(),
        base: CommitId::new("0".repeat(40)),
        base_name: "HEAD".to_owned(),
        globs: Vec::new(),
        agent: crate::config::AgentOptions::default(),
        agents: std::collections::BTreeMap::new(),
        until: None,
        research: Research::default(),
        units,
        integration: None,
        left_out: Vec::new(),
    }
}

#[test]
fn an_import_weighs_less_the_more_files_import_the_same() {
    let it = repository(&[
        ("a.py", "import hub\nimport leaf"),
        ("b.py", "from hub import x"),
        ("hub.py", ""),
        ("leaf.py", ""),
        ("README.md", "import hub"),
    ]);
    assert_eq!(
        imports_of(&graph(&it)),
        [
            "a.py > hub.py 0.50",
            "a.py > leaf.py 1.00",
            "b.py > hub.py 0.50"
        ]
    );
}

#[test]
fn an_import_of_a_package_is_divided_among_its_files() {
    let it = repository(&[
        ("go.mod", "module m"),
        ("main.go", "package main\nimport \"m/p\""),
        ("p/a.go", "package p"),
        ("p/b.go", "package p"),
    ]);
    assert_eq!(
        imports_of(&graph(&it)),
        ["main.go > p/a.go 0.50", "main.go > p/b.go 0.50"]
    );
}

#[test]
fn a_second_graph_needs_no_blobs() {
    let it = repository(&[
        ("a.js", "import './b'"),
        ("b.js", ""),
        ("package.json", "{}"),
    ]);
    let first = imports_of(&graph(&it));
    assert_eq!(first, ["a.js > b.js 1.00"]);
    for entry in it.repo.entries(&it.first).unwrap() {
        let id = entry.blob.to_string();
        let objects = it.repo.common_dir().join("objects");
        std::fs::remove_file(objects.join(&id[..2]).join(&id[2..])).unwrap();
    }
    let cache = it.repo.state_dir().join("cache");
    assert_eq!(imports_of(&graph(&it)), first);
    std::fs::remove_dir_all(cache.join("graphs")).unwrap();
    assert_eq!(imports_of(&graph(&it)), first);
    // Without caches and blobs nothing is known, as in a clone that has not fetched all blobs. That result is not
    // stored.
    std::fs::remove_dir_all(&cache).unwrap();
    assert_eq!(imports_of(&graph(&it)), [""; 0]);
    assert!(!cache.join("graphs").exists());
}

#[test]
fn damaged_caches_are_rebuilt_and_an_unwritable_cache_is_no_error() {
    let it = repository(&[("a.js", "import './b'"), ("b.js", "")]);
    let first = graph(&it);
    let cache = it.repo.state_dir().join("cache");
    let tree = it.repo.tree(&it.first).unwrap();
    let files = [
        cache.join("graphs").join(tree.as_str()),
        cache.join("imports"),
    ];
    let sound = files.each_ref().map(|file| std::fs::read(file).unwrap());
    for (file, sound) in files.iter().zip(&sound) {
        std::fs::write(file, &sound[..sound.len() / 2]).unwrap();
    }
    assert_eq!(graph(&it), first);
    assert_eq!(
        files.each_ref().map(|file| std::fs::read(file).unwrap()),
        sound
    );
    std::fs::remove_dir_all(&cache).unwrap();
    std::fs::write(&cache, "in the way").unwrap();
    assert_eq!(graph(&it), first);
}

#[test]
fn a_cached_graph_of_another_tree_or_with_bad_indices_is_ignored() {
    let it = repository(&[("a.js", "import './b'"), ("b.js", "")]);
    let graphs = GraphCache::of(&it.repo);
    let (tree, other) = (&it.repo.tree(&it.first).unwrap(), &TreeId::new("0"));
    let first = graph(&it);
    assert_eq!(graphs.load(tree).as_ref(), Some(&first));
    let folder = it.repo.state_dir().join("cache/graphs");
    std::fs::rename(folder.join(tree.as_str()), folder.join(other.as_str())).unwrap();
    assert_eq!(graphs.load(other), None);
    for (starts, to) in [
        (vec![0, 1, 1], 2),
        (vec![0, 2, 1], 0),
        (vec![0, 1], 1),
        (vec![0, 0, 0], 1),
    ] {
        let senseless = ImportGraph {
            files: first.files.clone(),
            starts,
            imports: vec![Edge { to, weight: 1.0 }],
        };
        graphs.store(tree, &senseless);
        assert_eq!(graphs.load(tree), None, "{senseless:?}");
    }
}

#[test]
fn only_the_newest_graphs_are_cached() {
    let it = repository(&[]);
    for number in 0..7 {
        let text = format!("import './{number}'");
        let base = it.commit(&[(b"a.js", 0o100_644, text.as_bytes())]);
        ImportGraph::of_base(&it.repo, &base.id).unwrap();
    }
    let kept = std::fs::read_dir(it.repo.state_dir().join("cache/graphs")).unwrap();
    assert_eq!(kept.count(), 4);
}

#[test]
fn files_are_tied_by_imports_and_weaker_through_other_files() {
    let it = repository(&[
        ("in/a.py", "from . import b"),
        ("in/b.py", ""),
        ("in/c.py", "import out.shared"),
        ("in/d.py", "import out.shared"),
        ("in/notes.txt", ""),
        ("in/user.py", ""),
        ("out/shared.py", ""),
        ("out/main.py", "from in import a\nimport in.user"),
    ]);
    let paths = [
        "in/user.py",
        "in/notes.txt",
        "in/a.py",
        "in/b.py",
        "in/c.py",
        "in/d.py",
    ];
    let ties: Vec<(&str, &str, u32)> = graph(&it)
        .ties(&paths)
        .into_iter()
        .map(|tie| (paths[tie.a], paths[tie.b], tie.weight))
        .collect();
    assert_eq!(
        ties,
        [
            ("in/user.py", "in/a.py", 500),
            ("in/a.py", "in/b.py", 1000),
            ("in/c.py", "in/d.py", 500)
        ]
    );
}

#[test]
fn a_picture_shows_the_links_between_units() {
    let it = repository(&[
        ("a.py", "import b, d"),
        ("b.py", ""),
        ("c.py", "import d"),
        ("d.py", "import a"),
    ]);
    let plan = plan(vec![
        unit("01-a", &["a.py", "b.py"]),
        unit("02-c", &["c.py"]),
        unit("03-d", &["d.py"]),
    ]);
    let graph = graph(&it);
    insta::assert_snapshot!(graph.draw(&plan, GraphFormat::Dot), @r#"
    // Units, and how strongly the files of one import the files of another.
    digraph plan {
      node [shape=box, style=rounded, fontname="sans-serif"];
      edge [fontname="sans-serif", fontsize=9];
      "01-a" [label="<01-a>\n2 files"];
      "02-c" [label="<02-c>\n1 file"];
      "03-d" [label="<03-d>\n1 file"];
      "03-d" -> "01-a" [label="1.0", weight=10, penwidth=5.30, tooltip="d.py imports a.py"];
      "01-a" -> "03-d" [label="0.5", weight=5, penwidth=3.84, tooltip="a.py imports d.py"];
      "02-c" -> "03-d" [label="0.5", weight=5, penwidth=3.84, tooltip="c.py imports d.py"];
    }
    "#);
    let json: serde_json::Value =
        serde_json::from_str(&graph.draw(&plan, GraphFormat::Json)).unwrap();
    assert_eq!(
        json["files"][3],
        serde_json::json!({"path": "d.py", "unit": "03-d"})
    );
    assert_eq!(
        json["imports"],
        serde_json::json!([[0, 1, 1.0], [0, 3, 0.5], [2, 3, 0.5], [3, 0, 1.0]])
    );
    assert_eq!(
        json["links"][0],
        serde_json::json!({"from": "03-d", "to": "01-a", "weight": 1.0, "imports": 1})
    );
    let svg = graph.draw(&plan, GraphFormat::Svg);
    assert!(
        svg.contains("33 % of the weight of all imports stays"),
        "{svg}"
    );
    assert!(svg.contains("d.py → a.py"), "{svg}");
    assert!(svg.contains("&lt;03-d&gt;"), "{svg}");
    assert!(!svg.contains("<03-d>"), "{svg}");
}

#[test]
fn a_plan_without_imports_has_a_picture() {
    let it = repository(&[("README.md", "")]);
    let plan = plan(vec![unit("01-a", &["README.md"])]);
    let svg = graph(&it).draw(&plan, GraphFormat::Svg);
    assert!(svg.contains("None of the files imports another"), "{svg}");
}

#[test]
fn imported_units_are_needed_without_circles_and_only_directly() {
    let it = repository(&[
        ("a.py", "import b, c"),
        ("b.py", "import c"),
        ("c.py", "import d"),
        ("d.py", "import c, e"),
        ("e.py", ""),
        ("f.py", ""),
    ]);
    let units: Vec<Unit> = ["a", "b", "c", "d", "e", "f"]
        .iter()
        .map(|name| unit(name, &[&format!("{name}.py")]))
        .collect();
    let needs = graph(&it).needs(&units);
    // c and d are in a circle; a needs c through b.
    assert_eq!(needs, [vec![1], vec![2], vec![], vec![4], vec![], vec![]]);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(12))]

    /// Trees come and go as in history. A graph cached for one tree must not appear for another.
    #[test]
    fn a_cached_graph_equals_a_new_one(
        trees in proptest::collection::vec(proptest::collection::vec(proptest::option::of(0..4_usize), 4), 1..6),
    ) {
        let (it, bare) = (repository(&[]), repository(&[]));
        for imports in trees.iter().chain(&trees) {
            let files: Vec<(String, String)> = imports
                .iter()
                .enumerate()
                .filter_map(|(file, to)| Some((format!("f{file}.js"), format!("import './f{}'", (*to)?))))
                .collect();
            let files: Vec<(&[u8], u32, &[u8])> = files
                .iter()
                .map(|(path, text)| (path.as_bytes(), 0o100_644, text.as_bytes()))
                .collect();
            let base = it.commit(&files);
            let entries = it.repo.entries(&base.id).unwrap();
            let given = ImportGraph::of_base(&it.repo, &base.id).unwrap();
            let same = bare.commit(&files);
            let _ = std::fs::remove_dir_all(bare.repo.state_dir());
            proptest::prop_assert_eq!(&given, &ImportGraph::of_base(&bare.repo, &same.id).unwrap());
            proptest::prop_assert_eq!(given.files.len(), entries.len());
        }
    }
}

proptest::proptest! {
    #[test]
    fn needs_never_form_a_circle(
        imports in proptest::collection::vec((0..12_usize, 0..12_usize), 0..40),
        owners in proptest::collection::vec(0..6_usize, 12),
    ) {
        let name = |file: usize| format!("f{file:02}.py");
        let mut edges: Vec<Vec<u32>> = vec![Vec::new(); 12];
        for (from, to) in imports {
            edges[from].push(u32::try_from(to).unwrap());
        }
        let mut graph = ImportGraph { files: (0..12).map(name).collect(), starts: vec![0], imports: Vec::new() };
        for to in edges {
            graph.imports.extend(to.into_iter().map(|to| Edge { to, weight: 1.0 }));
            graph.starts.push(graph.imports.len());
        }
        let mut units: Vec<Unit> = (0..6).map(|id| unit(&format!("u{id}"), &[])).collect();
        for (file, owner) in owners.into_iter().enumerate() {
            units[owner].claim.files.push(name(file));
        }
        graph.order(&mut units);
        proptest::prop_assert!(crate::plan::order::waves(&units).is_ok());
    }
}
