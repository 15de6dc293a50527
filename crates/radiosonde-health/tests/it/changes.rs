//! Who is told of what.

use std::sync::Barrier;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use radiosonde_health::{Change, CheckState, Health, Obstacle, Status};

use crate::backend::{Backend, Mood, pass, runtime};

/// Returns a service, and what it tells.
fn told() -> (Health, Receiver<String>) {
    let (send, changes) = mpsc::channel();
    let health = Health::new();
    health.on_change(move |change| {
        let said = match change {
            Change::Check { name, from, to, .. } => format!("{name}: {from} to {to}"),
            other => format!("{other:?}"),
        };
        let _ = send.send(said);
    });
    (health, changes)
}

fn all(changes: &Receiver<String>) -> Vec<String> {
    changes.try_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn a_check_tells_each_change_of_its_state_once() {
    let ((health, changes), backend) = (told(), Backend::new());
    health.register(backend.check("database")).unwrap();
    health.report().await;
    assert_eq!(all(&changes), ["database: unknown to passing"]);

    for (mood, expected) in [
        (Mood::Down, "database: passing to failing"),
        (Mood::Up, "database: failing to passing"),
    ] {
        backend.turn(mood);
        for _ in 0..600 {
            pass(Duration::from_millis(100)).await;
            health.report().await;
        }
        assert_eq!(all(&changes), [expected]);
    }
}

/// Each of four threads opens one gate of four, at the same moment, a thousand times.
#[test]
fn of_gates_that_are_opened_at_once_one_is_the_last() {
    const THREADS: usize = 4;
    let rounds: Vec<_> = (0..1_000)
        .map(|_| {
            let (health, changes) = told();
            let gates: Vec<_> = (0..THREADS).map(|_| health.gate("a step")).collect();
            (health, changes, gates)
        })
        .collect();
    let moment = Barrier::new(THREADS);
    thread::scope(|scope| {
        for n in 0..THREADS {
            let own: Vec<_> = rounds.iter().map(|(_, _, gates)| &gates[n]).collect();
            let moment = &moment;
            scope.spawn(move || {
                for gate in own {
                    moment.wait();
                    gate.open();
                }
            });
        }
    });
    for (health, changes, _) in &rounds {
        assert!(health.startup().started);
        assert_eq!(all(changes), ["Started"]);
    }
}

#[test]
fn a_result_that_grew_stale_is_told_by_whoever_notices_first() {
    let (health, changes) = told();
    runtime().block_on(async {
        health.register(Backend::new().check("database")).unwrap();
        health.report().await;
    });
    all(&changes);
    runtime().block_on(async {
        pass(Duration::from_mins(1)).await;
        assert_eq!(health.last_report().checks[0].state, CheckState::Stale);
        health.report().await;
        pass(Duration::ZERO).await;
    });
    let expected = ["database: passing to stale", "database: stale to passing"];
    assert_eq!(all(&changes), expected);
}

#[test]
fn the_steps_of_a_lifecycle_are_told_once_each() {
    let (health, changes) = told();
    let gates = [health.gate("migrations"), health.gate("cache")];
    for _ in 0..2 {
        gates.iter().for_each(radiosonde_health::Gate::open);
        health.start_draining();
        health.mark_unrecoverable("the writer thread died");
        health.stop();
        health.start_draining();
    }
    assert_eq!(
        all(&changes),
        ["Started", "Draining", "Unrecoverable", "Stopped"]
    );
}

#[test]
fn a_listener_that_panics_keeps_nobody_from_the_news() {
    let health = Health::new();
    health.on_change(|_| panic!("expected: a listener's own mistake"));
    let (send, changes) = mpsc::channel();
    health.on_change(move |change| drop(send.send(change.clone())));
    health.start_draining();
    assert_eq!(changes.recv(), Ok(Change::Draining));
}

#[test]
fn a_listener_may_ask_and_add_listeners() {
    let health = Health::new();
    let (send, answers) = mpsc::channel();
    health.on_change({
        let health = health.clone();
        move |_| {
            health.on_change(|_| {});
            let _ = send.send(health.last_readiness().obstacles);
        }
    });
    health.start_draining();
    assert_eq!(answers.recv(), Ok(vec![Obstacle::Draining]));
}

#[tokio::test(start_paused = true)]
async fn an_operator_takes_the_service_out_of_service_and_puts_it_back() {
    let (health, changes) = told();
    health.take_out_of_service("a look at postgres://admin:secret@db/");
    health.take_out_of_service("a memory leak");
    assert_eq!(health.out_of_service().as_deref(), Some("a memory leak"));
    assert_eq!(health.readiness().await.obstacles, [Obstacle::OutOfService]);
    assert!(health.liveness().alive);
    assert_eq!(health.report().await.status, Status::Healthy);

    health.return_to_service();
    health.return_to_service();
    assert!(health.readiness().await.ready);
    assert_eq!(health.out_of_service(), None);
    assert_eq!(all(&changes), ["OutOfService", "BackInService"]);
}

#[tokio::test(start_paused = true)]
async fn work_that_never_ends_hears_of_the_drain() {
    for end in [Health::start_draining as fn(&Health), Health::stop, |_| {}] {
        let health = Health::new();
        let waiting = tokio::spawn(health.draining());
        pass(Duration::from_mins(1)).await;
        assert!(!waiting.is_finished());
        end(&health);
        drop(health);
        waiting.await.unwrap();
    }
}
