namespace Dataplane.Dns.Server;

/// <summary>
/// Who is counted most, in memory that does not grow: of all keys a fixed number is kept, and a new one takes the place and the count
/// of the smallest (Space-Saving; Metwally, Agrawal and El Abbadi, 2005). A count is never too small, and too large by the smallest at most.
/// </summary>
/// <remarks>One writer; readers may come at any time.</remarks>
internal sealed class TopTalkers(int longestKey)
{
    /// <summary>Every so many queries one is counted, for all of them.</summary>
    internal const int Sampling = 16;

    private const int Slots = 64;

    private readonly Lock _lock = new();
    private readonly byte[] _keys = new byte[Slots * longestKey];
    private readonly int[] _lengths = new int[Slots];
    private readonly long[] _counts = new long[Slots];
    private int _used;

    internal void Add(ReadOnlySpan<byte> key)
    {
        lock (_lock)
        {
            var smallest = 0;
            for (var slot = 0; slot < _used; slot++)
            {
                if (Key(slot).SequenceEqual(key))
                {
                    _counts[slot] += Sampling;
                    return;
                }

                smallest = _counts[slot] < _counts[smallest] ? slot : smallest;
            }

            var taken = _used < Slots ? _used++ : smallest;
            key.CopyTo(_keys.AsSpan(taken * longestKey, longestKey));
            _lengths[taken] = key.Length;
            _counts[taken] += Sampling;
        }
    }

    /// <summary>The keys counted most, with their counts.</summary>
    internal (byte[] Key, long Count)[] Top(int count)
    {
        lock (_lock)
        {
            return [.. Enumerable.Range(0, _used).OrderByDescending(slot => _counts[slot]).Take(count).Select(slot => (Key(slot).ToArray(), _counts[slot]))];
        }
    }

    private ReadOnlySpan<byte> Key(int slot) => _keys.AsSpan(slot * longestKey, _lengths[slot]);
}
