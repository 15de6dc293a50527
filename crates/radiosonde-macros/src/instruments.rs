//! The derive of `Instruments`.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Field, LitStr, Path};

use crate::attributes::{for_each_option, path, path_at, text};
use crate::field::{Context, Metric, metric};
use crate::names::snake_case;

pub(crate) fn expand(input: &DeriveInput, default_crate: Path) -> syn::Result<TokenStream> {
    let context = context(input, default_crate)?;
    let fields = fields(input)?;
    let metrics = metrics(&fields, &context)?;
    let (ident, vis, krate) = (&input.ident, &input.vis, &context.krate);
    let private = quote!(#krate::typed::__private);
    let constants: Vec<_> = (0..metrics.len())
        .map(|index| format_ident!("__METRIC_{index}"))
        .collect();
    let new = fields.iter().enumerate().map(|(index, field)| {
        let (name, ty) = (&field.ident, &field.ty);
        let instrument = path_at(ty.span(), &quote!(#krate::typed::Instrument));
        quote_spanned!(ty.span()=> #name: <#ty as #instrument>::new(registry, &Self::METRICS[#index]))
    });
    Ok(quote! {
        const _: () = {
            // Constants of their own, so that each is checked even where nobody makes the instruments.
            #(const #constants: #private::Metric = #metrics;)*

            #[automatically_derived]
            impl #ident {
                /// The metrics of these instruments, in the order of the fields.
                #vis const METRICS: &'static [#private::Metric] = &[#(#constants),*];

                /// Makes all series of these instruments in this registry, at 0, or finds them.
                ///
                /// The metrics join the catalogue of the registry. One whose name is taken is refused and counted; what is
                /// recorded into it appears nowhere.
                #[must_use]
                #vis fn new(registry: &#private::Registry) -> Self {
                    Self { #(#new),* }
                }
            }
        };
    })
}

fn context(input: &DeriveInput, default_crate: Path) -> syn::Result<Context> {
    let mut context = Context {
        krate: default_crate,
        prefix: snake_case(&input.ident),
    };
    for_each_option(&input.attrs, "instruments", |meta| {
        if meta.path.is_ident("prefix") {
            context.prefix = prefix(&text(meta)?)?;
        } else if meta.path.is_ident("crate") {
            context.krate = path(meta)?;
        } else {
            return Err(meta.error("instruments have the options `prefix` and `crate`"));
        }
        Ok(())
    })?;
    Ok(context)
}

fn prefix(text: &LitStr) -> syn::Result<String> {
    let prefix = text.value();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts_well = !prefix.starts_with(|c: char| c.is_ascii_digit() || c == '_');
    if !prefix.chars().all(is_part) || !starts_well || prefix.ends_with('_') {
        return Err(Error::new(
            text.span(),
            "a prefix has letters, digits and `_`, and starts with a letter; what follows it is joined by `_`: rename it",
        ));
    }
    Ok(prefix)
}

fn fields(input: &DeriveInput) -> syn::Result<Vec<&Field>> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "instruments are the fields of a struct: make it one",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a struct of instruments is not generic, because its metrics have one name each: take the parameters out",
        ));
    }
    if data.fields.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "there is no instrument: add a field, such as `paid: Counter`",
        ));
    }
    Ok(data.fields.iter().collect())
}

/// Returns the metric of each field, or all that is wrong with them.
fn metrics(fields: &[&Field], context: &Context) -> syn::Result<Vec<TokenStream>> {
    let mut metrics = Vec::new();
    let mut errors: Option<Error> = None;
    for field in fields {
        match (metric(field, context), &mut errors) {
            (Ok(metric), _) => metrics.push(metric),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), None) => errors = Some(error),
        }
    }
    match errors.or_else(|| shared_names(&metrics)) {
        Some(errors) => Err(errors),
        None => Ok(metrics
            .into_iter()
            .map(|metric| metric.expression)
            .collect()),
    }
}

