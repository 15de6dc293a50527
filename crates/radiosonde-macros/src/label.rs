//! The derive of `Label`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Path, Variant};

use crate::attributes::{for_each_option, path, path_at, text};
use crate::names::snake_case;

pub(crate) fn expand(input: &DeriveInput, default_crate: Path) -> syn::Result<TokenStream> {
    let Options {
        krate,
        key,
        otel_key,
    } = Options::of(input, default_crate)?;
    let variants = variants(input)?;
    let ident = &input.ident;
    let key = key.unwrap_or_else(|| LitStr::new(&snake_case(ident), ident.span()));
    let otel_key = otel_key.unwrap_or_else(|| key.clone());
    let (names, values): (Vec<_>, Vec<_>) = variants.into_iter().unzip();
    let places = 0..names.len();
    let private = quote!(#krate::typed::__private);
    // The catalogue knows what a key may be. Where the keys stand, so does its complaint.
    let metric = path_at(key.span(), &quote!(#private::Metric));
    let checked = quote_spanned!(key.span()=> #metric::gauge("label").with_labels(&[#key]));
    let checked = quote_spanned!(otel_key.span()=> #checked.with_otel_labels(&[#otel_key]));
    Ok(quote! {
        const _: () = {
            const _: #private::Metric = #checked;

            #[automatically_derived]
            impl #private::Label for #ident {
                const KEY: &'static str = #key;
                const OTEL_KEY: &'static str = #otel_key;
                const VALUES: &'static [&'static str] = &[#(#values),*];

                fn index(self) -> usize {
                    match self {
                        #(Self::#names => #places,)*
                    }
                }
            }
        };
    })
}

struct Options {
    krate: Path,
    key: Option<LitStr>,
    otel_key: Option<LitStr>,
}

impl Options {
    fn of(input: &DeriveInput, default_crate: Path) -> syn::Result<Self> {
        let mut options = Self {
            krate: default_crate,
            key: None,
            otel_key: None,
        };
        for_each_option(&input.attrs, "label", |meta| {
            if meta.path.is_ident("key") {
                options.key = Some(text(meta)?);
            } else if meta.path.is_ident("otel_key") {
                options.otel_key = Some(text(meta)?);
            } else if meta.path.is_ident("crate") {
                options.krate = path(meta)?;
            } else {
                return Err(meta.error("an enum has the options `key`, `otel_key` and `crate`"));
            }
            Ok(())
        })?;
        Ok(options)
    }
}

/// Returns the variants and their values.
fn variants(input: &DeriveInput) -> syn::Result<Vec<(&Ident, LitStr)>> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "a label is an enum, so that its values are known: list them as variants",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a label is not generic: take the parameters out",
        ));
    }
    if data.variants.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "a label has at least one value: add a variant",
        ));
    }
    let mut variants: Vec<(&Ident, LitStr)> = Vec::new();
    for variant in &data.variants {
        let value = value(variant)?;
        if variants
            .iter()
            .any(|(_, other)| other.value() == value.value())
        {
            return Err(Error::new(
                value.span(),
                format!(
                    "another variant has the value `{}`, too: give one of them `#[label(value = \"…\")]`",
                    value.value()
                ),
            ));
        }
        variants.push((&variant.ident, value));
    }
    Ok(variants)
}

fn value(variant: &Variant) -> syn::Result<LitStr> {
    if !matches!(variant.fields, Fields::Unit) {
        return Err(Error::new_spanned(
            &variant.fields,
            "a variant of a label has no fields, because each variant is one value: take them out",
        ));
    }
    let mut value = None;
    for_each_option(&variant.attrs, "label", |meta| {
        if !meta.path.is_ident("value") {
            return Err(meta.error("a variant has the option `value`"));
        }
        value = Some(text(meta)?);
        Ok(())
    })?;
    let value =
        value.unwrap_or_else(|| LitStr::new(&snake_case(&variant.ident), variant.ident.span()));
    if value.value().is_empty() {
        return Err(Error::new(
            value.span(),
            "a label with an empty value is no label to Prometheus: give it one, such as `none`",
        ));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    /// Returns what is wrong with an enum, and at what the error points.
    fn refusal(code: &str) -> (String, String) {
        let input = syn::parse_str(code).unwrap();
        let error = expand(&input, parse_quote!(::radiosonde_metrics)).unwrap_err();
        (error.to_string(), error.span().source_text().unwrap())
    }

    #[track_caller]
    fn assert_refused(code: &str, message: &str, culprit: &str) {
        let (said, at) = refusal(code);
        assert!(said.contains(message), "{said}");
        assert_eq!(at, culprit, "{said}");
    }

    #[test]
    fn what_is_no_closed_set_is_refused_where_it_stands() {
        assert_refused("struct Payment;", "list them as variants", "Payment");
        assert_refused("enum Payment {}", "add a variant", "Payment");
        assert_refused(
            "enum Payment { Card, Other(String) }",
            "take them out",
            "(String)",
        );
        assert_refused("enum Payment<T> { Card }", "not generic", "<T>");
    }

    #[test]
    fn values_that_are_no_values_are_refused_where_they_stand() {
        assert_refused(
            "enum Payment { Card, #[label(value = \"card\")] Invoice }",
            "the value `card`",
            "\"card\"",
        );
        assert_refused("enum Payment { Card, CARD }", "the value `card`", "CARD");
        assert_refused(
            "enum Payment { #[label(value = \"\")] Card }",
            "such as `none`",
            "\"\"",
        );
    }

    #[test]
    fn unknown_options_are_refused_with_those_there_are() {
        assert_refused(
            "#[label(name = \"payment\")] enum Payment { Card }",
            "`key`, `otel_key` and `crate`",
            "name",
        );
        assert_refused(
            "enum Payment { #[label(key = \"card\")] Card }",
            "the option `value`",
            "key",
        );
    }
}
