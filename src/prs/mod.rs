//! The pull requests of a run once they are open: how they stand, and what is done with them.
//!
//! A [`Desk`] is a run with the place where its pull requests are. What is to be known of them comes from the forge, which
//! people have gone on with, and for pull requests that are pages in this repository, from the repository and the run
//! themselves. Knows nothing of terminals.

mod desk;
mod fix;
mod merge;
mod revert;
mod round;
mod sync;
mod track;

pub use desk::{Desk, Home, Row};
pub use fix::Outside;
pub use merge::Merging;
pub use revert::Reverting;
pub use round::{Earnest, Outcome, Round, Told};
pub use track::TrackError;
