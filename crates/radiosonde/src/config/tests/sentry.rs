//! Where error reports go.

use super::*;

#[test]
fn the_release_is_the_name_and_the_version() {
    let dsn = (env::SENTRY_DSN, "http://key@localhost/1");
    let config = || Config::new(crate::Service::new("checkout").version("1.2.3"));
    let sentry = resolve(config(), &[dsn]).unwrap().sentry.unwrap();
    assert_eq!(sentry.release.as_deref(), Some("checkout@1.2.3"));
    assert_eq!(sentry.environment, "production");

    let vars = [
        dsn,
        (env::SENTRY_RELEASE, "r1"),
        (env::SENTRY_ENVIRONMENT, "staging"),
    ];
    let sentry = resolve(config(), &vars).unwrap().sentry.unwrap();
    assert_eq!(
        (sentry.release.as_deref(), sentry.environment.as_str()),
        (Some("r1"), "staging")
    );
}

#[test]
fn what_reports_name_is_the_environment_of_the_service_unless_the_variable_says_otherwise() {
    let dsn = (env::SENTRY_DSN, "http://key@localhost/1");
    let named = |vars: &[_]| {
        let config = Config::new("checkout").environment("canary");
        let settings = resolve(config, &[&[dsn], vars].concat()).unwrap();
        let named = settings.sentry.unwrap().environment;
        (settings.environment, named)
    };
    let canary = Some("canary".to_owned());
    assert_eq!(named(&[]), (canary.clone(), "canary".into()));
    let variable = (env::SENTRY_ENVIRONMENT, "staging");
    assert_eq!(named(&[variable]), (canary, "staging".into()));
}

#[test]
fn broken_dsns_are_refused_without_being_shown() {
    let broken = [
        "s3cret",
        "ftp://s3cret@host/1",
        "http://host/1",
        "http://s3cret@host/",
        "http://s3cret@host/s3cret-7/",
        "http://s3cret\n@host/1",
        "http://s3cret@/1",
        "http://:s3cret@host/1",
    ];
    for dsn in broken {
        let errors = resolve("checkout", &[(env::SENTRY_DSN, dsn)]).unwrap_err();
        let text = crate::InitError::Config(errors).to_string();
        assert!(
            text.contains("SENTRY_DSN is malformed") && !text.contains("s3cret"),
            "{dsn}: {text}"
        );
    }
}
