//! What keeps a pull request from being accepted, as its forge tells it: data, and knows no forge.
//!
//! All of it was written by others, and is bounded where it is read.

/// What checks and reviewers say of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Complaints {
    pub checks: Vec<FailedCheck>,
    pub reviews: Vec<Objection>,
    /// Reviews that ask for changes and are of people who may not write to the repository.
    pub strangers: usize,
}

/// A check of its commit that failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FailedCheck {
    pub name: String,
    /// In a line or two.
    pub summary: String,
    /// What it says of places in files.
    pub places: Vec<Remark>,
    /// The end of its log.
    pub log: String,
}

/// A review that asks for changes, and is its author's last word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// By which it is known again.
    pub id: u64,
    pub who: String,
    pub text: String,
    pub places: Vec<Remark>,
}

/// What is said of a place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    pub path: String,
    pub line: Option<u64>,
    pub text: String,
}

/// At most so many bytes of a text from outside, from its beginning.
pub(super) fn cut(text: &str, most: usize) -> String {
    let text = text.trim();
    if text.len() <= most {
        return text.to_owned();
    }
    format!("{} (cut here)", &text[..text.floor_char_boundary(most)])
}

/// The end of a job's log that tells why it failed: without the moments before each line and without colours, up to the
/// last line that is marked as an error, since others clean up after it.
pub(super) fn end_of_log(text: &str, most: usize) -> String {
    let lines: Vec<&str> = text.lines().map(without_moment).collect();
    let end = lines.iter().rposition(|line| line.contains("##[error]"));
    let told = &lines[..end.map_or(lines.len(), |at| at + 1)];
    let told = told.join("\n");
    let first = told.ceil_char_boundary(told.len().saturating_sub(most));
    // A line that was cut says nothing.
    let whole = match (first, told[first..].find('\n')) {
        (0, _) | (_, None) => first,
        (first, Some(at)) => first + at + 1,
    };
    told[whole..].trim().to_owned()
}

/// `2026-11-21T10:00:00.1234567Z text`.
fn without_moment(line: &str) -> &str {
    match line.split_once(' ') {
        Some((moment, rest)) if moment.ends_with('Z') && moment.contains('T') => rest,
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_told_to_its_last_error() {
        let log = "2026-11-21T10:00:00.1234567Z ran\n2026-11-21T10:00:01.1234567Z ##[error]it broke\n2026-11-21T10:00:02.1234567Z tidied\n";
        assert_eq!(end_of_log(log, 100), "ran\n##[error]it broke");
        assert_eq!(end_of_log(log, 20), "##[error]it broke");
        assert_eq!(end_of_log("plain\nwords\n", 100), "plain\nwords");
        assert_eq!(end_of_log("é".repeat(9).as_str(), 3), "é");
        assert_eq!(end_of_log("", 3), "");
    }

    #[test]
    fn a_text_is_cut_where_a_character_ends() {
        assert_eq!(cut(" short ", 10), "short");
        assert_eq!(cut("éé", 3), "é (cut here)");
    }
}
