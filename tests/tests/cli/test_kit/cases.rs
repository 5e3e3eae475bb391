//! What a case may say of the world that a plugin meets, and of what it did there.

use super::check;

#[test]
fn the_calls_of_the_host_are_held_in_their_order() {
    let cases = "
[[case]]
name = 'as they are'
host = ['memory.set visits 1', 'memory.get visits', 'memory.get \"\"']
[[case.step]]
signal = { content = 'set visits 1' }
[[case.step]]
signal = { content = 'get visits' }
[[case.step]]
signal = { content = 'get' }

[[case]]
name = 'anything'
host = ['memory.set …']
[[case.step]]
signal = { content = 'set visits 1' }

[[case]]
name = 'another value'
host = ['memory.set visits 2']
[[case.step]]
signal = { content = 'set visits 1' }

[[case]]
name = 'one more'
host = []
[[case.step]]
signal = { content = 'set visits 1' }
";
    let fail = [
        ("another value", "host | 1: memory.set visits 2 | 1: memory.set visits 1"),
        ("one more", "line 26 host | 1: no more | 1: memory.set visits 1"),
    ];
    check("uses-memory", &[], cases, &fail);
}

#[test]
fn memory_holds_what_a_case_says_before_and_afterwards() {
    let cases = "
[[case]]
name = 'counts on'
memory = { visits = '1', raw = { hex = '00' } }
memory_after = { visits = '2', raw = { hex = '00' } }
[[case.step]]
signal = { content = 'get visits' }
expect = { content = 'Ok(Some(\"1\"))' }
[[case.step]]
signal = { content = 'set visits 2' }

[[case]]
name = 'forgets nothing'
memory = { visits = '1' }
memory_after = {}
[[case.step]]
signal = { content = 'get visits' }

[[case]]
name = 'begins empty'
memory_after = {}
[[case.step]]
signal = { content = 'get visits' }
expect = { content = 'Ok(None)' }
";
    check("uses-memory", &[], cases, &[("forgets nothing", "memory_after | 1: no more | 1: visits = 1")]);
}

#[test]
fn what_is_denied_is_named_by_its_permission() {
    let cases = "
[[case]]
name = 'another key'
grant = ['Hal9Memory:notes/']
denied = ['Hal9Memory:secret']
[[case.step]]
signal = { content = 'get secret' }
expect = { content = 'Err(Denied)' }

[[case]]
name = 'a denial over a grant'
deny = ['Hal9Memory:secret']
denied = ['Hal9Memory']
[[case.step]]
signal = { content = 'get secret' }

[[case]]
name = 'the whole interface'
grant = []
denied = ['Hal9Memory']

[[case]]
name = 'nothing was denied'
denied = ['Hal9Memory']
[[case.step]]
signal = { content = 'get secret' }

[[case]]
name = 'does not load'
grant = []
[[case.step]]
signal = { content = 'get secret' }
";
    let fail = [
        ("nothing was denied", "denied | Hal9Memory | nothing"),
        ("does not load", "load | a plugin that loads | test.uses-memory: imports `hal9:plugin/memory@0.1.0`"),
    ];
    check("uses-memory", &[], cases, &fail);
}

#[test]
fn what_wasi_withholds_is_denied_as_well() {
    let cases = "
[[case]]
name = 'the environment'
grant = []
denied = ['SystemEnv:HOME']
[[case.step]]
signal = { content = 'env HOME' }
expect = { content = 'None' }
";
    check("wasi", &["SystemEnv:HOME"], cases, &[]);
}

#[test]
fn time_stands_still_and_randomness_is_seeded() {
    let cases = "
[[case]]
name = 'the clock of a case and of a step'
clock = 2026-01-31T12:00:00Z
host = ['clock.current-timestamp', 'clock.current-timestamp']
[[case.step]]
signal = {}
expect = { timestamp = 1769860800000 }
[[case.step]]
clock = 1000
signal = {}
expect = { timestamp = 1000 }

[[case]]
name = 'another time'
[[case.step]]
signal = {}
expect = { timestamp = 1 }
";
    check("uses-clock", &[], cases, &[("another time", "expect /timestamp | 1 | 1767225600000")]);

    let cases = "
[[case]]
name = 'WASI has the same time'
clock = 1000
[[case.step]]
signal = { content = 'time' }
expect = { content = 'Ok(1)' }

[[case]]
name = 'the first'
seed = 7
[[case.step]]
signal = { content = 'random' }
golden = 'random.txt'

[[case]]
name = 'the same again'
seed = 7
[[case.step]]
signal = { content = 'random' }
golden = 'random.txt'

[[case]]
name = 'another seed'
seed = 8
[[case.step]]
signal = { content = 'random' }
golden = 'random.txt'
";
    let folder = super::Folder::of("wasi", &["SystemTime", "SystemRandom"], cases);
    folder.test(&[], &["--update", "--case", "the first"]).ok();
    folder.test(&[], &["--case", "WASI"]).ok();
    folder.test(&[], &["--case", "the same again"]).ok();
    folder.test(&[], &["--case", "another seed"]).error_text(8);
}

