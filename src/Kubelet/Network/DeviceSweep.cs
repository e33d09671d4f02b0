using Dataplane.Netlink;
using Dataplane.Netlink.Route;

namespace Dataplane.Kubelet.Network;

/// <summary>
/// Sees to it that disconnected devices go. They do by themselves, with the pod's namespace and many at a time, which is far cheaper than removing each;
/// one whose namespace something still keeps is removed here.
/// </summary>
internal sealed class DeviceSweep : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly RouteConnection _routes;
    private readonly SemaphoreSlim _oneByOne;
    private readonly Dictionary<string, long> _since = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();
    private Task _running = Task.CompletedTask;

    /// <param name="oneByOne">Held while a device is removed: it must not be one that was made just now under the same name.</param>
    internal DeviceSweep(RouteConnection routes, SemaphoreSlim oneByOne)
    {
        _routes = routes;
        _oneByOne = oneByOne;
    }

    internal void Add(string device)
    {
        lock (_gate)
        {
            _since[device] = Environment.TickCount64;
            if (_running.IsCompleted)
            {
                _running = Task.Run(RunAsync);
            }
        }
    }

    internal void Remove(string device)
    {
        lock (_gate)
        {
            _since.Remove(device);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        _running.GetAwaiter().GetResult();
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            do
            {
                await Task.Delay(Patience, _stopping.Token);
            }
            while (await SweepAsync());
        }
        catch (OperationCanceledException)
        {
            // The agent stops; its next start sweeps.
        }
    }

    /// <returns>Whether there is anything left to look at.</returns>
    private async Task<bool> SweepAsync()
    {
        await _oneByOne.WaitAsync(_stopping.Token);
        try
        {
            string[] due;
            lock (_gate)
            {
                var before = Environment.TickCount64 - (long)Patience.TotalMilliseconds;
                due = [.. _since.Where(one => one.Value <= before).Select(one => one.Key)];
                foreach (var device in due)
                {
                    _since.Remove(device);
                }
            }

            foreach (var device in due)
            {
                try
                {
                    if (_routes.FindLink(device) is { } link)
                    {
                        _routes.DeleteLink(link.Index);
                    }
                }
                catch (NetlinkException)
                {
                    // It went in this moment.
                }
            }

            lock (_gate)
            {
                return _since.Count > 0;
            }
        }
        finally
        {
            _oneByOne.Release();
        }
    }
}
