//! From lines to families.

use std::collections::HashSet;

use super::family::Family;
use super::line::{Line, unescaped};

/// A format of exposition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// The Prometheus text format, version 0.0.4.
    Text,
    /// OpenMetrics, version 1.0.
    OpenMetrics,
}

/// Reads a text.
///
/// # Errors
///
/// Returns what is wrong with it, and in which line.
pub fn parse(format: Format, text: &str) -> Result<Vec<Family>, String> {
    let body = match format {
        Format::Text => text,
        Format::OpenMetrics => text.strip_suffix("# EOF\n").ok_or("no end")?,
    };
    if !body.is_empty() && !body.ends_with('\n') {
        return Err("an open line at the end".to_owned());
    }
    let mut families = Families::default();
    // Not `lines`: a carriage return belongs to its line.
    for line in body.split_terminator('\n') {
        // Only the text format lets blank lines stand between others.
        if format == Format::Text && line.is_empty() {
            continue;
        }
        families
            .line(format, line)
            .map_err(|wrong| format!("{wrong}, in the line `{line}`"))?;
    }
    families.complete(format)
}

#[derive(Debug, Default)]
struct Families {
    complete: Vec<Family>,
    current: Option<Family>,
    /// What families and their samples are called.
    names: HashSet<String>,
    comments: HashSet<String>,
    series: HashSet<String>,
}

impl Families {
    fn line(&mut self, format: Format, text: &str) -> Result<(), String> {
        let mut line = Line(text);
        if line.skip("# ") {
            self.comment(format, line)
        } else {
            self.sample(format, line)
        }
    }

    fn comment(&mut self, format: Format, mut line: Line<'_>) -> Result<(), String> {
        let keyword = line.word();
        line.expect(" ")?;
        let name = line.name(":")?;
        if line.0.is_empty() && keyword == "HELP" {
            return Err("no description".to_owned());
        }
        line.expect(" ")?;
        if !self.comments.insert(format!("{keyword} {name}")) {
            return Err(format!("{keyword} twice"));
        }
        let family = self.family(format, name)?;
        if !family.samples.is_empty() {
            return Err("a comment after samples".to_owned());
        }
        let kinds: &[&str] = match format {
            Format::Text => &["counter", "gauge", "histogram", "untyped"],
            Format::OpenMetrics => &["counter", "gauge", "histogram", "unknown"],
        };
        let value = line.0;
        match keyword {
            "HELP" => family.help = unescaped(value, format == Format::OpenMetrics)?,
            "TYPE" if kinds.contains(&value) => value.clone_into(&mut family.kind),
            "UNIT" if format == Format::OpenMetrics && name.ends_with(&format!("_{value}")) => {
                value.clone_into(&mut family.unit);
            }
            _ => return Err("a comment of no meaning".to_owned()),
        }
        Ok(())
    }

    /// Returns the family of this name: the one that is being read, or a new one.
    fn family(&mut self, format: Format, name: &str) -> Result<&mut Family, String> {
        if self
            .current
            .as_ref()
            .is_some_and(|family| family.name != name)
        {
            self.close(format)?;
        }
        Ok(self.current.get_or_insert_with(|| Family {
            name: name.to_owned(),
            ..Family::default()
        }))
    }

    fn sample(&mut self, format: Format, line: Line<'_>) -> Result<(), String> {
        let sample = line.sample(format)?;
        let family = self.current.as_mut().ok_or("no type")?;
        if family.kind.is_empty() || !family.has_part(format, &sample.name) {
            return Err(format!("no sample of `{}`, {:?}", family.name, family.kind));
        }
        if !self
            .series
            .insert(format!("{} {:?}", sample.name, sample.labels))
        {
            return Err("a series that stands twice".to_owned());
        }
        family.samples.push(sample);
        Ok(())
    }

    fn close(&mut self, format: Format) -> Result<(), String> {
        if let Some(family) = self.current.take() {
            family.check()?;
            for name in family.names(format) {
                if self.names.contains(&name) {
                    return Err(format!("two families with `{name}`"));
                }
                self.names.insert(name);
            }
            self.complete.push(family);
        }
        Ok(())
    }

