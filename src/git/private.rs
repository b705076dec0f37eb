//! Private repositories: the git that the workers of one checkout see, so that nothing they do with git reaches the
//! user's repository.
//!
//! A private repository has refs, HEAD, index, stash, configuration and hooks of its own, and borrows all objects of
//! the user's repository (gitrepository-layout(5), `objects/info/alternates`). It is written as files, because starting
//! git takes longer than writing them. What the checkouts of a run have in common is read once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::delete::delete_tree;
use super::error::{Context, GitError};
use super::id::{BranchName, CommitId};
use super::program::file_settings_of_environment;
use super::repo::Repo;

/// The address that a push from a private repository goes to. Git shows it when the push fails.
const NO_PUSH: &str = "file:///dev/null/batch-itself-pushes-the-work-of-this-checkout";

/// Settings that the tools of a project need to find the same project as in the user's checkout. None of them names a
/// program, but for the filters and drivers, which the workers' own git starts as the workers.
const COPIED_SETTINGS: [&str; 17] = [
    "core.attributesfile",
    "core.autocrlf",
    "core.bigfilethreshold",
    "core.checkroundtripencoding",
    "core.commentchar",
    "core.eol",
    "core.excludesfile",
    "core.filemode",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.protecthfs",
    "core.protectntfs",
    "core.quotepath",
    "core.symlinks",
    "core.whitespace",
    "extensions.partialclone",
    "init.defaultbranch",
];
const COPIED_SECTIONS: [&str; 9] = [
    "author.",
    "committer.",
    "diff.",
    "filter.",
    "i18n.",
    "lfs.",
    "merge.",
    "user.",
    "submodule.",
];
/// The last parts of the names of settings of remotes and branches that are copied.
const COPIED_OF_REMOTES: [&str; 4] = ["fetch", "promisor", "partialclonefilter", "tagopt"];
const COPIED_OF_BRANCHES: [&str; 2] = ["remote", "merge"];

/// The files that say where history ends, which files git ignores, and how git treats the others.
const COPIED_FILES: [&str; 3] = ["shallow", "info/exclude", "info/attributes"];

/// The folders of a repository, but for the folders above them.
const FOLDERS: [&str; 6] = [
    "objects/info",
    "objects/pack",
    "refs/heads",
    "refs/tags",
    "info",
    "hooks",
];
/// HEAD, the branch, and the folders above these and above the others.
const SMALL_ENTRIES: usize = 8;

/// What the private repositories of one run have in common.
#[derive(Debug)]
pub(crate) struct PrivateTemplate {
    config: String,
    packed_refs: Vec<u8>,
    alternates: Vec<u8>,
    /// Further files, by their place in the git folder.
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// What a private repository has checked out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PrivateHead<'a> {
    /// The branch that HEAD is on; without one, HEAD is detached.
    pub branch: Option<&'a BranchName>,
    pub commit: &'a CommitId,
}

impl Repo {
    /// Reads what the private repositories of a run have in common. Of the local branches, they know only the branch
    /// that `base` names, with or without its remote, and the branch of the user's checkout.
    pub(crate) fn private_template(&self, base: Option<&str>) -> Result<PrivateTemplate, GitError> {
        let objects = self.common.join("objects");
        let mut alternates = quoted_line(objects.as_os_str().as_bytes());
        alternates.push(b'\n');
        let repo = self.open()?;
        let mut kept = Vec::new();
        if let Some(base) = base {
            let base = base.strip_prefix("refs/heads/").unwrap_or(base);
            kept.push(format!("refs/heads/{base}"));
            if let Some((_, branch)) = base.split_once('/') {
                kept.push(format!("refs/heads/{branch}"));
            }
        }
        if let Ok(here) = git2::Repository::open(&self.root)
            && let Ok(head) = here.find_reference("HEAD")
            && let Ok(Some(name)) = head.symbolic_target()
        {
            kept.push(name.to_owned());
        }
        let mut files = self.remote_heads();
        for name in COPIED_FILES {
            if let Some(text) = read_if_there(&self.common.join(name))? {
                files.push((name.into(), text));
            }
        }
        Ok(PrivateTemplate {
            config: self.private_config(&repo)?,
            packed_refs: self.shared_refs(&kept)?,
            alternates,
            files,
        })
    }

