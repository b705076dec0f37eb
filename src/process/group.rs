//! A child's process group: all that it started and that did not leave on purpose. Ending the group, not only the
//! child, is what keeps test servers and watchers from outliving their unit.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The group led by one child. Dropped while it may still have members, it kills them.
#[derive(Debug)]
pub(super) struct Group {
    leader: Option<Pid>,
}

impl Group {
    /// The group of a child that was started with `process_group(0)`; `id` is the child's process id.
    pub(super) fn led_by(id: Option<u32>) -> Self {
        Self {
            leader: id.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw),
        }
    }

    /// Ask every member to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// End every member now. After this the guard is off, for the number may soon belong to someone else.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.release();
    }

    /// Leave the members alone from now on.
    pub(super) fn release(&mut self) {
        self.leader = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The one usual error is ESRCH: all members ended already.
            let _ = killpg(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
