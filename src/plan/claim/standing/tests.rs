use proptest::prelude::*;

use super::*;
use crate::plan::model::{Claim, Size, Unit};

fn units(claims: &[(&[&str], &[&str])]) -> Vec<Unit> {
    let owned = |paths: &[&str]| paths.iter().map(ToString::to_string).collect();
    claims
        .iter()
        .enumerate()
        .map(|(index, (files, create))| Unit {
            id: id(&format!("u{index}")),
            title: String::new(),
            description: None,
            agent: None,
            needs: Vec::new(),
            claim: Claim {
                files: owned(files),
                create: owned(create),
            },
            size: Size::default(),
            owners: Vec::new(),
        })
        .collect()
}

fn id(text: &str) -> UnitId {
    UnitId::parse(text).unwrap()
}

/// Judges one change of a unit that stands on no other and deletes nothing else.
fn judge(
    proof: &Ownership,
    rule: ScopeRule,
    unit: usize,
    path: &str,
    change: ChangeKind,
) -> Result<Standing, ScopeViolation> {
    let who = Claimant {
        unit,
        stands_on: &BTreeSet::new(),
        rule,
    };
    let deleted = Deleted::default();
    proof.judge(
        who,
        &HeldPaths::default(),
        &deleted,
        path.as_bytes(),
        change,
    )
}

#[test]
fn a_claimed_file_is_one_units_and_an_unclaimed_one_becomes_a_companion() {
    let all = units(&[(&["a/x", "a/X"], &["a/"]), (&["b/x"], &[])]);
    let proof = Ownership::prove(&all, ["a/x", "a/X", "b/x", "a/free"]).unwrap();
    for change in [ChangeKind::Modified, ChangeKind::Deleted] {
        for rule in [ScopeRule::Adopt, ScopeRule::Created, ScopeRule::Listed] {
            let judge = |path| judge(&proof, rule, 0, path, change);
            assert_eq!(judge("a/x"), Ok(Standing::Claimed));
            assert_eq!(judge("a/X"), Ok(Standing::Claimed));
            assert_eq!(judge("b/x"), Err(ScopeViolation::Other(id("u1"))));
            let free = match rule {
                ScopeRule::Adopt => Ok(Standing::Companion),
                // A folder to create in gives no right to what is there already.
                ScopeRule::Created | ScopeRule::Listed => Err(ScopeViolation::Unclaimed),
            };
            assert_eq!(judge("a/free"), free);
        }
    }
    let deleted = Deleted::default();
    let who = Claimant {
        unit: 0,
        stands_on: &BTreeSet::new(),
        rule: ScopeRule::Adopt,
    };
    let odd = proof.judge(
        who,
        &HeldPaths::default(),
        &deleted,
        b"a/\xff",
        ChangeKind::Added,
    );
    assert_eq!(odd, Err(ScopeViolation::NotUtf8));
}

#[test]
fn a_new_file_is_its_creators_unless_a_folder_is_reserved() {
    let all = units(&[(&["a/x"], &["./"]), (&["a/b/x"], &["a/b/", "a/one.txt"])]);
    let proof = Ownership::prove(&all, ["a/x", "a/b/x", "Makefile"]).unwrap();
    let add = |unit, path: &str| judge(&proof, ScopeRule::Adopt, unit, path, ChangeKind::Added);
    let other = |unit: &str| Err(ScopeViolation::Other(id(unit)));
    assert_eq!(add(0, "new"), Ok(Standing::Created));
    assert_eq!(add(0, "a/c/new"), Ok(Standing::Created));
    assert_eq!(add(1, "a/c/new"), other("u0"));
    assert_eq!(add(0, "a/b/c/new"), other("u1"));
    assert_eq!(add(1, "a/b/c/new"), Ok(Standing::Created));
    assert_eq!(add(1, "a/one.txt"), Ok(Standing::Claimed));
    assert_eq!(add(0, "a/one.txt"), other("u1"));
    assert_eq!(
        add(0, "makefile"),
        Err(ScopeViolation::SameName("Makefile".into()))
    );
    assert_eq!(
        add(1, "a/b/X"),
        Err(ScopeViolation::SameName("a/b/x".into()))
    );
    assert_eq!(
        add(0, "Makefile/x"),
        Err(ScopeViolation::BelowFile("Makefile".into()))
    );
    assert_eq!(add(0, "A/B"), Err(ScopeViolation::IsFolder("a/b/x".into())));
}

#[test]
fn without_a_reserved_folder_any_unit_may_create_unless_only_listed_paths_count() {
    let proof = Ownership::prove(&units(&[(&["a"], &[])]), ["a"]).unwrap();
    let add = |rule| judge(&proof, rule, 0, "b", ChangeKind::Added);
    assert_eq!(add(ScopeRule::Adopt), Ok(Standing::Created));
    assert_eq!(add(ScopeRule::Created), Ok(Standing::Created));
    assert_eq!(add(ScopeRule::Listed), Err(ScopeViolation::NotCreatable));
}

#[test]
fn a_name_is_free_when_its_file_is_gone() {
    let proof = Ownership::prove(&units(&[(&["Button.js"], &[])]), ["Button.js", "d/x"]).unwrap();
    let who = Claimant {
        unit: 0,
        stands_on: &BTreeSet::new(),
        rule: ScopeRule::Adopt,
    };
    let held = HeldPaths::default();
    let gone: [&[u8]; 2] = [b"Button.js", b"d/x"];
    for path in ["button.js", "Button.js/index.js", "D"] {
        let add = |deleted| proof.judge(who, &held, &deleted, path.as_bytes(), ChangeKind::Added);
        assert!(add(Deleted::default()).is_err(), "{path}");
        assert_eq!(add(Deleted::of(gone)), Ok(Standing::Created), "{path}");
    }
}

