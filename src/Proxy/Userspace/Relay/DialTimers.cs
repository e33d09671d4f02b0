using System.Collections.Immutable;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// Deadlines of dials. Every attempt of the same number has the same time-out, so one queue for each is ordered by itself:
/// adding and expiring cost the same whatever the number of connections.
/// </summary>
internal sealed class DialTimers(ImmutableArray<TimeSpan> timeouts, ConnectionPool connections)
{
    private readonly Queue<Dial>[] _dials = [.. timeouts.Select(_ => new Queue<Dial>())];

    internal int Attempts => _dials.Length;

    /// <param name="now">Milliseconds of <see cref="Environment.TickCount64"/>.</param>
    internal void Start(RelayConnection connection, long now) => _dials[connection.Attempt].Enqueue(
        new Dial(connection.Slot, connection.Generation, now + (long)timeouts[connection.Attempt].TotalMilliseconds));

    /// <summary>The nearest deadline of a dial still under way, in the same unit; null when there is none.</summary>
    internal long? NextDeadline()
    {
        long? next = null;
        for (var attempt = 0; attempt < _dials.Length; attempt++)
        {
            if (Head(attempt) is { } dial && (next is null || dial.Deadline < next))
            {
                next = dial.Deadline;
            }
        }

        return next;
    }

    /// <summary>Takes out one dial that is overdue; null when there is none.</summary>
    internal RelayConnection? TakeOverdue(long now)
    {
        for (var attempt = 0; attempt < _dials.Length; attempt++)
        {
            if (Head(attempt) is { } dial && dial.Deadline <= now)
            {
                _dials[attempt].Dequeue();
                return connections.Find(dial.Slot, dial.Generation);
            }
        }

        return null;
    }

    // Dials that ended in time stay in the queue until they reach its head.
    private Dial? Head(int attempt)
    {
        while (_dials[attempt].TryPeek(out var dial))
        {
            if (connections.Find(dial.Slot, dial.Generation) is { Phase: RelayPhase.Dialling } connection && connection.Attempt == attempt)
            {
                return dial;
            }

            _dials[attempt].Dequeue();
        }

        return null;
    }

    private readonly record struct Dial(int Slot, uint Generation, long Deadline);
}
