using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Processes;

/// <summary>Finds processes by their network namespace, for what a killed run left behind.</summary>
public static class NamespaceProcesses
{
    /// <summary>Processes whose network namespace is the one that a file stands for; never this process.</summary>
    /// <param name="path">A file under /run/netns. One that is not a mounted namespace has no processes.</param>
    public static IReadOnlyList<ProcessIdentity> In(string path)
    {
        var status = default(Libc.statx_result);
        if (Libc.statx(Libc.AT_FDCWD, path, 0, Libc.STATX_BASIC_STATS, ref status) < 0)
        {
            return [];
        }

        var link = $"net:[{status.stx_ino}]";
        var found = new List<ProcessIdentity>();
        foreach (var directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(directory), out var pid) || pid == Environment.ProcessId)
            {
                continue;
            }

            try
            {
                if (new FileInfo($"/proc/{pid}/ns/net").LinkTarget == link)
                {
                    found.Add(ProcessIdentity.Of(pid));
                }
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }
}
