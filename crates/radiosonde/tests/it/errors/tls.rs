//! Reports over TLS.

use crate::account::Account;
use crate::child::{self, printed};
use crate::tls::{collector, file, one_sided};

#[test]
fn a_sentry_is_trusted_by_its_certificate_whatever_switches_that_off_elsewhere() {
    if child::is_child() {
        let sonde = radiosonde::init("checkout").unwrap();
        (0..3).for_each(|_| tracing::error!("it broke"));
        let Account { sent, failed, .. } = Account::of_reports(&sonde);
        return println!("\nsent {sent}, failed {failed}");
    }
    let name =
        "errors::tls::a_sentry_is_trusted_by_its_certificate_whatever_switches_that_off_elsewhere";
    let dsn = format!("https://key@{}/1", collector(one_sided()));
    let reported = |authority, more: &[_]| {
        let authority = file(authority);
        let authority = ("SSL_CERT_FILE", authority.to_str().unwrap());
        let variables = [&[("SENTRY_DSN", &*dsn), authority], more].concat();
        printed(&child::run(name, &variables))
    };
    let text = reported("ca.pem", &[]);
    assert!(text.contains("sent 3, failed 0"), "{text}");

    // Another one is trusted, which did not sign it.
    let switches: [&[_]; 2] = [&[], &[("SSL_VERIFY", "false")]];
    for switch in switches {
        let text = reported("client.pem", switch);
        assert!(text.contains("sent 0, failed 3"), "{text}");
        let told = "error reports cannot be sent; they are counted as failed";
        assert_eq!(text.matches(told).count(), 1, "{text}");
        assert!(text.contains("invalid peer certificate"), "{text}");
    }
}
