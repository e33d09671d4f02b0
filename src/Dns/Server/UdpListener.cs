using System.Diagnostics;
using Dataplane.Dns.Forward;
using Dataplane.Linux;
using Dataplane.Linux.Datagrams;
using Microsoft.Extensions.Logging;

namespace Dataplane.Dns.Server;

/// <summary>
/// One thread and its socket: takes what has come in one call, answers each datagram in its own buffer, sends all replies in
/// one call. Several listeners share an address by SO_REUSEPORT. Nothing here waits for anything but the socket.
/// </summary>
internal sealed class UdpListener : IAsyncDisposable
{
    private const int Slots = 64;

    /// <summary>Queries are far smaller; replies are at most what <c>bufsize</c> allows. Not a power of two, lest all slots meet in the same few cache lines.</summary>
    private const int SlotBytes = 4096 + 64;

    private static readonly TimeSpan FailurePause = TimeSpan.FromMilliseconds(100);

    private readonly BatchSocket _socket;
    private readonly QueryEngine _engine;
    private readonly QueryCounters _forwardCounters;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly ManualResetEvent _stop = new(initialState: false);
    private volatile bool _stopping;

    /// <param name="socket">Owned from now on.</param>
    /// <param name="source">What is served.</param>
    /// <param name="metrics">Hands out this listener's counters.</param>
    /// <param name="logger">Told of what ends the listener.</param>
    internal UdpListener(BatchSocket socket, SiteSource source, DnsMetrics metrics, ILogger logger)
    {
        _socket = socket;
        _logger = logger;
        Counters = metrics.Add(new QueryCounters("dns", socket.LocalEndPoint, "udp"));
        _forwardCounters = metrics.Add(new QueryCounters("dns", socket.LocalEndPoint, "udp"));
        _engine = new QueryEngine(source, Counters);
        _thread = new Thread(Run) { IsBackground = true, Name = $"dns-udp {socket.LocalEndPoint}" };
        _thread.Start();
    }

    internal QueryCounters Counters { get; }

    public ValueTask DisposeAsync()
    {
        _stopping = true;
        _stop.Set();
        _socket.Shutdown();
        _thread.Join();
        _socket.Dispose();
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Run()
    {
        var batch = new DatagramBatch(Slots, SlotBytes);
        while (!_stopping)
        {
            try
            {
                Serve(batch);
            }
            catch (LinuxException failure)
            {
                // Memory that is short, say. The cluster cannot do without this thread: it is told, and tried again.
                Log.ListenerFailed(_logger, _socket.LocalEndPoint, failure.Message);
                _stop.WaitOne(FailurePause);
            }
        }
    }

    private void Serve(DatagramBatch batch)
    {
        while (!_stopping)
        {
            var count = _socket.Receive(batch);
            var start = Stopwatch.GetTimestamp();
            for (var slot = 0; slot < count; slot++)
            {
                Answer(batch, slot);
            }

            var sent = _socket.Send(batch);
            Counters.Took(sent, Stopwatch.GetElapsedTime(start));
        }
    }

    private void Answer(DatagramBatch batch, int slot)
    {
        if (batch.IsCut(slot))
        {
            return;
        }

        try
        {
            var reply = _engine.AnswerDatagram(batch.Buffer(slot), batch.Length(slot), batch.PeerAddress(slot), batch.PeerPort(slot));
            switch (reply.Disposition)
            {
                case Disposition.Send:
                    batch.Reply(slot, reply.Length);
                    break;
                case Disposition.Forward:
                    Forward(reply.Request!, batch.Peer(slot));
                    break;
            }
        }
        catch (Exception failure)
        {
            // One query must never take the server down: it is counted, told, and left without an answer.
            Counters.Failures++;
            Log.QueryFailed(_logger, failure);
        }
    }

    private void Forward(ForwardRequest request, DatagramPeer peer) => request.Forwarder!.Start(request, answer =>
    {
        _socket.Send(answer.Message.Span, peer);
        lock (_forwardCounters)
        {
            _forwardCounters.Answered(answer.Code, answer.Message.Length);
            _forwardCounters.Took(1, answer.Duration);
        }
    });
}
