//! Shortens the texts of a pull request to the lengths that GitHub accepts, which other forges accept, too.

use super::markdown::{one_line, shorten};
use super::metadata;

/// GitHub refuses longer titles.
const TITLE_LIMIT: usize = 256;
/// GitHub refuses longer bodies.
pub(super) const BODY_LIMIT: usize = 65_536;
/// Most listings cut longer subjects.
pub(super) const SUBJECT_LIMIT: usize = 72;

const CUT: &str = "\n\n*(Cut here: the text was too long.)*\n\n";
const CLOSE: &str = "\n</details>\n";

/// Returns a title on one line that a forge accepts.
pub(super) fn fit_title(title: &str) -> String {
    shorten(&one_line(title), TITLE_LIMIT)
}

/// Returns a body that a forge accepts: cut where it is too long, but with the metadata at its end.
pub(super) fn fit_body(body: &str) -> String {
    if body.chars().count() <= BODY_LIMIT {
        return body.to_owned();
    }
    let (text, tail) = metadata::split(body);
    let space = BODY_LIMIT - CUT.len() - CLOSE.len() - tail.chars().count();
    let mut cut: String = text.chars().take(space).collect();
    if cut.matches("<details>").count() > cut.matches("</details>").count() {
        cut.push_str(CLOSE);
    }
    cut + CUT + tail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::metadata::Metadata;
    use crate::forge::pull_request_facts::sample;

    #[test]
    fn a_body_that_is_too_long_is_cut_but_keeps_its_metadata() {
        let comment = Metadata::of(&sample(1)).comment();
        let long = format!("<details>{}\n\n{comment}\n", "é".repeat(70_000));
        let cut = fit_body(&long);
        assert!(cut.chars().count() <= BODY_LIMIT);
        assert!(cut.ends_with(&format!("</details>\n{CUT}{comment}\n")));
        assert_eq!(fit_body("short"), "short");
        let no_metadata = format!("<!-- batch {}", "x".repeat(70_000));
        assert!(fit_body(&no_metadata).chars().count() <= BODY_LIMIT);
    }
}
