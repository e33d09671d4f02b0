namespace Dataplane.Netlink.Uapi;

/// <summary>linux/neighbour.h.</summary>
[KernelHeader("linux/neighbour.h")]
internal static class NeighbourHeader
{
    internal const int NDA_DST = 1;
    internal const int NDA_LLADDR = 2;
    internal const int NUD_PERMANENT = 0x80;
    internal const int NTF_SELF = 2;
}
