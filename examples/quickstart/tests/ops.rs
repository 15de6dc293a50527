//! The monitoring that is committed in `ops/` is the one that fits the service.

use std::path::Path;

#[test]
fn the_committed_tree_is_the_one_that_would_be_written() {
    let ops = Path::new(env!("CARGO_MANIFEST_DIR")).join("ops");
    let mut arguments = vec![
        "radiosonde".to_owned(),
        "stack".to_owned(),
        format!("--from={}", env!("CARGO_BIN_EXE_quickstart")),
        format!("--out={}", ops.display()),
    ];
    if std::env::var_os("RADIOSONDE_WRITE_DOCS").is_some() {
        arguments.push("--force".to_owned());
        assert_eq!(radiosonde_stack::cli::run(arguments.clone()), 0);
        arguments.pop();
    }
    arguments.push("--check".to_owned());
    assert_eq!(
        radiosonde_stack::cli::run(arguments),
        0,
        "run the test with RADIOSONDE_WRITE_DOCS=1 and commit {}",
        ops.display()
    );
}
