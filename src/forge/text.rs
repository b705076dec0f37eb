//! The words of a pull request and of its commit, from templates.
//!
//! What a template is given is data of others: file names, the user's instruction, what an agent says of its work. The
//! filters `code` and `fence` make such data harmless wherever it stands; `line` puts it on one line. The mark for
//! machines and the commit's trailers are added after the template, so that no template can lose them. Knows nothing
//! of forges' ways to send a text.

use minijinja::Environment;
use minijinja::value::Serde;

use super::form;
use super::mark::{self, Mark};
use super::markdown::{code, fence, one_line, plain, shorten};
use super::story::{PullRequestFacts, View, sample};
use crate::config::PublishConfig;
use crate::words::{self, TemplateFault};

/// GitHub refuses longer ones.
const TITLE_LIMIT: usize = 256;
/// GitHub refuses longer ones.
const BODY_LIMIT: usize = 65_536;
/// Longer subjects are cut in most listings.
pub(super) const SUBJECT_LIMIT: usize = 72;
const CUT: &str = "\n\n*(Cut here: the text was too long.)*\n\n";

const CLOSE: &str = "\n</details>\n";

/// The unit comes first: what is cut off then still tells the units apart.
const TITLE: &str = "{{ title }}: {{ instruction | line }}";
const COMMIT: &str = "{{ title }}: {{ instruction | line }}\n\n{{ instruction }}\n";
const BODY: &str = include_str!("body.md.jinja");

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TextError {
    #[error("the {name} template {fault}")]
    Faulty {
        name: &'static str,
        fault: TemplateFault,
    },
    #[error("the {name} template uses {unknown}, which does not exist; there are: {known}")]
    Unknown {
        name: &'static str,
        unknown: String,
        known: String,
    },
    #[error(
        "the {name} template holds {left}, which nobody would fill in; write {{{{ {variable} }}}}"
    )]
    Placeholder {
        name: &'static str,
        left: String,
        variable: String,
    },
}

/// The three templates, known to be sound.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    body: Body,
    /// What stands between a commit's subject and the rest, for machines.
    marker: &'static str,
}

/// Whose the template of the body is.
#[derive(Debug, Clone, Copy)]
enum Body {
    BuiltIn,
    /// It brings in the repository's own template where it wants it.
    Given,
}

impl Templates {
    /// Compiles the templates, which the settings may bring in place of the built-in ones, and tries them on two made-up
    /// stories, so that faults show before any work is done.
    pub fn compile(settings: &PublishConfig) -> Result<Self, TextError> {
        let mut environment = environment();
        let sources = [
            ("title", &settings.title, TITLE),
            ("body", &settings.body, BODY),
            ("commit", &settings.commit, COMMIT),
        ];
        for (name, own, built_in) in sources {
            let source = own.as_deref().unwrap_or(built_in);
            environment
                .add_template_owned(name, source.to_owned())
                .map_err(|error| faulty(name, error))?;
        }
        let body = match settings.body {
            Some(_) => Body::Given,
            None => Body::BuiltIn,
        };
        let templates = Self {
            environment,
            body,
            marker: marker(settings),
        };
        for name in ["title", "body", "commit"] {
            let known = templates.check_names(name)?;
            for story in [sample(1), sample(0)] {
                let text = templates.render(name, &story)?;
                if let Some((left, variable)) = placeholder(&text, &known) {
                    return Err(TextError::Placeholder {
                        name,
                        left,
                        variable,
                    });
                }
            }
        }
        Ok(templates)
    }

    /// The pull request's title, on one line.
    pub fn title(&self, story: &PullRequestFacts) -> Result<String, TextError> {
        Ok(fit_title(&self.render("title", story)?))
    }

    /// The pull request's body, with a mark that machines can read.
    pub fn body(&self, story: &PullRequestFacts) -> Result<String, TextError> {
        let mut text = self.render("body", story)?;
        if let (Body::BuiltIn, Some(form)) = (self.body, &story.repository_template) {
            text = form::fill(form, &text);
        }
        let mark = Mark::of(story).text();
        Ok(format!("{}\n\n{mark}\n", text.trim()))
    }

