//! The laws of `tool`. It refuses to know what a tool does, as long as it says what it takes and takes that.

use std::collections::BTreeSet;

use hal9_host::{Call, FailureCode, Plugin, ToolDescription};
use serde_json::{Value, json};

use super::inputs::{CONTROLS, SCRIPTS};
use super::lab::{Lab, answer, equal, failure, value};
use super::schema::sample;
use super::{Breach, Law, Verdict, law};
use crate::report::Finding;

/// Parameters that are no JSON object, or no JSON.
const NO_OBJECTS: [&str; 8] = ["", "{", "nonsense", "null", "[]", "\"text\"", "42", "{\"a\": 1} {}"];

pub(super) const LAWS: &[Law] = &[
    law!("tool.wit", "1 to 64 characters out of `a-z`, `0-9`, `_`, `-`.", "names are names, and unique", names),
    law!("tool.wit", "All tools, in an order that does not change.", "descriptions do not change", stable),
    law!(
        "tool.wit",
        "A JSON Schema of the parameters, which are always a JSON object.",
        "schemas are JSON Schemas of objects",
        schemas
    ),
    law!(
        "tool.wit",
        "An unknown tool is a violation of the whole.",
        "an unknown tool is a violation of the whole",
        unknown_validated
    ),
    law!("tool.wit", "`not-found` for a tool that is not there.", "an unknown tool is not found", unknown_executed),
    law!("tool.wit", "text that is not JSON among them", "parameters that are no object are refused", no_object),
    law!(
        "tool.wit",
        "Says whether `execute` would take these parameters, without doing anything.",
        "validate says what execute does",
        agree
    ),
    law!("tool.wit", "and gives its result, a JSON value.", "results are JSON", results),
    law!("tool.wit", "Where: a JSON Pointer, empty for the whole.", "violations say where in the parameters", pointers),
];

async fn tools(plugin: &Plugin) -> Result<Vec<ToolDescription>, Breach> {
    let tools = value("describe", plugin.describe_tools(&mut Call::new()).await)?;
    if tools.is_empty() {
        return Err(Breach::Silent("it has no tools".to_owned()));
    }
    Ok(tools)
}

async fn names(lab: &Lab<'_>) -> Verdict {
    // The host looks at each name.
    let tools = tools(&lab.fresh()?).await?;
    let names: BTreeSet<_> = tools.iter().map(|tool| &tool.name).collect();
    equal("how many different names there are", &tools.len(), &names.len())
}

async fn stable(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let first = tools(&plugin).await?;
    // Whatever is done meanwhile.
    for tool in &first {
        for params in ["{}", "null"] {
            answer(&tool.name, plugin.execute_tool(&mut Call::new(), &tool.name, params).await)?.ok();
        }
    }
    same("describe again", &first, &tools(&plugin).await?)?;
    same("describe of another instance", &first, &tools(&lab.another()?).await?)
}

fn same(what: &str, first: &[ToolDescription], second: &[ToolDescription]) -> Verdict {
    let names = |tools: &[ToolDescription]| tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>();
    equal(format!("{what}: the names"), &names(first), &names(second))?;
    for (one, other) in first.iter().zip(second) {
        equal(format!("{what}: the description of `{}`", one.name), &one.description, &other.description)?;
        equal(format!("{what}: the parameters of `{}`", one.name), &one.parameters, &other.parameters)?;
    }
    Ok(())
}

/// What a tool says that it takes.
fn schema(tool: &ToolDescription) -> Result<Value, Breach> {
    let name = &tool.name;
    let what = format!("the parameters of `{name}`");
    let schema: Value = serde_json::from_str(&tool.parameters)
        .map_err(|error| Finding::new(&what, "JSON", format!("{}: {error}", tool.parameters)))?;
    if let Err(error) = jsonschema::meta::validate(&schema) {
        return Err(Finding::new(&what, "a JSON Schema", format!("{error}, at {}", error.instance_path())).into());
    }
    let validator = jsonschema::validator_for(&schema)
        .map_err(|error| Finding::new(&what, "a JSON Schema that can be used", error.to_string()))?;
    // Whatever its members, it is an object that is taken, and nothing else.
    for other in [json!("text"), json!(1), json!([]), Value::Null] {
        if validator.is_valid(&other) {
            let expected = "a schema that objects alone fit: \"type\": \"object\"";
            return Err(Finding::new(&what, expected, format!("{other} fits it")).into());
        }
    }
    Ok(schema)
}

async fn schemas(lab: &Lab<'_>) -> Verdict {
    tools(&lab.fresh()?).await?.iter().try_for_each(|tool| schema(tool).map(drop))
}

/// A name that no tool has.
fn unknown(tools: &[ToolDescription]) -> String {
    let mut name = "no-such-tool".to_owned();
    while tools.iter().any(|tool| tool.name == name) {
        name.push('x');
    }
    name
}

