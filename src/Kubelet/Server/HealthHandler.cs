using Dataplane.Kubelet.Streaming;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Kubelet.Server;

/// <summary>/healthz without credentials, on the node's loopback only: for whoever supervises the agent.</summary>
internal static class HealthHandler
{
    internal static Task AnswerAsync(HttpContext http) => http.Request.Path.Value == "/healthz"
        ? StreamUpgrade.RefuseAsync(http, StatusCodes.Status200OK, "ok")
        : StreamUpgrade.RefuseAsync(http, StatusCodes.Status404NotFound, "404 page not found");
}
