//! What the derives have in common: options, and where errors point.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitStr, Path};

/// Calls `option` for each option of the attributes with this name: `#[name(option = …, …)]`.
pub(crate) fn for_each_option(
    attributes: &[Attribute],
    name: &str,
    mut option: impl FnMut(&ParseNestedMeta<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident(name))
        .try_for_each(|attribute| attribute.parse_nested_meta(|meta| option(&meta)))
}

/// Reads the text of an option: `option = "text"`.
pub(crate) fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    meta.value()?.parse()
}

/// Reads the option `crate`: a path in quotes.
pub(crate) fn path(meta: &ParseNestedMeta<'_>) -> syn::Result<Path> {
    text(meta)?.parse()
}

/// Returns a path as if it stood at this place, so that an error in a call of it points there, and not at the derive.
pub(crate) fn path_at(span: Span, path: &impl ToTokens) -> TokenStream {
    let tokens = path.to_token_stream().into_iter();
    tokens
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
