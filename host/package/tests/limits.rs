//! Limits: their written forms, their defaults, and what a policy's cap does to them.

use std::{error::Error, time::Duration};

use hal9_package::{ByteSize, LimitOverrides, Limits};

fn overrides(json: &str) -> Result<LimitOverrides, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn sizes_are_read_with_and_without_units() -> Result<(), Box<dyn Error>> {
    for (text, bytes) in [
        ("0", 0),
        ("4096", 4096),
        ("4096B", 4096),
        ("100MB", 100_000_000),
        ("100 mb", 100_000_000),
        ("64MiB", 64 << 20),
        ("1.5GiB", 3 << 29),
        ("2TiB", 2 << 40),
        ("9007199254740993B", 9_007_199_254_740_993),
    ] {
        assert_eq!(text.parse::<ByteSize>()?, ByteSize(bytes), "{text}");
    }
    for text in
        ["", "MiB", "-1", "1e3", "64 potatoes", "1.2.3KB", "64MiB ", "NaN", "inf", "16EiB", "99999999999999999999"]
    {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
    Ok(())
}

#[test]
fn a_size_is_written_in_the_largest_unit_that_keeps_it_whole() {
    for (bytes, text) in [
        (0, "0B"),
        (1, "1B"),
        (1023, "1023B"),
        (4096, "4KiB"),
        (64 << 20, "64MiB"),
        (100_000_000, "100MB"),
        (3 << 29, "1536MiB"),
        (u64::MAX - 1, "18446744073709551614B"),
    ] {
        assert_eq!(ByteSize(bytes).to_string(), text);
    }
    assert_eq!(format!("[{:>8}]", ByteSize::mib(64)), "[   64MiB]");
}

#[test]
fn every_size_and_time_is_read_back_as_it_was() -> Result<(), Box<dyn Error>> {
    let around = |n: u64| [n.saturating_sub(1), n, n.saturating_add(1)];
    let powers = (0..63).map(|bit| 1 << bit).chain((0..19).map(|digits| 10_u64.pow(digits)));
    for n in powers.flat_map(around).chain((1..2000).map(|n| n * 1_000_003)) {
        assert_eq!(ByteSize(n).to_string().parse::<ByteSize>()?, ByteSize(n));
    }
    for millis in (1..100).chain((1..1440).map(|minute| minute * 60_000)).chain([59_999, 3_600_001, 86_400_000]) {
        let limits = Limits { call_time: Duration::from_millis(millis), ..Limits::default() };
        let json = serde_json::to_string(&limits)?;
        assert_eq!(serde_json::from_str::<Limits>(&json)?, limits, "{json}");
    }
    Ok(())
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let shown: Vec<_> = Limits::default()
        .iter()
        .map(|limit| {
            assert!(limit.is_default);
            format!("{} {}", limit.name, limit.value)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "memory 64MiB",
            "call_time 5s",
            "cpu_share 25%",
            "host_memory 16MiB",
            "handles 10000",
            "resources 1000",
            "host_calls 100000",
            "connections 10",
            "http_body 16MiB",
            "open_files 64",
            "file_bytes 64MiB",
            "random_bytes 64KiB",
            "output 256KiB",
            "signal_bytes 1MiB",
            "memory_value 1MiB",
            "memory_keys 10000",
            "metric_names 256",
        ]
    );
}

#[test]
fn what_is_said_replaces_the_default_and_the_cap_has_the_last_word() -> Result<(), Box<dyn Error>> {
    let limits = Limits::default().with(&overrides(r#"{"memory": "128MiB", "call_time": "250ms", "memory_keys": 0}"#)?);
    assert_eq!(limits.memory, ByteSize::mib(128));
    assert_eq!(limits.call_time, Duration::from_millis(250));
    assert_eq!(limits.memory_keys, 0);
    assert_eq!(limits.handles, 10_000);
    let changed: Vec<_> = limits.iter().filter(|limit| !limit.is_default).map(|limit| limit.name).collect();
    assert_eq!(changed, ["memory", "call_time", "memory_keys"]);

    let cap = overrides(r#"{"memory": "100MB", "call_time": "1s", "handles": 10}"#)?;
    let capped = limits.capped(&cap);
    assert_eq!(capped.memory, ByteSize(100_000_000), "lowered to the cap");
    assert_eq!(capped.call_time, Duration::from_millis(250), "a cap raises nothing");
    assert_eq!(capped.handles, 10, "a cap holds for defaults as well");
    assert_eq!(capped.metric_names, 256, "without a cap nothing changes");
    assert_eq!(capped.capped(&cap), capped);
    assert_eq!(limits.capped(&LimitOverrides::default()), limits);
    Ok(())
}

/// Settings are TOML, whose integers are signed.
#[test]
fn a_cap_may_stand_in_settings() -> Result<(), Box<dyn Error>> {
    let cap: LimitOverrides = toml::from_str("memory = 1048576\ncall_time = \"1s\"\nhandles = 5\noutput = \"1KiB\"")?;
    assert_eq!(cap.memory, Some(ByteSize::mib(1)));
    assert_eq!(cap.handles, Some(5));
    assert_eq!(toml::from_str::<LimitOverrides>(&toml::to_string(&cap)?)?, cap);
    let error = toml::from_str::<LimitOverrides>("handles = -1").expect_err("negative").to_string();
    assert!(error.contains("invalid value: integer `-1`, expected a whole number up to 4294967295"), "{error}");
    Ok(())
}

#[test]
fn only_what_differs_from_the_defaults_is_written() -> Result<(), Box<dyn Error>> {
    assert_eq!(serde_json::to_string(&Limits::default())?, "{}");
    let limits = Limits { handles: 7, output: ByteSize(0), ..Limits::default() };
    assert_eq!(serde_json::to_string(&limits)?, r#"{"handles":7,"output":"0B"}"#);
    Ok(())
}

#[test]
fn zero_is_refused_where_nothing_could_run_with_it() {
    for (name, zero) in [
        ("memory", "0"),
        ("memory", "\"0B\""),
        ("memory", "\"0.4B\""),
        ("call_time", "\"0s\""),
        ("cpu_share", "\"0%\""),
        ("host_calls", "0"),
        ("host_memory", "0"),
        ("handles", "0"),
        ("resources", "0"),
        ("signal_bytes", "0"),
    ] {
        let error = overrides(&format!("{{\"{name}\": {zero}}}")).expect_err(name);
        assert!(error.starts_with("it is zero"), "{name}: {error}");
    }
    for name in [
        "connections",
        "http_body",
        "open_files",
        "file_bytes",
        "random_bytes",
        "output",
        "memory_value",
        "memory_keys",
        "metric_names",
    ] {
        assert!(overrides(&format!("{{\"{name}\": 0}}")).is_ok(), "{name}");
    }
}

#[test]
fn values_of_another_sort_are_refused() {
    for (json, message) in [
        (r#"{"memory": null}"#, r#"invalid type: null, expected a size such as "64MiB", "100MB" or 4096"#),
        (r#"{"cpu_share": 50}"#, r#"invalid value: integer `50`, expected a share such as "25%""#),
        (r#"{"cpu_share": "101%"}"#, r#""101%" is not a share: write "1%" to "100%""#),
        (r#"{"memory": -1}"#, r#"invalid value: integer `-1`, expected a size such as "64MiB", "100MB" or 4096"#),
        (
            r#"{"memory": 1.5}"#,
            r#"invalid type: floating point `1.5`, expected a size such as "64MiB", "100MB" or 4096"#,
        ),
        (r#"{"memory": "16EiB"}"#, r#""16EiB" is not a size: it must be less than 16 EiB"#),
        (
            r#"{"call_time": "5"}"#,
            r#""5" is not a time: write a number with a unit, such as "5s", "250ms" or "1m 30s""#,
        ),
        (r#"{"call_time": "1y"}"#, r#""1y" is not a time: it is longer than a day, write at most "24h""#),
        (r#"{"call_time": "99999999999999y"}"#, r#""99999999999999y" is not a time"#),
        (r#"{"handles": "5"}"#, r#"invalid type: string "5", expected a whole number up to 4294967295"#),
        (r#"{"handles": 4294967296}"#, "invalid value: integer `4294967296`, expected a whole number up to 4294967295"),
        (r#"{"handle": 5}"#, "unknown field `handle`"),
    ] {
        let error = overrides(json).expect_err(json);
        assert!(error.starts_with(message), "{json}: {error}");
    }
}
