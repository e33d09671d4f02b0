using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Dataplane.Dns.Zones;

/// <summary>
/// A persistent hash table keyed by byte strings. Readers hold one version for as long as they like; a writer derives the next
/// by copying what it touches:
/// <code>
/// pages[hash >> 8]  ->  chains[hash and 255]  ->  entry -> entry
/// </code>
/// A change to one of n names copies one page of 256 references and the array of n/256 pages, never the table. A lookup is two
/// array reads and a compare.
/// </summary>
internal sealed class NameTable<T>
    where T : class
{
    internal const int PageSize = 256;

    private readonly Entry?[]?[] _pages;

    private NameTable(Entry?[]?[] pages, int count)
    {
        _pages = pages;
        Count = count;
    }

    internal static NameTable<T> Empty { get; } = new(new Entry?[1][], 0);

    internal int Count { get; }

    internal bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out T? value) => TryGet(_pages, key, out value);

    internal Builder ToBuilder() => new(this);

    /// <summary>Every value, in no order.</summary>
    internal IEnumerable<T> Values
    {
        get
        {
            foreach (var page in _pages)
            {
                for (var i = 0; page is not null && i < page.Length; i++)
                {
                    for (var entry = page[i]; entry is not null; entry = entry.Next)
                    {
                        yield return entry.Value;
                    }
                }
            }
        }
    }

    /// <summary>Eight bytes a step, multiply and fold; keys come from the cluster's own objects, so no secret is mixed in.</summary>
    private static uint Hash(ReadOnlySpan<byte> key)
    {
        const ulong Multiplier = 0x9E3779B97F4A7C15;
        var hash = (ulong)key.Length;
        for (; key.Length >= sizeof(ulong); key = key[sizeof(ulong)..])
        {
            hash = Fold((hash ^ BinaryPrimitives.ReadUInt64LittleEndian(key)) * Multiplier);
        }

        var tail = 0UL;
        for (var i = 0; i < key.Length; i++)
        {
            tail |= (ulong)key[i] << (8 * i);
        }

        hash = Fold((hash ^ tail) * Multiplier);
        return (uint)(hash ^ (hash >> 32));
    }

    private static ulong Fold(ulong value) => value ^ (value >> 29);

    private static bool TryGet(Entry?[]?[] pages, ReadOnlySpan<byte> key, [NotNullWhen(true)] out T? value)
    {
        var hash = Hash(key);
        for (var entry = pages[Page(hash, pages.Length)]?[hash % PageSize]; entry is not null; entry = entry.Next)
        {
            if (entry.Hash == hash && key.SequenceEqual(entry.Key))
            {
                value = entry.Value;
                return true;
            }
        }

        value = null;
        return false;
    }

    /// <summary>Page counts are powers of two; the low eight bits choose the chain within the page.</summary>
    private static int Page(uint hash, int pages) => (int)(hash / PageSize) & (pages - 1);

    private sealed record Entry(byte[] Key, uint Hash, T Value, Entry? Next);

    /// <summary>The next version in the making. Pages already copied for this version are written in place.</summary>
    internal sealed class Builder
    {
        private readonly NameTable<T> _from;
        private Entry?[]?[] _pages;
        private bool[] _owned;
        private bool _changed;

        internal Builder(NameTable<T> from)
        {
            _from = from;
            _pages = from._pages;
            _owned = [];
            Count = from.Count;
        }

        internal int Count { get; private set; }

        internal bool TryGet(ReadOnlySpan<byte> key, [NotNullWhen(true)] out T? value) => NameTable<T>.TryGet(_pages, key, out value);

        internal void Set(byte[] key, T value)
        {
            var hash = Hash(key);
            ref var chain = ref Chain(hash);
            var rest = Without(chain, hash, key, out var found);
            chain = new Entry(key, hash, value, rest);
            Count += found ? 0 : 1;
            if (Count > _pages.Length * PageSize)
            {
                Grow();
            }
        }

        internal bool Remove(byte[] key)
        {
            var hash = Hash(key);
            ref var chain = ref Chain(hash);
            chain = Without(chain, hash, key, out var found);
            Count -= found ? 1 : 0;
            return found;
        }

        internal NameTable<T> ToTable() => _changed ? new NameTable<T>(_pages, Count) : _from;

        private static Entry? Without(Entry? chain, uint hash, byte[] key, out bool found)
        {
            found = false;
            if (chain is null)
            {
                return null;
            }

            if (chain.Hash == hash && key.AsSpan().SequenceEqual(chain.Key))
            {
                found = true;
                return chain.Next;
            }

            var rest = Without(chain.Next, hash, key, out found);
            return found ? chain with { Next = rest } : chain;
        }

        private ref Entry? Chain(uint hash)
        {
            if (!_changed)
            {
                _pages = [.. _pages];
                _owned = new bool[_pages.Length];
                _changed = true;
            }

            var at = Page(hash, _pages.Length);
            if (!_owned[at])
            {
                _pages[at] = _pages[at] is { } shared ? [.. shared] : new Entry?[PageSize];
                _owned[at] = true;
            }

            return ref _pages[at]![hash % PageSize];
        }

        private void Grow()
        {
            var old = _pages;
            _pages = new Entry?[old.Length * 2][];
            _owned = new bool[_pages.Length];
            foreach (var page in old)
            {
                for (var i = 0; page is not null && i < page.Length; i++)
                {
                    for (var entry = page[i]; entry is not null; entry = entry.Next)
                    {
                        ref var chain = ref Chain(entry.Hash);
                        chain = entry with { Next = chain };
                    }
                }
            }
        }
    }
}
