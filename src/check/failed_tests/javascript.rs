//! JavaScript: the console output of Jest, Vitest and Mocha. Their JSON is read with the other JSON reports.

use super::reader::{Names, Reader, without_time};

#[derive(Default)]
pub(super) struct JavaScript {
    /// The file of the failures that follow (Jest).
    file: String,
    /// Whether Mocha's list of failures has begun.
    in_list: bool,
    /// The title of the current failure, as far as it has been read (Mocha).
    title: Vec<String>,
}

impl Reader for JavaScript {
    fn line(&mut self, line: &str, failed: &mut Names) {
        self.jest(line, failed);
        self.mocha(line, failed);
    }
}

impl JavaScript {
    fn jest(&mut self, line: &str, failed: &mut Names) {
        let text = line.trim();
        // The lines of nextest have a bracket there.
        if let Some(name) = text
            .strip_prefix("FAIL ")
            .map(str::trim_start)
            .filter(|name| !name.starts_with('['))
        {
            let name = without_time(name).unwrap_or(name);
            failed.insert(name.to_owned());
            // Vitest prints file and test together: `file > suite > test`.
            if !name.contains(" > ") {
                name.clone_into(&mut self.file);
            }
        } else if text.starts_with("PASS ") {
            self.file.clear();
        } else if let Some(test) = line.strip_prefix("  ● ")
            && !self.file.is_empty()
            && test != "Console"
        {
            failed.remove(&self.file);
            failed.insert(format!("{}: {test}", self.file));
        }
    }

    /// Reads `2 failing`, and then each failure as `  1) suite` with one part of the title per line, up to a colon.
    fn mocha(&mut self, line: &str, failed: &mut Names) {
        let text = line.trim();
        if text
            .strip_suffix(" failing")
            .is_some_and(|number| number.parse::<usize>().is_ok())
        {
            self.in_list = true;
            return;
        }
        if !self.in_list {
            return;
        }
        if let Some((number, first)) = text.split_once(") ")
            && number.parse::<usize>().is_ok()
        {
            self.title = vec![first.to_owned()];
        } else if self.title.is_empty() {
            return;
        } else if text.is_empty() {
            self.title.clear();
            return;
        } else {
            self.title.push(text.to_owned());
        }
        if text.ends_with(':') {
            let title = std::mem::take(&mut self.title).join(" › ");
            failed.insert(title.trim_end_matches(':').to_owned());
        }
    }
}
