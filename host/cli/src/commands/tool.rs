//! `hal9 tool list|describe|call`: what tools there are, and calling them.

use hal9_host::{Call, ToolDescription};
use serde_json::{Value, json};

use super::standard_input_text;
use crate::args::ToolCommand;
use crate::failure::{Code, Failure};
use crate::output::{bold, dim, lines, plain, size, table, time};
use crate::session::Session;

/// What a tool is among a manifest's capabilities.
const TOOL: &str = "ToolProvider";

pub(super) async fn run(session: &mut Session, command: ToolCommand) -> Result<(), Failure> {
    match command {
        ToolCommand::List => list(session),
        ToolCommand::Describe { name } => describe(session, &name).await,
        ToolCommand::Call { name, params } => call(session, &name, &params).await,
    }
}

/// The tools that manifests declare: those can be called, and no plugin needs to be started to know them.
fn list(session: &Session) -> Result<(), Failure> {
    let mut tools = Vec::new();
    for plugin in session.plugins()?.into_iter().filter(|plugin| plugin.active) {
        let declared = plugin.manifest.capabilities.iter().filter(|capability| capability.kind() == TOOL);
        tools.extend(declared.map(|tool| (plugin.id().clone(), tool.name().to_owned(), tool.description().to_owned())));
    }
    let value: Vec<_> = tools
        .iter()
        .map(|(plugin, name, description)| json!({"name": name, "plugin": plugin, "description": description}))
        .collect();
    session.output.result(&json!({ "tools": value }), || {
        if tools.is_empty() {
            return "No active plugin has tools. Load one: hal9 plugin load --dev DIR".to_owned();
        }
        let rows =
            tools.iter().map(|(plugin, name, description)| [name.clone(), plain(description), plugin.to_string()]);
        table(["TOOL", "WHAT IT DOES", "PLUGIN"], rows)
    })
}

/// The tools of a plugin that its manifest declares: others cannot be called by name.
async fn tools_of(session: &mut Session, plugin: &hal9_registry::Plugin) -> Result<Vec<ToolDescription>, Failure> {
    let mut tools = session.activate(plugin).await?.describe_tools(&mut Call::measured()).await?;
    tools.retain(|tool| plugin.manifest.capabilities.iter().any(|capability| capability.name() == tool.name));
    Ok(tools)
}

/// The active plugin that declares a tool.
fn provider(session: &Session, name: &str) -> Result<hal9_registry::Plugin, Failure> {
    let active: Vec<_> = session.plugins()?.into_iter().filter(|plugin| plugin.active).collect();
    let offers = |plugin: &&hal9_registry::Plugin| {
        plugin.manifest.capabilities.iter().any(|capability| capability.kind() == TOOL && capability.name() == name)
    };
    match active.iter().filter(offers).collect::<Vec<_>>().as_slice() {
        [] => {}
        [plugin] => return Ok((*plugin).clone()),
        several => {
            let ids = several.iter().map(|plugin| plugin.id().as_str()).collect::<Vec<_>>();
            let message = format!("the tool `{}` is offered by {}", plain(name), ids.join(" and "));
            return Err(Failure::new(Code::Conflict, message)
                .help(format!("deactivate all but one: hal9 plugin deactivate {}", ids[0])));
        }
    }
    let names: Vec<_> = active
        .into_iter()
        .flat_map(|plugin| plugin.manifest.capabilities)
        .filter(|capability| capability.kind() == TOOL)
        .map(|capability| capability.name().to_owned())
        .collect();
    let help = if names.is_empty() {
        "load a plugin with tools: hal9 plugin load --dev DIR".to_owned()
    } else {
        format!("there are: {}", names.join(", "))
    };
    Err(Failure::not_found(format!("no active plugin has a tool `{}`", plain(name)), help))
}

async fn describe(session: &mut Session, name: &str) -> Result<(), Failure> {
    let plugin = provider(session, name)?;
    let tools = tools_of(session, &plugin).await?;
    let Some(tool) = tools.into_iter().find(|tool| tool.name == name) else {
        let message = format!("{} declares the tool `{name}` and does not describe it", plugin.id());
        return Err(Failure::new(Code::PluginError, message).plugin(plugin.id()).help("tell the plugin's author"));
    };
    let parameters: Value = serde_json::from_str(&tool.parameters).unwrap_or(Value::Null);
    let value = json!({
        "name": tool.name,
        "plugin": plugin.id(),
        "description": tool.description,
        "parameters": parameters,
    });
    session.output.result(&value, || {
        let schema = serde_json::to_string_pretty(&parameters).unwrap_or_default();
        format!("{}  {}\n{}\n\n{}", bold(&tool.name), dim(plugin.id()), plain(&tool.description), lines(&schema))
    })
}

async fn call(session: &mut Session, name: &str, params: &str) -> Result<(), Failure> {
    let text = if params == "-" { standard_input_text()? } else { params.to_owned() };
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        Failure::usage(format!("--params is not JSON: {error}"), "give a JSON object, such as '{\"text\": \"hello\"}'")
    })?;
    if !value.is_object() {
        return Err(Failure::usage("--params is no JSON object", "give an object, such as '{\"text\": \"hello\"}'"));
    }
    let plugin = provider(session, name)?;
    let loaded = session.activate(&plugin).await?;
    let call = &mut Call::measured();
    let result = loaded.execute_tool(call, name, &text).await.map_err(|error| {
        let failure = Failure::from(error);
        match failure.reason.as_deref() {
            Some("invalid-input") => failure.help(format!("what it takes: hal9 tool describe {name}")),
            _ => failure,
        }
    })?;
    let result: Value =
        serde_json::from_str(&result).map_err(|error| Failure::internal("the result could not be read", &error))?;
    let elapsed = call.elapsed().unwrap_or_default();
    let value = json!({
        "tool": name,
        "plugin": plugin.id(),
        "result": result,
        "time_us": u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "peak_memory": call.peak_memory(),
    });
    session.output.note(format!("{} · {} · {}", plugin.id(), time(elapsed), size(call.peak_memory())));
    session.output.result(&value, || match &result {
        Value::String(text) => lines(text),
        // JSON leaves some characters as they are that a terminal obeys.
        result => lines(&serde_json::to_string_pretty(result).unwrap_or_default()),
    })
}
