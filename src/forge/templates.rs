//! The texts of a pull request and of its commit, from templates.
//!
//! Others wrote what a template is given: file names, the user's instruction, the agent's summary. The filters `code`,
//! `fence` and `text` make such data harmless wherever it stands; `line` only puts it on one line. The metadata and the
//! commit's trailers are added after the template, so that no template can lose them. Knows nothing of how a forge
//! sends a text.

use std::collections::BTreeMap;

use minijinja::Environment;

use super::commit_message::CommitMessage;
use super::fit::fit_title;
use super::markdown::{fence, one_line, plain};
use super::metadata::Metadata;
use super::pull_request_facts::{PullRequestFacts, TemplateView, sample};
use super::repository_template;
use crate::config::PublishConfig;
use crate::process::Renderer;
use crate::words::{
    self, FilledTemplate, Redactor, TemplateFault, TemplateKind, without_closing_keywords,
    without_mentions,
};

/// The unit comes first, so that also titles that are cut differ.
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
        "the {name} template contains {placeholder}, which is not filled in; write {{{{ {variable} }}}}"
    )]
    Placeholder {
        name: &'static str,
        placeholder: String,
        variable: String,
    },
}

/// The three templates; they are known to be sound.
#[derive(Debug, Clone)]
pub(crate) struct Templates {
    environment: Environment<'static>,
    /// The text of each template, by its name.
    sources: BTreeMap<&'static str, Source>,
    /// Renders the templates of others.
    renderer: Renderer,
    /// Stands between the commit's subject and the rest, for continuous integration.
    ci_marker: &'static str,
    redactor: Redactor,
}

/// The origin of a template.
#[derive(Debug, Clone)]
enum Source {
    BuiltIn(&'static str),
    /// The user or the repository.
    Given(String),
}

impl Source {
    fn text(&self) -> &str {
        match self {
            Self::BuiltIn(text) => text,
            Self::Given(text) => text,
        }
    }
}

impl Templates {
    /// Compiles the templates and tries them on made-up facts, so that faults show before any work is done. The
    /// settings may replace the built-in templates; such a template is rendered by `renderer`.
    pub(crate) fn compile(
        settings: &PublishConfig,
        renderer: &Renderer,
    ) -> Result<Self, TextError> {
        let environment = environment();
        let sources = [
            ("title", &settings.title, TITLE),
            ("body", &settings.body, BODY),
            ("commit", &settings.commit, COMMIT),
        ];
        let sources: BTreeMap<&'static str, Source> = sources
            .into_iter()
            .map(|(name, own, built_in)| match own {
                Some(own) => (name, Source::Given(own.clone())),
                None => (name, Source::BuiltIn(built_in)),
            })
            .collect();
        let templates = Self {
            environment,
            sources,
            renderer: renderer.clone(),
            ci_marker: ci_marker(settings),
            redactor: Redactor::default(),
        };
        for name in ["title", "body", "commit"] {
            let known = templates.check_names(name)?;
            for facts in [sample(1), sample(0)] {
                let text = templates.render(name, &facts)?;
                if let Some((placeholder, variable)) = placeholder(&text, &known) {
                    return Err(TextError::Placeholder {
                        name,
                        placeholder,
                        variable,
                    });
                }
            }
        }
        Ok(templates)
    }

    /// Lets all texts be masked by this redactor.
    pub(crate) fn masked_by(self, redactor: &Redactor) -> Self {
        Self {
            redactor: redactor.clone(),
            ..self
        }
    }

    /// Returns the pull request's title, on one line. Merging makes it a part of a commit's message, so it closes no
    /// issue and mentions nobody.
    pub(crate) fn title(&self, facts: &PullRequestFacts) -> Result<String, TextError> {
        let title = self.render("title", facts)?;
        let title = without_closing_keywords(&title);
        Ok(fit_title(&without_mentions(&title)))
    }

    /// Returns the pull request's body, with its metadata.
    pub(crate) fn body(&self, facts: &PullRequestFacts) -> Result<String, TextError> {
        let mut text = self.render("body", facts)?;
        // A body of the user's includes the repository's own template where it wants to.
        if let (Some(Source::BuiltIn(_)), Some(template)) =
            (self.sources.get("body"), &facts.repository_template)
        {
            text = repository_template::fill(template, &text);
        }
        let metadata = Metadata::of(facts).comment();
        Ok(format!("{}\n\n{metadata}\n", text.trim()))
    }

