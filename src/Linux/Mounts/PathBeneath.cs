using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Mounts;

/// <summary>
/// Opens what lies below a directory that others write to: a link put there may lead about inside the directory, but never out of it,
/// whenever it is put there (openat2(2), RESOLVE_BENEATH).
/// </summary>
public static class PathBeneath
{
    /// <summary>A descriptor that stands for the file or directory; only a path for other calls, by <see cref="PathOf"/>.</summary>
    /// <param name="directory">The directory, which is followed as any path.</param>
    /// <param name="path">Relative. Directories missing on the way are made, its end too, with the permissions of the directory.</param>
    /// <exception cref="LinuxException">EXDEV when it leads out of the directory, ELOOP for a loop of links.</exception>
    public static SafeFileHandle OpenOrMakeDirectory(string directory, string path)
    {
        using var top = Check(Libc.open(directory, Libc.O_PATH | Libc.O_CLOEXEC, 0), directory);
        var known = "";
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(known, name);
            using var found = Open(top, next);
            if (found.IsInvalid)
            {
                if (Marshal.GetLastPInvokeError() != Errno.ENOENT)
                {
                    throw new LinuxException($"open {next} in {directory}", Marshal.GetLastPInvokeError());
                }

                // One step from a descriptor that is known to be inside: a link that appears here is not followed by mkdir(2).
                using var parent = Check(known.Length == 0 ? Libc.open(directory, Libc.O_PATH | Libc.O_CLOEXEC, 0) : Open(top, known), directory);
                Directory.CreateDirectory(Path.Combine(PathOf(parent), name));
                using var made = Check(Open(top, next), directory);
                FileMode.Set(PathOf(made), FileStatus.PermissionsOf(directory));
            }

            known = next;
        }

        return Check(Open(top, known.Length == 0 ? "." : known), directory);
    }

    /// <summary>A path that leads to exactly what was opened, for as long as the handle is open, in this process.</summary>
    public static string PathOf(SafeFileHandle opened) => $"/proc/self/fd/{opened.DangerousGetHandle()}";

    private static SafeFileHandle Open(SafeFileHandle top, string path) =>
        Libc.openat2(top, path, Libc.O_PATH | Libc.O_CLOEXEC, Libc.RESOLVE_BENEATH | Libc.RESOLVE_NO_MAGICLINKS);

    private static SafeFileHandle Check(SafeFileHandle handle, string path) =>
        handle.IsInvalid ? throw new LinuxException($"open {path}", Marshal.GetLastPInvokeError()) : handle;
}
