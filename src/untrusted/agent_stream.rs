//! The output of a coding agent: each adapter reads it, also the output of another program.

use crate::agent::read_as_every_agent;

/// What a line makes is at most so many times as long as the stream.
const MOST_TIMES: usize = 100;

/// Beside that, a reader may say so much by itself.
const MOST_BESIDE: usize = 64 * 1024;

/// Reads the stream as the output of every kind of agent, and holds what is kept against the stream's length.
pub fn agent_stream(stream: &[u8]) {
    let stream = String::from_utf8_lossy(stream);
    for kept in read_as_every_agent(&stream) {
        assert!(
            kept <= MOST_TIMES * stream.len() + MOST_BESIDE,
            "a line of a stream of {} bytes makes {kept}",
            stream.len(),
        );
    }
}
