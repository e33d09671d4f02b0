using Dataplane.Linux;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// UDP of one loop: a flow per client and front end, each with a connected socket to its endpoint. Many datagrams of clients are
/// taken by one system call, and many answers go back by one.
/// </summary>
internal sealed class DatagramRelay(int loop, RelayOptions options, EpollInstance epoll, RelayCounters counters) : IDisposable
{
    private const int DatagramsPerCall = 32;
    private const int CallsPerEvent = 4;
    private const int AnswersPerEvent = 8;
    private const int Attempts = 4;

    private readonly DatagramSlots _requests = new(DatagramsPerCall);
    private readonly DatagramSlots _answers = new(DatagramsPerCall);
    private readonly List<DatagramLane?> _lanes = [];
    private readonly Dictionary<FlowKey, DatagramFlow> _byKey = [];
    private readonly List<DatagramFlow> _flows = [];
    private readonly Stack<DatagramFlow> _free = new();
    private readonly FlowAges _active = new(options.DatagramIdleTimeout);
    private readonly FlowAges _ending = new(options.DatagramAnsweredTimeout);
    private readonly DatagramRefusals _refusals = new();

    /// <summary>Answers wait in the first slots until the round ends, they are of another front end, or there is no slot left.</summary>
    private DatagramLane? _answering;
    private int _waiting;

    private int OpenFlows => _flows.Count - _free.Count;

    internal void Add(DatagramLane lane)
    {
        lane.Slot = _lanes.IndexOf(null);
        if (lane.Slot < 0)
        {
            lane.Slot = _lanes.Count;
            _lanes.Add(null);
        }

        _lanes[lane.Slot] = lane;
        epoll.Add(lane.Socket, EpollEvents.In, new RelayToken(RelayTokenKind.DatagramFrontEnd, lane.Slot).Value);
    }

    internal void Remove(DatagramLane lane)
    {
        foreach (var flow in _flows)
        {
            if (flow.Lane == lane)
            {
                Close(flow);
            }
        }

        Answer();
        _lanes[lane.Slot] = null;
        lane.Socket.Dispose();
    }

    /// <summary>Takes datagrams of clients and passes them on.</summary>
    internal void ServeFrontEnd(int slot, long now)
    {
        if (_lanes[slot] is not { } lane)
        {
            return;
        }

        for (var call = 0; call < CallsPerEvent; call++)
        {
            var count = _requests.Receive(lane.Socket, 0, DatagramsPerCall, connected: false);
            for (var request = 0; request < count; request++)
            {
                Forward(lane, request, now);
            }

            if (count < DatagramsPerCall)
            {
                return;
            }
        }
    }

    /// <summary>Takes an endpoint's datagrams, to be sent to the client by <see cref="Answer"/>.</summary>
    internal void ServeFlow(RelayToken token, long now)
    {
        var flow = _flows[token.Slot];
        if (flow.Lane is not { } lane || flow.Generation != token.Generation)
        {
            return;
        }

        if (_answering != lane || _waiting == DatagramsPerCall)
        {
            Answer();
            _answering = lane;
        }

        // Asking for more than there is costs a second look by the kernel. Whatever is left is told of again.
        var most = flow.Sent - flow.Received == 1 ? 1 : AnswersPerEvent;
        var count = _answers.Receive(flow.Server, _waiting, most, connected: true);
        if (count < 0)
        {
            if (count != -Errno.EAGAIN)
            {
                // The endpoint's port is closed. The client that is told so asks again at once, and is given another endpoint.
                _refusals.Tell(flow.Client, flow.Local with { Port = lane.FrontEnd.Port });
                Fail(flow, now);
            }

            return;
        }

        for (var answer = 0; answer < count; answer++)
        {
            flow.Counters!.BytesToClient += _answers.Length(_waiting);
            _answers.Address(_waiting++, flow.Client, flow.Local);
        }

        if (flow.Received == 0)
        {
            flow.Endpoint!.Answered();
        }

        flow.Counters!.Datagrams += count;

        counters.Datagrams += count;
        flow.Received += count;
        (flow.IsEnding ? _ending : _active).Touch(flow, now);
    }

    /// <summary>Sends the answers that wait.</summary>
    internal void Answer()
    {
        if (_waiting > 0)
        {
            _answers.Send(_answering!.Socket, _waiting);
            _waiting = 0;
        }

        _answering = null;
    }

    internal long? NextDeadline() => _active.NextDeadline is { } active ? Math.Min(active, _ending.NextDeadline ?? active) : _ending.NextDeadline;

