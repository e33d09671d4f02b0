using System.Net.WebSockets;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Streaming;

/// <summary>/exec/NAMESPACE/POD/CONTAINER: runs a program in a running container with its streams on a WebSocket.</summary>
internal sealed class ExecHandler(TimeProvider time, ILogger logger)
{
    internal async Task HandleAsync(HttpContext http, PodWorkers? workers, NamespacedName name, string container)
    {
        ExecOptions options;
        try
        {
            options = ExecOptions.Parse(http.Request.Query);
        }
        catch (FormatException problem)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, problem.Message);
            return;
        }

        if (workers?.Find(name) is not { } worker)
        {
            await RefuseAsync(http, StatusCodes.Status404NotFound, "pod does not exist");
            return;
        }

        if (worker.RunOf(container) is not { Exit.IsCompleted: false } running)
        {
            await RefuseAsync(http, StatusCodes.Status500InternalServerError, $"container not found (\"{container}\")");
            return;
        }

        if (options.Terminal)
        {
            await RefuseAsync(http, StatusCodes.Status501NotImplemented, "terminals are not supported by this node: leave out --tty (-t)");
            return;
        }

        if (!http.WebSockets.IsWebSocketRequest)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "only the WebSocket protocol is served here, not SPDY: kubectl 1.30 or newer uses it");
            return;
        }

        if (RemoteCommandProtocol.Choose(http.WebSockets.WebSocketRequestedProtocols) is not { } protocol)
        {
            await RefuseAsync(
                http, StatusCodes.Status400BadRequest,
                $"requested protocol(s) are not supported: [{string.Join(' ', http.WebSockets.WebSocketRequestedProtocols)}]; "
                + $"config supports [{RemoteCommandProtocol.V5} {RemoteCommandProtocol.V4}]");
            return;
        }

        using var socket = await http.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = protocol });
        using var session = new RemoteCommandSession(socket, options, time);
        try
        {
            await session.RunAsync(running, http.RequestAborted);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            Log.ClientGone(logger, name.ToString(), container, gone.Message);
        }
    }

    private static Task RefuseAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }
}
