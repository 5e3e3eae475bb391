//! Components as text: what composing them makes of their imports and exports.

use std::path::Path;

use super::*;
use crate::inspection::Inspection;

const A: &str = "test:parts/a@1.0.0";
const B: &str = "test:parts/b@1.0.0";
const OUT: &str = "test:parts/out@1.0.0";

/// A component that imports and exports interfaces of one function, whose parameter is of a type: `u32` or `string`.
fn part(name: &str, imports: &[(&str, &str)], exports: &[(&str, &str)]) -> Part {
    let mut text = "(component\n".to_owned();
    for (import, parameter) in imports {
        text.push_str(&format!("(import \"{import}\" (instance (export \"f\" (func (param \"x\" {parameter})))))\n"));
    }
    for (index, (export, parameter)) in exports.iter().enumerate() {
        let core = if *parameter == "u32" { "i32" } else { "i32 i32" };
        text.push_str(&format!(
            r#"(core module $module{index}
                 (memory (export "memory") 1)
                 (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 0)
                 (func (export "f") (param {core})))
               (core instance $core{index} (instantiate $module{index}))
               (func $f{index} (param "x" {parameter})
                 (canon lift (core func $core{index} "f")
                   (memory $core{index} "memory") (realloc (func $core{index} "realloc"))))
               (instance $out{index} (export "f" (func $f{index})))
               (export "{export}" (instance $out{index}))
            "#
        ));
    }
    text.push(')');
    let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    Part { name: name.to_owned(), bytes }
}

fn plugin(imports: &[(&str, &str)]) -> Part {
    part("plugin.wasm", imports, &[(OUT, "u32")])
}

#[track_caller]
fn refused(socket: &Part, parts: &[Part]) -> String {
    let failure = compose(socket, parts).unwrap_err();
    assert_eq!((failure.code, failure.reason.as_deref()), (Code::InvalidPackage, Some("composition")), "{failure:?}");
    assert!(failure.help.is_some(), "{failure:?}");
    failure.message
}

/// What a composed component imports and exports.
fn world(composed: &Composed) -> (Vec<String>, Vec<String>) {
    let seen = Inspection::read(Path::new("composed"), &composed.bytes).unwrap();
    let names = |items: &[crate::inspection::Item]| items.iter().map(|item| item.name.clone()).collect();
    (names(&seen.imports), names(&seen.exports))
}

#[test]
fn parts_satisfy_the_plugin_and_each_other_and_what_hosts_offer_stays() {
    let socket = plugin(&[(A, "string"), ("hal9:plugin/clock@0.1.0", "u32")]);
    let parts = [part("b.wasm", &[], &[(B, "u32")]), part("a.wasm", &[(B, "u32")], &[(A, "string")])];
    let composed = compose(&socket, &parts).unwrap();
    let (imports, exports) = world(&composed);
    assert_eq!(
        (imports.as_slice(), exports.as_slice()),
        (&["hal9:plugin/clock@0.1.0".to_owned()][..], &[OUT.to_owned()][..])
    );
    let plugged: Vec<_> =
        composed.plugged.iter().map(|it| (it.import.as_str(), it.of.as_str(), it.by.as_str())).collect();
    assert_eq!(plugged, [(A, "plugin.wasm", "a.wasm"), (B, "a.wasm", "b.wasm")]);
    assert_eq!(composed.bytes, compose(&socket, &parts).unwrap().bytes, "the same parts make the same component");
}

#[test]
fn a_part_of_a_compatible_version_will_do_and_that_of_the_same_is_better() {
    let socket = plugin(&[("test:parts/a@1.0.0", "u32")]);
    let newer = part("newer.wasm", &[], &[("test:parts/a@1.1.0", "u32")]);
    assert_eq!(compose(&socket, std::slice::from_ref(&newer)).unwrap().plugged[0].by, "newer.wasm");
    let same = part("same.wasm", &[], &[("test:parts/a@1.0.0", "u32")]);
    // The other one is of no use then, and a part that is of none is a mistake.
    assert!(refused(&socket, &[newer, same]).starts_with("newer.wasm satisfies no import"));
    let other = part("other.wasm", &[], &[("test:parts/a@2.0.0", "u32")]);
    assert!(refused(&socket, &[other]).contains("satisfies no import"));
}

#[test]
fn what_does_not_fit_is_said() {
    let socket = plugin(&[(A, "u32")]);
    let fits = || part("a.wasm", &[], &[(A, "u32")]);
    assert!(
        refused(&socket, &[part("t.wasm", &[], &[(A, "string")])])
            .contains("t.wasm exports `test:parts/a@1.0.0` with another type")
    );
    assert!(
        refused(&socket, &[fits(), part("b.wasm", &[], &[(B, "u32")])])
            .starts_with("b.wasm satisfies no import: it exports `test:parts/b@1.0.0`")
    );
    assert!(
        refused(&socket, &[fits(), part("a2.wasm", &[], &[(A, "u32")])])
            .contains("is exported by a.wasm and by a2.wasm")
    );
    assert!(
        refused(&plugin(&[(A, "u32"), (B, "u32")]), &[fits()])
            .contains("nobody exports `test:parts/b@1.0.0`, which plugin.wasm imports")
    );
    let circle = [part("a.wasm", &[(B, "u32")], &[(A, "u32")]), part("b.wasm", &[(A, "u32")], &[(B, "u32")])];
    assert!(refused(&socket, &circle).contains("in a circle"));
}

#[test]
fn what_is_no_component_or_a_plugin_is_no_part() {
    let socket = plugin(&[(A, "u32")]);
    for bytes in [&b"\0asm\x01\0\0\0"[..], b"", b"no component", b"\0asm\x0d\0\x01\0\x07\xff"] {
        let failure = compose(&socket, &[Part { name: "x.wasm".to_owned(), bytes: bytes.to_vec() }]).unwrap_err();
        assert_eq!(failure.code, Code::InvalidPackage, "{failure:?}");
        assert!(failure.message.contains("x.wasm"), "{failure:?}");
    }
    let mut other = part("other.wasm", &[], &[(A, "u32")]);
    let manifest = r#"{"api_version": 1, "metadata": {"id": "a.b", "name": "a", "version": "1.2.0", "author": "", "license": ""}}"#;
    let section = [&[Manifest::SECTION.len() as u8][..], Manifest::SECTION.as_bytes(), manifest.as_bytes()].concat();
    let length = [section.len() as u8 | 0x80, (section.len() >> 7) as u8];
    other.bytes.extend([&[0][..], &length, &section].concat());
    assert!(refused(&socket, &[other]).contains("other.wasm is a plugin itself, a.b"));
}
