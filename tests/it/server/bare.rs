//! The bare repository behind the server, asked by git itself.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;

pub struct Bare {
    dir: PathBuf,
}

impl Bare {
    pub fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// Where its fork is.
    pub fn fork_dir(&self) -> PathBuf {
        self.dir.with_file_name("fork.git")
    }

    /// Makes a fork beside the place where it will be, and gives that. Its objects are those of the repository too, as
    /// on GitHub.
    pub fn fork(&self) -> PathBuf {
        let soon = self.dir.with_file_name("fork.git.soon");
        let (from, to) = (self.dir.to_string_lossy(), soon.to_string_lossy());
        self.try_git(&["clone", "--quiet", "--bare", &from, &to])
            .expect("a fork");
        let objects = self.fork_dir().join("objects");
        let alternates = self.dir.join("objects/info/alternates");
        std::fs::write(alternates, format!("{}\n", objects.display())).expect("alternates");
        soon
    }

    /// The branches of the fork; none while it is not there.
    pub fn fork_branches(&self) -> HashMap<String, String> {
        let fork = Self::new(self.fork_dir());
        if fork.dir.exists() {
            fork.branches()
        } else {
            HashMap::new()
        }
    }

    fn try_git(&self, args: &[&str]) -> Option<String> {
        let out = self.git(args).output().expect("git starts");
        let text = String::from_utf8_lossy(&out.stdout).trim().to_owned();
        out.status.success().then_some(text)
    }

    fn git(&self, args: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("--git-dir")
            .arg(&self.dir)
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("TZ", "UTC")
            .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "GitHub")))
            .envs(
                ["AUTHOR", "COMMITTER"]
                    .map(|who| (format!("GIT_{who}_EMAIL"), "noreply@github.com")),
            );
        git
    }

    /// All branches, and where they stand.
    pub fn branches(&self) -> HashMap<String, String> {
        let format = "--format=%(refname:lstrip=2) %(objectname)";
        let listed = self.try_git(&["for-each-ref", format, "refs/heads/"]);
        let listed = listed.expect("the branches");
        let pairs = listed.lines().filter_map(|line| line.split_once(' '));
        pairs
            .map(|(name, id)| (name.to_owned(), id.to_owned()))
            .collect()
    }

    /// How many commits `to` has that `from` has not.
    pub fn count(&self, from: &str, to: &str) -> u64 {
        let count = self.try_git(&["rev-list", "--count", &format!("{from}..{to}")]);
        count.and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// The commits that `to` has and `from` has not, the oldest first.
    pub fn commits(&self, from: &str, to: &str) -> Vec<String> {
        let span = format!("{from}..{to}");
        let listed = self.try_git(&["rev-list", "--reverse", "--topo-order", &span]);
        listed
            .unwrap_or_default()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    /// Author, address, date, parents and words of a commit.
    pub fn told(&self, commit: &str) -> [String; 5] {
        let date = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
        let format = "--format=%an%x01%ae%x01%ad%x01%P%x01%B";
        let told = self.try_git(&["show", "--no-patch", date, format, commit]);
        let told = told.expect("a commit");
        let mut parts = told.splitn(5, '\x01').map(str::to_owned);
        std::array::from_fn(|_| parts.next().unwrap_or_default())
    }

    /// Brings the branch to the same changes, one after another, on top of where it stands.
    pub fn rebase(&self, branch: &str, commits: &[String]) -> Option<String> {
        let name = format!("refs/heads/{branch}");
        let mut tip = self.try_git(&["rev-parse", &name])?;
        for commit in commits {
            let base = format!("--merge-base={commit}^");
            let tree = self.try_git(&["merge-tree", "--write-tree", &base, &tip, commit])?;
            let [author, email, date, _, words] = self.told(commit);
            let out = self
                .git(&["commit-tree", &tree, "-p", &tip, "-m", &words])
                .env("GIT_AUTHOR_NAME", author)
                .env("GIT_AUTHOR_EMAIL", email)
                .env("GIT_AUTHOR_DATE", date)
                .output();
            let out = out.expect("git starts").stdout;
            String::from_utf8_lossy(&out).trim().clone_into(&mut tip);
        }
        self.try_git(&["update-ref", &name, &tip])?;
        Some(tip)
    }

    pub fn merge_base(&self, one: &str, other: &str) -> Option<String> {
        self.try_git(&["merge-base", one, other])
    }

    /// The tree of both together; nothing where they conflict.
    pub fn merged_tree(&self, ours: &str, theirs: &str) -> Option<String> {
        self.try_git(&["merge-tree", "--write-tree", ours, theirs])
    }

    /// Brings the branch to a new commit of this tree.
    pub fn commit(&self, branch: &str, tree: &str, parents: &[&str], message: &str) -> String {
        let mut args = vec!["commit-tree", tree, "-m", message];
        for parent in parents {
            args.extend(["-p", parent]);
        }
        let made = self.try_git(&args).expect("a commit");
        let name = format!("refs/heads/{branch}");
        self.try_git(&["update-ref", &name, &made]).expect("moved");
        made
    }
}
