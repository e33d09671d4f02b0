using System.Net;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>A change of a set whose elements several front ends share: an element is there while someone needs it.</summary>
internal readonly struct CountedChange(Dictionary<IPAddress, int> counts)
{
    private readonly Dictionary<IPAddress, int> _before = [];

    internal void Replace(IEnumerable<IPAddress> old, IEnumerable<IPAddress> next)
    {
        foreach (var address in next)
        {
            Add(address, 1);
        }

        foreach (var address in old)
        {
            Add(address, -1);
        }
    }

    /// <summary>Tells of the addresses that came or went on the whole.</summary>
    internal void Write(Action<IPAddress> remove, Action<IPAddress> add)
    {
        foreach (var (address, before) in _before)
        {
            var after = counts.GetValueOrDefault(address);
            if (before == 0 && after > 0)
            {
                add(address);
            }
            else if (before > 0 && after == 0)
            {
                remove(address);
            }
        }
    }

    private void Add(IPAddress address, int difference)
    {
        var count = counts.GetValueOrDefault(address);
        _before.TryAdd(address, count);
        if (count + difference == 0)
        {
            counts.Remove(address);
        }
        else
        {
            counts[address] = count + difference;
        }
    }
}
