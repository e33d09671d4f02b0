using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Mounts;

/// <summary>chmod(2).</summary>
public static class FileMode
{
    /// <param name="mode">Permission bits, as an octal number shows them.</param>
    public static void Set(string path, int mode) => LinuxException.Check(Libc.chmod(path, (uint)mode), $"chmod {path}");
}
