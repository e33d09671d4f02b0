namespace Dataplane.Dns.Zones;

/// <summary>A name an address points back to: an endpoint's label (empty for a service) and the service's full name.</summary>
internal readonly record struct PointerTarget(byte[] Label, byte[] ServiceName)
{
    internal bool Same(in PointerTarget other) =>
        Label.AsSpan().SequenceEqual(other.Label) && ServiceName.AsSpan().SequenceEqual(other.ServiceName);
}

/// <summary>The PTR records of one address.</summary>
internal sealed class PointerRecords(PointerTarget[] targets)
{
    internal ReadOnlySpan<PointerTarget> Targets => targets;

    internal PointerRecords With(PointerTarget target) => new([.. targets, target]);

    /// <returns><see langword="null"/> when that was the last one.</returns>
    internal PointerRecords? Without(PointerTarget target)
    {
        var rest = targets.Where(other => !other.Same(target)).ToArray();
        return rest.Length == 0 ? null : new PointerRecords(rest);
    }
}

/// <summary>
/// What two versions of a service mean for the reverse names: only addresses that came or went are touched, so a headless
/// service of thousands of endpoints costs one entry when one endpoint changes.
/// </summary>
internal static class PointerChanges
{
    internal static void Apply(NameTable<PointerRecords>.Builder table, ServiceRecords? old, ServiceRecords? now)
    {
        var before = Contributions(old);
        var after = Contributions(now);
        foreach (var (address, label) in before)
        {
            if (!after.Contains((address, label)) && table.TryGet(address.Bytes, out var records))
            {
                Store(table, address.Bytes, records.Without(new PointerTarget(label.Bytes, old!.Name)));
            }
        }

        foreach (var (address, label) in after)
        {
            if (!before.Contains((address, label)))
            {
                var target = new PointerTarget(label.Bytes, now!.Name);
                Store(table, address.Bytes, table.TryGet(address.Bytes, out var records) ? records.With(target) : new PointerRecords([target]));
            }
        }
    }

    private static void Store(NameTable<PointerRecords>.Builder table, byte[] address, PointerRecords? records)
    {
        if (records is null)
        {
            table.Remove(address);
        }
        else
        {
            table.Set(address, records);
        }
    }

    private static HashSet<(ByteKey Address, ByteKey Label)> Contributions(ServiceRecords? service)
    {
        var set = new HashSet<(ByteKey, ByteKey)>();
        if (service is null)
        {
            return set;
        }

        if (service.HasClusterAddress)
        {
            Add(set, service.Self);
        }

        foreach (var host in service.Hosts)
        {
            Add(set, host);
        }

        return set;
    }

    private static void Add(HashSet<(ByteKey, ByteKey)> set, HostRecords host)
    {
        foreach (var records in (ReadOnlySpan<AddressRecords?>)[host.A, host.AAAA])
        {
            for (var i = 0; i < (records?.Count ?? 0); i++)
            {
                set.Add((new ByteKey(records!.Address(i).ToArray()), new ByteKey(host.Label)));
            }
        }
    }

    /// <summary>Bytes compared by content.</summary>
    private readonly struct ByteKey(byte[] bytes) : IEquatable<ByteKey>
    {
        internal byte[] Bytes => bytes;

        public bool Equals(ByteKey other) => bytes.AsSpan().SequenceEqual(other.Bytes);

        public override bool Equals(object? obj) => obj is ByteKey other && Equals(other);

        public override int GetHashCode()
        {
            var hash = default(HashCode);
            hash.AddBytes(bytes);
            return hash.ToHashCode();
        }
    }
}
