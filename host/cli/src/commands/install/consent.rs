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

/// How it is decided what is granted of what is asked for.
pub(super) enum Consent {
    All,
    Only(Permissions),
    /// The operator is asked, where there is a terminal.
    Ask,
}

impl From<ConsentArgs> for Consent {
    fn from(args: ConsentArgs) -> Self {
        match args {
            ConsentArgs { accept: true, .. } => Self::All,
            ConsentArgs { no_grants: false, grant, .. } if grant.is_empty() => Self::Ask,
            ConsentArgs { grant, .. } => Self::Only(grant.into_iter().collect()),
        }
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
    /// Code `permission-denied`, reason `widened` or `look-alike`, where nobody has decided and nobody can be asked, or where the answer is no.
    pub(super) fn ask(&self, session: &Session, steps: &mut [Step]) -> Result<(), Failure> {
        let here =
            std::env::current_dir().map_err(|error| Failure::internal("there is no working directory", &error))?;
        let asked: Vec<&Step> = steps.iter().filter(|step| !step.asks.is_empty() || step.alike.is_some()).collect();
        if matches!(self, Self::Ask)
            && let Some(first) = asked.first()
        {
            let can_ask = !session.output.json() && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
            if !can_ask || !confirmed(&asked)? {
                return Err(withheld(first, &asked, can_ask));
            }
        } else {
            // Whoever has decided is told before it is done, and can stop it still.
            steps.iter().filter_map(Step::doubt).for_each(|doubt| session.output.note(yellow(doubt)));
        }
        for step in steps {
            let given = match self {
                Self::All | Self::Ask => step.asks.clone(),
                Self::Only(only) => step.asks.meet(only),
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
    for permission in &step.asks {
        text.push_str(&format!("  {}  {}\n", described(permission), dim(permission)));
    }
    text
}

fn withheld(first: &Step, asked: &[&Step], was_asked: bool) -> Failure {
    let wants = |step: &&Step| {
        let newly = if step.before.is_some() { "newly " } else { "" };
        let words: Vec<_> =
            step.asks.iter().map(|permission| format!("{} ({permission})", described(permission))).collect();
        format!("{} {} {newly}wants to {}", step.offer.id(), step.offer.version(), words.join(", "))
    };
    let wants: Vec<_> = asked.iter().filter(|step| !step.asks.is_empty()).map(wants).collect();
    let doubts: Vec<_> = asked.iter().filter_map(|step| step.doubt()).collect();
    let (message, help) = match was_asked {
        true => ("nothing was installed, as you did not grant it".to_owned(), "grant a part of it: --grant PERMISSION"),
        false if wants.is_empty() => {
            (format!("nobody has said that this is meant: {}", doubts.join("; ")), "if it is meant: --accept")
        }
        false => (
            [format!("nobody has granted this: {}", wants.join("; "))]
                .into_iter()
                .chain(doubts)
                .collect::<Vec<_>>()
                .join("; "),
            "grant all of it with --accept, a part with --grant PERMISSION, or nothing with --no-grants",
        ),
    };
    let reason = if asked.iter().all(|step| step.asks.is_empty()) { "look-alike" } else { "widened" };
    Failure::new(Code::PermissionDenied, message).reason(reason).help(help).plugin(first.offer.id())
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
