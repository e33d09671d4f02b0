using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>
/// A process that does nothing and by living keeps descriptors open, while the agent that uses them is not running: the pipes of a
/// container do not break then, and its pidfd remembers how it ended. The next agent takes copies of them.
/// </summary>
public static class DescriptorKeeper
{
    private const int First = 3;

    // Above all that the child's own numbers may be, so that no copy lands on what is still to be copied.
    private const int Aside = 64;

    private static readonly string[] Programs = ["/usr/bin/sleep", "/bin/sleep"];

    /// <summary>Starts a keeper. The descriptors stay the caller's, too.</summary>
    /// <exception cref="LinuxException">It cannot be started.</exception>
    public static ChildProcess Start(IReadOnlyList<SafeHandle> descriptors)
    {
        var aside = new List<SafeFileHandle>();
        try
        {
            using var request = new SpawnRequest();
            request.Program(Array.Find(Programs, File.Exists) ?? Programs[0], ["sleep", "infinity"], []);
            request.ChangeDirectory("/");
            foreach (var descriptor in descriptors)
            {
                aside.Add(new SafeFileHandle(LinuxException.Check(Libc.fcntl(descriptor, Libc.F_DUPFD_CLOEXEC, Aside), "duplicate descriptor"), ownsHandle: true));
            }

            for (var i = 0; i < aside.Count; i++)
            {
                request.Duplicate(aside[i], First + i);
            }

            request.StandardStreams(First + aside.Count);
            var errno = request.Run();
            return errno == 0 ? ChildProcess.Open(request.Pid) : throw new LinuxException("start a keeper of descriptors", errno);
        }
        finally
        {
            aside.ForEach(handle => handle.Dispose());
        }
    }

    /// <summary>A copy of one of the descriptors, by its place in the list.</summary>
    /// <exception cref="LinuxException">ESRCH when the keeper has ended.</exception>
    public static SafeFileHandle Take(ChildProcess keeper, int index)
    {
        var copy = Libc.pidfd_getfd(keeper.Descriptor, First + index);
        return copy.IsInvalid
            ? throw new LinuxException($"take descriptor {index} of process {keeper.Pid}", Marshal.GetLastPInvokeError())
            : copy;
    }
}
