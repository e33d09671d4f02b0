using System.Net;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>pods/log: relays to the kubelet of the pod's node, byte for byte, as it comes.</summary>
internal sealed class PodLogHandler(IStore store, ResourceCatalog catalog, KubeletClient kubelets)
{
    private static readonly string[] PassedOn = ["follow", "previous", "sinceSeconds", "sinceTime", "timestamps", "tailLines", "limitBytes"];

    public async Task HandleAsync(ApiRequest request, StoredObject stored)
    {
        var pod = stored.Document();
        var container = ContainerOf(request, pod);
        var nodeName = pod.Text("spec", "nodeName");
        if (string.IsNullOrEmpty(nodeName))
        {
            throw StatusException.BadRequest($"pod {request.Name} does not have a host assigned");
        }

        var node = store.Current.Get(catalog.Find("", "nodes").Key("", nodeName))?.Document() ?? throw StatusException.NotFound("nodes", nodeName);
        var query = string.Join('&', PassedOn.Where(request.Query.ContainsKey).Select(name => $"{name}={Uri.EscapeDataString(request.Query[name].ToString())}"));
        var path = $"/containerLogs/{request.Namespace}/{request.Name}/{container}" + (query.Length == 0 ? "" : "?" + query);
        using var answer = await kubelets.GetAsync(node, path, request.Http.RequestAborted);
        if (answer.StatusCode != HttpStatusCode.OK)
        {
            var text = await answer.Content.ReadAsStringAsync(request.Http.RequestAborted);
            throw new StatusException((int)answer.StatusCode, Reason(answer.StatusCode), text.Trim());
        }

        await RelayAsync(answer, request.Http);
    }

    private static async Task RelayAsync(HttpResponseMessage answer, HttpContext http)
    {
        http.Response.ContentType = "text/plain";
        await using var body = await answer.Content.ReadAsStreamAsync(http.RequestAborted);
        var buffer = new byte[16 * 1024];
        await http.Response.Body.FlushAsync(http.RequestAborted);
        while (await body.ReadAsync(buffer, http.RequestAborted) is var count and > 0)
        {
            await http.Response.Body.WriteAsync(buffer.AsMemory(0, count), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
        }
    }

    private static string ContainerOf(ApiRequest request, System.Text.Json.Nodes.JsonObject pod)
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

    private static string Reason(HttpStatusCode code) => code switch
    {
        HttpStatusCode.NotFound => "NotFound",
        HttpStatusCode.BadRequest => "BadRequest",
        _ => "InternalError",
    };
}
