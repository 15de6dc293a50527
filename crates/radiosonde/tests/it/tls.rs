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

fn file(name: &str) -> PathBuf {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/certificates");
    PathBuf::from(directory).join(name)
}

/// Starts a collector that takes what comes from clients which the authority knows. It ends with the test.
fn collector() -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_file(file("ca.pem")).unwrap();
    roots.add(authority).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone());
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(vec![certificate], key)
        .unwrap();
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
            let sonde = build("checkout").unwrap().into_sonde();
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
    let address = collector();
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

/// Connects to an acceptor of TLS, and returns its side of the handshake as it is timed, with the client's.
async fn handshake(
    metrics: &ConnectionMetrics,
) -> (impl Future<Output = std::io::Result<()>> + use<>, TcpStream) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let accepted = metrics.handshake(TlsAcceptor::from(Arc::new(config)).accept(stream));
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
