//! Every kind of change, on each side of a plugin where that makes a difference: two small texts, what they differ in, and whom
//! that breaks. That the verdicts are so is shown with real components in `tests/tests/wit/linking.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;

use hal9_wit::{Kind, Party, Wit, diff};

/// Nobody.
const NONE: &[Party] = &[];
const BUILT: Party = Party::BuiltPlugins;
const SOURCE: Party = Party::PluginSource;
const OLDER: Party = Party::OlderHosts;
const HOSTS: Party = Party::HostSource;
const ALL: &[Party] = &[BUILT, SOURCE, OLDER, HOSTS];

/// The one change between two documents that is no other kind's consequence.
#[track_caller]
fn check(old: &str, new: &str, kind: Kind, path: &str, parties: &[Party]) {
    let read = |name: &str, text: &str| Wit::document(name, text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let found = diff(&read("old", old), &read("new", new)).unwrap();
    let seen: Vec<_> = found.changes.iter().map(|change| (change.kind, change.path.as_str(), &change.breaks)).collect();
    let parties: BTreeSet<Party> = parties.iter().copied().collect();
    assert_eq!(seen, [(kind, path, &parties)], "\nold: {old}\nnew: {new}\n{:#?}", found.changes);
    assert_eq!(found.changes[0].why.is_empty(), parties.is_empty(), "{:?}", found.changes[0]);
}

/// As `check`, for what is in an interface that plugins import (`import`), export or both.
#[track_caller]
fn within(side: &str, old: &str, new: &str, kind: Kind, path: &str, parties: &[Party]) {
    let world = match side {
        "both" => "import i; export i;".to_owned(),
        side => format!("{side} i;"),
    };
    let document = |body: &str| format!("package t:p@0.1.0; interface i {{ {body} }} world w {{ {world} }}");
    check(&document(old), &document(new), kind, path, parties);
}

const I: &str = "t:p/i";
const F: &str = "t:p/i/f";
const T: &str = "t:p/i/t";

#[test]
fn functions() {
    use Kind::{FunctionAdded, FunctionRemoved};
    let (one, two) = ("f: func();", "f: func(); g: func();");
    within("import", one, two, FunctionAdded, I, &[OLDER, HOSTS]);
    within("export", one, two, FunctionAdded, I, &[BUILT, SOURCE]);
    within("both", one, two, FunctionAdded, I, ALL);
    within("import", two, one, FunctionRemoved, I, &[BUILT, SOURCE, HOSTS]);
    within("export", two, one, FunctionRemoved, I, &[SOURCE, OLDER, HOSTS]);
}

#[test]
fn parameters_and_results() {
    use Kind::{
        ParameterAdded, ParameterRemoved, ParameterRenamed, ParameterRetyped, ParametersReordered, ResultChanged,
    };
    for side in ["import", "export"] {
        within(side, "f: func();", "f: func(a: u8);", ParameterAdded, F, ALL);
        within(side, "f: func(a: u8);", "f: func();", ParameterRemoved, F, ALL);
        within(side, "f: func(a: u8);", "f: func(a: u16);", ParameterRetyped, F, ALL);
        // A host would not notice.
        within(side, "f: func(a: u8, b: u8);", "f: func(b: u8, a: u8);", ParametersReordered, F, ALL);
        within(side, "f: func() -> u8;", "f: func() -> u16;", ResultChanged, F, ALL);
        within(side, "f: func();", "f: func() -> u8;", ResultChanged, F, ALL);
        within(side, "f: func() -> u8;", "f: func();", ResultChanged, F, ALL);
    }
    within("import", "f: func(a: u8);", "f: func(b: u8);", ParameterRenamed, F, &[SOURCE]);
    within("export", "f: func(a: u8);", "f: func(b: u8);", ParameterRenamed, F, NONE);
    let two = |used: &str| format!("record t {{ a: u8 }} record u {{ a: u8 }} f: func(a: {used});");
    within("import", &two("t"), &two("u"), ParameterRetyped, F, &[SOURCE, HOSTS]);
}

#[test]
fn async_functions() {
    within("import", "f: func();", "f: async func();", Kind::BecameAsync, F, ALL);
    within("export", "f: async func();", "f: func();", Kind::BecameSync, F, ALL);
}

#[test]
fn resources_and_what_they_can_do() {
    use Kind::{
        ConstructorAdded, ConstructorRemoved, MethodAdded, MethodRemoved, ResourceAdded, ResourceRemoved, StaticAdded,
        StaticRemoved,
    };
    within("import", "", "resource t;", ResourceAdded, T, &[OLDER, HOSTS]);
    within("export", "", "resource t;", ResourceAdded, T, &[SOURCE]);
    within("import", "resource t;", "", ResourceRemoved, T, &[BUILT, SOURCE, HOSTS]);
    within("export", "resource t;", "", ResourceRemoved, T, &[SOURCE, HOSTS]);
    for (added, removed, body) in [
        (MethodAdded, MethodRemoved, "m: func();"),
        (StaticAdded, StaticRemoved, "m: static func();"),
        (ConstructorAdded, ConstructorRemoved, "constructor();"),
    ] {
        let with = format!("resource t {{ {body} }}");
        within("import", "resource t;", &with, added, I, &[OLDER, HOSTS]);
        within("export", "resource t;", &with, added, I, &[BUILT, SOURCE]);
        within("import", &with, "resource t;", removed, I, &[BUILT, SOURCE, HOSTS]);
        within("export", &with, "resource t;", removed, I, &[SOURCE, OLDER, HOSTS]);
    }
}

#[test]
fn records() {
    use Kind::{FieldAdded, FieldRemoved, FieldRenamed, FieldRetyped, FieldsReordered};
    let given = |fields: &str| format!("record t {{ {fields} }} f: func(x: t);");
    let received = |fields: &str| format!("record t {{ {fields} }} f: func() -> t;");
    // Who makes a value has to set the field; who gets it need not read it.
    within("import", &given("a: u8"), &given("a: u8, b: u8"), FieldAdded, T, &[BUILT, SOURCE, OLDER]);
    within("import", &received("a: u8"), &received("a: u8, b: u8"), FieldAdded, T, &[BUILT, OLDER, HOSTS]);
    within("export", &given("a: u8"), &given("a: u8, b: u8"), FieldAdded, T, &[BUILT, OLDER, HOSTS]);
    within("export", &received("a: u8"), &received("a: u8, b: u8"), FieldAdded, T, &[BUILT, SOURCE, OLDER]);
    within("both", &given("a: u8"), &given("a: u8, b: u8"), FieldAdded, T, ALL);
    for side in ["import", "export"] {
        within(side, &given("a: u8, b: u8"), &given("a: u8"), FieldRemoved, T, ALL);
        within(side, &given("a: u8, b: u8"), &given("a: u8, c: u8"), FieldRenamed, T, ALL);
        within(side, &given("a: u8, b: u8"), &given("b: u8, a: u8"), FieldsReordered, T, &[BUILT, OLDER]);
        within(side, &given("a: u8"), &given("a: string"), FieldRetyped, T, ALL);
    }
    // A type that no function brings never meets a host.
    within("import", "record t { a: u8 }", "record t { a: u8, b: u8 }", FieldAdded, T, &[SOURCE, HOSTS]);
}

#[test]
fn variants() {
    use Kind::{CaseAdded, CaseRemoved, CaseRenamed, CaseRetyped, CasesReordered};
    let given = |cases: &str| format!("variant t {{ {cases} }} f: func(x: list<t>);");
    let received = |cases: &str| format!("variant t {{ {cases} }} f: func() -> result<u8, t>;");
    // Who gets a value has to know every case; who makes one need not make the new one.
    within("import", &received("a, b(u8)"), &received("a, b(u8), c"), CaseAdded, T, &[BUILT, SOURCE, OLDER]);
    within("import", &given("a, b(u8)"), &given("a, b(u8), c"), CaseAdded, T, &[BUILT, OLDER, HOSTS]);
    within("export", &received("a, b(u8)"), &received("a, b(u8), c"), CaseAdded, T, &[BUILT, OLDER, HOSTS]);
    within("export", &given("a, b(u8)"), &given("a, b(u8), c"), CaseAdded, T, &[BUILT, SOURCE, OLDER]);
    within("import", &given("a, b(u8)"), &given("a"), CaseRemoved, T, ALL);
    within("import", &given("a, b(u8)"), &given("a, c(u8)"), CaseRenamed, T, ALL);
    within("import", &given("a, b(u8)"), &given("b(u8), a"), CasesReordered, T, &[BUILT, OLDER]);
    within("import", &given("a, b(u8)"), &given("a, b(u16)"), CaseRetyped, T, ALL);
    within("import", &given("a, b(u8)"), &given("a, b"), CaseRetyped, T, ALL);
}

#[test]
fn enums_and_flags() {
    use Kind::{
        EnumCaseAdded, EnumCaseRemoved, EnumCaseRenamed, EnumCasesReordered, FlagAdded, FlagRemoved, FlagRenamed,
        FlagsReordered,
    };
    let given = |cases: &str| format!("enum t {{ {cases} }} f: func(x: t);");
    let received = |cases: &str| format!("enum t {{ {cases} }} f: func() -> option<t>;");
    within("import", &received("a, b"), &received("a, b, c"), EnumCaseAdded, T, &[BUILT, SOURCE, OLDER]);
    within("import", &given("a, b"), &given("a, b, c"), EnumCaseAdded, T, &[BUILT, OLDER, HOSTS]);
    within("import", &given("a, b"), &given("a"), EnumCaseRemoved, T, ALL);
    within("import", &given("a, b"), &given("a, c"), EnumCaseRenamed, T, ALL);
    within("import", &given("a, b"), &given("b, a"), EnumCasesReordered, T, &[BUILT, OLDER]);
    let flags = |flags: &str| format!("flags t {{ {flags} }} f: func(x: t) -> t;");
    within("import", &flags("a, b"), &flags("a, b, c"), FlagAdded, T, &[BUILT, OLDER]);
    within("import", &flags("a, b"), &flags("a"), FlagRemoved, T, ALL);
    within("import", &flags("a, b"), &flags("a, c"), FlagRenamed, T, ALL);
    within("import", &flags("a, b"), &flags("b, a"), FlagsReordered, T, &[BUILT, OLDER]);
}

#[test]
fn names_of_types_and_what_they_stand_for() {
    use Kind::{AliasChanged, TypeAdded, TypeKindChanged, TypeRemoved, TypeRenamed};
    within("import", "", "type t = u8;", TypeAdded, T, NONE);
    within("import", "type t = u8;", "", TypeRemoved, T, &[SOURCE, HOSTS]);
    // Hosts know no names of types, and sources do.
    let named = |name: &str| format!("record {name} {{ a: u8 }} f: func(x: {name}) -> option<{name}>;");
    within("import", &named("t"), &named("u"), TypeRenamed, T, &[SOURCE, HOSTS]);
    let alias = |of: &str| format!("type t = {of}; f: func(x: t);");
    within("import", &alias("u8"), &alias("u16"), AliasChanged, T, ALL);
    within("export", &alias("list<u8>"), &alias("list<u16>"), AliasChanged, T, ALL);
    within("import", &alias("list<u8>"), &alias("string"), AliasChanged, T, ALL);
    let used = "f: func(x: t);";
    let (record, variant) = (format!("record t {{ a: u8 }} {used}"), format!("variant t {{ a(u8) }} {used}"));
    within("import", &record, &variant, TypeKindChanged, T, ALL);
    let same = |of: &str| format!("record a {{ x: u8 }} record b {{ x: u8 }} type t = {of}; f: func(x: t);");
    within("import", &same("a"), &same("b"), AliasChanged, T, &[SOURCE, HOSTS]);
}

#[test]
fn what_says_the_same_in_other_words_is_no_change() {
    for (old, new) in [
        ("f: func(x: list<u8>);", "f: func(x: list<u8>);"),
        ("type t = u8; type u = t; f: func(x: t);", "type t = u8; type u = u8; f: func(x: u);"),
        ("f: func(); g: func();", "g: func(); f: func();"),
        ("resource t; f: func(x: own<t>);", "resource t; f: func(x: t);"),
    ] {
        let document = |body: &str| format!("package t:p; interface i {{ {body} }} world w {{ import i; }}");
        let (old, new) = (Wit::document("old", &document(old)).unwrap(), Wit::document("new", &document(new)).unwrap());
        assert_eq!(diff(&old, &new).unwrap().changes, []);
    }
    // An include is what it includes.
    let included = "package t:p; interface i {} world a { import i; } world w { include a; }";
    let written = "package t:p; interface i {} world a { import i; } world w { import i; }";
    let (old, new) = (Wit::document("old", included).unwrap(), Wit::document("new", written).unwrap());
    assert_eq!(diff(&old, &new).unwrap().changes, []);
}

#[test]
fn interfaces() {
    let (one, two) = ("interface i {}", "interface i {} interface j { f: func(); }");
    let document = |items: &str, world: &str| format!("package t:p; {items} world w {{ import i; {world} }}");
    let (without, imported, exported) = (document(one, ""), document(two, "import j;"), document(two, "export j;"));
    check(&without, &imported, Kind::InterfaceAdded, "t:p/j", &[OLDER, HOSTS]);
    check(&without, &exported, Kind::InterfaceAdded, "t:p/j", &[OLDER]);
    check(&imported, &without, Kind::InterfaceRemoved, "t:p/j", &[BUILT, SOURCE, HOSTS]);
    check(&exported, &without, Kind::InterfaceRemoved, "t:p/j", &[BUILT, SOURCE, HOSTS]);
}

#[test]
fn worlds() {
    use Kind::{WorldAdded, WorldExportAdded, WorldExportRemoved, WorldImportAdded, WorldImportRemoved, WorldRemoved};
    let document =
        |worlds: &str| format!("package t:p; interface i {{ f: func(); }} interface j {{ f: func(); }} {worlds}");
    let of = |old: &str, new: &str, kind, path, parties: &[Party]| {
        check(&document(old), &document(new), kind, path, parties)
    };
    let base = "world b { import j; export j; }";
    of(base, &format!("{base} world w {{ import j; }}"), WorldAdded, "t:p/w", NONE);
    of(&format!("{base} world w {{ import j; }}"), base, WorldRemoved, "t:p/w", &[SOURCE, HOSTS]);
    // Whether another world has it decides what hosts have.
    let (none, import, export) = ("world w {}", "world w { import j; }", "world w { export j; }");
    let beside = |world: &str| format!("{base} {world}");
    of(&beside(none), &beside(import), WorldImportAdded, "t:p/j", NONE);
    of(&beside(import), &beside(none), WorldImportRemoved, "t:p/j", &[SOURCE]);
    of(&beside(none), &beside(export), WorldExportAdded, "t:p/j", &[SOURCE]);
    of(&beside(export), &beside(none), WorldExportRemoved, "t:p/j", &[SOURCE]);
    let (only_import, only_export) = ("world w { import j; }", "world w { export j; }");
    let (with_import, with_export) = ("world w { import j; export j; }", "world w { export j; import j; }");
    of(only_export, with_import, WorldImportAdded, "t:p/j", &[OLDER, HOSTS]);
    of(with_import, only_export, WorldImportRemoved, "t:p/j", &[BUILT, SOURCE, HOSTS]);
    of(only_import, with_export, WorldExportAdded, "t:p/j", &[SOURCE, OLDER]);
    of(with_export, only_import, WorldExportRemoved, "t:p/j", &[BUILT, SOURCE, HOSTS]);
    // What an include brings is what the world has.
    of(&beside("world w { }"), &beside("world a { import j; } world w { }"), WorldAdded, "t:p/a", NONE);
    let included = |what: &str| beside(&format!("world a {{ import j; }} world w {{ {what} }}"));
    of(&included(""), &included("include a;"), WorldImportAdded, "t:p/j", NONE);
}

#[test]
fn what_worlds_have_of_their_own() {
    use Kind::{ParameterAdded, WorldExportAdded, WorldImportAdded, WorldImportRemoved};
    let of = |old: &str, new: &str, kind, path, parties: &[Party]| {
        let document = |members: &str| format!("package t:p; world w {{ {members} }}");
        check(&document(old), &document(new), kind, path, parties);
    };
    of("", "import f: func();", WorldImportAdded, "t:p/w/f", &[OLDER, HOSTS]);
    of("import f: func();", "", WorldImportRemoved, "t:p/w/f", &[BUILT, SOURCE, HOSTS]);
    of("", "export f: func();", WorldExportAdded, "t:p/w/f", &[SOURCE, OLDER]);
    of("import f: func();", "import f: func(a: u8);", ParameterAdded, "t:p/w/f", ALL);
    let inline = |body: &str| format!("import mine: interface {{ {body} }}");
    of(&inline("f: func();"), &inline("f: func(a: u8);"), ParameterAdded, "t:p/w/mine/f", ALL);
}

#[test]
fn the_world_of_hosts_is_nobody_s_to_build_for() {
    let document = |world: &str| {
        format!("package hal9:plugin@0.1.0; interface i {{ f: func(); }} world imports {{ import i; }} {world}")
    };
    let (old, new) = (document("world host { import i; }"), document("world host { import i; export i; }"));
    check(&old, &new, Kind::WorldExportAdded, "hal9:plugin/i", &[OLDER]);
}

#[test]
fn versions() {
    use Kind::{VersionCompatible, VersionIncompatible};
    let of = |old: &str, new: &str, kind, parties: &[Party]| {
        let document =
            |version: &str| format!("package t:p{version}; interface i {{ f: func(); }} world w {{ import i; }}");
        check(&document(old), &document(new), kind, "t:p", parties);
    };
    of("@0.1.0", "@0.1.1", VersionCompatible, &[OLDER]);
    of("@0.1.1", "@0.1.0", VersionCompatible, &[BUILT]);
    of("@1.2.0", "@1.3.0", VersionCompatible, &[OLDER]);
    of("@0.1.0", "@0.2.0", VersionIncompatible, ALL);
    of("@1.2.0", "@2.0.0", VersionIncompatible, ALL);
    of("@0.0.1", "@0.0.2", VersionIncompatible, ALL);
    of("@0.1.0-rc.1", "@0.1.0", VersionIncompatible, ALL);
    of("", "@0.1.0", VersionIncompatible, ALL);
}

#[test]
fn words_about_things_break_nobody() {
    use Kind::{DeprecationChanged, DocumentationChanged, SinceChanged};
    within("import", "/// One.\n f: func();", "/// Two.\n f: func();", DocumentationChanged, F, NONE);
    let field = |docs: &str| format!("record t {{ {docs} a: u8 }}");
    within("import", &field(""), &field("/// The a.\n"), DocumentationChanged, "t:p/i/t.a", NONE);
    within("import", "f: func();", "@since(version = 0.1.0) f: func();", SinceChanged, F, NONE);
    let old = "@since(version = 0.0.1) f: func();";
    let deprecated = "@since(version = 0.0.1) @deprecated(version = 0.1.0) f: func();";
    within("import", old, deprecated, DeprecationChanged, F, NONE);
}

#[test]
fn an_item_that_is_unstable_now_is_not_there_for_who_has_not_asked_for_it() {
    let (stable, unstable) = ("@since(version = 0.1.0) f: func();", "@unstable(feature = x) f: func();");
    within("import", stable, unstable, Kind::FunctionRemoved, I, &[BUILT, SOURCE, HOSTS]);
}

#[test]
fn a_type_that_moved_is_the_same_to_who_uses_it() {
    let document = |shared: &str, own: &str| {
        format!(
            "package t:p; interface s {{ {shared} }} interface i {{ {own} f: func(x: t) -> list<t>; }} world w {{ import i; }}"
        )
    };
    let (there, here) = (document("record t { a: u8 }", "use s.{t};"), document("", "record t { a: u8 }"));
    let found = diff(&Wit::document("old", &here).unwrap(), &Wit::document("new", &there).unwrap()).unwrap();
    assert!(found.breaking(&[Party::BuiltPlugins, Party::OlderHosts]) == 0, "{:#?}", found.changes);
}

#[test]
fn a_change_is_told_where_it_is_and_with_whom_it_reaches() {
    let document = |cases: &str| {
        format!(
            "package t:p; interface s {{ enum t {{ {cases} }} record r {{ t: t }} }} \
             interface i {{ use s.{{r}}; f: func(x: r); g: func() -> list<r>; }} world w {{ import i; }}"
        )
    };
    let (old, new) = (document("a"), document("a, b"));
    check(&old, &new, Kind::EnumCaseAdded, "t:p/s/t", ALL);
    let found = diff(&Wit::document("old", &old).unwrap(), &Wit::document("new", &new).unwrap()).unwrap();
    assert_eq!(found.changes[0].reaches, ["t:p/i/f", "t:p/i/g"]);
}

#[test]
fn packages_that_one_side_alone_has_are_named_and_two_without_a_common_one_refused() {
    let mine = Wit::document("mine", "package me:mine; world w { import hal9:plugin/clock@0.1.0; }").unwrap();
    let found = diff(&mine, &Wit::builtin().unwrap()).unwrap();
    assert!(found.changes.is_empty() && found.left_out == ["me:mine"], "{found:#?}");
    let other = Wit::document("other", "package me:other; interface i {}").unwrap();
    let text = diff(&other, &Wit::builtin().unwrap()).unwrap_err().to_string();
    assert!(text.contains("other is about me:other, builtin about hal9:plugin"), "{text}");
}

#[test]
fn what_was_published_holds() {
    // What is on another track is another package to hosts.
    let track = |version: &str| version.rsplit_once('.').map(|(track, _)| track.to_owned());
    for version in Wit::versions().filter(|version| track(version) == track(hal9_wit::VERSION)) {
        let found = diff(&Wit::published(version).unwrap().unwrap(), &Wit::builtin().unwrap()).unwrap();
        let broken: Vec<_> =
            found.changes.iter().filter(|change| change.breaks.contains(&Party::BuiltPlugins)).collect();
        assert!(broken.is_empty(), "plugins that were built with {version} do not load any more: {broken:#?}");
    }
}
