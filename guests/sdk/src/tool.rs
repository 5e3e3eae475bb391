//! Tools: the trait that authors implement, one type a tool, and the way of several to the one `tool` export.
//! Knows nothing of JSON Schema but that it is JSON.

use crate::bindings::imports::hal9::plugin::types;
use crate::bindings::tool::exports::hal9::plugin::tool as wit;
use crate::instance::{self, Hosted};
use crate::{ErrorCode, PluginError, Value, err};
use serde_json::json;
use std::collections::HashMap;
use std::marker::PhantomData;

/// What an agent needs to know to call a tool (`tool-description` of `tool.wit`).
#[derive(Clone, Debug, PartialEq)]
pub struct ToolDescription {
    /// The name, unique within the plugin: 1 to 64 characters out of `a-z`, `0-9`, `_`, `-`.
    pub name: String,
    /// What it does, in words for an agent.
    pub description: String,
    /// A JSON Schema of the parameters, which are always a JSON object.
    pub parameters: Value,
}

/// One tool. Export it, perhaps among others, with [`tool_plugin!`](crate::tool_plugin).
#[diagnostic::on_unimplemented(message = "`{Self}` is no tool", label = "implement `ToolPlugin` for this type")]
pub trait ToolPlugin: Default + 'static {
    /// What it is called, what it does, and what it takes. The name does not change. Without an implementation: the type's
    /// name in `snake_case`, no words, and any object.
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: tool_name(std::any::type_name::<Self>()),
            description: String::new(),
            parameters: json!({ "type": "object" }),
        }
    }

    /// Says whether `execute` would take these parameters, without doing anything. Runs before every `execute`.
    ///
    /// # Errors
    /// What is wrong with the parameters, and what would be right.
    fn validate_params(&self, params: &HashMap<String, Value>) -> Result<(), PluginError> {
        let _ = params;
        Ok(())
    }

    /// Runs the tool and gives its result.
    ///
    /// # Errors
    /// As the tool says.
    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError>;
}

/// Makes types that implement [`ToolPlugin`] the plugin's tools: `tool_plugin!(WordCount, Slugify)`. Once in a plugin.
///
/// ```
/// use hal9_plugin_sdk::*;
///
/// /// Counts the words of a text.
/// #[derive(Default)]
/// struct WordCount;
///
/// impl ToolPlugin for WordCount {
///     fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
///         match params.get("text").and_then(Value::as_str) {
///             Some(text) => Ok(json!({ "words": text.split_whitespace().count() })),
///             None => err(ErrorCode::InvalidInput, "`text` is missing; give the text whose words to count"),
///         }
///     }
/// }
///
/// tool_plugin!(WordCount);
/// # fn main() -> Result<(), PluginError> {
/// assert_eq!(WordCount.describe().name, "word_count");
/// let params = HashMap::from([("text".to_string(), json!("one two"))]);
/// assert_eq!(WordCount.execute(params)?, json!({ "words": 2 }));
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # use hal9_plugin_sdk::*;
/// #[derive(Default)]
/// struct NoTool;
/// tool_plugin!(NoTool);
/// ```
#[macro_export]
macro_rules! tool_plugin {
    ($($plugin:ty),+ $(,)?) => {
        const _: () = {
            struct Tools;
            impl $crate::export::ToolSet for Tools {
                const TOOLS: &'static [$crate::export::ToolEntry] = &[$({
                    $crate::__hosted!(HostedPlugin, $plugin);
                    $crate::export::ToolEntry::of::<HostedPlugin>()
                }),+];
            }
            type Export = $crate::export::Tool<Tools>;
            $crate::__export!(Export, tool, export_tool);
        };
    };
}

/// The last part of a type's path, in `snake_case`.
fn tool_name(type_name: &str) -> String {
    let path = type_name.split('<').next().unwrap_or_default();
    let name = path.rsplit("::").next().unwrap_or_default();
    let mut snake = String::with_capacity(name.len() + 4);
    let mut previous_is_lower = false;
    for (at, letter) in name.char_indices() {
        // `HTTPGet` is `http_get`: a new word begins where lower case follows, too.
        let next_is_lower = name[at + letter.len_utf8()..].chars().next().is_some_and(char::is_lowercase);
        if letter.is_uppercase() && at > 0 && (previous_is_lower || next_is_lower) && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
        previous_is_lower = letter.is_lowercase() || letter.is_numeric();
    }
    snake
}

/// The calls of one tool, whatever its type.
pub struct ToolEntry {
    describe: fn() -> Result<ToolDescription, PluginError>,
    validate: fn(&HashMap<String, Value>) -> Result<(), PluginError>,
    execute: fn(HashMap<String, Value>) -> Result<Value, PluginError>,
}

