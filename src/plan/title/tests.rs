use proptest::prelude::*;

use super::*;

fn names(units: &[&[&str]]) -> Vec<String> {
    let units: Vec<Vec<&str>> = units.iter().map(|files| files.to_vec()).collect();
    name_units(&units, &[])
        .into_iter()
        .map(|(id, title)| format!("{id} = {title}"))
        .collect()
}

#[test]
fn a_unit_is_named_after_the_folder_that_holds_it() {
    assert_eq!(
        names(&[
            &["django/db/models/a.py", "django/db/models/sql/b.py"],
            &["django/http/a.py"],
            &["setup.py", "docs/conf.py"],
        ]),
        [
            "01-django-db-models = django/db/models",
            "02-django-http-a-py = django/http/a.py",
            "03-docs-setup-py = docs, setup.py"
        ]
    );
}

#[test]
fn a_sibling_with_the_same_beginning_is_not_inside_the_folder() {
    assert_eq!(names(&[&["src/a/x", "src/ab/y"]]), ["01-src = src"]);
}

#[test]
fn pieces_of_a_folder_are_named_by_range() {
    assert_eq!(
        names(&[
            &["src/Button.tsx", "src/Card.tsx", "src/Form.tsx"],
            &["src/Grid.tsx", "src/Zoom.tsx"],
        ]),
        [
            "01-src-button-form = src: Button … Form",
            "02-src-grid-zoom = src: Grid … Zoom"
        ]
    );
}

#[test]
fn gathered_folders_and_files_are_listed() {
    assert_eq!(
        names(&[
            &["a/b/1", "a/b/2", "a/c/d/1", "a/main.rs"],
            &["a/e/1", "a/e/2"],
            &["docs/1", "docs/2", "tools/1", "Makefile", "README.md"],
        ]),
        [
            "01-a-b-c-main-rs = a: b, c, main.rs",
            "02-a-e = a/e",
            "03-docs-tools-makefile-readme-md = docs, tools, Makefile, README.md"
        ]
    );
}

#[test]
fn a_piece_of_a_folder_does_not_look_like_the_whole() {
    assert_eq!(
        names(&[&["a/1", "a/2"], &["a/3", "b/1", "b/2"]]),
        ["01-a-1-2 = a: 1 … 2", "02-a-3-b = a/3, b"]
    );
}

#[test]
fn a_module_counts_as_part_of_its_folder() {
    assert_eq!(
        names(&[
            &["src/lex/a.rs", "src/lex/b.rs", "src/lex.rs"],
            &["src/run/a.rs", "src/run/b.rs", "src/run.rs"],
            &["src/run/c.rs", "src/run/d.rs"],
            &["src/main.rs"],
        ]),
        [
            "01-src-lex = src/lex",
            "02-src-run-run-b = src/run: run … b",
            "03-src-run-c-d = src/run: c … d",
            "04-src-main-rs = src/main.rs"
        ]
    );
}

#[test]
fn many_neighbours_are_named_by_range() {
    let files: Vec<String> = (10..30).map(|i| format!("packages/part-{i}/x")).collect();
    let paths: Vec<&str> = files.iter().map(String::as_str).collect();
    assert_eq!(
        names(&[&paths[..19], &[paths[19]]]),
        [
            "01-packages-part-10-part-28 = packages: part-10 … part-28",
            "02-packages-part-29-x = packages/part-29/x"
        ]
    );
}

#[test]
fn a_long_list_ends_with_the_number_of_others() {
    let files: Vec<String> = (10..30).map(|i| format!("packages/part-{i}/x")).collect();
    let paths: Vec<&str> = files.iter().map(String::as_str).collect();
    let missing = [&paths[..9], &paths[10..]].concat();
    assert_eq!(
        names(&[&missing, &[paths[9]]]),
        [
            "01-packages-part-10-part-11-part-12 = packages: part-10, part-11, part-12, part-13, … (15 more)",
            "02-packages-part-19-x = packages/part-19/x"
        ]
    );
}

#[test]
fn the_places_with_most_files_are_named() {
    let mine = [
        "django/apps/one_of_a_kind_that_is_long.py",
        "django/core/another_of_a_kind_that_is_long.py",
        "django/contrib/gis/geos/1",
        "django/contrib/gis/geos/2",
        "django/contrib/gis/geos/3",
        "django/db/backends/oracle/1",
        "django/db/backends/oracle/2",
    ];
    let others = [
        "django/apps/1",
        "django/apps/2",
        "django/apps/3",
        "django/core/1",
        "django/core/2",
        "django/contrib/1",
        "django/contrib/gis/1",
        "django/contrib/gis/2",
        "django/contrib/gis/3",
        "django/db/1",
        "django/db/backends/1",
        "django/db/backends/2",
        "setup.py",
    ];
    assert_eq!(
        names(&[&mine, &others])[0],
        "01-django-contrib-gis-geos = django: contrib/gis/geos, db/backends/oracle, … (2 more)"
    );
}

