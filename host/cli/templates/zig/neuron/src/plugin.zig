//! A neuron: answers a signal with the number of its words, and keeps the total in HAL9's memory.
//!
//! `hal9` is made of wit/world.wit by `hal9 plugin build`: the bindings for C, translated. What an export is given is the
//! plugin's to free, and what it gives back is freed by the caller: so a reply is best made of what came.

const std = @import("std");
const hal9 = @import("hal9");
const words = @import("logic.zig").words;

const Signal = hal9.exports_hal9_plugin_neuron_signal_t;
const Batch = hal9.exports_hal9_plugin_neuron_signal_batch_t;
const Failure = hal9.exports_hal9_plugin_neuron_failure_t;
const String = hal9.plugin_string_t;

var processed: u64 = 0;
var failed: u64 = 0;

export fn exports_hal9_plugin_neuron_process_signal(signal: *Signal, reply: *Signal, failure: *Failure) bool {
    const counted = words.count(bytes(signal.content));
    remember(counted) catch |why| {
        hal9.exports_hal9_plugin_neuron_signal_free(signal);
        return fail(failure, why);
    };
    // A name occurs once at most.
    const facts = &signal.metadata;
    var kept: usize = 0;
    for (items(facts.*)) |*fact| {
        if (std.mem.eql(u8, bytes(fact.f0), "words")) {
            hal9.plugin_tuple2_string_string_free(fact);
        } else {
            facts.ptr[kept] = fact.*;
            kept += 1;
        }
    }
    grow(facts);
    var digits: [20]u8 = undefined;
    facts.ptr[kept] = .{ .f0 = owned("words"), .f1 = owned(print(&digits, "{d}", .{counted})) };
    facts.len = kept + 1;
    reply.* = signal.*;
    processed += 1;
    return true;
}

export fn exports_hal9_plugin_neuron_process_batch(batch: *Batch, reply: *Batch, failure: *Failure) bool {
    count(batch) catch |why| {
        hal9.exports_hal9_plugin_neuron_signal_batch_free(batch);
        return fail(failure, why);
    };
    reply.* = batch.*;
    processed += batch.timestamps.len;
    return true;
}

export fn exports_hal9_plugin_neuron_state(state: *hal9.exports_hal9_plugin_neuron_neuron_state_t) void {
    state.* = .{ .processed = processed, .failed = failed, .details = .{ .ptr = null, .len = 0 } };
}

const Why = error{ NotKept, Uneven };

/// Adds a column with the number of words in each row.
fn count(batch: *Batch) Why!void {
    const rows = batch.timestamps.len;
    if (batch.ids.len != 2 * rows or !isWhole(batch.contents, rows) or !isWhole(batch.signal_types, rows)) {
        return error.Uneven;
    }
    const numbers = allocated(f32, rows);
    errdefer std.c.free(numbers.ptr);
    var all: u64 = 0;
    var begin: u32 = 0;
    for (items(batch.contents.ends), numbers) |end, *number| {
        const counted = words.count(bytes(batch.contents.text)[begin..end]);
        number.* = @floatFromInt(counted);
        all += counted;
        begin = end;
    }
    if (rows > 0) try remember(all);
    const columns = &batch.metadata;
    var kept: usize = 0;
    for (items(columns.*)) |*column| {
        if (std.mem.eql(u8, bytes(column.name), "words")) {
            hal9.hal9_plugin_types_column_free(column);
        } else {
            columns.ptr[kept] = column.*;
            kept += 1;
        }
    }
    grow(columns);
    columns.ptr[kept] = .{
        .name = owned("words"),
        .values = .{
            .tag = hal9.HAL9_PLUGIN_TYPES_COLUMN_VALUES_NUMBERS,
            .val = .{ .numbers = .{ .ptr = numbers.ptr, .len = rows } },
        },
    };
    columns.len = kept + 1;
}

/// Whether a column has a text for every row.
fn isWhole(column: hal9.hal9_plugin_types_text_column_t, rows: usize) bool {
    var begin: u32 = 0;
    for (items(column.ends)) |end| {
        if (end < begin) return false;
        begin = end;
    }
    return column.ends.len == rows and begin == column.text.len;
}

/// Adds to the total, which outlives this instance.
fn remember(counted: u64) error{NotKept}!void {
    var key = borrowed("total");
    var kept: hal9.plugin_option_list_u8_t = undefined;
    var why: hal9.hal9_plugin_memory_error_t = undefined;
    errdefer hal9.hal9_plugin_memory_error_free(&why);
    if (!hal9.hal9_plugin_memory_get(&key, &kept, &why)) return error.NotKept;
    defer hal9.plugin_option_list_u8_free(&kept);
    const before = if (kept.is_some) std.fmt.parseInt(u64, items(kept.val), 10) catch 0 else 0;
    var digits: [20]u8 = undefined;
    const total = print(&digits, "{d}", .{before + counted});
    var value: hal9.plugin_list_u8_t = .{ .ptr = total.ptr, .len = total.len };
    if (!hal9.hal9_plugin_memory_set(&key, &value, &why)) return error.NotKept;
    var line: [64]u8 = undefined;
    var message = borrowed(print(&line, "{d} words, {s} in all", .{ counted, total }));
    hal9.hal9_plugin_logging_log(hal9.HAL9_PLUGIN_LOGGING_LEVEL_INFO, &message);
}

fn fail(failure: *Failure, why: Why) bool {
    failed += 1;
    failure.* = switch (why) {
        error.NotKept => .{
            .code = hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_UNAVAILABLE,
            .message = owned("the total could not be kept"),
        },
        error.Uneven => .{
            .code = hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT,
            .message = owned("the columns have different numbers of rows"),
        },
    };
    return false;
}

/// What fits into `buffer`, as it is chosen to.
fn print(buffer: []u8, comptime format: []const u8, values: anytype) []u8 {
    return std.fmt.bufPrint(buffer, format, values) catch buffer;
}

fn bytes(string: String) []const u8 {
    return items(string);
}

/// The items of a list; one without any has no memory of its own.
fn items(list: anytype) []@typeInfo(@TypeOf(list.ptr)).pointer.child {
    return if (list.len == 0) &.{} else list.ptr[0..list.len];
}

/// Makes room for one item more.
fn grow(list: anytype) void {
    const Item = @typeInfo(@TypeOf(list.ptr)).pointer.child;
    const old: ?*anyopaque = if (list.len == 0) null else @ptrCast(list.ptr);
    const more = std.c.realloc(old, (list.len + 1) * @sizeOf(Item)) orelse @trap();
    list.ptr = @ptrCast(@alignCast(more));
}

fn allocated(comptime Item: type, length: usize) []Item {
    const memory = std.c.malloc(@max(1, length * @sizeOf(Item))) orelse @trap();
    return @as([*]Item, @ptrCast(@alignCast(memory)))[0..length];
}

/// A text that HAL9 reads, and does not keep.
fn borrowed(text: []const u8) String {
    return .{ .ptr = @constCast(text.ptr), .len = text.len };
}

/// A text that the caller frees.
fn owned(text: []const u8) String {
    const copy = allocated(u8, text.len);
    @memcpy(copy, text);
    return .{ .ptr = copy.ptr, .len = copy.len };
}
