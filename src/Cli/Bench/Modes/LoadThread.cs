using System.Diagnostics;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>A thread in a network namespace that serves the events of its sockets, and what it saw while somebody measured.</summary>
internal abstract class LoadThread : IDisposable
{
    private const int EventsPerWait = 256;
    private const int MillisecondsBetweenChecks = 100;

    private readonly Thread _thread;
    private readonly NetworkNamespace _machine;
    private readonly List<double> _microseconds = [];
    private volatile Exception? _failure;
    private volatile bool _stopping;
    private volatile bool _measuring;
    private long _requests;
    private long _errors;

    protected LoadThread(NetworkNamespace machine, string name)
    {
        _machine = machine;
        _thread = new Thread(Run) { IsBackground = true, Name = name };
    }

    /// <summary>Requests answered.</summary>
    internal long Requests => Volatile.Read(ref _requests);

    /// <summary>Requests that failed: refused, reset, ended early or without an answer.</summary>
    internal long Errors => Volatile.Read(ref _errors);

    /// <summary>It began, and something it did not expect ended it: <see cref="Stop"/> tells what.</summary>
    internal bool HasFailed => _failure is not null;

    protected EpollInstance Epoll { get; } = new(EventsPerWait);

    /// <summary>From now on, or no longer, times of requests are kept.</summary>
    internal void Measure(bool measuring) => _measuring = measuring;

    internal void Start() => _thread.Start();

    /// <summary>Ends the thread.</summary>
    /// <returns>Times from sending, or connecting, to the last byte of the answer: those kept, microseconds.</returns>
    internal List<double> Stop()
    {
        _stopping = true;
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        return _failure is null ? _microseconds : throw new InvalidOperationException($"{_thread.Name} ended", _failure);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        Close();
        Epoll.Dispose();
    }

    protected void Answered(long startedAt)
    {
        Volatile.Write(ref _requests, _requests + 1);
        if (_measuring)
        {
            _microseconds.Add(Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds);
        }
    }

    protected void Failed() => Volatile.Write(ref _errors, _errors + 1);

    protected abstract void Open();

    protected abstract void Serve(int slot, EpollEvents events);

    /// <summary>Ten times a second, or less often.</summary>
    protected virtual void Check()
    {
    }

    protected abstract void Close();

    private void Run()
    {
        try
        {
            _machine.Enter();
            Open();
            var checkedAt = Environment.TickCount64;
            while (!_stopping)
            {
                var count = Epoll.Wait(MillisecondsBetweenChecks);
                for (var i = 0; i < count; i++)
                {
                    var (events, token) = Epoll.Event(i);
                    Serve((int)token, events);
                }

                if (Environment.TickCount64 - checkedAt >= MillisecondsBetweenChecks)
                {
                    checkedAt = Environment.TickCount64;
                    Check();
                }
            }
        }
        catch (Exception failure)
        {
            _failure = failure;
        }
    }
}
