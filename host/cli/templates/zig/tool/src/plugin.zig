//! A provider of one tool, `count_words`, which agents call with {"text": "…"}.
//!
//! `hal9` is made of wit/world.wit by `hal9 plugin build`: the bindings for C, translated. What an export is given is the
//! plugin's to free, and what it gives back is freed by the caller.

const std = @import("std");
const hal9 = @import("hal9");
const logic = @import("logic.zig");

const String = hal9.plugin_string_t;
const Failure = hal9.exports_hal9_plugin_tool_failure_t;
const name_of_tool = "count_words";

export fn exports_hal9_plugin_tool_describe(tools: *hal9.exports_hal9_plugin_tool_list_tool_description_t) void {
    const list = allocated(hal9.exports_hal9_plugin_tool_tool_description_t, 1);
    list[0] = .{
        .name = owned(name_of_tool),
        .description = owned("Counts the words of a text: what white space separates."),
        .parameters = owned(logic.schema),
    };
    tools.* = .{ .ptr = list.ptr, .len = list.len };
}

export fn exports_hal9_plugin_tool_validate(
    name: *String,
    params: *String,
    violations: *hal9.exports_hal9_plugin_tool_list_violation_t,
) bool {
    defer hal9.plugin_string_free(name);
    defer hal9.plugin_string_free(params);
    var arena = std.heap.ArenaAllocator.init(std.heap.c_allocator);
    defer arena.deinit();
    const wrong: logic.Wrong = if (!std.mem.eql(u8, bytes(name), name_of_tool))
        .{ .message = "there is no such tool" }
    else switch (logic.params(arena.allocator(), bytes(params))) {
        .text => return true,
        .wrong => |wrong| wrong,
    };
    const list = allocated(hal9.exports_hal9_plugin_tool_violation_t, 1);
    list[0] = .{ .path = owned(wrong.path), .message = owned(wrong.message) };
    violations.* = .{ .ptr = list.ptr, .len = list.len };
    return false;
}

export fn exports_hal9_plugin_tool_execute(name: *String, params: *String, result: *String, failure: *Failure) bool {
    defer hal9.plugin_string_free(name);
    defer hal9.plugin_string_free(params);
    var arena = std.heap.ArenaAllocator.init(std.heap.c_allocator);
    defer arena.deinit();
    if (!std.mem.eql(u8, bytes(name), name_of_tool)) {
        return fail(failure, hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_NOT_FOUND, "there is no such tool");
    }
    const text = switch (logic.params(arena.allocator(), bytes(params))) {
        .text => |text| text,
        .wrong => |wrong| return fail(failure, hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, wrong.message),
    };
    const counted = logic.words.count(text);
    var line: [64]u8 = undefined;
    result.* = owned(print(&line, "{{\"words\": {d}}}", .{counted}));
    const message = print(&line, "{d} words", .{counted});
    var log: String = .{ .ptr = message.ptr, .len = message.len };
    hal9.hal9_plugin_logging_log(hal9.HAL9_PLUGIN_LOGGING_LEVEL_INFO, &log);
    return true;
}

fn fail(failure: *Failure, code: u8, message: []const u8) bool {
    failure.* = .{ .code = code, .message = owned(message) };
    return false;
}

/// What fits into `buffer`, as it is chosen to.
fn print(buffer: []u8, comptime format: []const u8, values: anytype) []u8 {
    return std.fmt.bufPrint(buffer, format, values) catch buffer;
}

fn bytes(string: *const String) []const u8 {
    return if (string.len == 0) "" else string.ptr[0..string.len];
}

fn allocated(comptime Item: type, length: usize) []Item {
    const memory = std.c.malloc(@max(1, length * @sizeOf(Item))) orelse @trap();
    return @as([*]Item, @ptrCast(@alignCast(memory)))[0..length];
}

/// A text that the caller frees.
fn owned(text: []const u8) String {
    const copy = allocated(u8, text.len);
    @memcpy(copy, text);
    return .{ .ptr = copy.ptr, .len = copy.len };
}
