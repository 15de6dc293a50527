//! Names in snake case, and texts from doc comments.

use syn::ext::IdentExt as _;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, Meta};

/// Spells a name in snake case: `DirectDebit` is `direct_debit`, `HTTPMethod` is `http_method`.
pub(crate) fn snake_case(name: &Ident) -> String {
    let name: Vec<char> = name.unraw().to_string().chars().collect();
    let mut snake = String::new();
    for (index, &c) in name.iter().enumerate() {
        let after_small = index > 0 && !name[index - 1].is_uppercase() && name[index - 1] != '_';
        let after_capital = index > 0 && name[index - 1].is_uppercase();
        let before_small = name.get(index + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || after_capital && before_small) {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

/// Returns the first paragraph of a doc comment on one line; nothing where there is none.
pub(crate) fn summary(attributes: &[Attribute]) -> Option<String> {
    let text: Vec<_> = attributes.iter().filter_map(doc_text).collect();
    let text = text.join("\n");
    let lines = text.lines().map(str::trim);
    let paragraph = lines.skip_while(|line| line.is_empty());
    let paragraph: Vec<_> = paragraph.take_while(|line| !line.is_empty()).collect();
    Some(paragraph.join(" ")).filter(|text| !text.is_empty())
}

fn doc_text(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            Expr::Lit(ExprLit {
                lit: Lit::Str(text),
                ..
            }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proc_macro2::Span;
    use syn::parse_quote;

    use super::*;

    #[test]
    fn words_are_told_apart_by_their_capitals() {
        let snake = |name: &str| snake_case(&Ident::new(name, Span::call_site()));
        assert_eq!(snake("Payment"), "payment");
        assert_eq!(snake("DirectDebit"), "direct_debit");
        assert_eq!(snake("HTTPMethod"), "http_method");
        assert_eq!(snake("Http2Server"), "http2_server");
        assert_eq!(snake("A"), "a");
        assert_eq!(snake("With_Underscore"), "with_underscore");
        assert_eq!(
            snake_case(&Ident::new_raw("type", Span::call_site())),
            "type"
        );
    }

    #[test]
    fn the_first_paragraph_is_the_summary() {
        let of = |attributes: &[Attribute]| summary(attributes);
        let lines = [
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = " Orders that"]),
            parse_quote!(#[instrument(unit = "seconds")]),
            parse_quote!(#[doc = " were paid."]),
            parse_quote!(#[doc = ""]),
            parse_quote!(#[doc = " Not those that were not."]),
        ];
        assert_eq!(of(&lines).as_deref(), Some("Orders that were paid."));
        let block = [parse_quote!(#[doc = "\n   Orders\n   that wait.\n\n  More.\n"])];
        assert_eq!(of(&block).as_deref(), Some("Orders that wait."));
        assert_eq!(of(&[parse_quote!(#[doc = "  "])]), None);
        assert_eq!(of(&[]), None);
    }
}
