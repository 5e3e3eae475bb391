//! The manifest: which parts it has, which are needed, and what each is made of.
//! Knows the JSON form, and nothing of how it gets into a component.

use crate::check::{self, Fault};
use crate::node::{self, Data, Entry, Node};
use crate::permission;
use proc_macro2::{Span, TokenStream};
use serde_json::{Map, Value, json};
use syn::parse::Parser;
use syn::{Error, Result};

/// The most that the host reads.
const MAX_BYTES: usize = 256 * 1024;

/// What the macro needs to know of the crate that it is used in.
pub(crate) struct Package {
    /// The crate's name.
    pub(crate) name: String,
    /// The value of an environment variable, such as `CARGO_PKG_VERSION`.
    pub(crate) variable: fn(&str) -> Option<String>,
}

/// Reads and checks a manifest; all that is wrong with it comes as one error.
pub(crate) fn read(tokens: TokenStream, package: &Package) -> Result<Value> {
    let entries = node::entries.parse2(tokens)?;
    let mut reader = Reader { package, errors: None };
    let manifest = reader.manifest(&entries);
    if let Some(errors) = reader.errors {
        return Err(errors);
    }
    if manifest.to_string().len() > MAX_BYTES {
        return Err(Error::new(
            Span::call_site(),
            format!("the manifest is over {MAX_BYTES} bytes as JSON, which no host reads"),
        ));
    }
    Ok(manifest)
}

/// A part that an object may have: its name, whether it must, and how it is read.
struct Part {
    name: &'static str,
    needed: bool,
    read: fn(&mut Reader<'_>, &Node) -> Option<Value>,
}

const fn needed(name: &'static str, read: fn(&mut Reader<'_>, &Node) -> Option<Value>) -> Part {
    Part { name, needed: true, read }
}

const fn optional(name: &'static str, read: fn(&mut Reader<'_>, &Node) -> Option<Value>) -> Part {
    Part { name, needed: false, read }
}

const MANIFEST: &[Part] = &[
    needed("metadata", |reader, node| reader.object(node, "metadata", METADATA)),
    optional("capabilities", |reader, node| reader.distinct(node, "capability", Reader::capability)),
    optional("permissions", |reader, node| {
        reader.distinct(node, "permission", |reader, node| {
            let permission = permission::read(node);
            reader.taken(permission.map(Value::String))
        })
    }),
    optional("limits", |reader, node| reader.object(node, "limits", LIMITS)),
    optional("runtime", |reader, node| reader.object(node, "runtime", RUNTIME)),
    optional("min_hal9_version", |reader, node| reader.text(node, check::version)),
    optional("dependencies", |reader, node| {
        reader.distinct(node, "dependency", |reader, node| reader.object(node, "a dependency", DEPENDENCY))
    }),
    optional("configuration", |reader, node| reader.schema(node)),
];

const METADATA: &[Part] = &[
    optional("id", |reader, node| reader.text(node, check::id)),
    needed("name", |reader, node| reader.text(node, |text| check::name(text, 128))),
    needed("version", |reader, node| reader.text(node, check::version)),
    needed("author", |reader, node| reader.text(node, |text| check::line(text, 256))),
    optional("description", |reader, node| reader.text(node, |text| check::line(text, 4096))),
    needed("license", |reader, node| reader.text(node, |text| check::line(text, 256))),
    optional("repository", |reader, node| reader.text(node, check::web_address)),
    optional("tags", |reader, node| {
        let tags = reader.distinct(node, "tag", |reader, node| reader.text(node, check::tag))?;
        match tags.as_array().map_or(0, Vec::len) {
            0..=8 => Some(tags),
            more => reader.refuse(node.span, format!("it has {more} tags: write at most 8")),
        }
    }),
];

const LIMITS: &[Part] = &[
    optional("memory", |reader, node| reader.size(node, true)),
    optional("call_time", |reader, node| reader.time(node)),
    optional("cpu_share", |reader, node| reader.text(node, check::share)),
    optional("host_memory", |reader, node| reader.size(node, true)),
    optional("handles", |reader, node| reader.count(node, true)),
    optional("resources", |reader, node| reader.count(node, true)),
    optional("host_calls", |reader, node| reader.count(node, true)),
    optional("connections", |reader, node| reader.count(node, false)),
    optional("http_body", |reader, node| reader.size(node, false)),
    optional("open_files", |reader, node| reader.count(node, false)),
    optional("file_bytes", |reader, node| reader.size(node, false)),
    optional("random_bytes", |reader, node| reader.size(node, false)),
    optional("output", |reader, node| reader.size(node, false)),
    optional("signal_bytes", |reader, node| reader.size(node, true)),
    optional("memory_value", |reader, node| reader.size(node, false)),
    optional("memory_keys", |reader, node| reader.count(node, false)),
    optional("metric_names", |reader, node| reader.count(node, false)),
];

