//! Exports over TLS, to a collector that shows a certificate of an authority of our own and asks for one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::routing::get;
use radiosonde::build;
use radiosonde::layer::ConnectionMetrics;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tower::ServiceExt as _;

use crate::child::{self, printed};

pub(crate) fn file(name: &str) -> PathBuf {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/certificates");
    PathBuf::from(directory).join(name)
}

/// Returns the settings of a collector that takes what comes from clients which the authority knows.
fn mutual() -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("ca.pem")).unwrap();
    roots.add(authority).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// Returns the settings of a server that takes what comes from anybody.
pub(crate) fn one_sided() -> ServerConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

/// Starts a collector with such settings. It ends with the test.
pub(crate) fn collector(config: ServerConfig) -> SocketAddr {
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let tls = ServerConnection::new(config.clone()).unwrap();
            let stream = StreamOwned::new(tls, connection.unwrap());
            std::thread::spawn(move || while_open(stream));
        }
    });
    address
}

/// Answers every request of a connection with success.
fn while_open(stream: StreamOwned<ServerConnection, std::net::TcpStream>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).ok()? == 0 {
                return None;
            }
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse().ok()?;
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).ok()?;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.get_mut().write_all(answer).ok()?;
    }
}

/// Runs a service with these files in a child, and returns how many of its three spans were sent.
fn sent(test: &str, address: SocketAddr, files: &[(&str, &str)]) -> String {
    let endpoint = format!("https://{address}");
    let paths: Vec<_> = files
        .iter()
        .map(|(variable, name)| (*variable, file(name).to_str().unwrap().to_owned()))
        .collect();
    let mut variables = vec![
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
    ];
    variables.extend(
        paths
            .iter()
            .map(|(variable, path)| (*variable, path.as_str())),
    );
    let output = printed(&child::run(test, &variables));
    let found = output
        .lines()
        .find_map(|line| Some(line.split_once("sent ")?.1));
    found.unwrap_or_else(|| panic!("{output}")).to_owned()
}

#[test]
fn a_collector_is_trusted_and_trusts_by_the_files_that_are_given() {
    if child::is_child() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let report = runtime.block_on(async {
            let mut parts = build("checkout").unwrap();
            let dispatch = radiosonde::ext::dispatch(&mut parts);
            let sonde = parts.into_sonde();
            tracing::dispatcher::with_default(&dispatch, || tracing::info!("an order"));
            let app = Router::new()
                .route("/", get(async || ""))
                .layer(sonde.layer());
            for _ in 0..3 {
                let request = Request::new(Body::empty());
                let _ = app.clone().oneshot(request).await.unwrap();
            }
            sonde.shutdown(Duration::from_secs(20)).await
        });
        return println!("sent {}", report.spans);
    }
    let name = "tls::a_collector_is_trusted_and_trusts_by_the_files_that_are_given";
    let address = collector(mutual());
    let authority = ("OTEL_EXPORTER_OTLP_CERTIFICATE", "ca.pem");
    let client = [
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "client.pem"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "client.key"),
    ];
    let both = [&[authority], &client[..]].concat();
    assert_eq!(sent(name, address, &both), "3 of 3");
    assert_eq!(sent(name, address, &[authority]), "0 of 3", "it shows none");
    assert_eq!(sent(name, address, &client), "0 of 3", "nobody knows it");
}

/// Listens for connections over TLS.
#[cfg(feature = "otlp-grpc")]
struct Listener {
    tcp: tokio::net::TcpListener,
    acceptor: TlsAcceptor,
}

#[cfg(feature = "otlp-grpc")]
impl axum::serve::Listener for Listener {
    type Io = tokio_rustls::server::TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            if let Ok((stream, address)) = self.tcp.accept().await
                && let Ok(stream) = self.acceptor.accept(stream).await
            {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// What the calls of a service were: by the service of the collector, what they said of their tenant.
#[cfg(feature = "otlp-grpc")]
type Tenants = Arc<std::sync::Mutex<std::collections::BTreeMap<String, String>>>;

/// Starts a collector of gRPC, which ends with the runtime.
#[cfg(feature = "otlp-grpc")]
async fn collector_of_grpc() -> (SocketAddr, Tenants) {
    let tenants = Tenants::default();
    let called = tenants.clone();
    let answer = async move |request: Request<Body>| {
        let service = request.uri().path().split('.').nth(3).unwrap();
        let tenant = request.headers()["x-tenant"].to_str().unwrap();
        let mut called = called.lock().unwrap();
        called.insert(service.to_owned(), tenant.to_owned());
        http::Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "0")
            .body(Body::empty())
            .unwrap()
    };
    let mut config = mutual();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = Listener {
        tcp: tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap(),
        acceptor: TlsAcceptor::from(Arc::new(config)),
    };
    let address = listener.tcp.local_addr().unwrap();
    let app = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, tenants)
}

/// The service itself stands in the other test.
#[cfg(feature = "otlp-grpc")]
#[test]
fn over_grpc_a_collector_is_trusted_alike_and_each_signal_has_its_headers() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (address, tenants) = runtime.block_on(collector_of_grpc());
    let endpoint = format!("https://{address}");
    let path = |name| file(name).to_str().unwrap().to_owned();
    let (authority, certificate, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let stranger = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=all"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "x-tenant=metrics"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "x-tenant=logs"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", &*authority),
    ];
    let known = [
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", &*certificate),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", &*key),
    ];
    let name = "tls::a_collector_is_trusted_and_trusts_by_the_files_that_are_given";
    let sent = |variables: &[_]| printed(&child::run(name, variables)).contains("sent 3 of 3");
    assert!(!sent(&stranger), "it shows no certificate");
    assert!(tenants.lock().unwrap().is_empty());
    assert!(sent(&[&stranger[..], &known].concat()));
    let tenants = tenants.lock().unwrap();
    let of = |service: &str| tenants.get(service).map(String::as_str);
    assert_eq!(of("trace"), Some("all"));
    assert_eq!(of("metrics"), Some("metrics"));
    assert_eq!(of("logs"), Some("logs"));
}

/// Connects to an acceptor of TLS, and returns its side of the handshake as it is timed, with the client's.
async fn handshake(
    metrics: &ConnectionMetrics,
) -> (impl Future<Output = std::io::Result<()>> + use<>, TcpStream) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let accepted = metrics.handshake(TlsAcceptor::from(Arc::new(one_sided())).accept(stream));
    (async { accepted.await.map(drop) }, client)
}

#[tokio::test]
async fn handshakes_are_timed_by_how_they_end() {
    let telemetry = radiosonde::testing::Telemetry::new("checkout");
    let metrics = telemetry.sonde().connection_metrics();

    let (accepted, client) = handshake(&metrics).await;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(file("ca.pem")).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connected =
        TlsConnector::from(Arc::new(config)).connect("localhost".try_into().unwrap(), client);
    let (accepted, connected) = tokio::join!(accepted, connected);
    accepted.unwrap();
    connected.unwrap();

    let (accepted, mut client) = handshake(&metrics).await;
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    accepted.await.unwrap_err();

    let (accepted, _silent) = handshake(&metrics).await;
    tokio::time::timeout(Duration::ZERO, accepted)
        .await
        .unwrap_err();

    for outcome in ["ok", "error", "cancelled"] {
        let duration = "tls_handshake_duration_seconds";
        telemetry
            .metrics()
            .histogram(duration, [("outcome", outcome)])
            .has_count(1);
    }
}
