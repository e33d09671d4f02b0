using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Gives new containers the requests and limits their namespace's LimitRanges say.</summary>
internal static class LimitRangeDefaults
{
    private const string Prefix = "/registry/limitranges/";
    private const string Annotation = "kubernetes.io/limit-ranger";

    /// <summary>Fills in what a new pod's containers leave out; an annotation names it, as people wonder where the numbers come from.</summary>
    public static void Apply(JsonObject pod, string ns, StoreSnapshot snapshot)
    {
        var notes = new List<string>();
        var spec = pod.Ensure("spec");
        var containers = spec.Objects("containers").Select(container => (container, "container"))
            .Concat(spec.Objects("initContainers").Select(container => (container, "init container"))).ToList();
        foreach (var stored in snapshot.List($"{Prefix}{ns}/"))
        {
            foreach (var item in stored.Document().Objects("spec", "limits").Where(item => item.Text("type") == "Container"))
            {
                foreach (var (container, what) in containers)
                {
                    Fill(container, "requests", item.Object("defaultRequest"), $"request for {what}", notes);
                    Fill(container, "limits", item.Object("default"), $"limit for {what}", notes);
                }
            }
        }

        if (notes.Count > 0)
        {
            pod.Metadata().Ensure("annotations")[Annotation] = "LimitRanger plugin set: " + string.Join("; ", notes);
        }
    }

    private static void Fill(JsonObject container, string target, JsonObject? defaults, string what, List<string> notes)
    {
        var set = new List<string>();
        foreach (var (resource, quantity) in (defaults ?? []).OrderBy(entry => entry.Key, StringComparer.Ordinal))
        {
            if (container.Ensure("resources").Ensure(target).TryAdd(resource, quantity!.DeepClone()))
            {
                set.Add(resource);
            }
        }

        if (set.Count > 0)
        {
            notes.Add($"{string.Join(", ", set)} {what} {container.Text("name")}");
        }
    }
}
