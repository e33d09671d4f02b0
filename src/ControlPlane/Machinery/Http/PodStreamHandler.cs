using System.Net;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// pods/exec, pods/attach and pods/portforward: asks the kubelet for the same upgrade as the client asks for and then passes bytes
/// both ways. The WebSocket or the SPDY session is the client's and the kubelet's alone, so closing, pings and every version of the
/// protocols are as the kubelet does them.
/// </summary>
internal sealed class PodStreamHandler(ContainerTargets targets, KubeletClient kubelets)
{
    // The kubelet's names for the client's parameters (k8s.io/api PodExecOptions, kubelet server).
    private static readonly (string Given, string PassedOn)[] Flags = [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")];

    /// <summary>The subresources that are connections; a request for one lasts as long as its session.</summary>
    public static bool Handles(string subresource) => subresource is "exec" or "attach" or "portforward";

    public async Task HandleAsync(ApiRequest request, StoredObject stored)
    {
        var http = request.Http;
        var (node, path) = request.Subresource == "portforward" ? Port(request, stored) : Program(request, stored);
        if (http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            throw StatusException.BadRequest("Upgrade request required");
        }

        using var answer = await kubelets.UpgradeAsync(node, path, http.Request, http.RequestAborted);
        http.Response.StatusCode = (int)answer.StatusCode;
        if (answer.StatusCode != HttpStatusCode.SwitchingProtocols)
        {
            http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
            return;
        }

        foreach (var header in answer.Headers.Where(header => IsPartOfUpgrade(header.Key)))
        {
            http.Response.Headers[header.Key] = header.Value.ToArray();
        }

        if (http.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate)
        {
            // Whoever suspends a terminal, or reads a download slowly, is no attacker.
            rate.MinDataRate = null;
        }

        await using var kubelet = await answer.Content.ReadAsStreamAsync(http.RequestAborted);
        await using var client = await upgrade.UpgradeAsync();
        await RelayAsync(client, kubelet, http.RequestAborted);
    }

    private (JsonObject Node, string Path) Program(ApiRequest request, StoredObject stored)
    {
        var target = targets.Find(request, stored);
        var query = Flags.Where(flag => request.Query[flag.Given].ToString() is "true" or "1").Select(flag => $"{flag.PassedOn}=1")
            .Concat(request.Query["command"].Select(argument => $"command={Uri.EscapeDataString(argument ?? "")}"));
        return (target.Node, $"/{request.Subresource}/{request.Namespace}/{request.Name}/{target.Container}?{string.Join('&', query)}");
    }

    /// <summary>Ports of the query are for WebSocket channels; over SPDY each stream names its own.</summary>
    private (JsonObject Node, string Path) Port(ApiRequest request, StoredObject stored)
    {
        var query = string.Join('&', request.Query["ports"].Select(port => $"port={Uri.EscapeDataString(port ?? "")}"));
        return (targets.NodeOf(request, stored.Document()), $"/portForward/{request.Namespace}/{request.Name}" + (query.Length == 0 ? "" : "?" + query));
    }

    private static bool IsPartOfUpgrade(string header) =>
        header is "Upgrade" || header.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase)
        || header.StartsWith("X-Stream-Protocol-", StringComparison.OrdinalIgnoreCase);

    /// <summary>Until either side has ended; both are over TLS, which has no half-closed connections worth keeping.</summary>
    private static async Task RelayAsync(Stream client, Stream kubelet, CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var up = client.CopyToAsync(kubelet, ending.Token);
        var down = kubelet.CopyToAsync(client, ending.Token);
        await Task.WhenAny(up, down);
        await ending.CancelAsync();
        await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
