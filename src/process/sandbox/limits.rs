//! How much each process of a worker may use (setrlimit(2)).

use std::io;

use nix::libc;

/// How much each process of a worker may use. Without a number, the limits of this process hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceLimits {
    /// The bytes of memory that one process may write to.
    pub memory: Option<u64>,
    /// How many processes the user may have at once. The system does not limit root.
    pub processes: Option<u64>,
    /// The size of a file in bytes.
    pub file_size: Option<u64>,
    /// How many files one process may have open.
    pub open_files: Option<u64>,
}

impl ResourceLimits {
    /// Sets the limits of this process. Called between fork and exec: allocates nothing.
    pub(super) fn apply(&self) -> io::Result<()> {
        let all = [
            (libc::RLIMIT_DATA, self.memory),
            (libc::RLIMIT_NPROC, self.processes),
            (libc::RLIMIT_FSIZE, self.file_size),
            (libc::RLIMIT_NOFILE, self.open_files),
        ];
        for (resource, limit) in all {
            if let Some(limit) = limit {
                let mut now = libc::rlimit {
                    rlim_cur: 0,
                    rlim_max: 0,
                };
                #[expect(unsafe_code, reason = "setrlimit(2), which may be called after fork")]
                // SAFETY: both calls get a valid pointer to a value on this stack.
                let set = unsafe {
                    libc::getrlimit(resource, &raw mut now);
                    let limit = limit.min(now.rlim_max);
                    now.rlim_cur = limit;
                    now.rlim_max = limit;
                    libc::setrlimit(resource, &raw const now)
                };
                if set != 0 {
                    return Err(io::Error::last_os_error());
                }
            }
        }
        Ok(())
    }
}