const RUNTIME: &[Part] = &[
    optional("lazy", |reader, node| reader.truth(node)),
    optional("persistent", |reader, node| reader.truth(node)),
    optional("parallel", |reader, node| reader.calls(node, 64)),
    optional("recycle_after", |reader, node| reader.calls(node, u64::MAX)),
];

const DEPENDENCY: &[Part] = &[
    needed("plugin_id", |reader, node| reader.text(node, check::id)),
    needed("version", |reader, node| reader.text(node, check::requirement)),
];

const DESCRIPTION: Part = optional("description", |reader, node| reader.text(node, |text| check::line(text, 4096)));

const CAPABILITIES: &[(&str, &[Part])] = &[
    (
        "NeuronType",
        &[
            needed("layer", |reader, node| reader.text(node, |text| check::name(text, 64))),
            needed("neuron_type", |reader, node| reader.text(node, |text| check::name(text, 128))),
            DESCRIPTION,
        ],
    ),
    ("ToolProvider", &[needed("tool_name", |reader, node| reader.text(node, check::tool_name)), DESCRIPTION]),
    (
        "MemoryProvider",
        &[needed("provider_name", |reader, node| reader.text(node, |text| check::name(text, 128))), DESCRIPTION],
    ),
    (
        "LearningAlgorithm",
        &[needed("algorithm_name", |reader, node| reader.text(node, |text| check::name(text, 128))), DESCRIPTION],
    ),
    ("ApiExtension", &[needed("path", |reader, node| reader.text(node, check::api_path)), DESCRIPTION]),
    (
        "Custom",
        &[
            needed("capability_type", |reader, node| reader.text(node, |text| check::name(text, 128))),
            optional("config", |reader, node| {
                let config = node.json();
                reader.taken(config)
            }),
        ],
    ),
];

/// Reads parts and gathers what is wrong with them.
struct Reader<'a> {
    package: &'a Package,
    errors: Option<Error>,
}

