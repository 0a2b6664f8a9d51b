//! Named points at which a test may kill the process. Without a hook a point costs one atomic load.

use std::sync::OnceLock;

static HOOK: OnceLock<fn(&'static str)> = OnceLock::new();

/// Every point there is, in the order a job reaches them.
pub const POINTS: &[&str] = &[
    "stage.started",
    "stage.file_written",
    "audit.passed",
    "stage.manifest_written",
    "intent.recorded",
    "publish.data_written",
    "publish.before_commit",
    "publish.committed",
    "catalog.completed",
    "stage.removed",
];

/// Installs the hook, once per process.
pub fn install(hook: fn(&'static str)) {
    let _ = HOOK.set(hook);
}

/// Marks a point of [`POINTS`].
pub fn point(name: &'static str) {
    debug_assert!(POINTS.contains(&name));
    if let Some(hook) = HOOK.get() {
        hook(name);
    }
    #[cfg(test)]
    local::reached(name);
}

/// Hooks of one test: they hold on its own thread only.
#[cfg(test)]
pub(crate) mod local {
    use std::cell::RefCell;

    type Hook = Box<dyn FnMut(&'static str)>;

    thread_local! {
        static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
    }

    /// Replaces the hook of this thread.
    pub(crate) fn install(hook: impl FnMut(&'static str) + 'static) {
        HOOK.with(|slot| *slot.borrow_mut() = Some(Box::new(hook)));
    }

    /// Removes the hook of this thread.
    pub(crate) fn remove() {
        HOOK.with(|slot| drop(slot.borrow_mut().take()));
    }

    pub(super) fn reached(name: &'static str) {
        let hook = HOOK.with(|slot| slot.borrow_mut().take());
        if let Some(mut hook) = hook {
            hook(name);
            HOOK.with(|slot| *slot.borrow_mut() = Some(hook));
        }
    }
}
