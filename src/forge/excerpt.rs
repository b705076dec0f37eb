//! Bounded parts of texts from outside: the beginning of a text, the end of a log.

/// Returns at most `most` bytes from the beginning of a text.
pub(super) fn beginning(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{} (cut here)", &text[..text.floor_char_boundary(most)])
}

/// Returns the end of a job's log that says why the job failed: without timestamps, up to the last line that is marked
/// as an error, since the lines after it only clean up.
pub(super) fn end_of_log(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().map(without_timestamp).collect();
    let end = lines.iter().rposition(|line| line.contains("##[error]"));
    let log = lines[..end.map_or(lines.len(), |at| at + 1)].join("\n");
    let first = log.ceil_char_boundary(log.len().saturating_sub(most));
    // Half a line says nothing.
    let whole = match (first, log[first..].find('\n')) {
        (0, _) | (_, None) => first,
        (first, Some(at)) => first + at + 1,
    };
    log[whole..].trim().to_owned()
}

/// Strips the timestamp off a line such as `2026-11-21T10:00:00.1234567Z text`.
fn without_timestamp(line: &str) -> &str {
    match line.split_once(' ') {
        Some((time, rest)) if time.ends_with('Z') && time.contains('T') => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_ends_at_its_last_error() {
        let log = "2026-11-21T10:00:00.1234567Z ran\n\
                   2026-11-21T10:00:01.1234567Z ##[error]it broke\n\
                   2026-11-21T10:00:02.1234567Z tidied\n";
        assert_eq!(end_of_log(log, 100), "ran\n##[error]it broke");
        assert_eq!(end_of_log(log, 20), "##[error]it broke");
        assert_eq!(end_of_log("plain\nwords\n", 100), "plain\nwords");
        assert_eq!(end_of_log("é".repeat(9).as_str(), 3), "é");
        assert_eq!(end_of_log("", 3), "");
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(beginning(" short ", 10), "short");
        assert_eq!(beginning("éé", 3), "é (cut here)");
    }
}
