//! What `hal9 wit diff` says about who loads where is what wasmtime does: for every kind of change that types and functions can
//! have, a component that was made of the one text meets a host that was made of the other, both ways, with the interface
//! imported and exported. Whatever the functions do is of no interest here, so those of the components trap.

use hal9_wit::{Party, Wit, diff};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

/// On which side of the component the interface `i` is.
#[derive(Clone, Copy, Debug)]
enum Side {
    Import,
    Export,
}

const SIDES: [Side; 2] = [Side::Import, Side::Export];

/// One version of an interface, with a host that was made for it.
struct Version {
    wit: &'static str,
    link: fn(&mut Linker<()>) -> wasmtime::Result<()>,
    /// Finds what the host would call.
    find: fn(&InstancePre<()>, &mut Store<()>) -> wasmtime::Result<()>,
}

impl Version {
    /// The text with the interface on one side alone.
    fn text(&self, side: Side) -> String {
        let world = match side {
            Side::Import => "world w { import i; }",
            Side::Export => "world w { export i; }",
        };
        let text = self.wit.replace("world w { import i; export i; }", world);
        assert_ne!(text, self.wit);
        text
    }

    /// A component of the text that uses all of the interface.
    fn component(&self, side: Side) -> Vec<u8> {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("v.wit", &self.text(side)).unwrap();
        let world = resolve.select_world(&[package], None).unwrap();
        let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
    }

    /// Whether the host of this version takes a component.
    fn takes(&self, engine: &Engine, side: Side, component: &[u8]) -> wasmtime::Result<()> {
        let component = Component::new(engine, component)?;
        let mut linker = Linker::new(engine);
        if let Side::Import = side {
            (self.link)(&mut linker)?;
        }
        let pre = linker.instantiate_pre(&component)?;
        let mut store = Store::new(engine, ());
        pre.instantiate(&mut store)?;
        if let Side::Export = side {
            (self.find)(&pre, &mut store)?;
        }
        Ok(())
    }
}

/// Makes a version: its text, and what its host answers with.
macro_rules! version {
    ($name:ident: $wit:literal, { $($functions:item)* }, { $($methods:item)* }) => {
        mod $name {
            wasmtime::component::bindgen!({ inline: $wit, world: "t:p/w" });

            use t::p::i::*;
            use wasmtime::component::{HasSelf, InstancePre, Linker, Resource};

            /// The host's side, which is never called.
            struct Host;

            impl t::p::i::Host for Host {
                $($functions)*
            }

            impl HostS for Host {
                $($methods)*

                fn drop(&mut self, _: Resource<S>) -> wasmtime::Result<()> {
                    Ok(())
                }
            }

            fn link(linker: &mut Linker<()>) -> wasmtime::Result<()> {
                add_to_linker::<(), HasSelf<Host>>(linker, |_| unreachable!("nothing is called"))
            }

            fn find(pre: &InstancePre<()>, store: &mut wasmtime::Store<()>) -> wasmtime::Result<()> {
                let found = exports::t::p::i::GuestIndices::new(pre)?;
                let instance = pre.instantiate(&mut *store)?;
                found.load(store, &instance)?;
                Ok(())
            }

            pub(super) const VERSION: super::Version = super::Version { wit: $wit, link, find };
        }
    };
    ($name:ident: $wit:literal) => {
        version!($name: $wit, {
            fn f(&mut self, _: R, _: V, _: E, _: G, _: u8) -> Result<R, V> {
                unreachable!("nothing is called")
            }
        }, {
            fn m(&mut self, _: Resource<S>) {}
        });
    };
}

version!(base: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(field_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string, c: u8 } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(field_renamed: "package t:p@0.1.0; interface i { record r { a: u32, c: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(fields_reordered: "package t:p@0.1.0; interface i { record r { b: string, a: u32 } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(field_retyped: "package t:p@0.1.0; interface i { record r { a: u64, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(case_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8), z } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(case_renamed: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, z(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(cases_reordered: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { y(u8), x } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(case_retyped: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(enum_case_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q, o } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(enum_cases_reordered: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { q, p } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(flag_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n, o } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(flag_renamed: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, o } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(parameter_renamed: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, other: u8) -> result<r, v>; } world w { import i; export i; }");
version!(function_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; h: func(); } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u8) -> Result<R, V> {
        unreachable!("nothing is called")
    }

    fn h(&mut self) {}
}, {
    fn m(&mut self, _: Resource<S>) {}
});
version!(parameter_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8, l: u8) -> result<r, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u8, _: u8) -> Result<R, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}
});
version!(parameter_retyped: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u16) -> result<r, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u16) -> Result<R, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}
});
version!(parameters_reordered: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(v: v, r: r, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: V, _: R, _: E, _: G, _: u8) -> Result<R, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}
});
version!(result_changed: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> r; } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u8) -> R {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}
});
version!(type_renamed: "package t:p@0.1.0; interface i { record other { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: other, v: v, e: e, g: g, k: u8) -> result<other, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: Other, _: V, _: E, _: G, _: u8) -> Result<Other, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}
});
version!(alias_inserted: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: same, v: v, e: e, g: g, k: u8) -> result<same, v>; type same = r; } world w { import i; export i; }");
version!(type_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; record more { a: u8 } } world w { import i; export i; }");
version!(method_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); n: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u8) -> Result<R, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}

    fn n(&mut self, _: Resource<S>) {}
});
version!(static_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); n: static func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u8) -> Result<R, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}

    fn n(&mut self) {}
});
version!(constructor_added: "package t:p@0.1.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); constructor(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }", {
    fn f(&mut self, _: R, _: V, _: E, _: G, _: u8) -> Result<R, V> {
        unreachable!("nothing is called")
    }
}, {
    fn m(&mut self, _: Resource<S>) {}

    fn new(&mut self) -> Resource<S> {
        unreachable!("nothing is called")
    }
});
version!(version_incompatible: "package t:p@0.2.0; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");
version!(version_compatible: "package t:p@0.1.1; interface i { record r { a: u32, b: string } variant v { x, y(u8) } enum e { p, q } flags g { m, n } resource s { m: func(); } f: func(r: r, v: v, e: e, g: g, k: u8) -> result<r, v>; } world w { import i; export i; }");

