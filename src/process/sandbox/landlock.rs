//! Sandboxes by rules that the kernel applies to the worker itself (landlock(7)), where namespaces are not to be had.
//!
//! Landlock only grants: what is hidden is reached by granting everything beside it. So a file that somebody makes
//! later beside a hidden one cannot be read.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, Scope,
};

use super::policy::{Access, Network, Policy};

/// The rules that this program knows; an older kernel enforces fewer of them.
const RULES: ABI = ABI::V6;

/// The devices that a worker may use. Others belong to root, whom no permission keeps from them.
const DEVICES: [&str; 9] = [
    "/dev/full",
    "/dev/null",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/random",
    "/dev/shm",
    "/dev/tty",
    "/dev/urandom",
    "/dev/zero",
];

/// Returns the rules for a worker; `None` where the kernel knows none.
pub(super) fn rules(policy: &Policy) -> io::Result<Option<OwnedFd>> {
    let all = AccessFs::from_all(RULES);
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)
        .and_then(|rules| rules.scope(Scope::from_all(RULES)));
    let ruleset = match policy.network {
        Network::On => ruleset,
        _ => ruleset.and_then(|rules| rules.handle_access(AccessNet::from_all(RULES))),
    };
    let mut rules = ruleset
        .and_then(Ruleset::create)
        .map_err(io::Error::other)?;
    // The names in every folder can be listed: programs look for files upwards from their own folder.
    rules = grant(rules, Path::new("/"), AccessFs::ReadDir.into())?;
    let mut grants = Vec::new();
    let named: Vec<Place> = policy
        .differences()
        .map(|(path, access)| (path.to_path_buf(), access))
        .collect();
    collect(&named, Path::new("/"), Access::Read, &mut grants);
    for (path, access) in grants {
        let rights = match access {
            Access::Hidden | Access::Scratch => continue,
            Access::Read => AccessFs::from_read(RULES),
            // Devices are made by nobody.
            Access::Write => all & !(AccessFs::MakeBlock | AccessFs::MakeChar),
        };
        rules = grant(rules, &path, rights)?;
    }
    for device in DEVICES {
        rules = grant(rules, Path::new(device), all)?;
    }
    Ok(rules.into())
}

/// Returns rules that keep a worker from signals and abstract sockets alone, beside namespaces that do the rest.
pub(super) fn scopes() -> io::Result<Option<OwnedFd>> {
    let rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .scope(Scope::from_all(RULES))
        .and_then(Ruleset::create);
    Ok(rules.map_err(io::Error::other)?.into())
}

fn grant(
    rules: RulesetCreated,
    path: &Path,
    rights: BitFlags<AccessFs>,
) -> io::Result<RulesetCreated> {
    // What is gone, or not to be opened, needs no rule.
    let Ok(place) = PathFd::new(path) else {
        return Ok(rules);
    };
    let rights = if path.is_dir() {
        rights
    } else {
        rights & AccessFs::from_file(RULES)
    };
    rules
        .add_rule(PathBeneath::new(place, rights))
        .map_err(io::Error::other)
}

/// A place, and the access to it.
type Place = (PathBuf, Access);

/// Lists the places that are granted at and below `path`. `named` are the places in and below it whose access differs
/// from that around them; folders come before what is in them.
fn collect(named: &[Place], path: &Path, around: Access, grants: &mut Vec<Place>) {
    if path == Path::new("/dev") {
        return;
    }
    let (access, inside) = match named.split_first() {
        Some(((place, access), rest)) if place == path => (*access, rest),
        _ => (around, named),
    };
    if !inside.iter().any(|(_, inner)| is_less(*inner, access)) {
        grants.push((path.to_path_buf(), access));
        let mut left = inside;
        while let [(place, inner), ..] = left {
            let below = left
                .iter()
                .take_while(|(other, _)| other.starts_with(place));
            let (below, rest) = left.split_at(below.count());
            collect(below, place, *inner, grants);
            left = rest;
        }
        return;
    }
    // A folder that holds something to which less is granted: each entry by itself. What a link leads to has a grant
    // of its own.
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    for entry in entries {
        if entry.file_type().is_ok_and(|kind| !kind.is_symlink()) {
            let entry = entry.path();
            let below = inside.iter().filter(|(place, _)| place.starts_with(&entry));
            let below: Vec<Place> = below.cloned().collect();
            collect(&below, &entry, access, grants);
        }
    }
}

/// Checks whether an access grants less than that around it.
fn is_less(inner: Access, around: Access) -> bool {
    match around {
        Access::Hidden | Access::Scratch => false,
        Access::Read => matches!(inner, Access::Hidden | Access::Scratch),
        Access::Write => inner != Access::Write,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(policy: &Policy, root: &Path) -> Vec<(String, Access)> {
        let mut grants = Vec::new();
        let named = policy.differences();
        let named: Vec<Place> = named.map(|(path, to)| (path.into(), to)).collect();
        collect(&named, root, Access::Read, &mut grants);
        let short = |path: PathBuf| {
            let short = path.strip_prefix(root).unwrap_or(&path);
            short.to_string_lossy().into_owned()
        };
        let mut all: Vec<_> = grants
            .into_iter()
            .map(|(path, to)| (short(path), to))
            .collect();
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all.retain(|(_, access)| !matches!(access, Access::Hidden | Access::Scratch));
        all
    }

    #[test]
    fn everything_beside_a_hidden_place_is_granted() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        for folder in [
            "home/.ssh",
            "home/code",
            "home/.config/gh",
            "home/.config/git",
            "etc",
        ] {
            fs::create_dir_all(root.join(folder)).unwrap();
        }
        fs::write(root.join("home/.netrc"), "").unwrap();
        std::os::unix::fs::symlink("home/.ssh", root.join("keys")).unwrap();
        let mut policy = Policy::default();
        for hidden in ["home/.ssh", "home/.netrc", "home/.config/gh"] {
            policy.set(&root.join(hidden), Access::Hidden);
        }
        policy.set(&root.join("home/code"), Access::Write);
        let expected = [
            ("etc", Access::Read),
            ("home/.config/git", Access::Read),
            ("home/code", Access::Write),
        ];
        let expected: Vec<_> = expected.map(|(path, to)| (path.to_owned(), to)).into();
        assert_eq!(granted(&policy, &root), expected);
    }

    #[test]
    fn what_is_shown_in_a_hidden_folder_is_granted() {
        let tmp = tempfile::tempdir().unwrap();
        let root = tmp.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("tmp/a/repo/.git/batch/unit")).unwrap();
        fs::create_dir_all(root.join("tmp/a/repo/src")).unwrap();
        let mut policy = Policy::default();
        policy.set(&root.join("tmp"), Access::Scratch);
        policy.set(&root.join("tmp/a/repo"), Access::Read);
        policy.set(&root.join("tmp/a/repo/.git/batch"), Access::Hidden);
        policy.set(&root.join("tmp/a/repo/.git/batch/unit"), Access::Read);
        let expected = [
            ("tmp/a/repo/.git/batch/unit", Access::Read),
            ("tmp/a/repo/src", Access::Read),
        ];
        let expected: Vec<_> = expected.map(|(path, to)| (path.to_owned(), to)).into();
        assert_eq!(granted(&policy, &root), expected);
    }
}
