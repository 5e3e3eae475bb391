//! Lists and texts as the bindings for C have them: who gives memory, and how slices are made of it. It knows no interface of HAL9's.

const std = @import("std");
const hal9 = @import("hal9");

/// The items of a list; one without any has no memory of its own.
pub fn items(list: anytype) []@typeInfo(@TypeOf(list.ptr)).pointer.child {
    return if (list.len == 0) &.{} else list.ptr[0..list.len];
}

/// Gives a list room for so many items, those among them that are there.
pub fn resize(list: anytype, length: usize) void {
    const Item = @typeInfo(@TypeOf(list.ptr)).pointer.child;
    const old: ?*anyopaque = if (list.len == 0) null else @ptrCast(list.ptr);
    const more = std.c.realloc(old, length * @sizeOf(Item)) orelse @trap();
    list.ptr = @ptrCast(@alignCast(more));
    list.len = length;
}

pub fn allocated(comptime Item: type, length: usize) []Item {
    const memory = std.c.malloc(@max(1, length * @sizeOf(Item))) orelse @trap();
    return @as([*]Item, @ptrCast(@alignCast(memory)))[0..length];
}

/// A text that HAL9 reads, and does not keep.
pub fn lent(text: []const u8) hal9.plugin_string_t {
    return .{ .ptr = @constCast(text.ptr), .len = text.len };
}

/// A text that the caller frees.
pub fn owned(text: []const u8) hal9.plugin_string_t {
    const copy = allocated(u8, text.len);
    @memcpy(copy, text);
    return .{ .ptr = copy.ptr, .len = copy.len };
}
