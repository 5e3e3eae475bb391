use super::*;

/// Versions as `id version, needs id requirement, …`; ids without their `ai.hal9.`.
fn candidates(lines: &str) -> Vec<Candidate> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(candidate).collect()
}

fn candidate(line: &str) -> Candidate {
    let mut parts = line.split(", ");
    let (id, version) = parts.next().and_then(|part| part.split_once(' ')).unwrap();
    let mut candidate = Candidate {
        id: format!("ai.hal9.{id}").parse().unwrap(),
        version: version.parse().unwrap(),
        dependencies: Vec::new(),
        min_hal9_version: None,
        digest: None,
    };
    for part in parts {
        match part.strip_prefix("HAL9 ") {
            Some(min) => candidate.min_hal9_version = Some(min.parse().unwrap()),
            None => candidate.dependencies.extend(needs(part)),
        }
    }
    candidate
}

/// Requirements as `id requirement, …`.
fn needs(text: &str) -> Vec<Dependency> {
    let need = |part: &str| {
        let (id, version) = part.split_once(' ').unwrap_or((part, "*"));
        Dependency { plugin_id: format!("ai.hal9.{id}").parse().unwrap(), version: version.parse().unwrap() }
    };
    text.split(", ").map(need).collect()
}

fn solve(roots: &str, catalogue: &str, installed: &str, prefer: Prefer) -> Result<Vec<String>, Unsolvable> {
    let hal9 = Version::new(0, 1, 0);
    let chosen = resolve(&needs(roots), &candidates(catalogue), &candidates(installed), &hal9, prefer)?;
    Ok(chosen.iter().map(|one| format!("{} {}", one.id.short(), one.version)).collect())
}

#[track_caller]
fn chosen(roots: &str, catalogue: &str, installed: &str, expected: &[&str]) {
    assert_eq!(solve(roots, catalogue, installed, Prefer::Installed).unwrap(), expected);
}

#[track_caller]
fn refused(roots: &str, catalogue: &str, installed: &str, message: &str, help: &str) {
    let error = solve(roots, catalogue, installed, Prefer::Installed).unwrap_err();
    assert_eq!((error.to_string().as_str(), error.help().as_str()), (message, help));
}

#[test]
fn the_newest_that_go_together_are_taken_dependencies_first() {
    let catalogue = "
        app 1.0.0, left ^1, right ^1
        left 1.0.0, base ^1
        left 1.1.0, base ^1.2
        right 1.0.0, base ^1.1
        right 1.1.0, base ^2
        base 1.0.0
        base 1.2.0
        base 1.3.0-beta.1
        base 2.0.0";
    chosen("app", catalogue, "", &["base 1.2.0", "left 1.1.0", "right 1.0.0", "app 1.0.0"]);
    // Whatever order they come in.
    let mut lines: Vec<_> = catalogue.lines().collect();
    lines.reverse();
    chosen("app ^1", &lines.join("\n"), "", &["base 1.2.0", "left 1.1.0", "right 1.0.0", "app 1.0.0"]);
    chosen("base ~1.3.0-alpha", catalogue, "", &["base 1.3.0-beta.1"]);
}

#[test]
fn what_is_installed_is_changed_only_for_a_need() {
    let catalogue = "a 1.0.0\na 1.1.0\na 1.2.0\nb 1.0.0, a ^1\nb 2.0.0, a ^1.2";
    chosen("b ^1", catalogue, "a 1.1.0", &["a 1.1.0", "b 1.0.0"]);
    chosen("b", catalogue, "a 1.1.0", &["a 1.2.0", "b 2.0.0"]);
    chosen("a", catalogue, "a 1.1.0", &["a 1.1.0"]);
    // Of what is needed only, a version that leaves the installed one as it is.
    let over = "over 1.0.0, b *";
    chosen("over", &format!("{catalogue}\n{over}"), "a 1.1.0", &["a 1.1.0", "b 1.0.0", "over 1.0.0"]);
    // An installed version need not be in the catalogue.
    chosen("b ^1", catalogue, "a 1.1.1", &["a 1.1.1", "b 1.0.0"]);
    let newest = |roots: &str, installed: &str| solve(roots, catalogue, installed, Prefer::Newest).unwrap();
    assert_eq!(newest("a", "a 1.1.0"), ["a 1.2.0"]);
    assert_eq!(newest("b ^1", "a 1.1.0\nb 1.0.0, a ^1"), ["a 1.1.0", "b 1.0.0"], "only what was asked for is upgraded");
}

