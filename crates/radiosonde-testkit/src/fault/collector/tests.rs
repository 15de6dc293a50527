use super::*;
use crate::eventually;
use crate::fault::grpc;
use crate::http::RawConnection;

#[test]
fn refusing_leaves_the_port_closed() {
    let collector = FaultCollector::start(Mode::Refuse);

    let error = http::get(collector.addr(), "/", &[]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_port_stays_its_own_while_it_dies_and_comes_back() {
    let collector = FaultCollector::start(Mode::status(200));
    let mut connection = RawConnection::open(collector.addr()).unwrap();
    connection.send_head("GET", "/", &[]).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 200);

    collector.set(Mode::Refuse);
    assert!(connection.read_head().is_err(), "it was cut");
    let error = http::get(collector.addr(), "/", &[]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);

    collector.set(Mode::status(204));
    let response = http::get(collector.addr(), "/", &[]).unwrap();
    assert_eq!(response.status, 204);
}

#[cfg(target_os = "linux")]
#[test]
fn a_black_hole_neither_accepts_nor_refuses() {
    let collector = FaultCollector::start(Mode::BlackHole);

    let connected = TcpStream::connect_timeout(&collector.addr(), Duration::from_millis(300));
    assert_eq!(connected.unwrap_err().kind(), io::ErrorKind::TimedOut);
}

#[test]
fn hanging_reads_the_request_and_says_nothing() {
    let collector = FaultCollector::start(Mode::Hang);
    let mut connection = RawConnection::open(collector.addr()).unwrap();
    connection
        .send_head("POST", "/v1/traces", &[("content-length", "5")])
        .unwrap();
    connection.send(b"spans").unwrap();

    let received = eventually("the request", Duration::from_secs(5), || {
        collector.requests().pop()
    });
    assert_eq!(received.request_line, "POST /v1/traces HTTP/1.1");
    assert_eq!(received.body, b"spans");

    drop(collector);
    assert!(connection.read_head().is_err());
}

#[test]
fn a_reset_follows_the_request() {
    let collector = FaultCollector::start(Mode::Reset);

    let error = http::get(collector.addr(), "/", &[]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(collector.requests().len(), 1);
}

#[test]
fn a_dripping_answer_comes_all_the_same() {
    let answer = Answer::new(200, [], b"");
    let collector = FaultCollector::start(Mode::Drip(answer, Duration::from_millis(1)));

    assert_eq!(http::get(collector.addr(), "/", &[]).unwrap().status, 200);
}

#[test]
fn an_answer_goes_to_every_request_of_a_connection() {
    let collector = FaultCollector::start(Mode::throttle(503, 7));
    let mut connection = RawConnection::open(collector.addr()).unwrap();

    for _ in 0..2 {
        connection.send_head("GET", "/", &[]).unwrap();
        let response = connection.read_response().unwrap();
        assert_eq!((response.status, response.body.len()), (503, 0));
        assert_eq!(response.header("retry-after"), Some("7"));
    }
    assert_eq!(collector.requests().len(), 2);
}

#[test]
fn what_is_accepted_is_counted() {
    let collector = FaultCollector::start(Mode::status(200));
    let post = |mode| {
        collector.set(mode);
        http::post(collector.addr(), "/v1/traces", &[], MESSAGE).unwrap();
        collector.accepted("/v1/traces")
    };

    assert_eq!(post(Mode::status(200)), 2);
    assert_eq!(post(Mode::status(503)), 2);
    assert_eq!(post(Mode::partial(1)), 3);
    assert_eq!(collector.accepted("/v1/logs"), 0);
}

#[test]
fn an_answer_that_breaks_off_is_none() {
    let collector = FaultCollector::start(Mode::BreakOff);

    let error = http::get(collector.addr(), "/", &[]).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn bytes_are_answered_to_the_letter_whatever_is_spoken() {
    let collector = FaultCollector::start(Mode::verbatim("HTTP/1.1 418 \r\n\r\n"));
    for first in ["GET / HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut connection = RawConnection::open(collector.addr()).unwrap();
        connection.send(first.as_bytes()).unwrap();
        assert_eq!(connection.read_head().unwrap().status, 418, "{first}");
    }
}

/// What a call of gRPC was answered.
#[derive(Debug, PartialEq, Eq)]
struct Answered {
    status: u16,
    body: Vec<u8>,
    verdict: Option<String>,
}

/// Makes a call over a connection of its own, with a message of two items; nothing when it fails.
fn call(collector: &FaultCollector) -> Option<Answered> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let tcp = tokio::net::TcpStream::connect(collector.addr())
            .await
            .ok()?;
        let (mut sender, connection) = h2::client::handshake(tcp).await.ok()?;
        tokio::spawn(connection);
        let request = ::http::Request::post(format!("{}{METHOD}", collector.endpoint()))
            .header("content-type", "application/grpc")
            .body(())
            .unwrap();
        let (answer, mut stream) = sender.send_request(request, false).ok()?;
        let message = [&[0, 0, 0, 0, 8], MESSAGE].concat();
        stream.send_data(message.into(), true).ok()?;
        let (head, mut answer) = answer.await.ok()?.into_parts();
        let mut body = Vec::new();
        while let Some(bytes) = answer.data().await {
            let bytes = bytes.ok()?;
            answer.flow_control().release_capacity(bytes.len()).ok()?;
            body.extend(bytes);
        }
        let trailers = answer.trailers().await.ok()?.unwrap_or_default();
        let verdict = trailers.get("grpc-status");
        Some(Answered {
            status: head.status.as_u16(),
            body,
            verdict: verdict.map(|verdict| verdict.to_str().unwrap().to_owned()),
        })
    })
}