    /// Returns the commit's message: a short subject, the rest, and the trailers that name run and unit.
    pub(crate) fn commit(&self, facts: &PullRequestFacts) -> Result<String, TextError> {
        let text = plain(&self.render("commit", facts)?);
        let (subject, rest) = text.trim().split_once('\n').unwrap_or((text.trim(), ""));
        let subject = if one_line(subject).is_empty() {
            &facts.title
        } else {
            subject
        };
        Ok(self.message(facts, subject, rest))
    }

    /// Returns the message of a follow-up commit on top of the unit's.
    #[must_use]
    pub(crate) fn follow_up(&self, facts: &PullRequestFacts, why: &str) -> String {
        let subject = format!("{}: address feedback", one_line(&facts.title));
        self.message(facts, &subject, &one_line(why))
    }

    fn message(&self, facts: &PullRequestFacts, subject: &str, rest: &str) -> String {
        let message = CommitMessage {
            subject,
            ci_marker: self.ci_marker,
            rest,
            run: &facts.run,
            unit: &facts.unit,
        };
        self.redactor.text(&message.text())
    }

    fn render(&self, name: &'static str, facts: &PullRequestFacts) -> Result<String, TextError> {
        let view = TemplateView::of(facts);
        let rendered = match self.sources.get(name) {
            Some(Source::Given(source)) => {
                let template = FilledTemplate {
                    kind: TemplateKind::PullRequest,
                    source: source.clone(),
                    facts: serde_json::to_value(&view).unwrap_or_default(),
                };
                self.renderer.render(&template)
            }
            _ => None,
        };
        rendered
            .unwrap_or_else(|| words::render(&self.environment, self.source(name), view))
            .map(|text| self.redactor.text(&text))
            .map_err(|fault| TextError::Faulty { name, fault })
    }

    fn source(&self, name: &str) -> &str {
        self.sources.get(name).map_or("", Source::text)
    }

