//! RTMPS, with certificates good and bad.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::*;

/// An authority of the test's own.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
        Self { issuer: issuer.expect("an authority") }
    }

    fn trusted(&self) -> ForwardTls {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.issuer.der().clone()).expect("a root");
        ForwardTls::with_roots(roots)
    }

    fn certificate(&self, host: &str, last_year: i32) -> rustls::ServerConfig {
        let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        server(certificate.der().clone(), &key)
    }
}

fn server(certificate: rustls::pki_types::CertificateDer<'static>, key: &KeyPair) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a server")
}

/// What pushing to a server with this certificate comes to, when `localhost` is asked for.
async fn tried(config: rustls::ServerConfig, tls: ForwardTls) -> Result<(), ForwardError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let target = PublishTarget::parse(&format!("rtmps://localhost:{port}/live"), KEY).expect("a target");
    let serve = async {
        let (socket, _) = listener.accept().await.expect("a caller");
        if let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(socket).await {
            admit(&mut stream).await;
        }
    };
    let options = ForwardOptions { tls, ..options() };
    let (found, ()) =
        timeout(SOON, async { tokio::join!(try_target(&target, &options), serve) }).await.expect("in time");
    found
}

/// Serves until the caller leaves; returns the pictures that came.
async fn admit(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> usize {
    let mut connection = ServerConnection::new(ServerConfig::default(), [1; 1528]);
    let mut received = BytesMut::new();
    let mut pictures = 0;
    while !matches!(stream.read_buf(&mut received).await, Ok(0) | Err(_)) {
        connection.receive(&mut received).expect("RTMP");
        while let Some(event) = connection.poll_event() {
            match event {
                ServerEvent::PublishRequested(_) => connection.accept_publish(),
                ServerEvent::Video { payload, .. } => {
                    pictures += usize::from(matches!(flv::parse_video(payload), Ok(VideoTag::Frame { .. })));
                }
                _ => {}
            }
        }
        while let Some(bytes) = connection.poll_transmit() {
            if stream.write_all(&bytes).await.is_err() {
                return pictures;
            }
        }
    }
    pictures
}

#[tokio::test]
async fn media_goes_through_tls_to_the_last_byte() {
    let authority = Authority::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let target = PublishTarget::parse(&format!("rtmps://localhost:{port}/live"), KEY).expect("a target");
    let config = Arc::new(authority.certificate("localhost", 2099));
    let stream = stream();
    // Three megabytes at once, far more than the queue or TLS would hold.
    let big = Encoder { picture_bytes: 50_000, ..Encoder::default() };
    let publisher = crate::testing::publish(&stream, big.messages(0, 2_000));
    let options = ForwardOptions { tls: authority.trusted(), ..options() };
    let mut pushed = Pushed::start(&stream, target, options);
    let serve = async {
        let (socket, _) = listener.accept().await.expect("a caller");
        let mut socket = TlsAcceptor::from(config).accept(socket).await.expect("TLS");
        admit(&mut socket).await
    };
    let leave = async {
        pushed.until(ForwardEvent::Draining).await;
        stream.end();
    };
    let (pictures, ()) = timeout(SOON, async { tokio::join!(serve, leave) }).await.expect("in time");
    assert!(pictures >= 60, "{pictures}");
    drop(publisher);
}

#[tokio::test]
async fn a_good_certificate_lets_the_stream_through() {
    let authority = Authority::new();
    let found = tried(authority.certificate("localhost", 2099), authority.trusted()).await;
    assert_eq!(found, Ok(()));
}

#[tokio::test]
async fn an_expired_certificate() {
    let authority = Authority::new();
    let found = tried(authority.certificate("localhost", 2021), authority.trusted()).await;
    assert_eq!(found, Err(ForwardError::TlsExpired));
}

#[tokio::test]
async fn a_certificate_of_another_host() {
    let authority = Authority::new();
    let found = tried(authority.certificate("elsewhere.example", 2099), authority.trusted()).await;
    assert_eq!(found, Err(ForwardError::TlsWrongHost));
}

#[tokio::test]
async fn a_certificate_of_an_authority_nobody_knows() {
    let found = tried(Authority::new().certificate("localhost", 2099), Authority::new().trusted()).await;
    assert_eq!(found, Err(ForwardError::TlsUntrusted));
}

#[tokio::test]
async fn a_certificate_that_signed_itself() {
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        params.is_ca = is_ca;
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let found = tried(server(certificate.der().clone(), &key), Authority::new().trusted()).await;
        assert_eq!(found, Err(ForwardError::TlsUntrusted));
    }
}

#[tokio::test]
async fn a_server_without_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let target = PublishTarget::parse(&format!("rtmps://localhost:{port}/live"), KEY).expect("a target");
    let answer = async {
        let (mut socket, _) = listener.accept().await.expect("a caller");
        socket.write_all(&[3; 1_537]).await.expect("written");
        socket
    };
    let options = options();
    let (found, _socket) = tokio::join!(try_target(&target, &options), answer);
    assert!(matches!(found, Err(ForwardError::Tls(_))), "{found:?}");
}
