using Dataplane.Api;
using Dataplane.Api.Client;
using Microsoft.Extensions.Logging;

namespace Dataplane.ControlPlane.Controllers.Machinery;

/// <summary>A loop that brings one object at a time from what is to what should be. It is told which objects changed, never what changed.</summary>
internal abstract class Controller(ILogger logger, TimeProvider time)
{
    /// <summary>How many objects are worked on at once. The work is waiting for the API server.</summary>
    private const int Workers = 8;

    /// <summary>The objects to look at.</summary>
    protected WorkQueue Queue { get; } = new(time);

    protected TimeProvider Time { get; } = time;

    protected ILogger Logger { get; } = logger;

    /// <summary>Works until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(Enumerable.Range(0, Workers).Select(_ => WorkAsync(cancellationToken)));

    /// <summary>Looks at one object, which may be gone, and does what it needs. Must be safe to repeat.</summary>
    protected abstract Task SyncAsync(NamespacedName key, CancellationToken cancellationToken);

    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var key = await Queue.TakeAsync(cancellationToken).ConfigureAwait(false);
                try
                {
                    await SyncOneAsync(key, cancellationToken).ConfigureAwait(false);
                }
                finally
                {
                    Queue.Done(key);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private async Task SyncOneAsync(NamespacedName key, CancellationToken cancellationToken)
    {
        try
        {
            await SyncAsync(key, cancellationToken).ConfigureAwait(false);
            Queue.Forget(key);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (ApiException error) when (error.IsConflict || error.IsNotFound || error.IsAlreadyExists)
        {
            // The local copy was behind; by the next try it has caught up.
            Log.Behind(Logger, GetType().Name, key, error.Message);
            Queue.Retry(key);
        }
        catch (Exception error)
        {
            // Whatever one object does wrong, the others go on.
            Log.SyncFailed(Logger, GetType().Name, key, error.Message, error is ApiException or HttpRequestException ? null : error);
            Queue.Retry(key);
        }
    }
}
