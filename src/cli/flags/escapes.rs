//! Reads the escapes in a replacement: `\n` is a line end and `\t` a tab. Most shells pass each on as two letters.

/// Reads the escapes in a text. `\\n` stands for a backslash and an `n`; every other backslash stands for itself.
pub(super) fn in_text(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let escapes = [
            (r"\\n", r"\n"),
            (r"\\t", r"\t"),
            (r"\n", "\n"),
            (r"\t", "\t"),
        ];
        let known = escapes.iter().find(|(escape, _)| rest.starts_with(escape));
        let (escape, meaning) = known.unwrap_or(&(r"\", r"\"));
        out.push_str(meaning);
        rest = &rest[escape.len()..];
    }
    out.push_str(rest);
    out
}

/// Reads the escapes in code, but not inside its strings: there, they are the escapes of the language.
pub(super) fn in_code(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(open) = rest.find(['"', '\'', '`']) {
        let Some(length) = string_length(&rest[open..]) else {
            // A quote alone, such as an apostrophe in a comment.
            out.push_str(&in_text(&rest[..=open]));
            rest = &rest[open + 1..];
            continue;
        };
        out.push_str(&in_text(&rest[..open]));
        out.push_str(&rest[open..open + length]);
        rest = &rest[open + length..];
    }
    out.push_str(&in_text(rest));
    out
}

/// Returns the length of the string literal at the beginning of the code, if its quote is closed.
fn string_length(code: &str) -> Option<usize> {
    let quote = code.chars().next()?;
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_and_tabs_are_escapes() {
        assert_eq!(in_text(r"# Copyright\n\tx"), "# Copyright\n\tx");
        assert_eq!(in_text(r"\\n \\t \d \\ C:\dir \"), r"\n \t \d \\ C:\dir \");
        assert_eq!(in_text(r#"print("a\n")"#), "print(\"a\n\")");
    }

    #[test]
    fn the_escapes_of_a_string_in_code_stay() {
        assert_eq!(
            in_code(r#"f("a\n\"b\t", $A)\n\tg('\n')"#),
            "f(\"a\\n\\\"b\\t\", $A)\n\tg('\\n')"
        );
        assert_eq!(in_code(r"// don't\nf()"), "// don't\nf()");
    }
}