    fn private_config(&self, repo: &git2::Repository) -> Result<String, GitError> {
        let context = || "the configuration cannot be read".to_owned();
        let all = repo.config().context(context)?;
        let mut settings = Vec::new();
        for level in [git2::ConfigLevel::Local, git2::ConfigLevel::Worktree] {
            let Ok(config) = all.open_level(level) else {
                continue;
            };
            let mut entries = config.entries(None).context(context)?;
            while let Some(entry) = entries.next() {
                let entry = entry.context(context)?;
                if let (Ok(name), Ok(value)) = (entry.name(), entry.value()) {
                    settings.push((name.to_owned(), value.to_owned()));
                }
            }
        }
        settings.extend(file_settings_of_environment());
        let is_partial = settings
            .iter()
            .any(|(name, _)| name == "extensions.partialclone");
        let mut text = String::new();
        let version = if is_partial { "1" } else { "0" };
        for (name, value) in [
            ("core.repositoryformatversion", version),
            ("core.bare", "false"),
            ("core.logallrefupdates", "true"),
            // Every call of git would otherwise look for work in a repository that is thrown away.
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
        ] {
            text.push_str(&config_lines(name, value));
        }
        for (name, value) in &settings {
            if is_copied(name) {
                text.push_str(&config_lines(name, &without_password(value)));
            } else if let Some(remote) = address_of(name) {
                text.push_str(&config_lines(name, &without_password(value)));
                text.push_str(&config_lines(&format!("remote.{remote}.pushurl"), NO_PUSH));
            }
        }
        if !settings.iter().any(|(name, _)| name == "lfs.storage") {
            let storage = self.common.join("lfs");
            if storage.is_dir() {
                text.push_str(&config_lines("lfs.storage", &storage.to_string_lossy()));
            }
        }
        Ok(text)
    }

    /// Lists the tags, the remote-tracking branches and the `kept` refs as git packs them
    /// (gitrepository-layout(5), `packed-refs`).
    fn shared_refs(&self, kept: &[String]) -> Result<Vec<u8>, GitError> {
        let mut refs: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        let is_shared = |name: &[u8]| {
            name.starts_with(b"refs/tags/")
                || name.starts_with(b"refs/remotes/")
                || kept.iter().any(|kept| kept.as_bytes() == name)
        };
        let packed = read_if_there(&self.common.join("packed-refs"))?.unwrap_or_default();
        let mut last: Option<&mut Vec<u8>> = None;
        for line in packed.split_inclusive(|byte| *byte == b'\n') {
            match line.first() {
                Some(b'#') => {}
                // The commit that the tag on the line above leads to.
                Some(b'^') => {
                    if let Some(lines) = &mut last {
                        lines.extend_from_slice(line);
                    }
                }
                _ => {
                    last = None;
                    let name = line.splitn(2, |byte| *byte == b' ').nth(1);
                    let name = name.map(<[u8]>::trim_ascii_end);
                    if let Some(name) = name.filter(|name| is_shared(name)) {
                        last = Some(
                            refs.entry(name.to_vec())
                                .insert_entry(line.to_vec())
                                .into_mut(),
                        );
                    }
                }
            }
        }
        // A ref of its own file hides a packed one.
        for folder in ["refs/tags", "refs/remotes", "refs/heads"] {
            for entry in walkdir::WalkDir::new(self.common.join(folder)) {
                let Ok(entry) = entry else {
                    continue;
                };
                let Ok(name) = entry.path().strip_prefix(&self.common) else {
                    continue;
                };
                let name = name.as_os_str().as_bytes();
                if !entry.file_type().is_file() || !is_shared(name) {
                    continue;
                }
                // A symbolic ref, such as `refs/remotes/origin/HEAD`, cannot be packed.
                let id = fs::read(entry.path()).unwrap_or_default();
                let id = id.trim_ascii();
                if !id.is_empty() && id.iter().all(u8::is_ascii_hexdigit) {
                    refs.insert(name.to_vec(), [id, b" ", name, b"\n"].concat());
                }
            }
        }
        let mut text = b"# pack-refs with: sorted \n".to_vec();
        text.extend(refs.into_values().flatten());
        Ok(text)
    }

