//! Web scraper, a provider of tools that read web pages. This file says what the plugin is; each tool is a module, `visit`
//! gets a page politely, `page` reads it, and `wasi_http` is the only one that knows how bytes come from the network.

mod charset;
mod fetch_page;
mod media;
mod page;
mod params;
mod robots;
mod select;
#[cfg(test)]
mod stand_in;
mod transport;
mod visit;
mod wasi_http;

pub use fetch_page::FetchPage;
use hal9_plugin_sdk::*;
pub use select::Select;

hal9_plugin! {
    metadata: {
        id: "ai.hal9.web-scraper",
        name: "Web Scraper",
        version: "0.1.0",
        author: "The HAL9 authors",
        description: "Tools that read web pages: titles, text, links, and elements by CSS selector",
        license: "Apache-2.0",
    },
    capabilities: [
        PluginCapability::ToolProvider {
            tool_name: "fetch_page".to_string(),
            description: "The title, text and links of a web page".to_string(),
        },
        PluginCapability::ToolProvider {
            tool_name: "select".to_string(),
            description: "The elements of a web page that a CSS selector finds".to_string(),
        },
    ],
    permissions: [Permission::NetworkHttp, Permission::NetworkHttps],
    limits: { memory: "128MiB", call_time: "30s" },
}

tool_plugin!(FetchPage, Select);
