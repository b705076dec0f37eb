//! Runs a check on the untouched base, in a checkout that is prepared like the units' checkouts and made when the first
//! check needs it.

use crate::check::{self, Check};
use crate::git::{GitError, TreeId};
use crate::process::{Ending, Environment};
use crate::run::log::check_result::BaseCheck;
use crate::run::log::outcome::Step;
use crate::run::log::run_fact::RunFact;
use crate::run::unit::bench::Bench;
use crate::run::unit::context::{Halt, failure, milliseconds};
use crate::run::workspace::checkout::Checkout;
use crate::words;

/// Returns the result of the check on the base. The check runs now, unless its result is known or another unit runs it.
pub(crate) async fn check_on_base(bench: &Bench, check: &Check) -> Result<BaseCheck, Halt> {
    let unknown = || {
        failure(
            Step::Check,
            format!("{} is no check of this run", check.name),
        )
    };
    let result = bench.base_checks.result(check).ok_or_else(unknown)?;
    result
        .get_or_try_init(|| run_check(bench, check))
        .await
        .cloned()
}

async fn run_check(bench: &Bench, check: &Check) -> Result<BaseCheck, Halt> {
    let job = &bench.job;
    let checkout = job.base_checkout();
    let mut prepared = bench.base_checks.prepared.lock().await;
    if !is_untouched(bench, &checkout, prepared.take()).await? {
        make_checkout(bench, &checkout).await?;
    }
    *prepared = Some(snapshot(bench, &checkout).await?);
    let number = bench.base_checks.number(check);
    let log = checkout.folder().join(format!("check-{number}.log"));
    let place = checkout.clone();
    bench
        .git(Step::Checkout, move |_| {
            place.lead_to_private()?;
            place.make_temp_dir()
        })
        .await?;
    let ran = check::run(
        check,
        checkout.path(),
        (environment(bench, &checkout), checkout.sandbox_of_checks()),
        job.spec.check_limit(),
        log.clone(),
        &bench.cancel,
    )
    .await;
    release(bench, &checkout).await?;
    let ran = ran.map_err(|error| failure(Step::Check, words::chain(&error)))?;
    if ran.ending == Ending::Cancelled {
        return Err(Halt::Stopped);
    }
    let found = BaseCheck {
        name: check.name.clone(),
        dir: check.dir.clone(),
        ending: ran.ending,
        tests: ran.tests.into_iter().collect(),
        places: ran.places.into_iter().collect(),
        counts: ran.counts,
        took_ms: milliseconds(ran.took),
        log,
    };
    bench.say(RunFact::BaseChecked(found.clone())).await?;
    Ok(found)
}

/// Checks whether the checkout still has the content that it had before the first check. An earlier check may have
/// changed it, and so may every worker of a unit: a check that fails for that would make a new failure an old one.
async fn is_untouched(
    bench: &Bench,
    checkout: &Checkout,
    prepared: Option<TreeId>,
) -> Result<bool, Halt> {
    let Some(prepared) = prepared else {
        return Ok(false);
    };
    let checkout = checkout.clone();
    // A checkout that cannot be read is made again.
    let now = bench.git_result(move |_| checkout.snapshot()).await?;
    Ok(now.is_ok_and(|now| now == prepared))
}

async fn snapshot(bench: &Bench, checkout: &Checkout) -> Result<TreeId, Halt> {
    let checkout = checkout.clone();
    bench.git(Step::Check, move |_| checkout.snapshot()).await
}

/// Returns what the processes see that work on the base.
pub(crate) fn environment(bench: &Bench, checkout: &Checkout) -> Environment {
    let job = &bench.job;
    job.environment(checkout, job.units.len())
}

pub(crate) async fn release(bench: &Bench, checkout: &Checkout) -> Result<(), Halt> {
    let checkout = checkout.clone();
    bench
        .git(Step::Check, move |_| {
            checkout.release();
            Ok(())
        })
        .await
}

/// Makes a checkout with the content of the base, and sets it up. A checkout of an earlier process is removed: nobody
/// knows how far it got.
pub(crate) async fn make_checkout(bench: &Bench, checkout: &Checkout) -> Result<(), Halt> {
    let step = Step::Check;
    let job = &bench.job;
    let (place, folder) = (checkout.clone(), checkout.folder());
    bench
        .git(step, move |_| {
            take_away(&place)?;
            std::fs::create_dir_all(&folder).map_err(|source| GitError::Io {
                what: "cannot make",
                path: folder.clone(),
                source,
            })
        })
        .await?;
    if let Err(error) = job.found.disk_space.check_one() {
        return Err(failure(step, error.to_string()));
    }
    let place = checkout.clone();
    bench
        .git(step, move |job| {
            place.make(&job.base())?;
            place.bring(&job.found.included)
        })
        .await?;
    let Some(setup) = job.spec.setup() else {
        return Ok(());
    };
    let place = checkout.clone();
    bench
        .git(Step::Checkout, move |_| place.make_temp_dir())
        .await?;
    let log = checkout.folder().join("setup.log");
    let finished = checkout
        .set_up(&setup, environment(bench, checkout), log, &bench.cancel)
        .await;
    release(bench, checkout).await?;
    match finished
        .map_err(|error| failure(step, words::chain(&error)))?
        .ending
    {
        Ending::Cancelled => Err(Halt::Stopped),
        ending if ending.is_success() => Ok(()),
        ending => Err(failure(
            step,
            format!("the setup command failed on the base: {ending}"),
        )),
    }
}

/// Puts a checkout of the base away; it holds nobody's work.
pub(crate) fn take_away(checkout: &Checkout) -> Result<(), GitError> {
    checkout.discard().or_else(|_| checkout.remove())?;
    checkout.remove_temp_dir()
}