    /// Refuses variables that do not exist, also in branches that no trial takes. Returns the variables that do.
    fn check_names(&self, name: &'static str) -> Result<Vec<String>, TextError> {
        let template = self
            .environment
            .template_from_str(self.source(name))
            .map_err(|error| faulty(name, error))?;
        let view = serde_json::to_value(TemplateView::of(&sample(1))).unwrap_or_default();
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

/// Makes the environment in which the texts of a pull request are rendered.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = words::template_environment();
    environment.add_filter("code", |text: String| words::code(&text));
    environment.add_filter("fence", |text: String| fence(&text));
    environment.add_filter("text", |text: String| words::markdown(&text));
    environment.add_filter("line", |text: String| one_line(&text));
    environment
}

/// Returns the paragraph after a commit's subject that tells continuous integration to skip the commit, where that is
/// wanted.
pub(super) fn ci_marker(settings: &PublishConfig) -> &'static str {
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

/// Finds a variable written as in other template languages (`{unit}`, `${unit}`, `$unit`), which would stay in every
/// text as it is; returns it as written and by name.
fn placeholder(text: &str, known: &[String]) -> Option<(String, String)> {
    known.iter().find_map(|name| {
        let ways = [
            format!("${{{name}}}"),
            format!("{{{name}}}"),
            format!("${name}"),
        ];
        let written = ways.into_iter().find(|way| text.contains(way.as_str()))?;
        Some((written, name.clone()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::fit::BODY_LIMIT;
    use crate::forge::{CheckLine, Need};

    fn facts() -> PullRequestFacts {
        PullRequestFacts {
            instruction: "replace @Autowired by `final` fields".to_owned(),
            run: "20261121-k3f9".to_owned(),
            unit: "src.ui".to_owned(),
            title: "src/ui".to_owned(),
            owners: vec!["@acme/web".to_owned()],
            files: ["src/ui/App.tsx", "src/ui/we`ird\n.tsx", "index.ts"]
                .map(str::to_owned)
                .to_vec(),
            claimed: 3,
            unchanged: vec!["src/ui/old.tsx".to_owned()],
            old_uses: 2,
            old_use_files: vec!["src/ui/App.tsx".to_owned()],
            created: vec!["index.ts".to_owned()],
            companions: Vec::new(),
            regenerated: Vec::new(),
            findings: vec!["src/ui/App.tsx:3: debug output: 'log'".to_owned()],
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
            tested_with: 0,
            summary: Some("Done. Fixes #1, thanks @torvalds --> ```\n<img src=x>".to_owned()),
            doubts: vec!["The agent names files that are not changed: `a.js`.".to_owned()],
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
            sandbox: None,
            claim_digest: "c1a-->im".to_owned(),
            repository_template: None,
        }
    }

    fn compile(settings: &PublishConfig) -> Result<Templates, TextError> {
        Templates::compile(settings, &Renderer::here())
    }

    fn built_in() -> Templates {
        compile(&PublishConfig::default()).expect("the built-in templates are sound")
    }

    fn with_commit(template: &str) -> Result<Templates, TextError> {
        compile(&PublishConfig {
            commit: Some(template.to_owned()),
            ..PublishConfig::default()
        })
    }

    #[test]
    fn the_body_holds_all_facts_and_data_stays_data() {
        insta::assert_snapshot!(built_in().body(&facts()).expect("body"));
    }

    #[test]
    fn absent_facts_are_not_mentioned() {
        let lone = PullRequestFacts {
            checks: Vec::new(),
            summary: Some("  ".to_owned()),
            needs: Vec::new(),
            owners: Vec::new(),
            created: Vec::new(),
            findings: Vec::new(),
            siblings: 0,
            files: vec!["a.c".to_owned()],
            unchanged: Vec::new(),
            old_uses: 0,
            ..facts()
        };
        insta::assert_snapshot!(built_in().body(&lone).expect("body"));
    }

    #[test]
    fn a_long_list_of_files_is_folded_and_bounded() {
        let many = PullRequestFacts {
            files: (0..5_000).map(|n| format!("d{}/f{n}", n % 100)).collect(),
            ..facts()
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
        insta::assert_snapshot!(
            templates.title(&facts()).expect("title"),
            @"src/ui: replace @ Autowired by `final` fields"
        );
        let long = PullRequestFacts {
            instruction: "from class components to\n\
                          functional React components, with hooks and no lifecycle methods"
                .to_owned(),
            ..facts()
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
    fn our_trailers_join_those_of_a_template() {
        let templates = with_commit("fix: x\n\nWords.\n\nRefs: PROJ-1\n").expect("sound");
        assert_eq!(
            templates.commit(&facts()).expect("message"),
            "fix: x\n\nWords.\n\nRefs: PROJ-1\nBatch-Run: 20261121-k3f9\nBatch-Unit: src.ui\n"
        );
        let prose = with_commit("fix: x\n\nrefactor: words").expect("sound");
        assert_eq!(
            prose.commit(&facts()).expect("message"),
            "fix: x\n\nrefactor: words\n\nBatch-Run: 20261121-k3f9\nBatch-Unit: src.ui\n"
        );
        let subject_only = with_commit("fix: x").expect("sound");
        assert_eq!(
            subject_only.commit(&facts()).expect("message"),
            "fix: x\n\nBatch-Run: 20261121-k3f9\nBatch-Unit: src.ui\n"
        );
    }

    #[test]
    fn faults_of_a_template_show_when_it_is_compiled() {
        let errors = [
            "{{ title",
            "a\n{% if false %}{{ titel }}{% endif %}",
            "a\n{{ checks[0].nam }}",
            "{{ title | shout }}",
            "{{ title }}\n\nMade by {unit}",
            "{{ title }}\n\nMade by $unit",
        ]
        .map(|template| with_commit(template).expect_err(template).to_string());
        insta::assert_snapshot!(errors.join("\n"), @"
        the commit template is faulty in line 1: unexpected end of input, expected end of variable block
        the commit template uses titel, which does not exist; there are: agent, base, base_name, checks, \
        claim_digest, claimed, companions, created, deletions, doubts, files, findings, folders, folders_more, \
        insertions, \
        instruction, needs, old_use_files, old_uses, owners, regenerated, repository_template, run, sandbox, \
        shows_needs, siblings, summary, tested_with, title, unchanged, unit, version
        the commit template is faulty in line 2: undefined value
        the commit template is faulty in line 1: filter shout is unknown
        the commit template contains {unit}, which is not filled in; write {{ unit }}
        the commit template contains $unit, which is not filled in; write {{ unit }}
        ");
    }

    #[test]
    fn the_repositorys_own_template_is_filled_in_unless_the_user_gives_one() {
        let facts = PullRequestFacts {
            repository_template: Some("## Summary\n\n## Checklist\n- [ ] tests".to_owned()),
            ..facts()
        };
        let body = built_in().body(&facts).expect("body");
        assert!(body.starts_with("## Summary\n\n```text\n"), "{body}");
        assert!(
            body.contains("## Checklist\n- [ ] tests\n\n<!-- batch "),
            "{body}"
        );
        let given = compile(&PublishConfig {
            body: Some("Mine.\n{{ repository_template }}".to_owned()),
            ..PublishConfig::default()
        });
        let body = given.expect("sound").body(&facts).expect("body");
        assert!(
            body.starts_with("Mine.\n## Summary\n\n## Checklist"),
            "{body}"
        );
    }
}
