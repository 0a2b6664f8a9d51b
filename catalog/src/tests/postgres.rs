//! A PostgreSQL server for tests: made when the first test asks for it, gone with the process, whatever becomes of that.
//!
//! This file needs the standard library alone, so that the suite in `tests/` and the benches use it too.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// Starts the server and stops it when standard input ends, which the system sees to if the test dies.
const SUPERVISOR: &str = r#"
trap : INT TERM HUP
"$BIN/initdb" --no-sync --auth=trust --encoding=UTF8 --locale=C.UTF-8 -U sluice -D "$DIR/data" >"$DIR/initdb.log" 2>&1 || exit 1
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
  -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE \
  -keyout "$DIR/server.key" -out "$DIR/server.crt" >"$DIR/start.log" 2>&1 || exit 1
"$BIN/pg_ctl" -D "$DIR/data" -l "$DIR/server.log" -w -t 120 -o "-c listen_addresses=127.0.0.1 -c port=$PORT -c ssl=on \
  -c ssl_cert_file='$DIR/server.crt' -c ssl_key_file='$DIR/server.key' -c unix_socket_directories='$DIR' \
  -c max_connections=200 -c shared_buffers=64MB -c wal_compression=on" start >"$DIR/start.log" 2>&1 || exit 1
echo ready
cat >/dev/null
"$BIN/pg_ctl" -D "$DIR/data" -m immediate -w stop >/dev/null 2>&1
rm -rf "$DIR"
"#;

/// The server of this process; dropping it closes the pipe that keeps it alive.
pub(crate) struct Server {
    folder: PathBuf,
    port: u16,
    programs: PathBuf,
    _supervisor: Child,
}

/// The server, made now if this is the first to ask.
pub(crate) fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(Server::start)
}

impl Server {
    fn start() -> Server {
        let programs = programs();
        let folder = PathBuf::from(format!("/tmp/sluice-pg-{}", std::process::id()));
        let _left_behind = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).unwrap();
        // Others enter to reach the socket; the data folder is the server's alone.
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new("sh");
        command.args(["-c", SUPERVISOR]).env("BIN", &programs).env("DIR", &folder).current_dir(&folder);
        command.env("PORT", port.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        if let Some((user, group)) = unprivileged() {
            chown(&folder, Some(user), Some(group)).unwrap();
            command.uid(user).gid(group);
        }
        let mut supervisor = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(supervisor.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let why = || ["initdb.log", "start.log", "server.log"].map(|name| read(&folder.join(name))).join("\n");
        assert_eq!(line, "ready\n", "PostgreSQL did not start:\n{}", why());
        Server { folder, port, programs, _supervisor: supervisor }
    }

    /// Address of a new empty schema.
    pub(crate) fn schema(&self) -> String {
        self.address(&self.new_schema())
    }

    /// Name of a new empty schema.
    pub(crate) fn new_schema(&self) -> String {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let name = format!("t{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE SCHEMA {name}"));
        name
    }

    /// Address of a schema that may be there or not.
    pub(crate) fn address(&self, schema: &str) -> String {
        let (host, port) = (self.folder.display(), self.port);
        format!(
            "postgres:///postgres?host={host}&port={port}&user=sluice&application_name={schema}\
             &options=-csearch_path%3D{schema}"
        )
    }

    /// Runs SQL with psql and returns what it prints, bare.
    pub(crate) fn sql(&self, sql: &str) -> String {
        let mut command = Command::new(self.programs.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "sluice", "-d", "postgres", "-h"]);
        let ran = command.arg(&self.folder).args(["-p", &self.port.to_string(), "-c", sql]).output().unwrap();
        assert!(ran.status.success(), "{sql}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).trim().to_owned()
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

/// Folder of the server's programs; Debian's package is installed when there is none and root may.
fn programs() -> PathBuf {
    found().unwrap_or_else(|| {
        let install = "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y postgresql";
        let ran = Command::new("sh").args(["-c", install]).output().unwrap();
        found().unwrap_or_else(|| {
            let said = String::from_utf8_lossy(&ran.stderr).into_owned();
            panic!("these tests need PostgreSQL's server programs (initdb, postgres): {said}")
        })
    })
}

/// The newest of Debian's folders, else what the path leads to.
fn found() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort_by_key(|folder| {
        let version = folder.parent().and_then(|parent| parent.file_name()?.to_str()?.parse::<u32>().ok());
        std::cmp::Reverse(version)
    });
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| ["initdb", "pg_ctl", "psql"].iter().all(|name| folder.join(name).exists()))
}

/// User and group that the server runs as when we are root, which it refuses.
fn unprivileged() -> Option<(u32, u32)> {
    let root = read(Path::new("/proc/self/status")).lines().any(|line| line.starts_with("Uid:\t0\t"));
    let users = read(Path::new("/etc/passwd"));
    let user = |name: &str| {
        let fields: Vec<&str> = users.lines().find(|line| line.starts_with(&format!("{name}:")))?.split(':').collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    };
    if root { Some(user("postgres").or_else(|| user("nobody")).unwrap()) } else { None }
}
