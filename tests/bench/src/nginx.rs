//! nginx with its RTMP module, on ports of its own in a folder of its own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

use crate::tcp;

const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

pub(crate) struct Nginx {
    child: Child,
    pub(crate) port: u16,
    /// Where its statistics are, if it was asked to keep some.
    statistics: u16,
    /// Its segments, in memory as ours are; removed with it.
    media: Option<PathBuf>,
}

impl Nginx {
    /// Takes streams in, and packages them if asked to.
    pub(crate) async fn ingest(folder: &Path, hls: bool) -> Result<Self> {
        Self::relay(folder, &[], hls).await
    }

    /// Pushes each stream it takes in to all of these, and packages it if asked to.
    pub(crate) async fn relay(folder: &Path, outputs: &[String], hls: bool) -> Result<Self> {
        let pushes: String = outputs.iter().map(|url| format!("push {url};\n")).collect();
        if !hls {
            return Self::start(&folder.join("nginx"), &pushes).await;
        }
        let media = Path::new("/dev/shm").join(format!("console-bench-{}", std::process::id()));
        std::fs::create_dir_all(&media)?;
        let hls = format!("hls on; hls_path {}; hls_fragment 2s; hls_playlist_length 12s;", media.display());
        let nginx = Self::start(&folder.join("nginx"), &(pushes + &hls)).await?;
        Ok(Self { media: Some(media), ..nginx })
    }

    /// Takes streams in and counts their bytes.
    pub(crate) async fn sink(folder: &Path) -> Result<Self> {
        Self::start(&folder.join("nginx-sink"), "").await
    }

    async fn start(folder: &Path, application: &str) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let (port, statistics) = (free_port()?, free_port()?);
        let config = format!(
            "load_module {MODULE};\nuser root;\ndaemon off;\nworker_processes 1;\npid {0}/pid;\nerror_log {0}/error.log;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log off; server {{ listen 127.0.0.1:{statistics}; location / {{ rtmp_stat all; }} }} }}\n\
             rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ live on; {application} }} }} }}\n",
            folder.display()
        );
        let path = folder.join("nginx.conf");
        std::fs::write(&path, config)?;
        let child = Command::new("nginx")
            .arg("-c")
            .arg(&path)
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("nginx could not be started; Debian's nginx and libnginx-mod-rtmp are needed")?;
        tcp::listening(port).await.context("nginx")?;
        Ok(Self { child, port, statistics, media: None })
    }

    /// The master and its worker.
    pub(crate) fn pids(&self) -> Result<Vec<u32>> {
        let master = self.child.id().context("nginx has ended")?;
        let children = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        let workers = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        Ok(std::iter::once(master).chain(workers).collect())
    }

    /// Addresses of so many streams.
    pub(crate) fn urls(&self, count: usize) -> Vec<String> {
        (0..count).map(|n| format!("rtmp://127.0.0.1:{}/live/s{n}", self.port)).collect()
    }

    /// What it has received over RTMP so far.
    pub(crate) async fn received_bytes(&self) -> Result<u64> {
        let page = reqwest::get(format!("http://127.0.0.1:{}/", self.statistics)).await?.text().await?;
        // The first such element is the server's own; those of streams come after it.
        let count = page.split_once("<bytes_in>").and_then(|(_, rest)| rest.split_once("</bytes_in>"));
        Ok(count.context("nginx does not count")?.0.parse()?)
    }

    pub(crate) async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            // The master ends its worker on SIGTERM alone.
            let _ = Command::new("kill").arg(pid.to_string()).status().await;
        }
        let _ = self.child.wait().await;
        if let Some(media) = &self.media {
            let _ = std::fs::remove_dir_all(media);
        }
    }
}

/// A port nobody has now.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
