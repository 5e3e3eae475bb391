//! Keywords in Zig, a neuron of layer L2 and a tool: it finds the most frequent words of a text. This file has the exports; `words`
//! finds keywords, `params` reads the tool's parameters, `totals` counts.
//!
//! `hal9` is made of wit/world.wit by `hal9 plugin build`: the bindings for C, translated. What an export is given is the
//! plugin's to free, and what it gives back is freed by the caller: so a reply is best made of what came.

const std = @import("std");
const hal9 = @import("hal9");
const logic = @import("logic.zig");
const memory = @import("memory.zig");

const Totals = logic.Totals;
const Arena = std.heap.ArenaAllocator;
const String = hal9.plugin_string_t;
const Bytes = hal9.plugin_list_u8_t;
const Signal = hal9.exports_hal9_plugin_neuron_signal_t;
const Batch = hal9.exports_hal9_plugin_neuron_signal_batch_t;
const Column = hal9.hal9_plugin_types_column_t;
const Failure = hal9.exports_hal9_plugin_neuron_failure_t;

const items = memory.items;
const owned = memory.owned;
const lent = memory.lent;

const name_of_tool = "keywords";
const no_totals = "these are no totals: they are two whole numbers with a space between";
const default_limit = 5;

/// What an allocation gives is freed by hand, as HAL9's bindings do; there is no way on where there is none.
const gpa = std.heap.c_allocator;

var limit: ?usize = null;
var totals: ?Totals = null;
var processed: u64 = 0;
var failed: u64 = 0;

fn tell(level: u8, line: []const u8) void {
    var message = lent(line);
    hal9.hal9_plugin_logging_log(level, &message);
}

/// How many keywords there are at most. The host has held it against the schema.
fn configured() usize {
    if (limit) |known_limit| return known_limit;
    var key = lent("limit");
    var value: String = undefined;
    var most: usize = default_limit;
    if (hal9.hal9_plugin_config_get(&key, &value)) {
        defer hal9.plugin_string_free(&value);
        var arena = Arena.init(gpa);
        defer arena.deinit();
        most = logic.params.limitOf(arena.allocator(), items(value), default_limit);
    }
    limit = most;
    return most;
}

/// The totals: from HAL9's memory, where nothing is known yet. One that fails is one without.
fn known() *Totals {
    if (totals == null) totals = recall();
    return &totals.?;
}

fn recall() Totals {
    var key = lent("totals");
    var kept: hal9.plugin_option_list_u8_t = undefined;
    var why: hal9.hal9_plugin_memory_error_t = undefined;
    if (!hal9.hal9_plugin_memory_get(&key, &kept, &why)) {
        hal9.hal9_plugin_memory_error_free(&why);
        tell(hal9.HAL9_PLUGIN_LOGGING_LEVEL_WARN, "cannot read the totals");
        return .{};
    }
    defer hal9.plugin_option_list_u8_free(&kept);
    if (!kept.is_some) return .{};
    return Totals.parse(items(kept.val)) orelse {
        tell(hal9.HAL9_PLUGIN_LOGGING_LEVEL_WARN, no_totals);
        return .{};
    };
}

/// Counts more. A memory that fails costs nobody an answer.
fn add(signals: u64, words: u64) void {
    processed += signals;
    known().add(signals, words);
    var buffer: [Totals.room]u8 = undefined;
    const written = known().write(&buffer);
    var key = lent("totals");
    var value: Bytes = .{ .ptr = written.ptr, .len = written.len };
    var why: hal9.hal9_plugin_memory_error_t = undefined;
    if (!hal9.hal9_plugin_memory_set(&key, &value, &why)) {
        hal9.hal9_plugin_memory_error_free(&why);
        tell(hal9.HAL9_PLUGIN_LOGGING_LEVEL_WARN, "cannot keep the totals");
    }
}

/// Whether a fact or a column is one that this plugin adds. A name occurs once at most.
fn isOurs(name: String) bool {
    return std.mem.eql(u8, items(name), "keywords") or std.mem.eql(u8, items(name), "words");
}

export fn exports_hal9_plugin_neuron_process_signal(signal: *Signal, reply: *Signal, _: *Failure) bool {
    var arena = Arena.init(gpa);
    defer arena.deinit();
    answer(arena.allocator(), signal) catch @trap();
    reply.* = signal.*;
    return true;
}

