using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Zones;

/// <summary>The zone's own name and the constant labels under it, in the wire form names are compared in.</summary>
internal sealed class ZoneNames
{
    internal static readonly byte[] ServiceLabel = DnsName.Label("svc")!;
    internal static readonly byte[] PodLabel = DnsName.Label("pod")!;
    internal static readonly byte[] DnsLabel = DnsName.Label("dns")!;
    internal static readonly byte[] NameServerLabel = DnsName.Label("ns")!;
    internal static readonly byte[] VersionLabel = DnsName.Label("dns-version")!;

    /// <exception cref="FormatException">The zone is not a domain name, or is the root.</exception>
    internal ZoneNames(string zone)
    {
        Wire = DnsName.ParseLower(zone);
        LabelCount = NameView.Split(Wire, stackalloc byte[NameView.MaxLabels]).LabelCount;
        if (LabelCount == 0)
        {
            throw new FormatException("the cluster's zone cannot be the root");
        }

        NameServer = [.. NameServerLabel, .. DnsLabel, .. Wire];
    }

    /// <summary>Lower-case wire name, root included.</summary>
    internal byte[] Wire { get; }

    internal int LabelCount { get; }

    /// <summary><c>ns.dns.ZONE</c>, the name the SOA and NS records give.</summary>
    internal byte[] NameServer { get; }

    /// <summary>The table key of a namespace; <see langword="null"/> for a name that cannot be a label.</summary>
    internal static byte[]? NamespaceKey(string name) => DnsName.Label(name);

    /// <summary>The table key of a service; <see langword="null"/> for a name that cannot be a label.</summary>
    internal static byte[]? ServiceKey(string namespaceName, string name) =>
        DnsName.Label(name) is { } service && DnsName.Label(namespaceName) is { } parent ? [.. service, .. parent] : null;

    internal byte[] ServiceName(ReadOnlySpan<byte> key) => [.. key, .. ServiceLabel, .. Wire];
}
