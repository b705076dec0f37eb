//! Acorn's files, and the git repository that is made of them.
//!
//! All of it goes through libgit2, away from the person's git settings: hooks, signing, line ends or the name of the
//! first branch would make another repository on every machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use git2::{IndexAddOption, Repository, RepositoryInitOptions, Signature, Time};
use include_dir::{Dir, include_dir};

use crate::git::CommitId;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/demo");

/// `mode path` for every file, as git knows it: an included file has no mode.
static MANIFEST: &str = include_str!("../../../fixtures/demo/MANIFEST");

const EXECUTABLE: &str = "100755";
const BRANCH: &str = "main";
const AUTHOR: (&str, &str) = ("Acorn", "garden@acorn.example");

/// 2024-05-01 12:00 UTC: the commit has the same id on every machine.
const DATE: i64 = 1_714_564_800;

/// The unpacked demo repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acorn {
    /// The checkout.
    pub root: PathBuf,
    /// The bare repository that the checkout knows as `origin`.
    pub remote: PathBuf,
    /// The one commit, on `main` here and there.
    pub commit: CommitId,
}

/// Makes `acorn` with its one commit, and `acorn.git` beside it, in `folder`.
pub fn unpack(folder: &Path) -> Result<Acorn> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // The remote's address is kept in acorn's config, so it must lead there from everywhere.
    let folder = folder
        .canonicalize()
        .with_context(|| format!("cannot read {}", folder.display()))?;
    let (root, remote) = (folder.join("acorn"), folder.join("acorn.git"));
    for place in [&root, &remote] {
        ensure!(
            place.symlink_metadata().is_err(),
            "{} exists already: move it away, or choose another folder for the demo",
            place.display()
        );
    }
    write_files(&root)?;
    let commit = make_repository(&root)
        .and_then(|repo| {
            let id = commit_all(&repo)?;
            publish(&repo, &remote)?;
            Ok(id)
        })
        .with_context(|| format!("the demo's repository {} could not be made", root.display()))?;
    Ok(Acorn {
        root,
        remote,
        commit: CommitId::new(commit.to_string()),
    })
}

/// Returns mode and path of every file, under the names that they have here.
fn manifest() -> impl Iterator<Item = (&'static str, &'static str)> {
    MANIFEST.lines().filter_map(|line| line.split_once(' '))
}

