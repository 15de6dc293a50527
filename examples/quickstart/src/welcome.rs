//! What to open first.

use std::net::SocketAddr;

/// Prints the addresses worth a visit.
#[expect(
    clippy::print_stdout,
    reason = "whoever starts an example reads its terminal"
)]
pub(crate) fn print(address: SocketAddr) {
    println!(
        "
  a fast answer       http://{address}/hello/you
  half a second       http://{address}/slow
  a body in pieces    http://{address}/stream
  a stream of events  http://{address}/events
  an error, logged    http://{address}/fail
  a panic             http://{address}/panic

  what was measured   http://{address}/metrics
  how it is           http://{address}/health
  how it should be    http://{address}/slo
  for orchestrators   http://{address}/ready   http://{address}/live
"
    );
}
