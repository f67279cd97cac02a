//! Certificates of servers, good ones and bad ones, made for one test.

use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tempfile::TempDir;

/// What is the matter with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing: the authority made it for `localhost`.
    None,
    /// Its time is over.
    Expired,
    /// No authority stands behind it, as of most servers set up by hand.
    SelfSigned,
    /// The authority made it for another name.
    OtherHost,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::None, Self::Expired, Self::SelfSigned, Self::OtherHost];

    /// A word for it, to name things by.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "good",
            Self::Expired => "expired",
            Self::SelfSigned => "self-signed",
            Self::OtherHost => "other-host",
        }
    }
}

/// One certificate authority, and a server's certificate of each kind.
pub struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes them all.
    ///
    /// # Panics
    /// When they cannot be made or written.
    pub fn make() -> Self {
        let folder = tempfile::Builder::new().prefix("certificates-").tempdir().expect("a temporary folder");
        let key = new_key();
        let mut authority = named("Authority of the tests", Vec::new());
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = authority.self_signed(&key).expect("an authority signs itself");
        write(&folder.path().join("authority.pem"), &root.pem());
        let issuer = Issuer::new(authority, key);
        for flaw in Flaw::ALL {
            let server_key = new_key();
            let host = if flaw == Flaw::OtherHost { "elsewhere.example" } else { "localhost" };
            let mut wanted = named(host, vec![host.to_owned()]);
            if flaw == Flaw::Expired {
                wanted.not_before = date_time_ymd(2_020, 1, 1);
                wanted.not_after = date_time_ymd(2_021, 1, 1);
            }
            let certificate = if flaw == Flaw::SelfSigned {
                // What `openssl req -x509` makes is an authority too.
                wanted.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                wanted.self_signed(&server_key)
            } else {
                wanted.signed_by(&server_key, &issuer)
            };
            let certificate = certificate.expect("a certificate is signed");
            let both = format!("{}{}", certificate.pem(), server_key.serialize_pem());
            write(&folder.path().join(format!("{}.pem", flaw.word())), &both);
        }
        Self { folder }
    }

    /// The authority's own certificate, for `SSL_CERT_FILE` of whoever shall trust it.
    ///
    /// # Panics
    /// When the path is no text.
    pub fn authority(&self) -> String {
        let path = self.folder.path().join("authority.pem");
        path.to_str().expect("temporary folders have plain names").to_owned()
    }

    /// A server's certificate and its key in one file.
    pub(crate) fn of_server(&self, flaw: Flaw) -> PathBuf {
        self.folder.path().join(format!("{}.pem", flaw.word()))
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key is generated")
}

fn named(name: &str, hosts: Vec<String>) -> CertificateParams {
    let mut wanted = CertificateParams::new(hosts).expect("host names are plain");
    wanted.distinguished_name.push(DnType::CommonName, name);
    wanted
}

/// Keys are for their owner's eyes; stunnel grumbles otherwise.
fn write(path: &Path, text: &str) {
    let mut options = std::fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).expect("a new file");
    std::io::Write::write_all(&mut file, text.as_bytes()).expect("it is written");
}
