//! All of the plugin that knows nothing of HAL9; `zig build test` begins here.

const std = @import("std");
pub const words = @import("words.zig");

/// What the tool takes, for an agent.
pub const schema =
    \\{"type": "object", "required": ["text"], "additionalProperties": false,
    \\ "properties": {"text": {"type": "string", "description": "Any text"}}}
;

/// What is wrong with parameters: where, as a JSON Pointer, and why.
pub const Wrong = struct { path: []const u8 = "", message: []const u8 };

pub const Params = union(enum) { text: []const u8, wrong: Wrong };

/// Reads the parameters of the tool. The text is the arena's.
pub fn params(arena: std.mem.Allocator, json: []const u8) Params {
    const options: std.json.ParseOptions = .{ .duplicate_field_behavior = .use_last };
    const value = std.json.parseFromSliceLeaky(std.json.Value, arena, json, options) catch
        return .{ .wrong = .{ .message = "the parameters are not JSON" } };
    if (value != .object) return .{ .wrong = .{ .message = "the parameters must be an object: {\"text\": \"…\"}" } };
    for (value.object.keys()) |key| {
        if (!std.mem.eql(u8, key, "text")) {
            return .{ .wrong = .{ .message = "there is a member that is not `text`, which is the only one" } };
        }
    }
    const text = value.object.get("text") orelse
        return .{ .wrong = .{ .message = "`text` is missing: give {\"text\": \"…\"}" } };
    if (text != .string) return .{ .wrong = .{ .path = "/text", .message = "`text` must be a string" } };
    return .{ .text = text.string };
}

test {
    _ = words;
}

test "parameters are an object with a text and nothing else" {
    var arena = std.heap.ArenaAllocator.init(std.testing.allocator);
    defer arena.deinit();
    const right = params(arena.allocator(), "{\"text\": \"\\u00e4 b\"}");
    try std.testing.expectEqualStrings("ä b", right.text);
    const schema_value = try std.json.parseFromSliceLeaky(std.json.Value, arena.allocator(), schema, .{});
    try std.testing.expect(schema_value == .object);
    for ([_][]const u8{ "", "{", "[]", "{}", "{\"text\": 1}", "{\"text\": \"a\", \"more\": 1}" }) |json| {
        try std.testing.expect(params(arena.allocator(), json) == .wrong);
    }
    try std.testing.expectEqualStrings("/text", params(arena.allocator(), "{\"text\": null}").wrong.path);
}
