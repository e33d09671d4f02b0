using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>Where a request about a container goes.</summary>
/// <param name="Node">The Node object whose kubelet has the pod.</param>
/// <param name="Container">The container's name: the pod's only one when the request names none.</param>
internal sealed record ContainerTarget(JsonObject Node, string Container);

/// <summary>Finds the container that a request for a pod's log or exec means, and its node.</summary>
internal sealed class ContainerTargets(IStore store, ResourceCatalog catalog)
{
    /// <exception cref="StatusException">There is no such container, or the pod is on no node.</exception>
    public ContainerTarget Find(ApiRequest request, StoredObject stored)
    {
        var pod = stored.Document();
        var container = ContainerOf(request, pod);
        return new ContainerTarget(NodeOf(request, pod), container);
    }

    /// <exception cref="StatusException">The pod is on no node.</exception>
    public JsonObject NodeOf(ApiRequest request, JsonObject pod)
    {
        var nodeName = pod.Text("spec", "nodeName");
        if (string.IsNullOrEmpty(nodeName))
        {
            throw StatusException.BadRequest($"pod {request.Name} does not have a host assigned");
        }

        return store.Current.Get(catalog.Find("", "nodes").Key("", nodeName))?.Document() ?? throw StatusException.NotFound("nodes", nodeName);
    }

    private static string ContainerOf(ApiRequest request, JsonObject pod)
    {
        string[] Names(string list) => [.. pod.Objects("spec", list).Select(container => container.Text("name") ?? "")];
        var (containers, initContainers) = (Names("containers"), Names("initContainers"));
        var wanted = request.Query["container"].ToString();
        if (wanted.Length == 0)
        {
            if (containers.Length == 1)
            {
                return containers[0];
            }

            var init = initContainers.Length > 0 ? $" or one of the init containers: [{string.Join(' ', initContainers)}]" : "";
            throw StatusException.BadRequest(
                $"a container name must be specified for pod {request.Name}, choose one of: [{string.Join(' ', containers)}]{init}");
        }

        return containers.Contains(wanted) || initContainers.Contains(wanted) || Names("ephemeralContainers").Contains(wanted)
            ? wanted
            : throw StatusException.BadRequest($"container {wanted} is not valid for pod {request.Name}");
    }
}
