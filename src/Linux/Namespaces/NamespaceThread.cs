using System.Collections.Concurrent;

namespace Dataplane.Linux.Namespaces;

/// <summary>
/// One thread that entered a network namespace for good and runs what it is handed, one call after the other.
/// setns works on the calling thread only, so neither a pool thread nor an await may ever stand in a foreign namespace.
/// </summary>
internal sealed class NamespaceThread : IDisposable
{
    private readonly BlockingCollection<Action> _queue = [];
    private readonly Thread _thread;

    internal NamespaceThread(string name, Action enter)
    {
        var entered = new TaskCompletionSource();
        _thread = new Thread(() => Run(enter, entered)) { IsBackground = true, Name = name };
        _thread.Start();
        entered.Task.GetAwaiter().GetResult();
    }

    internal T Invoke<T>(Func<T> body)
    {
        if (Thread.CurrentThread == _thread)
        {
            return body();
        }

        var done = new TaskCompletionSource<T>();
        _queue.Add(() =>
        {
            try
            {
                done.SetResult(body());
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        });
        return done.Task.GetAwaiter().GetResult();
    }

    /// <summary>Lets queued calls finish, then ends the thread.</summary>
    public void Dispose()
    {
        _queue.CompleteAdding();
        if (Thread.CurrentThread != _thread)
        {
            _thread.Join();
            _queue.Dispose();
        }
    }

    private void Run(Action enter, TaskCompletionSource entered)
    {
        try
        {
            enter();
        }
        catch (Exception failure)
        {
            entered.SetException(failure);
            return;
        }

        entered.SetResult();
        foreach (var call in _queue.GetConsumingEnumerable())
        {
            call();
        }
    }
}
