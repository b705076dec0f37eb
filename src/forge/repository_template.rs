//! The repository's own template for pull requests: finds it, and puts our text into it.
//!
//! A forge offers the template only to people who open a pull request by hand; a client of its API has to fill it in
//! itself. Text in, text out.

/// Words in the heading of the section that describes the change.
const DESCRIPTION: [&str; 5] = ["descri", "summary", "what", "change", "overview"];

/// Finds the template among the paths, by the names and folders that GitHub knows (GitHub Docs, "Creating a pull
/// request template for your repository").
pub(crate) fn repository_template_path<'a>(
    paths: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let rank = |path: &str| {
        let path = path.to_ascii_lowercase();
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_it = matches!(
            file,
            "pull_request_template.md" | "pull_request_template.txt" | "pull_request_template"
        );
        let folders = [".github", "", "docs"];
        folders.iter().position(|it| is_it && *it == folder)
    };
    paths
        .filter_map(|path| Some((rank(path)?, path)))
        .min()
        .map(|(_, path)| path)
}

/// Replaces the section that asks for a description by the text; without such a section, the text comes first. The rest
/// of the template stays as it is, its checklists above all.
pub(super) fn fill(template: &str, text: &str) -> String {
    let template = template.replace("\r\n", "\n");
    let lines: Vec<&str> = template.lines().collect();
    let asks = |line: &&str| {
        let line = line.to_lowercase();
        line.starts_with('#') && DESCRIPTION.iter().any(|word| line.contains(word))
    };
    let Some(heading) = lines.iter().position(asks) else {
        return format!("{}\n\n{}\n", text.trim(), template.trim());
    };
    let end = lines[heading + 1..]
        .iter()
        .position(|line| line.starts_with('#'))
        .map_or(lines.len(), |next| heading + 1 + next);
    let before = lines[..=heading].join("\n");
    let after = lines[end..].join("\n");
    format!("{}\n\n{}\n\n{}", before.trim_start(), text.trim(), after)
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_found_where_github_looks_and_in_its_order() {
        let place = |paths: &[&'static str]| repository_template_path(paths.iter().copied());
        let all = [
            "docs/pull_request_template.md",
            "PULL_REQUEST_TEMPLATE.md",
            ".github/Pull_Request_Template.md",
        ];
        assert_eq!(place(&all), Some(all[2]));
        assert_eq!(place(&all[..2]), Some(all[1]));
        assert_eq!(place(&["src/pull_request_template.md", "README.md"]), None);
    }

    #[test]
    fn the_text_goes_below_the_heading_that_asks_for_a_description() {
        let template =
            "## What does this change?\r\n<!-- Tell us. -->\r\n\r\n## Checklist\r\n- [ ] tests\r\n";
        assert_eq!(
            fill(template, "All of it.\n"),
            "## What does this change?\n\nAll of it.\n\n## Checklist\n- [ ] tests"
        );
        assert_eq!(
            fill("- [ ] tests\n", "All of it."),
            "All of it.\n\n- [ ] tests\n"
        );
        assert_eq!(fill("# Description", "A."), "# Description\n\nA.");
    }
}
