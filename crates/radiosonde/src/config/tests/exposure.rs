//! Who is listened to, and where.

use super::*;

#[test]
fn an_address_to_listen_on_is_the_loopback_one_unless_told_otherwise() {
    let of = |value: &str| {
        let settings = resolve("checkout", &[(env::RADIOSONDE_ADMIN_ADDR, value)]).unwrap();
        (
            settings.exposure.admin_addr.unwrap(),
            settings.warnings.len(),
        )
    };
    assert_eq!(of("9090"), ("127.0.0.1:9090".to_owned(), 0));
    assert_eq!(of(":9090"), ("127.0.0.1:9090".to_owned(), 0));
    assert_eq!(of("[::1]:9090"), ("[::1]:9090".to_owned(), 0));
    assert_eq!(of("127.8.4.2:9090"), ("127.8.4.2:9090".to_owned(), 0));
    assert_eq!(of("localhost:0"), ("localhost:0".to_owned(), 0));
    // Whoever reaches it is an administrator; a name may be anybody's, however it begins.
    for address in ["0.0.0.0:9090", "[::]:9090", "127.example.com:9090"] {
        assert_eq!(of(address), (address.to_owned(), 1));
    }
    let with_token = [
        (env::RADIOSONDE_ADMIN_ADDR, "0.0.0.0:9090"),
        (env::RADIOSONDE_ADMIN_TOKEN, "mgKqCnD1cVVSBWzJ"),
    ];
    assert!(
        resolve("checkout", &with_token)
            .unwrap()
            .warnings
            .is_empty()
    );
}

#[test]
fn what_is_wrong_with_the_exposure_is_told_at_once_and_without_the_token() {
    let vars = [
        (env::RADIOSONDE_ADMIN_ADDR, "everywhere"),
        (env::RADIOSONDE_PROBE_ADDR, "::1:9090"),
        (env::RADIOSONDE_ADMIN_TOKEN, "hunter2"),
        (env::RADIOSONDE_READY_PATH, "/live"),
        (env::RADIOSONDE_MAX_CONNECTIONS, "0"),
        (env::RADIOSONDE_HEAD_TIMEOUT, "0s"),
        (env::RADIOSONDE_IDLE_TIMEOUT, "soon"),
    ];
    let errors = resolve("checkout", &vars).unwrap_err();
    assert_eq!(errors.len(), vars.len(), "{errors:?}");
    let said: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let said = said.join("\n");
    for expected in [
        "`everywhere`",
        "`::1:9090`",
        "RADIOSONDE_ADMIN_TOKEN cannot be used",
        "`/live`",
    ] {
        assert!(said.contains(expected), "{said}");
    }
    assert!(!said.contains("hunter2") && !format!("{errors:?}").contains("hunter2"));
}

#[test]
fn connections_have_limits_that_can_be_set() {
    let settings = resolve("checkout", &[]).unwrap().connections;
    assert_eq!(settings.most, tokio::sync::Semaphore::MAX_PERMITS);
    assert_eq!(settings.head_timeout, Duration::from_secs(30));
    let config = Config::new("checkout").max_connections(100);
    let config = config.idle_timeout(Duration::from_mins(1));
    let settings = resolve(config, &[(env::RADIOSONDE_MAX_CONNECTIONS, "7")]);
    let settings = settings.unwrap().connections;
    assert_eq!(
        (settings.most, settings.idle_timeout),
        (100, Duration::from_mins(1))
    );
    assert!(resolve(Config::new("checkout").max_connections(0), &[]).is_err());
}
