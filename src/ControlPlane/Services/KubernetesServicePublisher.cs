using System.Net;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Machinery.Errors;
using Dataplane.ControlPlane.Machinery.Json;
using Dataplane.ControlPlane.Machinery.Registry;
using Dataplane.ControlPlane.Resources;
using Dataplane.ControlPlane.Store;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Services;

/// <summary>
/// Keeps the Service "kubernetes" and its endpoints: how pods reach this server. The server writes them itself, because no
/// selector leads to it; a deleted or changed one comes back at once.
/// </summary>
internal sealed class KubernetesServicePublisher(
    IStore store, ObjectWriter writer, ResourceCatalog catalog, IPAddress clusterAddress, IPEndPoint? backend, ILogger logger)
{
    private const string Namespace = "default";
    private const string Name = "kubernetes";
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(20);

    private readonly ResourceDescriptor _services = catalog.Find("", "services");
    private readonly ResourceDescriptor _endpoints = catalog.Find("", "endpoints");
    private readonly ResourceDescriptor _slices = catalog.Find("discovery.k8s.io", "endpointslices");

    /// <summary>Writes the objects that are missing or differ.</summary>
    public async Task PublishAsync()
    {
        await EnsureAsync(_services, Service(), current => JsonNode.DeepEquals(current.At("spec", "ports"), Service().At("spec", "ports")));
        if (backend is not null)
        {
            await EnsureAsync(_endpoints, Endpoints(backend), current => current.FieldEquals(Endpoints(backend), "subsets"));
            await EnsureAsync(_slices, Slice(backend), current => current.FieldEquals(Slice(backend), "endpoints"));
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var services = store.Watch(_services.Key(Namespace, Name), store.Current.Revision);
        using var endpoints = store.Watch(_endpoints.Key(Namespace, Name), store.Current.Revision);
        using var slices = store.Watch(_slices.Key(Namespace, Name), store.Current.Revision);
        StoreWatch[] watches = [services, endpoints, slices];
        while (!cancellation.IsCancellationRequested)
        {
            foreach (var watch in watches)
            {
                while (watch.Events.TryRead(out _))
                {
                    // Only that something happened matters.
                }
            }

            try
            {
                await PublishAsync();
            }
            catch (StatusException failure)
            {
                // A deleted Service's address is given back a moment after the deletion is seen.
                Log.PublishFailed(logger, failure.Message);
                await Task.Delay(RetryInterval, cancellation);
                continue;
            }

            await await Task.WhenAny(watches.Select(watch => watch.Events.WaitToReadAsync(cancellation).AsTask()));
        }
    }

    private async Task EnsureAsync(ResourceDescriptor descriptor, JsonObject wanted, Func<JsonObject, bool> isGood)
    {
        var current = store.Current.Get(descriptor.Key(Namespace, Name));
        if (current is null)
        {
            await writer.CreateAsync(descriptor, Namespace, wanted, dryRun: false);
        }
        else if (!isGood(current.Document()))
        {
            await writer.UpdateAsync(descriptor, Namespace, Name, UpdateScope.Main, _ => (JsonObject)wanted.DeepClone(), dryRun: false);
        }
    }

    private static JsonObject Metadata(params ReadOnlySpan<(string Key, string Value)> labels)
    {
        var map = new JsonObject();
        foreach (var (key, value) in labels)
        {
            map[key] = value;
        }

        return new JsonObject { ["name"] = Name, ["namespace"] = Namespace, ["labels"] = map };
    }

    private JsonObject Service() => new()
    {
        ["metadata"] = Metadata(("component", "apiserver"), ("provider", "kubernetes")),
        ["spec"] = new JsonObject
        {
            ["clusterIP"] = clusterAddress.ToString(),
            ["type"] = "ClusterIP",
            ["ports"] = new JsonArray(new JsonObject
            {
                ["name"] = "https",
                ["protocol"] = "TCP",
                ["port"] = 443L,
                ["targetPort"] = (long)(backend?.Port ?? 6443),
            }),
        },
    };

    private static JsonObject Endpoints(IPEndPoint backend) => new()
    {
        ["metadata"] = Metadata(("endpointslice.kubernetes.io/skip-mirror", "true")),
        ["subsets"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["ip"] = backend.Address.ToString() }),
            ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = (long)backend.Port, ["protocol"] = "TCP" }),
        }),
    };

    private static JsonObject Slice(IPEndPoint backend) => new()
    {
        ["metadata"] = Metadata(("kubernetes.io/service-name", Name)),
        ["addressType"] = "IPv4",
        ["endpoints"] = new JsonArray(new JsonObject
        {
            ["addresses"] = new JsonArray(backend.Address.ToString()),
            ["conditions"] = new JsonObject { ["ready"] = true },
        }),
        ["ports"] = new JsonArray(new JsonObject { ["name"] = "https", ["port"] = (long)backend.Port, ["protocol"] = "TCP" }),
    };
}
