using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Namespaces;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Sysctls;

/// <summary>
/// Kernel settings of a network namespace. /proc/sys/net is the calling thread's namespace's, looked up when a file is opened
/// (net/sysctl_net.c, net_ctl_header_lookup), whatever procfs it is opened in.
/// </summary>
public static class Sysctl
{
    private const string Root = "/proc/sys/";
    private const int LongestValue = 4096;

    /// <summary>Sets a value.</summary>
    /// <param name="networkNamespace">Null for the calling thread's.</param>
    /// <param name="name">With slashes, as device names have dots: <c>net/ipv4/ip_forward</c>.</param>
    /// <param name="value">As the file takes it.</param>
    /// <exception cref="LinuxException">ENOENT when the kernel does not have it, EINVAL when it does not take the value.</exception>
    public static void Write(NetworkNamespace? networkNamespace, string name, string value)
    {
        using var file = Open(networkNamespace, name, Libc.O_WRONLY);
        ReadOnlySpan<byte> bytes = Encoding.ASCII.GetBytes(value + "\n");
        if (Libc.write(file, in bytes[0], (nuint)bytes.Length) < 0)
        {
            throw new LinuxException($"write {value} to sysctl {name}", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>A value without its line feed.</summary>
    /// <inheritdoc cref="Write"/>
    public static string Read(NetworkNamespace? networkNamespace, string name)
    {
        using var file = Open(networkNamespace, name, Libc.O_RDONLY);
        Span<byte> bytes = stackalloc byte[LongestValue];
        var length = Libc.read(file, ref bytes[0], (nuint)bytes.Length);
        return length >= 0
            ? Encoding.ASCII.GetString(bytes[..(int)length]).TrimEnd('\n')
            : throw new LinuxException($"read sysctl {name}", Marshal.GetLastPInvokeError());
    }

    private static SafeFileHandle Open(NetworkNamespace? networkNamespace, string name, int access) =>
        networkNamespace is null ? Open(name, access) : networkNamespace.Invoke(() => Open(name, access));

    private static SafeFileHandle Open(string name, int access)
    {
        var file = Libc.open(Root + name, access | Libc.O_CLOEXEC, 0);
        if (!file.IsInvalid)
        {
            return file;
        }

        var errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        throw new LinuxException($"open sysctl {name}", errno);
    }
}
