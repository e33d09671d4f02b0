using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.FieldOwnership;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Schema;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.FieldOwnership;

/// <summary>What holds for every configuration, of fields of each topology.</summary>
public sealed class ApplyPropertyTests
{
    private static readonly FieldManager Applier = new("a", Applies: true, "v1", "");
    private static readonly OwnershipTracker Tracker = new(SchemaTable.Kubernetes.Type("core.Pod"), TimeProvider.System);

    private static readonly Gen<JsonObject> Pods =
        from labels in Gen.SubListOf<string>(["a", "b", "c"])
        from finalizers in Gen.SubListOf<string>(["f/a", "f/b"])
        from containers in Gen.SubListOf<string>(["c", "d", "e"])
        from image in Gen.Elements("1", "2")
        from ports in Gen.SubListOf<int>([80, 81])
        from tolerations in Gen.SubListOf<string>(["t", "u"])
        from node in Gen.Elements("", "n", "m")
        select Pod(labels, finalizers, containers, image, ports, tolerations, node);

    [Fact]
    public void Applied_again_nothing_changes() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Pods.ToArbitrary(), Pods.ToArbitrary(), (existing, config) =>
        {
            var once = Tracker.Apply(Live(existing), config, Applier, force: true);
            return JsonNode.DeepEquals(once, Tracker.Apply(once, config, Applier, force: true));
        }));

    [Fact]
    public void Applying_nothing_removes_what_was_owned_and_nothing_else() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Pods.ToArbitrary(), config =>
        {
            var applied = Tracker.Apply([], config, Applier, force: false);
            return JsonNode.DeepEquals(Named(), Tracker.Apply(applied, Named(), Applier, force: false));
        }));

    [Fact]
    public void What_is_applied_is_there_and_the_rest_is_what_was_there() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Pods.ToArbitrary(), Pods.ToArbitrary(), (existing, config) =>
        {
            var result = Tracker.Apply(Live(existing), config, Applier, force: true);
            var type = FieldType.Of(SchemaTable.Kubernetes.Type("core.Pod"));
            var all = TypedValues.Fields(existing, type).Union(TypedValues.Fields(config, type));
            result.Metadata().Remove("managedFields");
            return TypedValues.Fields(result, type).SetEquals(all) && TypedComparison.Of(config, result, type).Removed.IsEmpty;
        }));

    [Fact]
    public void Field_sets_survive_their_json() => Check.One(
        Config.QuickThrowOnFailure,
        Prop.ForAll(Pods.ToArbitrary(), pod =>
        {
            var set = TypedValues.Fields(pod, FieldType.Of(SchemaTable.Kubernetes.Type("core.Pod")));
            return FieldSet.FromJson(ObjectJson.Decode(ObjectJson.Encode(set.ToJson())))!.SetEquals(set);
        }));

    private static JsonObject Live(JsonObject pod)
    {
        var live = (JsonObject)pod.DeepClone();
        Tracker.Update(null, live, new FieldManager("u", Applies: false, "v1", ""));
        return live;
    }

    private static JsonObject Named() => new() { ["metadata"] = new JsonObject { ["name"] = "x" } };

    // Without empty lists and maps: they have no fields, so nobody owns them.
    private static JsonObject Pod(
        IEnumerable<string> labels, IEnumerable<string> finalizers, IEnumerable<string> containers, string image, IEnumerable<int> ports, IEnumerable<string> tolerations, string node)
    {
        var pod = Named();
        foreach (var label in labels)
        {
            pod.Metadata().Ensure("labels")[label] = image;
        }

        Set(pod.Metadata(), "finalizers", finalizers.Select(name => (JsonNode)name));
        var spec = new JsonObject();
        Set(spec, "containers", containers.Select(name =>
        {
            var container = new JsonObject { ["name"] = name, ["image"] = image };
            Set(container, "ports", ports.Select(port => new JsonObject { ["containerPort"] = port }));
            return container;
        }));
        Set(spec, "tolerations", tolerations.Select(key => new JsonObject { ["key"] = key }));
        if (node.Length > 0)
        {
            spec["nodeName"] = node;
        }

        if (spec.Count > 0)
        {
            pod["spec"] = spec;
        }

        return pod;
    }

    private static void Set(JsonObject obj, string name, IEnumerable<JsonNode> items)
    {
        if (items.ToArray() is { Length: > 0 } array)
        {
            obj[name] = new JsonArray(array);
        }
    }
}
