//! Chooses which of several agents works on which unit.
//!
//! Pure: the same units and shares always make the same choice.

use super::model::{Plan, Unit};
use crate::config::{AgentOptions, AgentShare};

/// The name by which units refer to an agent (`None` is the plan's own agent), and its share of the work.
type Share = (Option<String>, usize);

impl Plan {
    /// Spreads the units over these agents in the plan's order. After every unit, each agent has had its share as
    /// nearly as whole units allow.
    pub(crate) fn spread(&mut self, members: &[AgentShare]) {
        self.agent = AgentOptions::default();
        self.agents = members
            .iter()
            .map(|member| (member.name.clone(), member.options.clone()))
            .collect();
        let shares: Vec<Share> = members
            .iter()
            .map(|member| {
                let share = usize::try_from(member.share.get()).unwrap_or(usize::MAX);
                (Some(member.name.clone()), share)
            })
            .collect();
        distribute(&mut self.units, &shares);
    }

    /// Makes one agent work on every unit.
    pub(crate) fn give_all_to(&mut self, agent: AgentOptions) {
        self.agent = agent;
        self.agents.clear();
        for unit in &mut self.units {
            unit.agent = None;
        }
    }

    /// Returns the agent that works on the unit.
    #[must_use]
    pub(crate) fn agent_of(&self, unit: &Unit) -> &AgentOptions {
        let named = unit.agent.as_ref().and_then(|name| self.agents.get(name));
        named.unwrap_or(&self.agent)
    }

    /// Counts the units of each agent, in the order in which the agents first appear.
    pub(super) fn shares(&self) -> Vec<Share> {
        let mut shares: Vec<Share> = Vec::new();
        for unit in &self.units {
            match shares.iter_mut().find(|(known, _)| *known == unit.agent) {
                Some((_, units)) => *units += 1,
                None => shares.push((unit.agent.clone(), 1)),
            }
        }
        shares
    }
}

/// Gives each unit to the agent that is furthest behind its share; of equals, to the first.
pub(super) fn distribute(units: &mut [Unit], shares: &[Share]) {
    let all: usize = shares.iter().map(|(_, share)| share).sum();
    let mut had = vec![0_usize; shares.len()];
    for (number, unit) in units.iter_mut().enumerate() {
        // How far the agent would be ahead of its share without this unit, in fractions of a unit. The constant added
        // to every agent keeps the number above zero.
        let ahead = |place: usize| {
            let (had, share) = (had[place], shares[place].1);
            (had + number + 1) * all - share * (number + 1)
        };
        let Some(next) = (0..shares.len()).min_by_key(|&place| ahead(place)) else {
            return;
        };
        had[next] += 1;
        unit.agent.clone_from(&shares[next].0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::model::{Claim, Size};
    use crate::plan::unit_id::UnitId;

    fn units(count: usize) -> Vec<Unit> {
        (0..count)
            .map(|number| Unit {
                id: UnitId::parse(&format!("u{number}")).unwrap(),
                title: String::new(),
                description: None,
                agent: None,
                needs: Vec::new(),
                claim: Claim::default(),
                size: Size::default(),
                owners: Vec::new(),
            })
            .collect()
    }

    fn dealt(count: usize, shares: &[(&str, usize)]) -> Vec<String> {
        let mut units = units(count);
        let shares: Vec<Share> = shares
            .iter()
            .map(|(name, share)| (Some((*name).to_owned()), *share))
            .collect();
        distribute(&mut units, &shares);
        units.into_iter().filter_map(|unit| unit.agent).collect()
    }

    #[test]
    fn agents_take_turns_by_their_shares() {
        assert_eq!(dealt(5, &[("a", 3), ("b", 2)]), ["a", "b", "a", "b", "a"]);
        assert_eq!(dealt(4, &[("a", 3), ("b", 1)]), ["a", "a", "b", "a"]);
        assert_eq!(dealt(3, &[("a", 1), ("b", 1)]), ["a", "b", "a"]);
        assert_eq!(dealt(2, &[]), [""; 0]);
    }

    proptest! {
        #[test]
        fn two_agents_get_their_shares_to_within_one_unit(
            count in 0..60_usize,
            one in 1..9_usize,
            other in 1..9_usize,
        ) {
            let dealt = dealt(count, &[("a", one), ("b", other)]);
            let had = dealt.iter().filter(|name| *name == "a").count();
            prop_assert_eq!(dealt.len(), count);
            let due = count * one;
            prop_assert!((had * (one + other)).abs_diff(due) <= one + other, "{dealt:?}");
        }
    }
}
