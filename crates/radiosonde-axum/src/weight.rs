//! What a client weighs: the `q` of `Accept` and its like.

use http::{HeaderMap, HeaderName};

/// Returns the weight that the header gives to this value by its name; 0 if it does not name it.
///
/// Ranges do not count: `*/*` says that the client does not mind.
pub(crate) fn weight(headers: &HeaderMap, header: &HeaderName, wanted: &str) -> f32 {
    weight_with(headers, header, wanted, &[])
}

/// Returns the same for a value with parameters: a name that comes with others than these is another value.
pub(crate) fn weight_with(
    headers: &HeaderMap,
    header: &HeaderName,
    wanted: &str,
    parameters: &[(&str, &str)],
) -> f32 {
    let values = headers.get_all(header).iter();
    let ranges = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let weights = ranges.filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let named = parts.next()?.eq_ignore_ascii_case(wanted);
        let fits = named && !parts.clone().any(|part| contradicts(part, parameters));
        fits.then(|| parts.find_map(quality).unwrap_or(1.0))
    });
    weights.fold(0.0, f32::max)
}

fn quality(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.eq_ignore_ascii_case("q")
        .then(|| value.parse().unwrap_or(0.0))
}

fn contradicts(parameter: &str, wanted: &[(&str, &str)]) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let mut named = wanted
        .iter()
        .filter(|(wanted, _)| name.eq_ignore_ascii_case(wanted));
    named.any(|(_, wanted)| !value.eq_ignore_ascii_case(wanted))
}
