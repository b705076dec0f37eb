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
fn pieces_of_a_folder_say_which() {
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
fn gathered_folders_and_files_are_named_one_by_one() {
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
fn a_piece_of_a_folder_beside_others_is_not_taken_for_the_whole() {
    assert_eq!(
        names(&[&["a/1", "a/2"], &["a/3", "b/1", "b/2"]]),
        ["01-a-1-2 = a: 1 … 2", "02-a-part-b = a (part), b"]
    );
}

#[test]
fn a_module_and_the_folder_of_its_name_are_one() {
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
fn a_long_list_ends_with_how_many_more_there_are() {
    let files: Vec<String> = (10..30).map(|i| format!("packages/part-{i}/x")).collect();
    let (gathered, other) = files.split_at(19);
    let gathered: Vec<&str> = gathered.iter().map(String::as_str).collect();
    assert_eq!(
        names(&[&gathered, &[&other[0]]]),
        [
            "01-packages-part-10-part-11-part-12 = packages: part-10, part-11, part-12, part-13, … (15 more)",
            "02-packages-part-29-x = packages/part-29/x"
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
fn titles_and_ids_are_short_plain_valid_and_different() {
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
fn a_name_without_latin_letters_still_has_an_id() {
    assert_eq!(names(&[&["文档/甲", "文档/乙"]]), ["01 = 文档"]);
}
