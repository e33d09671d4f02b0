using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Hosting;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>
/// As much of an API server as tells a name server of a large cluster: lists in chunks, and watches that say nothing until they
/// are told to have expired. Objects are written as they are asked for, so that it keeps none.
/// </summary>
internal sealed class SyntheticApi : IAsyncDisposable
{
    private const string Expired = """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}""";

    private readonly ConcurrentDictionary<TaskCompletionSource, bool> _watches = new();
    private readonly int _services;
    private readonly int _endpointsEach;
    private readonly bool _headless;
    private HttpEndpoint? _endpoint;
    private int _version = 1;

    private SyntheticApi(int services, int endpointsEach, bool headless) => (_services, _endpointsEach, _headless) = (services, endpointsEach, headless);

    /// <summary>A kubeconfig that leads here.</summary>
    internal string KubeConfig => $$$"""
        {"apiVersion":"v1","kind":"Config","current-context":"bench","contexts":[{"name":"bench","context":{"cluster":"bench","user":"bench"}}],
        "clusters":[{"name":"bench","cluster":{"server":"http://{{{_endpoint!.LocalEndPoint}}}"}}],"users":[{"name":"bench","user":{}}]}
        """;

    /// <summary>The last service of every list: its address says which list it was from.</summary>
    internal static string LastService => "last.default.svc.cluster.local";

    internal string LastAddress => string.Create(CultureInfo.InvariantCulture, $"10.97.0.{_version}");

    /// <param name="services">All in namespace default.</param>
    /// <param name="endpointsEach">In one slice each; 0 for no slices.</param>
    /// <param name="headless">Whether endpoints are what their names resolve to.</param>
    internal static async Task<SyntheticApi> StartAsync(int services, int endpointsEach, bool headless)
    {
        var api = new SyntheticApi(services, endpointsEach, headless);
        api._endpoint = await HttpEndpoint.StartAsync(new HttpEndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 0) }, api.HandleAsync);
        return api;
    }

    /// <summary>Ends all watches with 410, as after a long absence; every object stays as it was but the last.</summary>
    internal void Expire()
    {
        _version++;
        foreach (var watch in _watches.Keys)
        {
            watch.TrySetResult();
        }
    }

    public ValueTask DisposeAsync() => _endpoint!.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var plural = context.Request.Path.Value!.Split('/')[^1];
        context.Response.ContentType = "application/json";
        if (context.Request.Query["watch"] is ["true" or "1"])
        {
            await WatchAsync(context);
            return;
        }

        var count = plural switch
        {
            "services" => _services + 1,
            "endpointslices" => _endpointsEach == 0 ? 0 : _services,
            "namespaces" => 1,
            _ => 0,
        };
        var from = int.TryParse(context.Request.Query["continue"], CultureInfo.InvariantCulture, out var next) ? next : 0;
        var to = int.TryParse(context.Request.Query["limit"], CultureInfo.InvariantCulture, out var limit) ? Math.Min(count, from + limit) : count;
        var rest = to < count ? to.ToString(CultureInfo.InvariantCulture) : "";
        var text = new StringBuilder($$"""{"kind":"List","apiVersion":"v1","metadata":{"resourceVersion":"{{_version}}","continue":"{{rest}}"},"items":[""");
        for (var index = from; index < to; index++)
        {
            text.Append(index > from ? "," : "").Append(plural switch { "services" => Service(index), "endpointslices" => Slice(index), _ => Namespace });
        }

        await context.Response.WriteAsync(text.Append("]}").ToString(), context.RequestAborted);
    }

    private async Task WatchAsync(HttpContext context)
    {
        var expired = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _watches[expired] = true;
        try
        {
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await expired.Task.WaitAsync(context.RequestAborted);
            await context.Response.WriteAsync(Expired + "\n", context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            // The server is gone.
        }
        finally
        {
            _watches.TryRemove(expired, out _);
        }
    }

    private static string Namespace => """{"metadata":{"name":"default","uid":"0","resourceVersion":"1"},"status":{"phase":"Active"}}""";

    private string Service(int index)
    {
        var last = index == _services;
        var (name, address, version) = last ? ("last", LastAddress, _version) : ($"svc-{index}", _headless ? "None" : DnsBenchPlan.Address(index), 1);
        return $$$"""
            {"metadata":{"name":"{{{name}}}","namespace":"default","uid":"5f0c2a9e-0000-4000-8000-{{{index:000000000000}}}","resourceVersion":"{{{version}}}","creationTimestamp":"2026-01-01T00:00:00Z",
            "labels":{"app":"web","tier":"front"}},"spec":{"clusterIP":"{{{address}}}","clusterIPs":["{{{address}}}"],"type":"ClusterIP","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack",
            "internalTrafficPolicy":"Cluster","sessionAffinity":"None","selector":{"app":"web-{{{index}}}"},"ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080}]},"status":{"loadBalancer":{} } }
            """;
    }

    private string Slice(int index)
    {
        var endpoints = string.Join(',', Enumerable.Range(index * _endpointsEach, _endpointsEach).Select(number =>
            $$$"""{"addresses":["10.{{{128 + (number / 62_500)}}}.{{{number / 250 % 250}}}.{{{(number % 250) + 1}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-{{{number % 100}}}","targetRef":{"kind":"Pod","namespace":"default","name":"web-{{{index}}}-{{{number}}}","uid":"7f0c2a9e-0000-4000-8000-{{{number:000000000000}}}"}}"""));
        return $$$"""
            {"metadata":{"name":"svc-{{{index}}}-abcde","namespace":"default","uid":"6f0c2a9e-0000-4000-8000-{{{index:000000000000}}}","resourceVersion":"1","creationTimestamp":"2026-01-01T00:00:00Z",
            "labels":{"kubernetes.io/service-name":"svc-{{{index}}}","endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"}},"addressType":"IPv4",
            "ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":[{{{endpoints}}}]}
            """;
    }
}
