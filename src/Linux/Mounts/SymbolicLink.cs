using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Mounts;

/// <summary>Links that change their target in one step.</summary>
public static class SymbolicLink
{
    /// <summary>Makes a link lead elsewhere: whoever follows it sees the old target or the new one, never none.</summary>
    /// <exception cref="LinuxException">The new link could not take the place of the old.</exception>
    public static void Replace(string link, string target)
    {
        // System.IO moves no link that leads to a directory.
        var fresh = link + "_tmp";
        File.Delete(fresh);
        File.CreateSymbolicLink(fresh, target);
        LinuxException.Check(Libc.rename(fresh, link), $"rename {fresh} to {link}");
    }
}
