using System.Net.WebSockets;
using Dataplane.Hosting.Spdy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Dataplane.Kubelet.Streaming;

/// <summary>Turns a request into a connection of streams. What cannot be one is answered with upstream's status and text.</summary>
internal static class StreamUpgrade
{
    private const string VersionHeader = "X-Stream-Protocol-Version";
    private const string Spdy = "SPDY/3.1";

    /// <summary>Upgrades to SPDY with the first version that the client offers and is served.</summary>
    /// <returns>Null when the request has been answered instead.</returns>
    internal static async Task<(SpdySession Session, string Protocol)?> AcceptSpdyAsync(HttpContext http, IReadOnlyList<string> served, SpdySessionOptions options)
    {
        var request = http.Request;
        var offered = request.Headers[VersionHeader].SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries)).ToArray();
        var protocol = offered.Length == 0 ? served[^1] : offered.FirstOrDefault(served.Contains);
        if (protocol is null)
        {
            foreach (var version in served)
            {
                http.Response.Headers.Append("X-Accepted-Stream-Protocol-Versions", version);
            }

            await RefuseAsync(
                http, StatusCodes.Status403Forbidden,
                $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server accepts [{string.Join(' ', served)}]");
            return null;
        }

        if (!request.Headers.Upgrade.ToString().Equals(Spdy, StringComparison.OrdinalIgnoreCase)
            || http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            await RefuseAsync(http, StatusCodes.Status400BadRequest, "unable to upgrade: missing upgrade headers in request");
            return null;
        }

        Unhurried(http);
        http.Response.Headers.Upgrade = Spdy;
        http.Response.Headers[VersionHeader] = protocol;
        return (new SpdySession(await upgrade.UpgradeAsync(), options), protocol);
    }

    /// <summary>Accepts a WebSocket of channels.</summary>
    /// <inheritdoc cref="AcceptSpdyAsync" path="/returns"/>
    internal static async Task<(WebSocket Socket, ChannelProtocol Protocol)?> AcceptChannelsAsync(HttpContext http, IReadOnlyList<ChannelProtocol> served)
    {
        var offered = http.WebSockets.WebSocketRequestedProtocols;
        if (ChannelProtocol.Choose(served, offered) is not { } protocol)
        {
            await RefuseAsync(
                http, StatusCodes.Status403Forbidden,
                $"requested protocol(s) are not supported: [{string.Join(' ', offered)}]; config supports [{string.Join(' ', served.Select(one => one.Name))}]");
            return null;
        }

        return (await AcceptAsync(http, protocol.Name), protocol);
    }

    /// <param name="http">A WebSocket request.</param>
    /// <param name="protocol">Empty for none.</param>
    internal static Task<WebSocket> AcceptAsync(HttpContext http, string protocol)
    {
        Unhurried(http);
        if (protocol.Length > 0)
        {
            // Not through the context: it refuses a name with a slash, which the one for tunnels has.
            http.Response.Headers.SecWebSocketProtocol = protocol;
        }

        return http.WebSockets.AcceptWebSocketAsync();
    }

    internal static Task RefuseAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text, http.RequestAborted);
    }

    /// <summary>A client may take its time: somebody who suspends a terminal is not an attacker.</summary>
    private static void Unhurried(HttpContext http)
    {
        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = null;
        }
    }
}
