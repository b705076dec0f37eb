//! A CODEOWNERS file.

use crate::plan::code_owners::CodeOwners;

/// Reads the file, and asks it for the owners of paths that its own words make.
pub fn code_owners(text: &[u8]) {
    let owners = CodeOwners::parse("CODEOWNERS", text);
    let text = String::from_utf8_lossy(text);
    let words = text.split_whitespace().take(20);
    let mut paths: Vec<String> = words
        .map(|word| word.trim_matches('/').replace('*', "a"))
        .collect();
    paths.push("src/a.js".to_owned());
    assert!(owners.rules() <= text.lines().count());
    let groups = owners.groups(paths.iter().map(String::as_str));
    for (path, group) in paths.iter().zip(groups) {
        let named = owners.of(path);
        assert_eq!(named.is_empty(), group.is_none(), "{path:?}");
        for owner in named {
            assert!(text.contains(owner.as_str()), "{owner:?} owns {path:?}");
        }
    }
    assert!(owners.of_all(&paths).len() <= text.len());
}
