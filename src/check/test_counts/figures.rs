//! The numbers in a line, with the words beside them.

/// The words and numbers of a line.
fn tokens(text: &str) -> Vec<&str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|token| !token.is_empty())
        .collect()
}

/// Returns the sum of the numbers that stand before one of the words: `3 passed, 1 failed`.
pub(super) fn before(text: &str, words: &[&str]) -> i64 {
    let tokens = tokens(text);
    let pairs = tokens.windows(2);
    let named = pairs.filter(|pair| words.contains(&pair[1]));
    named.filter_map(|pair| pair[0].parse::<i64>().ok()).sum()
}

/// Returns the sum of the numbers that stand behind one of the words: `Passed: 3, Failed: 1`.
pub(super) fn after(text: &str, words: &[&str]) -> i64 {
    let tokens = tokens(text);
    let pairs = tokens.windows(2);
    let named = pairs.filter(|pair| words.contains(&pair[0]));
    named.filter_map(|pair| pair[1].parse::<i64>().ok()).sum()
}

/// Checks whether the text begins with a number, and with one of the words behind it.
pub(super) fn begins_with_number_of(text: &str, words: &[&str]) -> bool {
    let Some((number, rest)) = text.trim_start().split_once(' ') else {
        return false;
    };
    let word = rest.split(|c: char| !c.is_alphanumeric()).next();
    number.parse::<u64>().is_ok() && word.is_some_and(|word| words.contains(&word))
}
