using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Hosting;
using Microsoft.AspNetCore.Http;

namespace Dataplane.Dns.Tests.Server;

/// <summary>As much of an API server as the informers need: lists of what is there, and a watch that tells what a test adds.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> _objects = new();
    private readonly ConcurrentDictionary<string, Channel<string>> _events = new();
    private readonly CancellationTokenSource _stop = new();
    private HttpEndpoint? _endpoint;

    internal KubeConfig KubeConfig => new() { Server = new Uri($"http://{_endpoint!.LocalEndPoint}/") };

    internal static async Task<FakeApi> StartAsync()
    {
        var api = new FakeApi();
        api._endpoint = await HttpEndpoint.StartAsync(new HttpEndpointOptions { Address = new IPEndPoint(IPAddress.Loopback, 0) }, api.HandleAsync);
        return api;
    }

    /// <summary>Adds an object before anybody listed.</summary>
    internal void Add<T>(T obj)
        where T : class, IResource<T> => _objects.GetOrAdd(T.Resource.Plural, _ => []).Enqueue(Json(obj));

    /// <summary>Tells the watchers.</summary>
    internal void Tell<T>(string type, T obj)
        where T : class, IResource<T> => Events(T.Resource.Plural).Writer.TryWrite($"{{\"type\":\"{type}\",\"object\":{Json(obj)}}}\n");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _endpoint!.DisposeAsync();
        _stop.Dispose();
    }

    private static string Json<T>(T obj) => Encoding.UTF8.GetString(ApiJson.Serialize(obj));

    private Channel<string> Events(string plural) => _events.GetOrAdd(plural, _ => Channel.CreateUnbounded<string>());

    private async Task HandleAsync(HttpContext context)
    {
        var plural = context.Request.Path.Value!.Split('/')[^1];
        context.Response.ContentType = "application/json";
        if (context.Request.Query["watch"] != "true" && context.Request.Query["watch"] != "1")
        {
            var items = string.Join(',', _objects.GetOrAdd(plural, _ => []));
            await context.Response.WriteAsync($"{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{{\"resourceVersion\":\"1\"}},\"items\":[{items}]}}");
            return;
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, context.RequestAborted);
        try
        {
            await context.Response.Body.FlushAsync(ended.Token);
            await foreach (var line in Events(plural).Reader.ReadAllAsync(ended.Token))
            {
                await context.Response.WriteAsync(line, ended.Token);
                await context.Response.Body.FlushAsync(ended.Token);
            }
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }
}
