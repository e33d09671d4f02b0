using System.Net;
using Dataplane.ControlPlane.Store;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>
/// pods/exec: asks the kubelet for the same upgrade as the client asks for and then passes bytes both ways. The WebSocket is the
/// client's and the kubelet's alone, so closing, pings and every version of the protocol are as the kubelet does them.
/// </summary>
internal sealed class PodExecHandler(ContainerTargets targets, KubeletClient kubelets)
{
    // The kubelet's names for the client's parameters (k8s.io/api PodExecOptions, kubelet server).
    private static readonly (string Given, string PassedOn)[] Flags = [("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")];

    public async Task HandleAsync(ApiRequest request, StoredObject stored)
    {
        var target = targets.Find(request, stored);
        var query = Flags.Where(flag => request.Query[flag.Given].ToString() is "true" or "1").Select(flag => $"{flag.PassedOn}=1")
            .Concat(request.Query["command"].Select(argument => $"command={Uri.EscapeDataString(argument ?? "")}"));
        var path = $"/exec/{request.Namespace}/{request.Name}/{target.Container}?{string.Join('&', query)}";
        using var answer = await kubelets.UpgradeAsync(target.Node, path, request.Http.Request, request.Http.RequestAborted);
        var http = request.Http;
        http.Response.StatusCode = (int)answer.StatusCode;
        if (answer.StatusCode != HttpStatusCode.SwitchingProtocols || http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } upgrade)
        {
            http.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
            return;
        }

        foreach (var header in answer.Headers.Where(header => header.Key is "Upgrade" || header.Key.StartsWith("Sec-WebSocket-", StringComparison.OrdinalIgnoreCase)))
        {
            http.Response.Headers[header.Key] = header.Value.ToArray();
        }

        await using var kubelet = await answer.Content.ReadAsStreamAsync(http.RequestAborted);
        await using var client = await upgrade.UpgradeAsync();
        await RelayAsync(client, kubelet, http.RequestAborted);
    }

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
