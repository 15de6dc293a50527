//! Probes that are answered while the service answers nothing.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use radiosonde::Config;
use radiosonde::health::Check;
use radiosonde_testkit::{eventually, http};
use tokio::sync::oneshot;

const MINUTE: Duration = Duration::from_mins(1);

fn until(address: SocketAddr, path: &str, status: u16) -> String {
    eventually(&format!("{status} at {path}"), MINUTE, || {
        let answer = http::get(address, path, &[]).ok()?;
        (answer.status == status).then(|| answer.text())
    })
}

#[test]
fn a_thread_of_its_own_tells_that_the_runtime_is_stalled_and_that_it_is_not() {
    let (send_address, address) = mpsc::channel();
    let (stall, stalls) = oneshot::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    let (end, ends) = oneshot::channel::<()>();
    let service = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let config = Config::new("checkout").probe_addr("0");
            let sonde = radiosonde::build(config).unwrap().into_sonde();
            let check = Check::new("database", async || Ok(()));
            sonde.health().register(check.critical()).unwrap();
            let probes = sonde.start_probe_thread().unwrap().unwrap();
            send_address.send(probes.local_addr()).unwrap();
            stalls.await.unwrap();
            // What nobody should do on a runtime.
            released.recv().unwrap();
            ends.await.unwrap();
        });
    });
    let address = address.recv().unwrap();
    assert_eq!(until(address, "/live", 200), r#"{"status":"alive"}"#);
    until(address, "/ready", 200);
    // Scrapes and the like are not for this thread.
    assert_eq!(http::get(address, "/metrics", &[]).unwrap().status, 404);

    stall.send(()).unwrap();
    let expected = r#"{"status":"not alive","reasons":["runtime stalled"]}"#;
    assert_eq!(until(address, "/live", 503), expected);
    let ready = until(address, "/ready", 503);
    assert!(ready.contains("runtime stalled"), "{ready}");

    release.send(()).unwrap();
    until(address, "/live", 200);
    until(address, "/ready", 200);
    end.send(()).unwrap();
    service.join().unwrap();
    // The thread ends with its handle, and its port with it.
    eventually("the end of the thread", MINUTE, || {
        http::get(address, "/live", &[]).err()
    });
}

#[tokio::test]
async fn without_an_address_there_is_no_such_thread() {
    let sonde = radiosonde::build("checkout").unwrap().into_sonde();
    assert!(sonde.start_probe_thread().unwrap().is_none());
}

#[tokio::test]
async fn an_address_that_is_taken_is_an_error_that_names_it() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = Config::new("checkout")
        .probe_addr(&address)
        .admin_addr(&address);
    let sonde = radiosonde::build(config).unwrap().into_sonde();
    let probes = sonde.start_probe_thread().unwrap_err().to_string();
    let admin = sonde.serve_admin().await.unwrap_err().to_string();
    let served = sonde.bind("127.0.0.1:0").await.unwrap_err().to_string();
    for error in [probes, admin, served] {
        assert!(error.contains(&address), "{error}");
    }
}
