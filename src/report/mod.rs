//! (room: report)
