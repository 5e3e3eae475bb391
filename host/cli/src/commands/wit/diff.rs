//! `hal9 wit diff`: the verdict first, then each change under the head of what it breaks most.

use std::path::Path;

use hal9_wit::{Change, Diff, Kind, Party, Question};
use serde_json::json;

use super::{failed, side};
use crate::args::{DiffArgs, Whom};
use crate::failure::{Code, Failure};
use crate::output::{Output, bold, columns, dim, green, plain, red, wrap, yellow};

/// Of many names, so many are shown.
const SHOWN: usize = 4;

/// Where lines are broken for whom there is no terminal.
const COLUMNS: usize = 100;

/// Changes that break the same.
struct Class {
    /// Whom they break, of those whom nothing before this class is about.
    parties: &'static [Party],
    /// What one of them does, and what some do.
    verb: [&'static str; 2],
    /// Whom, in the verdict.
    whom: &'static str,
    /// What is said over them.
    head: &'static str,
    /// Whether they are what the status is about.
    decides: bool,
}

const GUESTS: &[Class] = &[
    Class {
        parties: &[Party::BuiltPlugins],
        verb: ["breaks", "break"],
        whom: "plugins that are built",
        head: "Plugins that were built with OLD do not load where NEW is",
        decides: true,
    },
    Class {
        parties: &[Party::PluginSource],
        verb: ["breaks", "break"],
        whom: "the source of plugins",
        head: "Built plugins load; authors change their source before they build with NEW",
        decides: true,
    },
    Class {
        parties: &[Party::OlderHosts, Party::HostSource],
        verb: ["concerns", "concern"],
        whom: "hosts alone",
        head: "Plugins stay as they are; what uses this needs a host of NEW",
        decides: false,
    },
];

const HOSTS: &[Class] = &[
    Class {
        parties: &[Party::OlderHosts],
        verb: ["breaks", "break"],
        whom: "hosts of before",
        head: "Plugins of NEW that use this do not load where OLD is",
        decides: true,
    },
    Class {
        parties: &[Party::HostSource],
        verb: ["breaks", "break"],
        whom: "the source of hosts",
        head: "Hosts and callers change their source before they build with NEW",
        decides: true,
    },
    Class {
        parties: &[Party::BuiltPlugins, Party::PluginSource],
        verb: ["concerns", "concern"],
        whom: "plugins alone",
        head: "Hosts stay as they are",
        decides: false,
    },
];

const LOAD: &[Class] = &[
    Class {
        parties: &[Party::BuiltPlugins],
        verb: ["keeps", "keep"],
        whom: "it from loading",
        head: "OLD does not load where NEW is",
        decides: true,
    },
    Class {
        parties: &[Party::PluginSource],
        verb: ["concerns", "concern"],
        whom: "its source",
        head: "It loads; its source has to be changed before it is built with NEW",
        decides: true,
    },
];

const HOSTING: &[Class] = &[Class {
    parties: &[Party::OlderHosts],
    verb: ["keeps", "keep"],
    whom: "it from loading",
    head: "NEW does not load where OLD is",
    decides: true,
}];

const REPLACEMENT: &[Class] = &[
    Class {
        parties: &[Party::OlderHosts],
        verb: ["breaks", "break"],
        whom: "hosts that had the first one",
        head: "A host that had OLD does not take NEW as it is",
        decides: true,
    },
    Class {
        parties: &[Party::HostSource],
        verb: ["breaks", "break"],
        whom: "the source of callers",
        head: "Callers of OLD change their source before they are built for NEW",
        decides: true,
    },
];

pub(super) fn run(output: Output, args: &DiffArgs) -> Result<(), Failure> {
    let (old, new) = (side::read(&args.old, output)?, side::read(&args.new, output)?);
    let diff = hal9_wit::diff(&old, &new).map_err(failed)?;
    let whom = whom(diff.question, args.whom)?;
    let classes = match (diff.question, whom) {
        (Question::Load, _) => LOAD,
        (Question::Hosting, _) => HOSTING,
        (Question::Replacement, _) => REPLACEMENT,
        (_, Whom::Guests) => GUESTS,
        (_, Whom::Hosts) => HOSTS,
    };
    let breaking: Vec<Party> =
        classes.iter().filter(|class| class.decides).flat_map(|class| class.parties).copied().collect();
    let broken = diff.breaking(&breaking);
    let count = |party: Party| diff.breaking(&[party]);
    let value = json!({
        "old": args.old,
        "new": args.new,
        "question": diff.question,
        "for": whom,
        "compatible": broken == 0,
        "counts": {
            "changes": diff.changes.len(),
            "breaking": broken,
            "built-plugins": count(Party::BuiltPlugins),
            "plugin-source": count(Party::PluginSource),
            "older-hosts": count(Party::OlderHosts),
            "host-source": count(Party::HostSource),
        },
        "changes": diff.changes,
        "left_out": diff.left_out,
    });
    output.result(&value, || text(&diff, classes, broken, args))?;
    if broken == 0 {
        return Ok(());
    }
    let (old, new) = names(args);
    let many = |one: &str| {
        let (verb, rest) = if broken == 1 { ("breaks", "") } else { ("break", "s") };
        format!("{broken} {one}{rest} {verb}")
    };
    let message = match diff.question {
        Question::Load => format!("{old} does not fit {new}: {} it", many("difference")),
        Question::Hosting => format!("{new} does not fit {old}: {} it", many("difference")),
        Question::Replacement => format!("{new} cannot be where {old} is: {} hosts", many("change")),
        _ if whom == Whom::Hosts => format!("from {old} to {new}, {} hosts", many("change")),
        _ => format!("from {old} to {new}, {} plugins", many("change")),
    };
    Err(Failure::new(Code::Conflict, message).reason("breaking").help(help(diff.question)))
}

/// What the sides are called: files by their names alone, where these differ.
fn names(args: &DiffArgs) -> (String, String) {
    let short = |side: &str| {
        Path::new(side).file_name().map_or_else(|| side.to_owned(), |name| name.to_string_lossy().into_owned())
    };
    match (short(&args.old), short(&args.new)) {
        (old, new) if old != new => (plain(&old), plain(&new)),
        _ => (plain(&args.old), plain(&args.new)),
    }
}

/// Whose breakage is asked for: what is compared says it for components.
fn whom(question: Question, typed: Option<Whom>) -> Result<Whom, Failure> {
    let only = match question {
        Question::Contract => return Ok(typed.unwrap_or(Whom::Guests)),
        Question::Load => Whom::Guests,
        _ => Whom::Hosts,
    };
    match typed {
        Some(typed) if typed != only => {
            let (asked, here) = if only == Whom::Hosts { ("guests", "hosts") } else { ("hosts", "guests") };
            let message = format!("--for {asked} is for two versions of WIT: what is compared here concerns {here}");
            Err(Failure::usage(message, "leave it out"))
        }
        _ => Ok(only),
    }
}

fn help(question: Question) -> &'static str {
    match question {
        Question::Load => "build the plugin again with that WIT: hal9 plugin build",
        Question::Hosting => "run it on a newer host, or build it with the WIT of that one",
        Question::Replacement => "say so in the plugin's version, as callers and grants have to change with it",
        _ => {
            "add a function or an interface instead of changing one; what has to break belongs into a version that hosts take \
             for another package, such as 0.2.0 after 0.1.0"
        }
    }
}

