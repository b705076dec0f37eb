//! The run on disk: places, environments, checkouts, and what is left of them.

pub(crate) mod agent_settings;
pub(crate) mod checkout;
pub(crate) mod credentials;
pub(crate) mod disk_space;
pub(crate) mod environment;
pub(crate) mod git_settings;
pub(crate) mod isolation;
pub(crate) mod leftover;
pub(crate) mod machine;
pub(crate) mod naming;
pub(crate) mod own_home;
pub(crate) mod own_place;
pub(crate) mod places;
pub(crate) mod process_tags;
pub(crate) mod regeneration;
pub(crate) mod trash;
pub(crate) mod user_checkout;
pub(crate) mod user_git;
pub(crate) mod worker_folders;
#[allow(
    clippy::module_inception,
    reason = "the workspace is the room's subject"
)]
pub(crate) mod workspace;
