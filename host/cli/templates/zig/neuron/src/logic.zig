//! All of the plugin that knows nothing of HAL9; `zig build test` begins here.

pub const words = @import("words.zig");

test {
    _ = words;
}
