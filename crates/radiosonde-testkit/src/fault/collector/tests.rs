use super::*;
use crate::eventually;
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
    let answer = Answer {
        bytes: b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n".to_vec(),
        status: 200,
        refused: 0,
    };
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
    // Two items in one scope of one resource.
    let message = b"\x0a\x06\x12\x04\x12\x00\x12\x00";
    let collector = FaultCollector::start(Mode::status(200));
    let post = |mode| {
        collector.set(mode);
        http::post(collector.addr(), "/v1/traces", &[], message).unwrap();
        collector.accepted("/v1/traces")
    };

    assert_eq!(post(Mode::status(200)), 2);
    assert_eq!(post(Mode::status(503)), 2);
    assert_eq!(post(Mode::partial(1)), 3);
    assert_eq!(collector.accepted("/v1/logs"), 0);
}
