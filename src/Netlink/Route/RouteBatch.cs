using System.Net;
using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;

namespace Dataplane.Netlink.Route;

/// <summary>
/// Several rtnetlink requests in one datagram: one system call, one answer. The kernel handles them in order, each by itself: what follows one that is
/// refused is tried none the less. For one thread.
/// </summary>
public sealed class RouteBatch : IDisposable
{
    private readonly List<(int Start, string Operation, string Subject)> _requests = [];
    private readonly List<SafeHandle> _held = [];
    private byte[] _buffer = new byte[1024];
    private int _length;

    /// <summary>How many requests it has.</summary>
    public int Count => _requests.Count;

    /// <summary>Makes a veth pair, see <see cref="RouteConnection.CreateVeth"/>.</summary>
    public void CreateVeth(VethPlan plan)
    {
        RouteConnection.CheckName(plan.Name);
        RouteConnection.CheckName(plan.PeerName);

        // The number stands in the request, so the file must stay open until the kernel has handled it.
        var peer = Hold(plan.PeerNamespace);
        Add("create veth", plan.Name, (ref NetlinkWriter writer) => RouteRequests.Veth(ref writer, plan, peer));
    }

    /// <summary>As <see cref="RouteConnection.SetHairpin"/>, of a port that the batch itself may have made.</summary>
    public void SetHairpin(string name, bool enabled) =>
        Add("set hairpin of bridge port", name, (ref NetlinkWriter writer) => RouteRequests.Hairpin(ref writer, name, enabled));

    /// <inheritdoc cref="RouteConnection.SetUp"/>
    public void SetUp(string name, bool up = true) =>
        Add(up ? "set up link" : "set down link", name, (ref NetlinkWriter writer) => RouteRequests.SetUp(ref writer, name, up));

    /// <inheritdoc cref="RouteConnection.SetUp"/>
    public void SetUp(int index, bool up = true) =>
        Add(up ? "set up link" : "set down link", $"{index}", (ref NetlinkWriter writer) => RouteRequests.SetUp(ref writer, index, up));

    /// <inheritdoc cref="RouteConnection.AddAddress"/>
    public void AddAddress(int index, IPAddress address, int prefixLength) => Add(
        "add address", $"{address}/{prefixLength}",
        (ref NetlinkWriter writer) => RouteRequests.Address(ref writer, RTM_NEWADDR, RouteRequests.ReplaceFlags, index, address, prefixLength));

    /// <inheritdoc cref="RouteConnection.ReplaceRoute"/>
    public void ReplaceRoute(Route route) => Add(
        "replace route", $"{route}",
        (ref NetlinkWriter writer) => RouteRequests.Route(ref writer, RTM_NEWROUTE, RouteRequests.ReplaceFlags, route, route.Protocol, route.EffectiveScope));

    /// <inheritdoc cref="RouteConnection.ReplaceNeighbour"/>
    public void ReplaceNeighbour(int index, IPAddress address, PhysicalAddress hardwareAddress) => Add(
        "replace neighbour", $"{address}", (ref NetlinkWriter writer) => RouteRequests.Neighbour(ref writer, index, address, hardwareAddress));

    /// <summary>Lets go of the namespaces that requests name.</summary>
    public void Dispose()
    {
        _held.ForEach(handle => handle.DangerousRelease());
        _held.Clear();
    }

    /// <summary>The datagram, its messages numbered on; only the last asks for an answer, errors come in any case.</summary>
    internal ReadOnlySpan<byte> Encode(uint first)
    {
        for (var at = 0; at < _requests.Count; at++)
        {
            var message = Message(at);
            NetlinkWriter.Stamp(message, first + (uint)at);
            var flags = MemoryMarshal.Read<ushort>(message[FlagsOffset..]);
            MemoryMarshal.Write(message[FlagsOffset..], (ushort)(at == _requests.Count - 1 ? flags | NLM_F_ACK : flags & ~NLM_F_ACK));
        }

        return _buffer.AsSpan(0, _length);
    }

    internal string Describe(int at) => $"{_requests[at].Operation} {_requests[at].Subject}";

    internal Span<byte> Message(int at) => _buffer.AsSpan(_requests[at].Start..(at == _requests.Count - 1 ? _length : _requests[at + 1].Start));

    // nlmsg_flags, linux/netlink.h.
    private const int FlagsOffset = 6;

    private delegate void RequestWriter(ref NetlinkWriter writer);

    private uint Hold(NetworkNamespace networkNamespace)
    {
        var referenced = false;
        networkNamespace.Handle.DangerousAddRef(ref referenced);
        _held.Add(networkNamespace.Handle);
        return (uint)networkNamespace.Handle.DangerousGetHandle();
    }

    private void Add(string operation, string subject, RequestWriter write)
    {
        var start = _length;
        while (true)
        {
            var writer = new NetlinkWriter(_buffer, start);
            write(ref writer);
            if (!writer.Overflowed)
            {
                writer.EndMessage(start);
                _length = writer.Length;
                _requests.Add((start, operation, subject));
                return;
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
    }
}
