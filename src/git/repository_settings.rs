//! Lists the settings that decide which programs git starts, or where it leads what it sends, as far as a repository's
//! own configuration has them: `.git/config`, `config.worktree`, and every file that one of them includes.
//!
//! Git takes that file for the user's own. In a folder that somebody else prepared, somebody else wrote it. Git itself
//! reads the files here, so that nothing is understood in two ways, and conditions of includes are taken as met: what
//! they depend on may change between this look and a push.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::deciding_setting::{Setting, is_deciding, shown_name};
use super::error::GitError;
use super::local_remote::runs_programs;
use super::repo::Repo;

/// A named pipe in place of a file would hold git for ever.
const LIMIT: Duration = Duration::from_secs(30);

impl Repo {
    /// Lists such settings, by name, with all their values. A setting that the user has with the same value, in a file
    /// of the user's own or of the system, is left out.
    pub(crate) fn deciding_settings(&self) -> Result<BTreeMap<String, Vec<String>>, GitError> {
        let mut found = self.own_settings()?;
        found.retain(|setting| is_deciding(setting) || self.leads_to_programs(setting));
        if !found.is_empty() {
            let users = self.settings_of_the_user()?;
            found.retain(|setting| !users.contains(setting));
        }
        let mut settings: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for setting in found {
            let values = settings.entry(shown_name(&setting.name)).or_default();
            values.push(setting.value);
        }
        Ok(settings)
    }

    /// Checks whether the setting is the address of a repository on this machine whose own programs a push starts.
    fn leads_to_programs(&self, setting: &Setting) -> bool {
        let is_address = setting.name.starts_with("remote.")
            && matches!(setting.name.rsplit_once('.'), Some((_, "url" | "pushurl")));
        is_address && runs_programs(&self.root, &setting.value)
    }

    /// Reads the repository's own files of settings, and what they include.
    fn own_settings(&self) -> Result<Vec<Setting>, GitError> {
        let mut next = vec![
            self.common.join("config"),
            self.common.join("config.worktree"),
        ];
        let folder = self.own_git_dir();
        next.extend(folder.map(|folder| folder.join("config.worktree")));
        let (mut seen, mut all) = (BTreeSet::new(), Vec::new());
        while let Some(path) = next.pop() {
            if !path.exists() || !seen.insert(path.clone()) {
                continue;
            }
            let settings = self.list(&[
                "--no-includes".as_ref(),
                "--file".as_ref(),
                path.as_os_str(),
            ])?;
            for setting in &settings {
                if let Some(included) = setting.included() {
                    next.extend(place(included, &path));
                }
            }
            all.extend(settings);
        }
        Ok(all)
    }

    /// Reads the settings from everywhere else.
    fn settings_of_the_user(&self) -> Result<BTreeSet<Setting>, GitError> {
        let args = ["config", "--null", "--list", "--show-scope"];
        let out = self.git_in_checkout(args).within(LIMIT).run()?;
        let text = String::from_utf8_lossy(&out);
        let mut parts = text.split('\0');
        let mut users = BTreeSet::new();
        while let (Some(scope), Some(setting)) = (parts.next(), parts.next()) {
            if !matches!(scope, "local" | "worktree") {
                users.insert(Setting::read(setting));
            }
        }
        Ok(users)
    }

    fn list(&self, from: &[&std::ffi::OsStr]) -> Result<Vec<Setting>, GitError> {
        let list = ["config", "--null", "--list"].map(std::ffi::OsStr::new);
        let args = list.iter().chain(from);
        let out = self.git_in_checkout(args).within(LIMIT).run()?;
        let text = String::from_utf8_lossy(&out);
        let settings = text.split('\0').filter(|setting| !setting.is_empty());
        Ok(settings.map(Setting::read).collect())
    }
}

/// Returns the place of an included file; `None` where it is not known, and then the setting itself counts.
fn place(included: &str, by: &Path) -> Option<PathBuf> {
    match included.strip_prefix("~/") {
        Some(inner) => Some(PathBuf::from(std::env::var_os("HOME")?).join(inner)),
        None => Some(by.parent()?.join(included)),
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn what_is_included_under_any_condition_counts() {
        let it = repository(&[("a.txt", "one\n")]);
        let git = it.repo.common_dir();
        let config = std::fs::read_to_string(git.join("config")).unwrap();
        let more = "[includeIf \"onbranch:other\"]\n\tpath = one\n[user]\n\tname = Ada\n[core]\n\taskPass = \n";
        std::fs::write(git.join("config"), config + more).unwrap();
        std::fs::write(
            git.join("one"),
            "[include]\n\tpath = ../two\n\tpath = one\n",
        )
        .unwrap();
        std::fs::write(
            it.repo.root().join("two"),
            "[CORE]\n\tSSHCOMMAND = ./evil\n[credential \"https://Host\"]\n\thelper = !a\n\thelper = cache\n\
             \thelper = b\n",
        )
        .unwrap();
        let found = it.repo.deciding_settings().unwrap();
        let found: Vec<_> = found.into_iter().collect();
        assert_eq!(
            found,
            [
                ("core.sshCommand".to_owned(), vec!["./evil".to_owned()]),
                (
                    "credential.https://Host.helper".to_owned(),
                    vec!["!a".to_owned(), "b".to_owned()]
                ),
            ]
        );
    }
}
