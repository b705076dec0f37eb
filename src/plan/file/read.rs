//! Reads a plan from text, or says on which line the text is wrong.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use toml::Spanned;

use super::write::VERSION;
use crate::codemod::{OldUseCounter, OldUsePattern};
use crate::config::AgentOptions;
use crate::git::CommitId;
use crate::plan::claim::{ClaimEntry, Ownership, OwnershipError, fold};
use crate::plan::model::{Claim, LeftOut, Plan, Research, Size, Unit};
use crate::plan::order::{OrderError, waves};
use crate::plan::suggest::nearest_name as nearest;
use crate::plan::unit_id::UnitId;

/// A fault in a plan's text, and its line (from 1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct PlanFileError {
    pub(crate) line: usize,
    pub(crate) message: String,
}

/// Reads a plan and proves everything that can be known without the repository: all fields are valid, no two claims
/// overlap, and the order has no circle.
pub(crate) fn parse(text: &str) -> Result<Plan, PlanFileError> {
    Reader { text }.plan()
}

/// What the base has at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AtBase {
    File,
    Symlink,
    Submodule,
    Folder,
    /// Nothing, because the path leads into this submodule.
    InSubmodule(String),
    /// Nothing; the most similar path is known, if there is one.
    Nothing(Option<String>),
}

/// Checks the claims of a plan that [`parse`] accepts against its base: every file must be tracked there, and no exact
/// path to create may be.
pub(crate) fn check_files(
    text: &str,
    at_base: impl Fn(&str) -> AtBase,
) -> Result<(), PlanFileError> {
    let reader = Reader { text };
    for unit in reader.table()?.units {
        for file in unit.files.get_ref() {
            let path = file.get_ref();
            let message = match at_base(path) {
                AtBase::File => continue,
                AtBase::Symlink => format!(
                    "{path:?} is a symlink of the base, and a unit claims files: name the file that it points to, or \
                     remove it"
                ),
                AtBase::Submodule => format!(
                    "{path:?} is a submodule of the base, and a unit claims files of this repository: remove it"
                ),
                AtBase::InSubmodule(module) => format!(
                    "{path:?} is inside the submodule {module:?}, and a unit claims files of this repository: remove it"
                ),
                AtBase::Folder => format!(
                    "{path:?} is a folder of the base, and a unit claims files: list the files of the folder"
                ),
                AtBase::Nothing(near) => {
                    format!(
                        "{path:?} is not a tracked file of the base: correct the path or remove it{}",
                        did_you_mean(near.as_deref())
                    )
                }
            };
            return Err(reader.fault(file, message));
        }
        for path in &unit.create {
            if matches!(
                at_base(path.get_ref()),
                AtBase::File | AtBase::Symlink | AtBase::Submodule
            ) {
                let message = format!(
                    "{:?} is already a file of the base: move it from 'create' to 'files'",
                    path.get_ref()
                );
                return Err(reader.fault(path, message));
            }
        }
    }
    Ok(())
}

/// Reads the bytes of a plan as text.
pub(crate) fn text(bytes: Vec<u8>) -> Result<String, PlanFileError> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        PlanFileError {
            line: valid.split(|byte| *byte == b'\n').count(),
            message: "this line is not UTF-8 text: save the file as UTF-8".to_owned(),
        }
    })
}

