using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Forward;

/// <summary>What an upstream's answer depends on; the name's case is not part of it.</summary>
internal readonly struct ForwardKey : IEquatable<ForwardKey>
{
    private readonly byte[] _name;
    private readonly (RecordType Type, bool DnssecOk, bool CheckingDisabled) _rest;

    internal ForwardKey(ReadOnlySpan<byte> name, RecordType type, bool dnssecOk, bool checkingDisabled)
    {
        _name = name.ToArray();
        NameView.ToLower(_name);
        _rest = (type, dnssecOk, checkingDisabled);
    }

    public bool Equals(ForwardKey other) => _rest == other._rest && _name.AsSpan().SequenceEqual(other._name);

    public override bool Equals(object? obj) => obj is ForwardKey other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_name);
        hash.Add(_rest);
        return hash.ToHashCode();
    }
}

/// <summary>
/// Upstream answers for as long as their TTLs say, within caps; NXDOMAIN and NODATA for the SOA's minimum (RFC 2308).
/// Answers cut short, failures and answers without a SOA are not kept. When full, expired entries go, then any.
/// </summary>
internal sealed class ForwardCache(TimeProvider time)
{
    internal const int Capacity = 10_000;

    private const uint MaxPositiveTtl = 3600;
    private const uint MaxNegativeTtl = 1800;

    private readonly ConcurrentDictionary<ForwardKey, Entry> _entries = new();
    private long _hits;
    private long _misses;

    internal int Count => _entries.Count;

    internal long Hits => Interlocked.Read(ref _hits);

    internal long Misses => Interlocked.Read(ref _misses);

    internal bool TryGet(in ForwardKey key, [NotNullWhen(true)] out byte[]? answer, out uint ageSeconds)
    {
        var now = time.GetUtcNow();
        if (_entries.TryGetValue(key, out var entry) && now < entry.Expires)
        {
            Interlocked.Increment(ref _hits);
            (answer, ageSeconds) = (entry.Answer, (uint)Math.Max(0, (now - entry.Stored).TotalSeconds));
            return true;
        }

        Interlocked.Increment(ref _misses);
        (answer, ageSeconds) = (null, 0);
        return false;
    }

    internal void Keep(in ForwardKey key, byte[] answer)
    {
        if (Lifetime(answer) is not (var seconds and > 0))
        {
            return;
        }

        if (_entries.Count >= Capacity)
        {
            MakeRoom();
        }

        var now = time.GetUtcNow();
        _entries[key] = new Entry(answer, now, now.AddSeconds(seconds));
    }

    /// <returns>Seconds; 0 when the answer is not to be kept or is malformed.</returns>
    internal static uint Lifetime(ReadOnlySpan<byte> answer)
    {
        var flags = DnsHeader.Flags(answer);
        var code = (ResponseCode)(flags & DnsHeader.RcodeMask);
        if (code is not (ResponseCode.NoError or ResponseCode.NXDomain) || (flags & DnsHeader.TC) != 0 || DnsHeader.QuestionCount(answer) != 1)
        {
            return 0;
        }

        Span<byte> name = stackalloc byte[NameView.MaxLength];
        var reader = new DnsReader(answer, DnsHeader.Size);
        if (!reader.TryName(name, out _) || !reader.TryU16BigEndian(out var asked) || !reader.TrySkip(sizeof(ushort)))
        {
            return 0;
        }

        var (lifetime, answered, negative) = (uint.MaxValue, false, (uint?)null);
        var answers = DnsHeader.AnswerCount(answer);
        var relevant = answers + DnsHeader.AuthorityCount(answer);
        for (var i = 0; i < relevant; i++)
        {
            if (!reader.TryRecord(name, out var record))
            {
                return 0;
            }

            lifetime = Math.Min(lifetime, record.Ttl);
            answered |= i < answers && (record.Type == (RecordType)asked || asked == (ushort)RecordType.ANY);
            if (i >= answers && record is { Type: RecordType.SOA, DataLength: >= sizeof(uint) })
            {
                var minimum = new DnsReader(answer, record.DataEnd - sizeof(uint));
                negative = minimum.TryU32BigEndian(out var value) ? Math.Min(value, record.Ttl) : null;
            }
        }

        return answered && code is ResponseCode.NoError
            ? Math.Min(lifetime, MaxPositiveTtl)
            : negative is { } seconds ? Math.Min(Math.Min(seconds, lifetime), MaxNegativeTtl) : 0;
    }

    private void MakeRoom()
    {
        var now = time.GetUtcNow();
        foreach (var entry in _entries)
        {
            if (entry.Value.Expires <= now)
            {
                _entries.TryRemove(entry);
            }
        }

        // A tenth at once, so that a full cache does not pay for every answer it takes in.
        foreach (var entry in _entries.Take(Math.Max(0, _entries.Count - (Capacity * 9 / 10))))
        {
            _entries.TryRemove(entry);
        }
    }

    private sealed record Entry(byte[] Answer, DateTimeOffset Stored, DateTimeOffset Expires);
}
