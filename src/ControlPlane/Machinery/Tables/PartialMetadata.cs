using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Http;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Tables;

/// <summary>meta.k8s.io PartialObjectMetadata: an object without its content.</summary>
internal static class PartialMetadata
{
    public static JsonObject Of(StoredObject obj) => new()
    {
        ["kind"] = "PartialObjectMetadata",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = obj.Document().Metadata().DeepClone(),
    };

    public static JsonObject Of(ObjectList list) => new()
    {
        ["kind"] = "PartialObjectMetadataList",
        ["apiVersion"] = "meta.k8s.io/v1",
        ["metadata"] = ResponseWriter.ListMetadata(list.Revision, list.Continue, list.Remaining),
        ["items"] = new JsonArray([.. list.Items.Select(Of)]),
    };
}
