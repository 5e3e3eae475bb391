//! Work of the sorts that plugins do, as tools: each does its work once a call, on input that the first call made. It is for the
//! benchmarks, which run the same code natively, and refuses to know who measures it.

mod digest;
mod image;
mod matrix;
mod random;
mod sort;
mod words;

pub use digest::{Sha1, Sha256};
use hal9_plugin_sdk::*;
pub use image::Resize;
pub use matrix::Multiply;
pub use sort::Sort;
pub use words::Words;

hal9_plugin! {
    metadata: {
        id: "ai.hal9.kernels",
        name: "Kernels",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "Work of the sorts that plugins do, for the benchmarks",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::ToolProvider { tool_name: "words", description: "Counts the words of a text" },
        PluginCapability::ToolProvider { tool_name: "multiply", description: "Multiplies two matrices of floats" },
        PluginCapability::ToolProvider { tool_name: "sort", description: "Sorts integers" },
        PluginCapability::ToolProvider { tool_name: "sha1", description: "Hashes bytes with SHA-1" },
        PluginCapability::ToolProvider { tool_name: "sha256", description: "Hashes bytes with SHA-256" },
        PluginCapability::ToolProvider { tool_name: "resize", description: "Makes an image smaller, bilinearly" },
    ],
    permissions: [],
    limits: { cpu_share: "100%" },
}

/// A sort of work. What it does and gives depends on its size alone, on every machine.
pub trait Kernel: Sized + 'static {
    /// What it is called.
    const NAME: &'static str;
    /// The largest size.
    const MOST: usize;

    /// Makes the input; `size` is at least 1.
    fn new(size: usize) -> Self;

    /// Does the work once; a number that tells right results from wrong ones.
    fn run(&mut self) -> u64;
}

/// A kernel as a tool, with the input of the last size. Parameters: `{"size": 1000}`, result: `{"checksum": "9f86d081884c7d65"}`.
pub struct Work<K>(Option<(usize, K)>);

impl<K> Default for Work<K> {
    fn default() -> Self {
        Self(None)
    }
}

impl<K: Kernel> Work<K> {
    /// Does the work once, on input of this size, which is made where the last one was another.
    ///
    /// # Errors
    ///
    /// For a size that is none.
    pub fn run(&mut self, size: usize) -> Result<u64, PluginError> {
        if !(1..=K::MOST).contains(&size) {
            return err(ErrorCode::InvalidInput, format!("`size` is {size}; it must be 1 to {}", K::MOST));
        }
        let kept = self.0.take().filter(|(of, _)| *of == size);
        let (_, kernel) = self.0.insert(kept.unwrap_or_else(|| (size, K::new(size))));
        Ok(kernel.run())
    }
}

impl<K: Kernel> ToolPlugin for Work<K> {
    fn describe(&self) -> ToolDescription {
        ToolDescription {
            name: K::NAME.to_owned(),
            description: "Does its work once".to_owned(),
            parameters: json!({
                "type": "object",
                "properties": { "size": { "type": "integer", "minimum": 1, "maximum": K::MOST } },
                "required": ["size"],
            }),
        }
    }

    fn execute(&mut self, params: HashMap<String, Value>) -> Result<Value, PluginError> {
        let size = params.get("size").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let Some(size) = size else {
            return err(ErrorCode::InvalidInput, "`size` is missing or no whole number; give `{\"size\": 1000}`");
        };
        Ok(json!({ "checksum": format!("{:016x}", self.run(size)?) }))
    }
}

tool_plugin!(Work<Words>, Work<Multiply>, Work<Sort>, Work<Sha1>, Work<Sha256>, Work<Resize>);

#[cfg(test)]
mod tests {
    use super::*;

    /// The work of a small size, twice: input that is kept is not used up.
    fn check<K: Kernel>(size: usize) -> u64 {
        let mut work = Work::<K>::default();
        let first = work.run(size).expect("a size");
        assert_eq!(work.run(size).expect("a size"), first, "{}", K::NAME);
        assert_ne!(work.run(size + 1).expect("a size"), first, "{}", K::NAME);
        assert!(work.run(0).is_err() && work.run(K::MOST + 1).is_err(), "{}", K::NAME);
        first
    }

    #[test]
    fn every_kernel_gives_the_same_for_the_same_size_and_refuses_what_is_no_size() {
        let sums = [
            check::<Words>(100),
            check::<Multiply>(9),
            check::<Sort>(100),
            check::<Sha1>(100),
            check::<Sha256>(100),
            check::<Resize>(16),
        ];
        assert!(sums.iter().all(|&sum| sum != 0), "{sums:?}");
    }

    #[test]
    fn a_tool_says_what_is_wrong_with_its_size() {
        let mut work = Work::<Sort>::default();
        for wrong in [json!({}), json!({ "size": "9" }), json!({ "size": -1 }), json!({ "size": 0 })] {
            let params = serde_json::from_value(wrong).expect("an object");
            let error = work.execute(params).expect_err("no size");
            assert!(error.message.contains("`size`"), "{}", error.message);
        }
    }
}
