//! The procedural macro of `hal9-plugin-sdk`: reads a plugin's manifest out of Rust tokens, checks it, and writes it
//! into the component as JSON. Knows the manifest's rules, and nothing of the traits or of WIT.

mod check;
mod manifest;
mod node;
mod permission;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;
use proc_macro2::{Literal, TokenStream as Tokens};
use quote::quote;

/// Says what the plugin is, what it offers and what it asks for. Once in a plugin, and checked while it is compiled: an
/// error points at what is wrong and says what would be right.
#[proc_macro]
pub fn hal9_plugin(tokens: TokenStream) -> TokenStream {
    let package = manifest::Package {
        name: std::env::var("CARGO_PKG_NAME").unwrap_or_default(),
        variable: |name| std::env::var(name).ok(),
    };
    expand(tokens.into(), &package).unwrap_or_else(|error| error.into_compile_error()).into()
}

fn expand(tokens: Tokens, package: &manifest::Package) -> syn::Result<Tokens> {
    let json = manifest::read(tokens, package)?.to_string();
    let bytes = Literal::byte_string(json.as_bytes());
    let length = json.len();
    Ok(quote! {
        /// The plugin's manifest, as JSON.
        pub const HAL9_MANIFEST: &str = #json;

        #[cfg(target_family = "wasm")]
        const _: () = {
            #[unsafe(link_section = "hal9:manifest")]
            #[used]
            static MANIFEST: [u8; #length] = *#bytes;
        };
    })
}
