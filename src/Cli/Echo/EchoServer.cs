using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Echo;

/// <summary>
/// One thread and one epoll set: no thread pool, no framework socket engine, which keeps a pod's start under a fifth of a
/// second and its memory small.
/// </summary>
internal sealed class EchoServer : IDisposable
{
    private const int EventsPerWait = 256;
    private const int MaxConnections = 4096;
    private const ulong WakeToken = ulong.MaxValue;
    private const ulong FirstListenerToken = ulong.MaxValue - 2;

    private readonly EpollInstance _epoll = new(EventsPerWait);
    private readonly WakeUp _wake = new();
    private readonly List<StreamListener> _listeners = [];
    private readonly List<EchoConnection?> _connections = [];
    private readonly Stack<int> _freeSlots = new();
    private volatile bool _stopping;

    /// <summary>Listens on all IPv4 addresses and, where the machine has IPv6, on all of those too.</summary>
    /// <exception cref="LinuxException">EADDRINUSE, EACCES.</exception>
    internal EchoServer(int port, string? hostName = null)
    {
        HostName = hostName ?? Environment.MachineName;
        try
        {
            Listen(new InetEndPoint(UInt128.Zero, (ushort)port, IsIPv6: false));
            if (System.Net.Sockets.Socket.OSSupportsIPv6)
            {
                Listen(new InetEndPoint(UInt128.Zero, _listeners[0].LocalEndPoint.Port, IsIPv6: true));
            }

            _epoll.Add(_wake.Handle, EpollEvents.In, WakeToken);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal string HostName { get; }

    internal int Port => _listeners[0].LocalEndPoint.Port;

    /// <summary>Serves until <see cref="Stop"/>.</summary>
    internal void Run()
    {
        while (!_stopping)
        {
            var count = _epoll.Wait(-1);
            for (var i = 0; i < count; i++)
            {
                var (_, token) = _epoll.Event(i);
                if (token >= FirstListenerToken)
                {
                    Accept(token);
                }
                else if (_connections[(int)token] is { } connection && !connection.Serve(HostName))
                {
                    Close((int)token, connection);
                }
            }
        }
    }

    /// <summary>Ends <see cref="Run"/>. Callable from any thread.</summary>
    internal void Stop()
    {
        _stopping = true;
        _wake.Signal();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection?.Socket.Dispose();
        }

        _listeners.ForEach(listener => listener.Dispose());
        _wake.Dispose();
        _epoll.Dispose();
    }

    private void Listen(InetEndPoint local)
    {
        var listener = StreamListener.Open(local, shared: false);
        _epoll.Add(listener, EpollEvents.In, FirstListenerToken + (ulong)_listeners.Count);
        _listeners.Add(listener);
    }

    private void Accept(ulong token)
    {
        if (token == WakeToken)
        {
            _wake.Clear();
            return;
        }

        var listener = _listeners[(int)(token - FirstListenerToken)];
        while (true)
        {
            var socket = new StreamSocket();
            if (socket.AcceptFrom(listener, out var client) < 0)
            {
                socket.Dispose();
                return;
            }

            if (!_freeSlots.TryPop(out var slot))
            {
                slot = _connections.Count;
                _connections.Add(null);
            }

            _connections[slot] = new EchoConnection(socket, client);
            _epoll.Add(socket, EpollEvents.In, (ulong)slot);
            if (_connections.Count - _freeSlots.Count > MaxConnections)
            {
                Close(slot, _connections[slot]!);
            }
        }
    }

    private void Close(int slot, EchoConnection connection)
    {
        connection.Socket.Dispose();
        _connections[slot] = null;
        _freeSlots.Push(slot);
    }
}
