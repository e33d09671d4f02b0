using Dataplane.ControlPlane.Store;

namespace Dataplane.ControlPlane.Machinery.Health;

/// <summary>One thing that is well or not.</summary>
/// <param name="Name">In paths and in the verbose list.</param>
/// <param name="Problem">What is wrong; null when nothing is.</param>
/// <param name="OnlyReady">It says whether requests should come, not whether the process should be restarted.</param>
internal sealed record HealthCheck(string Name, Func<string?> Problem, bool OnlyReady = false);

/// <summary>
/// What /healthz, /livez and /readyz look at, and the state of the parts that run beside the API server. The store's check has the
/// name that probes of kubeadm clusters ask for.
/// </summary>
internal sealed class HealthChecks(IStore store, CancellationToken stopping)
{
    private readonly Lock _gate = new();
    private readonly List<(string Name, Task Task)> _parts = [];

    public IReadOnlyList<HealthCheck> All { get; } =
    [
        new("ping", () => null),
        new("etcd", () => store.Current.Revision > Revision.None ? null : "the store is empty"),
        new("shutdown", () => stopping.IsCancellationRequested ? "process is shutting down" : null, OnlyReady: true),
    ];

    /// <summary>Parts and what is wrong with each; null when nothing is.</summary>
    public IReadOnlyList<(string Name, string? Problem)> Parts
    {
        get
        {
            lock (_gate)
            {
                return [.. _parts.Select(part => (part.Name, ProblemOf(part.Task))), ("etcd-0", All[1].Problem())];
            }
        }
    }

    /// <summary>Follows a part by the task it runs in, and hands that back.</summary>
    public Task Follow(string name, Task task)
    {
        lock (_gate)
        {
            _parts.Add((name, task));
        }

        return task;
    }

    private static string? ProblemOf(Task task) =>
        task.IsFaulted ? task.Exception.InnerException?.Message ?? "failed" : task.IsCompleted ? "stopped" : null;
}
