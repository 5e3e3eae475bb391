//! The parameters of the tool: which there are, and what is said of those that are wrong. It knows nothing of words.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// What the tool takes, for an agent.
pub const schema =
    \\{"type": "object", "required": ["text"], "additionalProperties": false, "properties": {
    \\ "text": {"type": "string", "description": "The text"},
    \\ "limit": {"type": "integer", "minimum": 1, "maximum": 100,
    \\  "description": "How many at most; as configured, where it is left out"}}}
;

/// What is wrong with parameters: where, as a JSON Pointer, and why.
pub const Wrong = struct { path: []const u8 = "", message: []const u8 };

pub const Right = struct { text: []const u8, limit: usize };

pub const Params = union(enum) { right: Right, wrong: Wrong };

/// The text and how many keywords it may have: `limit`, where that is left out. All of it is the arena's.
pub fn read(arena: Allocator, json: []const u8, limit: usize) Allocator.Error!Params {
    const options: std.json.ParseOptions = .{ .duplicate_field_behavior = .use_last };
    const value = std.json.parseFromSliceLeaky(std.json.Value, arena, json, options) catch
        return .{ .wrong = .{ .message = "the parameters are not a JSON object" } };
    if (value != .object) return .{ .wrong = .{ .message = "the parameters are not a JSON object" } };
    // The first in the order of names, so that the same call is always told the same.
    var unknown: ?[]const u8 = null;
    for (value.object.keys()) |name| {
        if (std.mem.eql(u8, name, "text") or std.mem.eql(u8, name, "limit")) continue;
        if (unknown == null or std.mem.order(u8, name, unknown.?) == .lt) unknown = name;
    }
    if (unknown) |name| {
        const parts = [_][]const u8{ "there is no parameter `", name, "`; there are text and limit" };
        return .{ .wrong = .{ .message = try std.mem.concat(arena, u8, &parts) } };
    }
    const text = value.object.get("text") orelse
        return .{ .wrong = .{ .message = "`text` is missing: the text whose keywords to find" } };
    if (text != .string) return .{ .wrong = .{ .path = "/text", .message = "`text` must be a text" } };
    const most = if (value.object.get("limit")) |given| whole(given) orelse
        return .{ .wrong = .{ .path = "/limit", .message = "`limit` must be a whole number from 1 to 100" } } else limit;
    return .{ .right = .{ .text = text.string, .limit = most } };
}

/// The whole number from 1 to 100 that a configuration says as JSON; `otherwise`, where it says none.
pub fn limitOf(arena: Allocator, json: []const u8, otherwise: usize) usize {
    const value = std.json.parseFromSliceLeaky(std.json.Value, arena, json, .{}) catch return otherwise;
    return whole(value) orelse otherwise;
}

/// A whole number from 1 to 100. 3.0 is what some languages write for 3.
fn whole(value: std.json.Value) ?usize {
    const number: f64 = switch (value) {
        .integer => |integer| @floatFromInt(integer),
        .float => |float| float,
        else => return null,
    };
    return if (number >= 1 and number <= 100 and number == @trunc(number)) @trunc(number) else null;
}

test "a text and a limit are read" {
    var arena = std.heap.ArenaAllocator.init(std.testing.allocator);
    defer arena.deinit();
    const params = try read(arena.allocator(), "{\"text\": \"\\u00e4\", \"limit\": 3.0}", 5);
    try std.testing.expectEqualStrings("ä", params.right.text);
    try std.testing.expectEqual(3, params.right.limit);
    _ = try std.json.parseFromSliceLeaky(std.json.Value, arena.allocator(), schema, .{});
}

test "what is wrong is named" {
    var arena = std.heap.ArenaAllocator.init(std.testing.allocator);
    defer arena.deinit();
    const cases = [_]struct { []const u8, []const u8 }{
        .{ "{}", "`text`" },
        .{ "{\"text\": null}", "`text`" },
        .{ "{\"text\": \"a\", \"limit\": 0}", "`limit`" },
        .{ "{\"text\": \"a\", \"limit\": 1.5}", "`limit`" },
        .{ "{\"text\": \"a\", \"limit\": \"3\"}", "`limit`" },
        .{ "{\"text\": \"a\", \"z\": 1, \"most\": [{}]}", "`most`" },
        .{ "", "not a JSON object" },
        .{ "{", "not a JSON object" },
        .{ "[]", "not a JSON object" },
        .{ "{\"text\": NaN}", "not a JSON object" },
        .{ "{\"text\": \"\\ud800\"}", "not a JSON object" },
        .{ "{\"text\": \"a\"} x", "not a JSON object" },
    };
    for (cases) |case| {
        const params = try read(arena.allocator(), case[0], 5);
        try std.testing.expect(std.mem.find(u8, params.wrong.message, case[1]) != null);
    }
}