#[derive(Deserialize)]
struct VersionOnly {
    version: Option<Spanned<toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct PlanTable {
    #[serde(rename = "version")]
    _version: i64,
    instruction: Spanned<String>,
    base: Spanned<String>,
    base_name: Option<String>,
    #[serde(default)]
    globs: Vec<String>,
    agent: Option<Spanned<AgentOptions>>,
    #[serde(default)]
    agents: BTreeMap<String, Spanned<AgentOptions>>,
    until: Option<Spanned<OldUsePattern>>,
    #[serde(default)]
    research: Research,
    #[serde(rename = "unit", default)]
    units: Vec<UnitTable>,
    #[serde(default)]
    left_out: Vec<LeftOutTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitTable {
    id: Spanned<String>,
    title: Option<Spanned<String>>,
    description: Option<String>,
    agent: Option<Spanned<String>>,
    #[serde(default)]
    needs: Vec<Spanned<String>>,
    integrates: Option<Spanned<bool>>,
    files: Spanned<Vec<Spanned<String>>>,
    #[serde(default)]
    create: Vec<Spanned<String>>,
    #[serde(default)]
    owners: Vec<String>,
}

impl UnitTable {
    fn integrates(&self) -> bool {
        self.integrates.as_ref().is_some_and(|it| *it.get_ref())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOutTable {
    reason: String,
    #[serde(default)]
    files: Vec<String>,
}

/// What TOML allows, for texts that are not TOML.
const SYNTAX: &str = "a line of a plan is [TABLE], [[unit]] or KEY = VALUE, where text stands in quotes and lists in \
                      brackets (docs/reference.md has all keys)";

struct Reader<'a> {
    text: &'a str,
}

impl Reader<'_> {
    fn plan(&self) -> Result<Plan, PlanFileError> {
        self.check_version()?;
        let table = self.table()?;
        if table.instruction.get_ref().trim().is_empty() {
            return Err(self.fault(
                &table.instruction,
                "the instruction is empty: say what to change",
            ));
        }
        let base = table.base.get_ref();
        if !matches!(base.len(), 40 | 64) || !base.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(self.fault(
                &table.base,
                "base is not a commit id: give all 40 (or 64) hex digits, as `git rev-parse` prints them",
            ));
        }
        if let Some(agent) = &table.agent
            && agent.get_ref().is_given()
            && let Err(error) = agent.get_ref().resolve()
        {
            return Err(self.fault(agent, error.to_string()));
        }
        for agent in table.agents.values() {
            if let Err(error) = agent.get_ref().resolve() {
                return Err(self.fault(agent, error.to_string()));
            }
        }
        self.check_agents(&table)?;
        if let Some(until) = &table.until
            && let Err(error) = OldUseCounter::compile(until.get_ref())
        {
            return Err(self.fault(until, error.to_string()));
        }
        if table.units.is_empty() {
            return Err(self.fault_at(0, "the plan has no [[unit]], so there is nothing to run"));
        }
        let (last, others): (Vec<&UnitTable>, Vec<&UnitTable>) =
            table.units.iter().partition(|unit| unit.integrates());
        let units = others
            .iter()
            .map(|unit| self.unit(unit))
            .collect::<Result<Vec<_>, _>>()?;
        let integration = self.integration(&last, &others)?;
        if units.is_empty() {
            let message = "no unit is there beside the one that integrates: it starts from the work of others";
            return Err(self.fault_at(0, message));
        }
        self.check_order(&units, &others)?;
        self.check_claims(&units, &others)?;
        let base = CommitId::new(base.to_ascii_lowercase());
        Ok(Plan {
            instruction: table.instruction.into_inner(),
            base_name: table.base_name.unwrap_or_else(|| base.to_string()),
            base,
            globs: table.globs,
            agent: table.agent.map(Spanned::into_inner).unwrap_or_default(),
            agents: table
                .agents
                .into_iter()
                .map(|(name, options)| (name, options.into_inner()))
                .collect(),
            until: table.until.map(Spanned::into_inner),
            research: table.research,
            units,
            integration,
            left_out: table
                .left_out
                .into_iter()
                .map(|LeftOutTable { reason, files }| LeftOut { reason, files })
                .collect(),
        })
    }

    /// Reads the unit that starts from all others, where the plan has one.
    fn integration(
        &self,
        last: &[&UnitTable],
        others: &[&UnitTable],
    ) -> Result<Option<Unit>, PlanFileError> {
        let Some(table) = last.first() else {
            return Ok(None);
        };
        let unit = self.unit(table)?;
        let id = &unit.id;
        if let Some(second) = last.get(1) {
            let message = format!(
                "units '{id}' and '{}' both integrate, and only one unit can come after all others: remove \
                 'integrates' from one of them",
                second.id.get_ref()
            );
            return Err(self.fault(&second.id, message));
        }
        if let Some(need) = table.needs.first() {
            let message = format!("unit '{id}' integrates, so it needs all others: remove 'needs'");
            return Err(self.fault(need, message));
        }
        if let Some(place) = table.create.first() {
            let message =
                format!("unit '{id}' integrates, so it may create files anywhere: remove 'create'");
            return Err(self.fault(place, message));
        }
        for other in others {
            if other.id.get_ref() == id.as_str() {
                let message = format!("two units have the id '{id}': give one of them another");
                return Err(self.fault(&other.id, message));
            }
            if let Some(need) = other.needs.iter().find(|it| it.get_ref() == id.as_str()) {
                let message = format!(
                    "unit '{}' needs '{id}', which integrates and comes after all others",
                    other.id.get_ref()
                );
                return Err(self.fault(need, message));
            }
        }
        Ok(Some(unit))
    }

    /// Comes before all other checks, because another version may give its keys another meaning.
    fn check_version(&self) -> Result<(), PlanFileError> {
        let version: VersionOnly = self.read()?;
        match version.version {
            Some(version) if version.get_ref().as_integer() == Some(VERSION) => Ok(()),
            Some(version) => {
                let message = format!(
                    "version {} of the plan's format is not understood, only version {VERSION} is",
                    version.get_ref()
                );
                Err(self.fault(&version, message))
            }
            None => Err(self.fault_at(0, format!("'version = {VERSION}' is missing"))),
        }
    }

    fn table(&self) -> Result<PlanTable, PlanFileError> {
        self.read()
    }

    fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, PlanFileError> {
        toml::from_str(self.text).map_err(|error: toml::de::Error| {
            let message = error.message().trim();
            let is_toml = self.text.parse::<toml::Table>().is_ok();
            let message = if is_toml {
                message.to_owned()
            } else {
                format!("{message}; {SYNTAX}")
            };
            self.fault_at(error.span().map_or(0, |span| span.start), message)
        })
    }

    fn unit(&self, table: &UnitTable) -> Result<Unit, PlanFileError> {
        let id = self.id(&table.id)?;
        let title = match &table.title {
            None => id.to_string(),
            Some(title) => {
                let text = title.get_ref();
                if text.trim().is_empty() || text.chars().any(char::is_control) {
                    return Err(self.fault(title, "a title is one line of text, and not empty"));
                }
                text.clone()
            }
        };
        if table.files.get_ref().is_empty() && table.create.is_empty() && !table.integrates() {
            let message = format!(
                "unit '{id}' has no files and creates none: give it 'files' or 'create', or remove it"
            );
            return Err(self.fault(&table.files, message));
        }
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for (path, kind) in table
            .files
            .get_ref()
            .iter()
            .map(|path| (path, PathKind::File))
            .chain(table.create.iter().map(|path| (path, PathKind::Create)))
        {
            check_path(path.get_ref(), kind).map_err(|message| self.fault(path, message))?;
            if let Some(first) = seen.insert(path.get_ref(), path.span().start) {
                let first = self.line(first);
                let message = format!(
                    "{:?} is in unit '{id}' twice, also on line {first}: remove one of them",
                    path.get_ref()
                );
                return Err(self.fault(path, message));
            }
        }
        let strings = |entries: &[Spanned<String>]| -> Vec<String> {
            entries.iter().map(|path| path.get_ref().clone()).collect()
        };
        let mut files = strings(table.files.get_ref());
        files.sort();
        Ok(Unit {
            needs: table
                .needs
                .iter()
                .map(|need| self.id(need))
                .collect::<Result<_, _>>()?,
            id,
            title,
            description: table.description.clone(),
            agent: table.agent.as_ref().map(|name| name.get_ref().clone()),
            claim: Claim {
                files,
                create: strings(&table.create),
            },
            size: Size::default(),
            owners: table.owners.clone(),
        })
    }

    /// Checks that each unit has an agent of its own or that the plan has a default agent, if the plan names agents at
    /// all.
    fn check_agents(&self, table: &PlanTable) -> Result<(), PlanFileError> {
        let is_for_the_rest = table
            .agent
            .as_ref()
            .is_some_and(|agent| agent.get_ref().is_given());
        for unit in &table.units {
            match &unit.agent {
                Some(name) if !table.agents.contains_key(name.get_ref()) => {
                    let near = nearest(name.get_ref(), table.agents.keys().map(String::as_str));
                    let message = format!(
                        "the plan has no agent {:?}: add a table [agents.NAME], or name another{}",
                        name.get_ref(),
                        did_you_mean(near)
                    );
                    return Err(self.fault(name, message));
                }
                None if !table.agents.is_empty() && !is_for_the_rest => {
                    let message = format!(
                        "unit '{}' has no agent: name one of [agents.NAME], or add a table [agent]",
                        unit.id.get_ref()
                    );
                    return Err(self.fault(&unit.id, message));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn id(&self, id: &Spanned<String>) -> Result<UnitId, PlanFileError> {
        UnitId::parse(id.get_ref()).map_err(|message| self.fault(id, message))
    }

    fn check_order(&self, units: &[Unit], tables: &[&UnitTable]) -> Result<(), PlanFileError> {
        let Err(error) = waves(units) else {
            return Ok(());
        };
        let named = |id: &UnitId| {
            tables
                .iter()
                .copied()
                .filter(|table| table.id.get_ref() == id.as_str())
                .collect::<Vec<_>>()
        };
        let need_of = |unit: &UnitId, need: &UnitId| {
            named(unit)
                .into_iter()
                .flat_map(|table| &table.needs)
                .find(|entry| entry.get_ref() == need.as_str())
        };
        let place = match &error {
            OrderError::Duplicate(id) => named(id).get(1).map(|table| &table.id),
            OrderError::Unknown { unit, need } => need_of(unit, need),
            OrderError::Itself(id) => need_of(id, id),
            OrderError::Cycle(ids) => match ids.as_slice() {
                [first, second, ..] => need_of(first, second),
                _ => None,
            },
        };
        let near = match &error {
            OrderError::Unknown { need, .. } => {
                nearest(need.as_str(), units.iter().map(|unit| unit.id.as_str()))
            }
            _ => None,
        };
        Err(self.fault_at(
            place.map_or(0, |place| place.span().start),
            format!("{error}{}", did_you_mean(near)),
        ))
    }

    fn check_claims(&self, units: &[Unit], tables: &[&UnitTable]) -> Result<(), PlanFileError> {
        let Err(error) = Ownership::prove(units, []) else {
            return Ok(());
        };
        let OwnershipError::Overlap { first, second } = &error;
        let start = |entry: &ClaimEntry| {
            tables
                .get(entry.index)
                .and_then(|table| {
                    table
                        .files
                        .get_ref()
                        .iter()
                        .chain(&table.create)
                        .find(|path| *path.get_ref() == entry.path)
                })
                .map_or(0, |path| path.span().start)
        };
        let other = self.line(start(first));
        Err(self.fault_at(
            start(second),
            format!("{error} (unit '{}' has it on line {other})", first.unit),
        ))
    }

    fn fault<T>(&self, place: &Spanned<T>, message: impl Into<String>) -> PlanFileError {
        self.fault_at(place.span().start, message)
    }

    fn fault_at(&self, start: usize, message: impl Into<String>) -> PlanFileError {
        PlanFileError {
            line: self.line(start),
            message: message.into(),
        }
    }

    fn line(&self, start: usize) -> usize {
        let before = self.text.bytes().take(start);
        before.filter(|byte| *byte == b'\n').count() + 1
    }
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

/// Checks whether the text is the path of a file as git tracks it.
pub(in crate::plan) fn check_file(path: &str) -> Result<(), String> {
    check_path(path, PathKind::File)
}

#[derive(Clone, Copy)]
enum PathKind {
    File,
    Create,
}

/// Checks whether the text is a path as git tracks it (git-update-index(1) refuses the same paths), or a folder to
/// create files in.
fn check_path(path: &str, kind: PathKind) -> Result<(), String> {
    let name = match kind {
        PathKind::Create if path == "./" => return Ok(()),
        PathKind::Create => path.strip_suffix('/').unwrap_or(path),
        PathKind::File => path,
    };
    if path.starts_with('/') {
        return Err(format!(
            "{path:?} is absolute: paths start at the root of the repository, without a '/'"
        ));
    }
    for part in name.split('/') {
        match part {
            "" => {
                return Err(format!(
                    "{path:?} is not the path of a file: a part of it is empty"
                ));
            }
            "." | ".." => {
                return Err(format!(
                    "{path:?} has a part '{part}': write the path without it"
                ));
            }
            part if part.contains('\0') || fold(part) == ".git" => {
                return Err(format!("{path:?} cannot be tracked by git"));
            }
            _ => {}
        }
    }
    Ok(())
}
