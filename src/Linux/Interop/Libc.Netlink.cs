namespace Dataplane.Linux.Interop;

/// <summary>linux/netlink.h: what concerns the socket. The message format is in Dataplane.Netlink.</summary>
internal static partial class Libc
{
    internal const int SOL_NETLINK = 270;
    internal const int NETLINK_ADD_MEMBERSHIP = 1;
    internal const int NETLINK_CAP_ACK = 10;
    internal const int NETLINK_EXT_ACK = 11;
    internal const int NETLINK_GET_STRICT_CHK = 12;
}
