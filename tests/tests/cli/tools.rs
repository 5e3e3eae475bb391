use super::home::Home;

fn home() -> Home {
    let home = Home::new();
    home.load("text-tools");
    home
}

#[test]
fn tools_are_listed_described_and_called() {
    let home = home();
    let value = home.hal9(["--json", "tool", "list"]).json();
    let names: Vec<_> = value["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for name in ["text_stats", "slugify", "diff", "extract"] {
        assert!(names.contains(&name), "{names:?}");
    }
    for name in names {
        let value = home.hal9(["--json", "tool", "describe", name]).json();
        assert_eq!(value["parameters"]["type"], "object", "{value}");
        assert!(!value["description"].as_str().unwrap().is_empty());
    }
    let value = home.hal9(["--json", "tool", "call", "slugify", "--params", r#"{"text": "Ärger im Büro!"}"#]).json();
    assert!(value["result"].to_string().contains("arger-im-buro"), "{value}");
    let run = home.hal9_with(br#"{"text": "One two three."}"#, ["tool", "call", "text_stats", "--params", "-"]).ok();
    assert!(run.stdout.contains("\"words\": 3"), "{}", run.stdout);
}

#[test]
fn wrong_parameters_are_the_callers_and_wrong_json_is_found_before_any_plugin_runs() {
    let home = home();
    let error = home.hal9(["--json", "tool", "call", "slugify", "--params", "{\"text\": "]).error(2);
    assert!(error["message"].as_str().unwrap().contains("line 1"), "{error}");
    home.hal9(["--json", "tool", "call", "slugify", "--params", "[1]"]).error(2);
    let error = home.hal9(["--json", "tool", "call", "slugify", "--params", "{}"]).error(8);
    assert_eq!((&error["reason"], &error["plugin"]), (&"invalid-input".into(), &"ai.hal9.text-tools".into()));
    assert!(error["message"].as_str().unwrap().contains("text"), "{error}");
}

#[test]
fn a_tool_that_is_not_there_says_which_are() {
    let error = home().hal9(["--json", "tool", "call", "nothing"]).error(3);
    assert!(error["help"].as_str().unwrap().contains("slugify"), "{error}");
}
