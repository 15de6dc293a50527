//! What backends there are.

use std::net::SocketAddr;

/// What a backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// PostgreSQL. The user and the database are called `checkout`, and there is no password.
    Postgres,
    /// MariaDB, without tables of privileges: every user may do everything.
    Mariadb,
    /// Redis, without persistence.
    Redis,
    /// RabbitMQ, with the user `guest` that it makes itself.
    RabbitMq,
    /// NATS, without `JetStream`.
    Nats,
    /// ClickHouse, whose port is that of HTTP, with the user `default` and no password.
    ClickHouse,
    /// What speaks for MongoDB, which Debian does not package: NX-27017, a server of its protocol over SQLite.
    MongoDb,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Mariadb => "mariadb",
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
            Self::Nats => "nats",
            Self::ClickHouse => "clickhouse",
            Self::MongoDb => "mongodb",
        }
    }

    /// What it says once it serves.
    pub(super) fn ready(self) -> &'static str {
        match self {
            Self::Postgres => "ready to accept connections",
            Self::Mariadb => "ready for connections",
            Self::Redis => "Ready to accept connections",
            Self::RabbitMq => "Server startup complete",
            Self::Nats => "Server is ready",
            Self::ClickHouse => "Ready for connections",
            Self::MongoDb => "Listening on",
        }
    }

    /// The URL by which clients connect to one that listens here.
    pub(super) fn url(self, addr: SocketAddr) -> String {
        match self {
            Self::Postgres => format!("postgres://checkout@{addr}/postgres"),
            Self::Mariadb => format!("mysql://checkout@{addr}"),
            Self::Redis => format!("redis://{addr}"),
            Self::RabbitMq => format!("amqp://guest:guest@{addr}"),
            Self::Nats => format!("nats://{addr}"),
            Self::ClickHouse => format!("http://{addr}"),
            Self::MongoDb => format!("mongodb://{addr}"),
        }
    }
}