#[test]
fn calls_are_answered_at_the_same_port_and_what_is_accepted_is_counted() {
    let quick = |mode| match mode {
        Mode::Drip(answer, _) => Mode::Drip(answer, Duration::from_millis(1)),
        other => other,
    };
    let empty = [0; 5];
    let refusing = [&[0, 0, 0, 0, 4], &[0x0a, 0x02, 0x08, 1][..]].concat();
    for (mode, body, verdict, accepted) in [
        (grpc::status("0"), &empty[..], "0", 2),
        (grpc::status("14"), &empty, "14", 0),
        (grpc::throttle("8", 7), &empty, "8", 0),
        (grpc::partial(1), &refusing, "0", 1),
        (quick(grpc::drip()), &empty, "0", 0),
    ] {
        let collector = FaultCollector::start(mode.clone());
        let answered = call(&collector).unwrap();
        let expected = Answered {
            status: 200,
            body: body.to_owned(),
            verdict: Some(verdict.to_owned()),
        };
        assert_eq!(answered, expected, "{mode:?}");
        assert_eq!(collector.accepted(METHOD), accepted, "{mode:?}");
        assert_eq!(collector.requests()[0].path(), METHOD);
    }
    let collector = FaultCollector::start(grpc::oversized());
    assert_eq!(call(&collector).unwrap().body.len(), (1 << 20) + 5);
    collector.set(Mode::status(503));
    let answered = call(&collector).unwrap();
    assert_eq!((answered.status, answered.verdict), (503, None));
}

#[test]
fn calls_fail_in_every_way_and_come_back() {
    let collector = FaultCollector::start(Mode::Reset);
    assert_eq!(call(&collector), None);
    collector.set(Mode::BreakOff);
    assert_eq!(call(&collector), None);
    collector.set(Mode::Refuse);
    assert_eq!(call(&collector), None);
    assert_eq!(collector.requests().len(), 2);
    collector.set(grpc::status("0"));
    assert!(call(&collector).is_some());
}

const METHOD: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// Two items in one scope of one resource.
const MESSAGE: &[u8] = b"\x0a\x06\x12\x04\x12\x00\x12\x00";

#[test]
fn what_is_forgetful_counts_requests_and_keeps_none() {
    let collector = FaultCollector::forgetful(Mode::status(200));
    for _ in 0..2 {
        assert_eq!(
            http::get(collector.addr(), "/v1/traces", &[])
                .unwrap()
                .status,
            200
        );
    }
    assert_eq!((collector.received(), collector.requests().len()), (2, 0));
    assert_eq!(collector.accepted("/v1/traces"), 0);
}
