using Dataplane.Kubelet.Runtimes;
using Microsoft.Extensions.Logging;

namespace Dataplane.Kubelet.Nodes;

/// <summary>Whether the runtime answers and can run pods; what it says otherwise is the node's Ready condition. Times and words are upstream's.</summary>
internal sealed class RuntimeHealth(IContainerRuntime runtime, string node, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private long _answered = time.GetTimestamp();
    private string? _problem;
    private bool _isSilent;

    /// <summary>NAME://VERSION.</summary>
    internal string Version => $"{runtime.Name}://{runtime.Version}";

    /// <summary>Why pods cannot be run; null when they can.</summary>
    internal string? NotReady => time.GetElapsedTime(Volatile.Read(ref _answered)) > Patience ? "container runtime is down" : Volatile.Read(ref _problem);

    /// <summary>Asks every 5 s until cancelled.</summary>
    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            using var timer = new PeriodicTimer(Interval, time);
            while (await timer.WaitForNextTickAsync(cancellation))
            {
                await AskAsync(cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The agent stops.
        }
    }

    internal async Task AskAsync(CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            Volatile.Write(ref _problem, await runtime.ProblemAsync(either.Token));
            Volatile.Write(ref _answered, time.GetTimestamp());
            _isSilent = false;
        }
        catch (Exception failure) when (failure is IOException || (failure is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            if (!_isSilent)
            {
                Log.Retrying(logger, node, "asking the container runtime how it is", failure.Message);
            }

            _isSilent = true;
        }
    }
}
