//! Yew's `html!`, written for a page that is fetched before anything is seen: the same syntax, half the code.
//!
//! Yew compiles a scope, a life cycle and a set of virtual functions for every type of component, and writes the making
//! of every element into the place where it stands. Here `<Figure name="loss" />` becomes a call of
//! `crate::component::put`, which wraps every component in one and the same type, and `<p class="note">` calls of
//! `crate::component::Tag`. Both end in Yew's own nodes.
//!
//! What is rare goes to Yew as it is: `input` and `textarea`, whose values it minds, and components with type arguments
//! (`<ContextProvider<Theme> ...>`), which are its own.

mod nodes;
mod write;

/// The same syntax as Yew's `html!`.
#[proc_macro]
pub fn html(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let nodes = nodes::read(input.into());
    write::root(&nodes).into()
}
