//! Who is told of what, in which words, and who is not.

use std::time::{SystemTime, UNIX_EPOCH};

use radiosonde_stack::Target;
use radiosonde_testkit::eventually;
use serde_json::{Value, json};

use crate::town::{DEADLINE, Town, over};

fn town() -> Town {
    Town::of(Target::Prometheus2, another_hour())
}

#[test]
fn a_slower_tier_is_told_only_when_the_faster_one_is_over() {
    let town = town();
    let tier = |alert, tier| town.alert("checkout", alert, &[("slo", "api"), ("burn_tier", tier)]);
    let fast = tier("SLOBurnPage", "fast");
    let slower = [
        tier("SLOBurnPage", "slow"),
        tier("SLOBurnTicket", "ticket-fast"),
        tier("SLOBurnTicket", "ticket-slow"),
    ];
    town.alertmanager.tell(&json!([fast]));
    town.told("/hook", "fast");
    town.alertmanager.tell(&json!(slower));
    // That of the other service has nothing to do with it.
    let other = town.alert(
        "billing",
        "SLOBurnTicket",
        &[("slo", "api"), ("burn_tier", "ticket-fast")],
    );
    town.alertmanager.tell(&json!([other]));
    town.told("/hook", "billing");

    town.holds_back(&[
        "SLOBurnPage slow checkout",
        "SLOBurnTicket ticket-fast checkout",
        "SLOBurnTicket ticket-slow checkout",
    ]);
    assert_eq!(
        town.heard("/hook"),
        [
            "firing SLOBurnPage fast checkout",
            "firing SLOBurnTicket ticket-fast billing"
        ]
    );
    town.told("/pagerduty", "SLOBurnPage");
    assert_eq!(town.requests("/pagerduty").len(), 1);

    town.alertmanager.tell(&json!([over(&fast)]));
    eventually("the next tier", DEADLINE, || {
        let heard = town.heard("/hook");
        heard
            .iter()
            .any(|line| line == "firing SLOBurnPage slow checkout")
            .then_some(())
    });
    town.holds_back(&[
        "SLOBurnTicket ticket-fast checkout",
        "SLOBurnTicket ticket-slow checkout",
    ]);
}

/// One budget of each route: that of another route is another matter.
#[test]
fn what_says_less_about_the_same_is_held_back_and_nothing_else_is() {
    let town = town();
    let of_job = |name, service| town.alert(service, name, &[("job", service)]);
    let certificate = |name, of| {
        town.alert(
            "checkout",
            name,
            &[("job", "checkout"), ("certificate", of)],
        )
    };
    let of_route = |alert, tier, route| {
        let labels = [("slo", "orders"), ("burn_tier", tier), ("route", route)];
        town.alert("billing", alert, &labels)
    };
    town.alertmanager.tell(&json!([
        of_job("CriticalErrorRatio", "billing"),
        of_job("HighErrorRatio", "billing"),
        certificate("CertificateExpiryCritical", "public"),
        certificate("CertificateExpiringSoon", "public"),
        certificate("CertificateExpiringSoon", "internal"),
        of_route("SLOBurnPage", "fast", "/orders"),
        of_route("SLOBurnTicket", "ticket-fast", "/orders"),
        of_route("SLOBurnTicket", "ticket-fast", "/orders/{id}"),
    ]));
    let mut expected = vec![
        "CertificateExpiringSoon checkout",
        "HighErrorRatio billing",
        "SLOBurnTicket ticket-fast billing",
    ];
    town.holds_back(&expected);

    // Nothing of a service that is down is worth a word but that it is.
    town.alertmanager.tell(&json!([
        of_job("ServiceDown", "checkout"),
        of_job("HighLatency", "checkout"),
        of_job("HighLatency", "billing"),
    ]));
    expected.extend([
        "CertificateExpiringSoon checkout",
        "CertificateExpiryCritical checkout",
        "HighLatency checkout",
    ]);
    expected.sort_unstable();
    town.holds_back(&expected);

    // The same is true of one that nobody knows of any more.
    let missing = of_job("ServiceMissing", "billing");
    town.alertmanager.tell(&json!([missing]));
    expected.extend([
        "CriticalErrorRatio billing",
        "HighLatency billing",
        "SLOBurnPage fast billing",
        "SLOBurnTicket ticket-fast billing",
    ]);
    expected.sort_unstable();
    town.holds_back(&expected);
}

#[test]
fn the_dead_man_switch_hears_of_the_watchdog_and_nobody_else_does() {
    let town = town();
    let watchdog = town.alert("", "Watchdog", &[]);
    let failing = town.alert("", "NotificationsDropped", &[("job", "prometheus")]);
    town.alertmanager.tell(&json!([watchdog, failing]));
    town.told("/switch", "Watchdog");
    town.told("/hook", "NotificationsDropped");
    // It is told again and again.
    let mut heard = town.heard("/switch");
    heard.dedup();
    assert_eq!(heard, ["firing Watchdog"]);
    assert_eq!(town.heard("/hook"), ["firing NotificationsDropped"]);
}

