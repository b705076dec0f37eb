//! Lists of names that may be long.

use std::fmt::Display;

/// Returns the first `shown` names, and how many others there are: `a, b and 3 more`.
#[must_use]
pub fn few<T: Display>(names: impl ExactSizeIterator<Item = T>, shown: usize) -> String {
    let more = match names.len().saturating_sub(shown) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let first: Vec<String> = names.take(shown).map(|name| name.to_string()).collect();
    format!("{}{more}", first.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_are_counted() {
        let list = |names: &[&str]| few(names.iter(), 2);
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list(&["a", "b"]), "a, b");
        assert_eq!(list(&["a", "b", "c", "d"]), "a, b and 2 more");
    }
}