fn answer(arena: std.mem.Allocator, signal: *Signal) !void {
    const found = try logic.words.find(arena, items(signal.content), configured());
    add(1, found.words);
    var line: [80]u8 = undefined;
    tell(hal9.HAL9_PLUGIN_LOGGING_LEVEL_INFO, try std.fmt.bufPrint(&line, "{d} words, {d} keywords", .{ found.words, found.keywords.len }));
    var joined: std.ArrayList(u8) = .empty;
    try logic.words.join(arena, &joined, found.keywords);

    const facts = &signal.metadata;
    var kept: usize = 0;
    for (items(facts.*)) |*fact| {
        if (isOurs(fact.f0)) {
            hal9.plugin_tuple2_string_string_free(fact);
        } else {
            facts.ptr[kept] = fact.*;
            kept += 1;
        }
    }
    memory.resize(facts, kept + 2);
    facts.ptr[kept] = .{ .f0 = owned("keywords"), .f1 = owned(joined.items) };
    facts.ptr[kept + 1] = .{ .f0 = owned("words"), .f1 = owned(try std.fmt.bufPrint(&line, "{d}", .{found.words})) };
}

export fn exports_hal9_plugin_neuron_process_batch(batch: *Batch, reply: *Batch, failure: *Failure) bool {
    const rows = batch.timestamps.len;
    if (batch.ids.len != 2 * rows or !isWhole(batch.contents, rows) or !isWhole(batch.signal_types, rows)) {
        failed += rows;
        hal9.exports_hal9_plugin_neuron_signal_batch_free(batch);
        return fail(failure, hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, "the columns have different numbers of rows");
    }
    answerAll(batch, rows) catch @trap();
    reply.* = batch.*;
    return true;
}