fn text(diff: &Diff, classes: &[Class], broken: usize, args: &DiffArgs) -> String {
    let columns = columns().unwrap_or(COLUMNS);
    let (old, new) = names(args);
    let named = |text: &str| text.replace("OLD", &old).replace("NEW", &new);
    let mut groups: Vec<Vec<&Change>> = vec![Vec::new(); classes.len() + 1];
    for change in &diff.changes {
        let is_of = |class: &Class| class.parties.iter().any(|party| change.breaks.contains(party));
        groups[classes.iter().position(is_of).unwrap_or(classes.len())].push(change);
    }
    let mut text = verdict(diff, classes, &groups, broken, columns);
    let heads = classes.iter().map(|class| (class.head, class.decides)).chain([("Breaks nobody", false)]);
    for ((head, decides), group) in heads.zip(&groups) {
        if group.is_empty() {
            continue;
        }
        text.push_str(&format!("\n{}\n", wrap(&bold(named(head)), columns, 0)));
        for change in group.iter().filter(|change| change.kind != Kind::DocumentationChanged) {
            text.push_str(&one(change, decides, columns));
        }
        let documented: Vec<&str> = group
            .iter()
            .filter(|change| change.kind == Kind::DocumentationChanged)
            .map(|change| change.path.as_str())
            .collect();
        if !documented.is_empty() {
            let line = format!("  {} documentation of {}", dim("·"), some(&documented));
            text.push_str(&format!("{}\n", wrap(&line, columns, 4)));
        }
    }
    if !diff.left_out.is_empty() {
        let names: Vec<&str> = diff.left_out.iter().map(String::as_str).collect();
        let line = format!("not compared, as one side alone has it: {}", some(&names));
        text.push_str(&format!("\n{}\n", dim(wrap(&line, columns, 2))));
    }
    text
}

