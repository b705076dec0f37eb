//! `plan.toml`: a plan as a file that people read, edit and commit.
//!
//! Text in, text out. A plan that is read is as valid as one that was just made, or is refused with the line of the
//! fault. This folder knows nothing of git: [`check_files`] asks its caller what the base has at the claimed paths.

mod amend;
mod read;
mod write;

pub(crate) use amend::amend;
pub(super) use read::check_file;
pub(crate) use read::{AtBase, PlanFileError, check_files, parse, text};
pub(crate) use write::to_toml;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::codemod::OldUsePattern;
    use crate::config::{AgentKind, AgentOptions, Texts};
    use crate::git::CommitId;
    use crate::plan::model::{Claim, LeftOut, Plan, Research, Size, Unit};
    use crate::plan::unit_id::UnitId;

    const GOOD: &str = r#"version = 1
instruction = "var to const"
base = "0123456789012345678901234567890123456789"

[[unit]]
id = "one"
files = [
  "a.js",
  "b/c.js",
]
create = ["./"]

[[unit]]
id = "two"
needs = ["one"]
files = ["d.js"]
"#;

    /// Returns the fault of `GOOD` with one piece of it replaced.
    fn fault(piece: &str, by: &str) -> String {
        assert!(GOOD.contains(piece), "{piece}");
        parse(&GOOD.replacen(piece, by, 1)).unwrap_err().to_string()
    }

    fn unit(id: &str, files: &[&str]) -> Unit {
        Unit {
            id: UnitId::parse(id).unwrap(),
            title: format!("Title of {id}"),
            description: Some("What\nto do".to_owned()),
            agent: None,
            needs: Vec::new(),
            claim: Claim {
                files: files.iter().map(ToString::to_string).collect(),
                create: vec!["./".to_owned()],
            },
            size: Size {
                lines: 1,
                bytes: 1234,
            },
            owners: vec!["@acme/web".to_owned(), "ada@acorn.example".to_owned()],
        }
    }

    fn plan() -> Plan {
        Plan {
            instruction: "from \"var\"\nto const\n".to_owned(),
            base: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
            base_name: "origin/main".to_owned(),
            globs: vec!["src/**/*.js".to_owned()],
            agent: AgentOptions {
                kind: Some(AgentKind::Codemod),
                model: Some("m".into()),
                args: vec!["a".into(), "b".into()],
                rule: Some("id: x\nrule:\n  pattern: var $A\n".to_owned()),
                ..AgentOptions::default()
            },
            agents: BTreeMap::new(),
            until: Some(OldUsePattern::Regex(r"\bvar\b".to_owned())),
            research: Research {
                by: Some("claude: 12 turns, $0.31".to_owned()),
                conventions: vec!["Keep \"exports\" sorted.".to_owned()],
                recipe: Some("Run it:\n\n    npm start\n".to_owned()),
            },
            units: vec![unit("01-src", &["src/a.js", "src/b c.js"])],
            integration: None,
            left_out: vec![LeftOut {
                reason: "binary".to_owned(),
                files: vec!["src/x.png".to_owned()],
            }],
        }
    }

    fn without_sizes(mut plan: Plan) -> Plan {
        for unit in &mut plan.units {
            unit.size = Size::default();
        }
        plan
    }

    #[test]
    fn a_plan_is_written_for_people() {
        insta::assert_snapshot!(to_toml(&plan()));
    }

    #[test]
    fn agents_are_written_for_people() {
        let mut plan = plan();
        plan.agent = AgentOptions::default();
        let options = |kind| AgentOptions {
            kind: Some(kind),
            ..AgentOptions::default()
        };
        plan.agents
            .insert("claude".into(), options(AgentKind::Claude));
        plan.agents
            .insert("in-house".into(), options(AgentKind::Codex));
        plan.units[0].agent = Some("in-house".into());
        let text = to_toml(&plan);
        let from = text.find("# The agents").unwrap();
        insta::assert_snapshot!(&text[from..]);
    }

    #[test]
    fn missing_fields_have_defaults() {
        let plan = parse(GOOD).unwrap();
        assert_eq!(plan.units[0].title, "one");
        assert_eq!(plan.base_name, plan.base.as_str());
        assert_eq!(plan.units[1].claim.create, Vec::<String>::new());
        assert_eq!(plan.agent, AgentOptions::default());
    }

    #[test]
    fn every_fault_is_reported_with_its_line() {
        insta::assert_snapshot!(
            fault("needs = [", "needs = "),
            @"line 15: unexpected key or value, expected newline, `#`; a line of a plan is [TABLE], [[unit]] or \
            KEY = VALUE, where text stands in quotes and lists in brackets (docs/reference.md has all keys)"
        );
        insta::assert_snapshot!(
            fault("needs =", "need ="),
            @"line 15: unknown field `need`, expected one of `id`, `title`, `description`, `agent`, `needs`, \
            `integrates`, `files`, `create`, `owners`"
        );
        insta::assert_snapshot!(fault("files = [\"d.js\"]", ""), @"line 13: missing field `files`");
        insta::assert_snapshot!(
            fault("version = 1", "version = 2\nfuture = 1"),
            @"line 1: version 2 of the plan's format is not understood, only version 1 is"
        );
        insta::assert_snapshot!(fault("version = 1", ""), @"line 1: 'version = 1' is missing");
        insta::assert_snapshot!(fault("var to const", " \\n"), @"line 2: the instruction is empty: say what to change");
        insta::assert_snapshot!(
            fault("0123456789", ""),
            @"line 3: base is not a commit id: give all 40 (or 64) hex digits, as `git rev-parse` prints them"
        );
        insta::assert_snapshot!(
            fault("\"two\"", "\"Two\""),
            @"line 14: \"Two\" cannot be a unit id: use at most 64 lower-case letters, digits, '-', '_' and '.', \
            starting with a letter or digit"
        );
        insta::assert_snapshot!(
            fault("\"two\"", "\"one\""),
            @"line 14: two units have the id 'one': give one of them another"
        );
        insta::assert_snapshot!(
            fault("\"two\"", "\"two\"\ntitle = \"a\\nb\""),
            @"line 15: a title is one line of text, and not empty"
        );
        insta::assert_snapshot!(
            fault("\"two\"", "\"two\"\nagent = \"fast\""),
            @"line 15: the plan has no agent \"fast\": add a table [agents.NAME], or name another"
        );
        insta::assert_snapshot!(
            fault("[[unit]]", "[agents.fast]\nkind = \"claude\"\n[[unit]]"),
            @"line 8: unit 'one' has no agent: name one of [agents.NAME], or add a table [agent]"
        );
        insta::assert_snapshot!(
            fault("[[unit]]", "[agents.fast]\nmodel = \"m\"\n[[unit]]"),
            @"line 5: --model works only with a coding agent, such as --agent claude"
        );
        insta::assert_snapshot!(
            fault("\"d.js\"", ""),
            @"line 16: unit 'two' has no files and creates none: give it 'files' or 'create', or remove it"
        );
        assert!(parse(&GOOD.replace("[\"d.js\"]", "[]\ncreate = [\"d/\"]")).is_ok());
        insta::assert_snapshot!(
            fault("b/c.js", "/b/c.js"),
            @"line 9: \"/b/c.js\" is absolute: paths start at the root of the repository, without a '/'"
        );
        insta::assert_snapshot!(
            fault("b/c.js", "b/../c.js"),
            @"line 9: \"b/../c.js\" has a part '..': write the path without it"
        );
        insta::assert_snapshot!(
            fault("b/c.js", "b/"),
            @"line 9: \"b/\" is not the path of a file: a part of it is empty"
        );
        insta::assert_snapshot!(
            fault("b/c.js", "b/.Git/config"),
            @"line 9: \"b/.Git/config\" cannot be tracked by git"
        );
        insta::assert_snapshot!(
            fault("\"./\"", "\"../\""),
            @"line 11: \"../\" has a part '..': write the path without it"
        );
        insta::assert_snapshot!(
            fault("b/c.js", "a.js"),
            @"line 9: \"a.js\" is in unit 'one' twice, also on line 8: remove one of them"
        );
        let unordered = |piece: &str, by: &str| {
            let text = GOOD.replacen(piece, by, 1);
            parse(&text.replace("needs = [\"one\"]\n", "")).unwrap_err()
        };
        insta::assert_snapshot!(
            unordered("d.js", "A.js"),
            @"line 15: \"A.js\" is claimed by unit 'two' and (as \"a.js\", the same name on some file systems) by unit \
            'one': two units may claim one path only where one of them needs the other; remove it from one of them, or \
            add the need (unit 'one' has it on line 8)"
        );
        insta::assert_snapshot!(
            unordered("\"d.js\"]", "\"d.js\"]\ncreate = [\"./\"]"),
            @"line 16: \"./\" is claimed by unit 'two' and by unit 'one': two units may claim one path only where one \
            of them needs the other; remove it from one of them, or add the need (unit 'one' has it on line 11)"
        );
        insta::assert_snapshot!(
            fault("needs = [\"one\"]", "needs = [\"three\"]"),
            @"line 15: unit 'two' needs 'three', but no unit has this id"
        );
        insta::assert_snapshot!(
            fault("needs = [\"one\"]", "needs = [\"two\"]"),
            @"line 15: unit 'two' needs itself: remove it from its 'needs'"
        );
        insta::assert_snapshot!(
            fault("id = \"one\"", "id = \"one\"\nneeds = [\"two\"]"),
            @"line 7: units need each other in a circle: one → two → one; remove one of these needs"
        );
        insta::assert_snapshot!(fault("[[unit]]", "[agent]\nregex = \"a\"\n[[unit]]"), @"line 5: --regex needs --to");
        insta::assert_snapshot!(
            fault(GOOD.split_once("\n[[").unwrap().1, "[unit]]"),
            @"line 5: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`; a line of a plan is [TABLE], \
            [[unit]] or KEY = VALUE, where text stands in quotes and lists in brackets (docs/reference.md has all keys)"
        );
        let none = GOOD.split_once("[[unit]]").unwrap().0;
        insta::assert_snapshot!(
            parse(none).unwrap_err(),
            @"line 1: the plan has no [[unit]], so there is nothing to run"
        );
    }

    #[test]
    fn one_unit_may_come_after_all_others() {
        let last = "\n[[unit]]\nid = \"last\"\nintegrates = true\nfiles = []\n";
        let text = format!("{GOOD}{last}");
        let plan = parse(&text).unwrap();
        assert_eq!(plan.units.len(), 2);
        assert_eq!(plan.integration.as_ref().unwrap().id.as_str(), "last");
        let mut moved = plan.clone();
        moved.base_name = "main".to_owned();
        assert_eq!(
            amend(&text, &moved),
            text.replacen("456789\"\n", "456789\"\nbase-name = \"main\"\n", 1)
        );
        let fault = |more: &str, piece: &str, by: &str| {
            let text = format!("{text}{more}");
            parse(&text.replacen(piece, by, 1)).unwrap_err().to_string()
        };
        insta::assert_snapshot!(fault(&last.replace("last", "again"), "", ""), @"line 24: units 'last' and 'again' \
            both integrate, and only one unit can come after all others: remove 'integrates' from one of them");
        insta::assert_snapshot!(fault("needs = [\"one\"]\n", "", ""), @"line 22: unit 'last' integrates, so it \
            needs all others: remove 'needs'");
        insta::assert_snapshot!(fault("create = [\"x/\"]\n", "", ""), @"line 22: unit 'last' integrates, so it may \
            create files anywhere: remove 'create'");
        insta::assert_snapshot!(fault("", "needs = [\"one\"]", "needs = [\"last\"]"), @"line 15: unit 'two' needs \
            'last', which integrates and comes after all others");
        insta::assert_snapshot!(fault("", "\"two\"", "\"last\""), @"line 14: two units have the id 'last': give \
            one of them another");
        let head = GOOD.split_once("\n[[").unwrap().0;
        insta::assert_snapshot!(
            parse(&format!("{head}{last}")).unwrap_err(),
            @"line 1: no unit is there beside the one that integrates: it starts from the work of others"
        );
    }

    #[test]
    fn claims_must_agree_with_the_base() {
        let fault = |tracked: &[&str]| {
            let text = GOOD.replace("\"./\"", "\"new.js\"");
            let at_base = |path: &str| match path {
                path if tracked.contains(&path) => AtBase::File,
                _ => AtBase::Nothing(None),
            };
            check_files(&text, at_base).map_err(|error| error.to_string())
        };
        assert_eq!(fault(&["a.js", "b/c.js", "d.js"]), Ok(()));
        insta::assert_snapshot!(
            fault(&["a.js", "d.js"]).unwrap_err(),
            @"line 9: \"b/c.js\" is not a tracked file of the base: correct the path or remove it"
        );
        insta::assert_snapshot!(
            fault(&["a.js", "b/c.js", "d.js", "new.js"]).unwrap_err(),
            @"line 11: \"new.js\" is already a file of the base: move it from 'create' to 'files'"
        );
    }

    #[test]
    fn bytes_that_are_not_text_are_reported_with_their_line() {
        assert_eq!(text(GOOD.into()).unwrap(), GOOD);
        insta::assert_snapshot!(
            text(b"version = 1\ninstruction = \"caf\xe9\"\n".into()).unwrap_err(),
            @"line 2: this line is not UTF-8 text: save the file as UTF-8"
        );
    }

    #[test]
    fn written_plans_have_the_form_of_the_schema() {
        let schema = include_str!("../../../docs/plan.schema.json");
        let schema = jsonschema::draft202012::new(&serde_json::from_str(schema).unwrap()).unwrap();
        let json = |text: &str| -> serde_json::Value { toml::from_str(text).unwrap() };
        let mut plan = plan();
        plan.agent.model = None;
        plan.agent.args.clear();
        let fast = AgentOptions {
            kind: Some(AgentKind::Claude),
            model: Some("m".into()),
            args: vec!["a".into(), "b".into()],
            ..AgentOptions::default()
        };
        let mut simple = plan.clone();
        simple.agent = fast.clone();
        plan.agents.insert("fast".into(), fast);
        plan.units[0].agent = Some("fast".into());
        plan.units[0].needs = vec![UnitId::parse("02").unwrap()];
        plan.units.push(unit("02", &["b"]));
        let mut last = unit("03", &[]);
        last.claim.create.clear();
        plan.integration = Some(last);
        let mut existing = simple.clone();
        existing.agent = AgentOptions::of_existing(&"a".repeat(40), "big");
        for text in [
            GOOD,
            &to_toml(&plan),
            &to_toml(&simple),
            &to_toml(&existing),
        ] {
            parse(text).unwrap();
            let faults: Vec<String> = schema
                .iter_errors(&json(text))
                .map(|fault| fault.to_string())
                .collect();
            assert!(faults.is_empty(), "{faults:?}\n{text}");
        }
        for (piece, by) in [
            ("version = 1", "version = 2"),
            ("needs =", "need ="),
            ("files = [\"d.js\"]", ""),
            ("\"two\"", "\"Two\""),
            ("0123456789", ""),
        ] {
            let text = GOOD.replacen(piece, by, 1);
            assert!(parse(&text).is_err(), "{text}");
            assert!(!schema.is_valid(&json(&text)), "{text}");
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~\\n\\t\"'\\\\]{0,12}",
            "\\PC{0,8}",
            proptest::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
        ]
    }

    proptest! {
        #[test]
        fn a_written_plan_is_read_back(
            instruction in texts(),
            name in texts(),
            globs in proptest::collection::vec(texts(), 0..3),
            (regex, to) in (texts(), texts()),
            files in proptest::collection::btree_set(
                texts().prop_map(|text| format!("f{}", text.replace(['/', '\0'], "|"))),
                1..6,
            ),
            reason in texts(),
            owners in proptest::collection::vec(texts(), 0..3),
        ) {
            let mut plan = plan();
            plan.instruction = format!("{instruction}x{instruction}");
            plan.base_name = name;
            plan.left_out[0].reason = reason;
            plan.left_out[0].files.clone_from(&globs);
            plan.globs = globs;
            plan.agent = AgentOptions {
                regex: Texts::new(vec![regex.clone(), regex.clone()]),
                to: Texts::new(vec![to.clone(), regex]),
                ..AgentOptions::default() };
            plan.agents.insert(to.clone(), AgentOptions { kind: Some(AgentKind::Claude), ..AgentOptions::default() });
            plan.units[0].agent = Some(to);
            plan.units[0].claim.files = files.into_iter().collect();
            plan.units.push(unit("02", &["one"]));
            plan.units[1].claim.create.clear();
            plan.units[1].owners = owners;
            plan.units[1].needs = vec![plan.units[0].id.clone()];
            let mut last = unit("03", &[]);
            last.claim.create.clear();
            last.size = Size::default();
            plan.integration = Some(last);
            prop_assert_eq!(parse(&to_toml(&plan)), Ok(without_sizes(plan)));
        }
    }
}
