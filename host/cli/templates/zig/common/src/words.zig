//! Counting words. It knows nothing of HAL9, so that tests run it natively.

const std = @import("std");

/// How many words a text has: runs of what is not ASCII white space.
pub fn count(text: []const u8) u64 {
    var words: u64 = 0;
    var parts = std.mem.tokenizeAny(u8, text, &std.ascii.whitespace);
    while (parts.next()) |_| words += 1;
    return words;
}

test "words are what white space separates" {
    const expect = std.testing.expectEqual;
    try expect(0, count(""));
    try expect(0, count(" \t\r\n "));
    try expect(1, count("one"));
    try expect(2, count("  two\n words "));
    try expect(3, count("Ärger im Büro"));
}
