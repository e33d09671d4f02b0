using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Services;

/// <summary>Shows the range that Services get their addresses from as the ServiceCIDR "kubernetes" (KEP-1880).</summary>
internal static class DefaultServiceCidr
{
    private const string Name = "kubernetes";

    /// <summary>Creates the object, ready, unless there is one.</summary>
    public static async Task EnsureAsync(IStore store, ObjectWriter writer, ResourceCatalog catalog, string cidr, TimeProvider time)
    {
        var descriptor = catalog.Find("networking.k8s.io", "servicecidrs");
        if (store.Current.Get(descriptor.Key("", Name)) is not null)
        {
            return;
        }

        var wanted = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = Name },
            ["spec"] = new JsonObject { ["cidrs"] = new JsonArray(cidr) },
        };
        await writer.CreateAsync(descriptor, "", wanted, dryRun: false);
        await writer.AmendAsync(descriptor, "", Name, UpdateScope.Status, Ready, dryRun: false);

        JsonObject Ready(JsonObject obj)
        {
            obj.Ensure("status")["conditions"] = new JsonArray(new JsonObject
            {
                ["type"] = "Ready",
                ["status"] = "True",
                ["lastTransitionTime"] = ObjectJson.Time(time.GetUtcNow()),
                ["reason"] = "",
                ["message"] = "Kubernetes default Service CIDR is ready",
            });
            return obj;
        }
    }
}