    /// Returns the symbolic refs of the remotes, such as `refs/remotes/origin/HEAD`, with their content.
    fn remote_heads(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let remotes = fs::read_dir(self.common.join("refs/remotes"));
        let remotes = remotes.into_iter().flatten().flatten();
        remotes
            .filter_map(|remote| {
                let name = Path::new("refs/remotes")
                    .join(remote.file_name())
                    .join("HEAD");
                let text = fs::read(self.common.join(&name)).ok()?;
                text.starts_with(b"ref: ").then_some((name, text))
            })
            .collect()
    }
}

impl PrivateTemplate {
    /// Returns the sizes of the files and folders of a private repository but for its index, in bytes.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = u64> {
        let contents = [&self.packed_refs, &self.alternates];
        let files = contents
            .into_iter()
            .map(Vec::len)
            .chain([self.config.len()])
            .chain(self.files.iter().map(|(_, content)| content.len()));
        let files = files.map(|length| u64::try_from(length).unwrap_or(u64::MAX));
        // HEAD and the branch hold one line each, and a folder is as small.
        files.chain(std::iter::repeat_n(1, FOLDERS.len() + SMALL_ENTRIES))
    }

    /// Checks whether the private repository in the folder `at` borrows the objects of the user's repository.
    pub(crate) fn fits(&self, at: &Path) -> bool {
        fs::read(at.join("objects/info/alternates")).is_ok_and(|known| known == self.alternates)
    }

    /// Writes a private repository into the folder `at`, in place of whatever is there. `index` is copied.
    pub(crate) fn write(
        &self,
        at: &Path,
        head: PrivateHead<'_>,
        index: &Path,
    ) -> Result<(), GitError> {
        delete_tree(at).map_err(|error| GitError::io("cannot remove", at, error))?;
        let files = Files { root: at };
        for folder in FOLDERS {
            files.folder(Path::new(folder))?;
        }
        files.write("config", self.config.as_bytes())?;
        files.write("packed-refs", &self.packed_refs)?;
        files.write("objects/info/alternates", &self.alternates)?;
        for (name, text) in &self.files {
            files.write(name, text)?;
        }
        set_private_head(at, head, index)
    }
}

/// Puts HEAD of the private repository in the folder `at` on a commit, and its branch as well. The index becomes a copy
/// of `index`.
pub(crate) fn set_private_head(
    at: &Path,
    head: PrivateHead<'_>,
    index: &Path,
) -> Result<(), GitError> {
    let files = Files { root: at };
    let entries = fs::read(index).map_err(|error| GitError::io("cannot read", index, error))?;
    files.write("index", &entries)?;
    let commit = format!("{}\n", head.commit);
    let Some(branch) = head.branch else {
        return files.write("HEAD", commit.as_bytes());
    };
    let name = format!("refs/heads/{branch}");
    files.write(&name, commit.as_bytes())?;
    files.write("HEAD", format!("ref: {name}\n").as_bytes())
}

/// Writes files below a folder that workers may write to as well: a link below it is replaced, and not followed.
struct Files<'a> {
    root: &'a Path,
}

impl Files<'_> {
    fn folder(&self, name: &Path) -> Result<(), GitError> {
        let mut path = self.root.to_path_buf();
        for part in name {
            path.push(part);
            if path.symlink_metadata().is_ok_and(|meta| meta.is_symlink()) {
                fs::remove_file(&path)
                    .map_err(|error| GitError::io("cannot remove", &path, error))?;
            }
        }
        fs::create_dir_all(&path).map_err(|error| GitError::io("cannot make", &path, error))
    }

    fn write(&self, name: impl AsRef<Path>, text: &[u8]) -> Result<(), GitError> {
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(self.root);
        self.folder(folder.strip_prefix(self.root).unwrap_or(Path::new("")))?;
        replace_file(&path, text).map_err(|error| GitError::io("cannot write", &path, error))
    }
}