    fn complete(mut self, format: Format) -> Result<Vec<Family>, String> {
        self.close(format)?;
        Ok(self.complete)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    const HISTOGRAM: &str = "# TYPE wait histogram\nwait_bucket{le=\"1.0\"} 1\nwait_bucket{le=\"+Inf\"} 2\n\
        wait_sum 3.5\nwait_count 2\n";

    #[test]
    fn a_text_is_read_with_all_that_it_says() {
        let text = concat!(
            "# HELP a:b Say \"\\\\n\\n\".\n# TYPE a:b gauge\n",
            "a:b{x=\"\\\"\\\\n\\n},\"} -Inf\na:b{x=\"\r\",_y=\"é\"} 1e-3\n\n",
        );
        let families = parse(Format::Text, &format!("{text}{HISTOGRAM}")).unwrap();
        assert_eq!(families[0].help, "Say \"\\n\n\".");
        let labels: Vec<_> = families[0]
            .samples
            .iter()
            .map(|sample| &sample.labels)
            .collect();
        assert_eq!(labels[0]["x"], "\"\\n\n},");
        assert_eq!(
            (labels[1]["x"].as_str(), labels[1]["_y"].as_str()),
            ("\r", "é")
        );
        assert_eq!(families[1].samples.len(), 4);
        let samples = samples(&families);
        let bucket = (
            "wait_bucket".to_owned(),
            [("le".to_owned(), "1".to_owned())].into(),
        );
        assert_eq!(samples.get(&bucket), Some(&1.0));
    }

    #[test]
    fn open_metrics_is_read_with_units_and_exemplars() {
        let text = concat!(
            "# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n",
            "wait_seconds_bucket{le=\"+Inf\"} 1 # {trace_id=\"ab\"} 0.5 12.5\n",
            "wait_seconds_sum 0.5\nwait_seconds_count 1\nwait_seconds_created 12.0\n",
            "# TYPE hits counter\nhits_total 3\nhits_created 1.0\n# EOF\n",
        );
        let families = parse(Format::OpenMetrics, text).unwrap();
        assert_eq!(families[0].unit, "seconds");
        let exemplar = families[0].samples[0].exemplar.as_ref().unwrap();
        assert_eq!(
            (exemplar.labels["trace_id"].as_str(), exemplar.time),
            ("ab", Some(12.5))
        );
        assert_eq!(samples(&families).len(), 4);
    }

    #[test]
    fn what_a_scraper_would_stumble_over_is_refused() {
        for text in [
            "a 1\n",
            "# TYPE a gauge\na 1",
            "# TYPE a gauge\n",
            "# TYPE a gauge\na 1 1700000000\n",
            "# TYPE a gauge\na 1\na 1\n",
            "# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 1\n",
            "# TYPE a gauge\n# TYPE a gauge\na 1\n",
            "# TYPE a gauge\na 1\n# HELP a Late.\n",
            "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# HELP a Late.\na{x=\"1\"} 1\n",
            "# TYPE a gauge\nb 1\n",
            "# TYPE a gauge\na{} 1\n",
            "# TYPE a gauge\na{x=\"1\",} 1\n",
            "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n",
            "# TYPE a gauge\na{x:y=\"1\"} 1\n",
            "# TYPE a gauge\na{x=\"\\t\"} 1\n",
            "# TYPE a gauge\na{x=\"\\\"} 1\n",
            "# TYPE a gauge\na x\n",
            "# TYPE 2a gauge\n2a 1\n",
            "# TYPE a meter\na 1\n",
            "# HELP a \\\"\n# TYPE a gauge\na 1\n",
            "# TYPE a counter\na -1\n",
        ] {
            assert!(parse(Format::Text, text).is_err(), "{text}");
        }
        assert_eq!(parse(Format::Text, ""), Ok(Vec::new()));
    }

    #[test]
    fn a_histogram_that_does_not_add_up_is_refused() {
        assert!(parse(Format::Text, HISTOGRAM).is_ok());
        for (from, to) in [
            ("le=\"+Inf\"} 2", "le=\"+Inf\"} 3"),
            ("le=\"1.0\"} 1", "le=\"1.0\"} 3"),
            ("le=\"1.0\"} 1", "le=\"1.0\"} 0.5"),
            ("le=\"+Inf\"", "le=\"2.0\""),
            ("le=\"+Inf\"", "le=\"0.5\""),
            ("le=\"1.0\"", "l=\"1.0\""),
            ("wait_sum 3.5\n", ""),
            ("wait_count 2\n", ""),
            ("wait_sum", "wait_total"),
        ] {
            let text = HISTOGRAM.replace(from, to);
            assert!(parse(Format::Text, &text).is_err(), "{text}");
        }
        let taken = format!("# TYPE wait_sum gauge\nwait_sum{{x=\"1\"}} 1\n{HISTOGRAM}");
        assert!(parse(Format::Text, &taken).is_err());
        let parts = format!("{HISTOGRAM}wait_count{{x=\"1\"}} 2\nwait_bucket{{le=\"3.0\"}} 2\n");
        assert!(parse(Format::Text, &parts).is_err());
    }

    #[test]
    fn open_metrics_is_stricter() {
        for text in [
            "# TYPE a gauge\na 1\n",
            "# TYPE a gauge\na 1\n\n# EOF\n",
            "# TYPE a gauge\na inf\n# EOF\n",
            "# TYPE a counter\na 1\n# EOF\n",
            "# TYPE a untyped\na 1\n# EOF\n",
            "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
            "# TYPE a gauge\n# HELP a \"\na 1\n# EOF\n",
            "# TYPE a gauge\na 1\n# EOF\n# EOF\n",
            "# TYPE a counter\na_total 1\n# TYPE a_created gauge\na_created 1\n# EOF\n",
        ] {
            assert!(parse(Format::OpenMetrics, text).is_err(), "{text}");
        }
    }
}