#[test]
fn logs_metrics_and_what_was_emitted_are_held() {
    let cases = "
[[case]]
name = 'all lines'
logs = ['debug: tea', 'info: tea', 'warn: tea', 'error: tea', 'stdout: tea', 'stderr: tea']
[[case.step]]
signal = { content = 'tea' }

[[case]]
name = 'one line'
logs = ['debug: tea']
[[case.step]]
signal = { content = 'tea' }
";
    check("uses-logging", &[], cases, &[("one line", "logs | 2: no more | 1: debug: tea\n2: info: tea")]);

    let cases = "
[[case]]
name = 'counted'
metrics = { cups = 3, heat = 0.5 }
host = ['metrics.increment cups 1', 'metrics.increment cups 2', 'metrics.gauge heat 0.5']
[[case.step]]
signal = { content = \"increment cups 1\\nincrement cups 2\\ngauge heat 0.5\" }

[[case]]
name = 'not counted'
metrics = { cups = 1 }
[[case.step]]
signal = { content = 'increment mugs 1' }
";
    check("uses-metrics", &[], cases, &[("not counted", "metrics: cups | 1 | no metric of that name")]);

    let cases = "
[[case]]
name = 'emitted'
emitted = [{ layer = 'L3', content = 'tea' }, { layer = 'L3' }]
host = ['signals.emit L3 tea', 'signals.emit L3 tea']
[[case.step]]
signal = { content = '{\"layer\": \"L3\", \"content\": \"tea\", \"count\": 2}' }

[[case]]
name = 'not emitted'
emitted = []
[[case.step]]
signal = { content = '{\"layer\": \"L3\", \"content\": \"tea\"}' }

[[case]]
name = 'not as far as a grant goes'
grant = ['Hal9Signal:L4']
emitted = []
denied = ['Hal9Signal:L3']
[[case.step]]
signal = { content = '{\"layer\": \"L3\", \"content\": \"tea\"}' }
";
    check("uses-signals", &["Hal9Signal"], cases, &[("not emitted", "emitted | 0 items: [] | 1 items:")]);

    let cases = "
[[case]]
name = 'reported'
host = ['learning.report-experience go 0.5', 'learning.report-feedback -1 no']
[[case.step]]
signal = { content = 'experience go 0.5 2' }
[[case.step]]
signal = { content = 'feedback no -1' }
";
    check("uses-learning", &[], cases, &[]);
}

#[test]
fn other_plugins_answer_as_a_case_says() {
    let cases = "
[[case]]
name = 'a tool, by its parameters'
plugins = [
  { id = 'other.tools', tool = 'slugify', params = { text = 'a' }, result = { slug = 'first' } },
  { id = 'other.tools', tool = 'slugify', result = 'null' },
  { id = 'other.tools', tool = 'broken', error = { code = 'broken' } },
  { id = 'other.neuron', reply = { content = 'tea', type = 'drink' } },
]
host = [
  'plugins.call other.tools slugify {\"text\":\"a\"}',
  'plugins.call other.tools slugify {}',
  'plugins.call other.tools broken {}',
  'plugins.ask other.neuron \"what else\"',
]
[[case.step]]
signal = { content = 'call other.tools slugify {\"text\": \"a\"}' }
expect = { content = '{\"slug\":\"first\"}' }
[[case.step]]
signal = { content = 'call other.tools slugify {}' }
expect = { content = 'null' }
[[case.step]]
signal = { content = 'call other.tools broken {}' }
[[case.step]]
signal = { content = 'ask other.neuron what else' }
expect = { content = 'tea' }

[[case]]
name = 'nobody is there'
[[case.step]]
signal = { content = 'ask other.neuron what' }
expect = { content = 'tea' }
";
    let permissions = ["PluginCall:other.tools", "PluginCall:other.neuron"];
    check("uses-plugins", &permissions, cases, &[("nobody is there", "expect /content | \"tea\"")]);
}

#[test]
fn configuration_limits_and_reloads_are_those_of_the_host() {
    let cases = "
[[case]]
name = 'state goes on'
config = { version = 1 }
[[case.step]]
signal = {}
expect = { content = '1 1 1' }
[[case.step]]
reload = true
expect = { state = 8 }
[[case.step]]
signal = {}
expect = { content = '1 1 2' }
[[case.step]]
reconfigure = { version = 2 }
[[case.step]]
health = true
expect = { status = 'healthy' }

[[case]]
name = 'state is lost'
config = { version = 1 }
[[case.step]]
signal = {}
[[case.step]]
reload = true
[[case.step]]
signal = {}
expect = { content = '1 1 1' }
";
    check("counter", &[], cases, &[("state is lost", "line 29 step 3: expect /content")]);

    let cases = "
[[case]]
name = 'memory'
limits = { memory = '8MiB' }
[[case.step]]
signal = { content = 'grow' }
expect_limit = 'memory'

[[case]]
name = 'another limit'
limits = { memory = '8MiB' }
[[case.step]]
signal = { content = 'grow' }
expect_limit = 'stack'

[[case]]
name = 'time'
limits = { call_time = '100ms' }
[[case.step]]
signal = { content = 'spin' }
expect_limit = 'deadline'

[[case]]
name = 'a trap'
[[case.step]]
signal = { content = 'panic' }
expect_trap = 'the probe was asked to'

[[case]]
name = 'an exit'
[[case.step]]
signal = { content = 'exit' }
expect_trap = 'exited with status'

[[case]]
name = 'a failure'
[[case.step]]
signal = { content = 'fail' }
expect_error = { code = 'unsupported', message = 'today' }

[[case]]
name = 'a failure of another code'
[[case.step]]
signal = { content = 'fail' }
expect_error = { code = 'internal' }

[[case]]
name = 'no failure'
[[case.step]]
signal = { content = 'fine' }
expect_error = {}
";
    let fail = [
        ("another limit", "that the limit `stack` is reached | the limit `memory` of 8MiB was reached"),
        ("a failure of another code", "the failure internal | the failure unsupported"),
        ("no failure", "a failure | {"),
    ];
    check("faults", &[], cases, &fail);
}
