using Dataplane.Linux.Splice;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// Empty pipes of one loop. A direction holds a pipe only while bytes are under way in it, so thousands of idle connections
/// share a handful.
/// </summary>
internal sealed class PipePool(int pipeCapacity) : IDisposable
{
    private const int MaxIdle = 64;

    private readonly Stack<SplicePipe> _idle = new(MaxIdle);

    /// <returns>Null when there is no file descriptor left.</returns>
    internal SplicePipe? Rent() => _idle.TryPop(out var pipe) || SplicePipe.TryOpen(pipeCapacity, out pipe) == 0 ? pipe : null;

    /// <summary>A pipe with bytes of a broken connection in it must not reach another one.</summary>
    internal void Return(SplicePipe pipe)
    {
        if (pipe.Buffered == 0 && _idle.Count < MaxIdle)
        {
            _idle.Push(pipe);
        }
        else
        {
            pipe.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        while (_idle.TryPop(out var pipe))
        {
            pipe.Dispose();
        }
    }
}
