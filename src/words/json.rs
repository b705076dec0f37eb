//! Data as JSON that a terminal can show: JSON itself lets characters pass that move a cursor or reorder text.

use std::fmt::Write as _;

use serde::Serialize;

use super::sanitize::is_invisible;

/// Returns the value as JSON on one line.
pub fn json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|text| escaped(&text))
}

/// Returns the value as JSON with a line for each field.
pub fn json_in_lines<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| escaped(&text))
}

/// Escapes what JSON need not escape. Such characters stand only inside of strings, where the escape means the same.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let is_harmless = c == '\n' || !c.is_control() && !is_invisible(c);
        if is_harmless && !matches!(c, '\u{2028}' | '\u{2029}') {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_moves_a_cursor_is_escaped() {
        let text = "\u{9b}2J\u{7f}\u{202e}\u{e0041}\u{2028}\u{e9}";
        assert_eq!(
            json(text).unwrap(),
            r#""\u009b2J\u007f\u202e\udb40\udc41\u2028é""#
        );
    }

    proptest! {
        #[test]
        fn the_data_stays_the_same(texts: Vec<String>) {
            for written in [json(&texts).unwrap(), json_in_lines(&texts).unwrap()] {
                prop_assert_eq!(&serde_json::from_str::<Vec<String>>(&written).unwrap(), &texts);
                prop_assert!(!written.chars().any(|c| c.is_control() && c != '\n'));
            }
        }
    }
}
