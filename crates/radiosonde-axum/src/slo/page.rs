//! The answer as a page: no script, nothing from elsewhere.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use radiosonde_metrics::slo::{BudgetReport, WindowReport};

/// Returns the page.
pub(super) fn page(service: &str, reports: &[BudgetReport]) -> String {
    let service = Escaped(service);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<meta http-equiv=\"refresh\" content=\"10\">\n\
         <title>{service}: objectives</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{service}</h1>\n"
    );
    if reports.is_empty() {
        page.push_str("<p>No objectives are declared.</p>\n");
    }
    for report in reports {
        budget(report, &mut page);
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn budget(report: &BudgetReport, page: &mut String) {
    let objective = &report.objective;
    let (state, promise) = (report.state.as_str(), promise(report));
    let name = Escaped(objective.name());
    // Writing to a `String` cannot fail.
    let _ = write!(
        page,
        "<section class=\"{state}\">\n<h2>{name} <span>{state}</span></h2>\n<p>{promise}</p>\n"
    );
    let left = (report.remaining * 100.0).clamp(0.0, 100.0);
    let _ = write!(
        page,
        "<div class=\"bar\"><div style=\"width:{left:.2}%\"></div></div>\n<p>{} of the error budget left{}{}</p>\n",
        Percent(report.remaining),
        lasts(report.exhausted_in),
        if report.little_traffic {
            "; so few requests that one bad one counts for much"
        } else {
            ""
        },
    );
    page.push_str("<table>\n<tr><th>window<th>requests<th>bad<th>burn rate</tr>\n");
    for window in &report.windows {
        row(window, page);
    }
    page.push_str("</table>\n</section>\n");
}

fn row(window: &WindowReport, page: &mut String) {
    let WindowReport {
        name,
        counts,
        burn_rate,
        ..
    } = window;
    let (events, bad) = (counts.events, counts.bad);
    let _ = writeln!(
        page,
        "<tr><td>{name}<td>{events}<td>{bad}<td>{burn_rate:.2}</tr>"
    );
}

/// Says what an objective promises.
fn promise(report: &BudgetReport) -> String {
    let objective = &report.objective;
    let target = Percent(objective.target().as_f64());
    let within = objective.threshold_seconds();
    let how = within.map_or_else(
        || "are answered".to_owned(),
        |seconds| format!("end within {seconds} s"),
    );
    let routes: Vec<_> = if report.route.is_empty() {
        objective
            .scope()
            .routes()
            .iter()
            .map(String::as_str)
            .collect()
    } else {
        vec![report.route.as_str()]
    };
    let of = if routes.is_empty() {
        String::new()
    } else {
        format!(" to {}", Escaped(&routes.join(", ")))
    };
    let days = objective.period().as_secs_f64() / (24.0 * 3_600.0);
    format!(
        "{target} of the requests{of} {how}, over {} days",
        round(days)
    )
}

fn lasts(exhausted_in: Option<Duration>) -> String {
    let hours = exhausted_in.map(|left| round(left.as_secs_f64() / 3_600.0));
    hours.map_or_else(String::new, |hours| {
        format!("; at the rate of the last hour it is spent in {hours} h")
    })
}

/// Rounds to two digits after the point, and none where they are zero.
fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

/// A share as a percentage, with as many digits as it needs, four after the point at most.
struct Percent(f64);

impl Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", (self.0 * 1_000_000.0).round() / 10_000.0)
    }
}

/// A text that may be anything, within an element or an attribute.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}\
section{border:1px solid #8884;border-left:.4rem solid #2a7;border-radius:.4rem;padding:0 1rem;margin:1rem 0}\
section.ticket{border-left-color:#da0}section.page{border-left-color:#e60}section.exhausted{border-left-color:#d22}\
h2 span{font-size:.8rem;font-weight:normal;border:1px solid;border-radius:1rem;padding:.1rem .6rem}\
.bar{background:#8884;border-radius:.3rem;height:.6rem}.bar div{background:#2a7;border-radius:.3rem;height:100%}\
.exhausted .bar div{background:#d22}\
table{border-collapse:collapse;width:100%;margin-bottom:1rem}\
th,td{text-align:right;padding:.1rem .5rem;font-variant-numeric:tabular-nums}\
th:first-child,td:first-child{text-align:left}tr+tr{border-top:1px solid #8883}";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_cannot_leave_their_place() {
        let hostile = "<script>alert('\"&\"')</script>";
        let expected = "&lt;script&gt;alert(&#39;&quot;&amp;&quot;&#39;)&lt;/script&gt;";
        assert_eq!(Escaped(hostile).to_string(), expected);
        assert!(!page(hostile, &[]).contains("<script"));
    }

    #[test]
    fn percentages_have_the_digits_that_they_need() {
        for (share, expected) in [
            (0.999, "99.9 %"),
            (0.99999, "99.999 %"),
            (1.0, "100 %"),
            (-0.25, "-25 %"),
            (1.0 / 3.0, "33.3333 %"),
        ] {
            assert_eq!(Percent(share).to_string(), expected);
        }
    }
}
