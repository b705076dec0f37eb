//! Go: what `go test` prints. Its `-json` is read with the other reports in JSON.

use super::reader::{Names, Reader};

#[derive(Default)]
pub(super) struct Go {
    /// Tests whose package has not been named yet: it comes after them.
    tests: Vec<String>,
}

impl Reader for Go {
    fn line(&mut self, line: &str, failed: &mut Names) {
        if let Some(rest) = line.trim_start().strip_prefix("--- FAIL: ") {
            let name = rest.rsplit_once(" (").map_or(rest, |(name, _)| name);
            self.tests.push(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("FAIL\t") {
            let package = rest
                .split(['\t', ' '])
                .next()
                .unwrap_or_default()
                .to_owned();
            if self.tests.is_empty() {
                // It could not be built, or broke down.
                failed.insert(package);
            } else {
                failed.extend(self.tests.drain(..).map(|test| format!("{package} {test}")));
            }
        } else if line.starts_with("ok  \t") {
            self.tests.clear();
        }
    }
}
