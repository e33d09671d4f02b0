namespace Dataplane.Netlink.Uapi;

/// <summary>errno.h.</summary>
[KernelHeader("errno.h")]
internal static class ErrnoHeader
{
    internal const int ENOENT = 2;
    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal const int EBUSY = 16;
    internal const int EEXIST = 17;
    internal const int ENODEV = 19;
    internal const int EINVAL = 22;
    internal const int EOPNOTSUPP = 95;
    internal const int ENOBUFS = 105;
}
