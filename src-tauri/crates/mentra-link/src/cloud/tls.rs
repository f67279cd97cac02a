//! Whose certificates are trusted.

use std::fmt;
use std::sync::{Arc, Mutex};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::dial::DialError;
use crate::shared::lock;

/// A TLS configuration shared by all sockets of the client. Cheap to clone.
#[derive(Clone)]
pub struct CloudTls(Source);

#[derive(Clone)]
enum Source {
    /// Made when it is first needed, for reading the system's roots takes a moment; anew after a certificate was not trusted,
    /// for its owner may have added it meanwhile.
    Platform(Arc<Mutex<Option<Arc<ClientConfig>>>>),
    Fixed(Arc<ClientConfig>),
}

impl CloudTls {
    /// Judges as the system's own browser would; on Linux, by the certificates of `SSL_CERT_FILE` if that is set.
    pub fn platform() -> Self {
        Self(Source::Platform(Arc::default()))
    }

    /// Trusts these authorities and no others.
    pub fn with_roots(roots: RootCertStore) -> Self {
        let builder = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .expect("the provider supports the default versions");
        Self(Source::Fixed(Arc::new(builder.with_root_certificates(roots).with_no_client_auth())))
    }

    /// Reads the system's authorities if that was not done yet. Blocks on files.
    fn config(&self) -> Result<Arc<ClientConfig>, String> {
        match &self.0 {
            Source::Fixed(config) => Ok(Arc::clone(config)),
            Source::Platform(made) => {
                let mut made = lock(made);
                match made.as_ref() {
                    Some(config) => Ok(Arc::clone(config)),
                    None => Ok(Arc::clone(made.insert(platform_config()?))),
                }
            }
        }
    }

    /// Shakes hands as a client; `host` is a name or an address.
    pub(super) async fn connect(
        &self,
        host: &str,
        socket: TcpStream,
    ) -> Result<TlsStream<TcpStream>, DialError> {
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| DialError::Tls("its name is none that a certificate can have".to_owned()))?;
        let own = self.clone();
        let config = tokio::task::spawn_blocking(move || own.config())
            .await
            .map_err(|_| DialError::Tls("the system's certificates could not be read".to_owned()))?
            .map_err(DialError::Tls)?;
        let connected = TlsConnector::from(config).connect(name, socket).await;
        connected.map_err(|error| DialError::of_tls(&error)).inspect_err(|error| {
            if let (DialError::TlsUntrusted, Source::Platform(made)) = (error, &self.0) {
                lock(made).take();
            }
        })
    }
}

impl Default for CloudTls {
    fn default() -> Self {
        Self::platform()
    }
}

impl fmt::Debug for CloudTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Platform(_) => "CloudTls(platform)",
            Source::Fixed(_) => "CloudTls(fixed)",
        })
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn platform_config() -> Result<Arc<ClientConfig>, String> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_platform_verifier())
        .map_err(|error| error.to_string())?
        .with_no_client_auth();
    Ok(Arc::new(config))
}