impl Reader<'_> {
    fn manifest(&mut self, entries: &[Entry]) -> Value {
        let mut manifest = Map::new();
        manifest.insert("api_version".to_string(), json!(1));
        manifest.extend(self.parts(entries, Span::call_site(), "the manifest", MANIFEST));
        let id = || format!("local.{}", self.package.name.to_lowercase().replace('_', "-"));
        if let Some(Value::Object(metadata)) = manifest.get_mut("metadata")
            && !metadata.contains_key("id")
        {
            metadata.shift_insert(0, "id".to_string(), Value::String(id()));
        }
        for list in ["capabilities", "permissions"] {
            manifest.entry(list).or_insert_with(|| json!([]));
        }
        Value::Object(manifest)
    }

    fn refuse(&mut self, span: Span, message: impl std::fmt::Display) -> Option<Value> {
        self.taken(Err(Error::new(span, message)))
    }

    fn taken<T>(&mut self, result: Result<T>) -> Option<T> {
        result
            .map_err(|error| match &mut self.errors {
                Some(errors) => errors.combine(error),
                None => self.errors = Some(error),
            })
            .ok()
    }

    fn parts(&mut self, entries: &[Entry], span: Span, owner: &str, parts: &[Part]) -> Map<String, Value> {
        let names = || parts.iter().map(|part| part.name);
        for entry in entries.iter().filter(|entry| names().all(|name| name != entry.key)) {
            let meant =
                check::nearest(&entry.key, names()).map(|name| format!("; perhaps `{name}`")).unwrap_or_default();
            let all: Vec<_> = names().collect();
            self.refuse(entry.span, format!("{owner} has no `{}`{meant}; there are {}", entry.key, all.join(", ")));
        }
        let mut read = Map::new();
        for part in parts {
            match entries.iter().find(|entry| entry.key == part.name) {
                Some(entry) => {
                    if let Some(value) = (part.read)(self, &entry.value) {
                        read.insert(part.name.to_string(), value);
                    }
                }
                None if part.needed => {
                    self.refuse(span, format!("{owner} needs `{}: …`", part.name));
                }
                None => {}
            }
        }
        read
    }

    fn object(&mut self, node: &Node, owner: &str, parts: &[Part]) -> Option<Value> {
        match &node.data {
            Data::Map(entries) => Some(Value::Object(self.parts(entries, node.span, owner, parts))),
            _ => self.refuse(node.span, format!("expected `{{ … }}` with what {owner} has")),
        }
    }

    /// A list of things of which none is there twice.
    fn distinct(&mut self, node: &Node, what: &str, read: fn(&mut Self, &Node) -> Option<Value>) -> Option<Value> {
        let Data::List(nodes) = &node.data else {
            return self.refuse(node.span, "expected a list in brackets: `[…]`");
        };
        let mut values: Vec<(Value, Value)> = Vec::new();
        for node in nodes {
            let Some(value) = read(self, node) else { continue };
            let identity = identity(&value);
            if values.iter().any(|(other, _)| *other == identity) {
                self.refuse(node.span, format!("this {what} is there twice; keep one of them"));
                continue;
            }
            values.push((identity, value));
        }
        Some(Value::Array(values.into_iter().map(|(_, value)| value).collect()))
    }

    fn capability(&mut self, node: &Node) -> Option<Value> {
        let names: Vec<_> = CAPABILITIES.iter().map(|(name, _)| *name).collect();
        let Data::Case(name, content) = &node.data else {
            let example = "PluginCapability::NeuronType { layer: \"L2\", neuron_type: \"…\", description: \"…\" }";
            return self.refuse(node.span, format!("expected a capability, such as `{example}`"));
        };
        let Some((name, parts)) = CAPABILITIES.iter().find(|(known, _)| known == name) else {
            let meant = check::nearest(name, names.iter().copied())
                .map(|name| format!("; perhaps `{name}`"))
                .unwrap_or_default();
            return self
                .refuse(node.span, format!("there is no capability `{name}`{meant}; there are {}", names.join(", ")));
        };
        let Some(Node { data: Data::Map(entries), span }) = content.as_deref() else {
            let first = parts.first().map_or("", |part| part.name);
            return self
                .refuse(node.span, format!("this capability needs its parts: `{name} {{ {first}: \"…\", … }}`"));
        };
        let read = self.parts(entries, *span, &format!("`{name}`"), parts);
        Some(json!({ *name: read }))
    }

    fn schema(&mut self, node: &Node) -> Option<Value> {
        match &node.data {
            Data::Map(_) => {
                let schema = node.json();
                self.taken(schema)
            }
            _ => self
                .refuse(node.span, "expected a JSON Schema, such as `{ \"type\": \"object\", \"properties\": { … } }`"),
        }
    }

    fn text(&mut self, node: &Node, fault: fn(&str) -> Fault) -> Option<Value> {
        let text = match &node.data {
            Data::Text(text) => text.clone(),
            Data::Variable(name) => match (self.package.variable)(name) {
                Some(value) => value,
                None => return self.refuse(node.span, format!("the environment variable `{name}` is not set here")),
            },
            _ => return self.refuse(node.span, "expected a text in quotes"),
        };
        match fault(&text) {
            Some(fault) => self.refuse(node.span, fault),
            None => Some(Value::String(text)),
        }
    }

    fn size(&mut self, node: &Node, positive: bool) -> Option<Value> {
        let some = match &node.data {
            Data::Text(text) => check::size(text),
            Data::Number(number) if number.is_u64() => Ok(number.as_u64() != Some(0)),
            _ => Err("expected a size, such as \"64MiB\" or 4096".to_string()),
        };
        self.amount(node, some, positive)
    }

    fn time(&mut self, node: &Node) -> Option<Value> {
        let some = match &node.data {
            Data::Text(text) => check::time(text),
            _ => Err("expected a time with a unit, such as \"5s\" or \"250ms\"".to_string()),
        };
        self.amount(node, some, true)
    }

    fn count(&mut self, node: &Node, positive: bool) -> Option<Value> {
        let count = match &node.data {
            Data::Number(number) => number.as_u64().and_then(|count| u32::try_from(count).ok()),
            _ => None,
        };
        let some = count.map(|count| count > 0).ok_or_else(|| format!("expected a whole number up to {}", u32::MAX));
        self.amount(node, some, positive)
    }

    fn truth(&mut self, node: &Node) -> Option<Value> {
        match &node.data {
            Data::Bool(value) => Some(json!(value)),
            _ => self.refuse(node.span, "expected `true` or `false`"),
        }
    }

    /// A number of calls, of which there is at least one.
    fn calls(&mut self, node: &Node, most: u64) -> Option<Value> {
        let number = match &node.data {
            Data::Number(number) => number.as_u64(),
            _ => None,
        };
        match number {
            Some(number) if (1..=most).contains(&number) => Some(json!(number)),
            _ if most == u64::MAX => self.refuse(node.span, "expected a number of calls, at least 1"),
            _ => self.refuse(node.span, format!("expected a number of calls at once, 1 to {most}")),
        }
    }

    /// An amount, unless it is malformed, or zero where nothing could run with that.
    fn amount(&mut self, node: &Node, some: std::result::Result<bool, String>, positive: bool) -> Option<Value> {
        match some {
            Err(fault) => self.refuse(node.span, fault),
            Ok(false) if positive => {
                self.refuse(node.span, "nothing could run with zero of this: write more, or leave it out")
            }
            Ok(_) => {
                let value = node.json();
                self.taken(value)
            }
        }
    }
}

/// What makes two entries of a list the same: everything but how they are described.
fn identity(value: &Value) -> Value {
    const BESIDES: [&str; 3] = ["description", "config", "version"];
    match value {
        Value::Object(members) => {
            let members = members.iter().filter(|(name, _)| !BESIDES.contains(&name.as_str()));
            Value::Object(members.map(|(name, value)| (name.clone(), identity(value))).collect())
        }
        other => other.clone(),
    }
}
