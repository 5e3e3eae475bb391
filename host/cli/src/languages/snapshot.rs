//! Owns what goes wrong where a language's runtime is started while the plugin is built, so that its modules are in the component
//! as they are when they have been imported. It refuses to know the languages.

/// What is said of a module that calls HAL9 before there is one; none, where something else went wrong.
pub(super) fn too_early(said: &str) -> Option<String> {
    let python = || said.split_once("called trapping stub: ")?.1.lines().next();
    let javascript = || said.split_once("unknown import: `")?.1.split('`').next();
    let function = python().or_else(javascript)?.trim();
    Some(format!(
        "a module calls {function} when it is imported. Modules are imported while the plugin is built, and HAL9 is not there: \
         call it from a function that HAL9 calls"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_comes_too_early_is_told_from_what_else_goes_wrong() {
        for said in [
            "Caused by:\n    0: error while executing at wasm backtrace:\n    1: called trapping stub: \
             hal9:plugin/logging@0.1.0#log\n",
            "  17: 0x66760 - <wasm function 453>: unknown import: `hal9:plugin/logging@0.1.0#log` has not been defined",
        ] {
            let told = too_early(said).unwrap();
            assert!(told.starts_with("a module calls hal9:plugin/logging@0.1.0#log when"), "{told}");
        }
        assert_eq!(too_early("SyntaxError: invalid syntax"), None);
    }
}