    /// The commit's message: a short subject, the rest, and the trailers that say where it comes from.
    pub fn commit(&self, story: &PullRequestFacts) -> Result<String, TextError> {
        let text = plain(&self.render("commit", story)?);
        let (subject, rest) = text.trim().split_once('\n').unwrap_or((text.trim(), ""));
        let mut message = shorten(&one_line(subject), SUBJECT_LIMIT);
        if message.is_empty() {
            message = shorten(&one_line(&story.title), SUBJECT_LIMIT);
        }
        let rest = rest.trim();
        message.push_str("\n\n");
        message.push_str(self.marker);
        if !rest.is_empty() {
            message.push_str(rest);
            // Trailers are one paragraph: ours join those that the template ends with.
            message.push_str(if ends_in_trailers(rest) { "\n" } else { "\n\n" });
        }
        let PullRequestFacts { run, unit, .. } = story;
        Ok(format!("{message}Batch-Run: {run}\nBatch-Unit: {unit}\n"))
    }

    /// The message of a commit on top of a unit's, which mends something about it.
    #[must_use]
    pub fn mending(&self, story: &PullRequestFacts, why: &str) -> String {
        let subject = format!("{}: mend what was found", one_line(&story.title));
        let (subject, marker) = (shorten(&subject, SUBJECT_LIMIT), self.marker);
        let PullRequestFacts { run, unit, .. } = story;
        let why = one_line(why);
        format!("{subject}\n\n{marker}{why}\n\nBatch-Run: {run}\nBatch-Unit: {unit}\n")
    }

    fn render(&self, name: &'static str, story: &PullRequestFacts) -> Result<String, TextError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(Serde(View::of(story))))
            .map_err(|error| faulty(name, error))
    }

    /// Refuses names that do not exist, also in branches that no trial takes. Gives those that do.
    fn check_names(&self, name: &'static str) -> Result<Vec<String>, TextError> {
        let template = self
            .environment
            .get_template(name)
            .map_err(|error| faulty(name, error))?;
        let view = serde_json::to_value(View::of(&sample(1))).unwrap_or_default();
        let known: Vec<String> = view
            .as_object()
            .map(|fields| fields.keys().cloned().collect())
            .unwrap_or_default();
        let functions: Vec<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut unknown: Vec<String> = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|it| !known.contains(it) && !functions.contains(&it.as_str()))
            .collect();
        unknown.sort();
        if unknown.is_empty() {
            return Ok(known);
        }
        Err(TextError::Unknown {
            name,
            unknown: unknown.join(", "),
            known: known.join(", "),
        })
    }
}

/// Where a template of a pull request's words is rendered.
pub(super) fn environment() -> Environment<'static> {
    let mut environment = words::template_environment();
    environment.add_filter("code", |text: String| code(&text));
    environment.add_filter("fence", |text: String| fence(&text));
    environment.add_filter("line", |text: String| one_line(&text));
    environment
}

/// What stands between a commit's subject and the rest, for machines.
pub(super) fn marker(settings: &PublishConfig) -> &'static str {
    match settings.ci {
        // Most services heed this (https://docs.github.com/en/actions/how-tos/manage-workflow-runs/skip-workflow-runs).
        Some(false) => "[skip ci]\n\n",
        _ => "",
    }
}

pub(super) fn faulty(name: &'static str, error: minijinja::Error) -> TextError {
    TextError::Faulty {
        name,
        fault: error.into(),
    }
}

/// A variable's name in the manner of other templates (`{unit}`, `${unit}`, `$unit`), which would stand in every text
/// as it is; with the variable.
fn placeholder(text: &str, known: &[String]) -> Option<(String, String)> {
    known.iter().find_map(|name| {
        let ways = [
            format!("${{{name}}}"),
            format!("{{{name}}}"),
            format!("${name}"),
        ];
        let left = ways.into_iter().find(|way| text.contains(way.as_str()))?;
        Some((left, name.clone()))
    })
}

/// A title on one line that GitHub takes.
pub(super) fn fit_title(title: &str) -> String {
    shorten(&one_line(title), TITLE_LIMIT)
}

/// A body that GitHub takes: what is too long is cut, but not the mark at its end.
pub(super) fn fit_body(body: &str) -> String {
    if body.chars().count() <= BODY_LIMIT {
        return body.to_owned();
    }
    let (text, tail) = mark::split(body);
    let room = BODY_LIMIT - CUT.len() - CLOSE.len() - tail.chars().count();
    let mut cut: String = text.chars().take(room).collect();
    if cut.matches("<details>").count() > cut.matches("</details>").count() {
        cut.push_str(CLOSE);
    }
    cut + CUT + tail
}

