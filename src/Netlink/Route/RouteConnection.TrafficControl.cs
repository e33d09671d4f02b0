using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Dataplane.Netlink.Codec;
using static Dataplane.Netlink.Uapi.IfLinkHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.PktClsHeader;
using static Dataplane.Netlink.Uapi.PktSchedHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.TcMirredHeader;
using static Dataplane.Netlink.Uapi.TrafficControlHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    // TC_H_ROOT, TC_H_INGRESS and TC_H_MAKE(0xffff, 0) of linux/pkt_sched.h; 1: is the usual handle of a root.
    private const uint Root = 0xFFFFFFFF;
    private const uint Ingress = 0xFFFFFFF1;
    private const uint IngressHandle = 0xFFFF0000;
    private const uint RootHandle = 0x10000;
    private const ushort AllProtocols = 3;

    /// <summary>Makes a device that sends back in what is redirected to it, after its own queue (drivers/net/ifb.c).</summary>
    /// <returns>Its index; it is down.</returns>
    public int CreateIntermediate(string name, int mtu)
    {
        CheckName(name);
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWLINK, RouteRequests.CreateFlags);
        RouteHeaders.WriteLink(ref writer);
        writer.String(IFLA_IFNAME, name);
        writer.U32(IFLA_MTU, (uint)mtu);
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Bytes(IFLA_INFO_KIND, "ifb"u8);
        writer.EndNested(info);
        _connection.Execute(writer.Message(), "create ifb", name);
        return GetLink(name).Index;
    }

    /// <summary>Lets a device send no more than so much: a token bucket in place of its queue (net/sched/sch_tbf.c).</summary>
    /// <param name="index">The device.</param>
    /// <param name="bytesPerSecond">The rate.</param>
    /// <param name="burst">Bytes that may go at once.</param>
    /// <param name="limit">Bytes that may wait; more are dropped.</param>
    public void LimitRate(int index, long bytesPerSecond, int burst, int limit)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWQDISC, RouteRequests.ReplaceFlags);
        WriteTraffic(ref writer, index, RootHandle, Root, 0);
        writer.Bytes(TCA_KIND, "tbf\0"u8);
        var options = writer.BeginNested(TCA_OPTIONS);
        Span<byte> parameters = stackalloc byte[36];
        parameters.Clear();

        // tc_tbf_qopt: tc_ratespec rate { u8 cell_log | u8 linklayer | u16 overhead | s16 cell_align | u16 mpu | u32 rate }, the same for the peak,
        // u32 limit, u32 buffer, u32 mtu.
        parameters[1] = TC_LINKLAYER_ETHERNET;
        MemoryMarshal.Write(parameters[8..], (uint)Math.Min(bytesPerSecond, uint.MaxValue));
        MemoryMarshal.Write(parameters[24..], (uint)limit);
        writer.Bytes(TCA_TBF_PARMS, parameters);
        writer.U32(TCA_TBF_BURST, (uint)burst);
        if (bytesPerSecond > uint.MaxValue)
        {
            Span<byte> rate = stackalloc byte[8];
            MemoryMarshal.Write(rate, (ulong)bytesPerSecond);
            writer.Bytes(TCA_TBF_RATE64, rate);
        }

        writer.EndNested(options);
        _connection.Execute(writer.Message(), "limit the rate of link", index);
    }

    /// <summary>Hands everything that arrives on a device to another one, as if that sent it.</summary>
    public void RedirectArrivals(int index, int target)
    {
        var queue = new NetlinkWriter(stackalloc byte[RequestLength]);
        queue.BeginMessage(RTM_NEWQDISC, RouteRequests.ReplaceFlags);
        WriteTraffic(ref queue, index, IngressHandle, Ingress, 0);
        queue.Bytes(TCA_KIND, "ingress\0"u8);
        _connection.Execute(queue.Message(), "add ingress queue to link", index);

        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWTFILTER, RouteRequests.CreateFlags);
        WriteTraffic(ref writer, index, 0, IngressHandle, (1u << 16) | BinaryPrimitives.ReverseEndianness(AllProtocols));
        writer.Bytes(TCA_KIND, "u32\0"u8);
        var options = writer.BeginNested(TCA_OPTIONS);
        var action = writer.BeginNested(TCA_U32_ACT);
        var first = writer.BeginNested(1);
        writer.Bytes(TCA_ACT_KIND, "mirred\0"u8);
        var redirect = writer.BeginNested(TCA_ACT_OPTIONS);

        // tc_mirred: u32 index | u32 capab | s32 action | s32 refcnt | s32 bindcnt | s32 eaction | u32 ifindex.
        Span<byte> mirred = stackalloc byte[28];
        mirred.Clear();
        MemoryMarshal.Write(mirred[8..], TC_ACT_STOLEN);
        MemoryMarshal.Write(mirred[20..], TCA_EGRESS_REDIR);
        MemoryMarshal.Write(mirred[24..], (uint)target);
        writer.Bytes(TCA_MIRRED_PARMS, mirred);
        writer.EndNested(redirect);
        writer.EndNested(first);
        writer.EndNested(action);

        // tc_u32_sel: u8 flags | u8 offshift | u8 nkeys | ... 16 bytes; one tc_u32_key of 16 zero bytes matches everything.
        Span<byte> selector = stackalloc byte[32];
        selector.Clear();
        selector[0] = TC_U32_TERMINAL;
        selector[2] = 1;
        writer.Bytes(TCA_U32_SEL, selector);
        writer.EndNested(options);
        _connection.Execute(writer.Message(), "redirect arrivals of link", index);
    }

    /// <summary>tcmsg: u8 family | u8 pad | u16 pad | s32 ifindex | u32 handle | u32 parent | u32 info, linux/rtnetlink.h.</summary>
    private static void WriteTraffic(ref NetlinkWriter writer, int index, uint handle, uint parent, uint info)
    {
        var header = writer.Reserve(RouteHeaders.TrafficLength);
        MemoryMarshal.Write(header[4..], index);
        MemoryMarshal.Write(header[8..], handle);
        MemoryMarshal.Write(header[12..], parent);
        MemoryMarshal.Write(header[16..], info);
    }
}
