use super::home::Home;

fn home() -> Home {
    let home = Home::new();
    home.load("online-learner");
    home
}

fn file(name: &str) -> String {
    let path = hal9_tests::guests_dir().join("online-learner/data").join(name);
    assert!(path.is_file(), "{}", path.display());
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_model_learns_from_real_data_and_is_kept() {
    let home = home();
    let train = ["--json", "learn", "train", "--model", "digits", "--data"];
    let first = home.hal9([&train[..], &[&file("digits-train.csv")]].concat()).json();
    let rows = first["rows"].as_u64().unwrap();
    assert!(rows > 500 && first["samples"] == rows, "{first}");
    let again = home.hal9([&train[..], &[&file("digits-train.csv"), "--epochs", "3"]].concat()).json();
    assert_eq!(again["samples"], rows * 4, "it goes on from what was kept");
    let losses = again["losses"].as_array().unwrap();
    assert!(losses[2].as_f64() < first["losses"][0].as_f64(), "{losses:?}");
    let value =
        home.hal9(["--json", "learn", "predict", "--model", "digits", "--data", &file("digits-test.csv")]).json();
    assert!(value["accuracy"].as_f64().unwrap() > 0.85, "{}", value["accuracy"]);
    assert_eq!(value["predictions"].as_array().unwrap().len() as u64, value["rows"].as_u64().unwrap());
}

#[test]
fn names_of_classes_come_back_as_names() {
    let home = home();
    let data = home.path().join("data.csv");
    let rows: String =
        (0..200).map(|n| format!("{},{},{}\n", n % 20, n % 7, if n % 20 < 10 { "low" } else { "high" })).collect();
    std::fs::write(&data, format!("a,b,label\n{rows}")).unwrap();
    let data = data.to_str().unwrap();
    home.hal9(["learn", "train", "--model", "m", "--data", data, "--epochs", "20"]).ok();
    std::fs::write(data, "b,a\n3,1\n3,18\n").unwrap();
    let value = home.hal9(["--json", "learn", "predict", "--model", "m", "--data", data]).json();
    assert_eq!(
        (&value["predictions"][0]["prediction"], &value["predictions"][1]["prediction"]),
        (&"low".into(), &"high".into())
    );
    assert!(value["accuracy"].is_null());
}

#[test]
fn what_is_wrong_with_data_is_named() {
    let home = home();
    let data = home.path().join("data.csv");
    std::fs::write(&data, "a,label\n1,0\nmany,1\n").unwrap();
    let error = home.hal9(["--json", "learn", "train", "--model", "m", "--data", data.to_str().unwrap()]).error(2);
    assert!(error["message"].as_str().unwrap().contains("line 3"), "{error}");
    home.hal9(["--json", "learn", "train", "--model", "m", "--data", "/nowhere.csv"]).error(3);
    home.hal9(["--json", "learn", "predict", "--model", "m", "--data", data.to_str().unwrap()]).error(3);
    home.hal9(["--json", "learn", "train", "--model", "../m", "--data", data.to_str().unwrap()]).error(2);
    std::fs::create_dir_all(home.path().join("models")).unwrap();
    std::fs::write(home.path().join("models/m.model"), "garbage").unwrap();
    home.hal9(["--json", "learn", "predict", "--model", "m", "--data", data.to_str().unwrap()]).error(11);
}
