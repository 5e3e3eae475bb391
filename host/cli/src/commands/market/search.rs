//! `hal9 plugin search`: what registries have.

use hal9_registry_index::api::{Found, Hit, Query};
use serde_json::json;

use super::Desk;
use crate::args::SearchArgs;
use crate::failure::Failure;
use crate::output::{bold, columns, count, dim, plain, table, wrap, yellow};

pub(super) async fn run(desk: &Desk, args: SearchArgs) -> Result<(), Failure> {
    let listed = |texts: Vec<String>| (!texts.is_empty()).then(|| texts.join(","));
    let query = Query {
        q: args.text.join(" "),
        kind: args.kind,
        capability: args.capability,
        tag: args.tag,
        author: args.author,
        license: args.license,
        imports: args.imports,
        exports: args.exports,
        asks: listed(args.asks),
        without: listed(args.without),
        all: args.all,
        order: args.order.into(),
        skip: 0,
        limit: args.limit,
    };
    let registries = desk.registries(&args.at)?;
    if registries.is_empty() {
        return Err(Failure::usage("no registry is used", "add one: hal9 registry add main URL"));
    }
    let mut answers: Vec<(String, Found)> = Vec::new();
    let mut last = None;
    for registry in registries.iter() {
        let spinner = desk.output.spinner(format!("asking {}", registry.name()));
        let found = registry.search(&query).await;
        drop(spinner);
        match found {
            Ok(found) => answers.push((registry.name().to_owned(), found)),
            // The others may answer.
            Err(error) => {
                let failure = Failure::from(error);
                desk.output.note(format!("{}: {}", registry.name(), failure.message));
                last = Some(failure);
            }
        }
    }
    if let (Some(failure), true) = (last, answers.is_empty()) {
        return Err(failure);
    }
    let value: Vec<_> = answers.iter().map(|(name, found)| json!({ "registry": name, "found": found })).collect();
    desk.output.result(&value, || {
        let several = answers.len() > 1;
        let mut text = String::new();
        for (name, found) in &answers {
            if several {
                text.push_str(&format!("{}\n", bold(name)));
            }
            text.push_str(&of_one(found));
        }
        text
    })
}

fn of_one(found: &Found) -> String {
    if found.hits.is_empty() {
        return "Nothing was found. Fewer or shorter words find more.\n".to_owned();
    }
    let rows = found.hits.iter().map(|hit| {
        let what = hit.kinds.iter().map(|kind| word(kind)).collect::<Vec<_>>().join(", ");
        [plain(hit.id.as_str()), hit.version.to_string(), what, stars(hit), hit.downloads.to_string()]
    });
    let mut lines =
        table(["ID", "VERSION", "KIND", "RATING", "DOWNLOADS"], rows).lines().map(str::to_owned).collect::<Vec<_>>();
    let width = columns().unwrap_or(100);
    for (at, hit) in found.hits.iter().enumerate().rev() {
        let asks = if hit.permissions.is_empty() {
            "asks for nothing".to_owned()
        } else {
            format!("asks for {}", hit.permissions)
        };
        let deprecated = if hit.deprecated { yellow("deprecated  ") } else { String::new() };
        let told = format!("  {deprecated}{}  {}", plain(&hit.description), dim(plain(&asks)));
        lines.insert(at + 2, wrap(&told, width, 2));
    }
    let shown = found.hits.len() as u64;
    if found.total > shown {
        lines.push(dim(format!("{} more: --limit, or more words", count(found.total - shown, "plugin"))));
    }
    lines.join("\n") + "\n"
}

fn stars(hit: &Hit) -> String {
    match hit.rating.count {
        0 => "–".to_owned(),
        reviews => format!("{:.1} ({reviews})", hit.rating.mean),
    }
}

/// What people call a kind of capability.
pub(super) fn word(kind: &str) -> String {
    match kind {
        "NeuronType" => "neuron",
        "ToolProvider" => "tool",
        "MemoryProvider" => "memory provider",
        "LearningAlgorithm" => "learning algorithm",
        "ApiExtension" => "API extension",
        other => return plain(other).to_lowercase(),
    }
    .to_owned()
}