#[test]
fn installed_plugins_go_on_having_what_they_need() {
    let catalogue = "base 1.0.0\nbase 2.0.0\nuser 1.0.0, base ^1\nuser 1.1.0, base ^2";
    let installed = "base 1.0.0\nuser 1.0.0, base ^1";
    // The user of it is moved with it, and is among the answers.
    chosen("base ^2", catalogue, installed, &["base 2.0.0", "user 1.1.0"]);
    refused(
        "base ^2",
        "base 2.0.0",
        installed,
        "you asked for ai.hal9.base ^2, ai.hal9.user 1.0.0, which is installed, needs ai.hal9.base ^1: no version of \
         ai.hal9.base fits both, there is 2.0.0 and 1.0.0",
        "Ask for a version of ai.hal9.base that ai.hal9.user can use, or use another version of ai.hal9.user.",
    );
    // What lacks something already keeps nobody from going on.
    chosen("base ^2", catalogue, "base 1.0.0\nuser 1.0.0, base ^1, gone ^1", &["base 2.0.0"]);
}

#[test]
fn nothing_older_than_what_is_installed_is_taken_unless_asked_for() {
    let catalogue = "base 1.0.0\nbase 2.0.0\nold 1.0.0, base ^1";
    chosen("base =1.0.0", catalogue, "base 2.0.0", &["base 1.0.0"]);
    chosen("old, base ^1", catalogue, "base 2.0.0", &["base 1.0.0", "old 1.0.0"]);
    refused(
        "old",
        catalogue,
        "base 2.0.0",
        "ai.hal9.old 1.0.0 needs ai.hal9.base ^1: ai.hal9.base 2.0.0 is installed, and nobody asked for an older one",
        "Ask for ai.hal9.base 1.0.0 if that is meant, or use another version of ai.hal9.old.",
    );
}

#[test]
fn a_conflict_names_both_needs() {
    refused(
        "a, b",
        "a 1.2.0, c ^1\nb 2.0.0, c ^2\nc 1.5.0\nc 2.1.0",
        "",
        "ai.hal9.a 1.2.0 needs ai.hal9.c ^1, ai.hal9.b 2.0.0 needs ai.hal9.c ^2: no version of ai.hal9.c fits both, there \
         is 2.1.0 and 1.5.0",
        "Use another version of ai.hal9.a or ai.hal9.b, or ask their authors to allow one version of ai.hal9.c together.",
    );
    // Older versions with the same fault are told of with it.
    refused(
        "a, c ^2",
        "a 1.0.0, c ^1\na 1.1.0, c ^1.1\na 1.2.0, c ^1\nc 1.5.0\nc 2.1.0",
        "",
        "you asked for ai.hal9.c ^2, ai.hal9.a 1.2.0 needs ai.hal9.c ^1 (1.0.0 and 1.1.0 likewise): no version of \
         ai.hal9.c fits both, there is 2.1.0 and 1.5.0",
        "Ask for a version of ai.hal9.c that ai.hal9.a can use, or use another version of ai.hal9.a.",
    );
    // Each two of them agree.
    refused(
        "x, y, z",
        "x 1.0.0, c >=1\nx 1.0.1, c >=2\ny 1.0.0, c <3\nz 1.0.0, c =1.0.0\nc 1.0.0, x >=1.0.1\nc 2.0.0\nc 3.0.0",
        "",
        "ai.hal9.x 1.0.1 needs ai.hal9.c >=2, ai.hal9.z 1.0.0 needs ai.hal9.c =1.0.0: no version of ai.hal9.c fits \
         both, there is 3.0.0, 2.0.0 and 1.0.0",
        "Use another version of ai.hal9.x or ai.hal9.z, or ask their authors to allow one version of ai.hal9.c together.",
    );
    refused(
        "x, y, z",
        "x 1.0.0, c >=2\ny 1.0.0, c <4\nz 1.0.0, c >=1.0.0\nc 1.0.0\nc 4.0.0",
        "",
        "ai.hal9.x 1.0.0 needs ai.hal9.c >=2, ai.hal9.y 1.0.0 needs ai.hal9.c <4: no version of ai.hal9.c fits both, \
         there is 4.0.0 and 1.0.0",
        "Use another version of ai.hal9.x or ai.hal9.y, or ask their authors to allow one version of ai.hal9.c together.",
    );
}

