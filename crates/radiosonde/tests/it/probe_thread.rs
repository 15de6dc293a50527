//! Probes that are answered while the service answers nothing.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use radiosonde::Config;
use radiosonde::health::Check;
use radiosonde_testkit::{eventually, http};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

const MINUTE: Duration = Duration::from_mins(1);

fn until(address: SocketAddr, path: &str, status: u16) -> String {
    eventually(&format!("{status} at {path}"), MINUTE, || {
        let answer = http::get(address, path, &[]).ok()?;
        (answer.status == status).then(|| answer.text())
    })
}

fn current_thread() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

fn workers(number: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let builder = builder.worker_threads(number).enable_all();
    builder.build().unwrap()
}

/// A service with a thread for probes, on a runtime whose threads can be blocked.
struct Service {
    probes: SocketAddr,
    work: UnboundedSender<Block>,
    thread: JoinHandle<()>,
}

/// What nobody should do on a runtime: tells that it begins, and blocks its thread until it is let go.
type Block = (mpsc::Sender<()>, mpsc::Receiver<()>);

impl Service {
    fn start(runtime: Runtime) -> Self {
        let (send_address, address) = mpsc::channel();
        let (work, mut to_do) = unbounded_channel::<Block>();
        let serve = async move {
            let config = Config::new("checkout").probe_addr("0");
            let sonde = radiosonde::build(config).unwrap().into_sonde();
            let check = Check::new("database", async || Ok(()));
            sonde.health().register(check.critical()).unwrap();
            let probes = sonde.start_probe_thread().unwrap().unwrap();
            send_address.send(probes.local_addr()).unwrap();
            while let Some((begin, release)) = to_do.recv().await {
                tokio::spawn(async move {
                    begin.send(()).unwrap();
                    let _ = release.recv();
                });
            }
        };
        let thread = thread::spawn(move || runtime.block_on(serve));
        let probes = address.recv().unwrap();
        Self {
            probes,
            work,
            thread,
        }
    }

    /// Blocks so many threads of the runtime, until what is returned is dropped.
    fn block(&self, threads: usize) -> Vec<mpsc::Sender<()>> {
        let (begin, started) = mpsc::channel();
        let blocked = (0..threads).map(|_| {
            let (release, released) = mpsc::channel();
            self.work.send((begin.clone(), released)).unwrap();
            release
        });
        let blocked = blocked.collect();
        assert_eq!(started.iter().take(threads).count(), threads);
        blocked
    }

    /// Ends the service, and waits for the thread that was its own.
    fn end(self) {
        drop(self.work);
        self.thread.join().unwrap();
        // Its port goes with it.
        eventually("the end of the thread", MINUTE, || {
            http::get(self.probes, "/live", &[]).err()
        });
    }
}

#[test]
fn a_thread_of_its_own_tells_that_the_runtime_is_stalled_and_that_it_is_not() {
    let services = [(current_thread(), 1), (workers(2), 2), (workers(4), 4)];
    let services = services.map(|(runtime, threads)| (Service::start(runtime), threads));
    let busy = Service::start(workers(4));
    for service in services.iter().map(|(service, _)| service).chain([&busy]) {
        let probes = service.probes;
        assert_eq!(until(probes, "/live", 200), r#"{"status":"alive"}"#);
        until(probes, "/ready", 200);
        // Scrapes and the like are not for this thread.
        assert_eq!(http::get(probes, "/metrics", &[]).unwrap().status, 404);
    }

    let one_is_free = busy.block(3);
    let none_is_free = services
        .each_ref()
        .map(|(service, threads)| service.block(*threads));
    let expected = r#"{"status":"not alive","reasons":["runtime stalled"]}"#;
    for (service, _) in &services {
        assert_eq!(until(service.probes, "/live", 503), expected);
        let ready = until(service.probes, "/ready", 503);
        assert!(ready.contains("runtime stalled"), "{ready}");
    }
    // It was blocked before they were.
    for path in ["/live", "/ready"] {
        assert_eq!(http::get(busy.probes, path, &[]).unwrap().status, 200);
    }

    drop((one_is_free, none_is_free));
    for (service, _) in services {
        until(service.probes, "/live", 200);
        until(service.probes, "/ready", 200);
        service.end();
    }
    busy.end();
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
