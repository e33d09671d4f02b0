using System.Net;
using Dataplane.Linux;
using Dataplane.Linux.Datagrams;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>The server of a site, TCP and UDP, on all its addresses: does what <see cref="LoadKind"/> says, and returns datagrams.</summary>
internal sealed class LoadServer : LoadThread
{
    private const int ListenerSlot = 0;
    private const int AcceptsPerEvent = 64;
    private const int Batch = 64;

    private readonly byte[] _buffer = new byte[256 * 1024];
    private readonly byte[] _answer = LoadMessage.Of(LoadKind.Request);
    private readonly List<Connection> _connections = [];
    private readonly Stack<int> _free = new();
    private readonly BatchSocket _datagrams;
    private readonly Thread _datagramThread;
    private StreamListener? _listener;
    private long _received;
    private volatile bool _closing;

    internal LoadServer(NetworkNamespace machine)
        : base(machine, $"server {machine.Name}")
    {
        _datagrams = BatchSocket.Bind(new IPEndPoint(IPAddress.Any, BenchSite.DatagramServerPort), machine);
        _datagramThread = new Thread(ServeDatagrams) { IsBackground = true, Name = $"datagrams {machine.Name}" };
        _datagramThread.Start();
        Start();
    }

    /// <summary>Bytes of all connections.</summary>
    internal long Received => Volatile.Read(ref _received);

    protected override void Open()
    {
        _listener = StreamListener.Open(new InetEndPoint(UInt128.Zero, BenchSite.ServerPort, false), shared: false);
        _connections.Add(new Connection());
        Epoll.Add(_listener, EpollEvents.In, ListenerSlot);
    }

    protected override void Serve(int slot, EpollEvents events)
    {
        if (slot == ListenerSlot)
        {
            Accept();
            return;
        }

        var connection = _connections[slot];
        var count = connection.Socket.Receive(_buffer);
        if (count == -Errno.EAGAIN)
        {
            return;
        }

        if (count <= 0)
        {
            End(slot);
            return;
        }

        connection.Kind = connection.Bytes == 0 ? (LoadKind)_buffer[0] : connection.Kind;
        connection.Bytes += count;
        Volatile.Write(ref _received, _received + count);
        if (connection.Kind == LoadKind.Stream)
        {
            return;
        }

        for (; connection.Bytes >= LoadMessage.Size; connection.Bytes -= LoadMessage.Size)
        {
            connection.Socket.Send(_answer);
        }

        if (connection.Kind == LoadKind.Close)
        {
            End(slot);
        }
    }

    protected override void Close()
    {
        _closing = true;
        _datagrams.Shutdown();
        _datagramThread.Join();
        _datagrams.Dispose();
        _listener?.Dispose();
        _connections.ForEach(connection => connection.Socket.Dispose());
    }

    private void Accept()
    {
        for (var i = 0; i < AcceptsPerEvent; i++)
        {
            if (!_free.TryPop(out var slot))
            {
                slot = _connections.Count;
                _connections.Add(new Connection());
            }

            var connection = _connections[slot];
            if (connection.Socket.AcceptFrom(_listener!, out _) < 0)
            {
                _free.Push(slot);
                return;
            }

            connection.Bytes = 0;
            Epoll.Add(connection.Socket, EpollEvents.In, (ulong)slot);
        }
    }

    private void End(int slot)
    {
        _connections[slot].Socket.CloseSocket();
        _free.Push(slot);
    }

    private void ServeDatagrams()
    {
        var batch = new DatagramBatch(Batch, slotBytes: 2048);
        while (!_closing)
        {
            var count = _datagrams.Receive(batch);
            for (var slot = 0; slot < count; slot++)
            {
                batch.Reply(slot, batch.Length(slot));
            }

            _datagrams.Send(batch);
        }
    }

    private sealed class Connection
    {
        internal StreamSocket Socket { get; } = new();

        internal LoadKind Kind { get; set; }

        internal long Bytes { get; set; }
    }
}