/// Adds the columns of all rows to a batch.
fn answerAll(batch: *Batch, rows: usize) !void {
    const words = memory.allocated(f32, rows);
    const ends = memory.allocated(u32, rows);
    var joined: std.ArrayList(u8) = .empty;
    defer joined.deinit(gpa);
    var arena = Arena.init(gpa);
    defer arena.deinit();
    var all: u64 = 0;
    var begin: u32 = 0;
    for (items(batch.contents.ends), words, ends) |end, *count, *joined_end| {
        _ = arena.reset(.retain_capacity);
        const found = try logic.words.find(arena.allocator(), items(batch.contents.text)[begin..end], configured());
        try logic.words.join(gpa, &joined, found.keywords);
        // Never longer than what came, whose ends fit.
        joined_end.* = @intCast(joined.items.len);
        count.* = @floatFromInt(found.words);
        all += found.words;
        begin = end;
    }
    add(rows, all);
    var line: [80]u8 = undefined;
    tell(hal9.HAL9_PLUGIN_LOGGING_LEVEL_INFO, try std.fmt.bufPrint(&line, "{d} words in a batch of {d}", .{ all, rows }));

    const columns = &batch.metadata;
    var kept: usize = 0;
    for (items(columns.*)) |*column| {
        if (isOurs(column.name)) {
            hal9.hal9_plugin_types_column_free(column);
        } else {
            columns.ptr[kept] = column.*;
            kept += 1;
        }
    }
    memory.resize(columns, kept + 2);
    columns.ptr[kept] = .{ .name = owned("keywords"), .values = .{
        .tag = hal9.HAL9_PLUGIN_TYPES_COLUMN_VALUES_TEXTS,
        .val = .{ .texts = .{ .text = owned(joined.items), .ends = .{ .ptr = ends.ptr, .len = rows } } },
    } };
    columns.ptr[kept + 1] = .{ .name = owned("words"), .values = .{
        .tag = hal9.HAL9_PLUGIN_TYPES_COLUMN_VALUES_NUMBERS,
        .val = .{ .numbers = .{ .ptr = words.ptr, .len = rows } },
    } };
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

export fn exports_hal9_plugin_neuron_state(state: *hal9.exports_hal9_plugin_neuron_neuron_state_t) void {
    state.* = .{ .processed = processed, .failed = failed, .details = .{ .ptr = null, .len = 0 } };
    memory.resize(&state.details, 2);
    for ([_][]const u8{ "signals", "words" }, [_]u64{ known().signals, known().words }, items(state.details)) |name, count, *fact| {
        var digits: [20]u8 = undefined;
        fact.* = .{ .f0 = owned(name), .f1 = owned(std.fmt.bufPrint(&digits, "{d}", .{count}) catch &digits) };
    }
}

export fn exports_hal9_plugin_tool_describe(tools: *hal9.exports_hal9_plugin_tool_list_tool_description_t) void {
    tools.* = .{ .ptr = null, .len = 0 };
    memory.resize(tools, 1);
    tools.ptr[0] = .{
        .name = owned(name_of_tool),
        .description = owned("Finds the most frequent words of a text, with how often each occurs."),
        .parameters = owned(logic.params.schema),
    };
}

/// The parameters of a call, or what is wrong with it.
fn read(arena: std.mem.Allocator, name: *String, params: *String) !logic.params.Params {
    const parts = [_][]const u8{ "there is no tool `", items(name.*), "`; there is " ++ name_of_tool };
    if (!isTool(name)) return .{ .wrong = .{ .message = try std.mem.concat(arena, u8, &parts) } };
    return logic.params.read(arena, items(params.*), configured());
}

fn isTool(name: *const String) bool {
    return std.mem.eql(u8, items(name.*), name_of_tool);
}

export fn exports_hal9_plugin_tool_validate(
    name: *String,
    params: *String,
    violations: *hal9.exports_hal9_plugin_tool_list_violation_t,
) bool {
    defer hal9.plugin_string_free(name);
    defer hal9.plugin_string_free(params);
    var arena = Arena.init(gpa);
    defer arena.deinit();
    const wrong = switch (read(arena.allocator(), name, params) catch @trap()) {
        .right => return true,
        .wrong => |wrong| wrong,
    };
    violations.* = .{ .ptr = null, .len = 0 };
    memory.resize(violations, 1);
    violations.ptr[0] = .{ .path = owned(wrong.path), .message = owned(wrong.message) };
    return false;
}

export fn exports_hal9_plugin_tool_execute(name: *String, params: *String, result: *String, failure: *Failure) bool {
    defer hal9.plugin_string_free(name);
    defer hal9.plugin_string_free(params);
    var arena = Arena.init(gpa);
    defer arena.deinit();
    const asked = switch (read(arena.allocator(), name, params) catch @trap()) {
        .right => |right| right,
        .wrong => |wrong| {
            const code: u8 = if (isTool(name)) hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT else hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_NOT_FOUND;
            return fail(failure, code, wrong.message);
        },
    };
    const found = logic.words.find(arena.allocator(), asked.text, asked.limit) catch @trap();
    const json = std.json.Stringify.valueAlloc(arena.allocator(), found, .{}) catch @trap();
    result.* = owned(json);
    return true;
}

export fn exports_hal9_plugin_lifecycle_init(_: *Failure) bool {
    return true;
}

export fn exports_hal9_plugin_lifecycle_health(report: *hal9.exports_hal9_plugin_lifecycle_health_report_t) void {
    report.* = .{ .status = hal9.EXPORTS_HAL9_PLUGIN_LIFECYCLE_STATUS_HEALTHY, .reason = owned("") };
}

/// The host has another configuration already: it is asked for when it is needed.
export fn exports_hal9_plugin_lifecycle_reconfigure(config: *String, _: *Failure) bool {
    hal9.plugin_string_free(config);
    limit = null;
    return true;
}

export fn exports_hal9_plugin_lifecycle_export_state(state: *Bytes, _: *Failure) bool {
    var buffer: [Totals.room]u8 = undefined;
    const written = owned(known().write(&buffer));
    state.* = .{ .ptr = written.ptr, .len = written.len };
    return true;
}

export fn exports_hal9_plugin_lifecycle_import_state(state: *Bytes, failure: *Failure) bool {
    defer hal9.plugin_list_u8_free(state);
    totals = Totals.parse(items(state.*)) orelse
        return fail(failure, hal9.HAL9_PLUGIN_TYPES_FAILURE_CODE_INVALID_INPUT, no_totals);
    return true;
}

export fn exports_hal9_plugin_lifecycle_shutdown() void {}

fn fail(failure: *Failure, code: u8, message: []const u8) bool {
    failure.* = .{ .code = code, .message = owned(message) };
    return false;
}
