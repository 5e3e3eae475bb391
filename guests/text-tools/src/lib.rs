//! Text tools, a provider of tools that agents call: texts, logs, JSON and numbers. This file says what the plugin is;
//! each tool is a module, and `params` reads the parameters of all.

mod analyze_log;
mod describe_data;
mod diff;
mod extract;
mod json_query;
mod params;
mod slugify;
mod text_stats;

pub use analyze_log::AnalyzeLog;
pub use describe_data::DescribeData;
pub use diff::Diff;
pub use extract::Extract;
use hal9_plugin_sdk::*;
pub use json_query::JsonQuery;
pub use slugify::Slugify;
pub use text_stats::TextStats;

hal9_plugin! {
    metadata: {
        id: "ai.hal9.text-tools",
        name: "Text Tools",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "Tools for texts, logs, JSON and numbers: statistics, extraction, diffs, slugs, queries",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::ToolProvider {
            tool_name: "text_stats".to_string(),
            description: "Length, reading time and readability of a text".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "extract".to_string(),
            description: "URLs, e-mail and IP addresses, dates and numbers in a text".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "diff".to_string(),
            description: "The unified diff of two texts".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "slugify".to_string(),
            description: "A name for a URL out of a title in any script".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "json_query".to_string(),
            description: "Values of a JSON document by JSON Pointer".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "analyze_log".to_string(),
            description: "Levels, times and most frequent errors of a log".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "describe_data".to_string(),
            description: "Summary statistics of a list of numbers".to_string(),
        },
    ],
    permissions: [],
}

tool_plugin!(TextStats, Extract, Diff, Slugify, JsonQuery, AnalyzeLog, DescribeData,);
