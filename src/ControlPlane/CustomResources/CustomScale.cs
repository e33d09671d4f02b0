using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;

namespace Dataplane.ControlPlane.CustomResources;

/// <summary>Where the numbers of a custom resource's Scale are. Paths are fields only: validation takes no other.</summary>
internal sealed class CustomScale
{
    private readonly IReadOnlyList<string> _spec;
    private readonly IReadOnlyList<string> _status;
    private readonly IReadOnlyList<string> _selector;

    /// <param name="scale">The subresource's definition.</param>
    public CustomScale(JsonObject scale)
    {
        _spec = Names(scale.Text("specReplicasPath"));
        _status = Names(scale.Text("statusReplicasPath"));
        _selector = Names(scale.Text("labelSelectorPath"));
    }

    /// <exception cref="StatusException">500: the object has no replicas where it should, as upstream answers.</exception>
    public long Replicas(JsonObject obj) => obj.Integer([.. _spec])
        ?? throw StatusException.Internal($"the spec replicas field \".{string.Join(".", _spec)}\" does not exist");

    public long StatusReplicas(JsonObject obj) => obj.Integer([.. _status]) ?? 0;

    public string Selector(JsonObject obj) => _selector.Count == 0 ? "" : obj.Text([.. _selector]) ?? "";

    public void SetReplicas(JsonObject obj, long replicas)
    {
        var parent = obj;
        foreach (var name in _spec.SkipLast(1))
        {
            parent = parent.Ensure(name);
        }

        parent[_spec[^1]] = replicas;
    }

    private static IReadOnlyList<string> Names(string? path) => string.IsNullOrEmpty(path) ? [] : JsonPath.Parse(path).Names ?? [];
}
