//! The catalogue's files, compiled in. One line a file; a test finds a file that is missing here.

/// File name and content.
pub(super) const FILES: &[(&str, &str)] = &[
    ("card.toml", include_str!("../../messages/card.toml")),
    ("catalog.toml", include_str!("../../messages/catalog.toml")),
    ("command.toml", include_str!("../../messages/command.toml")),
    ("connectors.toml", include_str!("../../messages/connectors.toml")),
    ("definitions.toml", include_str!("../../messages/definitions.toml")),
    ("demo.toml", include_str!("../../messages/demo.toml")),
    ("deploy.toml", include_str!("../../messages/deploy.toml")),
    ("help.toml", include_str!("../../messages/help.toml")),
    ("notice.toml", include_str!("../../messages/notice.toml")),
    ("phrases.toml", include_str!("../../messages/phrases.toml")),
    ("pipelines.toml", include_str!("../../messages/pipelines.toml")),
    ("plan.toml", include_str!("../../messages/plan.toml")),
    ("serve.toml", include_str!("../../messages/serve.toml")),
    ("schedule.toml", include_str!("../../messages/schedule.toml")),
    ("transforms.toml", include_str!("../../messages/transforms.toml")),
    ("when.toml", include_str!("../../messages/when.toml")),
];