#[test]
fn a_conflict_in_a_diamond_says_over_whom_it_comes() {
    refused(
        "app",
        "app 1.0.0, left ^1, right ^1\nleft 1.0.0, base ^1\nright 1.1.0, base ^2\nbase 1.0.0\nbase 2.0.0",
        "",
        "ai.hal9.left 1.0.0 needs ai.hal9.base ^1, ai.hal9.right 1.1.0 needs ai.hal9.base ^2: no version of ai.hal9.base \
         fits both, there is 2.0.0 and 1.0.0; ai.hal9.left is needed by ai.hal9.app; ai.hal9.right is needed by \
         ai.hal9.app",
        "Use another version of ai.hal9.left or ai.hal9.right, or ask their authors to allow one version of ai.hal9.base \
         together.",
    );
}

#[test]
fn what_is_missing_is_named() {
    refused(
        "a",
        "b 1.0.0",
        "",
        "you asked for ai.hal9.a *: there is no ai.hal9.a",
        "Add a package of ai.hal9.a * to the folder or registry that is searched.",
    );
    refused(
        "a",
        "a 1.0.0, b ^1.2",
        "",
        "ai.hal9.a 1.0.0 needs ai.hal9.b ^1.2: there is no ai.hal9.b",
        "Add a package of ai.hal9.b ^1.2 to the folder or registry that is searched, or use another version of ai.hal9.a.",
    );
}

#[test]
fn where_no_version_fits_those_that_there_are_are_told() {
    refused(
        "a ^2",
        "a 1.0.0\na 1.1.0\na 1.2.0\na 1.3.0\na 2.0.0-rc.1",
        "",
        "you asked for ai.hal9.a ^2: there is ai.hal9.a 2.0.0-rc.1, 1.3.0, 1.2.0 and 2 more only",
        "Ask for ai.hal9.a 2.0.0-rc.1, 1.3.0, 1.2.0 and 2 more, or add a package that fits ^2 to the folder or registry \
         that is searched.",
    );
    refused(
        "a",
        "a 1.0.0, b ^2\nb 1.0.0",
        "",
        "ai.hal9.a 1.0.0 needs ai.hal9.b ^2: there is ai.hal9.b 1.0.0 only",
        "Use another version of ai.hal9.a, or ask its author to allow ai.hal9.b 1.0.0.",
    );
}

#[test]
fn a_version_for_a_newer_hal9_is_not_taken() {
    chosen("a", "a 1.0.0\na 1.1.0, HAL9 0.2.0\na 1.0.1, HAL9 0.1.0", "", &["a 1.0.1"]);
    refused(
        "a ^1.1",
        "a 1.0.0\na 1.1.0, HAL9 0.2.0",
        "",
        "you asked for ai.hal9.a ^1.1: ai.hal9.a 1.1.0 needs HAL9 0.2.0, and this is HAL9 0.1.0",
        "Update HAL9 to 0.2.0 or newer, or ask for an older version of ai.hal9.a.",
    );
    refused(
        "b",
        "a 1.1.0, HAL9 0.2.0\nb 1.0.0, a ^1",
        "",
        "ai.hal9.b 1.0.0 needs ai.hal9.a ^1: ai.hal9.a 1.1.0 needs HAL9 0.2.0, and this is HAL9 0.1.0",
        "Update HAL9 to 0.2.0 or newer, or use another version of ai.hal9.b.",
    );
}

