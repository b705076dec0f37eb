//! Finds checks that test the user's own checkout: a virtual environment of Python into which the project was installed
//! as editable imports the files of the checkout from which that was done, wherever the check runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::Check;
use crate::config::CommandLine;
use crate::process::{Environment, find_program};

/// The file that marks the root of a virtual environment (PEP 405).
const MARK: &str = "pyvenv.cfg";

/// Larger files name no folder that is imported.
const SIZE_LIMIT: u64 = 1024 * 1024;

/// Says which files of the checkout `root` the check imports instead of the files in its own worktree; `None` where it
/// imports none.
pub(crate) fn tests_checkout(check: &Check, root: &Path, env: &Environment) -> Option<String> {
    let dir = check.folder(root);
    let root = root.to_str()?;
    let (venv, named) = programs(check)
        .iter()
        .filter_map(|program| find_program(program, &dir, env.get("PATH")))
        .filter_map(|program| Some(program.parent()?.parent()?.to_path_buf()))
        .filter(|venv| venv.join(MARK).is_file())
        .find_map(|venv| Some((venv.clone(), imported(&venv, root)?)))?;
    let (name, venv) = (&check.name, venv.display());
    Some(format!(
        "'{name}' imports {named} of your checkout, because the project is installed in {venv} as editable: the check \
         would not test the unit's own files; have [worktrees] setup make an environment in each worktree"
    ))
}

/// Returns the words of a check that may be programs.
fn programs(check: &Check) -> Vec<String> {
    match &check.command {
        CommandLine::Shell(line) => shlex::split(line).unwrap_or_default(),
        CommandLine::Direct(words) => words.first().cloned().into_iter().collect(),
    }
}

/// Returns the folder below `root` that the environment imports.
fn imported(venv: &Path, root: &str) -> Option<String> {
    let libraries = entries(&venv.join("lib"))
        .into_iter()
        .map(|python| python.join("site-packages"));
    let files = libraries.flat_map(|packages| entries(&packages));
    // A plain path file, or the finder of newer installers (PEP 660).
    let may_name = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(".pth") || name.starts_with("__editable__") && name.ends_with(".py")
    };
    files.filter(may_name).find_map(|path| {
        let size = path.metadata().ok()?.len();
        let text = (size <= SIZE_LIMIT).then(|| fs::read_to_string(&path).ok())??;
        text.split(root).skip(1).find_map(below)
    })
}

/// Returns the folder that a path leads to, of which `rest` follows the root.
fn below(rest: &str) -> Option<String> {
    let end = rest.find(['\'', '"', '\n', '\r']).unwrap_or(rest.len());
    match rest[..end].strip_prefix('/') {
        Some(folder) if !folder.is_empty() => Some(folder.to_owned()),
        _ if end == 0 || &rest[..end] == "/" => Some("the root".to_owned()),
        // Another folder, whose name begins in the same way.
        _ => None,
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn venv_with(file: &str, text: &str) -> Option<String> {
        let dir = tempfile::tempdir().expect("a folder");
        let (root, venv) = (dir.path().join("shop"), dir.path().join("venv"));
        let packages = venv.join("lib/python3.13/site-packages");
        for folder in [&root, &packages, &venv.join("bin")] {
            fs::create_dir_all(folder).expect("a folder");
        }
        fs::write(venv.join(MARK), "").expect("the mark");
        let python = venv.join("bin/python");
        fs::write(&python, "").expect("python");
        fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).expect("executable");
        let root = root.to_str().expect("UTF-8");
        fs::write(packages.join(file), text.replace("ROOT", root)).expect("a file");
        let line = format!("cd . && {} -m pytest", python.display());
        let check = Check::given(&line, "--check");
        let said = tests_checkout(&check, Path::new(root), &Environment::default())?;
        Some(said.split(", because").next()?.replace(&line, "CHECK"))
    }

    #[test]
    fn an_editable_install_of_the_checkout_is_found() {
        let src = Some("'CHECK' imports src of your checkout".to_owned());
        assert_eq!(venv_with("p.pth", "ROOT/src\n"), src);
        let finder = "MAPPING = {'shop': 'ROOT/src'}";
        assert_eq!(venv_with("__editable___shop_finder.py", finder), src);
        let root = Some("'CHECK' imports the root of your checkout".to_owned());
        assert_eq!(venv_with("p.pth", "ROOT\n"), root);
        assert_eq!(venv_with("p.pth", "ROOT-other/src\n"), None);
        assert_eq!(venv_with("p.pth", "ROOT-other/src\nROOT/src\n"), src);
        let finder = "MAPPING = {'x': 'ROOT-other', 'shop': 'ROOT/src'}";
        assert_eq!(venv_with("__editable___shop_finder.py", finder), src);
        assert_eq!(venv_with("other.py", "ROOT/src"), None);
    }
}
