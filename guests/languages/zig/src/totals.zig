//! What has been counted over all signals: how it is written. It knows nothing of where it is kept.

const std = @import("std");

/// The largest count: what every language of these plugins has a whole number for.
const most = (1 << 53) - 1;

/// Signals that were answered, and the words in them.
pub const Totals = struct {
    signals: u64 = 0,
    words: u64 = 0,

    /// Room for what `write` writes: two numbers of 16 digits with a space between.
    pub const room = 33;

    /// Counts more, up to the largest.
    pub fn add(totals: *Totals, signals: u64, words: u64) void {
        totals.signals = @min(totals.signals +| signals, most);
        totals.words = @min(totals.words +| words, most);
    }

    /// As `parse` reads them.
    pub fn write(totals: Totals, buffer: *[room]u8) []u8 {
        return std.fmt.bufPrint(buffer, "{d} {d}", .{ totals.signals, totals.words }) catch unreachable;
    }

    /// As they were written, and none where nothing was; null for anything else.
    pub fn parse(written: []const u8) ?Totals {
        if (written.len == 0) return .{};
        const space = std.mem.findScalar(u8, written, ' ') orelse return null;
        return .{ .signals = number(written[0..space]) orelse return null, .words = number(written[space + 1 ..]) orelse return null };
    }
};

fn number(digits: []const u8) ?u64 {
    // `parseInt` takes signs, and underscores between digits.
    for (digits) |digit| if (!std.ascii.isDigit(digit)) return null;
    const read = std.fmt.parseInt(u64, digits, 10) catch return null;
    return if (read <= most) read else null;
}

test "what is written is read again, and nothing else is" {
    var buffer: [Totals.room]u8 = undefined;
    const totals: Totals = .{ .signals = 3, .words = most };
    try std.testing.expectEqual(totals, Totals.parse(totals.write(&buffer)));
    try std.testing.expectEqual(Totals{}, Totals.parse(""));
    const others = [_][]const u8{ "1", "1 ", " 1", "1 2 3", "1  2", "+1 2", "1_0 2", "1 9007199254740992", "1 2\n", "1 \xff" };
    for (others) |other| try std.testing.expectEqual(null, Totals.parse(other));
}

test "counts stop at the largest" {
    var totals: Totals = .{ .signals = 1, .words = 1 };
    totals.add(std.math.maxInt(u64), 1);
    try std.testing.expectEqual(Totals{ .signals = most, .words = 2 }, totals);
}
