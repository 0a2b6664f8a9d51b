//! Names of lease holders: who, where, and which process. A process of this machine can be asked whether it still
//! lives, so that what a crash left behind need not run out first.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Between who and where and the process.
const MARK: char = '/';

/// A name that no other attempt of any process has: `user@host/boot.namespace.process.start~number`.
pub fn unique(owner: &str) -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    format!("{}~{}", name(owner), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The name of this process.
pub fn name(owner: &str) -> String {
    static OWN: OnceLock<String> = OnceLock::new();
    let process = OWN.get_or_init(|| Process::own().map_or_else(unknown, |own| own.text()));
    format!("{owner}{MARK}{process}")
}

/// Whether a holder is a process of this machine that is gone for certain. One that merely stands still is not.
pub fn is_dead(holder: &str) -> bool {
    let Some((named, own)) = Process::named(holder).zip(Process::own()) else { return false };
    // The number of a process means something only on its own machine, in its own container, and until that is restarted.
    let known = named.boot == own.boot && named.namespace == own.namespace;
    known && started(named.process).is_none_or(|start| start != named.start)
}

/// A process, told apart from a later one of the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    /// First digits of the machine's boot id.
    boot: String,
    /// Number of the namespace of process numbers.
    namespace: String,
    process: u32,
    /// Clock ticks after the boot.
    start: u64,
}

impl Process {
    fn own() -> Option<Self> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
        let process = std::process::id();
        Some(Self {
            boot: boot.trim().chars().filter(char::is_ascii_hexdigit).take(12).collect(),
            namespace: namespace.to_string_lossy().chars().filter(char::is_ascii_digit).collect(),
            process,
            start: started(process)?,
        })
    }

    fn named(holder: &str) -> Option<Self> {
        let process = holder.rsplit_once(MARK)?.1;
        let mut parts = process.split('~').next()?.split('.');
        let mut next = || parts.next();
        let (boot, namespace) = (next()?.to_owned(), next()?.to_owned());
        Some(Self { boot, namespace, process: next()?.parse().ok()?, start: next()?.parse().ok()? })
    }

    fn text(&self) -> String {
        format!("{}.{}.{}.{}", self.boot, self.namespace, self.process, self.start)
    }
}

/// Where the system tells nothing about processes, a name is only unique.
fn unknown() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

/// When a process that lives began; one that only waits to be collected by its parent does not live.
fn started(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything: fields are counted from behind its end.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_living_process_is_not_dead_and_a_gone_one_is() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = Process::own().unwrap();
        let start = started(child.id()).unwrap();
        let name = |process: &Process| format!("me@here/{}~3", process.text());
        let living = Process { process: child.id(), start, ..own.clone() };
        assert_eq!(Process::named(&name(&living)).unwrap(), living);
        assert!(!is_dead(&name(&living)) && !is_dead(&unique("me@here")));
        assert!(is_dead(&name(&Process { start: start + 1, ..living.clone() })), "another process of that number");
        assert!(!is_dead(&name(&Process { namespace: "1".into(), ..living.clone() })), "in another container");
        assert!(
            !is_dead(&name(&Process { boot: "0".into(), process: u32::MAX, ..own.clone() })),
            "on another machine nobody knows"
        );
        child.kill().unwrap();
        while started(child.id()).is_some() {
            std::thread::yield_now();
        }
        assert!(is_dead(&name(&living)), "killed, and not collected yet");
        child.wait().unwrap();
        assert!(is_dead(&name(&living)));
        assert!(!is_dead("me@here") && !is_dead("me@here/0123"), "names that tell nothing");
    }

    #[test]
    fn no_two_names_are_equal() {
        assert_ne!(unique("a@b"), unique("a@b"));
    }
}
