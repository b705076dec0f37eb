//! All tests of the program from outside, in one binary, so that a change links once.
//!
//! Every test has a repository of its own and runs the program as a process of its own; none may change the environment
//! or the current folder of the test process.

mod afterwards;
mod agents;
mod architecture;
mod baseline;
mod canary;
mod claims;
mod claims_again;
mod claims_killed;
mod claims_planned;
mod clean;
mod codemod;
mod coding_agents;
mod content;
mod contract;
mod drift;
mod enough;
mod feedback;
mod fix;
mod gh;
mod github;
mod governor;
mod graph;
mod journal;
mod kinds;
mod limits;
mod lost_tests;
mod many;
mod messages;
mod migrate;
mod moved;
mod names;
mod once;
mod opening;
mod owners;
mod places;
mod planner;
mod prs;
mod publish;
mod refusals;
mod regenerate;
mod resume;
mod retry;
mod revert;
mod rivals;
mod robust;
mod running;
#[path = "../security/mod.rs"]
mod security;
mod server;
mod shares;
mod siblings;
mod split;
mod stack;
mod stored_forms;
mod support;
mod terminal;
mod tidy;
mod unfinished;
mod unreadable;
mod until;
mod verify;
mod words;
mod worktrees;
