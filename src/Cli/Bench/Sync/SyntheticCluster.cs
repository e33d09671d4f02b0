using System.Buffers.Binary;
using System.Net;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Proxy.Feeds;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>
/// A cluster of N Services with M endpoints each, told to a proxy as an informer would, and kept as the proxy's informers keep it. Service i has the ClusterIP
/// 10.0.0.0/10 + i + 1, port 80; its endpoints are in 10.128.0.0/9, but for the last one's, which are the first addresses of a network of servers.
/// </summary>
internal sealed class SyntheticCluster(int services, int endpoints, IPNetwork? servers = null) : IClusterFeed
{
    internal const string Namespace = "bench";
    private const uint ServiceNetwork = 10u << 24;
    private const uint EndpointNetwork = (10u << 24) | (128u << 16);
    private const int TargetPort = 8080;

    private readonly Dictionary<NamespacedName, ObjectVersion> _services = new(services);
    private readonly Dictionary<NamespacedName, ObjectVersion> _slices = new(services);
    private readonly int[] _generations = new int[services];
    private IClusterListener? _listener;
    private int _changes;

    internal int Count => services;

    internal static IPAddress ClusterIP(int service) => AddressAt(ServiceNetwork, (uint)service + 1);

    public Task RunAsync(IClusterListener listener, CancellationToken cancellation)
    {
        for (var index = 0; index < services; index++)
        {
            var service = ServiceAt(index);
            _services[NamespacedName.Of(service)] = ObjectVersion.Of(service.Metadata);
            listener.Tell(NamespacedName.Of(service), service);
            var slice = SliceAt(index, 0);
            _slices[NamespacedName.Of(slice)] = ObjectVersion.Of(slice.Metadata);
            listener.Tell(NamespacedName.Of(slice), slice);
        }

        listener.Tell(null);
        listener.Synced();
        _listener = listener;
        return Task.CompletedTask;
    }

    /// <summary>One endpoint of one Service gets another address than it had: never a change that changes nothing.</summary>
    internal void ChangeNext()
    {
        // A prime, so that changes that follow each other are far apart. The last Service's endpoint may be a real server and stays.
        var service = (int)(_changes++ * 7919L % Math.Max(1, services - 1));
        var slice = SliceAt(service, ++_generations[service]);
        _slices[NamespacedName.Of(slice)] = ObjectVersion.Of(slice.Metadata);
        _listener!.Tell(NamespacedName.Of(slice), slice);
    }

    private static Service ServiceAt(int index) => new()
    {
        Metadata = Metadata($"service-{index}", []),
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            ClusterIP = ClusterIP(index).ToString(),
            ClusterIPs = [ClusterIP(index).ToString()],
            Ports = [new ServicePort { Name = "http", Port = 80 }],
        },
    };

    private EndpointSlice SliceAt(int service, int generation) => new()
    {
        Metadata = Metadata($"service-{service}-slice", new() { ["kubernetes.io/service-name"] = $"service-{service}" }),
        AddressType = "IPv4",
        Ports = [new EndpointPort { Name = "http", Port = TargetPort }],
        Endpoints = [.. Enumerable.Range(0, endpoints).Select(slot => new Endpoint
        {
            Addresses = [AddressOf(service, slot, generation)],
            NodeName = $"node-{slot}",
            Conditions = new EndpointConditions { Ready = true, Serving = true, Terminating = false },
        })],
    };

    // The first endpoint is the one that changes; the last Service's may be real servers.
    private string AddressOf(int service, int slot, int generation) => servers is { } network && service == services - 1
        ? AddressAt(BinaryPrimitives.ReadUInt32BigEndian(network.BaseAddress.GetAddressBytes()), (uint)slot + 1).ToString()
        : AddressAt(EndpointNetwork, (uint)((service * (endpoints + 2)) + (slot == 0 ? endpoints + (generation % 2) : slot))).ToString();

    private static ObjectMeta Metadata(string name, Dictionary<string, string> labels) => new()
    {
        Namespace = Namespace,
        Name = name,
        UID = Guid.NewGuid().ToString(),
        ResourceVersion = "1",
        Labels = labels,
    };

    private static IPAddress AddressAt(uint network, uint offset)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, network + offset);
        return new IPAddress(bytes);
    }
}
