using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>Many datagrams a call: the GNU part of sys/socket.h.</summary>
internal static partial class Libc
{
    internal const int SHUT_RDWR = 2;
    internal const int MSG_WAITFORONE = 0x10000;

    /// <summary>Blocks until one datagram is there, then takes without blocking what else is, up to the length of the vector.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int recvmmsg(SafeHandle socket, MultiMessageHeader* messages, uint length, int flags, void* timeout);

    [LibraryImport(Library, SetLastError = true)]
    internal static unsafe partial int sendmmsg(SafeHandle socket, MultiMessageHeader* messages, uint length, int flags);

    /// <summary>struct mmsghdr: a message and the bytes that were received or sent of it; 64 bytes on a 64-bit machine.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct MultiMessageHeader
    {
        internal MessageHeader msg_hdr;
        internal uint msg_len;
    }
}
