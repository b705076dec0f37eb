//! The repository's own template for pull requests, and where in it the text of ours goes.
//!
//! A forge fills it in only for people who open a pull request by hand; whoever uses its API has to do it. Text in, text
//! out.

/// Words of a heading below which a change is told.
const TELLING: [&str; 5] = ["descri", "summary", "what", "change", "overview"];

/// Which of the paths is the template, by the names and folders that GitHub knows
/// (<https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/creating-a-pull-request-template-for-your-repository>).
pub fn place_of_form<'a>(paths: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let place = |path: &str| {
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
        .filter_map(|path| Some((place(path)?, path)))
        .min()
        .map(|(_, path)| path)
}

/// Puts a text below the template's first heading that asks for it, in the place of what stands there; before
/// everything else where no heading does. The rest of the template, its lists to tick above all, stays as it is.
pub(super) fn fill(form: &str, text: &str) -> String {
    let form = form.replace("\r\n", "\n");
    let lines: Vec<&str> = form.lines().collect();
    let asks = |line: &&str| {
        let line = line.to_lowercase();
        line.starts_with('#') && TELLING.iter().any(|word| line.contains(word))
    };
    let Some(heading) = lines.iter().position(asks) else {
        return format!("{}\n\n{}\n", text.trim(), form.trim());
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
    fn a_template_is_found_where_github_looks_and_in_its_order() {
        let place = |paths: &[&'static str]| place_of_form(paths.iter().copied());
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
    fn the_text_goes_below_the_heading_that_asks_for_it() {
        let form =
            "## What does this change?\r\n<!-- Tell us. -->\r\n\r\n## Checklist\r\n- [ ] tests\r\n";
        assert_eq!(
            fill(form, "All of it.\n"),
            "## What does this change?\n\nAll of it.\n\n## Checklist\n- [ ] tests"
        );
        assert_eq!(
            fill("- [ ] tests\n", "All of it."),
            "All of it.\n\n- [ ] tests\n"
        );
        assert_eq!(fill("# Description", "A."), "# Description\n\nA.");
    }
}
