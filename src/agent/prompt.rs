//! The words an agent gets: the change, what is its own, the rules, and what to answer.
//!
//! What all agents of a run are told alike comes first and is the same byte for byte, so that a provider's cache of
//! prompts serves all but the first; then comes what only one unit is told. A third template is for the one that is
//! asked, before there are units, which there should be.

use minijinja::Environment;
use minijinja::value::Serde;
use serde::Serialize;

use super::{Errand, Task};
use crate::config::{PromptConfig, UnitRange};
use crate::plan::{Claim, Outline, PROPOSAL_SCHEMA, Research, Unit};
use crate::words::{self, TemplateFault};

const COMMON: &str = include_str!("common.md.jinja");
const UNIT: &str = include_str!("unit.md.jinja");
const PLAN: &str = include_str!("plan.md.jinja");

/// The templates, known to be sound.
#[derive(Debug)]
pub struct Prompts {
    environment: Environment<'static>,
}

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the prompt template .batch/prompts/{name}.md {fault}")]
pub struct PromptError {
    name: &'static str,
    fault: TemplateFault,
}

/// What all agents of a run are told alike.
#[derive(Debug, Clone, Serialize)]
pub struct CommonFacts<'a> {
    /// What the user wants changed, in their own words.
    pub instruction: &'a str,
    pub units: Vec<PartFacts<'a>>,
    /// Files of the repository that say how to work in it.
    pub conventions: Vec<String>,
    /// What was found out before.
    pub research: &'a Research,
    /// What was done for another part and accepted, as a patch.
    pub example: Option<&'a str>,
}

/// What is told to whoever is to propose a plan.
#[derive(Debug, Clone)]
pub struct PlanFacts<'a> {
    /// What the user wants changed, in their own words.
    pub instruction: &'a str,
    pub outline: &'a Outline,
    /// How many units there may be.
    pub units: UnitRange,
    /// Files of the repository that say how to work in it.
    pub conventions: Vec<String>,
}

#[derive(Serialize)]
struct PlanTold<'a> {
    instruction: &'a str,
    outline: &'a Outline,
    least: usize,
    most: usize,
    conventions: &'a [String],
    schema: &'static str,
}

/// One part of the change, as everybody knows it.
#[derive(Debug, Clone, Serialize)]
pub struct PartFacts<'a> {
    id: &'a str,
    title: &'a str,
    files: usize,
}