    internal void ExpireFlows(long now)
    {
        foreach (var ages in (ReadOnlySpan<FlowAges>)[_active, _ending])
        {
            while (ages.NextDeadline <= now)
            {
                Close(ages.Oldest!);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _flows.ForEach(flow => flow.Server.Dispose());
        _lanes.ForEach(lane => lane?.Socket.Dispose());
        _refusals.Dispose();
    }

    private void Forward(DatagramLane lane, int request, long now)
    {
        var target = lane.FrontEnd.Target;
        var client = _requests.Peer(request);
        if (_byKey.TryGetValue(new FlowKey(lane.Slot, client), out var flow) && !ReferenceEquals(flow.Target, target))
        {
            if (target.EndpointsFor(lane.FrontEnd.IsOutside).IndexOf(flow.Endpoint!.EndPoint) is not null)
            {
                flow.Target = target;
            }
            else
            {
                Leave(flow, now);
                flow = null;
            }
        }

        for (var attempt = 0; attempt < Attempts; attempt++)
        {
            flow ??= Open(lane, target, client, _requests.Local(request, lane.FrontEnd.IsIPv6), now);
            if (flow is null)
            {
                return;
            }

            flow.Sent++;
            _active.Touch(flow, now);
            var sent = flow.Server.Send(_requests.Datagram(request));
            if (sent is >= 0 or -Errno.EAGAIN or -Errno.ENOBUFS or -Errno.EMSGSIZE)
            {
                counters.Datagrams++;
                flow.Counters!.Datagrams++;
                flow.Counters.BytesToEndpoint += _requests.Length(request);
                return;
            }

            if (sent == -Errno.EPERM)
            {
                // This node did not let it out. Most often connection tracking has no room, of which a flow from another port may find some; else a
                // firewall is in the way to this endpoint.
                Close(flow);
            }
            else
            {
                // The ICMP answer to an earlier datagram: this one gets another endpoint.
                Fail(flow, now);
            }

            flow = null;
        }
    }

    private DatagramFlow? Open(DatagramLane lane, RelayTarget target, in InetEndPoint client, in InetEndPoint local, long now)
    {
        var endpoints = target.EndpointsFor(lane.FrontEnd.IsOutside);
        if (endpoints.IsEmpty)
        {
            if (target.IsRejected(lane.FrontEnd.IsOutside))
            {
                _refusals.Tell(client, local with { Port = lane.FrontEnd.Port });
            }

            return null;
        }

        var endpoint = endpoints[target.Balance.First(client, endpoints, now)];
        var ipv6 = endpoint.EndPoint.IsIPv6;
        var flow = TakeOver(ipv6, options.MaxDatagramFlows) ?? OpenSocket(ipv6) ?? TakeOver(ipv6, OpenFlows);
        if (flow is null)
        {
            return null;
        }

        if (flow.Server.Connect(endpoint.EndPoint) < 0)
        {
            Free(flow);
            return null;
        }

        target.Balance.Chose(client, endpoint);
        (flow.Lane, flow.Client, flow.Local, flow.Endpoint, flow.Target, flow.Sent, flow.Received) = (lane, client, local, endpoint, target, 0, 0);
        flow.Counters = endpoint.On(loop);
        flow.Counters.Connections++;
        _byKey.Add(flow.Key, flow);
        _active.Touch(flow, now);
        counters.DatagramFlows++;
        return flow;
    }

    /// <summary>Room for one more: of the flow that gives way, its socket is kept, which does not know its old peer any more.</summary>
    /// <param name="ipv6">The new one's family.</param>
    /// <param name="limit">Where there are fewer, nobody has to give way, unless there are no descriptors left.</param>
    private DatagramFlow? TakeOver(bool ipv6, int limit)
    {
        while (OpenFlows > 0 && OpenFlows >= limit)
        {
            var oldest = _ending.Oldest ?? _active.Oldest!;
            if (oldest.Server.IsIPv6 == ipv6 && oldest.Server.Disconnect() == 0)
            {
                Forget(oldest);
                return oldest;
            }

            Close(oldest);
        }

        return null;
    }

    private DatagramFlow? OpenSocket(bool ipv6)
    {
        var flow = _free.TryPop(out var reused) ? reused : NewFlow();
        if (flow.Server.Open(ipv6) == 0 && flow.Server.Mark(RelayMarks.Own) == 0
            && epoll.Add(flow.Server, EpollEvents.In, new RelayToken(RelayTokenKind.DatagramFlow, flow.Slot, flow.Generation).Value) == 0)
        {
            return flow;
        }

        Free(flow);
        return null;
    }

    private DatagramFlow NewFlow()
    {
        var flow = new DatagramFlow(_flows.Count);
        _flows.Add(flow);
        return flow;
    }

    private void Fail(DatagramFlow flow, long now)
    {
        flow.Counters!.DialFailures++;
        if (flow.Endpoint!.Failed(now))
        {
            flow.Counters.Ejections++;
        }

        Close(flow);
    }

    // Its endpoint does not serve the front end any more, and takes its time to end: what it was asked before is answered yet.
    private void Leave(DatagramFlow flow, long now)
    {
        if (flow.Received >= flow.Sent)
        {
            Close(flow);
            return;
        }

        _byKey.Remove(flow.Key);
        flow.HasLeft = true;
        _ending.Touch(flow, now);
    }

    private void Close(DatagramFlow flow)
    {
        Forget(flow);
        Free(flow);
    }

    private void Forget(DatagramFlow flow)
    {
        FlowAges.Remove(flow);
        if (!flow.HasLeft)
        {
            _byKey.Remove(flow.Key);
        }

        flow.HasLeft = false;
        (flow.Lane, flow.Target, flow.Endpoint, flow.Counters) = (null, null, null, null);
    }

    private void Free(DatagramFlow flow)
    {
        flow.Server.CloseSocket();
        flow.Generation++;
        _free.Push(flow);
    }
}
