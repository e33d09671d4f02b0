using System.Diagnostics;
using System.Globalization;
using System.Text;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Route;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>
/// What mode ipvs' first sync would take if a program were started for each entry, as kube-proxy starts ipset (k/k #133773): ipvsadm and ipset themselves, for as
/// many Services as fit into seconds, in a namespace of their own. A shell starts them, which costs less than most programs' way to start others.
/// </summary>
internal static class EntryByEntry
{
    internal const int Sample = 25;
    internal const string Programs = "ipvsadm and ipset";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    /// <returns>How long the sample took; null where the programs are not installed.</returns>
    /// <exception cref="UserErrorException">They failed, or did not write what they were told to.</exception>
    internal static async Task<TimeSpan?> MeasureAsync(int endpoints, CancellationToken cancellation)
    {
        if (!Array.TrueForAll(["ipvsadm", "ipset"], program => ProgramPath.Find(program) is not null))
        {
            return null;
        }

        var name = $"dp-bench-{Environment.ProcessId}-entries";
        using var networkNamespace = NetworkNamespace.Create(name);
        try
        {
            using (var route = RouteConnection.Open(networkNamespace))
            {
                // Without any address in its tables the kernel takes none for unicast (inet_addr_type).
                route.SetUp(route.GetLink("lo").Index);
            }

            await RunAsync(networkNamespace, "ipset create KUBE-CLUSTER-IP hash:ip,port\n", cancellation);
            var took = await RunAsync(networkNamespace, Script(endpoints), cancellation);
            await RunAsync(networkNamespace, $"test $(ipvsadm -Sn | wc -l) -eq {Number(Sample * (1 + endpoints))}\n", cancellation);
            return took;
        }
        finally
        {
            NetworkNamespace.Delete(name);
        }
    }

    private static string Script(int endpoints)
    {
        var script = new StringBuilder("set -e\n");
        for (var service = 0; service < Sample; service++)
        {
            var address = SyntheticCluster.ClusterIP(service);
            script.Append(CultureInfo.InvariantCulture, $"ipvsadm -A -t {address}:80 -s rr\n");
            for (var endpoint = 0; endpoint < endpoints; endpoint++)
            {
                script.Append(CultureInfo.InvariantCulture, $"ipvsadm -a -t {address}:80 -r 10.128.{service}.{endpoint}:8080 -m -w 1\n");
            }

            script.Append(CultureInfo.InvariantCulture, $"ipset add KUBE-CLUSTER-IP {address},tcp:80\n");
        }

        return script.ToString();
    }

    private static async Task<TimeSpan> RunAsync(NetworkNamespace networkNamespace, string script, CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        // A child begins in the network namespace of the thread that makes it.
        using var shell = networkNamespace.Invoke(() => Process.Start(new ProcessStartInfo("/bin/sh", ["-s"]) { RedirectStandardInput = true }))!;
        try
        {
            await shell.StandardInput.WriteAsync(script);
            shell.StandardInput.Close();
            await shell.WaitForExitAsync(cancellation).WaitAsync(Limit, cancellation);
        }
        finally
        {
            if (!shell.HasExited)
            {
                shell.Kill(entireProcessTree: true);
            }
        }

        return shell.ExitCode == 0
            ? Stopwatch.GetElapsedTime(started)
            : throw new UserErrorException($"bench sync: a shell with {Programs} ended with status {Number(shell.ExitCode)}");
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
