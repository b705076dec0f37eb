//! Python: the short summary of pytest, and the headings of unittest.
//! <https://docs.pytest.org/en/stable/how-to/output.html>

use super::reader::{Names, Reader};

#[derive(Default)]
pub(super) struct Pytest;

impl Reader for Pytest {
    fn line(&mut self, line: &str, failed: &mut Names) {
        if let Some(name) = ["FAIL: ", "ERROR: "]
            .iter()
            .find_map(|word| line.strip_prefix(word))
            .filter(|name| name.ends_with(')') && name.contains(" ("))
        {
            failed.insert(name.to_owned());
            return;
        }
        let Some(rest) = ["FAILED ", "ERROR "]
            .iter()
            .find_map(|word| line.strip_prefix(word))
        else {
            return;
        };
        // Parameters are in brackets and may contain anything, even the separator before the message.
        let place = rest.find(']').filter(|_| {
            let message = rest.find(" - ").unwrap_or(rest.len());
            rest.find('[').is_some_and(|bracket| bracket < message)
        });
        let name = match place {
            Some(_) => rest
                .rfind("] - ")
                .map_or(rest.trim_end(), |end| &rest[..=end]),
            None => rest.split_once(" - ").map_or(rest, |(name, _)| name),
        };
        let name = name.trim_end();
        let file = name.split("::").next().unwrap_or(name);
        if std::path::Path::new(file)
            .extension()
            .is_some_and(|extension| extension == "py" || extension == "txt" || extension == "rst")
        {
            failed.insert(name.to_owned());
        }
    }
}
