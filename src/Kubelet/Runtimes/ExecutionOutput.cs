namespace Dataplane.Kubelet.Runtimes;

/// <summary>What a program writes that somebody waits for: the beginning is kept, up to so many bytes, and the rest let go.</summary>
internal sealed class ExecutionOutput(int most)
{
    private readonly Lock _gate = new();
    private readonly MemoryStream _kept = new();
    private bool _flows;

    private bool IsFull
    {
        get
        {
            lock (_gate)
            {
                return _kept.Length == most;
            }
        }
    }

    internal byte[] Kept
    {
        get
        {
            lock (_gate)
            {
                return _kept.ToArray();
            }
        }
    }

    /// <inheritdoc cref="Linux.Processes.ReceivedBytes"/>
    internal Task? Take(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            _flows |= !bytes.IsEmpty;
            _kept.Write(bytes[..Math.Min(bytes.Length, most - (int)_kept.Length)]);
        }

        return null;
    }

    /// <summary>
    /// Once the program has ended: waits until all has come. What it leaves behind may keep its output open for ever, so the grace is
    /// how long nothing comes.
    /// </summary>
    /// <param name="all">Completes when nobody has the output open any more.</param>
    /// <param name="grace">Begins anew with everything that comes.</param>
    /// <param name="time">Of the grace.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal async Task SettleAsync(Task all, TimeSpan grace, TimeProvider time, CancellationToken cancellation)
    {
        TakeFlow();
        while (!all.IsCompleted && !IsFull)
        {
            await Task.WhenAny(all, Task.Delay(grace, time, cancellation));
            if (cancellation.IsCancellationRequested || !TakeFlow())
            {
                return;
            }
        }
    }

    /// <summary>Whether something has come since it was asked last.</summary>
    private bool TakeFlow()
    {
        lock (_gate)
        {
            (var flowed, _flows) = (_flows, false);
            return flowed;
        }
    }
}
