//! Calls of the host that go wrong on demand: denied, timed out, without memory, trapped; each at the call that was named.

use super::check;

#[test]
fn the_nth_call_goes_wrong_in_the_way_that_was_named() {
    let step = "
[[case.step]]
signal = { content = 'set a 1' }
expect = { content = 'Ok(())' }
[[case.step]]
signal = { content = 'get a' }
";
    let case = |kind: &str, comes: &str| {
        format!(
            "
[[case]]
name = '{kind}'
host = ['memory.set a 1', 'memory.get a', 'memory.get a']
fault = {{ call = 2, kind = '{kind}' }}
{step}{comes}
[[case.step]]
signal = {{ content = 'get a' }}
expect = {{ content = 'Ok(Some(\"1\"))' }}
"
        )
    };
    let cases = [
        case("deny", "expect = { content = 'Err(Denied)' }"),
        case("time-out", "expect_limit = 'deadline'"),
        case("out-of-memory", "expect_limit = 'memory'"),
        case("trap", "expect_trap = 'made to trap'"),
    ];
    check("uses-memory", &[], &cases.concat(), &[]);
}

#[test]
fn a_fault_may_be_of_an_interface_or_a_function_and_must_come_to_pass() {
    let cases = "
[[case]]
name = 'of a function'
fault = { call = 1, of = 'memory.get', kind = 'deny' }
[[case.step]]
signal = { content = 'set a 1' }
expect = { content = 'Ok(())' }
[[case.step]]
signal = { content = 'get a' }
expect = { content = 'Err(Denied)' }

[[case]]
name = 'of the configuration'
fault = { call = 1, of = 'config', kind = 'trap' }
[[case.step]]
signal = { content = 'get a' }
expect_trap = ''

[[case]]
name = 'never called'
fault = { call = 3, kind = 'trap' }
[[case.step]]
signal = { content = 'get a' }
";
    check(
        "uses-memory",
        &[],
        cases,
        &[("never called", "fault | that its call is made | there were 1 calls, and not 3")],
    );
}

#[test]
fn every_interface_that_can_deny_does() {
    let signals = "
[[case]]
name = 'a signal'
fault = { call = 1, kind = 'deny' }
emitted = []
[[case.step]]
signal = { content = '{\"layer\": \"L3\", \"content\": \"tea\"}' }
expect = { content = 'Some(Denied)' }
";
    check("uses-signals", &["Hal9Signal"], signals, &[]);
    let learning = "
[[case]]
name = 'an experience'
fault = { call = 1, kind = 'deny' }
[[case.step]]
signal = { content = 'experience go 0.5' }
expect = { content = 'Err(Denied)' }
";
    check("uses-learning", &[], learning, &[]);
    let metrics = "
[[case]]
name = 'a metric is dropped'
fault = { call = 1, kind = 'deny' }
metrics = { cups = 2 }
[[case.step]]
signal = { content = \"increment cups 1\\nincrement cups 2\" }
";
    check("uses-metrics", &[], metrics, &[]);
    let plugins = "
[[case]]
name = 'another plugin'
plugins = [{ id = 'other.neuron', reply = { content = 'tea' } }]
fault = { call = 1, kind = 'deny' }
[[case.step]]
signal = { content = 'ask other.neuron what' }
[[case.step]]
signal = { content = 'ask other.neuron what' }
expect = { content = 'tea' }
";
    check("uses-plugins", &["PluginCall:other.neuron"], plugins, &[]);
    let clock = "
[[case]]
name = 'the time cannot be denied'
fault = { call = 1, kind = 'deny' }
[[case.step]]
signal = {}

[[case]]
name = 'and may trap'
fault = { call = 1, kind = 'trap' }
[[case.step]]
signal = {}
expect_trap = ''
";
    check("uses-clock", &[], clock, &[("the time cannot be denied", "which has no answer that says denied")]);
}