/// Returns the real name of a file. A file such as `.gitignore` would take effect in this repository, so it is kept
/// under another name.
fn real_name(kept: &str) -> String {
    kept.split('/')
        .map(|part| match part.strip_prefix("dot-") {
            Some(rest) => format!(".{rest}"),
            None => part.to_owned(),
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn write_files(root: &Path) -> Result<()> {
    for (mode, kept) in manifest() {
        let file = FILES
            .get_file(kept)
            .with_context(|| format!("the demo was built without its file {kept}"))?;
        let path = root.join(real_name(kept));
        let write = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&path, file.contents())?;
            if mode == EXECUTABLE {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
            }
            Ok::<_, std::io::Error>(())
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn make_repository(root: &Path) -> Result<Repository, git2::Error> {
    let repo = Repository::init_opts(root, RepositoryInitOptions::new().initial_head(BRANCH))?;
    let mut config = repo.config()?;
    // For the commits that the migration makes, by the git program, on any machine.
    config.set_str("user.name", AUTHOR.0)?;
    config.set_str("user.email", AUTHOR.1)?;
    config.set_bool("commit.gpgSign", false)?;
    config.set_bool("push.gpgSign", false)?;
    config.set_bool("core.autocrlf", false)?;
    config.set_str("core.hooksPath", "/dev/null")?;
    drop(config);
    Ok(repo)
}

fn commit_all(repo: &Repository) -> Result<git2::Oid, git2::Error> {
    let mut index = repo.index()?;
    index.add_all(["*"], IndexAddOption::FORCE, None)?;
    index.write()?;
    let tree = repo.find_tree(index.write_tree()?)?;
    let who = Signature::new(AUTHOR.0, AUTHOR.1, &Time::new(DATE, 0))?;
    repo.commit(
        Some("HEAD"),
        &who,
        &who,
        "Read soil sensors from five languages\n",
        &tree,
        &[],
    )
}

/// Pushes the branch to a new bare repository and knows it afterwards as a clone would.
fn publish(repo: &Repository, remote: &Path) -> Result<(), git2::Error> {
    let address = remote.to_str().ok_or_else(|| {
        git2::Error::from_str("the folder's name is not UTF-8, choose another folder for the demo")
    })?;
    Repository::init_opts(
        remote,
        RepositoryInitOptions::new().bare(true).initial_head(BRANCH),
    )?;
    let full = format!("refs/heads/{BRANCH}");
    let tracking = format!("refs/remotes/origin/{BRANCH}");
    repo.remote("origin", address)?
        .push(&[format!("{full}:{full}")], None)?;
    let commit = repo.refname_to_id(&full)?;
    repo.reference(&tracking, commit, true, "push")?;
    repo.reference_symbolic("refs/remotes/origin/HEAD", &tracking, true, "clone")?;
    repo.find_branch(BRANCH, git2::BranchType::Local)?
        .set_upstream(Some(&format!("origin/{BRANCH}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Output;

    use super::*;
    use crate::cli::demo::migration::{CHECK, REGEX, TO};
    use crate::codemod::{Codemod, Recipe};
    use crate::git::{Attributes, Repo};
    use crate::process::Capture;

    fn unpacked() -> (tempfile::TempDir, Acorn) {
        let folder = tempfile::tempdir().unwrap();
        let acorn = unpack(folder.path()).unwrap();
        (folder, acorn)
    }

    /// Asks git without any settings of the machine's.
    fn git(dir: &Path, words: &str) -> String {
        let out = Capture::new("git")
            .args(words.split(' '))
            .dir(dir)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .run()
            .unwrap();
        assert!(out.status.success(), "git {words}: {out:?}");
        String::from_utf8(out.stdout).unwrap().trim().to_owned()
    }

    fn check(acorn: &Acorn) -> Output {
        Capture::new("sh")
            .args(["-c", CHECK])
            .dir(&acorn.root)
            .run()
            .unwrap()
    }

    #[test]
    fn the_manifest_names_exactly_what_is_carried_along() {
        fn collect(dir: &Dir<'_>, paths: &mut BTreeSet<String>) {
            paths.extend(dir.files().map(|file| file.path().display().to_string()));
            for inner in dir.dirs() {
                collect(inner, paths);
            }
        }
        let mut carried = BTreeSet::new();
        collect(&FILES, &mut carried);
        carried.remove("MANIFEST");
        let named: BTreeSet<String> = manifest().map(|(_, path)| path.to_owned()).collect();
        assert_eq!(named, carried);
    }

    #[test]
    fn it_is_a_clean_clone_of_its_remote() {
        let (_folder, acorn) = unpacked();
        assert_eq!(git(&acorn.root, "status --porcelain --ignored"), "");
        assert_eq!(git(&acorn.root, "branch --show-current"), "main");
        assert_eq!(git(&acorn.root, "rev-parse HEAD"), acorn.commit.as_str());
        assert_eq!(
            git(&acorn.root, "rev-parse --abbrev-ref origin/HEAD"),
            "origin/main"
        );
        assert_eq!(
            git(&acorn.root, "rev-parse --abbrev-ref main@{upstream}"),
            "origin/main"
        );
        assert_eq!(git(&acorn.remote, "rev-parse HEAD"), acorn.commit.as_str());
        let files = git(&acorn.root, "ls-files -s");
        assert_eq!(files.lines().count(), manifest().count());
        assert!(files.contains(".gitattributes") && !files.contains("dot-"));
        assert_eq!(
            files.matches(EXECUTABLE).count(),
            manifest().filter(|(mode, _)| *mode == EXECUTABLE).count()
        );
        assert_eq!(git(&acorn.root, "fsck --strict"), "");
    }

    #[test]
    fn every_machine_gets_the_same_commit_and_nothing_is_overwritten() {
        let (folder, first) = unpacked();
        let (_other, second) = unpacked();
        assert_eq!(first.commit, second.commit);
        let error = unpack(folder.path()).unwrap_err().to_string();
        assert!(error.contains("acorn exists already"), "{error}");
    }

    #[test]
    fn a_machine_without_an_identity_can_commit_in_it() {
        let (_folder, acorn) = unpacked();
        git(&acorn.root, "commit --quiet --allow-empty -m next");
        assert_eq!(git(&acorn.root, "log -1 --format=%an"), AUTHOR.0.to_owned());
    }

    #[test]
    fn the_migration_breaks_the_device_and_nothing_else() {
        let (_folder, acorn) = unpacked();
        let before = check(&acorn);
        let said = String::from_utf8_lossy(&before.stdout).into_owned();
        assert!(before.status.success(), "{said}");
        assert!(said.contains("ok      device\n"), "{said}");

        assert!(migrate(&acorn) > 20);
        let after = check(&acorn);
        let said = String::from_utf8_lossy(&after.stdout).into_owned();
        assert!(!after.status.success(), "{said}");
        let failed: Vec<&str> = said
            .lines()
            .filter_map(|line| line.strip_prefix("FAILED"))
            .map(str::trim)
            .collect();
        assert_eq!(failed, ["device"], "{said}");
        assert!(said.contains("no TLS in the radio module"), "{said}");
    }

    /// Does what a run does to the files, in place. How many it changed.
    fn migrate(acorn: &Acorn) -> usize {
        let repo = Repo::discover(&acorn.root).unwrap();
        let entries = repo.entries(&acorn.commit).unwrap();
        let mut rules = Attributes::read(&entries, &repo.objects().unwrap()).unwrap();
        let codemod = Codemod::compile(&Recipe::Regex {
            regex: REGEX.into(),
            to: TO.into(),
        })
        .unwrap();
        let mut changed = 0;
        let mut aside = Vec::new();
        for entry in entries {
            let path = String::from_utf8(entry.path).unwrap();
            let marks = rules.marks(&path);
            if marks.binary || marks.generated {
                aside.push(path);
                continue;
            }
            let file = acorn.root.join(&path);
            let text = fs::read_to_string(&file).unwrap();
            if let Some(rewrite) = codemod.rewrite(&path, &text).unwrap() {
                fs::write(file, rewrite.text).unwrap();
                changed += 1;
            }
        }
        assert_eq!(
            aside,
            ["clients/js/src/generated/routes.js", "docs/images/bed.png"]
        );
        changed
    }
}
