//! Puts the form of files back as it was, where it is not what the unit changes: line ends, byte-order marks, final
//! newlines and executable bits.

use crate::check::{FormPair, FormedFile, RestoredForm, restored_forms};
use crate::git::{ContentPair, FileContent};
use crate::run::log::outcome::Step;
use crate::run::log::unit_fact::UnitFact;
use crate::run::unit::context::{Halt, UnitContext};
use crate::run::unit::work::Work;

/// Puts the form of files back, in the work and in the checkout.
pub(crate) async fn restore_forms(unit: &UnitContext, work: Work) -> Result<Work, Halt> {
    if unit.job.spec.plan.existing_work().is_some() {
        // It is published as it is.
        return Ok(work);
    }
    let (before, after) = (work.before.clone(), work.tree.clone());
    let instruction = unit.instruction();
    // The form that a formatter of the settings gives a file is the form that is wanted.
    let tidied = unit.state().attempt.tidied.unwrap_or_default().files;
    let all = work.changes.list.len();
    let restored = unit
        .git(Step::Scope, move |job| {
            let repo = &job.workspace.repo;
            let pairs = repo.changed_contents(&before, &after)?;
            let pairs: Vec<FormPair> = pairs.into_iter().filter_map(form_pair).collect();
            let is_tidied = |pair: &FormPair| tidied.contains(&pair.path);
            let pairs: Vec<FormPair> = pairs.into_iter().filter(|it| !is_tidied(it)).collect();
            let restored = restored_forms(&pairs, pairs.len() < all, &instruction);
            if restored.is_empty() {
                return Ok(None);
            }
            let (files, contents): (Vec<_>, Vec<_>) = restored.into_iter().unzip();
            let contents = contents.into_iter().map(|file| FileContent {
                bytes: file.bytes,
                is_executable: file.is_executable,
            });
            let paths = files.iter().map(|file: &RestoredForm| file.path.clone());
            let contents: Vec<(String, FileContent)> = paths.zip(contents).collect();
            Ok(Some((repo.with_contents(&after, &contents)?, files)))
        })
        .await?;
    let Some((tree, files)) = restored else {
        return Ok(work);
    };
    // Once it is put back, nobody can tell what the agent made of it.
    unit.say(UnitFact::FormsRestored { files }).await?;
    let (checkout, own) = (unit.checkout.clone(), tree.clone());
    // The checks judge what is published.
    unit.git(Step::Scope, move |_| checkout.put_back(&own))
        .await?;
    Work::of(unit, work.before, tree).await
}

/// Returns a file that both sides have, and whose name can be given back to git.
fn form_pair(pair: ContentPair) -> Option<FormPair> {
    let formed = |content: FileContent| FormedFile {
        bytes: content.bytes,
        is_executable: content.is_executable,
    };
    Some(FormPair {
        path: String::from_utf8(pair.path).ok()?,
        before: formed(pair.before?),
        after: formed(pair.after?),
    })
}
