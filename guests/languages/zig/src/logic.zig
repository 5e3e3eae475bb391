//! All of the plugin that knows nothing of HAL9; `zig build test` begins here.

pub const params = @import("params.zig");
pub const Totals = @import("totals.zig").Totals;
pub const words = @import("words.zig");

test {
    _ = params;
    _ = @import("totals.zig");
    _ = words;
}