/// `3 changes: 1 breaks plugins that are built, 1 breaks the source of plugins, 1 breaks nobody`
fn verdict(diff: &Diff, classes: &[Class], groups: &[Vec<&Change>], broken: usize, columns: usize) -> String {
    if diff.changes.is_empty() {
        let nothing = match diff.question {
            Question::Load | Question::Hosting => "no differences in what the component uses",
            _ => "no changes",
        };
        return format!("{} {nothing}\n", green("✓"));
    }
    let mut said: Vec<String> = Vec::new();
    for (class, group) in classes.iter().zip(groups) {
        let verb = class.verb[usize::from(group.len() != 1)];
        if !group.is_empty() {
            said.push(format!("{} {verb} {}", group.len(), class.whom));
        }
    }
    let nobody = groups.last().map_or(0, Vec::len);
    if nobody > 0 {
        said.push(format!("{nobody} {} nobody", if nobody == 1 { "breaks" } else { "break" }));
    }
    let (one, some) = match diff.question {
        Question::Load | Question::Hosting => ("difference", "differences"),
        _ => ("change", "changes"),
    };
    let noun = if diff.changes.len() == 1 { one } else { some };
    let mark = if broken == 0 { green("✓") } else { red("✗") };
    let line = format!("{mark} {} {noun}: {}", diff.changes.len(), said.join(", "));
    format!("{}\n", wrap(&line, columns, 2))
}

/// A change in a line or two, with what it reaches.
fn one(change: &Change, decides: bool, columns: usize) -> String {
    let mark = match (decides, change.breaks.is_empty()) {
        (true, _) => red("✗"),
        (false, false) => yellow("!"),
        (false, true) => dim("·"),
    };
    let mut text =
        format!("{}\n", wrap(&format!("  {mark} {}  {}", bold(plain(&change.path)), plain(&change.what)), columns, 4));
    if !change.why.is_empty() {
        text.push_str(&format!("{}\n", dim(wrap(&format!("    {}", change.why), columns, 4))));
    }
    if !change.reaches.is_empty() {
        let package = change.path.split_inclusive('/').next().unwrap_or_default();
        let names: Vec<&str> = change.reaches.iter().map(|path| path.strip_prefix(package).unwrap_or(path)).collect();
        text.push_str(&format!("{}\n", dim(wrap(&format!("    used by {}", some(&names)), columns, 6))));
    }
    text
}

/// The first few of many names.
fn some(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| plain(name)).collect();
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}
