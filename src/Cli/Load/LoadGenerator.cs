using System.Diagnostics;
using System.Net;
using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Load;

/// <summary>
/// HTTP load from inside a network namespace, in this process: one thread and one epoll set, so that what is measured is the
/// path to the server and not a scheduler.
/// </summary>
internal sealed class LoadGenerator : IDisposable
{
    private const int WaitMilliseconds = 250;

    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(5);

    private readonly EpollInstance _epoll = new(256);
    private readonly LoadConnection[] _connections;
    private readonly LoadTally _tally;
    private readonly TimeSpan _limit;
    private int _left;

    private LoadGenerator(IPEndPoint target, int connections, int requests, bool keepAlive, TimeSpan limit)
    {
        (_left, _limit) = (requests, limit);
        _tally = new LoadTally(requests);
        _connections = new LoadConnection[Math.Min(connections, requests)];
        for (var i = 0; i < _connections.Length; i++)
        {
            _connections[i] = new LoadConnection(InetEndPoint.From(target), keepAlive);
        }
    }

    /// <summary>
    /// Sends a number of GET requests over a number of connections at a time and waits for their replies. Every request makes a
    /// connection of its own unless kept alive. A request, with its connection, takes so long at most, so the run ends.
    /// </summary>
    /// <param name="from">The namespace the connections are made in; null is the process's own.</param>
    /// <param name="target">Where.</param>
    /// <param name="connections">How many at a time.</param>
    /// <param name="requests">How many in all.</param>
    /// <param name="cancellation">Ends the run.</param>
    /// <param name="keepAlive">Connections are used again.</param>
    /// <param name="limit">What a request may take; null for 5 seconds.</param>
    public static Task<LoadResult> RunAsync(
        NetworkNamespace? from, IPEndPoint target, int connections, int requests, CancellationToken cancellation, bool keepAlive = false, TimeSpan? limit = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(connections, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(requests, 1);
        var done = new TaskCompletionSource<LoadResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                from?.Enter();
                using var run = new LoadGenerator(target, connections, requests, keepAlive, limit ?? RequestLimit);
                done.SetResult(run.Run(cancellation));
            }
            catch (OperationCanceledException)
            {
                done.SetCanceled(cancellation);
            }
            catch (Exception failure)
            {
                done.SetException(failure);
            }
        })
        { IsBackground = true, Name = $"load {target}" }.Start();
        return done.Task;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Socket.Dispose();
        }

        _epoll.Dispose();
    }

    private LoadResult Run(CancellationToken cancellation)
    {
        for (var i = 0; i < _connections.Length; i++)
        {
            Start(i);
        }

        while (_tally.Finished < _tally.Total)
        {
            cancellation.ThrowIfCancellationRequested();
            var count = _epoll.Wait(WaitMilliseconds);
            for (var i = 0; i < count; i++)
            {
                Step((int)_epoll.Event(i).Token);
            }

            if (count == 0)
            {
                ExpireOverdue();
            }
        }

        return _tally.Result();
    }

    /// <summary>Starts the next request of a connection, counting requests that fail at once without recursion.</summary>
    private void Start(int index)
    {
        var connection = _connections[index];
        while (_left > 0)
        {
            _left--;
            var reuse = !connection.Socket.IsInvalid;
            var failure = connection.Begin();
            if (failure is null && !reuse && _epoll.Add(connection.Socket, EpollEvents.Out, (ulong)index) is var added and < 0)
            {
                failure = $"epoll_ctl: errno {-added}";
            }

            if (failure is null)
            {
                if (reuse)
                {
                    Step(index);
                }

                return;
            }

            _tally.Fail(failure);
            connection.Socket.CloseSocket();
        }

        connection.Socket.CloseSocket();
    }

    private void Step(int index)
    {
        var connection = _connections[index];
        if (connection.Socket.IsInvalid)
        {
            return;
        }

        var sent = connection.Sent;
        switch (connection.Advance(out var failure))
        {
            case LoadStep.Waiting when sent != connection.Sent:
                _epoll.Modify(connection.Socket, EpollEvents.In, (ulong)index);
                return;
            case LoadStep.Waiting:
                return;
            case LoadStep.Answered:
                _tally.Answer(connection.Host, Stopwatch.GetElapsedTime(connection.StartedAt));
                break;
            default:
                _tally.Fail(failure!);
                connection.Socket.CloseSocket();
                break;
        }

        connection.EndRequest();
        Start(index);
    }

    private void ExpireOverdue()
    {
        for (var i = 0; i < _connections.Length; i++)
        {
            if (!_connections[i].Socket.IsInvalid && Stopwatch.GetElapsedTime(_connections[i].StartedAt) > _limit)
            {
                // A server that is slow and a packet that never came back look the same otherwise.
                _tally.Fail($"no {(_connections[i].Sent ? "reply" : "connection")} within {_limit.TotalMilliseconds:0} ms");
                _connections[i].Socket.CloseSocket();
                Start(i);
            }
        }
    }
}
