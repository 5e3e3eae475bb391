//! Owns what an operator is asked before a version is installed: what it may do that nobody has granted or known of before, and
//! whether it is meant where it is easily taken for another. It refuses to decide.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use hal9_package::{Permission, Permissions};

use super::plan::Step;
use crate::args::ConsentArgs;
use crate::commands::policy::described;
use crate::failure::{Code, Failure};
use crate::grants::{all_absolute, names};
use crate::output::{bold, dim, yellow};
use crate::session::Session;

/// What the operator has decided on the command line.
pub(super) struct Consent {
    grants: Grants,
    /// Whether plugins are meant whose ids are easily taken for others'.
    look_alikes: bool,
    /// Whether versions are meant that are known to be dangerous.
    dangers: bool,
}

/// How it is decided what is granted of what is asked for.
enum Grants {
    All,
    Only(Permissions),
    /// The operator is asked, where there is a terminal.
    Ask,
}

impl From<ConsentArgs> for Consent {
    fn from(args: ConsentArgs) -> Self {
        let (look_alikes, dangers) = (args.allow_look_alike, args.allow_dangerous);
        let grants = match args {
            ConsentArgs { accept: true, .. } => Grants::All,
            ConsentArgs { no_grants: false, grant, .. } if grant.is_empty() => Grants::Ask,
            ConsentArgs { grant, .. } => Grants::Only(grant.into_iter().collect()),
        };
        Self { grants, look_alikes, dangers }
    }
}

/// What is declared now, and was neither declared nor granted before: a right that the operator has not seen yet.
pub(super) fn new_of(declared: &Permissions, before: &[&Permissions]) -> Permissions {
    let is_known = |permission: &Permission| before.iter().any(|set| set.iter().any(|known| names(known, permission)));
    declared.iter().filter(|permission| !is_known(permission)).cloned().collect()
}

impl Consent {
    /// Decides what is granted to each plugin.
    ///
    /// # Errors
    ///
    /// Code `permission-denied`, reason `widened`, where nobody has decided and nobody can be asked, or where the answer is no. Code
    /// `conflict`, reason `look-alike`, for an id that is easily taken for an installed one's and that nobody has said is meant: who grants
    /// all that a plugin asks for has not said that.
    pub(super) fn ask(&self, session: &Session, steps: &mut [Step]) -> Result<(), Failure> {
        let here =
            std::env::current_dir().map_err(|error| Failure::internal("there is no working directory", &error))?;
        let can_ask = !session.output.json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        let asks_now = matches!(self.grants, Grants::Ask) && can_ask;
        if !self.look_alikes
            && !asks_now
            && let Some(step) = steps.iter().find(|step| step.alike.is_some())
        {
            return Err(mistaken(step));
        }
        if !self.dangers
            && !asks_now
            && let Some((step, danger)) = steps.iter().find_map(|step| Some((step, step.danger()?)))
        {
            return Err(Failure::new(Code::Conflict, danger)
                .reason("dangerous")
                .help("take another version; if you know better: --allow-dangerous")
                .plugin(step.offer.id()));
        }
        let is_asked = |step: &&Step| !step.asks.is_empty() || step.alike.is_some() || step.danger().is_some();
        let asked: Vec<&Step> = steps.iter().filter(is_asked).collect();
        if matches!(self.grants, Grants::Ask)
            && let Some(first) = asked.first()
            // What is meant, and asks for nothing, needs no more words.
            && (asks_now || asked.iter().any(|step| !step.asks.is_empty()))
        {
            if !can_ask || !confirmed(&asked)? {
                return Err(withheld(first, &asked, can_ask));
            }
        } else {
            // Whoever has decided is told before it is done, and can stop it still.
            steps.iter().filter_map(Step::doubt).for_each(|doubt| session.output.note(yellow(doubt)));
        }
        for step in steps {
            let given = match &self.grants {
                Grants::All | Grants::Ask => step.asks.clone(),
                Grants::Only(only) => step.asks.meet(only),
            };
            step.granted.extend(all_absolute(given, &here));
        }
        Ok(())
    }
}

