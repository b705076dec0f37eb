//! The prompt of an agent: the change, the unit's files, the rules, and the answer that is expected.
//!
//! The part that all agents of a run share comes first and is the same byte for byte, so that a provider's cache of
//! prompts serves all agents but the first; the unit's own part follows. A third template asks an agent for a plan.

use std::collections::BTreeMap;

use minijinja::Environment;
use serde::Serialize;

use super::task::{Task, TaskKind};
use crate::config::{PromptConfig, ScopeRule, UnitRange};
use crate::plan::{Claim, Outline, PROPOSAL_SCHEMA, Research, Unit};
use crate::process::Renderer;
use crate::words::{self, FilledTemplate, TemplateFault, TemplateKind};

const COMMON: &str = include_str!("common.md.jinja");
const UNIT: &str = include_str!("unit.md.jinja");
const PLAN: &str = include_str!("plan.md.jinja");

/// The templates; they are known to be sound.
#[derive(Debug, Clone)]
pub(crate) struct Prompts {
    environment: Environment<'static>,
    /// The user's or the repository's own templates, by their names.
    own: BTreeMap<&'static str, String>,
    /// Renders the templates of others.
    renderer: Renderer,
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the prompt template .batch/prompts/{name}.md {fault}")]
pub struct PromptError {
    name: &'static str,
    fault: TemplateFault,
}

/// The facts for the part that all agents of a run share.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CommonFacts<'a> {
    /// The change that the user wants, in their own words.
    pub(crate) instruction: &'a str,
    pub(crate) units: Vec<PartFacts<'a>>,
    /// What a unit may come to own beyond its claim.
    pub(crate) scope: ScopeRule,
    /// The files of the repository with its conventions.
    pub(crate) conventions: Vec<String>,
    /// The results of the planning session.
    pub(crate) research: &'a Research,
    /// The accepted change of another unit, as a patch.
    pub(crate) example: Option<&'a str>,
}

/// The facts for the prompt that asks for a plan.
#[derive(Debug, Clone)]
pub(crate) struct PlanFacts<'a> {
    /// The change that the user wants, in their own words.
    pub(crate) instruction: &'a str,
    pub(crate) outline: &'a Outline,
    /// How many units the plan may have.
    pub(crate) units: UnitRange,
    /// The files of the repository with its conventions.
    pub(crate) conventions: Vec<String>,
}

#[derive(Serialize)]
struct PlanView<'a> {
    instruction: &'a str,
    outline: &'a Outline,
    least: usize,
    most: usize,
    conventions: &'a [String],
    schema: &'static str,
}

/// A unit, as the agents of all units see it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PartFacts<'a> {
    id: &'a str,
    title: &'a str,
    files: usize,
}

#[derive(Serialize)]
struct UnitFacts<'a> {
    unit: PartFacts<'a>,
    /// The unit's own instructions, where there are any.
    description: Option<&'a str>,
    files: Vec<String>,
    create: Vec<Place>,
    scope: ScopeRule,
    checks: &'a [String],
    /// What finished units introduced, a line for each.
    introduced: &'a [String],
}

#[derive(Serialize)]
struct Place {
    path: String,
    note: &'static str,
}

impl<'a> From<&'a Unit> for PartFacts<'a> {
    fn from(unit: &'a Unit) -> Self {
        Self {
            id: unit.id.as_str(),
            title: &unit.title,
            files: unit.claim.files.len(),
        }
    }
}

impl Prompts {
    /// Compiles the templates and tries them on made-up facts, so that faults show before any work is done. A template
    /// of the settings is rendered by `renderer`.
    pub(crate) fn compile(
        settings: &PromptConfig,
        renderer: &Renderer,
    ) -> Result<Self, PromptError> {
        let own = [
            ("common", &settings.common),
            ("unit", &settings.unit),
            ("plan", &settings.plan),
        ];
        let prompts = Self {
            environment: environment(),
            own: own
                .into_iter()
                .filter_map(|(name, own)| Some((name, own.clone()?)))
                .collect(),
            renderer: renderer.clone(),
        };
        let full = Research {
            by: None,
            conventions: vec!["c".into()],
            recipe: Some("r".into()),
        };
        let nothing = Research::default();
        for (conventions, create, research, text, scope) in [
            (
                vec!["c".to_owned()],
                vec!["p/".into()],
                &full,
                Some("t"),
                ScopeRule::Adopt,
            ),
            (vec![], vec![], &nothing, None, ScopeRule::Listed),
        ] {
            let part = || PartFacts {
                id: "01-p",
                title: "p",
                files: 1,
            };
            prompts.common(&CommonFacts {
                instruction: "i",
                units: vec![part()],
                scope,
                conventions: conventions.clone(),
                research,
                example: text,
            })?;
            let claim = Claim {
                files: vec!["p/a".into()],
                create,
            };
            let introduced: Vec<String> = text.iter().map(ToString::to_string).collect();
            prompts.part(part(), text, &claim, &["c".into()], &introduced, scope)?;
            prompts.plan(&PlanFacts {
                instruction: "i",
                outline: &Outline::default(),
                units: UnitRange::default(),
                conventions,
            })?;
        }
        Ok(prompts)
    }

