using System.Globalization;
using System.Net;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>What dnsperf says of a run.</summary>
/// <param name="Sent">Queries.</param>
/// <param name="Completed">Queries that were answered.</param>
/// <param name="Rate">Answers a second.</param>
/// <param name="Codes">Answers by RCODE, as dnsperf prints them.</param>
/// <param name="Times">Milliseconds of each query; empty unless asked for.</param>
internal sealed record DnsPerfResult(long Sent, long Completed, double Rate, IReadOnlyDictionary<string, long> Codes, double[] Times);

/// <summary>dnsperf on the core that the server has not.</summary>
internal static class DnsPerf
{
    private const int Ports = 16;
    private const int Outstanding = 200;

    /// <param name="queries">A file of lines <c>NAME TYPE</c>.</param>
    /// <param name="server">Whom to ask.</param>
    /// <param name="duration">Of the run.</param>
    /// <param name="rate">Queries a second at most; null for as many as it can. With a rate the time of each query is reported.</param>
    /// <param name="cancellation">Kills it.</param>
    /// <exception cref="UserErrorException">It is missing or failed.</exception>
    internal static async Task<DnsPerfResult> RunAsync(string queries, IPEndPoint server, TimeSpan duration, int? rate, CancellationToken cancellation)
    {
        string[] command =
        [
            "taskset", "--cpu-list", DnsSubject.ClientCore, "dnsperf", "-f", "inet", "-s", server.Address.ToString(), "-p", Text(server.Port), "-d", queries,
            "-l", Text((int)Math.Ceiling(duration.TotalSeconds)), "-c", Text(Ports), "-T", "1", "-q", Text(Outstanding), "-e",
            .. rate is { } limit ? (string[])["-Q", Text(limit), "-v"] : [],
        ];

        // Into a file: whoever read from a pipe would take time from the server's core.
        var output = queries + ".out";
        using var process = PeerServers.Start(["sh", "-c", "output=$1; shift; exec \"$@\" > \"$output\"", "sh", output, .. command]);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        var (counts, codes, times) = (new Dictionary<string, double>(), new Dictionary<string, long>(), new List<double>());
        foreach (var line in File.ReadLines(output))
        {
            Read(line, counts, codes, times);
        }

        return process.ExitCode == 0 && counts.TryGetValue("Queries sent", out var sent) && counts.TryGetValue("Queries completed", out var completed)
            ? new DnsPerfResult((long)sent, (long)completed, counts.GetValueOrDefault("Queries per second"), codes, [.. times])
            : throw new UserErrorException($"dnsperf ended with status {process.ExitCode}: {(await errors).Trim()}");
    }

    /// <summary><c>  Queries sent:  123</c>, <c>  Response codes:  NOERROR 120 (97.6%), NXDOMAIN 3 (2.4%)</c>, <c>&gt; NOERROR name A 0.000123</c>.</summary>
    internal static void Read(string line, Dictionary<string, double> counts, Dictionary<string, long> codes, List<double> times)
    {
        if (line.StartsWith("> ", StringComparison.Ordinal))
        {
            if (double.TryParse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture, out var seconds))
            {
                times.Add(seconds * 1000);
            }

            return;
        }

        if (line.Split(':', 2) is not [var name, var value])
        {
            return;
        }

        var words = value.Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        if (name.Trim() == "Response codes")
        {
            for (var i = 0; i + 1 < words.Length; i += 3)
            {
                codes[words[i]] = long.Parse(words[i + 1], CultureInfo.InvariantCulture);
            }
        }
        else if (words.Length > 0 && double.TryParse(words[0], CultureInfo.InvariantCulture, out var number))
        {
            counts[name.Trim()] = number;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
