//! Certificates, made by `openssl` once: they last until 2126, and the last one ended in 2020.

use std::io::Write as _;
use std::time::Duration;

use radiosonde_checks::certificate;
use radiosonde_metrics::Registry;

use crate::{error, run};

const LASTING: &str = include_str!("certificates/lasting.pem");
const ENDED: &str = include_str!("certificates/ended.pem");

fn file(pem: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(pem.as_bytes()).unwrap();
    file
}

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn a_certificate_passes_while_it_lasts() {
    let lasting = file(LASTING);
    let check = |remaining| certificate::check("certificate", lasting.path(), remaining);
    assert!(run(check(14 * DAY)).await.is_passing());
    let said = error(check(500 * 365 * DAY)).await;
    assert!(said.starts_with("the certificate ends in "), "{said}");
}

#[tokio::test]
async fn of_a_chain_the_first_to_end_counts() {
    let chain = file(&format!("{LASTING}\n{ENDED}"));
    let said = error(certificate::check("certificate", chain.path(), DAY)).await;
    assert_eq!(said, "the certificate has ended");
}

#[tokio::test]
async fn when_it_ends_is_recorded() {
    let (lasting, registry) = (file(LASTING), Registry::new());
    let check = certificate::recorded_check("server", lasting.path(), DAY, &registry);
    assert!(run(check).await.is_passing());
    let line = r#"certificate_expiry_timestamp_seconds{certificate="server"} 49"#;
    assert!(registry.render().contains(line), "{}", registry.render());
}

#[tokio::test]
async fn what_is_no_certificate_is_told() {
    let check = |pem: &str| {
        let file = file(pem);
        async move { error(certificate::check("certificate", file.path(), DAY)).await }
    };
    assert_eq!(check("").await, "the file holds no certificate");
    let nonsense = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    assert_eq!(check(nonsense).await, "a certificate cannot be understood");
    assert!(
        !error(certificate::check("certificate", "/no/such/file", DAY))
            .await
            .is_empty()
    );
}
