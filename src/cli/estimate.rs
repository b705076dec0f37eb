//! The estimate of a plan's time, in words.

use super::review::SummaryLine;
use crate::plan::UnitId;
use crate::run::TimeEstimate;
use crate::words;

/// Returns the lines of a plan's summary that estimate the time of the run.
pub(super) fn lines(estimate: &TimeEstimate) -> Vec<SummaryLine> {
    let each: Vec<String> = estimate
        .usual
        .iter()
        .map(|usual| {
            let takes = words::duration(usual.takes_ms);
            let said = format!(
                "{takes} a unit, from {}",
                words::count(usual.seen, "earlier unit")
            );
            match estimate.usual.len() {
                1 => said,
                _ => format!("{} {said}", usual.agent),
            }
        })
        .collect();
    let plan = &estimate.plan;
    let mut lines = vec![(
        "time",
        format!(
            "about {} at -j {}, {} one after another ({})",
            words::duration(plan.concurrent),
            estimate.jobs,
            words::duration(plan.serial),
            each.join("; "),
        ),
    )];
    if plan.critical_path.len() > 1 {
        let chain: Vec<&str> = plan.critical_path.iter().map(UnitId::as_str).collect();
        lines.push((
            "chain",
            format!(
                "at least {}: {}",
                words::duration(plan.critical_path_time),
                chain.join(" → ")
            ),
        ));
    }
    if estimate.gains_little {
        let words = "several at once gain little, since a unit takes less than 30s";
        lines.push(("gain", words.to_owned()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::review::sample;
    use crate::run::PastTimes;

    fn expected(took: &[(&str, u64)], agents: &[&str], jobs: usize) -> String {
        let took = took.iter().map(|(agent, ms)| ((*agent).to_owned(), *ms));
        let past: PastTimes = took.collect();
        let plan = sample::plan();
        let agents = agents.iter().cycle().take(plan.units.len());
        let staff = agents.map(|agent| (*agent).to_owned()).collect();
        let estimate = past.estimate(&plan, &staff, jobs);
        let lines: Vec<String> = estimate
            .iter()
            .flat_map(lines)
            .map(|(word, said)| format!("{word}: {said}"))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn what_earlier_units_of_the_same_agent_took_is_expected_again() {
        let took = [
            ("claude (x)", 90_000),
            ("claude (y)", 60_000),
            ("claude", 2_000),
            ("codemod: a", 5),
        ];
        insta::assert_snapshot!(expected(&took, &["claude (z)"], 2), @r#"
        time: about 3m00s at -j 2, 5m00s one after another (1m00s a unit, from 3 earlier units)
        chain: at least 2m00s: 01-api → 04-db-tests
        "#);
        insta::assert_snapshot!(expected(&took, &["codemod: b"], 4), @r#"
        time: about 10ms at -j 4, 25ms one after another (5ms a unit, from 1 earlier unit)
        chain: at least 10ms: 01-api → 04-db-tests
        gain: several at once gain little, since a unit takes less than 30s
        "#);
    }

    #[test]
    fn each_unit_is_expected_to_take_what_its_own_agent_took() {
        let took = [("claude", 60_000), ("codex (x)", 20_000)];
        let both = ["claude (z)", "codex"];
        insta::assert_snapshot!(expected(&took, &both, 1), @"
        time: about 3m40s at -j 1, 3m40s one after another (claude 1m00s a unit, from 1 earlier unit; codex 20s a \
        unit, from 1 earlier unit)
        chain: at least 1m20s: 01-api → 04-db-tests
        ");
        assert_eq!(expected(&took[..1], &both, 2), "");
    }

    #[test]
    fn nothing_is_said_of_an_agent_that_never_worked_here() {
        assert_eq!(expected(&[("command: a", 5)], &["command: b"], 2), "");
    }
}