#[test]
fn many_places_in_one_folder_are_named_by_the_folder() {
    let locale = |name: &str| format!("conf/locale/{name}/formats.py");
    let mine: Vec<String> = ["ar", "bg", "bn", "bs", "ca", "ckb", "cs", "cy", "da", "de"]
        .map(locale)
        .into_iter()
        .chain(["admin/a.py", "admin/tags/x.py", "admin/tags/y.py"].map(str::to_owned))
        .collect();
    let others = ["zu", "zh"].map(locale);
    let mine: Vec<&str> = mine.iter().map(String::as_str).collect();
    let conf: Vec<String> = (0..20).map(|number| format!("conf/{number}")).collect();
    let others: Vec<&str> = others.iter().chain(&conf).map(String::as_str).collect();
    let title = |mine: &[&str]| names(&[mine, &others])[0].clone();
    assert_eq!(
        title(&mine),
        "01-admin-conf-locale-part = admin, conf/locale (part)"
    );
    let few = [&mine[..2], &mine[10..]].concat();
    assert_eq!(
        title(&few),
        "01-admin-conf-locale-ar-conf-locale-bg = admin, conf/locale/ar, conf/locale/bg"
    );
}

#[test]
fn the_unit_with_most_of_a_folder_has_its_name() {
    let mine = ["src/io/a", "src/io/b", "src/io/util/c", "src/net/tcp"];
    let others = ["src/io/d", "src/net/udp", "src/net/unix"];
    assert_eq!(
        names(&[&mine, &others]),
        [
            "01-src-io-part-net-tcp = src: io (part), net/tcp",
            "02-src-io-d-net-part = src: io/d, net (part)"
        ]
    );
}

#[test]
fn a_long_path_keeps_its_end_in_the_id() {
    let folder = "src/main/java/org/example/warehouse/inventory/picking";
    assert_eq!(
        names(&[&[&format!("{folder}/A.java"), &format!("{folder}/B.java")]]),
        [format!("01-example-warehouse-inventory-picking = {folder}")]
    );
}

#[test]
fn titles_and_ids_are_short_valid_and_unique() {
    let long = "very-long-folder-name/".repeat(8);
    let files: Vec<String> = (0..120).map(|i| format!("{long}\n{}/x.y", i % 3)).collect();
    let units: Vec<Vec<&str>> = files.iter().map(|file| vec![file.as_str()]).collect();
    let names = name_units(&units, &[]);
    let mut titles = HashSet::new();
    let mut ids = HashSet::new();
    for (id, title) in names {
        assert!(title.chars().count() <= 60, "{title}");
        assert!(!title.contains(char::is_control));
        assert!(id.as_str().len() <= 40, "{id}");
        assert_eq!(UnitId::parse(id.as_str()), Ok(id.clone()));
        assert!(titles.insert(title));
        assert!(ids.insert(id));
    }
}

#[test]
fn a_name_without_latin_letters_has_an_id() {
    assert_eq!(names(&[&["文档/甲", "文档/乙"]]), ["01 = 文档"]);
}

proptest! {
    #[test]
    fn any_units_have_unique_titles_and_ids(
        paths in proptest::collection::btree_map("([ab\u{1}é]{1,30}/){0,4}[a-c.]{1,40}", 0..6_usize, 1..80),
    ) {
        let mut units: Vec<Vec<&str>> = vec![Vec::new(); 6];
        for (path, unit) in &paths {
            units[*unit].push(path);
        }
        units.retain(|unit| !unit.is_empty());
        let (ids, titles): (HashSet<UnitId>, HashSet<String>) =
            name_units(&units, &[]).into_iter().unzip();
        prop_assert_eq!(ids.len(), units.len());
        prop_assert_eq!(titles.len(), units.len());
        for id in ids {
            prop_assert!(id.as_str().len() <= 40);
            prop_assert_eq!(UnitId::parse(id.as_str()), Ok(id.clone()));
        }
        for title in titles {
            prop_assert!(!title.is_empty() && title.chars().count() <= 60);
            prop_assert!(!title.contains(char::is_control));
        }
    }
}
