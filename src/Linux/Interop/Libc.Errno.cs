namespace Dataplane.Linux.Interop;

/// <summary>asm-generic/errno-base.h and asm-generic/errno.h.</summary>
internal static partial class Libc
{
    internal const int EINTR = 4;
    internal const int EAGAIN = 11;
    internal const int EMSGSIZE = 90;
    internal const int ENOBUFS = 105;
}
