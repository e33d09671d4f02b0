using System.Net;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>
/// What a front end's endpoints are remembered by. An endpoint has its number while it is one of the front end's, and nobody has it after that: so
/// whoever remembers the number of an endpoint that went finds nothing.
/// </summary>
internal sealed class EndpointNumbers
{
    private readonly Dictionary<(IPAddress Address, ushort Port), uint> _numbers = [];

    private EndpointNumbers()
    {
    }

    internal uint this[EndpointTarget target] => _numbers[(target.Address, target.Port)];

    /// <summary>Numbers for these endpoints: those they had, and new ones.</summary>
    internal static EndpointNumbers Assign(EndpointNumbers? before, FrontEnd frontEnd, IEnumerable<EndpointTarget> targets, NumberSource source)
    {
        var after = new EndpointNumbers();
        foreach (var target in targets)
        {
            var key = (target.Address, target.Port);
            if (!after._numbers.ContainsKey(key))
            {
                var had = before is not null && before._numbers.TryGetValue(key, out var number) ? number : (uint?)null;
                after._numbers.Add(key, had ?? source.Next(frontEnd, target));
            }
        }

        return after;
    }
}

/// <summary>Gives each number once, but for endpoints that an earlier table had: they keep theirs, and their clients with it.</summary>
internal sealed class NumberSource
{
    // With this many left there are enough for years, whatever happens.
    private const uint MostTakenOver = Skeleton.NumberBit + (1 << 30);

    private readonly Dictionary<(NftValue FrontEnd, NftValue Target), uint> _earlier = [];
    private uint _last = Skeleton.NumberBit;

    /// <summary>Takes an element of an earlier table's affine endpoints, unless there is something wrong with it.</summary>
    internal bool TakeOver(NftElement element)
    {
        var key = element.Key.Bytes;
        var number = BitConverter.ToUInt32(key[^sizeof(uint)..]);
        if (element.Data is not { } target || number is <= Skeleton.NumberBit or > MostTakenOver)
        {
            return false;
        }

        _earlier[(NftValue.Of(key[..^sizeof(uint)]), target)] = number;
        _last = Math.Max(_last, number);
        return true;
    }

    internal uint Next(FrontEnd frontEnd, EndpointTarget target) =>
        _earlier.Remove((Elements.FrontEnd(frontEnd), Elements.Target(target)), out var number) ? number : checked(++_last);
}
