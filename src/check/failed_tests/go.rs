//! Go: the output of `go test`. The output of `go test -json` is read with the other JSON reports.

use super::reader::{Names, Reader};

#[derive(Default)]
pub(super) struct Go {
    /// Tests whose package is not known yet: it is printed after them.
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
                // The package could not be built, or it crashed.
                failed.insert(package);
            } else {
                failed.extend(self.tests.drain(..).map(|test| format!("{package} {test}")));
            }
        } else if line.starts_with("ok  \t") {
            self.tests.clear();
        }
    }
}
