using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Cluster;

/// <summary>Waits for objects to come to a state, by watching them.</summary>
internal static class Await
{
    /// <param name="what">What is waited for, for the message when the time is over.</param>
    /// <exception cref="UserErrorException">The time is over; the message tells what is and is not there.</exception>
    internal static async Task<IReadOnlyDictionary<NamespacedName, T>> StateAsync<T>(
        KubernetesClient client, string? inNamespace, string what, TimeSpan limit, ILoggerFactory loggers,
        Func<IReadOnlyDictionary<NamespacedName, T>, bool> reached, Func<T, string> describe, CancellationToken cancellation)
        where T : class, IResource<T>
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var informer = new Informer<T>(client, new InformerOptions { Namespace = inNamespace }, loggers.CreateLogger("await"));
        var changed = new SemaphoreSlim(0);
        informer.Subscribe(_ => changed.Release());
        var running = informer.RunAsync(ending.Token);
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            deadline.CancelAfter(limit);
            await informer.WaitForSyncAsync(deadline.Token);
            while (!reached(informer.Snapshot))
            {
                await changed.WaitAsync(deadline.Token);
            }

            return informer.Snapshot;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            var state = string.Join("; ", informer.Snapshot.Values.Select(describe).Order(StringComparer.Ordinal));
            throw new UserErrorException($"{what} not reached in {limit.TotalSeconds:0} s; there is: {(state.Length == 0 ? "nothing" : state)}");
        }
        finally
        {
            await ending.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
