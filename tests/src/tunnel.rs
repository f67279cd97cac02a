//! TLS in front of a receiver that speaks none: stunnel, with one door for each kind of certificate.

use std::collections::HashMap;
use std::fmt::Write as _;

use tempfile::TempDir;
use tokio::process::Command;

use crate::certificates::{Certificates, Flaw};
use crate::program::Program;
use crate::receiver::Receiver;

/// See the module's documentation.
pub struct Tunnel {
    _folder: TempDir,
    _program: Program,
    ports: HashMap<String, u16>,
}

impl Tunnel {
    /// Opens all doors in front of `receiver`.
    ///
    /// # Panics
    /// When stunnel is missing or does not come up.
    pub async fn start(receiver: &Receiver, certificates: &Certificates) -> Self {
        let folder = tempfile::Builder::new().prefix("tunnel-").tempdir().expect("a temporary folder");
        let mut text = "foreground = yes\nsyslog = no\npid =\ndebug = info\n".to_owned();
        for flaw in Flaw::ALL {
            let certificate = certificates.of_server(flaw);
            write!(
                text,
                "[{}]\naccept = 127.0.0.1:0\nconnect = {}\ncert = {}\n",
                flaw.word(),
                receiver.address(),
                certificate.display()
            )
            .expect("text can be written to");
        }
        let configuration = folder.path().join("stunnel.conf");
        std::fs::write(&configuration, text).expect("its configuration is written");
        let mut ports = HashMap::new();
        let mut command = Command::new("stunnel4");
        command.arg(&configuration);
        let program = Program::start("stunnel4", &mut command, |line| {
            ports.extend(bound(line));
            ports.len() == Flaw::ALL.len()
        })
        .await;
        Self { _folder: folder, _program: program, ports }
    }

    /// Server part of the address behind this certificate.
    ///
    /// # Panics
    /// Never: every door is open.
    pub fn url(&self, flaw: Flaw) -> String {
        format!("rtmps://localhost:{}/live", self.ports[flaw.word()])
    }
}

/// `Service [good] (FD=8) bound to 127.0.0.1:44197`
fn bound(line: &str) -> Option<(String, u16)> {
    let (_, rest) = line.split_once("Service [")?;
    let (name, rest) = rest.split_once(']')?;
    let (_, port) = rest.split_once("bound to 127.0.0.1:")?;
    Some((name.to_owned(), port.trim().parse().ok()?))
}
