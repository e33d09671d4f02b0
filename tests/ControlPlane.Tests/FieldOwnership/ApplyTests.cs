using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Tests.FieldOwnership;

/// <summary>What an apply does to an object another manager or an earlier apply made, by the kind's lists and structs.</summary>
public sealed class ApplyTests
{
    private static readonly FieldManager Applier = new("a", Applies: true, "v1", "");

    // What the applier applied first, what an updater made of it, what is applied then, the object after that.
    public static TheoryData<string, string, string, string, string, string> Rows => new()
    {
        {
            "a field no longer applied goes, one nobody applied stays", "core.Pod",
            """{"spec":{"hostname":"h","subdomain":"s"}}""", """{"spec":{"hostname":"h","subdomain":"s","nodeName":"n"}}""",
            """{"spec":{"hostname":"h"}}""", """{"spec":{"hostname":"h","nodeName":"n"}}"""
        },
        {
            "items go one by one and keep what others added", "core.Pod",
            """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"a","image":"1","tty":true},{"name":"b"},{"name":"c"}]}}""",
            """{"spec":{"containers":[{"name":"a","image":"2"}]}}""", """{"spec":{"containers":[{"name":"a","image":"2","tty":true},{"name":"c"}]}}"""
        },
        {
            "service ports are told apart by port and protocol, TCP when it is left out", "core.Service",
            """{"spec":{"ports":[{"port":53,"name":"t"},{"port":53,"protocol":"UDP","name":"u"}]}}""",
            """{"spec":{"ports":[{"port":53,"name":"t","protocol":"TCP"},{"port":53,"protocol":"UDP","name":"u"}]}}""",
            """{"spec":{"ports":[{"port":53,"name":"x"}]}}""", """{"spec":{"ports":[{"port":53,"name":"x","protocol":"TCP"}]}}"""
        },
        {
            "labels are owned one by one", "core.Pod",
            """{"metadata":{"labels":{"a":"1","b":"1"}}}""", """{"metadata":{"labels":{"a":"1","b":"1","c":"1"}}}""",
            """{"metadata":{"labels":{"a":"2"}}}""", """{"metadata":{"labels":{"a":"2","c":"1"}}}"""
        },
        {
            "a selector is atomic", "core.Service",
            """{"spec":{"selector":{"a":"1","b":"1"}}}""", """{"spec":{"selector":{"a":"1","b":"1"}}}""",
            """{"spec":{"selector":{"c":"1"}}}""", """{"spec":{"selector":{"c":"1"}}}"""
        },
        {
            "tolerations are atomic", "core.Pod",
            """{"spec":{"tolerations":[{"key":"a"}]}}""", """{"spec":{"tolerations":[{"key":"a"}]}}""",
            """{"spec":{"tolerations":[{"key":"b"}]}}""", """{"spec":{"tolerations":[{"key":"b"}]}}"""
        },
        {
            "finalizers are a set", "core.Pod",
            """{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["a","b","c"]}}""",
            """{"metadata":{"finalizers":["b","d"]}}""", """{"metadata":{"finalizers":["b","c","d"]}}"""
        },
        {
            "what another manager changed in between is its own and stays", "core.Pod",
            """{"spec":{"hostname":"h","subdomain":"s"}}""", """{"spec":{"hostname":"h","subdomain":"other"}}""",
            """{"spec":{"hostname":"h"}}""", """{"spec":{"hostname":"h","subdomain":"other"}}"""
        },
        {
            "items are in the order applied", "core.Pod",
            """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"a"},{"name":"x"},{"name":"b"}]}}""",
            """{"spec":{"containers":[{"name":"b"},{"name":"a"}]}}""", """{"spec":{"containers":[{"name":"b"},{"name":"a"},{"name":"x"}]}}"""
        },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Applies(string what, string type, string first, string updated, string second, string expected)
    {
        var tracker = Tracker(type);
        var live = tracker.Apply([], Named(first), Applier, force: false);
        var changed = Named(updated);
        tracker.Update(live, changed, new FieldManager("u", Applies: false, "v1", ""));
        var result = tracker.Apply(changed, Named(second), Applier, force: false);
        result.Metadata().Remove("managedFields");
        Assert.True(JsonNode.DeepEquals(Named(expected), result), $"{what}: {result.ToJsonString()}");
    }

    [Theory]
    [InlineData(false, "Apply failed with 1 conflict: conflict with \"kubectl-scale\" using apps/v1: .spec.replicas")]
    [InlineData(true, "Apply failed with 2 conflicts: conflicts with \"kubectl-scale\" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name=\"c\"].image")]
    public void Another_managers_field_is_a_conflict_until_forced(bool imageToo, string message)
    {
        var tracker = Tracker("apps.Deployment");
        var live = tracker.Apply([], Deployment(1, "1"), Applier, force: false);
        var scaled = Deployment(3, imageToo ? "2" : "1");
        tracker.Update(live, scaled, new FieldManager("kubectl-scale", Applies: false, "apps/v1", ""));

        var refusal = Assert.Throws<StatusException>(() => tracker.Apply(scaled, Deployment(1, "1"), Applier, force: false));
        Assert.Equal((409, message), (refusal.Code, refusal.Message));
        Assert.Equal("FieldManagerConflict", refusal.Status().Objects("details", "causes").First().Text("reason"));

        var forced = tracker.Apply(scaled, Deployment(1, "1"), Applier, force: true);
        Assert.Equal(1, forced.Integer("spec", "replicas"));
        Assert.Equal(["a"], forced.Objects("metadata", "managedFields").Select(entry => entry.Text("manager")));
    }

    [Fact]
    public void Two_appliers_of_the_same_value_share_it()
    {
        var tracker = Tracker("core.Pod");
        var config = Named("""{"spec":{"hostname":"h"}}""");
        var live = tracker.Apply(tracker.Apply([], config, Applier, force: false), config, Applier with { Name = "b" }, force: false);
        var left = tracker.Apply(live, Named("{}"), Applier, force: false);
        Assert.Equal("h", left.Text("spec", "hostname"));
        Assert.Equal(["b"], left.Objects("metadata", "managedFields").Select(entry => entry.Text("manager")));
    }

    [Fact]
    public void Managed_fields_are_written_as_upstream_writes_them()
    {
        var live = Tracker("core.Service").Apply([], Named("""{"metadata":{"labels":{"l":"1"}},"spec":{"ports":[{"port":80}],"selector":{"x":"y"}}}"""), Applier, force: false);
        const string expected = """{"f:metadata":{"f:labels":{"f:l":{}}},"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}}},"f:selector":{}}}""";
        var entry = Assert.Single(live.Objects("metadata", "managedFields"));
        Assert.Equal(expected, ObjectJson.Text(ObjectJson.Encode(entry["fieldsV1"]!)).Replace("\\u0022", "\\\"", StringComparison.Ordinal));
        Assert.Equal("Apply", entry.Text("operation"));
    }

    [Theory]
    [InlineData("[{}]", 0)]
    [InlineData("[]", 1)]
    [InlineData(null, 1)]
    public void Only_one_empty_entry_forgets_the_owners(string? given, int left)
    {
        var tracker = Tracker("core.Pod");
        var live = tracker.Apply([], Named("""{"spec":{"hostname":"h"}}"""), Applier, force: false);
        var changed = Named("""{"spec":{"hostname":"h"}}""");
        changed.Metadata()["managedFields"] = given is null ? null : JsonNode.Parse(given);
        tracker.Update(live, changed, new FieldManager("u", Applies: false, "v1", ""));
        Assert.Equal(left, changed.Objects("metadata", "managedFields").Count());
    }

    [Theory]
    [InlineData("""{"spec":{"containers":[{"name":"a"},{"name":"a"}]}}""", ".spec.containers: duplicate entries for key [name=\"a\"]")]
    [InlineData("""{"spec":{"containers":[{"image":"a"}]}}""", "omits key field \"name\"")]
    public void Items_that_cannot_be_told_apart_are_refused(string config, string message) =>
        Assert.Contains(message, Assert.Throws<ApplyException>(() => Tracker("core.Pod").Apply([], Named(config), Applier, force: false)).Message);

    private static OwnershipTracker Tracker(string type) => new(SchemaTable.Kubernetes.Type(type), TimeProvider.System);

    private static JsonObject Deployment(int replicas, string image)
    {
        var deployment = Named("""{"spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}}""");
        deployment.Ensure("spec")["replicas"] = replicas;
        deployment.Objects("spec", "template", "spec", "containers").First()["image"] = image;
        return deployment;
    }

    private static JsonObject Named(string json)
    {
        var obj = (JsonObject)JsonNode.Parse(json)!;
        obj.Metadata()["name"] = "x";
        return obj;
    }
}
