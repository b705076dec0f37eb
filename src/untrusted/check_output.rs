//! The output of a check: readers look for the tests that failed.

use crate::check::failed_tests;

/// Reads the output as that of every known runner; no more is kept than was printed.
pub fn check_output(output: &[u8]) {
    let failed = failed_tests(output).expect("memory can be read");
    for name in &failed {
        // Each byte that is no UTF-8 becomes a character of three bytes.
        assert!(name.len() <= 3 * output.len() + 100, "{name:?}");
    }
}
