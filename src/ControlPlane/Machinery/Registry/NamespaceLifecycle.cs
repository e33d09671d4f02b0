using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Registry;

/// <summary>Nothing is created in a namespace that is not there or is going.</summary>
internal static class NamespaceLifecycle
{
    public const string NamespacePrefix = "/registry/namespaces/";

    public static void CheckCreate(StoreSnapshot snapshot, ResourceDescriptor descriptor, string ns, string name)
    {
        if (!descriptor.Names.Namespaced)
        {
            return;
        }

        var found = snapshot.Get(NamespacePrefix + ns) ?? throw StatusException.NotFound("namespaces", ns);
        if (found.Document().Text("metadata", "deletionTimestamp") is not null)
        {
            var qualified = descriptor.Names.Qualified;
            var why = $"unable to create new content in namespace {ns} because it is being terminated";
            var details = new JsonObject
            {
                ["name"] = name,
                ["group"] = descriptor.Names.Group,
                ["kind"] = descriptor.Names.Plural,
                ["causes"] = new JsonArray(new JsonObject
                {
                    ["reason"] = "NamespaceTerminating",
                    ["message"] = $"namespace {ns} is being terminated",
                    ["field"] = "metadata.namespace",
                }),
            };
            throw new StatusException(403, "Forbidden", $"{qualified} \"{name}\" is forbidden: {why}", details);
        }
    }
}
