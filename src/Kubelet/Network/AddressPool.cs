using System.Net;

namespace Dataplane.Kubelet.Network;

/// <summary>
/// Hands out pod addresses, one of each range. A reservation holds until two things are so: the pod's device is gone, and no pod object shows the
/// address any more. Whoever frees it after the first alone gives a Service's traffic for the old pod to the new one.
/// </summary>
/// <remarks>Reservations outlive the agent (<see cref="AddressJournal"/>). Safe for several threads.</remarks>
internal sealed class AddressPool : IDisposable
{
    private readonly Lock _gate = new();
    private readonly AddressJournal _journal;
    private readonly IReadOnlyList<AddressRange> _ranges;
    private readonly Dictionary<string, Reservation> _reservations = new(StringComparer.Ordinal);
    private readonly Dictionary<IPAddress, string> _owners = [];

    /// <param name="ranges">In the order of a pod's addresses, at most one of each family.</param>
    /// <param name="journal">Read here; disposed with this.</param>
    internal AddressPool(IReadOnlyList<AddressRange> ranges, AddressJournal journal)
    {
        _ranges = ranges;
        _journal = journal;
        foreach (var (uid, addresses) in journal.Load())
        {
            Enter(uid, addresses);
        }
    }

    internal IReadOnlyList<AddressRange> Ranges => _ranges;

    /// <summary>Whether a pod object shows its addresses, by uid: asked when the pod's device goes.</summary>
    internal Func<string, bool> IsShown { get; set; } = static _ => false;

    /// <summary>The uids that hold addresses.</summary>
    internal IReadOnlyList<string> Owners
    {
        get
        {
            lock (_gate)
            {
                return [.. _reservations.Keys];
            }
        }
    }

    /// <summary>The pod's addresses, new ones or those it has.</summary>
    /// <returns>And when they are on disk: before that nobody may be told of them.</returns>
    /// <exception cref="AddressesExhaustedException">A range has none left; nothing was reserved.</exception>
    internal (IReadOnlyList<IPAddress> Addresses, Task Durable) Reserve(string uid)
    {
        lock (_gate)
        {
            if (_reservations.TryGetValue(uid, out var known))
            {
                // After a change of the node's range a pod that starts anew starts with what is routed now.
                if (known.Addresses.Count == _ranges.Count && known.Addresses.Zip(_ranges).All(pair => pair.Second.Contains(pair.First)))
                {
                    known.Detached = false;
                    return (known.Addresses, Task.CompletedTask);
                }

                Free(uid);
            }

            IPAddress[] addresses = [.. _ranges.Select(range => range.Take(_owners.ContainsKey))];
            var durable = _journal.AddAsync(uid, addresses);
            Enter(uid, addresses);
            return (addresses, durable);
        }
    }

    /// <summary>The addresses a pod holds; empty for none.</summary>
    internal IReadOnlyList<IPAddress> Find(string uid)
    {
        lock (_gate)
        {
            return _reservations.TryGetValue(uid, out var known) ? known.Addresses : [];
        }
    }

    /// <summary>Takes addresses that a pod object shows, as after a start without the journal. Those that another pod holds stay its own.</summary>
    /// <returns>Whether they are the pod's now.</returns>
    internal bool Adopt(string uid, IReadOnlyList<IPAddress> addresses)
    {
        lock (_gate)
        {
            if (_reservations.ContainsKey(uid) || addresses.Count != _ranges.Count || addresses.Any(_owners.ContainsKey)
                || !addresses.Zip(_ranges).All(pair => pair.Second.Contains(pair.First)))
            {
                return false;
            }

            Enter(uid, addresses);
            _ = _journal.AddAsync(uid, addresses);
            return true;
        }
    }

    /// <summary>The pod's device is gone. Idempotent.</summary>
    internal void Detach(string uid)
    {
        lock (_gate)
        {
            if (_reservations.TryGetValue(uid, out var known))
            {
                known.Detached = true;
                if (!IsShown(uid))
                {
                    Free(uid);
                }
            }
        }
    }

    /// <summary>No pod object shows the addresses any more. Idempotent.</summary>
    internal void Withdrawn(string uid)
    {
        lock (_gate)
        {
            if (_reservations.TryGetValue(uid, out var known) && known.Detached)
            {
                Free(uid);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _journal.Dispose();

    private void Enter(string uid, IReadOnlyList<IPAddress> addresses)
    {
        _reservations[uid] = new Reservation(addresses);
        foreach (var address in addresses)
        {
            _owners[address] = uid;
            if (_ranges.FirstOrDefault(range => range.Contains(address)) is { } range)
            {
                range.SkipPast(address);
            }
        }
    }

    private void Free(string uid)
    {
        _reservations.Remove(uid, out var known);
        foreach (var address in known!.Addresses)
        {
            _owners.Remove(address);
        }

        _journal.Remove(uid);
    }

    private sealed class Reservation(IReadOnlyList<IPAddress> addresses)
    {
        internal IReadOnlyList<IPAddress> Addresses { get; } = addresses;

        internal bool Detached { get; set; }
    }
}
