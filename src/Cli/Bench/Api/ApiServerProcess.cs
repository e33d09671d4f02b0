using System.Diagnostics;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>A <c>dataplane control-plane</c> of its own: what it costs is what /proc says of it.</summary>
internal sealed class ApiServerProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _directory;

    private ApiServerProcess(Process process, KubeConfig config, TimeSpan readyAfter, string directory)
    {
        _directory = directory;
        _process = process;
        Config = config;
        ReadyAfter = readyAfter;
    }

    internal KubeConfig Config { get; }

    /// <summary>The same as a file's text, for programs that read one.</summary>
    internal string KubeConfigText => File.ReadAllText(KubeConfigPath(_directory));

    /// <summary>From the start of the program to its word that requests are served.</summary>
    internal TimeSpan ReadyAfter { get; }

    /// <summary>Resident memory, 10^6 bytes.</summary>
    internal double ResidentMB => ProcessCost.ResidentMB(_process.Id);

    /// <summary>User and system time so far.</summary>
    internal TimeSpan CpuTime => ProcessCost.CpuTime(_process.Id);

    /// <exception cref="UserErrorException">It ended, or was not ready within a minute.</exception>
    internal static async Task<ApiServerProcess> StartAsync(string dataDirectory, ApiBenchPlan plan, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var (program, arguments) = Command(dataDirectory, plan);
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var complaints = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            limit.CancelAfter(StartLimit);
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("ready", StringComparison.Ordinal))
                {
                    var readyAfter = Stopwatch.GetElapsedTime(started);
                    return new ApiServerProcess(process, KubeConfig.Load(KubeConfigPath(dataDirectory)), readyAfter, dataDirectory);
                }
            }

            throw new UserErrorException($"the API server ended: {(await complaints).Trim()}");
        }
        catch (Exception)
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>Gives the ballast's room on its disk to the server; the disk is seen through the process, which is in a namespace of its own.</summary>
    internal void DropBallast() => File.Delete($"/proc/{_process.Id}/root{_directory}/disk/ballast");

    /// <summary>Ends it as a power cut would: no last words.</summary>
    internal async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private static string KubeConfigPath(string dataDirectory) => Path.Combine(dataDirectory, "admin.conf");

    private static (string Program, IEnumerable<string> Arguments) Command(string dataDirectory, ApiBenchPlan plan)
    {
        string[] command =
        [
            .. OwnProgram.Command,
            "control-plane", "--data-dir", plan.DiskMB > 0 ? Path.Combine(dataDirectory, "disk", "data") : dataDirectory,
            "--kubeconfig", KubeConfigPath(dataDirectory), "--secure-port", "0", "--store", plan.Store,
            .. plan.EtcdServers.Count > 0 ? (string[])["--etcd-servers", string.Join(",", plan.EtcdServers)] : [],
        ];
        if (plan.DiskMB == 0)
        {
            return (command[0], command.Skip(1));
        }

        // A mount namespace of its own: the file system goes with the process.
        Directory.CreateDirectory(Path.Combine(dataDirectory, "disk"));
        var mount = $"mount -t tmpfs -o size={plan.DiskMB}m dp-disk '{dataDirectory}/disk' && head -c {plan.BallastMB}M /dev/zero > '{dataDirectory}/disk/ballast' && exec \"$@\"";
        return ("unshare", ["--mount", "--propagation", "private", "sh", "-c", mount, "sh", .. command]);
    }
}
