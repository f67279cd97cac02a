//! TLS before the receiver, as platforms have it: stunnel with a certificate of an authority of our own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use tokio::process::{Child, Command};

use crate::nginx::free_port;
use crate::tcp;

pub(crate) struct Stunnel {
    child: Child,
    pub(crate) port: u16,
    /// The certificate that makes its own good.
    pub(crate) authority: PathBuf,
}

impl Stunnel {
    /// Takes TLS for `localhost` off and passes on to a port.
    pub(crate) async fn start(folder: &Path, behind: u16) -> Result<Self> {
        let folder = folder.join("tls");
        std::fs::create_dir_all(&folder)?;
        let request =
            "[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = Stream Console measurements\n";
        std::fs::write(folder.join("request.cnf"), request)?;
        certificate(&folder, "authority", &["basicConstraints=critical,CA:TRUE"], None).await?;
        let host = ["basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:localhost"];
        certificate(&folder, "host", &host, Some("authority")).await?;

        let port = free_port()?;
        let config = format!(
            "foreground = yes\npid =\nsyslog = no\ndebug = 3\n\
             [rtmps]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{behind}\ncert = {0}/host.pem\nkey = {0}/host.key\n",
            folder.display()
        );
        let path = folder.join("stunnel.conf");
        std::fs::write(&path, config)?;
        let child = Command::new("stunnel4")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("stunnel4 could not be started")?;
        tcp::listening(port).await.context("stunnel4")?;
        Ok(Self { child, port, authority: folder.join("authority.pem") })
    }

    pub(crate) async fn stop(mut self) {
        // It has nothing to say goodbye to.
        let _ = self.child.kill().await;
    }
}

/// Makes `<name>.pem` and `<name>.key`, signed by `by` or by itself.
async fn certificate(folder: &Path, name: &str, extensions: &[&str], by: Option<&str>) -> Result<()> {
    let mut request = Command::new("openssl");
    request
        .args(["req", "-x509", "-config", "request.cnf", "-days", "2", "-nodes"])
        .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"])
        .args(["-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
    for extension in extensions {
        request.args(["-addext", extension]);
    }
    if let Some(by) = by {
        request.args(["-CA", &format!("{by}.pem"), "-CAkey", &format!("{by}.key"), "-subj", "/CN=localhost"]);
    }
    let output = request.current_dir(folder).output().await.context("openssl could not be started")?;
    ensure!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
