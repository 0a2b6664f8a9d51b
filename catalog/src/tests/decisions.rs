//! What a policy and a grant decide.

use super::{GRANT, grants};
use crate::grant::{GrantKind, GrantState};
use crate::policy::PolicyRule;
use crate::{Border, Decision, Grade, Grant, Policy, Protection, Refusal, Zone, ZoneKind};
use chrono::NaiveDate;

fn allowed(policy: &Policy, grade: Grade, zone: &str) -> Option<Vec<Protection>> {
    match policy.decide(grade, &zone.parse().unwrap()) {
        Decision::Allow { protections } => Some(protections),
        Decision::Deny { reason } => {
            assert!(!reason.is_empty());
            None
        }
    }
}

#[test]
fn the_shipped_policy_protects_by_level() {
    use Protection::{Encrypt, Generalise, Mask, None, Pseudonym, Suppress};
    let policy = Policy::shipped();
    for grade in [Grade::L1, Grade::L2, Grade::L3] {
        assert_eq!(allowed(&policy, grade, "domain").unwrap()[0], None);
    }
    assert_eq!(allowed(&policy, Grade::L4, "domain").unwrap(), [Encrypt, Suppress]);
    assert_eq!(allowed(&policy, Grade::L1, "scenario:a").unwrap()[0], None);
    assert_eq!(allowed(&policy, Grade::L2, "scenario:a").unwrap(), [Mask, Generalise, Pseudonym, Encrypt, Suppress]);
    assert_eq!(allowed(&policy, Grade::L3, "scenario:a").unwrap(), [Pseudonym, Generalise, Encrypt, Suppress]);
    assert_eq!(allowed(&policy, Grade::L4, "scenario:a").unwrap(), [Suppress, Encrypt]);
    for grade in Grade::ALL {
        assert!(allowed(&policy, grade, "platform").is_none() && allowed(&policy, grade, "outside").is_none());
    }
}

#[test]
fn nothing_is_allowed_without_a_rule_and_a_denial_wins() {
    let mut policy = Policy { rule: Vec::new() };
    assert!(allowed(&policy, Grade::L1, "domain").is_none());
    let rule = PolicyRule { grade: Grade::L1, zone: ZoneKind::Domain, protect: vec![Protection::None], deny: None };
    policy.rule.push(rule.clone());
    assert!(allowed(&policy, Grade::L1, "domain").is_some());
    assert!(allowed(&policy, Grade::L1, "scenario:a").is_none() && allowed(&policy, Grade::L2, "domain").is_none());
    policy.rule.push(PolicyRule { deny: Some("audit".to_owned()), ..rule });
    assert_eq!(policy.decide(Grade::L1, &Zone::Domain), Decision::Deny { reason: "audit".to_owned() });
}

#[test]
fn core_and_important_data_never_cross_whatever_the_file_says() {
    let mut policy = Policy { rule: Vec::new() };
    for grade in [Grade::Important, Grade::Core] {
        for zone in [ZoneKind::Domain, ZoneKind::Scenario] {
            policy.rule.push(PolicyRule { grade, zone, protect: Protection::ALL.to_vec(), deny: None });
        }
        assert!(allowed(&policy, grade, "domain").is_none() && allowed(&policy, grade, "scenario:a").is_none());
    }
}

fn day(text: &str) -> NaiveDate {
    crate::date::parse(text).unwrap()
}

fn grant() -> Grant {
    grants(GRANT).remove(0)
}

fn code(refusal: Result<(), Refusal>) -> String {
    let refusal = refusal.unwrap_err();
    serde_json::to_value(&refusal).unwrap()["code"].as_str().unwrap().to_owned()
}

#[test]
fn a_grant_lives_from_its_first_to_its_last_day() {
    let grant = grant();
    assert_eq!(code(grant.live(day("2025-12-31"))), "K202");
    grant.live(day("2026-01-01")).unwrap();
    grant.live(day("2026-12-31")).unwrap();
    assert_eq!(code(grant.live(day("2027-01-01"))), "K201");
}

