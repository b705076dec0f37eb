//! Checks that lines stay within the limit of `docs/style.md`. Rustfmt does not break comments and string literals.

use std::fs;
use std::path::Path;

use super::assert_holds;

/// The number of characters that a line may have.
const LIMIT: usize = 120;

/// The folders whose files are checked.
const FOLDERS: [&str; 3] = ["src", "benches", "tests"];

#[test]
fn lines_stay_within_the_limit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    for entry in FOLDERS
        .iter()
        .flat_map(|name| walkdir::WalkDir::new(root.join(name)))
    {
        let path = entry.expect("a folder of sources").into_path();
        if path.extension().is_none_or(|ending| ending != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        let name = path
            .strip_prefix(root)
            .expect("a file of this crate")
            .display();
        for (number, line) in (1..).zip(text.lines()) {
            let length = line.chars().count();
            if length > LIMIT {
                faults.push(format!(
                    "{name}:{number} has {length} characters, more than {LIMIT}"
                ));
            }
        }
    }
    assert_holds(&faults);
}
