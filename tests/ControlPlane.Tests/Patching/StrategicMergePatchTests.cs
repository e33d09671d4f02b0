using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Patching;
using Dataplane.ControlPlane.Machinery.Schema;

namespace Dataplane.ControlPlane.Tests.Patching;

/// <summary>Merge keys and directives, on pods and services.</summary>
public sealed class StrategicMergePatchTests
{
    public static TheoryData<string, string, string, string, string> Rows => new()
    {
        { "fields merge, null removes", "core.Pod", """{"spec":{"nodeName":"a","hostname":"h"}}""", """{"spec":{"nodeName":"b","hostname":null}}""", """{"spec":{"nodeName":"b"}}""" },
        { "containers merge by name", "core.Pod", """{"spec":{"containers":[{"name":"a","image":"1"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"a","image":"2"}]}}""", """{"spec":{"containers":[{"name":"a","image":"2"},{"name":"b"}]}}""" },
        { "an item can be deleted", "core.Pod", """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"$patch":"delete","name":"a"}]}}""", """{"spec":{"containers":[{"name":"b"}]}}""" },
        { "a list can be replaced", "core.Pod", """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"containers":[{"name":"c"},{"$patch":"replace"}]}}""", """{"spec":{"containers":[{"name":"c"}]}}""" },
        { "an object can be replaced", "core.Pod", """{"spec":{"nodeName":"a","hostname":"h"}}""", """{"spec":{"$patch":"replace","hostname":"x"}}""", """{"spec":{"hostname":"x"}}""" },
        { "service ports merge by port", "core.Service", """{"spec":{"ports":[{"port":80,"name":"x"}]}}""", """{"spec":{"ports":[{"port":80,"targetPort":1},{"port":81}]}}""", """{"spec":{"ports":[{"port":80,"name":"x","targetPort":1},{"port":81}]}}""" },
        { "tolerations have no key and are replaced", "core.Pod", """{"spec":{"tolerations":[{"key":"a"}]}}""", """{"spec":{"tolerations":[{"key":"b"}]}}""", """{"spec":{"tolerations":[{"key":"b"}]}}""" },
        { "finalizers are a set", "core.Pod", """{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"finalizers":["b","c"]}}""", """{"metadata":{"finalizers":["a","b","c"]}}""" },
        { "primitives can be deleted", "core.Pod", """{"metadata":{"finalizers":["a","b"]}}""", """{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}""", """{"metadata":{"finalizers":["b"]}}""" },
        { "order is kept as asked", "core.Pod", """{"spec":{"containers":[{"name":"a"},{"name":"b"}]}}""", """{"spec":{"$setElementOrder/containers":[{"name":"c"},{"name":"b"},{"name":"a"}],"containers":[{"name":"c"}]}}""", """{"spec":{"containers":[{"name":"c"},{"name":"b"},{"name":"a"}]}}""" },
        { "a union keeps the retained keys", "apps.Deployment", """{"spec":{"strategy":{"type":"RollingUpdate","rollingUpdate":{}}}}""", """{"spec":{"strategy":{"$retainKeys":["type"],"type":"Recreate"}}}""", """{"spec":{"strategy":{"type":"Recreate"}}}""" },
        { "embedded structs have their keys too", "core.Pod", """{"spec":{"volumes":[{"name":"v","emptyDir":{}}]}}""", """{"spec":{"volumes":[{"$retainKeys":["name","hostPath"],"name":"v","hostPath":{"path":"/"}}]}}""", """{"spec":{"volumes":[{"name":"v","hostPath":{"path":"/"}}]}}""" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void Patches(string what, string type, string target, string patch, string expected)
    {
        var result = StrategicMergePatch.Apply(Parse(target), Parse(patch), SchemaTable.Kubernetes.Type(type));
        Assert.True(JsonNode.DeepEquals(Parse(expected), result), $"{what}: {result.ToJsonString()}");
    }

    [Fact]
    public void An_item_without_its_key_is_refused()
    {
        var failure = Assert.Throws<PatchException>(() => StrategicMergePatch.Apply(
            Parse("""{"spec":{"containers":[]}}"""), Parse("""{"spec":{"containers":[{"image":"x"}]}}"""), SchemaTable.Kubernetes.Type("core.Pod")));
        Assert.Contains("does not contain declared merge key: name", failure.Message);
    }

    private static JsonObject Parse(string json) => (JsonObject)JsonNode.Parse(json)!;
}
