//! Permissions: their written forms, and what is left of a declaration after the grant.

use hal9_package::{ParseError, Permission, PermissionKind, Permissions};

fn set(texts: &[&str]) -> Result<Permissions, ParseError> {
    texts.iter().map(|text| text.parse::<Permission>()).collect()
}

#[test]
fn every_kind_has_a_name_that_reads_back_and_a_description() -> Result<(), ParseError> {
    for kind in PermissionKind::ALL {
        assert_eq!(kind.to_string().parse::<PermissionKind>()?, *kind);
        assert!(!kind.description().is_empty());
    }
    assert_eq!(PermissionKind::ALL.len(), 12);
    Ok(())
}

#[test]
fn written_forms_read_back() -> Result<(), ParseError> {
    for text in [
        "NetworkHttp",
        "NetworkHttps:*.example.com:8443",
        "NetworkHttps:[2001:db8::1]:443",
        "FileRead:./data",
        "FileWrite:C:\\out dir=>/out",
        "SystemTime",
        "SystemRandom",
        "SystemEnv:LANG",
        "PluginCall:ai.hal9.text-tools",
        "Hal9Signal:L3",
        "Hal9Memory:notes/2026: ",
        "Hal9Metrics",
        "Hal9Learning",
    ] {
        let text = text.trim();
        assert_eq!(text.parse::<Permission>()?.to_string(), text);
    }
    for (short, long) in [
        ("fs_read:./data", "FileRead:./data"),
        ("fs_write:/a=>/b", "FileWrite:/a=>/b"),
        ("network:api.example.com", "NetworkHttps:api.example.com"),
        ("network", "NetworkHttps"),
        ("env:HOME", "SystemEnv:HOME"),
    ] {
        assert_eq!(short.parse::<Permission>()?.to_string(), long);
    }
    Ok(())
}

