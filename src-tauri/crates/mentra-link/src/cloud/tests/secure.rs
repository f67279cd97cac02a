//! Clouds behind TLS.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

use super::super::testing::Line;
use super::*;

/// An authority of the test's own, and a server of `localhost` by it.
struct Authority {
    roots: rustls::RootCertStore,
    acceptor: TlsAcceptor,
}

fn authority(last_year: i32, host: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let issuer = issuer.expect("an authority");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(issuer.der().clone()).expect("a root");
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let server = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("a server");
    Authority { roots, acceptor: TlsAcceptor::from(Arc::new(server)) }
}

fn trusting(roots: rustls::RootCertStore) -> CloudConfig {
    CloudConfig { roots: CloudTls::with_roots(roots), ..config(quick()) }
}

fn secure(cloud: &Cloud, scheme: &str) -> String {
    format!("{scheme}://localhost:{}", cloud.address().port())
}

#[tokio::test]
async fn a_trusted_cloud_gets_the_key() {
    let Authority { roots, acceptor } = authority(2100, "localhost");
    let cloud = Cloud::start().await;
    let mut rig = Rig::start_with(trusting(roots)).await;
    assert_eq!(rig.called(request(&secure(&cloud, "wss"), 1)).await, None);
    let wire = patiently(acceptor.accept(cloud.caller().await)).await.expect("a handshake");
    let mut line = Line::of(Box::new(wire)).await;
    line.acknowledge().await;
    assert!(!rig.connected().await);
    rig.app.stop().await;
}

#[tokio::test]
async fn any_other_gets_nothing() {
    let strangers = authority(2100, "localhost").roots;
    for (last_year, host, roots, wanted) in [
        (2100, "localhost", Some(strangers), "is not trusted by this computer"),
        (2021, "localhost", None, "has expired"),
        (2100, "cloud.example", None, "is for another name"),
    ] {
        let Authority { roots: own, acceptor } = authority(last_year, host);
        let cloud = Cloud::start().await;
        let config = trusting(roots.unwrap_or(own));
        let timing = CloudTiming { again_after: vec![Duration::from_secs(3_600)], ..quick() };
        let mut rig = Rig::start_with(CloudConfig { timing, ..config }).await;
        assert_eq!(rig.called(request(&secure(&cloud, "wss"), 1)).await, None);
        let shaken = patiently(acceptor.accept(cloud.caller().await)).await;
        assert!(shaken.is_err(), "{wanted}");
        let lost = rig.lost().await;
        assert!(lost.contains(wanted), "{lost}");
        // The way of a webhook says the same at its own step.
        let url = secure(&cloud, "https");
        let checking = rig.app.check_reachable(&url);
        let shaking = async { acceptor.accept(cloud.caller().await).await.map(drop) };
        let (reached, shaken) = tokio::join!(patiently(checking), patiently(shaking));
        assert!(shaken.is_err());
        let last = reached.steps.last().expect("a step");
        let failure = last.result.as_ref().expect_err("refused");
        assert_eq!(last.name, "encryption");
        assert!(failure.text.contains(wanted), "{failure:?}");
        rig.app.stop().await;
    }
}