async fn unknown_validated(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let name = unknown(&tools(&plugin).await?);
    for name in [name.as_str(), "", "Größe\0"] {
        let what = format!("validate of the tool {name:?}");
        let violations = value(&what, plugin.validate_tool(&mut Call::new(), name, "{}").await)?;
        let paths: Vec<_> = violations.iter().map(|violation| violation.path.as_str()).collect();
        if !paths.contains(&"") {
            return Err(
                Finding::new(what, "a violation whose path is empty", format!("violations at {paths:?}")).into()
            );
        }
    }
    Ok(())
}

async fn unknown_executed(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let name = unknown(&tools(&plugin).await?);
    for name in [name.as_str(), "", "Größe\0"] {
        let result = plugin.execute_tool(&mut Call::new(), name, "{}").await;
        failure(format!("execute of the tool {name:?}"), &[FailureCode::NotFound], result)?;
    }
    Ok(())
}

async fn no_object(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    for tool in tools(&plugin).await? {
        for params in NO_OBJECTS {
            let what = format!("{} of `{}` with {params:?}", "validate", tool.name);
            let violations = value(&what, plugin.validate_tool(&mut Call::new(), &tool.name, params).await)?;
            if violations.is_empty() {
                return Err(Finding::new(what, "a violation", "none").into());
            }
            let result = plugin.execute_tool(&mut Call::new(), &tool.name, params).await;
            failure(format!("execute of `{}` with {params:?}", tool.name), &[FailureCode::InvalidInput], result)?;
        }
    }
    Ok(())
}

/// Objects for a tool: one that fits its schema, empty, with members of every wrong type, of odd text and of a name that it does not
/// know.
fn objects(schema: &Value) -> Vec<Value> {
    let fitting = sample(schema);
    let mut all = vec![fitting.clone(), json!({}), json!({"\0": "no such member", "🔑": [[[[]]]]})];
    let names: Vec<_> = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    for name in &names {
        for wrong in [Value::Null, json!([{}]), json!({"a": 1}), json!(-1e300), json!(true), json!("")] {
            let mut with = fitting.clone();
            with[name.as_str()] = wrong;
            all.push(with);
        }
        for (_, text) in SCRIPTS.iter().chain(CONTROLS) {
            let mut with = fitting.clone();
            with[name.as_str()] = json!(text);
            all.push(with);
        }
        let mut without = fitting.clone();
        if let Some(members) = without.as_object_mut() {
            members.remove(name);
        }
        all.push(without);
    }
    all
}

async fn agree(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    for tool in tools(&plugin).await? {
        let name = &tool.name;
        for params in objects(&schema(&tool)?) {
            let params = params.to_string();
            let what = |function: &str| crate::text::cut(&format!("{function} of `{name}` with {params}"));
            let violations = value(what("validate"), plugin.validate_tool(&mut Call::new(), name, &params).await)?;
            let result = answer(what("execute"), plugin.execute_tool(&mut Call::new(), name, &params).await)?;
            let is_refused = matches!(&result, Err(failed) if failed.code == FailureCode::InvalidInput);
            match (violations.first(), result) {
                (Some(violation), result) if !is_refused => {
                    let expected = format!("the failure invalid-input, as validate says: {}", violation.message);
                    let got = result.map_or_else(|failed| failed.to_string(), |_| "a result".to_owned());
                    return Err(Finding::new(what("execute"), expected, got).into());
                }
                (None, Err(failed)) if is_refused => {
                    let expected = format!("a violation, as execute says: {}", failed.message);
                    return Err(Finding::new(what("validate"), expected, "none").into());
                }
                _ => {}
            }
        }
    }
    Ok(())
}

async fn results(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let mut given = 0;
    for tool in tools(&plugin).await? {
        let params = sample(&schema(&tool)?).to_string();
        let what = crate::text::cut(&format!("execute of `{}` with {params}", tool.name));
        // The host looks at each result.
        given += usize::from(answer(what, plugin.execute_tool(&mut Call::new(), &tool.name, &params).await)?.is_ok());
    }
    match given {
        0 => Err(Breach::Silent("no tool has a result for parameters that fit its schema".to_owned())),
        _ => Ok(()),
    }
}

async fn pointers(lab: &Lab<'_>) -> Verdict {
    let plugin = lab.fresh()?;
    let mut seen = false;
    for tool in tools(&plugin).await? {
        for params in objects(&schema(&tool)?) {
            let text = params.to_string();
            let what = crate::text::cut(&format!("validate of `{}` with {text}", tool.name));
            for violation in value(&what, plugin.validate_tool(&mut Call::new(), &tool.name, &text).await)? {
                seen = true;
                let path = &violation.path;
                if !path.is_empty() && !path.starts_with('/') {
                    return Err(Finding::new(what, "a JSON Pointer: empty, or `/` and a name", path.clone()).into());
                }
            }
        }
    }
    if seen { Ok(()) } else { Err(Breach::Silent("no tool finds anything wrong with what it was given".to_owned())) }
}
