using System.Collections.Immutable;
using Dataplane.Linux;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.TransparentSockets;
using Microsoft.Extensions.Logging;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// The data path of user-space mode: some loops, each with its own listeners on shared ports. It is told targets and
/// does not know Services. The rules that lead packets here are made elsewhere.
/// </summary>
internal sealed class RelayEngine : IDisposable
{
    // A UDP front end takes a descriptor in each loop it is served by.
    private const int MostLanes = 4;

    private readonly NetworkNamespace? _node;
    private readonly RelayLoop[] _loops;
    private ImmutableDictionary<InetEndPoint, RelayTarget> _streamTargets = ImmutableDictionary<InetEndPoint, RelayTarget>.Empty;

    /// <summary>Opens the listeners in the node's network namespace and starts the loops.</summary>
    /// <param name="node">Null for the process's own.</param>
    /// <exception cref="LinuxException">No descriptors or ports left.</exception>
    internal RelayEngine(RelayOptions options, NetworkNamespace? node, ILogger logger)
    {
        _node = node;
        var listeners = InNode(() => OpenListeners(options.Loops));
        Ports = PortsOf(listeners[0], ipv6: false)!.Value;
        PortsIPv6 = PortsOf(listeners[0], ipv6: true);
        _loops = [.. listeners.Select((own, index) => new RelayLoop(this, index, own, options, node, logger))];
        foreach (var loop in _loops)
        {
            loop.Start();
        }
    }

    /// <summary>Where REDIRECT rules bring TCP over IPv4.</summary>
    internal RelayPorts Ports { get; }

    /// <summary>Where REDIRECT rules bring TCP over IPv6; null on a node without it.</summary>
    internal RelayPorts? PortsIPv6 { get; }

    /// <summary>
    /// Targets of TCP by original destination; a NodePort has the unspecified address. Replaced whole, at the cost of the
    /// change; connections already made stay as they are.
    /// </summary>
    internal ImmutableDictionary<InetEndPoint, RelayTarget> StreamTargets
    {
        get => Volatile.Read(ref _streamTargets);
        set => Volatile.Write(ref _streamTargets, value);
    }

    /// <summary>The sum over all loops.</summary>
    internal RelayCounters Counters()
    {
        var sum = new RelayCounters();
        foreach (var loop in _loops)
        {
            loop.Counters.AddTo(sum);
        }

        return sum;
    }

    /// <summary>Opens a UDP front end on a port of its own.</summary>
    /// <exception cref="LinuxException">No descriptors or ports left.</exception>
    internal DatagramFrontEnd OpenDatagrams(bool ipv6, bool outside, RelayTarget target)
    {
        var frontEnd = new DatagramFrontEnd(InNode(() => OpenSockets(ipv6, Math.Min(_loops.Length, MostLanes))), ipv6, outside, target);
        for (var index = 0; index < frontEnd.Lanes.Length; index++)
        {
            var lane = frontEnd.Lanes[index];
            _loops[index].Post(datagrams => datagrams.Add(lane));
        }

        return frontEnd;
    }

    /// <summary>Closes a UDP front end and its flows.</summary>
    internal void CloseDatagrams(DatagramFrontEnd frontEnd)
    {
        for (var index = 0; index < frontEnd.Lanes.Length; index++)
        {
            var lane = frontEnd.Lanes[index];
            _loops[index].Post(datagrams => datagrams.Remove(lane));
        }
    }

    /// <summary>Stops the loops; open connections are reset.</summary>
    public void Dispose()
    {
        foreach (var loop in _loops)
        {
            loop.Dispose();
        }
    }

    private T InNode<T>(Func<T> body) => _node is null ? body() : _node.Invoke(body);

    private static List<DatagramSocket> OpenSockets(bool ipv6, int count)
    {
        var sockets = new List<DatagramSocket>();
        try
        {
            ushort port = 0;
            while (sockets.Count < count)
            {
                var socket = new DatagramSocket();
                sockets.Add(socket);
                var opened = socket.Open(ipv6);
                if (opened < 0)
                {
                    throw new LinuxException("socket for a UDP front end", -opened);
                }

                socket.Listen(new InetEndPoint(UInt128.Zero, port, ipv6), shared: count > 1);
                port = socket.LocalEndPoint.Port;
            }

            return sockets;
        }
        catch
        {
            sockets.ForEach(socket => socket.Dispose());
            throw;
        }
    }

    private static RelayPorts? PortsOf(RelayListener[] listeners, bool ipv6)
    {
        var own = listeners.Where(listener => listener.IsIPv6 == ipv6).ToDictionary(listener => listener.IsOutside, listener => listener.Socket.LocalEndPoint.Port);
        return own.Count == 0 ? null : new RelayPorts(own[false], own[true]);
    }

    private static RelayListener[][] OpenListeners(int loops)
    {
        var opened = new List<StreamListener>();
        try
        {
            bool[] families = System.Net.Sockets.Socket.OSSupportsIPv6 ? [false, true] : [false];
            (bool IPv6, bool Outside)[] kinds = [.. families.SelectMany(ipv6 => new[] { (ipv6, false), (ipv6, true) })];
            var ports = new ushort[kinds.Length];
            var all = new RelayListener[loops][];
            for (var loop = 0; loop < loops; loop++)
            {
                all[loop] = new RelayListener[kinds.Length];
                for (var kind = 0; kind < kinds.Length; kind++)
                {
                    var (ipv6, outside) = kinds[kind];
                    var listener = StreamListener.Open(new InetEndPoint(UInt128.Zero, ports[kind], ipv6), shared: true);
                    opened.Add(listener);
                    ports[kind] = listener.LocalEndPoint.Port;
                    all[loop][kind] = new RelayListener(listener, ipv6, outside);
                }
            }

            return all;
        }
        catch
        {
            opened.ForEach(listener => listener.Dispose());
            throw;
        }
    }
}
