using System.Runtime.ExceptionServices;

namespace Dataplane.Linux.Processes;

/// <summary>
/// A thread that changes its namespaces and then ends: namespaces, root directory and PID namespace of children belong to
/// the thread, so it can never go back to a pool.
/// </summary>
internal sealed class NamespacedThread
{
    private const int StackSize = 256 * 1024;

    private readonly Thread _thread;
    private Exception? _failure;

    private NamespacedThread(string name, Action body)
    {
        _thread = new Thread(() => Body(body), StackSize) { IsBackground = true, Name = name };
        _thread.Start();
    }

    internal static NamespacedThread Start(string name, Action body) => new(name, body);

    /// <summary>Starts a thread, waits for its end and hands on what it returned or threw.</summary>
    internal static T Run<T>(string name, Func<T> body)
    {
        T result = default!;
        Start(name, () => result = body()).Join();
        return result;
    }

    /// <summary>Waits for the thread's end; throws what it threw.</summary>
    internal void Join()
    {
        _thread.Join();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    private void Body(Action body)
    {
        try
        {
            body();
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }
}
