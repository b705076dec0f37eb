//! (room: forge)