#[test]
fn a_wrong_form_is_answered_with_the_right_one() {
    for (text, message) in [
        ("process", r#""process" is not a permission: a plugin cannot start processes, so remove it"#),
        ("FileRead", r#""FileRead" is not a permission: it needs a scope, write "FileRead:HOST_PATH=>GUEST_PATH""#),
        (
            "fs_write:",
            r#""fs_write:" is not a permission: its scope is empty or has white space at an end, write "FileWrite:HOST_PATH=>GUEST_PATH""#,
        ),
        ("FileRead:/a=>", r#""FileRead:/a=>" is not a permission: write "FileRead:HOST_PATH=>GUEST_PATH""#),
        ("SystemEnv", r#""SystemEnv" is not a permission: it needs a scope, write "SystemEnv:VARIABLE""#),
        ("env:A=B", r#""env:A=B" is not a permission: write "SystemEnv:VARIABLE""#),
        ("PluginCall", r#""PluginCall" is not a permission: it needs a scope, write "PluginCall:PLUGIN_ID""#),
        (
            "PluginCall:other",
            r#""PluginCall:other" is not a permission: write the other plugin's id, such as "PluginCall:ai.hal9.text-tools""#,
        ),
        ("SystemTime:utc", r#""SystemTime:utc" is not a permission: it takes no scope, write "SystemTime""#),
        (
            "network:https://api.example.com",
            r#""network:https://api.example.com" is not a permission: `//api.example.com` is no port: write 1 to 65535, or `*`; write the host alone, such as "api.example.com" or "*.example.com:8443""#,
        ),
        (
            "Hal9Memory: notes",
            r#""Hal9Memory: notes" is not a permission: its scope is empty or has white space at an end, write "Hal9Memory:PREFIX""#,
        ),
        (
            "Hal9Memory:a\u{7}b",
            r#""Hal9Memory:a\u{7}b" is not a permission: it has the character \u{7}: write one line of printable text"#,
        ),
    ] {
        let error = text.parse::<Permission>().expect_err(text);
        assert_eq!(error.to_string(), message);
    }
    for kind in ["", "hal9memory", "Hal9Memory ", "*", "fs_read"] {
        assert!(kind.parse::<Permission>().is_err(), "{kind:?}");
    }
}

#[test]
fn a_set_is_ordered_and_asked_by_kind() -> Result<(), ParseError> {
    let permissions = set(&["Hal9Memory:b", "FileRead:/x", "Hal9Memory", "Hal9Memory:a", "Hal9Memory:a"])?;
    assert_eq!(permissions.to_string(), "FileRead:/x, Hal9Memory, Hal9Memory:a, Hal9Memory:b");
    assert_eq!(permissions.scopes(PermissionKind::Hal9Memory).collect::<Vec<_>>(), [None, Some("a"), Some("b")]);
    assert!(permissions.contains(PermissionKind::FileRead));
    assert!(!permissions.contains(PermissionKind::FileWrite));
    assert!(!permissions.contains(PermissionKind::Hal9Metrics));
    assert_eq!(Permissions::new().to_string(), "none");
    Ok(())
}

#[test]
fn what_meets_is_what_both_sides_have() -> Result<(), ParseError> {
    for (declared, granted, effective) in [
        // A missing grant grants nothing, and a grant alone is no need.
        (&["Hal9Memory"][..], &[][..], &[][..]),
        (&[], &["Hal9Memory"], &[]),
        // The kinds are apart, also where one sounds like more than the other.
        (&["NetworkHttp"], &["NetworkHttps"], &[]),
        // Unscoped meets anything as that thing, on either side.
        (&["Hal9Memory"], &["Hal9Memory"], &["Hal9Memory"]),
        (&["Hal9Memory"], &["Hal9Memory:a", "Hal9Memory:b"], &["Hal9Memory:a", "Hal9Memory:b"]),
        (&["Hal9Memory:a", "Hal9Memory:b"], &["Hal9Memory"], &["Hal9Memory:a", "Hal9Memory:b"]),
        // Of keys, the longer prefix is left; of hosts, the narrower pattern.
        (&["Hal9Memory:a/"], &["Hal9Memory:a/b/", "Hal9Memory:c"], &["Hal9Memory:a/b/"]),
        (&["Hal9Memory:a/b/"], &["Hal9Memory:a/"], &["Hal9Memory:a/b/"]),
        (&["NetworkHttps:*.a.com"], &["NetworkHttps:x.a.com", "NetworkHttps:b.com"], &["NetworkHttps:x.a.com"]),
        (&["NetworkHttps:x.a.com"], &["NetworkHttps:*.a.com"], &["NetworkHttps:x.a.com"]),
        // Layers, variables and plugins are the same, or not.
        (&["Hal9Signal:L3"], &["Hal9Signal:L"], &[]),
        (&["SystemEnv:LANG"], &["SystemEnv:LANG"], &["SystemEnv:LANG"]),
        (&["SystemEnv:LANG"], &["SystemEnv:LANGUAGE"], &[]),
        // A folder is the one that the guest sees; another one on the host does not lie below it.
        (&["FileRead:/a", "FileRead:/b"], &["FileRead:/b", "FileRead:/c"], &["FileRead:/b"]),
        (&["FileRead:/a/b"], &["FileRead:/a"], &[]),
        (&["FileRead:/a"], &["FileRead:/a/b"], &[]),
    ] {
        let (declared, granted) = (set(declared)?, set(granted)?);
        assert_eq!(declared.meet(&granted), set(effective)?, "{declared} × {granted}");
        assert_eq!(granted.meet(&declared), declared.meet(&granted), "order does not matter");
    }
    Ok(())
}

#[test]
fn the_operator_decides_which_folder_a_plugin_sees() -> Result<(), ParseError> {
    let declared = set(&["FileRead:./data=>/data"])?;
    assert_eq!(declared.meet(&set(&["FileRead:/srv/x=>/data"])?), set(&["FileRead:/srv/x=>/data"])?);
    assert!(declared.meet(&set(&["FileRead:/data=>/etc"])?).is_empty());
    // Who declares that it writes may be granted to read, and not the other way round.
    assert!(declared.meet(&set(&["FileWrite:/srv/x=>/data"])?).is_empty());
    let writes = set(&["FileWrite:./data=>/data"])?;
    assert_eq!(writes.meet(&set(&["FileRead:/srv/x=>/data"])?), set(&["FileRead:/srv/x=>/data"])?);
    Ok(())
}
