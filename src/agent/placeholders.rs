//! Fills `{files}`, `{unit}` and `{instruction}` into the command of an agent.
//!
//! A list of files that is longer than the system allows for one start is divided over several starts, as xargs(1)
//! does. In a shell line, the placeholders become references to arguments and variables: no name of a file is ever read
//! as shell text.

use std::ffi::OsString;

use nix::unistd::{SysconfVar, sysconf};

use super::task::Task;

const FILES: &str = "{files}";

/// What Linux allows for a single argument (execve(2)).
const ONE_ARGUMENT: usize = 128 * 1024;
/// What is left free for the system's own use.
const RESERVE: usize = 4096;

/// Returns the arguments of each start of a program that is started directly.
pub(super) fn direct(words: &[OsString], task: &Task, environment: usize) -> Vec<Vec<OsString>> {
    let room = room(environment);
    let words: Vec<String> = words
        .iter()
        .map(|word| {
            let word = word.to_string_lossy();
            word.replace("{unit}", &task.unit)
        })
        .collect();
    if !words.iter().any(|word| word.contains(FILES)) {
        return vec![words.iter().map(|word| instructed(word, task)).collect()];
    }
    let repeated: Vec<&String> = words.iter().filter(|word| word.contains(FILES)).collect();
    let fixed = words
        .iter()
        .filter(|word| !word.contains(FILES))
        .map(|word| cost(instructed(word, task).len()))
        .sum();
    let size = |file: &String| {
        let sizes = repeated.iter().map(|word| cost(word.len() + file.len()));
        sizes.sum()
    };
    groups(&task.claim.files, room.saturating_sub(fixed), size)
        .into_iter()
        .map(|files| {
            let mut args = Vec::new();
            for word in &words {
                if word.contains(FILES) {
                    // A word around the placeholder, such as `--file={files}`, is repeated for each file.
                    args.extend(files.iter().map(|file| word.replace(FILES, file).into()));
                } else {
                    args.push(instructed(word, task));
                }
            }
            args
        })
        .collect()
}

/// Returns the arguments of each start of a shell for this line: the line with references in place of placeholders,
/// a name for the shell, and the files.
pub(crate) fn fill_shell_line(
    line: &str,
    files: &[String],
    environment: usize,
) -> Vec<Vec<OsString>> {
    let line = referring(line);
    if line.contains("\"$@\"") {
        let room = room(environment).saturating_sub(cost(line.len()));
        groups(files, room, |file| cost(file.len()))
            .into_iter()
            .map(|files| {
                let mut args: Vec<OsString> = vec![(&*line).into(), "sh".into()];
                args.extend(files.iter().map(OsString::from));
                args
            })
            .collect()
    } else {
        vec![vec![line.into()]]
    }
}

/// Puts references in place of the placeholders of a shell line. `${files}` is a variable of the line.
fn referring(line: &str) -> String {
    let references = [
        (FILES, "\"$@\""),
        ("{unit}", "\"$BATCH_UNIT\""),
        ("{instruction}", "\"$BATCH_INSTRUCTION\""),
    ];
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = references
            .iter()
            .find(|(placeholder, _)| rest.starts_with(placeholder))
            .filter(|_| !out.ends_with('$'));
        let (written, reference) = known.unwrap_or(&("{", "{"));
        out.push_str(reference);
        rest = &rest[written.len()..];
    }
    out.push_str(rest);
    out
}

fn instructed(word: &str, task: &Task) -> OsString {
    word.replace("{instruction}", &task.instruction).into()
}

/// Divides the files so that each group fits into `room`; a file that does not fit stands alone. There is at least one
/// group.
fn groups(files: &[String], room: usize, size: impl Fn(&String) -> usize) -> Vec<&[String]> {
    let mut groups = Vec::new();
    let (mut start, mut used) = (0, 0);
    for (index, file) in files.iter().enumerate() {
        let size = size(file);
        if index > start && used + size > room {
            groups.push(&files[start..index]);
            (start, used) = (index, 0);
        }
        used += size;
    }
    groups.push(&files[start..]);
    groups
}

/// What an argument of this length takes of the room: its bytes, a NUL byte and a pointer.
fn cost(length: usize) -> usize {
    length + 1 + size_of::<usize>()
}

/// Returns how many bytes the arguments of one program may take beside its environment.
fn room(environment: usize) -> usize {
    let all = sysconf(SysconfVar::ARG_MAX).ok().flatten();
    let all = all.and_then(|all| usize::try_from(all).ok());
    all.unwrap_or(ONE_ARGUMENT)
        .saturating_sub(environment + RESERVE)
        .max(RESERVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shell_lines_refer_to_files_and_variables() {
        let line = r"fix {files} --for {unit} -m {instruction}; echo ${files} {other} $x{";
        assert_eq!(
            referring(line),
            r#"fix "$@" --for "$BATCH_UNIT" -m "$BATCH_INSTRUCTION"; echo ${files} {other} $x{"#
        );
    }

    #[test]
    fn a_long_list_is_divided() {
        let files: Vec<String> = ["aa", "bb", "cc", "ddddddd", "e"].map(str::to_owned).into();
        let sizes = |room| -> Vec<usize> {
            let groups = groups(&files, room, String::len);
            groups.iter().map(|group| group.len()).collect()
        };
        assert_eq!(sizes(4), [2, 1, 1, 1]);
        assert_eq!(sizes(100), [5]);
        assert_eq!(groups(&[], 1, String::len).len(), 1);
    }
}
