//! What a person looks at before it is published, whoever made it: files that run, links, files that hold secrets by
//! their names, large files that nobody reads, and lock files that follow from nothing.
//!
//! What the unit's claim names by its path was approved with the plan.

use super::entry::{ChangedEntry, EntryKind};
use super::file::ChangedFile;
use super::finding::Finding;
use crate::config::FindingKind;
use crate::words;

/// A larger binary file is not published by itself.
const LARGE_BINARY: u64 = 1_000_000;

/// Git calls a file binary that has a null byte in so many bytes at its beginning.
const BINARY_WITHIN: usize = 8_000;

/// Names of files that hold secrets, in lower case.
const SECRET_NAMES: [&str; 20] = [
    ".env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".dockerconfigjson",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "credentials.json",
    "service-account.json",
    "secrets.yml",
    "secrets.yaml",
];

/// Ends of names of files that hold secrets, in lower case.
const SECRET_ENDS: [&str; 12] = [
    ".pem",
    ".key",
    ".p8",
    ".p12",
    ".pfx",
    ".ppk",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ovpn",
    ".tfstate",
    ".mobileprovision",
];

/// Ends of names of files that show how a file of secrets looks.
const MODEL_ENDS: [&str; 7] = [
    ".example",
    ".sample",
    ".template",
    ".dist",
    ".defaults",
    ".tpl",
    ".md",
];

/// Returns what a person has to look at among the changed paths; `files` are those of them that can be read.
pub(super) fn sensitive(entries: &[ChangedEntry], files: &[ChangedFile]) -> Vec<Finding> {
    let unnamed = entries.iter().filter(|entry| !entry.is_named);
    let mut found = Vec::new();
    for entry in unnamed {
        let file = files.iter().find(|file| file.path == entry.path);
        let kinds = [
            executable(entry, entries),
            symlink(entry),
            secret_file(entry),
            large_file(entry, file),
            lock_file(entry),
        ];
        found.extend(kinds.into_iter().flatten().map(|(kind, said)| Finding {
            kind,
            path: entry.path.clone(),
            line: None,
            said,
        }));
    }
    found
}

type Found = Option<(FindingKind, String)>;

/// An executable that only moved is none.
fn executable(entry: &ChangedEntry, all: &[ChangedEntry]) -> Found {
    let after = entry.after.as_ref()?;
    let is_moved = || {
        let gone = all.iter().filter(|other| other.after.is_none());
        let mut gone = gone.filter_map(|other| other.before.as_ref());
        gone.any(|before| before.kind == EntryKind::Executable && before.id == after.id)
    };
    if !entry.is_new_or_changed(EntryKind::Executable) || entry.before.is_none() && is_moved() {
        return None;
    }
    let said = match entry.before.as_ref().map(|before| before.kind) {
        None => "it is a new executable file",
        Some(EntryKind::Executable) => "it is executable, and changed",
        Some(_) => "it is executable now, and was not before",
    };
    Some((FindingKind::Executable, said.to_owned()))
}

fn symlink(entry: &ChangedEntry) -> Found {
    let said = match entry.before {
        None => "it is a new symlink",
        Some(_) => "it is a symlink to another place now",
    };
    entry
        .is_new_or_changed(EntryKind::Symlink)
        .then(|| (FindingKind::Symlink, said.to_owned()))
}

fn secret_file(entry: &ChangedEntry) -> Found {
    entry.after.as_ref()?;
    let said = "files of this name usually hold secrets";
    has_name_of_secrets(&entry.path).then(|| (FindingKind::SecretFile, said.to_owned()))
}

fn has_name_of_secrets(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| name.ends_with(end));
    let is_named = SECRET_NAMES.contains(&name.as_str()) || name.starts_with(".env.");
    (is_named || ends(&SECRET_ENDS)) && !ends(&MODEL_ENDS)
}

