//! RabbitMQ.

use std::sync::Arc;

use lapin::Connection;
use radiosonde_health::Check;

/// Makes a check that opens a channel on the connection and closes it.
///
/// `connection` returns the one that the service uses now, because a connection that has ended does not come back: whoever
/// makes another puts it where this function finds it.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
///
/// let connection = lapin::Connection::connect("amqp://localhost", Default::default()).await?;
/// let connection = Arc::new(connection);
/// let health = radiosonde_health::Health::new();
/// health.register(radiosonde_checks::rabbitmq::check("orders", move || connection.clone()))?;
/// # Ok(())
/// # }
/// ```
pub fn check<F>(name: impl Into<String>, connection: F) -> Check
where
    F: Fn() -> Arc<Connection> + Send + Sync + 'static,
{
    Check::new(name, move || {
        let connection = connection();
        async move {
            let channel = connection.create_channel().await?;
            channel.close(SUCCESS, "checked".into()).await?;
            Ok(())
        }
    })
}

/// The reply code of AMQP 0-9-1 for an end that is none of anybody's fault.
const SUCCESS: u16 = 200;
