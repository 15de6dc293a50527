#![doc = include_str!("../README.md")]
//!
//! # Paths
//!
//! The code that a derive makes refers to the crate from which it was imported. A derive cannot find that out, so there are
//! two of each: those called as the traits are for `radiosonde_metrics`, the others are re-exported by `radiosonde` under
//! the same names. The option `crate` sets another path.

mod attributes;
mod field;
mod instruments;
mod label;
mod names;

use proc_macro::TokenStream;
use syn::{DeriveInput, Path, parse_macro_input, parse_quote};

/// Derives the trait `Label` for an enum without fields. See `radiosonde_metrics::typed::Label`.
#[proc_macro_derive(Label, attributes(label))]
pub fn derive_label(input: TokenStream) -> TokenStream {
    expand(input, parse_quote!(::radiosonde_metrics), label::expand)
}

/// Derives `new` and `METRICS` for a struct of typed instruments. See `radiosonde_metrics::typed`.
#[proc_macro_derive(Instruments, attributes(instruments, instrument))]
pub fn derive_instruments(input: TokenStream) -> TokenStream {
    expand(
        input,
        parse_quote!(::radiosonde_metrics),
        instruments::expand,
    )
}

/// What `radiosonde::metrics::typed` calls `Label`.
#[doc(hidden)]
#[proc_macro_derive(LabelOfRadiosonde, attributes(label))]
pub fn derive_label_of_radiosonde(input: TokenStream) -> TokenStream {
    expand(input, parse_quote!(::radiosonde::metrics), label::expand)
}

/// What `radiosonde::metrics::typed` calls `Instruments`.
#[doc(hidden)]
#[proc_macro_derive(InstrumentsOfRadiosonde, attributes(instruments, instrument))]
pub fn derive_instruments_of_radiosonde(input: TokenStream) -> TokenStream {
    expand(
        input,
        parse_quote!(::radiosonde::metrics),
        instruments::expand,
    )
}

fn expand(
    input: TokenStream,
    default_crate: Path,
    expand: fn(&DeriveInput, Path) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input, default_crate)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
