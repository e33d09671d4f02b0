using System.Security.Cryptography;

namespace Dataplane.ControlPlane.Services;

/// <summary>The node ports of the cluster. Like addresses, dynamic ones come from the upper band first (KEP-3668).</summary>
internal sealed class NodePortPool((int First, int Last) range)
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _taken = [];

    public (int First, int Last) Range => range;

    public bool Contains(long port) => port >= range.First && port <= range.Last;

    /// <returns>False when it is taken.</returns>
    public bool TryTake(int port)
    {
        lock (_gate)
        {
            return _taken.Add(port);
        }
    }

    /// <returns>Null when every port is taken.</returns>
    public int? TakeAny()
    {
        var count = range.Last - range.First + 1;
        var band = Math.Min(Math.Max(16, count / 32), 128);
        var dynamicFirst = band >= count ? range.First : range.First + band;
        lock (_gate)
        {
            return TakeFrom(dynamicFirst, range.Last) ?? TakeFrom(range.First, dynamicFirst - 1);
        }
    }

    public void Release(int port)
    {
        lock (_gate)
        {
            _taken.Remove(port);
        }
    }

    private int? TakeFrom(int first, int last)
    {
        var count = last - first + 1;
        var offset = count > 0 ? RandomNumberGenerator.GetInt32(count) : 0;
        for (var i = 0; i < count; i++)
        {
            var candidate = first + ((offset + i) % count);
            if (_taken.Add(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
