using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Forward;

/// <summary>Names nobody else can ask for: who asks for one is the upstream it was sent to, or somebody that one forwards to.</summary>
internal sealed class LoopProbes
{
    /// <summary>A type no client sends by habit, so that ordinary queries are not even looked up.</summary>
    internal const RecordType Type = RecordType.HINFO;

    private readonly ConcurrentDictionary<string, IPEndPoint> _sent = new();

    /// <summary>A name under <c>invalid.</c>, which no server on the Internet holds (RFC 6761). Wire form.</summary>
    internal byte[] NameFor(IPEndPoint upstream)
    {
        var name = DnsName.ParseLower($"{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}.loop-probe.invalid");
        _sent[DnsName.Format(name)] = upstream;
        return name;
    }

    internal bool TryRecognize(ForwardRequest request, [NotNullWhen(true)] out IPEndPoint? upstream)
    {
        upstream = null;
        return request.Type == Type && _sent.TryRemove(DnsName.Format(request.Name), out upstream);
    }
}
