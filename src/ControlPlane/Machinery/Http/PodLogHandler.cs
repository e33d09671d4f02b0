using System.Net;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>pods/log: relays to the kubelet of the pod's node, byte for byte, as it comes.</summary>
internal sealed class PodLogHandler(ContainerTargets targets, KubeletClient kubelets)
{
    public async Task HandleAsync(ApiRequest request, StoredObject stored)
    {
        var query = PodLogQuery.Of(request.Query, request.Name);
        var target = targets.Find(request, stored);
        var path = $"/containerLogs/{request.Namespace}/{request.Name}/{target.Container}{query}";
        using var answer = await kubelets.GetAsync(target.Node, path, request.Http.RequestAborted);
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

    private static string Reason(HttpStatusCode code) => code switch
    {
        HttpStatusCode.NotFound => "NotFound",
        HttpStatusCode.BadRequest => "BadRequest",
        _ => "InternalError",
    };
}
