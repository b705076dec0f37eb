//! Tells whether the user's checkout differs from its commit, without starting a program that the repository names.
//!
//! Git compares a file by what its filter makes of it. A filter of the user's own settings may work; one that stands in
//! the repository's configuration, which somebody else may have written, may not.

use std::time::Duration;

use super::error::GitError;
use super::repo::Repo;

/// The settings of filters that start programs, or insist on them.
const FILTERS: &str = r"^filter\..*\.(clean|smudge|process|required)$";

/// A named pipe in place of a file of attributes would hold git for ever.
const LIMIT: Duration = Duration::from_mins(2);

impl Repo {
    /// Checks whether tracked files of the user's checkout differ from its commit.
    pub(crate) fn has_uncommitted_changes(&self) -> Result<bool, GitError> {
        let settings = self.filters_without_the_repositorys()?;
        let settings = settings.iter().flat_map(|it| ["-c", it]);
        let status = ["status", "--porcelain", "-uno", "--ignore-submodules"];
        let out = self
            .git_in_checkout(settings.chain(status))
            // Without it git also refreshes the user's index (git-status(1), "Background refresh").
            .env("GIT_OPTIONAL_LOCKS", "0")
            // A missing object would be fetched by what the repository's configuration names.
            .env("GIT_NO_LAZY_FETCH", "1")
            .within(LIMIT)
            .run()?;
        Ok(!out.is_empty())
    }

    /// Returns settings that put the user's own filters, or none, in the place of the repository's.
    fn filters_without_the_repositorys(&self) -> Result<Vec<String>, GitError> {
        let list = ["config", "--null", "--show-scope", "--get-regexp", FILTERS];
        let out = match self.git_in_checkout(list).run() {
            Ok(out) => out,
            // Git ends with 1 where there is none (git-config(1)).
            Err(GitError::Program { .. }) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let text = String::from_utf8_lossy(&out);
        let mut parts = text.split('\0');
        let mut found: Vec<(&str, &str, &str)> = Vec::new();
        while let (Some(scope), Some(setting)) = (parts.next(), parts.next()) {
            let (name, value) = setting.split_once('\n').unwrap_or((setting, "true"));
            found.push((scope, name, value));
        }
        let is_theirs = |scope: &str| matches!(scope, "local" | "worktree");
        Ok(found
            .iter()
            .filter(|(scope, ..)| is_theirs(scope))
            .map(|(_, name, _)| {
                let mut own = found.iter().rev();
                let own = own.find(|(scope, known, _)| !is_theirs(scope) && known == name);
                let none = if name.ends_with(".required") {
                    "false"
                } else {
                    ""
                };
                format!("{name}={}", own.map_or(none, |(_, _, value)| value))
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::git::fixture::repository;

    #[test]
    fn a_filter_of_the_repository_does_not_run() {
        let it = repository(&[("a.txt", "one\n"), (".gitattributes", "* filter=evil\n")]);
        let mark = it.beside("mark");
        let line = format!("touch {}; cat", mark.display());
        let config = git2::Repository::open(it.repo.root()).unwrap();
        let mut config = config
            .config()
            .unwrap()
            .open_level(git2::ConfigLevel::Local)
            .unwrap();
        config.set_str("filter.evil.clean", &line).unwrap();
        config.set_str("filter.evil.required", "true").unwrap();
        assert!(!it.repo.has_uncommitted_changes().unwrap());
        std::fs::write(it.repo.root().join("a.txt"), "two\n").unwrap();
        assert!(it.repo.has_uncommitted_changes().unwrap());
        assert!(!mark.exists());
    }
}
