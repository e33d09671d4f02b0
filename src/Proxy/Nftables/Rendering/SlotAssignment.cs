using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Nftables.Rendering;

/// <summary>Which endpoint has which random number.</summary>
internal static class SlotAssignment
{
    /// <summary>Endpoints that stay keep their slots as long as the slots exist, so that one change is a change of at most two elements.</summary>
    internal static EndpointTarget[] Assign(EndpointTarget[] before, ImmutableArray<EndpointTarget> wanted)
    {
        if (before.Length == 0)
        {
            // Shared with the plan, which holds it anyway.
            return ImmutableCollectionsMarshal.AsArray(wanted) ?? [];
        }

        var slots = new EndpointTarget[wanted.Length];
        var free = new List<int>();
        var unplaced = wanted.ToHashSet();
        for (var slot = 0; slot < slots.Length; slot++)
        {
            if (slot < before.Length && unplaced.Remove(before[slot]))
            {
                slots[slot] = before[slot];
            }
            else
            {
                free.Add(slot);
            }
        }

        var next = 0;
        foreach (var target in wanted)
        {
            if (unplaced.Contains(target))
            {
                slots[free[next++]] = target;
            }
        }

        return slots;
    }
}
