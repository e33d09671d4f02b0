using Dataplane.Netlink.Codec;
using static Dataplane.Linux.Errno;
using static Dataplane.Netlink.Uapi.GenetlinkHeader;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Generic;

/// <summary>
/// A family of generic netlink: the kernel gives it a number when its module is loaded, which is the type of its messages.
/// <code>nlmsghdr (type: the family) | genlmsghdr  u8 command | u8 version | u16 0 | attributes</code>
/// Source: linux/genetlink.h, net/netlink/genetlink.c.
/// </summary>
internal readonly record struct GenericFamily(ushort Id, byte Version)
{
    internal const int HeaderLength = 4;

    /// <summary>Asks for a family by name; the kernel loads its module if it can.</summary>
    /// <exception cref="NetlinkException">ENOENT when the kernel has no such family.</exception>
    internal static GenericFamily Resolve(NetlinkConnection connection, string name, byte version)
    {
        var writer = new NetlinkWriter(stackalloc byte[64]);
        new GenericFamily(GENL_ID_CTRL, 1).Begin(ref writer, CTRL_CMD_GETFAMILY, NLM_F_ACK);
        writer.String(CTRL_ATTR_FAMILY_NAME, name);
        var id = connection.Find(writer.Message(), ENOENT, ParseId, "find generic netlink family", name);
        return id is null ? throw new NetlinkException($"find generic netlink family {name}", ENOENT) : new GenericFamily((ushort)id, version);
    }

    /// <summary>Starts a message of the family.</summary>
    /// <returns>The mark for <see cref="NetlinkWriter.EndMessage"/>.</returns>
    internal int Begin(ref NetlinkWriter writer, int command, int flags)
    {
        var start = writer.BeginMessage(Id, flags);
        var header = writer.Reserve(HeaderLength);
        header[0] = (byte)command;
        header[1] = Version;
        return start;
    }

    // Boxed: a parser's result is a reference.
    private static object? ParseId(NetlinkMessage message)
    {
        var attributes = message.Attributes(HeaderLength);
        while (attributes.Read(out var attribute))
        {
            if (attribute.Type == CTRL_ATTR_FAMILY_ID)
            {
                return attribute.U16;
            }
        }

        return null;
    }
}
