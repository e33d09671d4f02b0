using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Resources;

/// <summary>Gives new containers the requests and limits their namespace's LimitRanges say.</summary>
internal static class LimitRangeDefaults
{
    private const string Prefix = "/registry/limitranges/";

    public static void Apply(JsonObject spec, string ns, StoreSnapshot snapshot)
    {
        foreach (var stored in snapshot.List($"{Prefix}{ns}/"))
        {
            foreach (var item in stored.Document().Objects("spec", "limits").Where(item => item.Text("type") == "Container"))
            {
                foreach (var container in spec.Objects("initContainers").Concat(spec.Objects("containers")))
                {
                    Fill(container, "limits", item.Object("default"));
                    Fill(container, "requests", item.Object("defaultRequest"));
                }
            }
        }
    }

    private static void Fill(JsonObject container, string target, JsonObject? defaults)
    {
        foreach (var (resource, quantity) in defaults ?? [])
        {
            container.Ensure("resources").Ensure(target).Default(resource, quantity!.DeepClone());
        }
    }
}