#[test]
fn a_circle_is_shown_whole() {
    let message = "these plugins need each other in a circle: ai.hal9.a 1.0.0 → ai.hal9.c 1.1.0 → ai.hal9.b 2.0.0 → \
                   ai.hal9.a 1.0.0";
    let help = "Ask the author of ai.hal9.a or ai.hal9.b or ai.hal9.c to remove the dependency, or use a version that does \
                not have it.";
    let catalogue = "app 1.0.0, b ^2\na 1.0.0, c ^1\nb 2.0.0, a ^1\nc 1.1.0, b ^2";
    for entered in ["app", "a", "b", "c"] {
        refused(entered, catalogue, "", message, help);
    }
    refused(
        "a",
        "a 1.0.0, a ^1",
        "",
        "you asked for ai.hal9.a *: ai.hal9.a 1.0.0 needs itself",
        "Ask the author of ai.hal9.a to remove it from its own dependencies.",
    );
    chosen("a", "a 1.0.0\na 1.1.0, a ^1", "", &["a 1.0.0"]);
}

#[test]
fn deep_graphs_are_solved_and_explained_in_a_few_words() {
    let chain = |last: &str| {
        let links = (0..1_000).map(|at| format!("p{at:04} 1.0.0, p{:04} ^1", at + 1));
        links.chain([last.to_owned()]).collect::<Vec<_>>().join("\n")
    };
    let answer = solve("p0000", &chain("p1000 1.0.0"), "", Prefer::Installed).unwrap();
    assert_eq!((answer.len(), answer[0].as_str(), answer[1000].as_str()), (1_001, "p1000 1.0.0", "p0000 1.0.0"));
    refused(
        "p0000",
        &chain("p1000 2.0.0"),
        "",
        "ai.hal9.p0999 1.0.0 needs ai.hal9.p1000 ^1: there is ai.hal9.p1000 2.0.0 only; ai.hal9.p0999 is needed by \
         ai.hal9.p0000 → … (997 more) → ai.hal9.p0998",
        "Use another version of ai.hal9.p0999, or ask its author to allow ai.hal9.p1000 2.0.0.",
    );
    let error = solve("p0000", &chain("p1000 1.0.0, p0000 ^1"), "", Prefer::Installed).unwrap_err();
    assert!(matches!(&error, Unsolvable::Cycle { path } if path.len() == 1_002), "{error}");
}

#[test]
fn many_versions_are_no_matter() {
    let versions = (0..1_000).map(|minor| format!("a 1.{minor}.0, b =1.{minor}.0\nb 1.{minor}.0"));
    let catalogue = versions.collect::<Vec<_>>().join("\n");
    chosen("a", &catalogue, "", &["b 1.999.0", "a 1.999.0"]);
    chosen("a, b =1.17.0", &catalogue, "", &["b 1.17.0", "a 1.17.0"]);
    let error = solve("a, b =2.0.0", &catalogue, "", Prefer::Installed).unwrap_err();
    assert!(error.to_string().len() < 400, "{error}");
}

#[test]
fn a_search_without_an_end_in_sight_is_given_up() {
    // Eleven plugins of which each needs one of ten seats for itself: there is no answer, and to prove it takes very long.
    let seats = 10;
    let plugins = 0..=seats;
    let mut lines: Vec<_> =
        (0..seats).flat_map(|seat| plugins.clone().map(move |by| format!("s{seat} 1.0.{by}"))).collect();
    for plugin in plugins.clone() {
        lines.extend((0..seats).map(|seat| format!("p{plugin} 1.0.{seat}, s{seat} =1.0.{plugin}")));
    }
    let roots: Vec<_> = plugins.map(|plugin| format!("p{plugin}")).collect();
    let error = solve(&roots.join(", "), &lines.join("\n"), "", Prefer::Installed).unwrap_err();
    assert!(matches!(error, Unsolvable::TooHard { .. }), "{error}");
}

#[test]
fn the_first_catalogue_that_has_a_plugin_answers_for_it() {
    let (near, far) = (candidates("a 1.0.0"), candidates("a 9.0.0\nb 1.0.0"));
    let both = Catalogues(vec![&near, &far]);
    let chosen = resolve(&needs("a, b"), &both, &[], &Version::new(0, 1, 0), Prefer::Newest).unwrap();
    assert_eq!(chosen.iter().map(|one| one.version.major).collect::<Vec<_>>(), [1, 1]);
}
