using Dataplane.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Tests.Scenarios;

/// <summary>Zone and query engine without sockets: objects in, messages out.</summary>
internal sealed class TestZone
{
    /// <summary>The serial of every SOA here.</summary>
    internal const uint Serial = 1499347823;

    private readonly ZoneState _state;
    private readonly ZoneSource _source;
    private readonly QueryEngine _engine;
    private readonly byte[] _buffer = new byte[ushort.MaxValue];

    internal TestZone(PodRecordMode pods = PodRecordMode.Insecure, bool forwards = false, params string[] reverseNetworks)
    {
        _state = new ZoneState(new ZoneOptions
        {
            Zone = new ZoneNames("cluster.local"),
            Pods = pods,
            ReverseZones = [.. reverseNetworks.Select(network => ReverseZones.Of(System.Net.IPNetwork.Parse(network)))],
        });
        _source = new ZoneSource(_state.Current);
        _engine = new QueryEngine(_source, forwards, new QueryCounters("dns://test", "udp", ipv6: false));
    }

    internal bool Synced { get; set; } = true;

    internal ZoneSnapshot Snapshot => _source.Current;

    internal ZoneSource Source => _source;

    internal QueryEngine Engine => _engine;

    internal void AddNamespace(string name) => _state.SetNamespace(name, exists: true);

    internal void RemoveNamespace(string name) => _state.SetNamespace(name, exists: false);

    internal void Add(Service service) => _state.SetService(NamespacedName.Of(service), ServiceShape.Of(service));

    internal void RemoveService(NamespacedName name) => _state.SetService(name, null);

    internal void Add(EndpointSlice slice) => _state.SetSlice(NamespacedName.Of(slice), SliceShape.Of(slice));

    internal void RemoveSlice(NamespacedName name) => _state.SetSlice(name, null);

    internal void Add(Pod pod) => _state.SetPod(NamespacedName.Of(pod), PodAddressCounts.Addresses(pod));

    internal ZoneSnapshot Commit()
    {
        var snapshot = _state.Commit(DateTimeOffset.FromUnixTimeSeconds(Serial), Synced);
        _source.Publish(snapshot);
        return snapshot;
    }

    internal DnsResponse Ask(string name, RecordType type, bool tcp = true, int? payloadSize = null)
    {
        var query = QueryMessage.Write(DnsName.Parse(name), type, DnsHeader.RD, payloadSize);
        return DnsResponse.Read(Send(query, tcp) ?? throw new InvalidOperationException("no reply"));
    }

    /// <returns>Null when the engine says nothing or forwards.</returns>
    internal byte[]? Send(ReadOnlySpan<byte> message, bool tcp = false)
    {
        Commit();
        message.CopyTo(_buffer);
        var reply = tcp ? _engine.AnswerStream(_buffer, message.Length) : _engine.AnswerDatagram(_buffer, message.Length);
        return reply.Disposition is Disposition.Send ? _buffer[..reply.Length] : null;
    }

    internal ForwardRequest? Forwarded(string name, RecordType type)
    {
        Commit();
        var query = QueryMessage.Write(DnsName.Parse(name), type, DnsHeader.RD, 1232);
        query.CopyTo(_buffer, 0);
        return _engine.AnswerDatagram(_buffer, query.Length).Request;
    }
}
