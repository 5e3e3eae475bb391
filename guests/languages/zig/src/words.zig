//! The words of a text and which of them are its keywords. It knows letters as bytes, and nothing of HAL9.

const std = @import("std");
const Allocator = std.mem.Allocator;

/// Words that every text has: they are words, and no keywords.
const stop_words = std.StaticStringMap(void).initComptime(.{
    .{"a"},   .{"an"},   .{"and"}, .{"are"},  .{"as"},   .{"at"}, .{"be"},  .{"but"}, .{"by"},   .{"for"}, .{"from"},
    .{"has"}, .{"have"}, .{"he"},  .{"i"},    .{"in"},   .{"is"}, .{"it"},  .{"not"}, .{"of"},   .{"on"},  .{"or"},
    .{"she"}, .{"that"}, .{"the"}, .{"they"}, .{"this"}, .{"to"}, .{"was"}, .{"we"},  .{"with"}, .{"you"},
});

pub const Keyword = struct { word: []const u8, count: u64 };

pub const Found = struct {
    /// How many words there are, stop words among them.
    words: u64,
    /// The most frequent ones; of those that occur as often, the first comes first.
    keywords: []const Keyword,
};

/// How many words a UTF-8 text has, and its keywords: `limit` at most. All of it is the arena's.
pub fn find(arena: Allocator, text: []const u8, limit: usize) Allocator.Error!Found {
    // ASCII alone becomes lower case.
    const small = try std.ascii.allocLowerString(arena, text);
    var counts: std.StringArrayHashMapUnmanaged(u64) = .empty;
    var words: u64 = 0;
    var begin: usize = 0;
    while (begin < small.len) {
        var end = begin;
        while (end < small.len and isLetter(small[end])) end += 1;
        const word = small[begin..end];
        begin = end + 1;
        if (word.len == 0) continue;
        words += 1;
        if (stop_words.has(word)) continue;
        const counted = try counts.getOrPut(arena, word);
        counted.value_ptr.* = if (counted.found_existing) counted.value_ptr.* + 1 else 1;
    }
    const keywords = try arena.alloc(Keyword, counts.count());
    // In the order in which they came, which sorting keeps for those that occur as often.
    for (keywords, counts.keys(), counts.values()) |*keyword, word, count| keyword.* = .{ .word = word, .count = count };
    std.mem.sort(Keyword, keywords, {}, moreFrequent);
    return .{ .words = words, .keywords = keywords[0..@min(limit, keywords.len)] };
}

/// Keywords joined by commas, which are in no word.
pub fn join(gpa: Allocator, list: *std.ArrayList(u8), keywords: []const Keyword) Allocator.Error!void {
    for (keywords, 0..) |keyword, at| {
        if (at > 0) try list.append(gpa, ',');
        try list.appendSlice(gpa, keyword.word);
    }
}

fn moreFrequent(_: void, one: Keyword, other: Keyword) bool {
    return one.count > other.count;
}

/// ASCII letters, and whatever is beyond ASCII: in UTF-8, every byte of it is.
fn isLetter(byte: u8) bool {
    return byte >= 0x80 or std.ascii.isAlphabetic(byte);
}

fn expect(text: []const u8, limit: usize, words: u64, joined: []const u8) !void {
    var arena = std.heap.ArenaAllocator.init(std.testing.allocator);
    defer arena.deinit();
    const found = try find(arena.allocator(), text, limit);
    var list: std.ArrayList(u8) = .empty;
    try join(arena.allocator(), &list, found.keywords);
    try std.testing.expectEqual(words, found.words);
    try std.testing.expectEqualStrings(joined, list.items);
}

test "the most frequent come first, and the first of equals" {
    try expect("pear fig Pear APPLE fig pear", 5, 6, "pear,fig,apple");
    try expect("one two three", 2, 3, "one,two");
}

test "stop words are words and no keywords" {
    try expect("The cat and THE hat", 5, 5, "cat,hat");
}

test "what is no letter parts words, and nothing else does" {
    try expect("don't stop-me 4ever x2y", 9, 7, "don,t,stop,me,ever,x,y");
}

test "beyond ASCII all is letters and keeps its case" {
    try expect("Ärger ärger ÄRGER", 9, 3, "Ärger,ärger");
}

test "a text without words has none" {
    for ([_][]const u8{ "", " \n\x00", "12 34 !?" }) |text| try expect(text, 5, 0, "");
}
