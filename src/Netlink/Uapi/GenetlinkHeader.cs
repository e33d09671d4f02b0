namespace Dataplane.Netlink.Uapi;

/// <summary>linux/genetlink.h: families that have no number of their own.</summary>
[KernelHeader("linux/genetlink.h")]
internal static class GenetlinkHeader
{
    internal const int GENL_ID_CTRL = 0x10;
    internal const int GENL_NAMSIZ = 16;
    internal const int CTRL_CMD_GETFAMILY = 3;
    internal const int CTRL_ATTR_FAMILY_ID = 1;
    internal const int CTRL_ATTR_FAMILY_NAME = 2;
}
