//! Debian's `docker-registry`, a registry as people run it, on loopback with its storage in a folder of the test; it is brought where it
//! is missing. It has no referrers API.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use hal9_registry_client::oci::OciReference;
use tempfile::TempDir;

/// A user that a registry with passwords knows.
pub(crate) const USER: &str = "ada";
/// Her password.
pub(crate) const PASSWORD: &str = "correct horse";
/// The two as `htpasswd -B` writes them.
const HTPASSWD: &str = "ada:$2y$05$1cOjtw/JWCijPt/9w6x3yuTcP3eZPNAmJtzsppAKVUtYhSO.r3cFG\n";

/// One that runs until it is dropped.
pub(crate) struct Registry {
    folder: TempDir,
    child: Child,
    pub(crate) address: String,
}

impl Registry {
    pub(crate) fn open() -> Self {
        Self::start("")
    }

    pub(crate) fn with_password() -> Self {
        Self::start("auth: {htpasswd: {realm: tests, path: ./htpasswd}}\n")
    }

    fn start(auth: &str) -> Self {
        bring();
        let folder = tempfile::tempdir().unwrap();
        let config = format!(
            "version: 0.1\nlog: {{level: info, accesslog: {{disabled: true}}}}\nstorage: {{filesystem: {{rootdirectory: ./data}}}}\n\
             http: {{addr: \"127.0.0.1:0\"}}\n{auth}"
        );
        std::fs::write(folder.path().join("config.yml"), config).unwrap();
        std::fs::write(folder.path().join("htpasswd"), HTPASSWD).unwrap();
        let mut command = Command::new("docker-registry");
        command.args(["serve", "config.yml"]).current_dir(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = loop {
            let Some(Ok(line)) = log.next() else { panic!("docker-registry has ended: {said}") };
            match line.split_once("listening on ") {
                Some((_, rest)) => break rest.split('"').next().unwrap().to_owned(),
                None => said.push_str(&line),
            }
        };
        // Read on, as its log would fill the pipe.
        std::thread::spawn(move || log.map_while(Result::ok).for_each(drop));
        Self { folder, child, address }
    }

    /// What is below the repository `tests/echo`: a tag or a digest, with its `:` or `@`.
    pub(crate) fn at(&self, end: &str) -> OciReference {
        format!("oci://{}/tests/echo{end}", self.address).parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/v2/tests/echo/{path}", self.address)
    }

    /// Where a blob of this digest is stored; manifests are blobs too.
    pub(crate) fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").unwrap();
        self.storage("blobs/sha256").join(&hex[..2]).join(hex).join("data")
    }

    pub(crate) fn tag(&self, tag: &str) -> PathBuf {
        self.storage("repositories/tests/echo/_manifests/tags").join(tag)
    }

    fn storage(&self, path: &str) -> PathBuf {
        self.folder.path().join("data/docker/registry/v2").join(path)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bring() {
    static THERE: OnceLock<()> = OnceLock::new();
    THERE.get_or_init(|| {
        let there = || Command::new("docker-registry").arg("--version").stdout(Stdio::null()).status().is_ok();
        if !there() {
            let is_root = rustix::process::geteuid().is_root();
            for arguments in [["update", "-q"].as_slice(), &["install", "-qy", "docker-registry"]] {
                let mut command = if is_root { Command::new("apt-get") } else { Command::new("sudo") };
                let _ = if is_root { &mut command } else { command.args(["-n", "apt-get"]) }.args(arguments).output();
            }
        }
        assert!(there(), "this test needs the program docker-registry: apt-get install docker-registry");
    });
}
