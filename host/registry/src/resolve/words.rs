//! An obstacle in words: what it is, and what to change. It does not look for obstacles.

use std::fmt;

use semver::Version;

use super::{Need, Obstacle, ObstacleKind};

/// How many of many things a message names.
const NAMED: usize = 3;

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plugin, kind, needs, available } = self;
        let stated: Vec<_> = needs.iter().take(NAMED).map(|need| need.stated(self)).collect();
        f.write_str(&stated.join(", "))?;
        if needs.len() > NAMED {
            write!(f, " and {} more need it", needs.len() - NAMED)?;
        }
        f.write_str(": ")?;
        match kind {
            ObstacleKind::Missing => write!(f, "there is no {plugin}")?,
            ObstacleKind::NoVersion => write!(f, "there is {plugin} {} only", some(available))?,
            ObstacleKind::TooNew { version, needs, hal9 } => {
                write!(f, "{plugin} {version} needs HAL9 {needs}, and this is HAL9 {hal9}")?;
            }
            ObstacleKind::NeedsItself { version } => write!(f, "{plugin} {version} needs itself")?,
            ObstacleKind::Older { installed, .. } => {
                write!(f, "{plugin} {installed} is installed, and nobody asked for an older one")?;
            }
            ObstacleKind::Conflict => {
                let all = if needs.len() == 2 { "both" } else { "all of these" };
                write!(f, "no version of {plugin} fits {all}, there is {}", some(available))?;
            }
        }
        let mut ways = needs.iter().take(NAMED).filter_map(Need::way).collect::<Vec<_>>();
        ways.dedup();
        ways.iter().try_for_each(|way| write!(f, "; {way}"))
    }
}

impl Obstacle {
    /// What to change, in one or two sentences.
    pub fn help(&self) -> String {
        let Self { plugin, kind, needs, available } = self;
        let by: Vec<_> = needs.iter().filter_map(|need| need.by.as_ref()).map(ToString::to_string).collect();
        let asked = needs.iter().any(|need| need.by.is_none());
        let users = list(&by, "or");
        let other =
            |rest: String| if by.is_empty() { rest } else { format!("{rest}, or use another version of {users}") };
        match kind {
            ObstacleKind::Missing => {
                let requirement = needs.first().map_or("*", |need| &need.requirement);
                other(format!("Add a package of {plugin} {requirement} to the folder or registry that is searched"))
                    + "."
            }
            ObstacleKind::NoVersion => match needs.first() {
                Some(need) if asked => format!(
                    "Ask for {plugin} {}, or add a package that fits {} to the folder or registry that is searched.",
                    some(available),
                    need.requirement
                ),
                _ => format!(
                    "Use another version of {users}, or ask its author to allow {plugin} {}.",
                    available.first().map(ToString::to_string).unwrap_or_default()
                ),
            },
            ObstacleKind::TooNew { needs, .. } if asked => {
                format!("Update HAL9 to {needs} or newer, or ask for an older version of {plugin}.")
            }
            ObstacleKind::TooNew { needs, .. } => other(format!("Update HAL9 to {needs} or newer")) + ".",
            ObstacleKind::NeedsItself { .. } => {
                other(format!("Ask the author of {plugin} to remove it from its own dependencies")) + "."
            }
            ObstacleKind::Older { version, .. } => other(format!("Ask for {plugin} {version} if that is meant")) + ".",
            ObstacleKind::Conflict if asked => {
                format!("Ask for a version of {plugin} that {users} can use, or use another version of {users}.")
            }
            ObstacleKind::Conflict => {
                format!(
                    "Use another version of {users}, or ask their authors to allow one version of {plugin} together."
                )
            }
        }
    }
}

impl Need {
    /// Who needs what.
    fn stated(&self, obstacle: &Obstacle) -> String {
        let (plugin, requirement) = (&obstacle.plugin, &self.requirement);
        let Some(by) = &self.by else { return format!("you asked for {plugin} {requirement}") };
        let newest = self.versions.first().map(|version| format!(" {version}")).unwrap_or_default();
        let installed = if self.installed { ", which is installed," } else { "" };
        let alike = match self.versions.get(1..) {
            None | Some([]) => String::new(),
            Some(others) => format!(" ({} likewise)", some(others)),
        };
        format!("{by}{newest}{installed} needs {plugin} {requirement}{alike}")
    }

    /// Why the one who needs it is needed.
    fn way(&self) -> Option<String> {
        let by = self.by.as_ref()?;
        let way: Vec<_> = self.way.iter().map(ToString::to_string).collect();
        let way = match way.as_slice() {
            [] => return None,
            [first, .., last] if way.len() > NAMED => format!("{first} → … ({} more) → {last}", way.len() - 2),
            way => way.join(" → "),
        };
        Some(format!("{by} is needed by {way}"))
    }
}

/// Some versions: the newest, and how many more.
fn some(versions: &[Version]) -> String {
    let mut names: Vec<_> = versions.iter().take(NAMED).map(ToString::to_string).collect();
    if versions.len() > NAMED {
        names.push(format!("{} more", versions.len() - NAMED));
    }
    list(&names, "and")
}

fn list(names: &[String], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {word} {last}", most.join(", ")),
    }
}