/// Returns what is wrong when metrics share a name in OpenTelemetry, where capitals make no other name.
fn shared_names(metrics: &[Metric]) -> Option<Error> {
    let mut errors: Option<Error> = None;
    let mut names = BTreeSet::new();
    for Metric { otel_name, .. } in metrics {
        let name = otel_name.value();
        if names.insert(name.to_ascii_lowercase()) {
            continue;
        }
        let message = format!(
            "another metric of this struct is `{name}` in OpenTelemetry, too, which leaves units out of names: give one \
             of them a name of its own, `#[instrument(otel_name = \"…\")]`"
        );
        let error = Error::new(otel_name.span(), message);
        match &mut errors {
            Some(errors) => errors.combine(error),
            None => errors = Some(error),
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    /// Returns what is wrong with a struct, and at what each error points.
    fn refusals(code: &str) -> Vec<(String, String)> {
        let input = syn::parse_str(code).unwrap();
        let errors = expand(&input, parse_quote!(::radiosonde_metrics)).unwrap_err();
        let errors = errors.into_iter();
        errors
            .map(|error| (error.to_string(), error.span().source_text().unwrap()))
            .collect()
    }

    #[track_caller]
    fn assert_refused(code: &str, message: &str, culprit: &str) {
        let refusals = refusals(code);
        let (said, at) = &refusals[0];
        assert!(
            refusals.len() == 1 && said.contains(message),
            "{refusals:?}"
        );
        assert_eq!(at, culprit, "{said}");
    }

    #[test]
    fn what_has_no_instruments_is_refused_where_it_stands() {
        assert_refused("enum Orders { Paid }", "make it one", "Orders");
        assert_refused("struct Orders;", "add a field", "Orders");
        assert_refused(
            "struct Orders<T> { paid: Counter<T> }",
            "not generic",
            "<T>",
        );
        assert_refused("struct Orders(Counter);", "named fields", "Counter");
    }

    #[test]
    fn a_field_without_a_doc_comment_is_refused_at_its_name() {
        assert_refused(
            "struct Orders { paid: Counter }",
            "write a doc comment",
            "paid",
        );
    }

    #[test]
    fn a_field_of_another_type_is_refused_at_its_type() {
        let code = "struct Orders { #[doc = \"Paid.\"] paid: u64 }";
        assert_refused(code, "of the module `typed`", "u64");
    }

    #[test]
    fn options_that_do_not_fit_are_refused_where_they_stand() {
        let with = |options: &str, ty: &str| {
            format!("struct Orders {{ #[doc = \"Paid.\"] #[instrument({options})] paid: {ty} }}")
        };
        assert_refused(
            &with("bounds = [1.0]", "Counter"),
            "only a histogram",
            "[1.0]",
        );
        assert_refused(
            &with("unit = \"bytes\"", "Histogram"),
            "upper limits",
            "paid",
        );
        assert_refused(&with("unit = \"euros\"", "Gauge"), "`seconds`", "\"euros\"");
        assert_refused(&with("buckets = [1.0]", "Histogram"), "`bounds`", "buckets");
        let code = "#[instruments(prefix = \"my-orders\")] struct Orders { #[doc = \"Paid.\"] paid: Counter }";
        assert_refused(code, "rename it", "\"my-orders\"");
        let code =
            "#[instruments(name = \"orders\")] struct Orders { #[doc = \"Paid.\"] paid: Counter }";
        assert_refused(code, "`prefix` and `crate`", "name");
    }

    #[test]
    fn a_second_field_of_one_name_in_opentelemetry_is_refused_where_the_name_comes_from() {
        let with = |options: &str| {
            format!(
                "#[instruments(prefix = \"orders\")] struct Orders {{ #[doc = \"Sent.\"] sent: Counter, \
                 #[doc = \"Sent.\"] #[instrument({options})] sent_bytes: Counter }}"
            )
        };
        let message = "`orders.sent` in OpenTelemetry";
        assert_refused(&with("unit = \"bytes\""), message, "sent_bytes");
        assert_refused(
            &with("name = \"orders_sent_bytes_total\", otel_name = \"Orders.Sent\""),
            "otel_name",
            "\"Orders.Sent\"",
        );
        let code = with("unit = \"bytes\", otel_name = \"orders.sent.size\"");
        let input = syn::parse_str(&code).unwrap();
        assert!(expand(&input, parse_quote!(::radiosonde_metrics)).is_ok());

        let code = "#[instruments(prefix = \"\")] struct Orders { #[doc = \"Sent.\"] sent: Counter, \
                    #[doc = \"Sent.\"] #[instrument(name = \"sent_bytes_total\", unit = \"bytes\")] volume: Counter }";
        assert_refused(code, "`sent` in OpenTelemetry", "\"sent_bytes_total\"");
    }

    #[test]
    fn all_fields_that_are_wrong_are_named_at_once() {
        let refusals = refusals("struct Orders { paid: Counter, #[doc = \"Sent.\"] sent: u8 }");
        let culprits: Vec<_> = refusals.iter().map(|(_, at)| at.as_str()).collect();
        assert_eq!(culprits, ["paid", "u8"]);
    }
}