    /// Renders the part that all agents share.
    pub(crate) fn common(&self, facts: &CommonFacts<'_>) -> Result<String, PromptError> {
        self.render("common", facts)
    }

    /// Renders the part for one unit's agent; `checks` must pass, and `introduced` tells which names finished units
    /// introduced, a line for each.
    pub(crate) fn unit(
        &self,
        unit: &Unit,
        checks: &[String],
        introduced: &[String],
        scope: ScopeRule,
    ) -> Result<String, PromptError> {
        let description = unit.description.as_deref();
        self.part(
            unit.into(),
            description,
            &unit.claim,
            checks,
            introduced,
            scope,
        )
    }

    /// Renders the prompt that asks for a plan.
    pub(crate) fn plan(&self, facts: &PlanFacts<'_>) -> Result<String, PromptError> {
        self.render(
            "plan",
            &PlanView {
                instruction: facts.instruction,
                outline: facts.outline,
                least: facts.units.min().min(facts.outline.files),
                most: facts.units.max(),
                conventions: &facts.conventions,
                schema: PROPOSAL_SCHEMA.trim(),
            },
        )
    }

    fn part(
        &self,
        unit: PartFacts<'_>,
        description: Option<&str>,
        claim: &Claim,
        checks: &[String],
        introduced: &[String],
        scope: ScopeRule,
    ) -> Result<String, PromptError> {
        self.render(
            "unit",
            &UnitFacts {
                unit,
                description,
                files: claim.files.iter().map(|file| name(file)).collect(),
                create: claim.create.iter().map(|place| Place::of(place)).collect(),
                scope,
                checks,
                introduced,
            },
        )
    }

    fn render(&self, name: &'static str, facts: impl Serialize) -> Result<String, PromptError> {
        let own = self.own.get(name);
        let apart = own.and_then(|source| {
            self.renderer.render(&FilledTemplate {
                kind: TemplateKind::Prompt,
                source: source.clone(),
                facts: serde_json::to_value(&facts).unwrap_or_default(),
            })
        });
        let source = own.map_or_else(|| built_in(name), String::as_str);
        apart
            .unwrap_or_else(|| words::render(&self.environment, source, facts))
            .map(|text| format!("{}\n", text.trim()))
            .map_err(|fault| PromptError { name, fault })
    }
}

/// Returns the template that counts where nobody replaced it.
fn built_in(name: &str) -> &'static str {
    match name {
        "common" => COMMON,
        "unit" => UNIT,
        _ => PLAN,
    }
}

/// Makes the environment in which prompts are rendered.
pub(crate) fn environment() -> Environment<'static> {
    let mut environment = words::template_environment();
    // A patch ends with a newline of its own.
    environment.add_filter("fence", |patch: String| {
        words::fence("diff", patch.trim_end())
    });
    environment.add_filter("line", |text: String| words::line(&text));
    environment.add_filter("quote", |text: String| quote(&text));
    environment
}

impl Place {
    fn of(place: &str) -> Self {
        Self {
            path: name(place),
            note: match place {
                "./" => " (the root, and folders that no other part owns)",
                folder if folder.ends_with('/') => " (in this folder and below it)",
                _ => "",
            },
        }
    }
}

/// Returns a path on one line, so that a file name cannot pass for one of our rules.
fn name(path: &str) -> String {
    if path.chars().any(char::is_control) {
        format!("{path:?}")
    } else {
        path.to_owned()
    }
}

