//! Numbers with their nouns.

use std::fmt::Display;

/// `1 unit`, `3 units`.
#[must_use]
pub fn count<N: Copy + Display + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// The noun as it follows that number.
#[must_use]
pub fn plural<N: Copy + PartialEq + From<u8>>(number: N, noun: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_stands_alone() {
        assert_eq!(count(0_usize, "file"), "0 files");
        assert_eq!(count(1_u64, "file"), "1 file");
        assert_eq!(count(2_usize, "file"), "2 files");
    }
}
