//! The part of a push in which the user's pre-push hook judges what is pushed. The hook runs like a check: in the
//! unit's checkout, and without the token.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

use crate::git::{CommitId, PlannedPush};
use crate::process::{self, Command, Ending};
use crate::run::log::outcome::Step;
use crate::run::unit::context::{Failure, Halt, UnitContext, failure};
use crate::run::workspace::checkout::Checkout;
use crate::words;

/// Git LFS does not push its files from a hook with this variable: batch pushes them, with the user's credentials.
const LFS_SKIP_PUSH: (&str, &str) = ("GIT_LFS_SKIP_PUSH", "1");

const REFUSED: &str = "the pre-push hook of this repository refused the push";
const WAY_PAST: &str = "run batch publish --no-verify to push without the hook";

/// Runs the hook, where the repository has one and the settings do not turn it off.
pub(crate) async fn pre_push(unit: &UnitContext, push: &PlannedPush) -> Result<(), Halt> {
    let step = Step::Push;
    if unit.job.spec.settings.publish.pre_push == Some(false) {
        return Ok(());
    }
    let path = unit.checkout.path().to_path_buf();
    let remote = push.remote.clone();
    let found = unit
        .git(step, move |job| {
            let repo = &job.workspace.repo;
            let hook = repo.pre_push_hook(&path)?.map(|hook| {
                let interpreted = names_interpreter(&hook);
                (hook, interpreted)
            });
            Ok((hook, repo.pre_push_address(&remote)?))
        })
        .await?;
    let (Some((hook, names_interpreter)), address) = found else {
        return Ok(());
    };
    unit.begin(step, Some("pre-push hook".to_owned())).await?;
    let folder = unit.folder();
    let log = folder.join("pre-push.log");
    let input = folder.join("pre-push.input");
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&input, push.line()))
        .map_err(|error| {
            let input = input.display();
            failure(step, format!("{input} cannot be written: {error}"))
        })?;
    let (checkout, is_own) = checkout(unit, &push.commit).await?;
    let mut environment = unit.job.environment(&checkout, unit.number);
    environment.set(LFS_SKIP_PUSH.0, LFS_SKIP_PUSH.1);
    let hook_folder = hook.parent().unwrap_or(&hook).to_path_buf();
    let mut words: Vec<OsString> = vec![hook.into(), push.remote.clone().into(), address.into()];
    if !names_interpreter {
        words.insert(0, "sh".into());
    }
    let command = Command {
        program: words.remove(0),
        args: words,
        dir: checkout.path().to_path_buf(),
        env: environment,
        sandbox: checkout.sandbox_of_checks().showing(&hook_folder),
        input: Some(input),
        limit: Some(unit.job.spec.check_limit()),
        idle: None,
        log: log.clone(),
    };
    let ran = process::run(&command, &unit.cancel).await;
    unit.git(step, move |_| {
        checkout.end_processes();
        if !is_own {
            checkout.remove()?;
        }
        Ok(())
    })
    .await?;
    let ran = ran.map_err(|error| failure(step, words::chain(&error)))?;
    match ran.ending {
        Ending::Cancelled => Err(Halt::Stopped),
        ending if ending.is_success() => Ok(()),
        ending => Err(Halt::Failed(Failure {
            tail: Some(ran.tail),
            log: Some(log),
            ..Failure::new(step, format!("{REFUSED}: {ending}\n{WAY_PAST}"))
        })),
    }
}

/// Checks whether the system can start the hook by itself. Git starts any other text with a shell.
fn names_interpreter(hook: &Path) -> bool {
    let mut beginning = [0; 2];
    let read = std::fs::File::open(hook).and_then(|mut file| file.read_exact(&mut beginning));
    read.is_err() || beginning == *b"#!" || beginning == [0x7f, b'E'] || !beginning.is_ascii()
}

/// Returns the checkout for the hook, ready for it: the unit's own, or another one of the commit where the unit's own
/// is gone. Also returns whether it is the unit's own.
async fn checkout(unit: &UnitContext, commit: &CommitId) -> Result<(Checkout, bool), Halt> {
    let (own, commit) = (unit.checkout.clone(), commit.clone());
    let id = unit.unit().id.clone();
    unit.git(Step::Push, move |job| {
        let is_own = own.exists();
        let checkout = if is_own {
            own.reopen(&commit)?;
            own
        } else {
            let other = Checkout::for_hook(&job.workspace, &id);
            other.remove()?;
            other.make(&commit)?;
            other
        };
        checkout.make_temp_dir()?;
        Ok((checkout, is_own))
    })
    .await
}
