using System.Collections.Concurrent;
using Dataplane.Dns.Configuration;
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

    /// <summary>Lower case, wire form.</summary>
    internal ReadOnlySpan<byte> Name => _name;

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

/// <summary>A kept answer.</summary>
/// <param name="Answer">The upstream's message.</param>
/// <param name="Age">Seconds to take off every TTL.</param>
/// <param name="Left">Seconds that no TTL may be over.</param>
/// <param name="IsStale">It has expired, and stands in.</param>
/// <param name="IsDue">It is asked for so often that it is worth asking again before it expires; said once.</param>
internal readonly record struct CachedAnswer(byte[] Answer, uint Age, uint Left, bool IsStale, bool IsDue);

/// <summary>
/// Upstream answers for as long as their TTLs say, within bounds; NXDOMAIN and NODATA for the SOA's minimum (RFC 2308), failures for
/// a moment (RFC 9520). Answers cut short, and denials without a SOA, are not kept. When full, expired entries go, then any.
/// </summary>
internal sealed class ForwardCache(CachePlan plan, TimeProvider time)
{
    /// <summary>TTL of an answer that has expired (RFC 8767, 4).</summary>
    private const uint StaleTtl = 30;

    private readonly ConcurrentDictionary<ForwardKey, Entry> _entries = new();
    private readonly long[] _counts = new long[Enum.GetValues<CacheCount>().Length];

    /// <summary>Answers kept, and denials.</summary>
    internal (int Answers, int Denials) Counts()
    {
        var (all, denials) = (0, 0);
        foreach (var (_, entry) in _entries)
        {
            all++;
            denials += entry.IsDenial ? 1 : 0;
        }

        return (all - denials, denials);
    }

    internal long Total(CacheCount what) => Interlocked.Read(ref _counts[(int)what]);

    internal bool TryGet(in ForwardKey key, out CachedAnswer cached)
    {
        var now = time.GetUtcNow();
        if (_entries.TryGetValue(key, out var entry))
        {
            var age = (uint)Math.Max(0, (now - entry.Stored).TotalSeconds);
            if (now < entry.Expires)
            {
                Add(entry.IsDenial ? CacheCount.DenialHits : CacheCount.Hits);
                var left = entry.Expires - (plan.KeepsTtl ? entry.Stored : now);
                cached = new CachedAnswer(entry.Answer, plan.KeepsTtl ? 0 : age, (uint)Math.Ceiling(left.TotalSeconds), IsStale: false, entry.IsDue(plan, now));
                return true;
            }

            if (now < entry.Expires + plan.Stale && !entry.IsFailure)
            {
                Add(CacheCount.Stale);
                cached = new CachedAnswer(entry.Answer, 0, StaleTtl, IsStale: true, IsDue: false);
                return true;
            }
        }

        Add(CacheCount.Misses);
        cached = default;
        return false;
    }

    /// <summary>A fresh answer, not counted as asked for.</summary>
    internal byte[]? Peek(in ForwardKey key) => _entries.TryGetValue(key, out var entry) && time.GetUtcNow() < entry.Expires ? entry.Answer : null;

    internal void Keep(in ForwardKey key, byte[] answer)
    {
        if (!MayKeep(key, answer) || Lifetime(answer) is not (var seconds and > 0))
        {
            return;
        }

        if (_entries.Count >= plan.Capacity)
        {
            MakeRoom();
        }

        var now = time.GetUtcNow();
        var entry = new Entry(answer, now, now.AddSeconds(seconds));
        if (entry.IsFailure && _entries.TryGetValue(key, out var known) && !known.IsFailure && now < known.Expires + plan.Stale)
        {
            // A failure does not drive out what may stand in for it.
            return;
        }

        _entries[key] = entry;
    }

    /// <summary>What no TTL of a fresh answer may be over: as it will be bounded when the answer comes from here.</summary>
    internal uint Cap(in ForwardKey key, byte[] answer) => MayKeep(key, answer) && Lifetime(answer) is > 0 and var left ? left : uint.MaxValue;

    internal void CountPrefetch() => Add(CacheCount.Prefetches);

    /// <returns>Seconds; 0 when the answer is not to be kept or is malformed.</returns>
    internal uint Lifetime(ReadOnlySpan<byte> answer)
    {
        var flags = DnsHeader.Flags(answer);
        var code = (ResponseCode)(flags & DnsHeader.RcodeMask);
        if (code is ResponseCode.ServFail)
        {
            return plan.ServFailTtl;
        }

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

        if (answered && code is ResponseCode.NoError)
        {
            return Math.Min(Math.Max(lifetime, plan.MinTtl), plan.MaxTtl);
        }

        return negative is { } seconds ? Math.Min(Math.Max(Math.Min(seconds, lifetime), plan.MinDenialTtl), plan.MaxDenialTtl) : 0;
    }

    private bool MayKeep(in ForwardKey key, byte[] answer)
    {
        var without = IsDenied(answer) ? plan.NoDenial : plan.NoSuccess;
        if (without.Length == 0 && plan.Zones.Length == 0)
        {
            return true;
        }

        var name = NameView.Split(key.Name, stackalloc byte[NameView.MaxLabels]);
        return (plan.Zones.Length == 0 || NameSuffix.AnyCovers(plan.Zones, name)) && !NameSuffix.AnyCovers(without, name);
    }

    private static bool IsDenied(byte[] answer) => (DnsHeader.Flags(answer) & DnsHeader.RcodeMask) != 0 || DnsHeader.AnswerCount(answer) == 0;

    private void Add(CacheCount what, int count = 1) => Interlocked.Add(ref _counts[(int)what], count);

    private void MakeRoom()
    {
        var (now, before) = (time.GetUtcNow(), _entries.Count);
        foreach (var entry in _entries)
        {
            if (entry.Value.Expires + plan.Stale <= now)
            {
                _entries.TryRemove(entry);
            }
        }

        // A tenth at once, so that a full cache does not pay for every answer it takes in.
        foreach (var entry in _entries.Take(Math.Max(0, _entries.Count - (plan.Capacity * 9 / 10))))
        {
            _entries.TryRemove(entry);
        }

        Add(CacheCount.Evictions, Math.Max(0, before - _entries.Count));
    }

    private sealed class Entry(byte[] answer, DateTimeOffset stored, DateTimeOffset expires)
    {
        private DateTimeOffset _lastAsked = DateTimeOffset.MaxValue;
        private int _asked;
        private int _told;

        internal byte[] Answer => answer;

        internal DateTimeOffset Stored => stored;

        internal DateTimeOffset Expires => expires;

        internal bool IsFailure => (DnsHeader.Flags(answer) & DnsHeader.RcodeMask) == (int)ResponseCode.ServFail;

        internal bool IsDenial => IsDenied(answer);

        internal bool IsDue(CachePlan plan, DateTimeOffset now)
        {
            if (plan.Prefetch == 0 || IsFailure)
            {
                return false;
            }

            lock (this)
            {
                // Before the first time the difference is far below zero: that one counts too.
                _asked = now - _lastAsked <= plan.PrefetchWithin ? _asked + 1 : 1;
                _lastAsked = now;
                var nearTheEnd = expires - now <= (expires - stored) * plan.PrefetchPercentage / 100;
                return nearTheEnd && _asked >= plan.Prefetch && _told++ == 0;
            }
        }
    }
}

/// <summary>What a cache counts.</summary>
internal enum CacheCount
{
    Hits,
    DenialHits,
    Misses,
    Stale,
    Prefetches,
    Evictions,
}
