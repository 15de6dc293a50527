//! All of a service's health beside a plain model of it, through whatever happens.
//!
//! The model is told when a check was run and how its dependency answered, and derives everything else by the definitions:
//! verdicts by reading all results backwards, staleness by subtraction, obstacles by listing them. It knows no schedule
//! either, only between which moments a run has to begin.

mod reference;

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use proptest::prelude::*;
use radiosonde_health::{Change, Gate, Health};
use radiosonde_testkit::size;
use tokio::time::Instant;

use self::reference::{Model, Plan};
use crate::backend::{Backend, Mood, pass, pass_unused, runtime};

/// What may happen next.
#[derive(Debug, Clone)]
enum Step {
    /// So many ticks pass.
    Pass(u32),
    /// So many ticks pass in which the runtime runs nothing.
    Stall(u32),
    /// A dependency changes how it answers.
    Turn(usize, Mood),
    OpenGate(usize),
    TakeOut,
    PutBack,
    Drain,
    Stop,
    MarkUnrecoverable,
}

/// The time of all schedules here is a multiple of this.
const TICK: Duration = Duration::from_millis(250);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    const MOODS: [Mood; 4] = [Mood::Up, Mood::Down, Mood::Hanging, Mood::Panicking];
    let turn = (0..CHECKS, prop::sample::select(&MOODS[..]));
    let step = prop_oneof![
        12 => (1u32..16).prop_map(Step::Pass),
        3 => (1u32..60).prop_map(Step::Stall),
        12 => turn.prop_map(|(check, mood)| Step::Turn(check, mood)),
        2 => (0..GATES).prop_map(Step::OpenGate),
        2 => Just(Step::TakeOut),
        2 => Just(Step::PutBack),
        1 => Just(Step::Drain),
        1 => Just(Step::Stop),
        1 => Just(Step::MarkUnrecoverable),
    ];
    prop::collection::vec(step, 1..40)
}

fn plans() -> impl Strategy<Value = Vec<Plan>> {
    let plan = (any::<bool>(), 2u32..8, 1u32..8, 1u32..8, 1u32..4, 1u32..4);
    let plan = plan.prop_map(
        |(critical, interval, failing, timeout, failures, successes)| Plan {
            critical,
            interval: TICK * interval,
            interval_while_failing: TICK * failing,
            timeout: TICK * timeout.min(interval),
            failures,
            successes,
        },
    );
    prop::collection::vec(plan, 1..=CHECKS)
}

const CHECKS: usize = 3;
const GATES: usize = 2;

/// A service, what it depends on, and what it said of itself.
struct Service {
    health: Health,
    backends: Vec<Backend>,
    gates: Vec<Gate>,
    changes: Receiver<Change>,
}

impl Service {
    fn new(seed: u64, plans: &[Plan], gates: usize) -> Self {
        let (tell, changes) = mpsc::channel();
        let health = Health::with_seed(seed);
        health.on_change(move |change| drop(tell.send(change.clone())));
        let backends: Vec<_> = plans.iter().map(|_| Backend::new()).collect();
        for (n, (backend, plan)) in backends.iter().zip(plans).enumerate() {
            let check = plan.applied_to(backend.check(&reference::name_of(n)));
            health.register(check).expect("a plan that makes sense");
        }
        let gates = (0..gates).map(|n| health.gate(format!("gate{n}")));
        Self {
            gates: gates.collect(),
            health,
            backends,
            changes,
        }
    }

    /// Does one step, and looks at every tick of it whether the model agrees.
    async fn go(&self, step: &Step, model: &mut Model) {
        match *step {
            Step::Pass(ticks) => {
                for _ in 0..ticks {
                    pass(TICK).await;
                    self.observe(model);
                }
            }
            Step::Stall(ticks) => {
                pass_unused(TICK * ticks);
                self.compare(model);
                pass(Duration::ZERO).await;
                self.observe(model);
            }
            Step::Turn(check, mood) => {
                if let Some(backend) = self.backends.get(check) {
                    backend.turn(mood);
                }
            }
            Step::OpenGate(gate) => {
                if let Some(gate) = self.gates.get(gate) {
                    gate.open();
                }
                model.open_gate(gate);
            }
            Step::TakeOut => {
                self.health.take_out_of_service("a look at a memory leak");
                model.take_out();
            }
            Step::PutBack => {
                self.health.return_to_service();
                model.put_back();
            }
            Step::Drain => {
                self.health.start_draining();
                model.drain();
            }
            Step::Stop => {
                self.health.stop();
                model.stop();
            }
            Step::MarkUnrecoverable => {
                self.health.mark_unrecoverable("the writer thread died");
                model.mark_unrecoverable();
            }
        }
        self.compare(model);
    }

    /// Tells the model which runs began, and compares.
    fn observe(&self, model: &mut Model) {
        let now = Instant::now();
        for (n, backend) in self.backends.iter().enumerate() {
            assert!(backend.in_flight() <= 1, "two runs of check {n} at once");
            model.observe(n, now, backend.take_calls());
        }
        self.compare(model);
    }

    fn compare(&self, model: &mut Model) {
        model.agrees_with(Instant::now(), &self.health, self.changes.try_iter());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(u32::try_from(size(100, 100_000)).unwrap_or(u32::MAX)))]

    #[test]
    fn a_service_is_what_its_model_says_through_whatever_happens(
        seed in any::<u64>(),
        plans in plans(),
        gates in 0..=GATES,
        steps in steps(),
    ) {
        runtime().block_on(async {
            let service = Service::new(seed, &plans, gates);
            let mut model = Model::new(&plans, gates);
            service.compare(&mut model);
            pass(Duration::ZERO).await;
            service.observe(&mut model);
            for step in &steps {
                service.go(step, &mut model).await;
            }
        });
    }
}
