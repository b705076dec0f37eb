//! TAP, and the tree that node's test runner prints.
//! <https://testanything.org/tap-version-14-specification.html>, <https://nodejs.org/api/test.html#test-reporters>

use super::reader::{Names, Reader, without_time};

#[derive(Default)]
pub(super) struct Tap {
    /// The subtests that contain the next line, each with its indentation.
    subtests: Vec<(usize, String)>,
}

impl Reader for Tap {
    fn line(&mut self, line: &str, failed: &mut Names) {
        let text = line.trim_start();
        let depth = line.len() - text.len();
        if let Some(name) = text.strip_prefix("# Subtest: ") {
            self.subtests.retain(|(outer, _)| *outer < depth);
            self.subtests.push((depth, name.trim().to_owned()));
        } else if let Some(rest) = text.strip_prefix("not ok ") {
            let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            let rest = rest.trim_start_matches([' ', '-']);
            let (name, directive) = rest.split_once(" # ").unwrap_or((rest, ""));
            let directive = directive.to_ascii_lowercase();
            if directive.starts_with("todo") || directive.starts_with("skip") {
                return;
            }
            self.subtests.retain(|(outer, _)| *outer < depth);
            let mut path: Vec<&str> = self.subtests.iter().map(|(_, name)| &**name).collect();
            path.push(name.trim());
            failed.insert(path.join(" › "));
        } else if let Some(name) = text.strip_prefix("✖ ").and_then(without_time) {
            failed.insert(name.to_owned());
        }
    }
}
