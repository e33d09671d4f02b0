using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.FieldOwnership;

namespace Dataplane.ControlPlane.Tests.FieldOwnership;

/// <summary>The cap on updaters: the oldest become one.</summary>
public sealed class AncientChangesTests
{
    [Theory]
    [InlineData(10, 10, "")]
    [InlineData(11, 10, "f0,f1")]
    [InlineData(15, 10, "f0,f1,f2,f3,f4,f5")]
    public void MoreThanTenUpdatersAreMergedFromTheOldestOn(int updaters, int left, string ancient)
    {
        var managed = new ManagedFields();
        managed.Set(new FieldManager("applier", Applies: true, "v1", ""), Field("a"), "2020-01-01T00:00:00Z");
        for (var i = 0; i < updaters; i++)
        {
            managed.Set(new FieldManager($"updater-{i}", Applies: false, "v1", ""), Field($"f{i}"), $"2026-01-01T00:00:{i:00}Z");
        }

        managed.MergeAncient();
        Assert.Equal(left, managed.Entries.Count(entry => !entry.Key.Applies));
        Assert.Contains(managed.Entries, entry => entry.Key.Applies);
        var merged = managed.Of(new FieldManager("ancient-changes", Applies: false, "v1", ""));
        Assert.Equal(ancient, merged is null ? "" : string.Join(",", merged.Fields.Paths().Select(path => path[0].Text)));
    }

    [Fact]
    public void VersionsAreMergedApart()
    {
        var managed = new ManagedFields();
        for (var i = 0; i < 14; i++)
        {
            managed.Set(new FieldManager($"updater-{i}", Applies: false, i % 2 == 0 ? "v1" : "v2", ""), Field($"f{i}"), $"2026-01-01T00:00:{i:00}Z");
        }

        managed.MergeAncient();
        Assert.Equal(10, managed.Entries.Count);
        Assert.Equal("v1,v2", string.Join(",", managed.Entries.Where(entry => entry.Key.Name == "ancient-changes").Select(entry => entry.Key.ApiVersion).Order()));
    }

    private static FieldSet Field(string name) => FieldSet.FromJson(new JsonObject { [$"f:{name}"] = new JsonObject() })!;
}
