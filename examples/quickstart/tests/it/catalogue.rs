//! The catalogue of a running service, read where administrators read it.

use std::process::Command;

use radiosonde_stack::{Source, SourceError};
use radiosonde_testkit::service::Service;

const TOKEN: &str = "mgKqCnD1cVVSBWzJ";

#[test]
fn the_admin_endpoint_gives_the_catalogue_that_the_program_says() {
    let program = env!("CARGO_BIN_EXE_quickstart");
    let mut command = Command::new(program);
    command
        .env("RADIOSONDE_ADMIN_ADDR", "127.0.0.1:0")
        .env("RADIOSONDE_ADMIN_TOKEN", TOKEN)
        .env("RUST_LOG", "info");
    let service = Service::start(&command);
    let admin = format!("http://{}", service.admin_addr());
    // What is first asked of the service declares what it measures of it.
    service.get("/hello/you").unwrap();

    let asked = Source::of(&admin).read(Some(TOKEN)).unwrap();
    let said = Source::of(program).read(None).unwrap();
    assert_eq!(asked.service.as_deref(), Some("quickstart"));
    assert_eq!(asked.hash, said.hash);
    assert_eq!(asked.objectives, said.objectives);
    let requests = asked.metric("http_requests_total").unwrap();
    assert!(requests.in_use);

    for token in [None, Some("another")] {
        let refused = Source::of(&admin).read(token).unwrap_err();
        assert!(matches!(refused, SourceError::Status { status: 401, .. }));
        let told = refused.to_string();
        assert!(
            told.ends_with("give its token in `RADIOSONDE_ADMIN_TOKEN`"),
            "{told}"
        );
    }
    // The port of the service itself has no such thing.
    let public = format!("http://{}", service.addr());
    let refused = Source::of(&public)
        .read(Some(TOKEN))
        .unwrap_err()
        .to_string();
    assert!(
        refused.ends_with("the catalogue is on the admin listener, when there is one"),
        "{refused}"
    );
}
