//! The texts of a pull request that reverts a merged one, and of its commit. Knows nothing of how a forge sends them.

use minijinja::value::Serde;
use serde::Serialize;

use super::commit_message::CommitMessage;
use super::fit::fit_title;
use super::markdown::one_line;
use super::metadata::Metadata;
use super::pull_request_facts::Need;
use super::repository_template;
use super::templates::{self, TextError};
use crate::config::PublishConfig;
use crate::words::{without_closing_keywords, without_mentions};

const BODY: &str = include_str!("revert.md.jinja");

/// The facts about a revert that its texts may use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct RevertFacts {
    pub(crate) run: String,
    /// The id of the revert, which differs from the unit's.
    pub(crate) unit: String,
    /// The number of the reverted pull request, and its title.
    pub(crate) undoes: u64,
    pub(crate) title: String,
    /// The last commit of the reverted pull request, and the commit that its base was at before.
    pub(crate) last: String,
    pub(crate) before: String,
    /// The commit that the revert is based on, and the branch that it goes to.
    pub(crate) base: String,
    pub(crate) base_name: String,
    /// The user's reason.
    pub(crate) why: Option<String>,
    pub(crate) files: Vec<String>,
    /// The pull requests that have to be merged first.
    pub(crate) needs: Vec<Need>,
    pub(crate) version: String,
    /// A digest of the reverted files.
    pub(crate) claim_digest: String,
    /// The repository's own template for pull requests.
    pub(crate) repository_template: Option<String>,
}

impl RevertFacts {
    /// Returns the pull request's title, on one line.
    #[must_use]
    pub(crate) fn title(&self) -> String {
        let title = one_line(&self.title);
        let title = without_closing_keywords(&title);
        fit_title(&format!("Revert \"{}\"", without_mentions(&title)))
    }

    /// Returns the pull request's body, with its metadata.
    pub(crate) fn body(&self) -> Result<String, TextError> {
        let environment = templates::environment();
        let mut body = environment
            .render_str(BODY, Serde(self))
            .map_err(|error| templates::faulty("revert", error))?;
        if let Some(template) = &self.repository_template {
            body = repository_template::fill(template, &body);
        }
        let metadata = Metadata::new(&self.run, &self.unit, &self.base, &self.claim_digest);
        let metadata = metadata.undoing(self.undoes);
        Ok(format!("{}\n\n{}\n", body.trim(), metadata.comment()))
    }

    /// Returns the commit's message, with the trailers that name run and unit.
    #[must_use]
    pub(crate) fn commit(&self, settings: &PublishConfig) -> String {
        let Self { last, before, .. } = self;
        let why = self.why.as_deref().map(str::trim).unwrap_or_default();
        let message = CommitMessage {
            subject: &self.title(),
            ci_marker: templates::ci_marker(settings),
            rest: &format!(
                "This reverts what came with commit {last},\nback to {before}.\n\n{why}"
            ),
            run: &self.run,
            unit: &self.unit,
        };
        message.text()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> RevertFacts {
        RevertFacts {
            run: "20261121-k3f9".to_owned(),
            unit: "01-ui-revert".to_owned(),
            undoes: 3,
            title: "src/ui: use `hooks` @torvalds".to_owned(),
            last: "1".repeat(40),
            before: "2".repeat(40),
            base: "3".repeat(40),
            base_name: "main".to_owned(),
            why: Some("It breaks the login. ".to_owned()),
            files: vec!["src/ui/App.tsx".to_owned()],
            needs: vec![Need {
                unit: "02-cart-revert".to_owned(),
                title: "src/cart".to_owned(),
                url: Some("https://github.com/acme/shop/pull/9".to_owned()),
            }],
            version: "0.1.0".to_owned(),
            claim_digest: "c1a1m".to_owned(),
            repository_template: None,
        }
    }

    #[test]
    fn the_text_says_what_is_reverted_why_and_what_comes_first() {
        insta::assert_snapshot!(facts().body().unwrap());
        insta::assert_snapshot!(facts().commit(&PublishConfig::default()), @r##"
        Revert "src/ui: use `hooks` @ torvalds"

        This reverts what came with commit 1111111111111111111111111111111111111111,
        back to 2222222222222222222222222222222222222222.

        It breaks the login.

        Batch-Run: 20261121-k3f9
        Batch-Unit: 01-ui-revert
        "##);
    }

    #[test]
    fn absent_facts_are_not_mentioned() {
        let lone = RevertFacts {
            why: None,
            needs: Vec::new(),
            files: vec!["a".to_owned(); 50],
            repository_template: Some("## Description\n\nWhat is it?\n\n- [ ] Tested\n".to_owned()),
            ..facts()
        };
        let body = lone.body().unwrap();
        assert!(!body.contains("### "), "{body}");
        assert!(body.contains("- and 10 more\n"), "{body}");
        assert!(body.starts_with("## Description\n\nThis undoes"), "{body}");
    }
}