fn confirmed(asked: &[&Step]) -> Result<bool, Failure> {
    let terminal = |error| Failure::internal("the terminal cannot be used", &error);
    let mut err = anstream::stderr();
    write!(
        err,
        "{}\nInstall it, and grant all of this? [y/N] ",
        asked.iter().map(|step| question(step)).collect::<String>()
    )
    .and_then(|()| err.flush())
    .map_err(terminal)?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(terminal)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// What a plugin wants, in plain words.
fn question(step: &Step) -> String {
    let (id, version) = (bold(step.offer.id()), step.offer.version());
    let mut text = match &step.before {
        Some(before) => format!("{id} {version}, in place of {}, newly wants to\n", before.version),
        None => format!("{id} {version} wants to\n"),
    };
    if step.asks.is_empty() {
        text = format!("{id} {version} wants to do nothing that is to be granted\n");
    }
    if let Some(doubt) = step.doubt() {
        text.push_str(&format!("  {}\n", yellow(doubt)));
    }
    for warning in step.offer.published.iter().flat_map(|published| &published.warnings) {
        text.push_str(&format!("  {}\n", yellow(warning)));
    }
    for permission in &step.asks {
        text.push_str(&format!("  {}  {}\n", described(permission), dim(permission)));
    }
    text
}

/// Says of a plugin that nobody has said whether it is meant.
fn mistaken(step: &Step) -> Failure {
    let message = step.doubt().unwrap_or_default();
    Failure::new(Code::Conflict, message)
        .reason("look-alike")
        .help("if it is meant, and no slip: --allow-look-alike")
        .plugin(step.offer.id())
}

fn withheld(first: &Step, asked: &[&Step], was_asked: bool) -> Failure {
    let wants = |step: &&Step| {
        let newly = if step.before.is_some() { "newly " } else { "" };
        let words: Vec<_> =
            step.asks.iter().map(|permission| format!("{} ({permission})", described(permission))).collect();
        format!("{} {} {newly}wants to {}", step.offer.id(), step.offer.version(), words.join(", "))
    };
    let wants: Vec<_> = asked.iter().filter(|step| !step.asks.is_empty()).map(wants).collect();
    let (message, help) = match was_asked {
        true => ("nothing was installed, as you did not grant it".to_owned(), "grant a part of it: --grant PERMISSION"),
        false => (
            format!("nobody has granted this: {}", wants.join("; ")),
            "grant all of it with --accept, a part with --grant PERMISSION, or nothing with --no-grants",
        ),
    };
    Failure::new(Code::PermissionDenied, message).reason("widened").help(help).plugin(first.offer.id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(texts: &[&str]) -> Permissions {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn new_is_what_was_neither_declared_nor_granted_before() {
        let new = |declared: &[&str], before: &[&str], granted: &[&str]| {
            new_of(&set(declared), &[&set(before), &set(granted)]).to_string()
        };
        assert_eq!(new(&["Hal9Memory", "SystemTime"], &["SystemTime"], &[]), "Hal9Memory");
        assert_eq!(new(&["Hal9Memory:a/b"], &["Hal9Memory:a/"], &[]), "none");
        assert_eq!(new(&["Hal9Memory"], &["Hal9Memory:a/"], &[]), "Hal9Memory", "all is more than a part");
        assert_eq!(new(&["Hal9Memory"], &[], &["Hal9Memory"]), "none", "it was granted by hand");
        assert_eq!(new(&["NetworkHttps:10.0.0.1"], &["NetworkHttps"], &[]), "NetworkHttps:10.0.0.1");
        assert_eq!(new(&["FileRead:./b=>/data"], &["FileRead:./a=>/data"], &[]), "none", "the host's path is granted");
    }
}
