//! Maven and Gradle: their reports in `JUnit`'s XML format, and their console output where they write none.
//! <https://maven.apache.org/surefire/maven-surefire-plugin/>

use super::reader::{Names, Reader};

/// Returns the failed tests of a report.
pub(super) fn report(text: &str) -> Names {
    let Ok(document) = roxmltree::Document::parse(text) else {
        return Names::new();
    };
    document
        .descendants()
        .filter(|node| node.has_tag_name("testcase"))
        .filter(|case| {
            case.children()
                .any(|child| child.has_tag_name("failure") || child.has_tag_name("error"))
        })
        .map(|case| {
            let part = |name| case.attribute(name).unwrap_or_default();
            // A parameterised test has its arguments in its name.
            format!(
                "{}.{}",
                part("classname"),
                part("name").trim_end_matches("()")
            )
        })
        .collect()
}

/// The console output.
#[derive(Default)]
pub(super) struct Console;

impl Reader for Console {
    fn line(&mut self, line: &str, failed: &mut Names) {
        if let Some(rest) = line.strip_prefix("[ERROR] ")
            && (line.ends_with("<<< FAILURE!") || line.ends_with("<<< ERROR!"))
            && !rest.starts_with("Tests run:")
            && let Some((name, _)) = rest.split_once(" Time elapsed:")
        {
            let name = name.trim().trim_end_matches("--").trim();
            // Older versions print `test(pack.Class)`.
            let name = match name.strip_suffix(')').and_then(|it| it.split_once('(')) {
                Some((test, class)) if !class.is_empty() => format!("{class}.{test}"),
                _ => name.trim_end_matches("()").to_owned(),
            };
            failed.insert(name);
        } else if let Some((class, test)) = line
            .strip_suffix(" FAILED")
            .and_then(|rest| rest.split_once(" > "))
            && !class.contains(' ')
        {
            failed.insert(format!("{class}.{}", test.trim_end_matches("()")));
        }
    }
}
