//! The process group of a child: the child and all its descendants that did not leave the group on purpose. Ending the
//! group instead of the child alone keeps test servers and watchers from outliving their unit.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The process group led by one child. Kills its members when dropped, unless it was released.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    leader: Option<Pid>,
}

impl ProcessGroup {
    /// Returns the group of the child with the process id `id`, which was started in a session of its own.
    pub(super) fn led_by(id: Option<u32>) -> Self {
        Self {
            leader: id.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw),
        }
    }

    /// Asks every member to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Kills every member, and releases the group, because another group may soon have its id.
    pub(super) fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.release();
    }

    /// Gives up the group: its members are not killed on drop.
    pub(super) fn release(&mut self) {
        self.leader = None;
    }

    fn signal(&self, signal: Signal) {
        if let Some(leader) = self.leader {
            // The only usual error is ESRCH: all members have ended.
            let _ = killpg(leader, signal);
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
