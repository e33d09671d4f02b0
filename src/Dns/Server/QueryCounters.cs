using System.Globalization;
using System.Net;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// Counts of one listener thread. Only that thread writes, so plain additions do; a reader sees numbers that may lag by a
/// few queries.
/// </summary>
internal sealed class QueryCounters
{
    /// <summary>Upper bounds in bytes, as CoreDNS reports sizes.</summary>
    internal static readonly int[] SizeBounds = [0, 100, 200, 300, 400, 511, 1023, 2047, 4095, 8291, 16000, 32000, 48000, 64000];

    /// <summary>Upper bounds in seconds, as CoreDNS reports durations.</summary>
    internal static readonly double[] DurationBounds =
        [0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192];

    /// <summary>Types counted under their own name; CoreDNS calls the rest "other" too.</summary>
    internal static readonly RecordType[] Types =
    [
        RecordType.A, RecordType.AAAA, RecordType.SRV, RecordType.PTR, RecordType.HTTPS, RecordType.CNAME, RecordType.TXT, RecordType.NS, RecordType.SOA, RecordType.MX,
        RecordType.ANY, RecordType.DNSKEY, RecordType.DS, RecordType.NSEC, RecordType.NSEC3, RecordType.RRSIG, RecordType.AXFR, RecordType.IXFR,
    ];

    internal static readonly ResponseCode[] Codes =
    [
        ResponseCode.NoError, ResponseCode.FormErr, ResponseCode.ServFail, ResponseCode.NXDomain, ResponseCode.NotImp, ResponseCode.Refused,
        ResponseCode.BadVers,
    ];

    internal QueryCounters(string server, string protocol)
    {
        (Server, Protocol) = (server, protocol);
        var address = server[(server.IndexOf("//", StringComparison.Ordinal) + 2)..];
        LocalAddress = address.LastIndexOf(':') is >= 0 and var colon ? address[..colon] : address;
    }

    internal QueryCounters(string scheme, IPEndPoint address, string protocol)
        : this($"{scheme}://{address}", protocol)
    {
        if (ListenKey.IsWildcard(address.Address))
        {
            Server = string.Create(CultureInfo.InvariantCulture, $"{scheme}://:{address.Port}");
        }
    }

    /// <summary><c>dns://ADDRESS:PORT</c>, as CoreDNS writes it without the address where it is every one.</summary>
    internal string Server { get; }

    /// <summary>ADDRESS alone, an IPv6 one in brackets.</summary>
    internal string LocalAddress { get; }

    /// <summary><c>udp</c> or <c>tcp</c>.</summary>
    internal string Protocol { get; }

    /// <summary>First those of IPv4 clients, then those of IPv6 clients: one socket has both.</summary>
    internal long[] ByType { get; } = new long[2 * (Types.Length + 1)];

    internal long[] ByCode { get; } = new long[Codes.Length + 1];

    /// <summary>Addresses that ask most, of 4 or 16 bytes.</summary>
    internal TopTalkers Clients { get; } = new(16);

    /// <summary>Names that are asked for most, in wire form.</summary>
    internal TopTalkers Names { get; } = new(NameView.MaxLength);

    /// <summary>Queries that ended in an exception: coredns_panics_total.</summary>
    internal long Failures { get; set; }

    internal Distribution RequestSizes { get; } = new(SizeBounds.Length);

    internal Distribution ResponseSizes { get; } = new(SizeBounds.Length);

    internal Distribution Durations { get; } = new(DurationBounds.Length);

    internal void Received(RecordType type, int size, bool ipv6)
    {
        var index = Array.IndexOf(Types, type);
        ByType[(index < 0 ? Types.Length : index) + (ipv6 ? Types.Length + 1 : 0)]++;
        RequestSizes.Add(BucketOf(size), size);
    }

    internal void Answered(ResponseCode code, int size)
    {
        var index = Array.IndexOf(Codes, code);
        ByCode[index < 0 ? Codes.Length : index]++;
        ResponseSizes.Add(BucketOf(size), size);
    }

    /// <param name="count">Queries that took this long.</param>
    /// <param name="duration">From reception to sending.</param>
    internal void Took(int count, TimeSpan duration) => Add(Durations, duration, count);

    /// <summary>Counts into a distribution over <see cref="DurationBounds"/>.</summary>
    internal static void Add(Distribution durations, TimeSpan duration, int count = 1)
    {
        var bucket = 0;
        while (bucket < DurationBounds.Length && DurationBounds[bucket] < duration.TotalSeconds)
        {
            bucket++;
        }

        durations.Add(bucket, duration.TotalSeconds, count);
    }

    private static int BucketOf(int size)
    {
        var bucket = 0;
        while (bucket < SizeBounds.Length && SizeBounds[bucket] < size)
        {
            bucket++;
        }

        return bucket;
    }

    /// <summary>A histogram: counts by bucket, the last one without bound, and the sum.</summary>
    internal sealed class Distribution(int bounds)
    {
        internal long[] Buckets { get; } = new long[bounds + 1];

        internal double Sum { get; private set; }

        internal void Add(int bucket, double value, int count = 1)
        {
            Buckets[bucket] += count;
            Sum += value * count;
        }
    }
}
