using System.Runtime.InteropServices;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>Takes bytes that have come; see <see cref="ProcessMonitor.ReadAsync"/>.</summary>
public delegate Task? ReceivedBytes(ReadOnlySpan<byte> bytes);

/// <summary>
/// One thread that waits for the ends of processes and for their output with epoll. No thread, timer or handle per
/// process, and no SIGCHLD handler.
/// </summary>
public sealed class ProcessMonitor : IDisposable
{
    private const int ReadSize = 32 * 1024;
    private const int EventsPerWait = 64;
    private const ulong WakeToken = 0;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, Watch> _watches = [];
    private readonly EpollInstance _epoll = new(EventsPerWait);
    private readonly WakeUp _wake = new();
    private readonly Thread _thread;
    private readonly byte[] _buffer = new byte[ReadSize];
    private ulong _lastToken = WakeToken;
    private volatile bool _stopping;

    public ProcessMonitor()
    {
        Check(_epoll.Add(_wake.Handle, EpollEvents.In, WakeToken));
        _thread = new Thread(Run, 256 * 1024) { IsBackground = true, Name = "process-monitor" };
        _thread.Start();
    }

    /// <summary>Completes when the process has ended, having reaped it. Ask once for each process.</summary>
    public Task<ExitStatus> WaitAsync(ChildProcess process)
    {
        var done = new TaskCompletionSource<ExitStatus>(TaskCreationOptions.RunContinuationsAsynchronously);
        ExitStatus? status = null;
        Add(new Watch(process.Descriptor, () => (status = process.TryReap()) is not null, failure =>
        {
            if (failure is null)
            {
                done.SetResult(status!.Value);
            }
            else
            {
                done.SetException(failure);
            }
        }));
        return done.Task;
    }

    /// <summary>
    /// Hands on what comes out of a pipe or terminal until its last writer has closed it, or <paramref name="received"/> fails; then
    /// closes it.
    /// </summary>
    /// <param name="reader">Owned by the monitor from now on.</param>
    /// <param name="received">
    /// Called on the monitor's thread, must not block; the span is valid during the call, and empty at the end. Nothing more is read
    /// until the task it returns has completed: so a reader that is slow holds the writers back. Null is a completed one.
    /// </param>
    public Task ReadAsync(SafeFileHandle reader, ReceivedBytes received)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task? pause = null;
        Register();
        return done.Task;

        void Register() => Add(new Watch(reader, Read, failure =>
        {
            if (failure is null && pause is { } until)
            {
                pause = null;
                until.ContinueWith(_ => Resume(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                return;
            }

            Finish(failure);
        }));

        void Resume()
        {
            try
            {
                Register();
            }
            catch (ObjectDisposedException stopped)
            {
                Finish(stopped);
            }
        }

        void Finish(Exception? failure)
        {
            reader.Dispose();
            if (failure is null)
            {
                done.SetResult();
            }
            else
            {
                done.SetException(failure);
            }
        }

        bool Read()
        {
            var count = Libc.read(reader, ref _buffer[0], ReadSize);
            if (count < 0 && Marshal.GetLastPInvokeError() is Errno.EAGAIN or Errno.EINTR)
            {
                return false;
            }

            // EIO is how a terminal says that nobody has it open any more (drivers/tty/n_tty.c).
            var wait = received(_buffer.AsSpan(0, (int)Math.Max(0, count)));
            pause = count > 0 && wait is { IsCompleted: false } ? wait : null;
            return count <= 0 || pause is not null;
        }
    }

    /// <summary>Completes when a descriptor can be read or written, or has failed.</summary>
    /// <param name="descriptor">Non-blocking, and open until this has completed. One wait at a time for each descriptor.</param>
    /// <param name="interest">In or Out.</param>
    /// <param name="cancellation">Ends the wait; the descriptor may then be closed.</param>
    internal async Task ReadyAsync(SafeFileHandle descriptor, EpollEvents interest, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var watch = new Watch(descriptor, static () => true, _ => done.SetResult());
        var token = Add(watch, interest);
        await using (cancellation.Register(() =>
        {
            if (Forget(token, watch))
            {
                done.SetCanceled(cancellation);
            }
        }))
        {
            await done.Task;
        }
    }

    /// <summary>Ends the thread. Tasks that are not complete stay so.</summary>
    public void Dispose()
    {
        _stopping = true;
        _wake.Signal();
        _thread.Join();
        _wake.Dispose();
        _epoll.Dispose();
    }

    private ulong Add(Watch watch, EpollEvents interest = EpollEvents.In)
    {
        ObjectDisposedException.ThrowIf(_stopping, this);
        ulong token;
        lock (_gate)
        {
            token = ++_lastToken;
            _watches.Add(token, watch);
        }

        Check(_epoll.Add(watch.Handle, interest, token));
        return token;
    }

    /// <summary>
    /// Ends a watch before the descriptor may be closed, since a token is never used again but a descriptor's number is. False
    /// when somebody else has ended it.
    /// </summary>
    private bool Forget(ulong token, Watch watch)
    {
        lock (_gate)
        {
            if (!_watches.Remove(token))
            {
                return false;
            }

            _epoll.Remove(watch.Handle);
            return true;
        }
    }

    private void Run()
    {
        while (!_stopping)
        {
            var count = _epoll.Wait(-1);
            for (var i = 0; i < count; i++)
            {
                var (_, token) = _epoll.Event(i);
                if (token != WakeToken)
                {
                    Serve(token);
                }
            }
        }
    }

    private void Serve(ulong token)
    {
        Watch? watch;
        lock (_gate)
        {
            if (!_watches.TryGetValue(token, out watch))
            {
                // Cancelled since the wait returned.
                return;
            }
        }

        Exception? failure = null;
        try
        {
            if (!watch.Ready())
            {
                return;
            }
        }
        catch (Exception error)
        {
            // Every container's output and end pass here: what cannot be served fails alone.
            failure = error;
        }

        if (Forget(token, watch))
        {
            watch.Finished(failure);
        }
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new LinuxException("epoll_ctl", -result);
        }
    }

    /// <param name="Handle">Stays open as long as it is watched.</param>
    /// <param name="Ready">Serves the descriptor; true when nothing more will come.</param>
    /// <param name="Finished">Called once the descriptor is no longer watched, with what <paramref name="Ready"/> threw.</param>
    private sealed record Watch(SafeFileHandle Handle, Func<bool> Ready, Action<Exception?> Finished);
}
