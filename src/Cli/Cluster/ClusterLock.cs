using System.Globalization;

namespace Dataplane.Cli.Cluster;

/// <summary>
/// One cluster a machine: the names and addresses of the plan are fixed. The kernel drops the lock when its holder dies; who
/// holds it stands in a file beside it, because a locked file cannot be opened for reading.
/// </summary>
internal sealed class ClusterLock : IDisposable
{
    private const string LockFile = "/run/dp-cluster.lock";
    private const string ProcessFile = "/run/dp-cluster.pid";

    private readonly FileStream _file;

    private ClusterLock(FileStream file) => _file = file;

    /// <exception cref="UserErrorException">A cluster is running; the message names its process.</exception>
    internal static ClusterLock Take()
    {
        if (TryLock() is not { } file)
        {
            throw new UserErrorException(
                $"a cluster is running on this machine already (process {File.ReadAllText(ProcessFile)}); stop it with Ctrl-C there or with 'dataplane down'");
        }

        File.WriteAllText(ProcessFile, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        return new ClusterLock(file);
    }

    /// <summary>The process that holds the lock, or null.</summary>
    internal static int? RunningProcess()
    {
        using var free = TryLock();
        return free is null ? int.Parse(File.ReadAllText(ProcessFile), CultureInfo.InvariantCulture) : null;
    }

    public void Dispose() => _file.Dispose();

    /// <summary>FileShare.None is flock(LOCK_EX | LOCK_NB) on Unix: null when another process has it.</summary>
    private static FileStream? TryLock()
    {
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException) when (File.Exists(LockFile))
        {
            return null;
        }
    }
}
