//! A runtime that does what it is given, or not.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use radiosonde_health::{CheckState, Health, Obstacle, Status};
use tokio::runtime::{Builder, Runtime};
use tokio::time::advance;

use crate::backend::{Backend, pass, runtime};

/// Does what was given to the runtime of the service so far.
fn go_on(service: &Runtime) {
    service.block_on(async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    });
}

#[test]
fn a_runtime_that_runs_nothing_for_some_seconds_is_not_alive_until_it_does() {
    let (service, elsewhere, health) = (runtime(), runtime(), Health::new());
    let watch = health.watch_runtime(service.handle());
    elsewhere.spawn(watch);
    let seconds = |seconds| {
        elsewhere.block_on(async {
            for _ in 0..seconds {
                pass(Duration::from_secs(1)).await;
            }
        });
    };
    for _ in 0..20 {
        go_on(&service);
        seconds(1);
        assert!(health.liveness().alive);
    }

    seconds(4);
    assert!(health.liveness().alive, "four beats missed");
    seconds(2);
    assert_eq!(health.liveness().obstacles, [Obstacle::Stalled]);
    assert_eq!(health.last_readiness().obstacles, [Obstacle::Stalled]);
    assert_eq!(health.last_report().status, Status::Unhealthy);

    go_on(&service);
    seconds(2);
    assert!(health.liveness().alive);
}

/// A service of several workers, some of which do what nobody should do on a runtime.
struct Workers {
    /// Before the runtime, which ends when its workers are free.
    blocked: Vec<mpsc::Sender<()>>,
    runtime: Runtime,
}

impl Workers {
    fn new(workers: usize) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(workers).build();
        Self {
            runtime: runtime.expect("threads"),
            blocked: Vec::new(),
        }
    }

    /// Blocks one more worker.
    fn block(&mut self) {
        let (begin, started) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        self.runtime.spawn(async move {
            let _ = begin.send(());
            let _ = released.recv();
        });
        started.recv().expect("a worker that is free");
        self.blocked.push(release);
    }

    /// Waits until nothing is left to do but what is blocked.
    fn do_the_rest(&self) {
        while self.runtime.metrics().num_alive_tasks() > self.blocked.len() {
            thread::yield_now();
        }
    }
}

#[test]
fn workers_that_are_all_blocked_are_noticed_within_ten_seconds_and_so_is_their_release() {
    for workers in [1, 2, 4] {
        let (mut service, elsewhere, health) = (Workers::new(workers), runtime(), Health::new());
        elsewhere.spawn(health.watch_runtime(service.runtime.handle()));
        let second = || elsewhere.block_on(pass(Duration::from_secs(1)));
        second();
        (0..workers).for_each(|_| service.block());
        let mut seconds = 0;
        while health.liveness().alive {
            assert!(seconds < 10, "{workers} workers");
            second();
            seconds += 1;
        }
        assert_eq!(health.last_readiness().obstacles, [Obstacle::Stalled]);

        service.blocked.clear();
        service.do_the_rest();
        second();
        assert!(health.liveness().alive, "{workers} workers");
    }
}

#[test]
fn a_runtime_is_alive_while_one_of_its_workers_is_free() {
    for workers in [2, 4] {
        let (mut service, elsewhere, health) = (Workers::new(workers), runtime(), Health::new());
        elsewhere.spawn(health.watch_runtime(service.runtime.handle()));
        (1..workers).for_each(|_| service.block());
        for _ in 0..20 {
            service.do_the_rest();
            elsewhere.block_on(pass(Duration::from_secs(1)));
            assert!(health.liveness().alive, "{workers} workers");
        }
    }
}

#[test]
fn a_process_that_was_suspended_is_alive_when_it_wakes() {
    let (service, elsewhere, health) = (runtime(), runtime(), Health::new());
    elsewhere.spawn(health.watch_runtime(service.handle()));
    for _ in 0..10 {
        // An hour in which nobody did anything, neither the service nor who watches it.
        elsewhere.block_on(async {
            advance(Duration::from_hours(1)).await;
            pass(Duration::ZERO).await;
        });
        assert!(health.liveness().alive);
        go_on(&service);
    }
}

#[test]
fn a_runtime_that_ended_is_not_alive() {
    let (service, elsewhere, health) = (runtime(), runtime(), Health::new());
    elsewhere.spawn(health.watch_runtime(service.handle()));
    drop(service);
    elsewhere.block_on(async {
        for _ in 0..8 {
            pass(Duration::from_secs(1)).await;
        }
    });
    assert!(!health.liveness().alive);
}

#[test]
fn whoever_watches_ends_with_the_service() {
    let (service, elsewhere, health) = (runtime(), runtime(), Health::new());
    let watching = elsewhere.spawn(health.watch_runtime(service.handle()));
    drop(health);
    elsewhere.block_on(async {
        pass(Duration::from_secs(2)).await;
        watching.await.unwrap();
    });
}

#[test]
fn checks_run_where_the_service_does_whoever_asks() {
    let (service, elsewhere) = (runtime(), runtime());
    let (health, backend) = (Health::new(), Backend::new());
    let _watch = health.watch_runtime(service.handle());
    health.register(backend.check("database")).unwrap();

    let asked = elsewhere.block_on(health.report());
    assert_eq!(asked.checks[0].state, CheckState::Unknown);
    assert_eq!(
        backend.calls(),
        0,
        "nobody drives the runtime of the service"
    );
    go_on(&service);
    assert_eq!(health.last_report().checks[0].state, CheckState::Passing);
}