#[test]
fn what_decides_what_machines_run_needs_a_claim_by_its_path() {
    let workflow = ".github/workflows/ci.yml";
    let all = units(&[
        (&["a"], &[]),
        (&[workflow], &[]),
        (&["c"], &[".github/workflows/"]),
        (&["d"], &["d/"]),
    ]);
    let proof = Ownership::prove(&all, ["a", "c", "d", workflow, ".husky/pre-commit"]).unwrap();
    let judge = |unit, path, change| judge(&proof, ScopeRule::Adopt, unit, path, change);
    let is_guarded = |judged| matches!(judged, Err(ScopeViolation::Guarded(_)));
    assert!(is_guarded(judge(
        0,
        ".husky/pre-commit",
        ChangeKind::Modified
    )));
    assert!(is_guarded(judge(
        0,
        ".github/workflows/new.yml",
        ChangeKind::Added
    )));
    assert!(is_guarded(judge(3, "d/.gitattributes", ChangeKind::Added)));
    assert_eq!(
        judge(1, workflow, ChangeKind::Modified),
        Ok(Standing::Claimed)
    );
    assert_eq!(
        judge(2, ".github/workflows/new.yml", ChangeKind::Added),
        Ok(Standing::Created)
    );
}

#[test]
fn a_unit_goes_on_with_what_the_units_below_it_own() {
    let mut all = units(&[(&["core"], &[]), (&["app"], &[]), (&["core"], &[])]);
    assert!(Ownership::prove(&all, []).is_err());
    all[1].needs = vec![id("u0")];
    all[2].needs = vec![id("u1")];
    let proof = Ownership::prove(&all, ["core", "app"]).unwrap();
    let stands_on = BTreeSet::from([0, 1]);
    let who = Claimant {
        unit: 2,
        stands_on: &stands_on,
        rule: ScopeRule::Listed,
    };
    let mut held = HeldPaths::default();
    held.hold_created(1, "new");
    let judge = |path: &str| {
        let deleted = Deleted::default();
        proof.judge(who, &held, &deleted, path.as_bytes(), ChangeKind::Modified)
    };
    assert_eq!(judge("core"), Ok(Standing::Claimed));
    assert_eq!(judge("app"), Ok(Standing::Companion));
    let early = Claimant {
        unit: 0,
        stands_on: &BTreeSet::new(),
        rule: ScopeRule::Adopt,
    };
    let deleted = Deleted::default();
    let app = proof.judge(early, &held, &deleted, b"app", ChangeKind::Modified);
    assert_eq!(app, Err(ScopeViolation::Other(id("u1"))));
    let new = proof.judge(early, &held, &deleted, b"new", ChangeKind::Added);
    assert_eq!(new, Err(ScopeViolation::Held(BTreeSet::from([1]))));
}

#[test]
fn a_path_in_two_claims_is_refused_in_any_spelling() {
    let error =
        Ownership::prove(&units(&[(&["a/X.js"], &[]), (&["a/x.js"], &[])]), []).unwrap_err();
    insta::assert_snapshot!(
        error,
        @"\"a/x.js\" is claimed by unit 'u1' and (as \"a/X.js\", the same name on some file systems) by unit 'u0': \
        two units may claim one path only where one of them needs the other; remove it from one of them, or add the \
        need"
    );
    assert!(Ownership::prove(&units(&[(&["b"], &["A/"]), (&["c"], &["a/"])]), []).is_err());
    assert!(Ownership::prove(&units(&[(&["b"], &[]), (&["c"], &["b"])]), []).is_err());
}

proptest! {
    /// Units judged one after another in any order never come to own the same path.
    #[test]
    fn a_path_has_at_most_one_owner(
        folders in proptest::collection::btree_set("([ab]/){0,3}", 0..4),
        files in proptest::collection::btree_set("([abAB]/){0,2}[xyXY]", 0..8),
        paths in proptest::collection::vec("([abAB]/){0,4}[xyzX]", 1..4),
        order in proptest::collection::vec(0_usize..3, 1..12),
    ) {
        let mut claims = vec![Claim::default(); 3];
        for (index, folder) in folders.into_iter().enumerate() {
            let name = if folder.is_empty() { "./".to_owned() } else { folder };
            claims[index % 3].create.push(name);
        }
        let mut seen = std::collections::HashSet::new();
        for (index, file) in files.into_iter().enumerate() {
            if seen.insert(fold(&file)) {
                claims[index % 3].files.push(file);
            }
        }
        let mut all = units(&[(&[], &[]), (&[], &[]), (&[], &[])]);
        for (unit, claim) in all.iter_mut().zip(claims) {
            unit.claim = claim;
        }
        let tracked = all.iter().flat_map(|unit| unit.claim.files.clone()).collect::<Vec<_>>();
        let proof = Ownership::prove(&all, tracked.iter().map(String::as_str)).unwrap();
        let mut held = HeldPaths::default();
        let mut owners = std::collections::HashMap::<String, BTreeSet<usize>>::new();
        for (step, unit) in order.into_iter().enumerate() {
            let path = &paths[step % paths.len()];
            let who = Claimant { unit, stands_on: &BTreeSet::new(), rule: ScopeRule::Adopt };
            let deleted = Deleted::default();
            let judged = proof.judge(who, &held, &deleted, path.as_bytes(), ChangeKind::Added);
            let Ok(standing) = judged else { continue };
            owners.entry(fold(path)).or_default().insert(unit);
            match standing {
                Standing::Claimed => {}
                Standing::Created => held.hold_created(unit, path),
                Standing::Companion => held.hold_companion(unit, path),
            }
        }
        for (path, owners) in owners {
            prop_assert!(owners.len() == 1, "{path} is owned by {owners:?}");
        }
    }
}
