//! `secret:NAME`: from the variable `SLUICE_SECRET_<NAME>`, else from the credential `<name>` that systemd hands to the
//! service, else from the file `secrets/<name>` of the project.

use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::Error;

/// Largest secret file that is read, in bytes.
const LARGEST: u64 = 64 * 1024;
/// Variable that names the folder of systemd's credentials.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Finds the secrets of one project.
#[derive(Debug, Clone)]
pub(crate) struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// The secrets of the project at `root`.
    pub(crate) fn new(root: &Path) -> Self {
        Self { folder: root.join("secrets") }
    }

    /// The secret of that name, without white space at its end.
    ///
    /// # Errors
    /// S105 when nobody provides it, S106 when its file can be read by others, S115 for a name that is no name.
    pub(crate) fn find(&self, name: &str) -> Result<Zeroizing<String>, Error> {
        self.find_with(name, |variable| std::env::var(variable).ok())
    }

    fn find_with(&self, name: &str, variables: impl Fn(&str) -> Option<String>) -> Result<Zeroizing<String>, Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(fits) {
            return Err(Error::BadSecretName { name: name.chars().take(64).collect() });
        }
        let variable = format!("SLUICE_SECRET_{}", name.to_ascii_uppercase().replace('-', "_"));
        if let Some(value) = variables(&variable) {
            return Ok(trimmed(Zeroizing::new(value)));
        }
        // systemd alone fills that folder, and shows it to nobody but this service.
        let credential = variables(CREDENTIALS).map(|folder| Path::new(&folder).join(name));
        if let Some(file) = credential.filter(|file| file.is_file()) {
            return read(&file);
        }
        let file = self.folder.join(name);
        if !file.is_file() {
            return Err(Error::NoSecret { name: name.into(), variable, file: file.display().to_string() });
        }
        private(&file)?;
        read(&file)
    }
}

fn read(file: &Path) -> Result<Zeroizing<String>, Error> {
    small(file)?;
    std::fs::read_to_string(file)
        .map(|text| trimmed(Zeroizing::new(text)))
        .map_err(|error| Error::io("read", file, &error))
}

fn trimmed(text: Zeroizing<String>) -> Zeroizing<String> {
    Zeroizing::new(text.trim_end().to_owned())
}

fn small(file: &Path) -> Result<(), Error> {
    let metadata = std::fs::metadata(file).map_err(|error| Error::io("read", file, &error))?;
    if metadata.len() > LARGEST {
        let reason = std::io::ErrorKind::FileTooLarge.to_string();
        return Err(Error::Io { action: "read", path: file.display().to_string(), reason });
    }
    Ok(())
}

fn private(file: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = std::fs::metadata(file).map_err(|error| Error::io("read", file, &error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            return Err(Error::SecretExposed { file: file.display().to_string() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn variable_first_then_private_file() {
        let root = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(root.path());
        std::fs::create_dir(root.path().join("secrets")).unwrap();
        let file = root.path().join("secrets/hrss-url");
        std::fs::write(&file, "from-file\n").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert!(matches!(secrets.find_with("hrss-url", |_| None), Err(Error::SecretExposed { .. })));
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
        assert_eq!(*secrets.find_with("hrss-url", |_| None).unwrap(), "from-file");
        let given = secrets.find_with("hrss-url", |name| (name == "SLUICE_SECRET_HRSS_URL").then(|| "env".into()));
        assert_eq!(*given.unwrap(), "env");
        let credentials = root.path().join("credentials");
        std::fs::create_dir(&credentials).unwrap();
        std::fs::write(credentials.join("hrss-url"), "from-systemd\n").unwrap();
        let folder = credentials.display().to_string();
        let given = secrets.find_with("hrss-url", |name| (name == CREDENTIALS).then(|| folder.clone()));
        assert_eq!(*given.unwrap(), "from-systemd");
        assert!(matches!(secrets.find_with("absent", |_| None), Err(Error::NoSecret { .. })));
        assert!(matches!(secrets.find_with("../etc/passwd", |_| None), Err(Error::BadSecretName { .. })));
    }
}
