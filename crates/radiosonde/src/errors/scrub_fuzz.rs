//! What the fuzz target of the scrubber does with bytes. The tests play it on a stable compiler.

use super::scrub::{FILTERED, header, is_secret, query, text};

/// Plants a secret into a text that is made of the bytes, in every way in which one is known to be told, and looks for it in
/// what is left.
pub(crate) fn run(bytes: &[u8]) {
    let (seed, rest) = bytes.split_at(bytes.len().min(8));
    let around = String::from_utf8_lossy(rest);
    let middle = around.floor_char_boundary(around.len() / 2);
    let (before, after) = around.split_at(middle);
    let secret = secret(seed);
    for carrier in CARRIERS {
        let planted = carrier.replace("SECRET", &secret);
        let scrubbed = text(&format!("{before}\n{planted}\n{after}")).into_owned();
        assert!(!scrubbed.contains(&secret), "{planted} in {scrubbed}");
    }
    for name in ["token", "X-API-Key", "%70assword"] {
        let planted = format!("{}&{name}={secret}&{}", no_pairs(before), no_pairs(after));
        let scrubbed = query(&planted);
        assert!(!scrubbed.contains(&secret), "{scrubbed}");
        // No name is lost.
        assert_eq!(scrubbed.split('&').count(), planted.split('&').count());
    }
    assert_eq!(header("x-auth-token", &around), FILTERED);
    if is_plain(&around) {
        assert_eq!(text(&around), around);
        assert_eq!(is_secret(&around), is_secret(&around.to_uppercase()));
    }
}

/// Letters and digits that nothing else holds by chance.
fn secret(seed: &[u8]) -> String {
    let seed = seed
        .iter()
        .fold(0, |seed, byte| seed << 8 | u64::from(*byte));
    format!("S3cr3t{seed:016X}")
}

fn no_pairs(text: &str) -> String {
    text.replace('&', "")
}

/// Words and spaces, in which nothing can be a secret.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c == ' ')
}

const CARRIERS: &[&str] = &[
    "postgres://app:SECRET@db:5432/shop",
    "https://SECRET@sentry.example.com/42",
    "redis://:SECRET@cache",
    "app:SECRET@tcp(db:3306)/shop",
    "https://host/path?access_token=SECRET",
    "/callback?code=1&client_secret=SECRET&state=2",
    "https://bucket/object?X-Amz-Signature=SECRET",
    "state=2&code=SECRET",
    "user[password]=SECRET&user[name]=joe",
    "password=SECRET",
    "password: SECRET",
    "db.password = 'SECRET'",
    r#"{"apiKey":"SECRET","id":7}"#,
    r#"{\"apiKey\":\"SECRET\",\"id\":7}"#,
    r#"Login { password: Some("SECRET") }"#,
    r#"Password("SECRET")"#,
    r#"tokens: ["a", "SECRET"]"#,
    "Authorization: Bearer SECRET",
    "Proxy-Authorization: Digest a=b, c=SECRET",
    "Cookie: theme=dark; id=SECRET",
    "bearer SECRET",
    "/reset/token/SECRET/now",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SECRET",
    "ghp_16C7e42F292c6912SECRET",
    "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----",
];

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::{fs, iter, panic};

    use super::run;

    #[test]
    fn no_secret_is_left_among_bytes_by_chance() {
        // What texts with secrets are made of, and anything else.
        let common = b"\"'\\:=@/?&()[]{} \nkeytoken-";
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let length = random.usize(..400);
            let byte = || {
                if random.bool() {
                    common[random.usize(..common.len())]
                } else {
                    random.u8(..)
                }
            };
            let bytes: Vec<_> = iter::repeat_with(byte).take(length).collect();
            let passed = panic::catch_unwind(|| run(&bytes)).is_ok();
            assert!(passed, "a seed that shows it: {bytes:?}");
        }
    }

    #[test]
    fn no_secret_is_left_among_the_seeds() {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/scrub");
        let seeds = fs::read_dir(seeds).unwrap();
        let mut seeds: Vec<_> = seeds.map(|seed| seed.unwrap().path()).collect();
        seeds.sort();
        assert!(seeds.len() >= 6, "{seeds:?}");
        for seed in seeds {
            println!("{}", seed.display());
            run(&fs::read(seed).unwrap());
        }
    }
}
