//! `policy.toml`.

use super::super::draft::Draft;
use super::desk::Desk;
use crate::spec::diagnostic::Diagnostic;
use crate::spec::mistake::Mistake;

pub(super) fn check(draft: &Draft, list: &mut Vec<Diagnostic>) {
    let Some(file) = &draft.policy else {
        return;
    };
    let mut desk = Desk::new(&file.place, &draft.sources, list);
    for (index, rule) in file.spec.rule.iter().enumerate() {
        let path = format!("rule[{index}]");
        let protects = !rule.protect.is_empty() || desk.has(&format!("{path}.protect"));
        if protects == rule.deny.is_some() {
            desk.absent(&path, "protect", Mistake::PolicyRule);
        }
    }
}
