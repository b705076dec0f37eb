//! The words of a pull request that takes a merged one back, and of its commit. Knows nothing of forges' ways to send a
//! text.

use minijinja::value::Serde;
use serde::Serialize;

use super::form;
use super::mark::Mark;
use super::markdown::{one_line, shorten};
use super::story::Need;
use super::text::{self, SUBJECT_LIMIT, TextError};
use crate::config::PublishConfig;

const BODY: &str = include_str!("inverse.md.jinja");

/// All that may be said of what takes a merged pull request back.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inverse {
    pub run: String,
    /// The id under which the unit's work is taken back.
    pub unit: String,
    /// The number and the title of the pull request that is undone.
    pub undoes: u64,
    pub title: String,
    /// The last commit that it brought, and where its base stood before.
    pub last: String,
    pub before: String,
    /// What it is made on top of, and the branch that it goes to.
    pub base: String,
    pub base_name: String,
    /// Why, in the words of whoever wants it.
    pub why: Option<String>,
    pub files: Vec<String>,
    /// What has to be merged before.
    pub needs: Vec<Need>,
    pub version: String,
    /// Tells two sets of files apart.
    pub claim_digest: String,
    /// What the repository wants every pull request's text to look like.
    pub repository_template: Option<String>,
}

impl Inverse {
    /// The pull request's title, on one line.
    #[must_use]
    pub fn title(&self) -> String {
        text::fit_title(&format!("Revert \"{}\"", one_line(&self.title)))
    }

    /// The pull request's body, with a mark that machines can read.
    pub fn body(&self) -> Result<String, TextError> {
        let environment = text::environment();
        let mut body = environment
            .render_str(BODY, Serde(self))
            .map_err(|error| text::faulty("revert", error))?;
        if let Some(form) = &self.repository_template {
            body = form::fill(form, &body);
        }
        let (whose, claim) = ((&*self.run, &*self.unit), &self.claim_digest);
        let mark = Mark::undoing(self.undoes, whose, &self.base, claim).text();
        Ok(format!("{}\n\n{mark}\n", body.trim()))
    }

    /// The commit's message, with the trailers that say where it comes from.
    #[must_use]
    pub fn commit(&self, settings: &PublishConfig) -> String {
        let subject = shorten(&self.title(), SUBJECT_LIMIT);
        let Self {
            last,
            before,
            unit,
            run,
            ..
        } = self;
        let why = self.why.as_deref().map(str::trim).unwrap_or_default();
        let why = if why.is_empty() {
            String::new()
        } else {
            format!("{why}\n\n")
        };
        format!(
            "{subject}\n\n{}This reverts what came with commit {last},\nback to {before}.\n\n{why}Batch-Run: {run}\nBatch-Unit: {unit}\n",
            text::marker(settings)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inverse() -> Inverse {
        Inverse {
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
    fn it_says_what_it_undoes_why_and_what_comes_before() {
        insta::assert_snapshot!(inverse().body().unwrap(), @r##"
        This undoes #3 (``src/ui: use `hooks` @torvalds``), which came into `main` with `111111111111`.

        It breaks the login.

        1 file:

        - `src/ui/App.tsx`

        ### Merge first

        These take back what stands on the same work.

        - `src/cart` (https://github.com/acme/shop/pull/9)

        ---

        Made by batch 0.1.0 revert, run `20261121-k3f9`, on top of `main` at `333333333333`.

        <!-- batch {"schema":2,"run":"20261121-k3f9","unit":"01-ui-revert","undoes":3,"base":"3333333333333333333333333333333333333333","claim":"c1a1m","checks":[]} -->
        "##);
        insta::assert_snapshot!(inverse().commit(&PublishConfig::default()), @r##"
        Revert "src/ui: use `hooks` @torvalds"

        This reverts what came with commit 1111111111111111111111111111111111111111,
        back to 2222222222222222222222222222222222222222.

        It breaks the login.

        Batch-Run: 20261121-k3f9
        Batch-Unit: 01-ui-revert
        "##);
    }

    #[test]
    fn what_there_is_none_of_is_not_mentioned() {
        let lone = Inverse {
            why: None,
            needs: Vec::new(),
            files: vec!["a".to_owned(); 50],
            repository_template: Some("## Description\n\nWhat is it?\n\n- [ ] Tested\n".to_owned()),
            ..inverse()
        };
        let body = lone.body().unwrap();
        assert!(!body.contains("### "), "{body}");
        assert!(body.contains("- and 10 more\n"), "{body}");
        assert!(body.starts_with("## Description\n\nThis undoes"), "{body}");
    }
}
