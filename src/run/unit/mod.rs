//! The pipeline of one unit, one file a step. Every step uses the context, and only `pipeline` and the loops over
//! attempts and candidates know other steps.

pub(crate) mod agent;
pub(crate) mod attempts;
pub(crate) mod base_checks;
pub(crate) mod bench;
pub(crate) mod candidates;
pub(crate) mod carry;
pub(crate) mod changed_file;
pub(crate) mod checkout;
pub(crate) mod checks;
pub(crate) mod commit;
pub(crate) mod content;
pub(crate) mod context;
pub(crate) mod defer;
pub(crate) mod finish;
pub(crate) mod follow_up;
pub(crate) mod forms;
pub(crate) mod found_work;
pub(crate) mod lost_tests;
pub(crate) mod monitor;
pub(crate) mod pipeline;
pub(crate) mod pre_push;
pub(crate) mod publish;
pub(crate) mod publish_permit;
pub(crate) mod regenerate;
pub(crate) mod scope;
mod tidy;
pub(crate) mod too_much;
pub(crate) mod turn;
pub(crate) mod unchanged_git;
pub(crate) mod whole_work;
pub(crate) mod work;