fn large_file(entry: &ChangedEntry, file: Option<&ChangedFile>) -> Found {
    let after = entry.after.as_ref()?;
    let is_file = matches!(after.kind, EntryKind::File | EntryKind::Executable);
    let content = file.and_then(|file| file.after.as_deref());
    let size = words::bytes(after.size);
    let said = match content {
        None => format!("it has {size}, more than batch looks into"),
        Some(content) => {
            let begin = &content[..content.len().min(BINARY_WITHIN)];
            if after.size <= LARGE_BINARY || !begin.contains(&0) {
                return None;
            }
            format!("it is a binary file of {size}")
        }
    };
    let is_same = entry.before.as_ref().is_some_and(|it| it.id == after.id);
    (is_file && !is_same).then_some((FindingKind::LargeFile, said))
}

fn lock_file(entry: &ChangedEntry) -> Found {
    let said = "it is a lock file, and no manifest beside it changed";
    (entry.is_lone_lock_file && entry.after.is_some())
        .then(|| (FindingKind::LockFile, said.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::entry::Entry;

    fn entry(id: &str, kind: EntryKind, size: u64) -> Entry {
        let id = id.to_owned();
        Entry { id, kind, size }
    }

    fn changed(path: &str, before: Option<Entry>, after: Option<Entry>) -> ChangedEntry {
        ChangedEntry {
            path: path.to_owned(),
            before,
            after,
            is_named: false,
            is_lone_lock_file: false,
        }
    }

    fn kinds(entries: &[ChangedEntry]) -> Vec<FindingKind> {
        let file = |entry: &ChangedEntry| ChangedFile {
            path: entry.path.clone(),
            before: None,
            after: Some(vec![0; 10]),
        };
        let files: Vec<ChangedFile> = entries
            .iter()
            .filter(|entry| entry.path != "huge")
            .map(file)
            .collect();
        let found = sensitive(entries, &files);
        found.into_iter().map(|it| it.kind).collect()
    }

    #[test]
    fn files_that_run_and_links_are_found_unless_they_are_named() {
        use EntryKind::{Executable, File, Symlink};
        let file = Some(entry("1", File, 1));
        let run = |id: &str| Some(entry(id, Executable, 1));
        let link = |id: &str| Some(entry(id, Symlink, 1));
        for (before, after, kind) in [
            (None, run("1"), Some(FindingKind::Executable)),
            (file.clone(), run("1"), Some(FindingKind::Executable)),
            (run("1"), run("2"), Some(FindingKind::Executable)),
            (run("1"), None, None),
            (run("1"), file.clone(), None),
            (None, link("1"), Some(FindingKind::Symlink)),
            (link("1"), link("2"), Some(FindingKind::Symlink)),
            (link("1"), None, None),
        ] {
            let mut it = changed("a", before, after);
            assert_eq!(kinds(&[it.clone()]), Vec::from_iter(kind), "{it:?}");
            it.is_named = true;
            assert_eq!(kinds(&[it]), []);
        }
        let moved = [changed("a", run("1"), None), changed("b", None, run("1"))];
        assert_eq!(kinds(&moved), []);
    }

    #[test]
    fn large_files_are_found() {
        let sized = |path, size| [changed(path, None, Some(entry("1", EntryKind::File, size)))];
        assert_eq!(kinds(&sized("a.bin", 5_000_000)), [FindingKind::LargeFile]);
        assert_eq!(kinds(&sized("huge", 1)), [FindingKind::LargeFile]);
        assert_eq!(kinds(&sized("a.bin", 1_000_000)), []);
    }

    #[test]
    fn names_of_secrets_are_known() {
        for path in [
            ".env",
            "a/.ENV.production",
            "deploy/id_rsa",
            "tls/server.key",
            ".npmrc",
        ] {
            assert!(has_name_of_secrets(path), "{path}");
        }
        for path in [
            ".env.example",
            "src/env.rs",
            "a.keys",
            "id_rsa.md",
            "environment.ts",
        ] {
            assert!(!has_name_of_secrets(path), "{path}");
        }
    }
}