/// What the two tools say of a component of `old` and a host of `new`: wasmtime, and `wit diff`.
fn said(engine: &Engine, side: Side, old: &Version, new: &Version) -> (wasmtime::Result<()>, bool, bool) {
    let read = |version: &Version| Wit::document("v", &version.text(side)).unwrap();
    let found = diff(&read(old), &read(new)).unwrap();
    let loads = new.takes(engine, side, &old.component(side));
    (loads, found.breaking(&[Party::BuiltPlugins]) == 0, found.breaking(&[Party::OlderHosts]) == 0)
}

#[test]
fn what_is_said_about_loading_is_what_wasmtime_does() {
    let engine = Engine::default();
    let base = &base::VERSION;
    for (name, version) in [
        ("field_added", &field_added::VERSION),
        ("field_renamed", &field_renamed::VERSION),
        ("fields_reordered", &fields_reordered::VERSION),
        ("field_retyped", &field_retyped::VERSION),
        ("case_added", &case_added::VERSION),
        ("case_renamed", &case_renamed::VERSION),
        ("cases_reordered", &cases_reordered::VERSION),
        ("case_retyped", &case_retyped::VERSION),
        ("enum_case_added", &enum_case_added::VERSION),
        ("enum_cases_reordered", &enum_cases_reordered::VERSION),
        ("flag_added", &flag_added::VERSION),
        ("flag_renamed", &flag_renamed::VERSION),
        ("parameter_renamed", &parameter_renamed::VERSION),
        ("function_added", &function_added::VERSION),
        ("parameter_added", &parameter_added::VERSION),
        ("parameter_retyped", &parameter_retyped::VERSION),
        ("parameters_reordered", &parameters_reordered::VERSION),
        ("result_changed", &result_changed::VERSION),
        ("type_renamed", &type_renamed::VERSION),
        ("alias_inserted", &alias_inserted::VERSION),
        ("type_added", &type_added::VERSION),
        ("method_added", &method_added::VERSION),
        ("static_added", &static_added::VERSION),
        ("constructor_added", &constructor_added::VERSION),
        ("version_incompatible", &version_incompatible::VERSION),
    ] {
        for side in SIDES {
            base.takes(&engine, side, &base.component(side)).unwrap();
            version.takes(&engine, side, &version.component(side)).unwrap();
            // The change, and the change back: what is added there is removed here.
            let (forward, built, older) = said(&engine, side, base, version);
            let (backward, built_back, older_back) = said(&engine, side, version, base);
            assert_eq!(built, forward.is_ok(), "{name}, {side:?}: built plugins on the new host: {forward:?}");
            assert_eq!(older, backward.is_ok(), "{name}, {side:?}: new plugins on the old host: {backward:?}");
            assert_eq!(built_back, backward.is_ok(), "{name} taken back, {side:?}: built plugins: {backward:?}");
            assert_eq!(older_back, forward.is_ok(), "{name} taken back, {side:?}: new plugins: {forward:?}");
        }
    }
}

/// HAL9's hosts do not: `check_version` in `host/runtime/src/link.rs` takes nothing later than what it offers. So `wit diff`
/// says that older hosts do not take it.
#[test]
fn wasmtime_takes_versions_of_one_track_for_each_other_both_ways() {
    let engine = Engine::default();
    for side in SIDES {
        let (forward, built, older) = said(&engine, side, &base::VERSION, &version_compatible::VERSION);
        assert!(forward.is_ok() && built && !older, "{side:?}: {forward:?}");
        let (backward, ..) = said(&engine, side, &version_compatible::VERSION, &base::VERSION);
        backward.unwrap();
    }
}

/// An interface that is added or removed as a whole, for an import.
#[test]
fn an_interface_is_only_missed_by_who_imports_it() {
    let engine = Engine::default();
    let component = Component::new(&engine, base::VERSION.component(Side::Import)).unwrap();
    let nothing = Linker::<()>::new(&engine);
    let error = nothing.instantiate_pre(&component).err().unwrap();
    assert!(format!("{error:?}").contains("t:p/i@0.1.0"), "{error:?}");
    let mut more = Linker::<()>::new(&engine);
    (base::VERSION.link)(&mut more).unwrap();
    more.instance("t:p/other@0.1.0").unwrap().func_wrap("f", |_, (): ()| Ok(())).unwrap();
    more.instantiate_pre(&component).unwrap();
    // An export that no host looks for is no hindrance.
    let exporting = Component::new(&engine, base::VERSION.component(Side::Export)).unwrap();
    nothing.instantiate_pre(&exporting).unwrap();
}
