//! Output of which nobody checks each line: the first fault is told on standard error, once.

use std::io::{self, ErrorKind, Write};

pub(super) struct Telling<W> {
    out: W,
    has_told: bool,
}

impl<W: Write> Telling<W> {
    pub(super) fn of(out: W) -> Self {
        Self {
            out,
            has_told: false,
        }
    }

    fn tell<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done
            // A reader that is gone is no fault.
            && error.kind() != ErrorKind::BrokenPipe
            && !std::mem::replace(&mut self.has_told, true)
        {
            let _ = writeln!(
                io::stderr(),
                "warning: the output cannot be written: {error}"
            );
        }
        done
    }
}

impl<W: Write> Write for Telling<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = self.out.write(bytes);
        self.tell(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.tell(done)
    }
}