/// Whether the last paragraph is made of trailers only (git-interpret-trailers(1)).
fn ends_in_trailers(text: &str) -> bool {
    let last = text.rsplit("\n\n").next().unwrap_or_default();
    last.lines().all(|line| {
        line.split_once(": ").is_some_and(|(key, _)| {
            // A capital tells `Refs: x` from words like `refactor: x`.
            key.starts_with(|c: char| c.is_ascii_uppercase())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::{CheckLine, Need};
    use super::*;

    fn story() -> PullRequestFacts {
        PullRequestFacts {
            instruction: "replace @Autowired by `final` fields".to_owned(),
            run: "20261121-k3f9".to_owned(),
            unit: "src.ui".to_owned(),
            title: "src/ui".to_owned(),
            owners: vec!["@acme/web".to_owned()],
            files: ["src/ui/App.tsx", "src/ui/we`ird\n.tsx", "index.ts"]
                .map(str::to_owned)
                .to_vec(),
            insertions: 12,
            deletions: 1,
            checks: vec![
                CheckLine {
                    name: "npm test".to_owned(),
                    verdict: "pass".to_owned(),
                    seconds: 3.25,
                    tests: Vec::new(),
                },
                CheckLine {
                    name: "npm run lint".to_owned(),
                    verdict: "fails, as it did before this change".to_owned(),
                    seconds: 1.0,
                    tests: vec!["no `var`".to_owned()],
                },
            ],
            summary: Some("Done. Fixes #1, thanks @torvalds --> ```\n<img src=x>".to_owned()),
            needs: vec![Need {
                unit: "src.core".to_owned(),
                title: "src/core".to_owned(),
                url: None,
            }],
            shows_needs: true,
            siblings: 4,
            base: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            base_name: "origin/main".to_owned(),
            agent: "codemod".to_owned(),
            version: "0.1.0".to_owned(),
            claim_digest: "c1a-->im".to_owned(),
            repository_template: None,
        }
    }

    fn built_in() -> Templates {
        Templates::compile(&PublishConfig::default()).expect("the built-in templates are sound")
    }

    fn with_commit(template: &str) -> Result<Templates, TextError> {
        Templates::compile(&PublishConfig {
            commit: Some(template.to_owned()),
            ..PublishConfig::default()
        })
    }

    #[test]
    fn the_body_tells_the_whole_story_and_data_stays_data() {
        insta::assert_snapshot!(built_in().body(&story()).expect("body"), @r#"
        ```text
        replace @Autowired by `final` fields
        ```

        This is one of 5 pull requests that together make this change. It covers `src/ui`:
        3 files, 12 lines added, 1 removed.
        Owned by `@acme/web`.

        - `.`: `index.ts`
        - `src/ui`: `App.tsx`, ``we`ird\n.tsx``

        ### What the agent says

        ````text
        Done. Fixes #1, thanks @torvalds --> ```
        <img src=x>
        ````

        ### Checks

        - `npm test`: pass (3.2 s)
        - `npm run lint`: fails, as it did before this change (1.0 s)
          - `` no `var` ``

        ### Merge first

        - `src/core` (`src.core`)

        Until then, the changes of that one show here too.

        ---

        Made by batch 0.1.0 with `codemod`, run `20261121-k3f9`, unit `src.ui`, from `origin/main` at `0123456789ab`.

        <!-- batch {"schema":2,"run":"20261121-k3f9","unit":"src.ui","base":"0123456789abcdef0123456789abcdef01234567","claim":"c1a--\u003eim","checks":[{"name":"npm test","verdict":"pass"},{"name":"npm run lint","verdict":"fails, as it did before this change"}]} -->
        "#);
    }

    #[test]
    fn what_there_is_none_of_is_not_mentioned() {
        let lone = PullRequestFacts {
            checks: Vec::new(),
            summary: Some("  ".to_owned()),
            needs: Vec::new(),
            owners: Vec::new(),
            siblings: 0,
            files: vec!["a.c".to_owned()],
            ..story()
        };
        insta::assert_snapshot!(built_in().body(&lone).expect("body"), @r#"
        ```text
        replace @Autowired by `final` fields
        ```

        It covers `src/ui`:
        1 file, 12 lines added, 1 removed.

        - `.`: `a.c`

        ---

        Made by batch 0.1.0 with `codemod`, run `20261121-k3f9`, unit `src.ui`, from `origin/main` at `0123456789ab`.

        <!-- batch {"schema":2,"run":"20261121-k3f9","unit":"src.ui","base":"0123456789abcdef0123456789abcdef01234567","claim":"c1a--\u003eim","checks":[]} -->
        "#);
    }

    #[test]
    fn a_long_list_of_files_is_folded_and_bounded() {
        let many = PullRequestFacts {
            files: (0..5_000).map(|n| format!("d{}/f{n}", n % 100)).collect(),
            ..story()
        };
        let body = built_in().body(&many).expect("body");
        assert!(
            body.contains("<details><summary>The files</summary>\n\n- `d0`"),
            "{body}"
        );
        assert!(body.contains(" and 10 more\n"), "{body}");
        assert!(
            body.contains("- and 40 more folders\n\n</details>\n"),
            "{body}"
        );
        assert!(body.chars().count() < BODY_LIMIT);
    }

    #[test]
    fn title_and_commit_message_fit_and_carry_the_trailers() {
        let templates = built_in();
        insta::assert_snapshot!(templates.title(&story()).expect("title"), @"src/ui: replace @Autowired by `final` fields");
        let long = PullRequestFacts {
            instruction: "from class components to\nfunctional React components, with hooks and no lifecycle methods".to_owned(),
            ..story()
        };
        insta::assert_snapshot!(templates.commit(&long).expect("message"), @r"
        src/ui: from class components to functional React components, with…

        from class components to
        functional React components, with hooks and no lifecycle methods

        Batch-Run: 20261121-k3f9
        Batch-Unit: src.ui
        ");
    }

    #[test]
    fn trailers_of_a_template_and_ours_are_one_paragraph() {
        let templates = with_commit("fix: x\n\nWords.\n\nRefs: PROJ-1\n").expect("sound");
        assert_eq!(
            templates.commit(&story()).expect("message"),
            "fix: x\n\nWords.\n\nRefs: PROJ-1\nBatch-Run: 20261121-k3f9\nBatch-Unit: src.ui\n"
        );
        let prose = with_commit("fix: x\n\nrefactor: words").expect("sound");
        assert_eq!(
            prose.commit(&story()).expect("message"),
            "fix: x\n\nrefactor: words\n\nBatch-Run: 20261121-k3f9\nBatch-Unit: src.ui\n"
        );
        let subject_only = with_commit("fix: x").expect("sound");
        assert_eq!(
            subject_only.commit(&story()).expect("message"),
            "fix: x\n\nBatch-Run: 20261121-k3f9\nBatch-Unit: src.ui\n"
        );
    }

    #[test]
    fn faults_of_a_template_show_before_it_is_needed() {
        let errors = [
            "{{ title",
            "a\n{% if false %}{{ titel }}{% endif %}",
            "a\n{{ checks[0].nam }}",
            "{{ title | shout }}",
            "{{ title }}\n\nMade by {unit}",
            "{{ title }}\n\nMade by $unit",
        ]
        .map(|template| with_commit(template).expect_err(template).to_string());
        insta::assert_snapshot!(errors.join("\n"), @r"
        the commit template is faulty in line 1: unexpected end of input, expected end of variable block
        the commit template uses titel, which does not exist; there are: agent, base, base_name, checks, claim_digest, deletions, files, folders, folders_more, insertions, instruction, needs, owners, repository_template, run, shows_needs, siblings, summary, title, unit, version
        the commit template is faulty in line 2: undefined value
        the commit template is faulty in line 1: filter shout is unknown
        the commit template holds {unit}, which nobody would fill in; write {{ unit }}
        the commit template holds $unit, which nobody would fill in; write {{ unit }}
        ");
    }

    #[test]
    fn a_body_that_is_too_long_is_cut_but_keeps_its_mark() {
        let mark = Mark::of(&story()).text();
        let long = format!("<details>{}\n\n{mark}\n", "é".repeat(70_000));
        let cut = fit_body(&long);
        assert!(cut.chars().count() <= BODY_LIMIT);
        assert!(cut.ends_with(&format!("</details>\n{CUT}{mark}\n")));
        assert_eq!(fit_body("short"), "short");
        let false_mark = format!("<!-- batch {}", "x".repeat(70_000));
        assert!(fit_body(&false_mark).chars().count() <= BODY_LIMIT);
    }

    #[test]
    fn the_repositorys_own_template_is_filled_in_unless_the_body_is_given() {
        let story = PullRequestFacts {
            repository_template: Some("## Summary\n\n## Checklist\n- [ ] tests".to_owned()),
            ..story()
        };
        let body = built_in().body(&story).expect("body");
        assert!(body.starts_with("## Summary\n\n```text\n"), "{body}");
        assert!(
            body.contains("## Checklist\n- [ ] tests\n\n<!-- batch "),
            "{body}"
        );
        let given = Templates::compile(&PublishConfig {
            body: Some("Mine.\n{{ repository_template }}".to_owned()),
            ..PublishConfig::default()
        });
        let body = given.expect("sound").body(&story).expect("body");
        assert!(
            body.starts_with("Mine.\n## Summary\n\n## Checklist"),
            "{body}"
        );
    }
}
