//! JSON reports, with a document or an event per line: `go test -json`, Jest, Vitest and libtest.

use serde_json::Value;

use super::reader::{Names, Reader};

#[derive(Default)]
pub(super) struct Json;

impl Reader for Json {
    fn line(&mut self, line: &str, failed: &mut Names) {
        let line = line.trim();
        if !(line.starts_with('{') && line.ends_with('}')) {
            return;
        }
        let Ok(value) = serde_json::from_str::<Value>(line) else {
            return;
        };
        let word = |key: &str| value.get(key).and_then(Value::as_str);
        match (word("Action"), word("event")) {
            (Some("fail"), _) => {
                if let Some(package) = word("Package") {
                    match word("Test") {
                        Some(test) => failed.insert(format!("{package} {test}")),
                        // A package whose failed tests are known adds nothing.
                        None if !failed
                            .iter()
                            .any(|name| name.starts_with(&format!("{package} "))) =>
                        {
                            failed.insert(package.to_owned())
                        }
                        None => false,
                    };
                }
            }
            (None, Some("failed")) if word("type") == Some("test") => {
                failed.extend(word("name").map(ToOwned::to_owned));
            }
            _ => suites(&value, failed),
        }
    }
}

/// <https://jestjs.io/docs/configuration#testresultsprocessor-string>
fn suites(report: &Value, failed: &mut Names) {
    let files = report.get("testResults").and_then(Value::as_array);
    for file in files.into_iter().flatten() {
        let name = file.get("name").and_then(Value::as_str).unwrap_or_default();
        let tests = file.get("assertionResults").and_then(Value::as_array);
        let mut of_file: Vec<String> = tests
            .into_iter()
            .flatten()
            .filter(|test| test.get("status").and_then(Value::as_str) == Some("failed"))
            .filter_map(|test| test.get("fullName")?.as_str())
            .map(|test| format!("{name}: {}", test.trim()))
            .collect();
        if of_file.is_empty() && file.get("status").and_then(Value::as_str) == Some("failed") {
            of_file.push(name.to_owned());
        }
        failed.extend(of_file);
    }
}