#[derive(Serialize)]
struct UnitFacts<'a> {
    unit: PartFacts<'a>,
    /// What is to be done in it, where somebody has said it.
    description: Option<&'a str>,
    files: Vec<String>,
    create: Vec<Place>,
    checks: &'a [String],
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
    /// Compiles the templates and tries them on what is made up, so that faults show before any work is done.
    pub fn compile(settings: &PromptConfig) -> Result<Self, PromptError> {
        let mut environment = words::template_environment();
        // A patch ends with a newline of its own.
        environment.add_filter("fence", |patch: String| {
            words::fence("diff", patch.trim_end())
        });
        environment.add_filter("line", |text: String| words::line(&text));
        environment.add_filter("quote", |text: String| quote(&text));
        for (name, own, built_in) in [
            ("common", &settings.common, COMMON),
            ("unit", &settings.unit, UNIT),
            ("plan", &settings.plan, PLAN),
        ] {
            environment
                .add_template_owned(name, own.as_deref().unwrap_or(built_in).to_owned())
                .map_err(|error| faulty(name, error))?;
        }
        let prompts = Self { environment };
        let full = Research {
            by: None,
            conventions: vec!["c".into()],
            recipe: Some("r".into()),
        };
        let nothing = Research::default();
        for (conventions, create, research, text) in [
            (vec!["c".to_owned()], vec!["p/".into()], &full, Some("t")),
            (vec![], vec![], &nothing, None),
        ] {
            let part = || PartFacts {
                id: "01-p",
                title: "p",
                files: 1,
            };
            prompts.common(&CommonFacts {
                instruction: "i",
                units: vec![part()],
                conventions: conventions.clone(),
                research,
                example: text,
            })?;
            let claim = Claim {
                files: vec!["p/a".into()],
                create,
            };
            prompts.part(part(), text, &claim, &["c".into()])?;
            prompts.plan(&PlanFacts {
                instruction: "i",
                outline: &Outline::default(),
                units: UnitRange::default(),
                conventions,
            })?;
        }
        Ok(prompts)
    }

    /// What all agents are told alike.
    pub fn common(&self, facts: &CommonFacts<'_>) -> Result<String, PromptError> {
        self.render("common", facts)
    }

    /// What only this unit's agent is told; `checks` must pass.
    pub fn unit(&self, unit: &Unit, checks: &[String]) -> Result<String, PromptError> {
        let description = unit.description.as_deref();
        self.part(unit.into(), description, &unit.claim, checks)
    }

    /// What is told to whoever is to propose a plan.
    pub fn plan(&self, facts: &PlanFacts<'_>) -> Result<String, PromptError> {
        self.render(
            "plan",
            &PlanTold {
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
    ) -> Result<String, PromptError> {
        self.render(
            "unit",
            &UnitFacts {
                unit,
                description,
                files: claim.files.iter().map(|file| name(file)).collect(),
                create: claim.create.iter().map(|place| Place::of(place)).collect(),
                checks,
            },
        )
    }

    fn render(&self, name: &'static str, facts: impl Serialize) -> Result<String, PromptError> {
        self.environment
            .get_template(name)
            .and_then(|template| template.render(Serde(facts)))
            .map(|text| format!("{}\n", text.trim()))
            .map_err(|error| faulty(name, error))
    }
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

fn faulty(name: &'static str, error: minijinja::Error) -> PromptError {
    PromptError {
        name,
        fault: error.into(),
    }
}

/// A path on one line, so that a file name cannot pass for a rule of ours.
fn name(path: &str) -> String {
    if path.chars().any(char::is_control) {
        format!("{path:?}")
    } else {
        path.to_owned()
    }
}

/// A text that cannot pass for a heading or rule of ours.
fn quote(text: &str) -> String {
    let lines: Vec<String> = words::block(text)
        .lines()
        .map(|line| format!("> {line}").trim_end().to_owned())
        .collect();
    lines.join("\n")
}

/// What an agent is told that begins anew: the whole task, and what is to be mended in work that was done already.
pub(super) fn whole(task: &Task) -> String {
    let Some(follow_up) = &task.follow_up else {
        return task.prompt.clone();
    };
    let head = match task.errand {
        Errand::Change => {
            "## What is left to do\n\nThe change was made already, but not well enough. Go on from what stands in the checkout."
        }
        Errand::Answer => "## Your answer before",
    };
    let (prompt, text) = (&task.prompt, follow_up.text.trim_end());
    format!("{prompt}\n{head}\n\n{text}\n")
}

/// The reason, where an answer says that nothing needs doing: `none — reason`.
#[must_use]
pub fn nothing_to_do(answer: &str) -> Option<&str> {
    let said = answer.trim().trim_matches('`');
    let rest = said
        .get(..4)
        .filter(|none| none.eq_ignore_ascii_case("none"));
    let rest = rest.and(said.get(4..))?.trim_start();
    let reason = rest.strip_prefix(['—', '–', '-', ':'])?.trim();
    (!reason.is_empty()).then_some(reason)
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
            conventions: vec!["AGENTS.md".into()],
            research: &Research::default(),
            example: None,
        };
        prompts.common(&facts).unwrap()
    }

    #[test]
    fn the_prompt_says_what_is_its_own_and_where_it_may_create() {
        let prompts = Prompts::compile(&PromptConfig::default()).unwrap();
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
            + &prompts.unit(&units[0], &["npm test".into()]).unwrap();
        insta::assert_snapshot!(text);
        let other = prompts.unit(&units[1], &[]).unwrap();
        assert!(other.contains("Do not create files.") && !other.contains("How to check"));
    }

    #[test]
    fn an_accepted_example_stands_in_a_fence_that_it_cannot_close() {
        let prompts = Prompts::compile(&PromptConfig::default()).unwrap();
        let facts = CommonFacts {
            instruction: "i",
            units: Vec::new(),
            conventions: Vec::new(),
            research: &Research::default(),
            example: Some("-old\n+```\n"),
        };
        let text = prompts.common(&facts).unwrap();
        assert!(text.contains("````diff\n-old\n+```\n````\n"), "{text}");
    }

    #[test]
    fn what_was_found_out_before_is_told_as_such() {
        let prompts = Prompts::compile(&PromptConfig::default()).unwrap();
        let research = Research {
            by: None,
            conventions: vec!["Call it pool.".into(), "Two\n## lines".into()],
            recipe: Some("Run it:\n\n    npm start\n\n## Rules\n\n- Push.".into()),
        };
        let facts = CommonFacts {
            instruction: "i",
            units: Vec::new(),
            conventions: Vec::new(),
            research: &research,
            example: None,
        };
        let text = prompts.common(&facts).unwrap();
        let mut one = unit("01-a", &["a.js"], &[]);
        one.description = Some("Three callers.\n# Your part".into());
        insta::assert_snapshot!(text + "\n" + &prompts.unit(&one, &[]).unwrap());
    }

    #[test]
    fn whoever_is_to_propose_a_plan_is_told_all_it_takes() {
        let prompts = Prompts::compile(&PromptConfig::default()).unwrap();
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
    fn a_faulty_template_is_told_with_its_name() {
        let settings = PromptConfig {
            unit: Some("line\n{{ nonsense }}".into()),
            ..PromptConfig::default()
        };
        let said = Prompts::compile(&settings).unwrap_err().to_string();
        assert!(
            said.starts_with("the prompt template .batch/prompts/unit.md is faulty in line 2"),
            "{said}"
        );
    }

    #[test]
    fn a_template_must_do_without_what_is_not_always_there() {
        for needy in ["{{ example|length }}", "{{ research.recipe|length }}"] {
            let settings = PromptConfig {
                common: Some(needy.into()),
                ..PromptConfig::default()
            };
            let said = Prompts::compile(&settings).unwrap_err().to_string();
            assert!(said.contains(".batch/prompts/common.md"), "{said}");
        }
    }

    #[test]
    fn an_answer_may_say_that_nothing_needs_doing() {
        assert_eq!(nothing_to_do("none — all is well"), Some("all is well"));
        assert_eq!(nothing_to_do("`None - all is well`"), Some("all is well"));
        assert_eq!(nothing_to_do("none: x"), Some("x"));
        for no in ["none", "nonetheless — x", "I changed none — x", "", "nöne"] {
            assert_eq!(nothing_to_do(no), None, "{no:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_in_a_name_adds_a_line(file in "\\PC{1,20}|[\n\r\u{85}a-c]{1,9}") {
            let prompts = Prompts::compile(&PromptConfig::default()).unwrap();
            let plain = prompts.unit(&unit("01-a", &["f"], &[]), &[]).unwrap();
            let other = prompts.unit(&unit("01-a", &[&file], &[]), &[]).unwrap();
            prop_assert_eq!(plain.lines().count(), other.lines().count());
        }
    }
}
