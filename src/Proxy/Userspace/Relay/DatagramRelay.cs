using Dataplane.Linux.Epoll;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>UDP of one loop: a flow per client and front end, each with a connected socket to its endpoint.</summary>
internal sealed class DatagramRelay(RelayOptions options, EpollInstance epoll, RelayCounters counters) : IDisposable
{
    private const int DatagramsPerEvent = 64;
    private const int LargestDatagram = 65535;

    private readonly byte[] _buffer = new byte[LargestDatagram];
    private readonly List<DatagramFrontEnd?> _frontEnds = [];
    private readonly Dictionary<FlowKey, DatagramFlow> _byKey = [];
    private readonly List<DatagramFlow> _flows = [];
    private readonly Stack<DatagramFlow> _free = new();

    // All flows have the same time-out, so the order of making them is the order to look at them again.
    private readonly Queue<(int Slot, uint Generation, long LookAt)> _idle = new();

    internal void Add(DatagramFrontEnd frontEnd)
    {
        frontEnd.Slot = _frontEnds.IndexOf(null);
        if (frontEnd.Slot < 0)
        {
            frontEnd.Slot = _frontEnds.Count;
            _frontEnds.Add(null);
        }

        _frontEnds[frontEnd.Slot] = frontEnd;
        epoll.Add(frontEnd.Socket, EpollEvents.In, new RelayToken(RelayTokenKind.DatagramFrontEnd, frontEnd.Slot).Value);
    }

    internal void Remove(DatagramFrontEnd frontEnd)
    {
        foreach (var flow in _flows)
        {
            if (flow.FrontEnd == frontEnd)
            {
                Close(flow);
            }
        }

        _frontEnds[frontEnd.Slot] = null;
        frontEnd.Socket.Dispose();
    }

    /// <summary>Takes datagrams of clients and passes them on.</summary>
    internal void ServeFrontEnd(int slot, long now)
    {
        if (_frontEnds[slot] is not { } frontEnd)
        {
            return;
        }

        for (var i = 0; i < DatagramsPerEvent; i++)
        {
            var count = frontEnd.Socket.ReceiveFrom(_buffer, out var client, out var local);
            if (count < 0)
            {
                return;
            }

            Forward(frontEnd, client, local, _buffer.AsSpan(0, count), now);
        }
    }

    /// <summary>Takes an endpoint's datagrams and answers the client.</summary>
    internal void ServeFlow(RelayToken token, long now)
    {
        var flow = _flows[token.Slot];
        for (var i = 0; i < DatagramsPerEvent && flow.FrontEnd is { } frontEnd && flow.Generation == token.Generation; i++)
        {
            var count = flow.Server.Receive(_buffer);
            if (count == -Linux.Errno.EAGAIN)
            {
                return;
            }

            if (count < 0)
            {
                // The endpoint's port is closed: the client's next datagram tries another endpoint.
                Close(flow);
                return;
            }

            flow.LastUsed = now;
            counters.Datagrams++;
            frontEnd.Socket.SendTo(_buffer.AsSpan(0, count), flow.Client, flow.Local);
        }
    }

    internal long? NextDeadline() => _idle.TryPeek(out var next) ? next.LookAt : null;

    internal void ExpireFlows(long now)
    {
        while (_idle.TryPeek(out var next) && next.LookAt <= now)
        {
            _idle.Dequeue();
            var flow = _flows[next.Slot];
            if (flow.FrontEnd is null || flow.Generation != next.Generation)
            {
                continue;
            }

            var lookAt = flow.LastUsed + IdleMilliseconds;
            if (lookAt <= now)
            {
                Close(flow);
            }
            else
            {
                _idle.Enqueue(next with { LookAt = lookAt });
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _flows.ForEach(flow => flow.Server.Dispose());
        _frontEnds.ForEach(frontEnd => frontEnd?.Socket.Dispose());
    }

    private long IdleMilliseconds => (long)options.DatagramIdleTimeout.TotalMilliseconds;

    private void Forward(DatagramFrontEnd frontEnd, in InetEndPoint client, in InetEndPoint local, ReadOnlySpan<byte> datagram, long now)
    {
        var target = frontEnd.Target;
        if (_byKey.TryGetValue(new FlowKey(frontEnd.Slot, client), out var flow) && !ReferenceEquals(flow.Target, target))
        {
            if (target.EndpointsFor(client, local).Contains(flow.Endpoint))
            {
                flow.Target = target;
            }
            else
            {
                Close(flow);
                flow = null;
            }
        }

        // An error here is the ICMP answer to an earlier datagram: the flow goes, and this datagram gets another endpoint.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            flow ??= Open(frontEnd, target, client, local, now);
            if (flow is null)
            {
                return;
            }

            flow.LastUsed = now;
            if (flow.Server.Send(datagram) is >= 0 or -Linux.Errno.EAGAIN)
            {
                counters.Datagrams++;
                return;
            }

            Close(flow);
            flow = null;
        }
    }

    private DatagramFlow? Open(DatagramFrontEnd frontEnd, RelayTarget target, in InetEndPoint client, in InetEndPoint local, long now)
    {
        var endpoints = target.EndpointsFor(client, local);
        if (endpoints.IsEmpty)
        {
            return null;
        }

        MakeRoom();
        var flow = _free.TryPop(out var reused) ? reused : NewFlow();
        var endpoint = endpoints[target.Balance.First(client, endpoints)];
        if (flow.Server.Open(endpoint.IsIPv6) < 0 || flow.Server.Connect(endpoint) < 0
            || epoll.Add(flow.Server, EpollEvents.In, new RelayToken(RelayTokenKind.DatagramFlow, flow.Slot, flow.Generation).Value) < 0)
        {
            flow.Server.CloseSocket();
            _free.Push(flow);
            return null;
        }

        target.Balance.Connected(client, endpoint);
        flow.FrontEnd = frontEnd;
        flow.Client = client;
        flow.Local = local;
        flow.Endpoint = endpoint;
        flow.Target = target;
        _byKey.Add(flow.Key, flow);
        _idle.Enqueue((flow.Slot, flow.Generation, now + IdleMilliseconds));
        counters.DatagramFlows++;
        return flow;
    }

    private DatagramFlow NewFlow()
    {
        var flow = new DatagramFlow(_flows.Count);
        _flows.Add(flow);
        return flow;
    }

    private void MakeRoom()
    {
        while (_byKey.Count >= options.MaxDatagramFlows && _idle.TryDequeue(out var oldest))
        {
            var flow = _flows[oldest.Slot];
            if (flow.FrontEnd is not null && flow.Generation == oldest.Generation)
            {
                Close(flow);
            }
        }
    }

    private void Close(DatagramFlow flow)
    {
        _byKey.Remove(flow.Key);
        flow.Server.CloseSocket();
        flow.FrontEnd = null;
        flow.Target = null;
        flow.Generation++;
        _free.Push(flow);
    }
}