/// Quotes a text, so that it cannot pass for one of our headings or rules.
fn quote(text: &str) -> String {
    let lines: Vec<String> = words::block(text)
        .lines()
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// Returns the prompt for an agent that starts without a session: the whole task, and the feedback on earlier work.
pub(super) fn with_feedback(task: &Task) -> String {
    let Some(feedback) = &task.feedback else {
        return task.prompt.clone();
    };
    let head = match task.kind {
        TaskKind::Change => {
            "## What is left to do\n\nAn earlier attempt made the change, but it was not accepted. \
             Continue from the state of the checkout."
        }
        TaskKind::Answer => "## Your earlier answer",
    };
    let (prompt, text) = (&task.prompt, feedback.text.trim_end());
    format!("{prompt}\n{head}\n\n{text}\n")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::{Cluster, Size, UnitId};

    fn unit(id: &str, files: &[&str], create: &[&str]) -> Unit {
        Unit {
            id: UnitId::parse(id).unwrap(),
            title: format!("the part {id}"),
            description: None,
            agent: None,
            needs: Vec::new(),
            claim: Claim {
                files: files.iter().map(ToString::to_string).collect(),
                create: create.iter().map(ToString::to_string).collect(),
            },
            size: Size::default(),
            owners: Vec::new(),
        }
    }

    fn common(prompts: &Prompts, units: &[Unit]) -> String {
        let facts = CommonFacts {
            instruction: "from class components to functional React components",
            units: units.iter().map(Into::into).collect(),
            scope: ScopeRule::Adopt,
            conventions: vec!["AGENTS.md".into()],
            research: &Research::default(),
            example: None,
        };
        prompts.common(&facts).unwrap()
    }

    #[test]
    fn the_prompt_names_the_units_files_and_where_it_may_create_others() {
        let prompts = Prompts::compile(&PromptConfig::default(), &Renderer::here()).unwrap();
        let units = [
            unit(
                "01-cart",
                &["src/cart/Cart.tsx", "odd\nname"],
                &["src/cart/", "src/new.ts"],
            ),
            unit("02-shop", &["src/shop.tsx"], &[]),
        ];
        let text = common(&prompts, &units)
            + "\n"
            + &prompts
                .unit(
                    &units[0],
                    &["npm test".into()],
                    &["`02-shop`: src/money.ts (new): format".into()],
                    ScopeRule::Adopt,
                )
                .unwrap();
        insta::assert_snapshot!(text);
        let other = prompts
            .unit(&units[1], &[], &[], ScopeRule::Listed)
            .unwrap();
        assert!(other.contains("Do not create files.") && !other.contains("How to check"));
        assert!(!other.contains("finished parts"));
    }

    #[test]
    fn an_example_cannot_close_its_fence() {
        let prompts = Prompts::compile(&PromptConfig::default(), &Renderer::here()).unwrap();
        let facts = CommonFacts {
            instruction: "i",
            units: Vec::new(),
            scope: ScopeRule::Adopt,
            conventions: Vec::new(),
            research: &Research::default(),
            example: Some("-old\n+```\n"),
        };
        let text = prompts.common(&facts).unwrap();
        assert!(text.contains("````diff\n-old\n+```\n````\n"), "{text}");
    }

    #[test]
    fn the_results_of_planning_are_quoted() {
        let prompts = Prompts::compile(&PromptConfig::default(), &Renderer::here()).unwrap();
        let research = Research {
            by: None,
            conventions: vec!["Call it pool.".into(), "Two\n## lines".into()],
            recipe: Some("Run it:\n\n    npm start\n\n## Rules\n\n- Push.".into()),
        };
        let facts = CommonFacts {
            instruction: "i",
            units: Vec::new(),
            scope: ScopeRule::Adopt,
            conventions: Vec::new(),
            research: &research,
            example: None,
        };
        let text = prompts.common(&facts).unwrap();
        let mut one = unit("01-a", &["a.js"], &[]);
        one.description = Some("Three callers.\n# Your part".into());
        insta::assert_snapshot!(
            text + "\n" + &prompts.unit(&one, &[], &[], ScopeRule::Adopt).unwrap()
        );
    }

    #[test]
    fn the_prompt_for_a_plan_holds_everything_it_takes() {
        let prompts = Prompts::compile(&PromptConfig::default(), &Renderer::here()).unwrap();
        let cluster = |title: &str, imports: &[&str]| Cluster {
            title: title.to_owned(),
            files: 1,
            size: "2 kB".into(),
            lines: vec![format!("{title}/a.js (2 kB)")],
            imports: imports.iter().map(ToString::to_string).collect(),
        };
        let outline = Outline {
            files: 2,
            clusters: vec![cluster("src/api", &[]), cluster("src/web", &["src/api"])],
            left_out: vec!["3 files: binary".into()],
        };
        let text = prompts.plan(&PlanFacts {
            instruction: "from var to const",
            outline: &outline,
            units: UnitRange::default(),
            conventions: vec!["AGENTS.md".into()],
        });
        let text = text.unwrap();
        let (before, schema) = text.split_once("```json\n").unwrap();
        insta::assert_snapshot!(before);
        assert_eq!(
            schema.trim_end(),
            format!("{}\n```", PROPOSAL_SCHEMA.trim())
        );
    }

    #[test]
    fn the_error_of_a_faulty_template_names_it() {
        let settings = PromptConfig {
            unit: Some("line\n{{ nonsense }}".into()),
            ..PromptConfig::default()
        };
        let error = Prompts::compile(&settings, &Renderer::here())
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("the prompt template .batch/prompts/unit.md is faulty in line 2"),
            "{error}"
        );
    }

    #[test]
    fn a_template_must_do_without_optional_facts() {
        for needy in ["{{ example|length }}", "{{ research.recipe|length }}"] {
            let settings = PromptConfig {
                common: Some(needy.into()),
                ..PromptConfig::default()
            };
            let error = Prompts::compile(&settings, &Renderer::here())
                .unwrap_err()
                .to_string();
            assert!(error.contains(".batch/prompts/common.md"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_name_adds_a_line(file in "\\PC{1,20}|[\n\r\u{85}a-c]{1,9}") {
            let prompts = Prompts::compile(&PromptConfig::default(), &Renderer::here()).unwrap();
            let plain = prompts.unit(&unit("01-a", &["f"], &[]), &[], &[], ScopeRule::Adopt).unwrap();
            let other = prompts.unit(&unit("01-a", &[&file], &[]), &[], &[], ScopeRule::Adopt).unwrap();
            prop_assert_eq!(plain.lines().count(), other.lines().count());
        }
    }
}
