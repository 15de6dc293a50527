//! One field of a struct of instruments: one metric.

use proc_macro2::{Group, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::parse::ParseStream;
use syn::spanned::Spanned as _;
use syn::{Error, Field, Ident, LitStr, Path, Type};

use crate::attributes::{for_each_option, path_at, text};
use crate::names::{snake_case, summary};

/// What the struct says for all its fields.
pub(crate) struct Context {
    pub(crate) krate: Path,
    pub(crate) prefix: String,
}

/// The metric of one field.
pub(crate) struct Metric {
    /// The expression that makes it.
    pub(crate) expression: TokenStream,
    /// Its name in OpenTelemetry, at what gave it.
    pub(crate) otel_name: LitStr,
}

/// Returns the metric of this field.
pub(crate) fn metric(field: &Field, context: &Context) -> syn::Result<Metric> {
    let Some(ident) = &field.ident else {
        return Err(Error::new_spanned(
            &field.ty,
            "an instrument has a name, which becomes that of its metric: use a struct with named fields",
        ));
    };
    let kind = Kind::of(&field.ty)?;
    let options = Options::of(field)?;
    let help = summary(&field.attrs).ok_or_else(|| {
        let message = "a metric has a help text: write a doc comment, `/// What it says.`";
        Error::new(ident.span(), message)
    })?;
    let word = options.unit_word()?;
    let name = match &options.name {
        Some(name) => name.clone(),
        None => LitStr::new(&name_of(ident, &context.prefix, word, kind), ident.span()),
    };
    let private = {
        let krate = &context.krate;
        quote!(#krate::typed::__private)
    };
    let mut metric = constructor(ident, kind, &name, &options, &private)?;
    if let Some(unit) = unit_name(word) {
        let span = options.unit.as_ref().map_or(ident.span(), LitStr::span);
        let unit = Ident::new(unit, span);
        metric = quote_spanned!(span=> #metric.with_unit(#private::Unit::#unit));
    }
    let otel_name = options.otel_name_of(ident, &context.prefix, kind)?;
    if let Some(otel_name) = &otel_name {
        metric = quote_spanned!(otel_name.span()=> #metric.with_otel_name(#otel_name));
    }
    metric = quote!(#metric.with_help(#help));
    // What is wrong with the labels is said where their types stand.
    let (span, ty) = (field.ty.span(), &field.ty);
    let typed = {
        let krate = &context.krate;
        path_at(span, &quote!(#krate::typed))
    };
    let labels = quote_spanned!(span=> <#ty as #typed::Instrument>::Labels);
    Ok(Metric {
        expression: quote_spanned!(span=> #typed::labelled::<#labels>(#metric)),
        otel_name: otel_name.unwrap_or_else(|| default_otel_name(&name, word)),
    })
}

fn constructor(
    ident: &Ident,
    kind: Kind,
    name: &LitStr,
    options: &Options,
    private: &TokenStream,
) -> syn::Result<TokenStream> {
    let is_histogram = matches!(kind, Kind::Histogram);
    let call = |span: Span, bounds: TokenStream| {
        let metric = path_at(span, &quote!(#private::Metric));
        let method = Ident::new(kind.constructor(), span);
        quote_spanned!(span=> #metric::#method(#name #bounds))
    };
    match &options.bounds {
        Some((bounds, span)) if is_histogram => Ok(call(*span, quote!(, #bounds))),
        Some((_, span)) => Err(Error::new(
            *span,
            "only a histogram has bounds: take them out, or make it a `Histogram`",
        )),
        None if is_histogram && options.unit_word()? == "seconds" => Ok(call(
            name.span(),
            quote!(, #private::HTTP_REQUEST_DURATION.bounds()),
        )),
        None if is_histogram => Err(Error::new(
            ident.span(),
            "a histogram has buckets: give their upper limits, `#[instrument(bounds = [1.0, 10.0])]`",
        )),
        None => Ok(call(name.span(), TokenStream::new())),
    }
}

/// Puts the name of a metric together: prefix, field, unit, and `total` for a counter. What the field says already is not
/// said twice.
fn name_of(field: &Ident, prefix: &str, unit: &str, kind: Kind) -> String {
    let is_counter = matches!(kind, Kind::Counter);
    let words = [
        prefix,
        &bare_name(field, prefix, unit, kind),
        unit,
        if is_counter { "total" } else { "" },
    ];
    let words: Vec<_> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// Returns the name in OpenTelemetry of a metric that says nothing of it: its name without `total` and without the unit.
fn default_otel_name(name: &LitStr, unit: &str) -> LitStr {
    let mut bare = name.value();
    for word in ["total", unit] {
        let rest = bare
            .strip_suffix(word)
            .and_then(|rest| rest.strip_suffix('_'));
        if let Some(rest) = rest.filter(|rest| !word.is_empty() && !rest.is_empty()) {
            bare.truncate(rest.len());
        }
    }
    LitStr::new(&bare, name.span())
}

/// Returns the name of a field without the unit, and without `total` where it is a counter; nothing when that is all there
/// is, and the prefix says the rest.
fn bare_name(field: &Ident, prefix: &str, unit: &str, kind: Kind) -> String {
    let mut name = snake_case(field);
    let total = matches!(kind, Kind::Counter).then_some("total");
    for word in total
        .into_iter()
        .chain([unit])
        .filter(|word| !word.is_empty())
    {
        if name == word && !prefix.is_empty() {
            return String::new();
        }
        if let Some(rest) = name.strip_suffix(&format!("_{word}")) {
            name.truncate(rest.len());
        }
    }
    name
}

struct Options {
    name: Option<LitStr>,
    otel_name: Option<LitStr>,
    unit: Option<LitStr>,
    bounds: Option<(TokenStream, Span)>,
}

impl Options {
    fn of(field: &Field) -> syn::Result<Self> {
        let mut options = Self {
            name: None,
            otel_name: None,
            unit: None,
            bounds: None,
        };
        for_each_option(&field.attrs, "instrument", |meta| {
            if meta.path.is_ident("name") {
                options.name = Some(text(meta)?);
            } else if meta.path.is_ident("otel_name") {
                options.otel_name = Some(text(meta)?);
            } else if meta.path.is_ident("unit") {
                options.unit = Some(text(meta)?);
            } else if meta.path.is_ident("bounds") {
                options.bounds = Some(bounds(meta.value()?)?);
            } else {
                return Err(meta.error(
                    "an instrument has the options `unit`, `bounds`, `name` and `otel_name`",
                ));
            }
            Ok(())
        })?;
        Ok(options)
    }

    /// Returns the word of the unit in the name; empty where there is none.
    fn unit_word(&self) -> syn::Result<&'static str> {
        let Some(unit) = &self.unit else {
            return Ok("");
        };
        match unit.value().as_str() {
            "seconds" => Ok("seconds"),
            "bytes" => Ok("bytes"),
            "ratio" => Ok("ratio"),
            "count" => Ok(""),
            _ => Err(Error::new(
                unit.span(),
                "a unit is `seconds`, `bytes`, `ratio` or `count`: say any other in the name of the field",
            )),
        }
    }

    /// Returns the name in OpenTelemetry: dotted, unless the metric has a name of its own and says nothing of this one.
    fn otel_name_of(&self, field: &Ident, prefix: &str, kind: Kind) -> syn::Result<Option<LitStr>> {
        if self.otel_name.is_some() || self.name.is_some() || prefix.is_empty() {
            return Ok(self.otel_name.clone());
        }
        let name = bare_name(field, prefix, self.unit_word()?, kind);
        let dot = if name.is_empty() { "" } else { "." };
        let name = format!("{prefix}{dot}{name}");
        Ok(Some(LitStr::new(&name, field.span())))
    }
}

/// Reads bounds: `[1.0, 10.0]`, or the path of a constant.
fn bounds(input: ParseStream<'_>) -> syn::Result<(TokenStream, Span)> {
    if input.peek(syn::token::Bracket) {
        let limits: Group = input.parse()?;
        return Ok((quote_spanned!(limits.span()=> &#limits), limits.span()));
    }
    let constant: Path = input.parse()?;
    Ok((quote!(#constant), constant.span()))
}

fn unit_name(word: &str) -> Option<&'static str> {
    match word {
        "seconds" => Some("Seconds"),
        "bytes" => Some("Bytes"),
        "ratio" => Some("Ratio"),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Counter,
    Gauge,
    UpDownCounter,
    Histogram,
}

impl Kind {
    /// Tells the kind by the name of the type, because a derive sees no more of it.
    fn of(ty: &Type) -> syn::Result<Self> {
        let name = match ty {
            Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()),
            _ => None,
        };
        match name.as_deref() {
            Some("Counter") => Ok(Self::Counter),
            Some("Gauge") => Ok(Self::Gauge),
            Some("UpDownCounter") => Ok(Self::UpDownCounter),
            Some("Histogram") => Ok(Self::Histogram),
            _ => Err(Error::new_spanned(
                ty,
                "an instrument is a `Counter`, `Gauge`, `UpDownCounter` or `Histogram` of the module `typed`: use one of \
                 them, by this name",
            )),
        }
    }

    fn constructor(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::UpDownCounter => "up_down_counter",
            Self::Histogram => "histogram",
        }
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn names_say_prefix_unit_and_total_once() {
        let cases = [
            ("orders", "paid", "", Kind::Counter, "orders_paid_total"),
            (
                "orders",
                "paid_total",
                "",
                Kind::Counter,
                "orders_paid_total",
            ),
            ("orders", "total", "", Kind::Counter, "orders_total"),
            ("", "sent", "bytes", Kind::Counter, "sent_bytes_total"),
            (
                "",
                "sent_bytes_total",
                "bytes",
                Kind::Counter,
                "sent_bytes_total",
            ),
            (
                "orders",
                "delay",
                "seconds",
                Kind::Histogram,
                "orders_delay_seconds",
            ),
            (
                "orders",
                "delay_seconds",
                "seconds",
                Kind::Gauge,
                "orders_delay_seconds",
            ),
            ("wait", "seconds", "seconds", Kind::Gauge, "wait_seconds"),
            (
                "orders",
                "waiting",
                "",
                Kind::UpDownCounter,
                "orders_waiting",
            ),
        ];
        for (prefix, field, unit, kind, expected) in cases {
            let field = Ident::new(field, Span::call_site());
            assert_eq!(name_of(&field, prefix, unit, kind), expected);
        }
    }

    #[test]
    fn the_name_in_opentelemetry_has_neither_unit_nor_total() {
        let field: Field = parse_quote! {
            #[instrument(unit = "bytes")]
            sent_bytes_total: Counter
        };
        let options = Options::of(&field).unwrap();
        let ident = field.ident.unwrap();
        let name = |prefix| {
            let name = options.otel_name_of(&ident, prefix, Kind::Counter).unwrap();
            name.map(|name| name.value())
        };
        assert_eq!(name("orders").as_deref(), Some("orders.sent"));
        assert_eq!(name(""), None);
    }
}
