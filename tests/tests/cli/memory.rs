use super::home::Home;

fn home() -> Home {
    let home = Home::new();
    home.load("custom-memory");
    home
}

fn store(home: &Home, key: &str, value: &str) {
    home.hal9(["memory", "store", "--provider", "custom-memory", key, "--value", value, "--meta", "by=test"]).ok();
}

#[test]
fn what_one_process_stores_the_next_one_finds_best_first() {
    let home = home();
    store(&home, "kettle", "The blue kettle boils water for tea.");
    store(&home, "bicycle", "A bicycle with a blue frame and two wheels.");
    store(&home, "tea", "Green tea and black tea want water of different heat; tea is best fresh.");
    let value = home.hal9(["--json", "memory", "search", "--provider", "custom-memory", "tea"]).json();
    let keys: Vec<_> = value["hits"].as_array().unwrap().iter().map(|hit| hit["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["tea", "kettle"], "{value}");
    assert!(value["hits"][0]["score"].as_f64() > value["hits"][1]["score"].as_f64());
    assert_eq!(value["hits"][0]["metadata"]["by"], "test");
    let value = home.hal9(["--json", "memory", "search", "blue", "--limit", "1"]).json();
    assert_eq!(value["hits"].as_array().unwrap().len(), 1);
    let value = home.hal9(["--json", "memory", "get", "kettle"]).json();
    assert_eq!(value["value"], "The blue kettle boils water for tea.");
}

#[test]
fn what_is_deleted_is_not_found_again() {
    let home = home();
    store(&home, "kettle", "The blue kettle.");
    home.hal9(["memory", "delete", "kettle"]).ok();
    home.hal9(["--json", "memory", "delete", "kettle"]).error(3);
    home.hal9(["--json", "memory", "get", "kettle"]).error(3);
    let value = home.hal9(["--json", "memory", "search", "kettle"]).json();
    assert!(value["hits"].as_array().unwrap().is_empty());
}

#[test]
fn bytes_come_back_as_they_were() {
    let home = home();
    let bytes: Vec<u8> = (0..=255).collect();
    home.hal9_with(&bytes, ["memory", "store", "raw"]).ok();
    let output = home.command(["memory", "get", "raw"]).output().unwrap();
    assert_eq!(output.stdout, bytes);
    let value = home.hal9(["--json", "memory", "get", "raw"]).json();
    assert_eq!(value["bytes"].as_array().unwrap().len(), 256, "no text, so its bytes");
}

#[test]
fn a_provider_that_is_not_there_says_which_are() {
    let home = home();
    let error = home.hal9(["--json", "memory", "get", "--provider", "other", "x"]).error(3);
    assert!(error["help"].as_str().unwrap().contains("custom-memory"), "{error}");
    home.hal9(["plugin", "deactivate", "custom-memory"]).ok();
    home.hal9(["--json", "memory", "get", "x"]).error(3);
}
