//! `zig build test` runs the logic natively; the component is built by `hal9 plugin build`.

const std = @import("std");

pub fn build(b: *std.Build) void {
    const logic = b.createModule(.{
        .root_source_file = b.path("src/logic.zig"),
        .target = b.graph.host,
        .optimize = .debug,
    });
    const tests = b.addRunArtifact(b.addTest(.{ .root_module = logic }));
    b.step("test", "Run the logic's tests natively").dependOn(&tests.step);
}