impl ToolEntry {
    /// The calls of a type.
    #[must_use]
    pub const fn of<H: Hosted<Plugin: ToolPlugin>>() -> Self {
        Self {
            describe: || instance::with_as_is::<H, _>(ToolPlugin::describe),
            validate: |params| instance::with::<H, _>(|tool| tool.validate_params(params)),
            execute: |params| {
                instance::with_mut::<H, _>(|tool| {
                    tool.validate_params(&params)?;
                    tool.execute(params)
                })
            },
        }
    }
}

/// The tools of a plugin. The export macro implements it.
pub trait ToolSet: 'static {
    /// In the order in which they were named.
    const TOOLS: &'static [ToolEntry];
}

/// The `tool` export of some tools.
pub struct Tool<S>(PhantomData<S>);

impl<S: ToolSet> wit::Guest for Tool<S> {
    fn describe() -> Vec<wit::ToolDescription> {
        let described = S::TOOLS.iter().filter_map(|tool| (tool.describe)().ok());
        described
            .map(|tool| wit::ToolDescription {
                name: tool.name,
                description: tool.description,
                parameters: tool.parameters.to_string(),
            })
            .collect()
    }

    fn validate(name: String, params: String) -> Result<(), Vec<wit::Violation>> {
        let valid = tool::<S>(&name).and_then(|tool| (tool.validate)(&object(&params)?));
        valid.map_err(|error| vec![wit::Violation { path: String::new(), message: error.message }])
    }

    fn execute(name: String, params: String) -> Result<String, types::Failure> {
        let result = tool::<S>(&name).and_then(|tool| (tool.execute)(object(&params)?));
        result.map(|value| value.to_string()).map_err(Into::into)
    }
}

/// The tool of a name. Tools are described once to learn their names: a schema takes far longer to write than most calls take.
fn tool<S: ToolSet>(name: &str) -> Result<&'static ToolEntry, PluginError> {
    let known = instance::kept::<Names<S>, _>(|known| known.names.iter().position(|known| known == name));
    if let Some(tool) = known.flatten().and_then(|at| S::TOOLS.get(at)) {
        return Ok(tool);
    }
    let described = S::TOOLS.iter().map(|tool| Ok((tool.describe)()?.name));
    let names = described.collect::<Result<Vec<_>, PluginError>>()?;
    let tool = names.iter().position(|known| known == name).and_then(|at| S::TOOLS.get(at));
    let found = match tool {
        Some(tool) => Ok(tool),
        None => err(ErrorCode::NotFound, format!("there is no tool `{name}`; there is {}", names.join(", "))),
    };
    instance::kept::<Names<S>, _>(|known| known.names = names);
    found
}

/// The names of the tools of a plugin; none before they were asked for.
struct Names<S> {
    names: Vec<String>,
    of: PhantomData<S>,
}

impl<S> Default for Names<S> {
    fn default() -> Self {
        Self { names: Vec::new(), of: PhantomData }
    }
}

/// Parameters from their text.
fn object(params: &str) -> Result<HashMap<String, Value>, PluginError> {
    serde_json::from_str(params).map_err(|error| {
        PluginError::new(ErrorCode::InvalidInput, format!("the parameters are not a JSON object: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static DESCRIBED: Cell<u32> = const { Cell::new(0) };
    }

    #[derive(Default)]
    struct Counted;

    impl ToolPlugin for Counted {
        fn describe(&self) -> ToolDescription {
            DESCRIBED.set(DESCRIBED.get() + 1);
            ToolDescription { name: "counted".to_string(), description: String::new(), parameters: Value::Null }
        }
        fn execute(&mut self, _: HashMap<String, Value>) -> Result<Value, PluginError> {
            Ok(json!(1))
        }
    }

    struct Host;

    impl Hosted for Host {
        type Plugin = Counted;
        const CONFIGURE: instance::Configure<Counted> = None;
    }

    struct Tools;

    impl ToolSet for Tools {
        const TOOLS: &'static [ToolEntry] = &[ToolEntry::of::<Host>()];
    }

    #[test]
    fn a_tool_that_is_called_is_described_once() {
        use wit::Guest as _;

        let execute = |name: &str| Tool::<Tools>::execute(name.to_string(), "{}".to_string());
        for _ in 0..3 {
            assert!(execute("counted").is_ok_and(|result| result == "1"));
        }
        assert!(Tool::<Tools>::validate("counted".to_string(), "{}".to_string()).is_ok());
        assert_eq!(DESCRIBED.get(), 1);
        assert!(execute("other").is_err_and(|failure| failure.message.contains("there is counted")));
        assert_eq!(DESCRIBED.get(), 2, "what is not known is looked for");
    }

    #[test]
    fn a_tool_is_named_after_its_type() {
        for (path, name) in [
            ("my_plugin::WordCount", "word_count"),
            ("Slugify", "slugify"),
            ("a::b::HTTPGet", "http_get"),
            ("a::Sha256Sum", "sha256_sum"),
            ("a::Wrap<b::C>", "wrap"),
            ("a::Snake_Case", "snake_case"),
        ] {
            assert_eq!(tool_name(path), name);
        }
    }
}
