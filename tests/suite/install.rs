//! What installs the service: the systemd unit and the Helm chart say what the program and each other expect.

use crate::harness::{files_below, here};

fn read(path: &str) -> String {
    std::fs::read_to_string(here().parent().unwrap().join("deploy").join(path)).unwrap()
}

#[test]
fn the_unit_tells_systemd_when_it_is_up_keeps_its_secrets_apart_and_may_drain() {
    let unit = read("systemd/sluice.service");
    let says = |line: &str| assert!(unit.lines().any(|found| found == line), "the unit does not say {line}");
    for line in [
        "Type=notify",
        "KillMode=mixed",
        "LimitCORE=0",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "PrivateTmp=yes",
        "UMask=0077",
        "StateDirectoryMode=0700",
    ] {
        says(line);
    }
    assert!(unit.contains("LoadCredentialEncrypted=root_key:"), "the root key is a credential");
    assert!(!unit.lines().any(|line| line.starts_with("Environment")), "no secret in the environment");
    let seconds = |key: &str| {
        let value = unit.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        value.strip_suffix("min").unwrap().parse::<u64>().unwrap() * 60
    };
    // [service] drain is ten minutes unless the project says otherwise.
    assert!(seconds("TimeoutStopSec=") > 600 && seconds("WatchdogSec=") >= 60);
}

/// Every value a template reads is in `values.yaml`, and every value there is read: without Helm at hand.
#[test]
fn the_chart_reads_the_values_it_has() {
    let folder = here().parent().unwrap().join("deploy/helm/sluice");
    let values = std::fs::read_to_string(folder.join("values.yaml")).unwrap();
    let mut known = Vec::new();
    let mut outer = String::new();
    for line in values.lines().filter(|line| !line.trim_start().starts_with(['#', '-']) && line.contains(':')) {
        let (name, value) = line.trim_start().split_once(':').unwrap();
        let value = value.split('#').next().unwrap().trim();
        if !line.starts_with(' ') {
            outer = name.to_owned();
        }
        match line.chars().take_while(|letter| *letter == ' ').count() {
            0 if value.is_empty() => {}
            0 => known.push(name.to_owned()),
            2 => known.push(format!("{outer}.{name}")),
            _ => {}
        }
    }
    let templates: String =
        files_below(&folder.join("templates")).iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let mut read: Vec<String> = Vec::new();
    for part in templates.split(".Values.").skip(1) {
        let end = part.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '.').unwrap_or(part.len());
        read.push(part[..end].trim_end_matches('.').to_owned());
    }
    let covers = |a: &str, b: &str| a == b || b.strip_prefix(a).is_some_and(|rest| rest.starts_with('.'));
    for name in &read {
        let there = known.iter().any(|known| covers(name, known)) || ["secrets", "resources"].contains(&name.as_str());
        assert!(there, "{name} is read and not in values.yaml");
    }
    for name in &known {
        assert!(read.iter().any(|read| covers(read, name)), "{name} is in values.yaml and nobody reads it");
    }
    for (open, close) in [("{{", "}}"), ("{{- if", "{{- end")] {
        assert!(templates.matches(open).count() <= templates.matches(close).count(), "{open} is left open");
    }
    for kind in ["Deployment", "Service", "PodDisruptionBudget", "PersistentVolumeClaim", "NetworkPolicy"] {
        assert!(templates.contains(&format!("kind: {kind}\n")), "no {kind}");
    }
    for line in
        ["runAsNonRoot: true", "readOnlyRootFilesystem: true", "path: /readyz", "path: /livez", "drop: [\"ALL\"]"]
    {
        assert!(templates.contains(line), "{line} is missing");
    }
    assert!(values.contains("replicas: 2") && !values.contains("password:"));
}