#[test]
fn a_digest_is_held_back_until_its_hour() {
    let town = town();
    let [info, other] = [
        town.alert("checkout", "RequestRateSpike", &[]),
        town.alert("checkout", "HighLatency", &[]),
    ];
    town.alertmanager.tell(&json!([info, other]));
    town.told("/hook", "HighLatency");
    eventually("that it is held back", DEADLINE, || {
        let log = town.alertmanager.log();
        log.contains("is not within active time").then_some(())
    });
    assert_eq!(town.mail.messages(), Vec::<String>::new());
    assert_eq!(town.heard("/hook"), ["firing HighLatency checkout"]);
}

#[test]
fn within_its_hour_a_digest_is_one_mail() {
    let (town, mail) = loop {
        let hour = this_hour();
        let town = Town::of(Target::Prometheus2, hour);
        let of = |service| town.alert(service, "RequestRateSpike", &[("job", service)]);
        town.alertmanager
            .tell(&json!([of("checkout"), of("billing")]));
        let mail = eventually("a mail, or its hour to be over", DEADLINE, || {
            let mail = town.mail.messages().first().cloned();
            mail.map(Some)
                .or_else(|| (this_hour() != hour).then_some(None))
        });
        if let Some(mail) = mail {
            break (town, mail);
        }
    };
    assert!(mail.contains("To: ops@example.com\n"), "{mail}");
    assert!(
        mail.contains("Subject: [FIRING:2] RequestRateSpike"),
        "{mail}"
    );
    for service in ["checkout", "billing"] {
        let text = format!("RequestRateSpike of {service}");
        assert!(mail.contains(&text), "{mail}");
    }
    assert_eq!(town.mail.messages().len(), 1);
}

#[test]
fn every_channel_says_what_happened_and_where_to_read_on() {
    let town = town();
    let alert = town.alert("checkout", "CriticalErrorRatio", &[("job", "checkout")]);
    town.alertmanager.tell(&json!([alert]));

    let body = |path: &str| -> Value {
        serde_json::from_slice(&town.told(path, "CriticalErrorRatio").body).unwrap()
    };
    let title = "[FIRING:1] CriticalErrorRatio of checkout";
    let text = "CriticalErrorRatio of checkout\nOne <line> & another.\n\
                What to do: runbooks/CriticalErrorRatio.md\nBoard: https://grafana.example/d/";
    let slack = body("/slack");
    let attachment = &slack["attachments"][0];
    assert_eq!(slack["channel"], "#alerts");
    assert_eq!(attachment["title"], title);
    assert_eq!(attachment["fallback"], title);
    assert_eq!(attachment["color"], "danger");
    let said = attachment["text"].as_str().unwrap();
    assert!(said.trim_start().starts_with(text), "{said}");

    let page = body("/pagerduty");
    assert_eq!(page["routing_key"], "the-key");
    assert_eq!(page["event_action"], "trigger");
    let payload = &page["payload"];
    assert_eq!(payload["summary"], title);
    assert_eq!(payload["severity"], "critical");
    assert_eq!(payload["component"], "checkout");
    assert_eq!(payload["group"], "platform");
    assert_eq!(payload["class"], "errors");
    let details = &payload["custom_details"];
    assert!(
        details["firing"].as_str().unwrap().contains(text),
        "{details}"
    );
    assert_eq!(details["runbook"], "runbooks/CriticalErrorRatio.md");

    town.alertmanager.tell(&json!([over(&alert)]));
    let ended = "[RESOLVED] CriticalErrorRatio of checkout";
    let slack: Value = serde_json::from_slice(&town.told("/slack", ended).body).unwrap();
    let attachment = &slack["attachments"][0];
    assert_eq!(attachment["color"], "good");
    let said = attachment["text"].as_str().unwrap();
    assert!(
        said.trim_start().starts_with("Over: CriticalErrorRatio"),
        "{said}"
    );
    eventually("the end of the incident", DEADLINE, || {
        let pages = town.requests("/pagerduty").into_iter();
        let mut pages = pages.map(|page| serde_json::from_slice::<Value>(&page.body).unwrap());
        pages.find(|page| page["event_action"] == "resolve")
    });
}

fn this_hour() -> u8 {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    u8::try_from(seconds / 3_600 % 24).unwrap()
}

/// One that is not over or begins before a test is done.
fn another_hour() -> u8 {
    (this_hour() + 12) % 24
}
