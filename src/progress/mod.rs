//! (room: progress)