#[test]
fn a_grant_does_not_outlive_state_agreement_or_the_law() {
    let on = day("2026-06-01");
    let with = |change: fn(&mut Grant)| {
        let mut grant = grant();
        change(&mut grant);
        grant
    };
    assert_eq!(code(with(|grant| grant.state = GrantState::Suspended).live(on)), "K203");
    assert_eq!(code(with(|grant| grant.state = GrantState::Revoked).live(on)), "K204");
    assert_eq!(code(with(|grant| grant.agreement.until = day("2026-05-31")).live(on)), "K205");
    with(|grant| grant.agreement.until = day("2026-06-01")).live(on).unwrap();
    with(|grant| grant.valid_until = day("2028-12-31")).live(on).unwrap();
    assert_eq!(code(with(|grant| grant.valid_until = day("2029-01-01")).live(on)), "K206");
    assert_eq!(code(with(|grant| grant.valid_until = day("2025-12-31")).live(on)), "K206");
    assert_eq!(code(with(|grant| grant.kind = GrantKind::Training).live(on)), "K211");
}

#[test]
fn a_grant_covers_its_border_fields_and_ceiling_only() {
    let mut grant = grant();
    let border = Border { from: Zone::Domain, to: Zone::Scenario("inclusive_finance".to_owned()) };
    let resource = "3/07/001/0001";
    grant.covers(&border, resource, "name", Grade::L3).unwrap();
    let other = Border { from: Zone::Domain, to: Zone::Scenario("other".to_owned()) };
    assert_eq!(code(grant.covers(&other, resource, "name", Grade::L1)), "K207");
    assert_eq!(code(grant.covers(&border, "3/07/001/0002", "name", Grade::L1)), "K208");
    assert_eq!(code(grant.covers(&border, resource, "phone", Grade::L1)), "K209");
    assert_eq!(code(grant.covers(&border, resource, "name", Grade::L4)), "K210");
    grant.ceiling = Grade::Core;
    assert_eq!(code(grant.covers(&border, resource, "name", Grade::Important)), "K210");
    grant.resources[0].fields = vec!["*".to_owned()];
    grant.covers(&border, resource, "phone", Grade::L1).unwrap();
    grant.resources[0].fields.clear();
    assert_eq!(code(grant.covers(&border, resource, "name", Grade::L1)), "K209");
    assert!(grant.rows_by(resource, "status"));
    assert!(!grant.rows_by(resource, "name") && !grant.rows_by("3/07/001/0002", "status"));
    assert!(grant.allows_purpose("credit assessment") && !grant.allows_purpose("advertising"));
}

#[test]
fn a_training_grant_demands_sampling_and_masking() {
    let mut grant = grant();
    assert!(!grant.demands_protection(Grade::L3));
    grant.kind = GrantKind::Training;
    assert!(grant.demands_protection(Grade::L2) && !grant.demands_protection(Grade::L1));
    assert_eq!(code(grant.live(day("2026-06-01"))), "K211");
    let sampled = GRANT.replace("holder ", "sample = { max_rate = 0.05 }\nholder ");
    let mut sampled = grants(&sampled).remove(0);
    sampled.kind = GrantKind::Training;
    sampled.live(day("2026-06-01")).unwrap();
}

#[test]
fn a_refusal_never_offers_a_mask_for_an_authorisation() {
    let grant = grant();
    let border = Border { from: Zone::Domain, to: Zone::Scenario("inclusive_finance".to_owned()) };
    for refusal in [
        grant.covers(&border, "3/07/001/0001", "phone", Grade::L3).unwrap_err(),
        grant.covers(&border, "3/07/001/0001", "name", Grade::L4).unwrap_err(),
    ] {
        assert!(refusal.to_string().contains("masking does not replace authorisation"), "{refusal}");
    }
}
