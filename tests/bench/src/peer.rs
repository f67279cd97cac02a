//! nginx with its RTMP module, on ports of its own in a folder of its own.

use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

pub(crate) struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    pub(crate) async fn start(folder: &Path, hls: bool) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let folder = folder.join(if hls { "nginx-hls" } else { "nginx" });
        // Segments go to memory, as ours do.
        let media = Path::new("/dev/shm").join(format!("console-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let hls = if hls {
            std::fs::create_dir_all(&media)?;
            format!("hls on; hls_path {}; hls_fragment 2s; hls_playlist_length 12s;", media.display())
        } else {
            String::new()
        };
        let config = format!(
            "load_module {MODULE};\nuser root;\ndaemon off;\nworker_processes 1;\npid {0}/pid;\nerror_log {0}/error.log;\n\
             events {{ worker_connections 512; }}\nrtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; \
             application live {{ live on; {hls} }} }} }}\n",
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
        wait_for_port(port).await?;
        Ok(Self { child, port })
    }

    /// The master and its worker.
    pub(crate) fn pids(&self) -> Result<Vec<u32>> {
        let master = self.child.id().context("nginx has ended")?;
        let children = std::fs::read_to_string(format!("/proc/{master}/task/{master}/children"))?;
        let workers = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        Ok(std::iter::once(master).chain(workers).collect())
    }

    pub(crate) fn urls(&self, count: usize) -> Vec<String> {
        (0..count).map(|n| format!("rtmp://127.0.0.1:{}/live/s{n}", self.port)).collect()
    }

    pub(crate) async fn stop(mut self) {
        if let Some(pid) = self.child.id() {
            // The master ends its worker on SIGTERM alone.
            let _ = Command::new("kill").arg(pid.to_string()).status().await;
        }
        let _ = self.child.wait().await;
        let _ = std::fs::remove_dir_all(
            Path::new("/dev/shm").join(format!("console-bench-{}", std::process::id())),
        );
    }
}

async fn wait_for_port(port: u16) -> Result<()> {
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    anyhow::bail!("nginx did not open its port")
}
