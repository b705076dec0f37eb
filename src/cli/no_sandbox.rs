//! What happens where no sandbox works: a person at a terminal may go on without one, and nobody else does.

use console::Term;

use super::flags::Consent;
use super::output::can_ask;
use super::review::{self, RestoreTerminal};
use super::workspace::Workspace;
use crate::config::SandboxChoice;
use crate::process::sandbox::NoSandbox;
use crate::run::PrepareError;

/// Does the work; where no sandbox works, asks the person whether to do it without one.
pub(super) fn or_without<T>(
    workspace: &mut Workspace,
    consent: Consent,
    work: impl Fn(&mut Workspace) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    match work(workspace) {
        Err(error) if accepts(&error, consent)? => {
            workspace.config.sandbox.kind = Some(SandboxChoice::Off);
            work(workspace)
        }
        done => done,
    }
}

/// Checks whether the error is that no sandbox works, and the person goes on all the same.
pub(super) fn accepts(error: &anyhow::Error, consent: Consent) -> anyhow::Result<bool> {
    let Some(PrepareError::Sandbox(NoSandbox::None { why })) = error.downcast_ref() else {
        return Ok(false);
    };
    if consent == Consent::Given || !can_ask() {
        return Ok(false);
    }
    let _terminal = RestoreTerminal::later();
    let what = format!(
        "No sandbox works on this machine ({why}), so agents, checks and setup commands could read and change \
         everything that you can. Installing bubblewrap gives you one."
    );
    review::ask_go_on(&what, &Term::stderr())
}