/// Puts a new file in place of whatever has this path: a link is replaced, and not followed.
pub(super) fn replace_file(path: &Path, text: &[u8]) -> io::Result<()> {
    replace_file_by(path.parent().unwrap_or(Path::new(".")), path, text)
}

/// Does the same; the new file is first written in `folder`, on the same file system.
pub(super) fn replace_file_by(folder: &Path, path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".batch-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(text)?;
    if path.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        delete_tree(path)?;
    }
    file.persist(path)?;
    Ok(())
}

fn read_if_there(path: &Path) -> Result<Option<Vec<u8>>, GitError> {
    match fs::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(GitError::io("cannot read", path, error)),
    }
}

fn is_copied(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    COPIED_SETTINGS.contains(&name)
        || COPIED_SECTIONS
            .iter()
            .any(|section| name.starts_with(section))
        || (name.starts_with("remote.") && COPIED_OF_REMOTES.contains(&last))
        || (name.starts_with("branch.") && COPIED_OF_BRANCHES.contains(&last))
}

/// Returns the remote whose address the setting holds.
fn address_of(name: &str) -> Option<&str> {
    name.strip_prefix("remote.")?.strip_suffix(".url")
}

/// Takes user name and password out of an address that has a password: the workers' git finds no server that lets it
/// in.
pub(super) fn without_password(address: &str) -> String {
    match url::Url::parse(address) {
        Ok(mut url) if url.password().is_some() || url.scheme().starts_with("http") => {
            // Neither fails for an address that has a host.
            let _ = url.set_password(None);
            let _ = url.set_username("");
            url.to_string()
        }
        _ => address.to_owned(),
    }
}

/// Writes the configuration file for all repositories that workers get: it includes the files of the person
/// (git-config(1), "FILES"), so that what `git config --global` changes stays in the workers' own file.
pub(crate) fn write_workers_global_config(path: &Path) -> Result<(), GitError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let files = if let Some(file) = variable("GIT_CONFIG_GLOBAL") {
        vec![PathBuf::from(file)]
    } else {
        let home = variable("HOME").map(PathBuf::from);
        let shared = variable("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .or_else(|| home.as_ref().map(|home| home.join(".config")));
        let shared = shared.map(|folder| folder.join("git/config"));
        let own = home.map(|home| home.join(".gitconfig"));
        shared.into_iter().chain(own).collect()
    };
    let text: String = files
        .iter()
        .map(|file| config_lines("include.path", &file.to_string_lossy()))
        .collect();
    replace_file(path, text.as_bytes()).map_err(|error| GitError::io("cannot write", path, error))
}

/// Writes one setting with its section (git-config(1), "Syntax").
fn config_lines(name: &str, value: &str) -> String {
    let (section, key) = name.rsplit_once('.').unwrap_or((name, ""));
    let mut text = String::new();
    let _ = match section.split_once('.') {
        Some((section, sub)) => {
            let sub = sub.replace('\\', "\\\\").replace('"', "\\\"");
            writeln!(text, "[{section} \"{sub}\"]")
        }
        None => writeln!(text, "[{section}]"),
    };
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    let _ = writeln!(text, "\t{key} = \"{value}\"");
    text
}

/// Writes a path as a line of `objects/info/alternates`, in C's notation where the plain path would be misread.
fn quoted_line(path: &[u8]) -> Vec<u8> {
    if !path.contains(&b'\n') && !path.starts_with(b"\"") && !path.starts_with(b"#") {
        return path.to_vec();
    }
    let mut line = vec![b'"'];
    for &byte in path {
        match byte {
            b'\n' => line.extend_from_slice(b"\\n"),
            b'"' | b'\\' => line.extend([b'\\', byte]),
            _ => line.push(byte),
        }
    }
    line.push(b'"');
    line
}
