using System.Diagnostics;
using System.Globalization;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>A <c>dataplane control-plane</c> of its own: what it costs is what /proc says of it.</summary>
internal sealed class ApiServerProcess : IAsyncDisposable
{
    private const double TicksPerSecond = 100; // USER_HZ, fixed in the kernel's interface

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    private readonly Process _process;

    private ApiServerProcess(Process process, KubeConfig config, TimeSpan readyAfter)
    {
        _process = process;
        Config = config;
        ReadyAfter = readyAfter;
    }

    internal KubeConfig Config { get; }

    /// <summary>From the start of the program to its word that requests are served.</summary>
    internal TimeSpan ReadyAfter { get; }

    /// <summary>Resident memory, 10^6 bytes.</summary>
    internal double ResidentMB => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1024 / 1e6;

    /// <summary>User and system time so far.</summary>
    internal TimeSpan CpuTime
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{_process.Id}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds((long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond);
        }
    }

    /// <exception cref="UserErrorException">It ended, or was not ready within a minute.</exception>
    internal static async Task<ApiServerProcess> StartAsync(string dataDirectory, ApiBenchPlan plan, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        var process = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, Arguments(dataDirectory, plan))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
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
                    return new ApiServerProcess(process, KubeConfig.Load(Path.Combine(dataDirectory, "admin.conf")), readyAfter);
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

    private static IEnumerable<string> Arguments(string dataDirectory, ApiBenchPlan plan)
    {
        // Under the launcher the process is dotnet and its first argument is this program.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            yield return Path.Combine(AppContext.BaseDirectory, "dataplane.dll");
        }

        foreach (var argument in (string[])["control-plane", "--data-dir", dataDirectory, "--secure-port", "0", "--store", plan.Store])
        {
            yield return argument;
        }

        if (plan.EtcdServers.Count > 0)
        {
            yield return "--etcd-servers";
            yield return string.Join(",", plan.EtcdServers);
        }
    }
}
