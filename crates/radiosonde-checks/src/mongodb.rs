//! MongoDB.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use mongodb::Client;
use mongodb::bson::doc;
use mongodb::event::EventHandler;
use mongodb::event::cmap::{CmapEvent, ConnectionCheckoutFailedReason};
use mongodb::options::ServerAddress;
use radiosonde_health::{Check, CheckFailed};
use radiosonde_metrics::Registry;
use radiosonde_metrics::standard::{Acquisition, ConnectionPool};
use tokio::task::JoinHandle;

/// Makes a check that sends `ping`, by a clone of this client.
///
/// The driver asks that what it has begun is never dropped half-way, so that a ping goes on after the check has timed out. The
/// next run waits for that one instead of sending another: a server that hangs is asked once, not once for each run.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = mongodb::Client::with_uri_str("mongodb://localhost:27017").await?;
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::mongodb::check("documents", &client))?;
/// # Ok(())
/// # }
/// ```
pub fn check(name: impl Into<String>, client: &Client) -> Check {
    let client = client.clone();
    let under_way = Arc::new(tokio::sync::Mutex::new(None::<JoinHandle<_>>));
    Check::new(name, move || {
        let (client, under_way) = (client.clone(), Arc::clone(&under_way));
        async move {
            let mut under_way = under_way.lock().await;
            // One that was answered since the last run says nothing of now.
            under_way.take_if(|answer| answer.is_finished());
            let answer = under_way.get_or_insert_with(|| tokio::spawn(ping(client)));
            // Only what has ended is forgotten: this future may be dropped while it waits.
            let answer = answer.await;
            *under_way = None;
            answer?
        }
    })
}

async fn ping(client: Client) -> Result<(), CheckFailed> {
    let admin = client.database("admin");
    admin.run_command(doc! { "ping": 1 }).await?;
    Ok(())
}

/// Returns a listener of the driver that shows how many connections are idle and in use, how many there may be, how many wait for
/// one, how long, and how many in vain, as [`ConnectionPool`] has it: `name` is the name of the pool.
///
/// The driver has a pool for each server of a deployment; they are shown as one. Set it before the client is made.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// # let registry = radiosonde_metrics::Registry::new();
/// let mut options = mongodb::options::ClientOptions::parse("mongodb://localhost:27017").await?;
/// options.cmap_event_handler = Some(radiosonde_checks::mongodb::record_pool(&registry, "documents"));
/// let client = mongodb::Client::with_options(options)?;
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn record_pool(registry: &Registry, name: &str) -> EventHandler<CmapEvent> {
    let instrument = ConnectionPool::new(registry, name);
    let pools = Mutex::new(Pools::default());
    EventHandler::callback(move |event| {
        let mut pools = pools.lock().unwrap_or_else(PoisonError::into_inner);
        pools.take(event, &instrument);
        instrument.set_max(pools.most.values().sum());
        instrument.set_idle(pools.open.len() - pools.used.len());
        instrument.set_used(pools.used.len());
    })
}

/// What the events so far say of the pools of one client.
#[derive(Default)]
struct Pools {
    /// How many connections there may be to each server.
    most: HashMap<ServerAddress, usize>,
    open: HashSet<Connection>,
    used: HashSet<Connection>,
    /// Who waits, the longest first. Events do not say who it is that no longer does; the sum of the times is right.
    waiting: VecDeque<Acquisition>,
}

/// Numbers are those of one pool.
type Connection = (ServerAddress, u32);

impl Pools {
    fn take(&mut self, event: CmapEvent, instrument: &ConnectionPool) {
        match event {
            CmapEvent::PoolCreated(pool) => {
                let most = pool.options.and_then(|options| options.max_pool_size);
                let most = usize::try_from(most.unwrap_or(DEFAULT_MOST)).unwrap_or(usize::MAX);
                self.most.insert(pool.address, most);
            }
            CmapEvent::PoolClosed(pool) => {
                self.most.remove(&pool.address);
            }
            CmapEvent::ConnectionReady(ready) => {
                self.open.insert((ready.address, ready.connection_id));
            }
            CmapEvent::ConnectionClosed(closed) => {
                let connection = (closed.address, closed.connection_id);
                self.open.remove(&connection);
                self.used.remove(&connection);
            }
            CmapEvent::ConnectionCheckoutStarted(_) => self.waiting.push_back(instrument.acquire()),
            CmapEvent::ConnectionCheckoutFailed(failed) => {
                if let Some(waited) = self.waiting.pop_front()
                    && matches!(failed.reason, ConnectionCheckoutFailedReason::Timeout)
                {
                    waited.timed_out();
                }
            }
            CmapEvent::ConnectionCheckedOut(taken) => {
                if let Some(waited) = self.waiting.pop_front() {
                    waited.acquired();
                }
                let connection = (taken.address, taken.connection_id);
                self.open.insert(connection.clone());
                self.used.insert(connection);
            }
            CmapEvent::ConnectionCheckedIn(returned) => {
                self.used
                    .remove(&(returned.address, returned.connection_id));
            }
            _ => {}
        }
    }
}

/// The limit of the driver, where none was set.
const DEFAULT_MOST: u32 = 10;
