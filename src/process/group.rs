//! The process group of a child: the child and all its descendants that did not leave the group on purpose. Ending the
//! group instead of the child alone keeps test servers and watchers from outliving their unit.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use super::sandbox::Starter;

/// The process group led by one child. Kills its members when dropped, unless it was released.
#[derive(Debug)]
pub(super) struct ProcessGroup {
    leader: Option<Pid>,
    starter: Starter,
}

impl ProcessGroup {
    /// Returns the group of the child with the process id `id`, which was started in a session of its own.
    pub(super) fn led_by(id: Option<u32>, starter: Starter) -> Self {
        Self {
            starter,
            leader: id.and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw),
        }
    }

    /// Asks every member to end. A wrapper is not asked: with its end everything in its sandbox is killed.
    pub(super) fn terminate(&self) {
        let wrapped = match (self.starter, self.leader) {
            (Starter::Wrapper, Some(leader)) => descendants(leader),
            _ => Vec::new(),
        };
        if wrapped.is_empty() {
            self.signal(Signal::SIGTERM);
        }
        for process in wrapped {
            let _ = kill(process, Signal::SIGTERM);
        }
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

/// Lists the descendants of a process (proc(5), `/proc/PID/task/TID/children`).
fn descendants(process: Pid) -> Vec<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_ascii_whitespace();
    let children = children.filter_map(|child| child.parse().ok().map(Pid::from_raw));
    children
        .flat_map(|child| std::iter::once(child).chain(descendants(child)))
        .collect()
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
