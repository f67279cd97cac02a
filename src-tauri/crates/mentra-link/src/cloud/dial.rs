//! From an address to a socket: name, connection, TLS, WebSocket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rustls::CertificateError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::destination::Destination;
use super::tls::CloudTls;
use crate::line::READ_BYTES;

/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;

/// A connection, encrypted or not.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

pub(super) type WebSocket = WebSocketStream<Box<dyn Wire>>;

/// Why a dial came to nothing. Shows nothing of what we would have said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DialError {
    /// The name has no address, or none that may be dialled.
    Dns,
    /// Nobody listens on the port.
    Refused,
    /// There is no way to it.
    Unreachable,
    /// No answer in time.
    TimedOut,
    /// The certificate's time is over.
    TlsExpired,
    /// The certificate is for another name.
    TlsWrongHost,
    /// The certificate was made by nobody this system trusts.
    TlsUntrusted,
    /// Any other failure of TLS.
    Tls(String),
    /// The WebSocket was answered with an HTTP status; the beginning of the body.
    Http(u16, String),
    /// The far side speaks no WebSocket, or hung up.
    NoWebSocket(String),
}

impl DialError {
    /// What happened; `whom` is who was dialled.
    pub(super) fn words(&self, whom: &str) -> String {
        match self {
            Self::Dns => format!("the name of {whom} is not known in this network"),
            Self::Refused => format!("nothing listens at the address of {whom}"),
            Self::Unreachable => format!("there is no way to {whom} from here"),
            Self::TimedOut => format!("{whom} does not answer"),
            Self::TlsExpired => format!("the certificate of {whom} has expired"),
            Self::TlsWrongHost => format!("the certificate of {whom} is for another name"),
            Self::TlsUntrusted => format!("the certificate of {whom} is not trusted by this computer"),
            Self::Tls(why) => format!("encryption with {whom} failed: {why}"),
            Self::Http(status, _) => format!("{whom} answered HTTP {status}"),
            Self::NoWebSocket(why) => format!("{whom} takes no WebSocket: {why}"),
        }
    }

    /// What a failed TLS handshake means.
    pub(super) fn of_tls(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(reason)) => Self::of_certificate(reason),
            Some(rustls::Error::InvalidMessage(_)) => Self::Tls("it speaks no TLS on this port".to_owned()),
            Some(other) => Self::Tls(other.to_string()),
            None if error.kind() == io::ErrorKind::UnexpectedEof => {
                Self::Tls("it hung up during the handshake".to_owned())
            }
            None => Self::Tls(error.to_string()),
        }
    }

    fn of_certificate(reason: &CertificateError) -> Self {
        use CertificateError as E;
        match reason {
            E::Expired | E::ExpiredContext { .. } => Self::TlsExpired,
            E::NotValidForName | E::NotValidForNameContext { .. } => Self::TlsWrongHost,
            // `Other`: a certificate that signed itself and is marked as an authority, which a server's must not be.
            E::UnknownIssuer | E::BadSignature | E::Other(_) => Self::TlsUntrusted,
            other => Self::Tls(other.to_string()),
        }
    }

    fn of_connect(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Unreachable,
        }
    }

    fn of_upgrade(error: Error) -> Self {
        match error {
            Error::Http(answer) => {
                let body = answer.body().as_deref().unwrap_or_default();
                let said = String::from_utf8_lossy(&body[..body.len().min(1_024)]).into_owned();
                Self::Http(answer.status().as_u16(), said)
            }
            Error::Io(error) => Self::NoWebSocket(error.to_string()),
            other => Self::NoWebSocket(other.to_string()),
        }
    }
}

/// The addresses of a name.
pub(super) async fn lookup(destination: &Destination, until: Instant) -> Result<Vec<SocketAddr>, DialError> {
    let found = timeout_at(until, lookup_host((destination.host.as_str(), destination.port))).await;
    let found = found.map_err(|_| DialError::TimedOut)?.map_err(|_| DialError::Dns)?;
    // A hosts file may point `localhost` anywhere.
    let may = |address: &SocketAddr| !destination.loopback || address.ip().to_canonical().is_loopback();
    let found: Vec<SocketAddr> = found.filter(may).take(ADDRESSES).collect();
    if found.is_empty() { Err(DialError::Dns) } else { Ok(found) }
}

/// Connects to the first of them that answers. Each but the last has half of the time that is left.
pub(super) async fn connect(addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, DialError> {
    let mut failed = DialError::Unreachable;
    for (at, address) in addresses.iter().enumerate() {
        let left = until.saturating_duration_since(Instant::now());
        let own = if at + 1 == addresses.len() { until } else { Instant::now() + left / 2 };
        match timeout_at(own, TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                // Messages are small and wait for answers.
                if let Err(error) = socket.set_nodelay(true) {
                    failed = DialError::of_connect(&error);
                    continue;
                }
                return Ok(socket);
            }
            Ok(Err(error)) => failed = DialError::of_connect(&error),
            Err(_) => failed = DialError::TimedOut,
        }
    }
    Err(failed)
}

/// Encrypts it, if its address says so.
pub(super) async fn encrypt(
    destination: &Destination,
    socket: TcpStream,
    tls: &CloudTls,
    until: Instant,
) -> Result<Box<dyn Wire>, DialError> {
    if !destination.tls {
        return Ok(Box::new(socket));
    }
    let encrypted = timeout_at(until, tls.connect(&destination.host, socket)).await;
    Ok(Box::new(encrypted.map_err(|_| DialError::TimedOut)??))
}

/// The whole way to a WebSocket. `headers` are added to the upgrade.
pub(super) async fn web_socket(
    destination: &Destination,
    headers: HeaderMap,
    tls: &CloudTls,
    within: Duration,
) -> Result<WebSocket, DialError> {
    let until = Instant::now() + within;
    let addresses = lookup(destination, until).await?;
    let socket = connect(&addresses, until).await?;
    let wire = encrypt(destination, socket, tls, until).await?;
    let mut request = destination
        .url
        .as_str()
        .into_client_request()
        .map_err(|_| DialError::NoWebSocket("the address cannot be asked for".to_owned()))?;
    request.headers_mut().extend(headers);
    let config =
        WebSocketConfig::default().max_message_size(Some(READ_BYTES)).max_frame_size(Some(READ_BYTES));
    let upgraded = timeout_at(until, client_async_with_config(request, wire, Some(config))).await;
    let (socket, _) = upgraded.map_err(|_| DialError::TimedOut)?.map_err(DialError::of_upgrade)?;
    Ok(socket)
}
