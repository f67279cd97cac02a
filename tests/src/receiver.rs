//! Platforms: nginx with its RTMP module, which records whatever it is sent.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};

use tempfile::TempDir;
use tokio::process::Command;

use crate::hook::Hook;
use crate::program::Program;
use crate::recording::Recording;

/// Where Debian puts them; not every user has the first on the path.
const NGINX: &str = "/usr/sbin/nginx";
const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/// A receiver on a port of its own, which it keeps when it is killed and started again. It asks its [`Hook`] before it
/// lets anybody publish, and records every publication into a file of its own.
pub struct Receiver {
    folder: TempDir,
    address: SocketAddr,
    hook: Hook,
    program: Option<Program>,
}

impl Receiver {
    /// Starts one.
    ///
    /// # Panics
    /// When nginx or its RTMP module is missing, or it does not come up.
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("receiver-").tempdir().expect("a temporary folder");
        std::fs::create_dir(folder.path().join("recordings")).expect("a folder for recordings");
        let mut receiver = Self { folder, address: free_address(), hook: Hook::open().await, program: None };
        receiver.restart().await;
        receiver
    }

    /// Starts it again at the same address.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self) {
        self.kill9().await;
        let folder = self.folder.path();
        let configuration = folder.join("nginx.conf");
        std::fs::write(&configuration, self.configuration()).expect("its configuration is written");
        let mut command = Command::new(NGINX);
        command.arg("-p").arg(folder).args(["-e", "stderr", "-c"]).arg(&configuration);
        // The first thing said after its ports are open.
        self.program = Some(
            Program::start("nginx", &mut command, |line| line.contains("getrlimit(RLIMIT_NOFILE)")).await,
        );
    }

    /// Ends it at once, as a crash would: nobody is told goodbye.
    ///
    /// # Panics
    /// When the system refuses.
    pub async fn kill9(&mut self) {
        if let Some(program) = self.program.take() {
            program.kill9().await;
        }
    }

    /// Server part of its address: what creators type besides the key.
    pub fn url(&self) -> String {
        format!("rtmp://{}/live", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Who may publish, and who tried.
    pub fn hook(&self) -> &Hook {
        &self.hook
    }

    /// Waits until so many publications under this name are over, and returns their recordings, oldest first.
    ///
    /// # Panics
    /// When that takes too long, or there are others.
    pub async fn recordings(&self, name: &str, wanted: usize) -> Vec<Recording> {
        let paths = self.hook.until_recorded(name, wanted).await;
        assert_eq!(paths.len(), wanted, "recordings of {name}: {paths:?}");
        paths.into_iter().map(|path| Recording::new(path.into())).collect()
    }

    /// Waits until the publication is over that is recorded into this file.
    ///
    /// # Panics
    /// When that takes too long.
    pub async fn until_complete(&self, recording: &Path) {
        self.hook.until_complete(recording).await;
    }

    /// Waits until a publication is over, and returns its recording. It must be the only one of this name, files of
    /// publications that were cut off included.
    ///
    /// # Panics
    /// When that takes too long, or there are others.
    pub async fn only_recording(&self, name: &str) -> Recording {
        let recording = self.recordings(name, 1).await.remove(0);
        let files = self.files(name);
        assert_eq!(files.len(), 1, "one broadcast is one file: {files:?}");
        recording
    }

    /// Every file recorded under this name, complete or not, oldest first.
    ///
    /// # Panics
    /// When the folder cannot be read.
    pub fn files(&self, name: &str) -> Vec<PathBuf> {
        let folder = std::fs::read_dir(self.folder.path().join("recordings")).expect("its folder");
        let mut files: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
        let prefix = format!("{name}-");
        files.retain(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&prefix)));
        files.sort();
        files
    }

    fn configuration(&self) -> String {
        format!(
            "load_module {MODULE};
daemon off;
master_process off;
pid {folder}/pid;
error_log stderr notice;
events {{ worker_connections 512; }}
rtmp {{
    access_log off;
    server {{
        listen {address};
        chunk_size 4096;
        application live {{
            live on;
            on_publish {hook};
            record all;
            record_path {folder}/recordings;
            record_unique on;
            on_record_done {hook};
        }}
    }}
}}
",
            folder = self.folder.path().display(),
            address = self.address,
            hook = self.hook.url(),
        )
    }
}

/// A port the system picks, on a loopback address nobody else uses: it stays free while its owner is away.
fn free_address() -> SocketAddr {
    static TAKEN: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    let address = Ipv4Addr::new(127, high | 0x80, low, TAKEN.fetch_add(1, Ordering::Relaxed));
    let listener = TcpListener::bind((address, 0)).expect("a free port");
    listener.local_addr().expect("an address")
}
