//! The words an agent gets: the instruction, what is its own, and the rules.

use std::fmt::Write;

use super::Task;

const RULES: &str = "\
## Rules

- Reading anything is fine. Changing, renaming or deleting anything but the files above makes this part fail.
- Do not commit, push, switch branches or open pull requests; that is done for you.
- Leave no temporary files behind in the checkout.
- Keep behaviour the same except for what the change asks for. Change only what it needs.
- If one of the files needs no change, leave it as it is.
- If you can, end with two or three sentences on what you changed and what a reviewer should look at.
";

/// The prompt for a task, as Markdown.
pub(super) fn prompt(task: &Task) -> String {
    let mut text = format!(
        "# {}\n\n\
         You are working on one part of a larger change. Other parts are done elsewhere, at the same time, by others.\n\n\
         ## The change\n\n{}\n\n\
         ## Your part\n\n\
         Unit `{}`. You stand in the root of a git checkout of your own. \
         Apply the change to these files and no others:\n\n",
        task.title, task.instruction, task.unit
    );
    for file in &task.claim.files {
        push_item(&mut text, &name(file), "");
    }
    if task.claim.create.is_empty() {
        text.push_str("\nDo not create files.\n");
    } else {
        text.push_str("\nWhere the change needs new files, you may create them only here:\n\n");
        for place in &task.claim.create {
            let note = match place.as_str() {
                "./" => " (the root, and folders that no other part owns)",
                folder if folder.ends_with('/') => " (in this folder and below it)",
                _ => "",
            };
            push_item(&mut text, &name(place), note);
        }
    }
    if let Some(patch) = &task.example {
        let longest = patch.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat((longest + 1).max(3));
        let _ = write!(
            text,
            "\n## A worked example\n\nThis is what was done for another part, and it was accepted. Do the like, as far as it fits.\n\n\
             {fence}diff\n{}\n{fence}\n",
            patch.trim_end()
        );
    }
    text.push('\n');
    text.push_str(RULES);
    if let Some(follow_up) = &task.follow_up {
        let _ = write!(
            text,
            "\n## What is left to do\n\nThe change was made already, but not well enough. Go on from what stands in the checkout.\n\n{}\n",
            follow_up.text.trim_end()
        );
    }
    text
}

fn push_item(text: &mut String, item: &str, note: &str) {
    // Writing into a String cannot fail.
    let _ = writeln!(text, "- {item}{note}");
}

/// A path on one line, so that a file name cannot pass for a rule of ours.
fn name(path: &str) -> String {
    if path.chars().any(char::is_control) {
        format!("{path:?}")
    } else {
        path.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::agent::{FollowUp, Limits};
    use crate::plan::Claim;
    use crate::process::Environment;

    fn task(claim: Claim) -> Task {
        Task {
            run: "20261121-abcd".into(),
            unit: "03-src-cart".into(),
            title: "src/cart".into(),
            instruction: "from class components to functional React components".into(),
            claim,
            worktree: "/work".into(),
            folder: "/state".into(),
            environment: Environment::default(),
            limits: Limits {
                time: Duration::from_secs(1),
                idle: None,
            },
            follow_up: None,
            example: None,
        }
    }

    #[test]
    fn the_prompt_says_what_is_its_own_and_where_it_may_create() {
        let text = prompt(&task(Claim {
            files: vec!["src/cart/Cart.tsx".into(), "odd\nname".into()],
            create: vec!["src/cart/".into(), "src/new.ts".into()],
        }));
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_is_left_to_do_stands_at_the_end() {
        let mut task = task(Claim::default());
        let first = prompt(&task);
        task.follow_up = Some(FollowUp {
            session: None,
            text: "`npm test` failed\n".into(),
        });
        let second = prompt(&task);
        assert!(second.starts_with(&first) && second.ends_with("\n\n`npm test` failed\n"));
    }

    #[test]
    fn an_accepted_example_stands_in_a_fence_that_it_cannot_close() {
        let mut task = task(Claim {
            files: vec!["a".into()],
            create: Vec::new(),
        });
        task.example = Some("-old\n+```\n".into());
        let text = prompt(&task);
        assert!(text.contains("````diff\n-old\n+```\n````\n"), "{text}");
    }

    #[test]
    fn without_a_place_to_create_it_says_so() {
        let text = prompt(&task(Claim {
            files: vec!["a".into()],
            create: Vec::new(),
        }));
        assert!(text.contains("Do not create files."), "{text}");
    }
}
