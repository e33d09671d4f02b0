using System.Buffers.Binary;
using System.Net;
using Dataplane.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Tests.Forward;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Dns.Tests.Scenarios;

/// <summary>A zone and an engine over it, without sockets.</summary>
internal sealed class TestZone
{
    private const uint Serial = 1499347823;

    private readonly ZoneState _state;
    private readonly ZoneSource _source;
    private readonly QueryEngine _engine;
    private readonly byte[] _buffer = new byte[ushort.MaxValue];

    internal TestZone(PodRecordMode pods = PodRecordMode.Insecure, bool forwards = false, params string[] reverseNetworks)
        : this(new DnsPlan
        {
            Servers =
            [
                new ServerPlan
                {
                    Zones = [NameSuffix.Root],
                    Shuffles = true,
                    Kubernetes = new KubernetesPlan
                    {
                        Zone = "cluster.local",
                        Pods = pods,
                        ReverseZones = [.. reverseNetworks.SelectMany(network => ReverseZones.Covering(System.Net.IPNetwork.Parse(network)))],
                    },
                    Forwards = forwards ? [TestForwarders.Plan(new IPEndPoint(IPAddress.Loopback, 9))] : [],
                },
            ],
        })
    {
    }

    internal TestZone(DnsPlan plan)
    {
        Plan = plan;
        var cluster = plan.Kubernetes ?? new KubernetesPlan { Zone = "cluster.local" };
        _state = new ZoneState(new ZoneOptions
        {
            Zone = new ZoneNames(cluster.Zone),
            Pods = cluster.Pods,
            Ttl = cluster.Ttl,
            Namespaces = new HashSet<string>(cluster.Namespaces),
            HidesEmptyServices = cluster.HidesEmptyServices,
            ReverseZones = [.. cluster.ReverseZones.Select(zone => new ZoneNames(zone))],
        });
        _source = new ZoneSource(_state.Current);
        Sites = new ServingGeneration(plan, new DnsOptions(), NullLogger.Instance).TableOf(plan.Servers);
        _engine = new QueryEngine(new SiteSource(Sites, _source), new QueryCounters("dns://test", "udp"));
    }

    internal DnsPlan Plan { get; }

    internal SiteTable Sites { get; }

    internal bool Synced { get; set; } = true;

    internal ZoneSnapshot Snapshot => _source.Current;

    internal ZoneSource Source => _source;

    internal QueryEngine Engine => _engine;

    internal void AddNamespace(string name) => _state.SetNamespace(name, exists: true);

    internal void RemoveNamespace(string name) => _state.SetNamespace(name, exists: false);

    internal void Add(Service service) => _state.SetService(NamespacedName.Of(service), ServiceShape.Of(service));

    internal void RemoveService(NamespacedName name) => _state.SetService(name, null);

    internal void Add(EndpointSlice slice) => _state.SetSlice(NamespacedName.Of(slice), SliceShape.Of(slice, Plan.Kubernetes?.NamesEndpointsByPod ?? false));

    internal void RemoveSlice(NamespacedName name) => _state.SetSlice(name, null);

    internal void Add(Pod pod) => _state.SetPod(NamespacedName.Of(pod), PodAddressCounts.Addresses(pod));

    internal ZoneSnapshot Commit()
    {
        var snapshot = _state.Commit(DateTimeOffset.FromUnixTimeSeconds(Serial), Synced);
        _source.Publish(snapshot);
        return snapshot;
    }

    internal DnsResponse Ask(string name, RecordType type, bool tcp = true, int? payloadSize = null, IPAddress? client = null) =>
        TryAsk(name, type, tcp, (payloadSize, RecordClass.IN), client) ?? throw new InvalidOperationException("no reply");

    /// <returns>Null when the engine says nothing.</returns>
    internal DnsResponse? TryAsk(string name, RecordType type, bool tcp, (int? PayloadSize, RecordClass Class) options, IPAddress? client = null)
    {
        var query = QueryMessage.Write(DnsName.Parse(name), type, DnsHeader.RD, options.PayloadSize);
        BinaryPrimitives.WriteUInt16BigEndian(query.AsSpan(DnsHeader.Size + DnsName.Parse(name).Length + sizeof(ushort)), (ushort)options.Class);
        return Send(query, tcp, client) is { } reply ? DnsResponse.Read(reply) : null;
    }

    /// <returns>Null when the engine says nothing or forwards.</returns>
    internal byte[]? Send(ReadOnlySpan<byte> message, bool tcp = false, IPAddress? client = null)
    {
        Commit();
        message.CopyTo(_buffer);
        var from = (client ?? IPAddress.Loopback).GetAddressBytes();
        var reply = tcp ? _engine.AnswerStream(_buffer, message.Length, from) : _engine.AnswerDatagram(_buffer, message.Length, from);
        return reply.Disposition is Disposition.Send ? _buffer[..reply.Length] : null;
    }

    internal ForwardRequest? Forwarded(string name, RecordType type, IPAddress? client = null)
    {
        Commit();
        var query = QueryMessage.Write(DnsName.Parse(name), type, DnsHeader.RD, 1232);
        query.CopyTo(_buffer, 0);
        return _engine.AnswerDatagram(_buffer, query.Length, (client ?? IPAddress.Loopback).GetAddressBytes()).Request;
    }
}
