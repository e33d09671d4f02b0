using System.Net;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using Dataplane.Netlink.Generic;
using static Dataplane.Netlink.Uapi.IpVsHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Ipvs;

/// <summary>
/// Changes of IPVS that go to the kernel some hundred at a time. Unlike a transaction of nf_tables each stands alone: the kernel goes on after one that
/// it refuses.
/// </summary>
public sealed class IpvsBatch
{
    /// <summary>Below the default send buffer (net.core.wmem_default), so that no socket needs a larger one.</summary>
    private const int LongestDatagram = 96 * 1024;

    private readonly GenericFamily _family;
    private readonly List<(int Offset, string Verb, IpvsServiceKey Service, IPEndPoint? Destination)> _messages = [];
    private byte[] _buffer = new byte[4096];
    private int _length;

    internal IpvsBatch(GenericFamily family) => _family = family;

    private delegate void BodyWriter<in TState>(ref NetlinkWriter writer, TState state);

    /// <summary>Changes in it.</summary>
    public int Count => _messages.Count;

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _messages.Clear();
        _length = 0;
    }

    /// <summary>Fails with EEXIST when there is one at the same place, with ENOENT for a scheduler the kernel does not have.</summary>
    public void AddService(IpvsService service) => Add(
        IPVS_CMD_NEW_SERVICE, "add service", service.Key, null, service, static (ref NetlinkWriter writer, IpvsService state) => IpvsMessages.WriteService(ref writer, state));

    /// <summary>Changes scheduler, flags and persistence; destinations stay.</summary>
    public void SetService(IpvsService service) => Add(
        IPVS_CMD_SET_SERVICE, "set service", service.Key, null, service, static (ref NetlinkWriter writer, IpvsService state) => IpvsMessages.WriteService(ref writer, state));

    /// <summary>Removes a service with its destinations.</summary>
    public void DeleteService(IpvsServiceKey service) => Add(
        IPVS_CMD_DEL_SERVICE, "delete service", service, null, service, static (ref NetlinkWriter writer, IpvsServiceKey state) => IpvsMessages.WriteServiceKey(ref writer, state));

    /// <summary>Fails with EEXIST when the service has it.</summary>
    public void AddDestination(IpvsServiceKey service, IPEndPoint endPoint, uint weight) => Destination(IPVS_CMD_NEW_DEST, "add destination", service, endPoint, weight);

    /// <summary>Changes a weight.</summary>
    public void SetDestination(IpvsServiceKey service, IPEndPoint endPoint, uint weight) => Destination(IPVS_CMD_SET_DEST, "set destination", service, endPoint, weight);

    /// <summary>Removes a destination; packets of its connections are dropped, or with expire_nodest_conn find another one.</summary>
    public void DeleteDestination(IpvsServiceKey service, IPEndPoint endPoint) => Destination(IPVS_CMD_DEL_DEST, "delete destination", service, endPoint, null);

    /// <summary>Sends everything, and empties itself.</summary>
    /// <exception cref="NetlinkException">The first change that the kernel refused; those before and after it are made.</exception>
    internal void Commit(NetlinkConnection connection)
    {
        NetlinkException? first = null;
        for (var start = 0; start < _messages.Count;)
        {
            var end = start + 1;
            while (end < _messages.Count && End(end) - _messages[start].Offset <= LongestDatagram)
            {
                end++;
            }

            var (from, to) = (start, end);
            var (index, ack) = connection.Exchange(sequence => Datagram(from, to, sequence), to - from - 1, Describe(from));
            if (ack.Errno != 0)
            {
                first ??= ack.ToException(Describe(from + index), _buffer.AsSpan(_messages[from + index].Offset..End(from + index)), GenericFamily.HeaderLength);
            }

            start = end;
        }

        Clear();
        if (first is not null)
        {
            throw first;
        }
    }

    /// <summary>All messages as one datagram.</summary>
    internal ReadOnlySpan<byte> Datagram(uint sequence) => Datagram(0, _messages.Count, sequence);

    private void Destination(int command, string verb, IpvsServiceKey service, IPEndPoint endPoint, uint? weight) => Add(
        command, verb, service, endPoint, (service, endPoint, weight), static (ref NetlinkWriter writer, (IpvsServiceKey Service, IPEndPoint EndPoint, uint? Weight) state) =>
        {
            IpvsMessages.WriteServiceKey(ref writer, state.Service);
            IpvsMessages.WriteDestination(ref writer, state.EndPoint, state.Weight);
        });

    private void Add<TState>(int command, string verb, IpvsServiceKey service, IPEndPoint? destination, TState state, BodyWriter<TState> write)
    {
        while (true)
        {
            var writer = new NetlinkWriter(_buffer, _length);
            var start = _family.Begin(ref writer, command, 0);
            write(ref writer, state);
            if (!writer.Overflowed)
            {
                writer.EndMessage(start);
                _messages.Add((start, verb, service, destination));
                _length = writer.Length;
                return;
            }

            Array.Resize(ref _buffer, checked(_buffer.Length * 2));
        }
    }

    private ReadOnlySpan<byte> Datagram(int from, int to, uint sequence)
    {
        for (var index = from; index < to; index++)
        {
            var message = _buffer.AsSpan(_messages[index].Offset);
            NetlinkWriter.Stamp(message, sequence + (uint)(index - from));
            // The last one's ack says that the kernel has handled all.
            MemoryMarshal.Write(message[6..], (ushort)(index == to - 1 ? NLM_F_REQUEST | NLM_F_ACK : NLM_F_REQUEST));
        }

        return _buffer.AsSpan(_messages[from].Offset..End(to - 1));
    }

    private int End(int index) => index + 1 < _messages.Count ? _messages[index + 1].Offset : _length;

    private string Describe(int index) => _messages[index] is var (_, verb, service, destination) && destination is null
        ? $"{verb} {service}"
        : $"{_messages[index].Verb} {_messages[index].Destination} of {_messages[index].Service}";
}
