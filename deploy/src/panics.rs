//! What a panic prints: where it happened, never its message, which may quote a value.

/// Replaces the default hook, once per process.
pub(crate) fn tell_only_where() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, |at| format!("{}:{}", at.file(), at.line()));
        eprintln!("内部错误 internal error: {place}");
    }));
}
