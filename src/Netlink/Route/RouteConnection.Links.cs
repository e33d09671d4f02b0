using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Codec;
using static Dataplane.Linux.Errno;
using static Dataplane.Netlink.Uapi.IfHeader;
using static Dataplane.Netlink.Uapi.IfLinkHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;
using static Dataplane.Netlink.Uapi.RtnetlinkHeader;
using static Dataplane.Netlink.Uapi.SocketHeader;

namespace Dataplane.Netlink.Route;

public sealed partial class RouteConnection
{
    private const int CreateFlags = NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;

    /// <summary>Makes a bridge, down.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="NetlinkException">EEXIST when the name is taken.</exception>
    public int CreateBridge(string name) => Create(name, "bridge");

    /// <summary>Makes a device that leads nowhere, down: it only holds addresses, and does not answer ARP for them by itself.</summary>
    /// <returns>Its index.</returns>
    /// <exception cref="NetlinkException">EEXIST when the name is taken, EOPNOTSUPP when the kernel has no such devices.</exception>
    public int CreateDummy(string name) => Create(name, "dummy");

    private int Create(string name, string kind)
    {
        CheckName(name);
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWLINK, CreateFlags);
        RouteHeaders.WriteLink(ref writer);
        writer.String(IFLA_IFNAME, name);
        var info = writer.BeginNested(IFLA_LINKINFO);
        writer.Bytes(IFLA_INFO_KIND, Encoding.ASCII.GetBytes(kind));
        writer.EndNested(info);
        _connection.Execute(writer.Message(), $"create {kind}", name);
        return GetLink(name).Index;
    }

    /// <summary>Makes a veth pair, the peer at once in another namespace: it is never seen in this one.</summary>
    /// <param name="name">This namespace's end.</param>
    /// <param name="peerName">The other end.</param>
    /// <param name="peerNamespace">Where the other end is.</param>
    /// <param name="masterIndex">The bridge that this namespace's end is a port of; null for none.</param>
    /// <param name="up">Whether this namespace's end comes up. The peer is down: the kernel refuses to start one before it has its partner
    /// (drivers/net/veth.c, veth_open).</param>
    /// <returns>The index of this namespace's end.</returns>
    /// <exception cref="NetlinkException">EEXIST when a name is taken in its namespace.</exception>
    public int CreateVeth(string name, string peerName, NetworkNamespace peerNamespace, int? masterIndex = null, bool up = false)
    {
        using var batch = new RouteBatch();
        batch.CreateVeth(new VethPlan(name, peerName, peerNamespace) { MasterIndex = masterIndex, Up = up });
        Commit(batch);
        return GetLink(name).Index;
    }

    /// <returns>Null when no device has this name.</returns>
    public Link? FindLink(string name)
    {
        CheckName(name);
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_GETLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer);
        writer.String(IFLA_IFNAME, name);
        writer.U32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return _connection.Find(writer.Message(), ENODEV, ParseLink, "find link", name);
    }

    /// <exception cref="NetlinkException">ENODEV when no device has this name.</exception>
    public Link GetLink(string name) => FindLink(name) ?? throw new NetlinkException($"find link {name}", ENODEV);

    /// <summary>All devices of the namespace.</summary>
    public IReadOnlyList<Link> Links()
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_GETLINK, NLM_F_DUMP);
        RouteHeaders.WriteLink(ref writer);
        writer.U32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        return _connection.Dump(writer.Message(), ParseLink, "list links");
    }

    /// <summary>Sets or clears IFF_UP.</summary>
    public void SetUp(int index, bool up = true)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        RouteRequests.SetUp(ref writer, index, up);
        _connection.Execute(writer.Message(), up ? "set up link" : "set down link", index);
    }

    /// <summary>Makes a device a port of a bridge; a master of 0 takes it out.</summary>
    public void SetMaster(int index, int masterIndex) => SetLink(index, IFLA_MASTER, (uint)masterIndex, "set master of link");

    /// <param name="index">The device.</param>
    /// <param name="mtu">In bytes.</param>
    public void SetMtu(int index, int mtu) => SetLink(index, IFLA_MTU, (uint)mtu, "set mtu of link");

    /// <summary>Gives a device a hardware address. A bridge without one of its own takes its lowest port's, which changes as ports come and go.</summary>
    public void SetHardwareAddress(int index, PhysicalAddress address)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer, index: index);
        writer.Bytes(IFLA_ADDRESS, address.GetAddressBytes());
        _connection.Execute(writer.Message(), "set hardware address of link", index);
    }

    /// <summary>Lets a bridge port send a frame back where it came from, which a pod needs to reach itself through a Service.</summary>
    public void SetHairpin(int portIndex, bool enabled)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_SETLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer, AF_BRIDGE, portIndex);
        var port = writer.BeginNested(IFLA_PROTINFO | NLA_F_NESTED);
        writer.U8(IFLA_BRPORT_MODE, enabled ? (byte)1 : (byte)0);
        writer.EndNested(port);
        _connection.Execute(writer.Message(), "set hairpin of bridge port", portIndex);
    }

    /// <summary>Removes a device; a veth takes its peer along.</summary>
    public void DeleteLink(int index)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_DELLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer, index: index);
        _connection.Execute(writer.Message(), "delete link", index);
    }

    private void SetLink(int index, int type, uint value, string operation)
    {
        var writer = new NetlinkWriter(stackalloc byte[RequestLength]);
        writer.BeginMessage(RTM_NEWLINK, NLM_F_ACK);
        RouteHeaders.WriteLink(ref writer, index: index);
        writer.U32(type, value);
        _connection.Execute(writer.Message(), operation, index);
    }

    private static Link ParseLink(NetlinkMessage message)
    {
        var header = message.Header(RouteHeaders.LinkLength);
        var index = MemoryMarshal.Read<int>(header[4..]);
        var up = (MemoryMarshal.Read<uint>(header[8..]) & IFF_UP) != 0;
        string name = "", kind = "";
        int? master = null;
        var mtu = 0;
        var hardware = PhysicalAddress.None;
        var attributes = message.Attributes(RouteHeaders.LinkLength);
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case IFLA_IFNAME:
                    name = attribute.Text;
                    break;
                case IFLA_MTU:
                    mtu = (int)attribute.U32;
                    break;
                case IFLA_MASTER:
                    master = (int)attribute.U32;
                    break;
                case IFLA_ADDRESS:
                    hardware = new PhysicalAddress(attribute.Value.ToArray());
                    break;
                case IFLA_LINKINFO:
                    kind = ParseKind(attribute.Nested);
                    break;
            }
        }

        return new Link(index, name, kind, master, up, mtu, hardware);
    }

    private static string ParseKind(AttributeReader info)
    {
        while (info.Read(out var attribute))
        {
            if (attribute.Type == IFLA_INFO_KIND)
            {
                return attribute.Text;
            }
        }

        return "";
    }

    /// <summary>The kernel truncates nothing but refuses with ERANGE, which names neither the device nor the limit.</summary>
    internal static void CheckName(string name)
    {
        if (name.Length == 0 || Encoding.UTF8.GetByteCount(name) >= IFNAMSIZ)
        {
            throw new ArgumentException($"device name '{name}' must have 1 to {IFNAMSIZ - 1} bytes");
        }
    }
}
