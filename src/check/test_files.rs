//! Which files hold tests.

/// Checks whether a file holds tests, by its path.
pub(super) fn is_test(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let folders = || path.split('/').rev().skip(1);
    let is_folder = |it: &str| {
        matches!(
            it,
            "test" | "tests" | "__tests__" | "spec" | "specs" | "testing"
        )
    };
    let stem = name.split('.').next().unwrap_or(name);
    folders().any(is_folder)
        || name.contains(".test.")
        || name.contains(".spec.")
        || stem.starts_with("test_")
        || ["_test", "_tests", "_spec", "Test", "Tests"]
            .iter()
            .any(|end| stem.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_tests_are_known_by_their_paths() {
        for path in [
            "tests/a.rs",
            "a/b_test.go",
            "test_a.py",
            "a.spec.ts",
            "src/ATest.java",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in ["src/latest.js", "src/a.rs", "contest/a.py"] {
            assert!(!is_test(path), "{path}");
        }
    }
}
