using System.Net.WebSockets;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// /portForward: connections of a client to ports of a pod, over SPDY, over SPDY inside a WebSocket (what kubectl does since 1.30),
/// or over a pair of WebSocket channels for each port named in the query.
/// </summary>
internal sealed class PortForwardHandler(KubeletOptions options, TimeProvider time, ILogger logger)
{
    private const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";

    internal async Task HandleAsync(HttpContext http, PodWorker worker)
    {
        var name = NamespacedName.Of(worker.Pod);
        if (worker.Sandbox is not { } sandbox)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status500InternalServerError, $"pod not found (\"{name.Name}_{name.Namespace}\")");
            return;
        }

        var forwarder = new PortForwarder(new PodDialer(sandbox.Sandbox.Network ?? options.Namespace), name.Name, worker.Pod.Metadata.UID);
        try
        {
            await ServeAsync(http, forwarder);
        }
        catch (Exception gone) when (gone is WebSocketException or OperationCanceledException or IOException)
        {
            Log.ClientGone(logger, name.ToString(), "", gone.Message);
        }
    }

    private async Task ServeAsync(HttpContext http, PortForwarder forwarder)
    {
        if (!http.WebSockets.IsWebSocketRequest)
        {
            if (await StreamUpgrade.AcceptSpdyAsync(http, [SpdyPortForward.Protocol], SpdyPortForward.Options) is { } spdy)
            {
                await RunAsync(spdy.Session, forwarder, http.RequestAborted);
            }

            return;
        }

        if (http.WebSockets.WebSocketRequestedProtocols.Contains(TunnelProtocol))
        {
            var socket = await StreamUpgrade.AcceptAsync(http, TunnelProtocol);
            var tunnel = WebSocketStream.Create(socket, WebSocketMessageType.Binary, ownsWebSocket: true);
            await RunAsync(new Hosting.Spdy.SpdySession(tunnel, SpdyPortForward.Options), forwarder, http.RequestAborted);
            return;
        }

        await ChannelsAsync(http, forwarder);
    }

    private async Task RunAsync(Hosting.Spdy.SpdySession session, PortForwarder forwarder, CancellationToken cancellation)
    {
        await using (session)
        {
            await new SpdyPortForward(session, forwarder, time).RunAsync(cancellation);
        }
    }

    private async Task ChannelsAsync(HttpContext http, PortForwarder forwarder)
    {
        IReadOnlyList<int> ports;
        try
        {
            ports = ChannelPortForward.Ports(http.Request.Query["port"]);
        }
        catch (FormatException problem)
        {
            await StreamUpgrade.RefuseAsync(http, StatusCodes.Status400BadRequest, problem.Message);
            return;
        }

        if (await StreamUpgrade.AcceptChannelsAsync(http, ChannelProtocol.PortForward) is { } channels)
        {
            using var socket = new ChannelSocket(channels.Socket, channels.Protocol);
            await new ChannelPortForward(socket, ports, forwarder, time).RunAsync(http.RequestAborted);
        }
    }
}
