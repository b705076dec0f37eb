//! Arithmetic on paths from the root of a repository, without access to any disk.

/// Returns the folder of a path, `""` for the root.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns the last part of a path.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the path without its file extension.
pub(super) fn without_extension(path: &str) -> &str {
    let start = path.len() - name(path).len();
    match path[start..].rfind('.') {
        None | Some(0) => path,
        Some(dot) => &path[..start + dot],
    }
}

/// Resolves `relative` from `folder`; returns `None` when the result lies outside the repository.
pub(super) fn join(folder: &str, relative: &str) -> Option<String> {
    let mut path = String::with_capacity(folder.len() + relative.len() + 1);
    path.push_str(folder);
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." if path.is_empty() => return None,
            ".." => path.truncate(self::folder(&path).len()),
            part => {
                if !path.is_empty() {
                    path.push('/');
                }
                path.push_str(part);
            }
        }
    }
    Some(path)
}

/// Iterates over the folder and its ancestors, deepest first, the root `""` last.
pub(super) fn ancestors(folder: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(folder), |folder| {
        (!folder.is_empty()).then(|| self::folder(folder))
    })
}

/// Counts the leading folders that two paths share.
pub(super) fn shared_folders(a: &str, b: &str) -> usize {
    folder(a)
        .split('/')
        .zip(folder(b).split('/'))
        .take_while(|(a, b)| a == b && !a.is_empty())
        .count()
}

/// Checks whether `path` is the folder or lies below it; `""` is the root.
pub(super) fn is_within(path: &str, folder: &str) -> bool {
    folder.is_empty()
        || path
            .strip_prefix(folder)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_stay_within_the_repository() {
        assert_eq!(join("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(join("a", "..").as_deref(), Some(""));
        assert_eq!(join("", "x//y/").as_deref(), Some("x/y"));
        assert_eq!(join("a", "../.."), None);
    }

    #[test]
    fn a_name_that_begins_with_a_dot_has_no_extension() {
        assert_eq!(without_extension("a.b/c.d.ts"), "a.b/c.d");
        assert_eq!(without_extension("a.b/.c"), "a.b/.c");
        assert_eq!(without_extension("a.b/c"), "a.b/c");
    }

    #[test]
    fn ancestors_end_at_the_root() {
        assert_eq!(ancestors("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
        assert_eq!(ancestors("").collect::<Vec<_>>(), [""]);
        assert_eq!(shared_folders("a/b/c", "a/b/d"), 2);
        assert_eq!(shared_folders("x", "y"), 0);
    }

    #[test]
    fn only_a_whole_folder_name_counts_as_above() {
        assert!(is_within("a/b", "a") && is_within("a", "a") && is_within("a", ""));
        assert!(!is_within("ab", "a") && !is_within("a", "a/b"));
    }
}
