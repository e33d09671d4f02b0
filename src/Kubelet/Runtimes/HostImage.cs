using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// The machine's own root file system as an image. What belongs to the running machine and not to its programs is hidden:
/// sockets in /run, other people's files in /tmp, logs, and the agent's own directory with every pod's secrets and logs.
/// </summary>
internal static class HostImage
{
    private static readonly string[] Temporary = ["/tmp", "/var/tmp"];
    private static readonly string[] Emptied = ["/run", "/var/log"];

    internal static List<ContainerMount> Mounts(string agentDirectory)
    {
        var mounts = new List<ContainerMount>();
        mounts.AddRange(Temporary.Select(path => new ContainerMount.Memory(path, "1777")));
        mounts.AddRange(Emptied.Select(path => new ContainerMount.Memory(path, KeepDirectories: true)));
        if (!IsHidden(agentDirectory))
        {
            mounts.Add(new ContainerMount.Memory(agentDirectory, "0700"));
        }

        // This program itself is part of the image, as its echo server is what demos run, wherever it was built.
        foreach (var needed in new[] { AppContext.BaseDirectory, RuntimeDirectory() }.Select(Path.TrimEndingDirectorySeparator).Where(IsHidden))
        {
            mounts.Add(new ContainerMount.Bind(needed, needed, ReadOnly: true));
        }

        return mounts;
    }

    private static bool IsHidden(string path) =>
        Temporary.Concat(Emptied).Any(hidden => path.StartsWith(hidden + "/", StringComparison.Ordinal));

    /// <summary>The root of the .NET installation: above shared/Microsoft.NETCore.App/VERSION.</summary>
    private static string RuntimeDirectory() =>
        Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
}
