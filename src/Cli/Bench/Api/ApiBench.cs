using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using Dataplane.Api.Client;

namespace Dataplane.Cli.Bench.Api;

/// <summary>The API server's figures, a case at a time, each against a server process with a new data directory.</summary>
internal static class ApiBench
{
    internal static readonly string[] Cases = ["start", "pods", "services", "restart", "kill"];

    private const string MergePatch = "application/merge-patch+json";
    private const int Starts = 5;
    private const int Lists = 20;
    private const int FanOutWrites = 100;

    private static readonly TimeSpan Delivery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(3);

    internal static async Task RunAsync(ApiBenchPlan plan, BenchReport report, CancellationToken cancellation)
    {
        foreach (var name in plan.Cases)
        {
            var directory = Directory.CreateTempSubdirectory("dp-bench-api-").FullName;
            try
            {
                await (name switch
                {
                    "start" => StartAsync(plan, report, directory, cancellation),
                    "pods" => PodsAsync(plan, report, directory, cancellation),
                    "services" => ServicesAsync(plan, report, directory, cancellation),
                    "kill" => KillAsync(plan, report, directory, cancellation),
                    _ => RestartAsync(plan, report, directory, cancellation),
                });
            }
            finally
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static async Task StartAsync(ApiBenchPlan plan, BenchReport report, string directory, CancellationToken cancellation)
    {
        var times = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            var own = Path.Combine(directory, i.ToString(CultureInfo.InvariantCulture));
            await using var server = await ApiServerProcess.StartAsync(own, plan, cancellation);
            times.Add(server.ReadyAfter.TotalMilliseconds);
            if (i == Starts - 1)
            {
                await Task.Delay(Settle, cancellation);
                report.Total("start", plan.Store, "resident at rest", "MB", 1, server.ResidentMB);
            }
        }

        report.Samples("start", plan.Store, "start to ready", "ms", [.. times]);
    }

    private static async Task PodsAsync(ApiBenchPlan plan, BenchReport report, string directory, CancellationToken cancellation)
    {
        await using var server = await ApiServerProcess.StartAsync(directory, plan, cancellation);
        await using var heartbeats = await NodeHeartbeats.StartAsync(server.Config, plan.Nodes, cancellation);
        var created = await ApiLoad.RunAsync(
            server.Config, plan.Writers, plan.Pods, (to, i) => to.Request("POST", ApiObjects.PodPath, "application/json", ApiObjects.Pod(i, plan.Nodes)), cancellation);
        report.Samples("pods", plan.Store, "create", "ms", created.Times);
        report.Total("pods", plan.Store, "creates", "1/s", plan.Pods, plan.Pods / created.Elapsed.TotalSeconds);
        await using (var watchers = await ApiWatchers.OpenAsync(server.Config, plan.Watchers, cancellation))
        {
            // The first patch of each pod adds its status: it is not what is measured.
            await PatchAsync(plan, server.Config, 0, plan.Pods, cancellation);
            await watchers.WaitForAsync(plan.Pods, Delivery);
            await Task.Delay(Settle, cancellation);
            report.Total("pods", plan.Store, $"resident with {plan.Pods} pods, {plan.Watchers} watchers", "MB", 1, server.ResidentMB);
            var cpu = server.CpuTime;
            var patched = await PatchAsync(plan, server.Config, plan.Pods, plan.Patches, cancellation);
            cpu = server.CpuTime - cpu;
            await watchers.WaitForAsync(plan.Pods + plan.Patches, Delivery);
            report.Samples("pods", plan.Store, "status patch", "ms", patched.Times);
            report.Total("pods", plan.Store, "status patches", "1/s", plan.Patches, plan.Patches / patched.Elapsed.TotalSeconds);
            report.Total("pods", plan.Store, "server CPU per status patch", "us", plan.Patches, cpu.TotalMicroseconds / plan.Patches);
            report.Total("pods", plan.Store, $"resident after {plan.Patches} patches", "MB", 1, server.ResidentMB);
        }

        await ListAsync(plan, report, server.Config, "application/json", "JSON", cancellation);
        await ListAsync(plan, report, server.Config, "application/vnd.kubernetes.protobuf", "protobuf", cancellation);
        await FanOutAsync(plan, report, server, cancellation);
    }

    private static Task<(double[] Times, TimeSpan Elapsed)> PatchAsync(
        ApiBenchPlan plan, KubeConfig config, int from, int count, CancellationToken cancellation) => ApiLoad.RunAsync(
        config, plan.Writers, count, (to, i) => Patch(to, (from + i) % plan.Pods, (from + i) / plan.Pods), cancellation);

    private static byte[] Patch(ApiConnection to, int pod, int round) =>
        to.Request("PATCH", $"{ApiObjects.PodPath}/{ApiObjects.PodName(pod)}/status", MergePatch, ApiObjects.PodStatus(pod, round));

    private static async Task ListAsync(ApiBenchPlan plan, BenchReport report, KubeConfig config, string accept, string name, CancellationToken cancellation)
    {
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } }) { BaseAddress = config.Server };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", config.Token);
        http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        var times = new double[Lists];
        var buffer = new byte[256 * 1024];
        long bytes = 0;
        for (var i = 0; i < Lists; i++)
        {
            var started = Stopwatch.GetTimestamp();
            await using var body = await http.GetStreamAsync(ApiObjects.PodPath, cancellation);
            bytes = 0;
            while (await body.ReadAsync(buffer, cancellation) is var count and > 0)
            {
                bytes += count;
            }

            times[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        report.Samples("pods", plan.Store, $"LIST of {plan.Pods} pods, {name}", "ms", times);
        report.Total("pods", plan.Store, $"LIST of {plan.Pods} pods, {name}, size", "MB", 1, bytes / 1e6);
    }

    private static async Task FanOutAsync(ApiBenchPlan plan, BenchReport report, ApiServerProcess server, CancellationToken cancellation)
    {
        await using var watchers = await ApiWatchers.OpenAsync(server.Config, plan.Audience, cancellation);
        await using var writer = await ApiConnection.OpenAsync(server.Config, cancellation);
        var delivered = new List<double>();
        var last = new List<double>();
        for (var i = 0; i < FanOutWrites; i++)
        {
            var request = Patch(writer, i, 1_000 + i);
            var started = Stopwatch.GetTimestamp();
            await writer.MustAsync(request, cancellation);
            await watchers.WaitForAsync(i + 1, Delivery);
            var times = watchers.Since(started).ToArray();
            delivered.AddRange(times);
            last.Add(times.Max());
        }

        report.Samples("pods", plan.Store, $"a write to one of {plan.Audience} watchers", "ms", [.. delivered]);
        report.Samples("pods", plan.Store, $"a write to the last of {plan.Audience} watchers", "ms", [.. last]);
        report.Total("pods", plan.Store, $"resident with {plan.Audience} watchers", "MB", 1, server.ResidentMB);
    }

    private static async Task ServicesAsync(ApiBenchPlan plan, BenchReport report, string directory, CancellationToken cancellation)
    {
        await using var server = await ApiServerProcess.StartAsync(directory, plan, cancellation);
        var created = await ApiLoad.RunAsync(
            server.Config, plan.Writers, plan.Services,
            (to, i) => to.Request("POST", "/api/v1/namespaces/default/services", "application/json", ApiObjects.Service(i)), cancellation);
        report.Samples("services", plan.Store, "create", "ms", created.Times);
        await ApiLoad.RunAsync(
            server.Config, plan.Writers, plan.Services,
            (to, i) => to.Request("POST", "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "application/json", ApiObjects.Slice(i)), cancellation);
        await Task.Delay(Settle, cancellation);
        report.Total("services", plan.Store, $"resident with {plan.Services} services and slices", "MB", 1, server.ResidentMB);
    }

    private static async Task KillAsync(ApiBenchPlan plan, BenchReport report, string directory, CancellationToken cancellation)
    {
        var result = await KillRounds.RunAsync(plan, directory, cancellation);
        report.Total("kill", plan.Store, "kills under load", "1", result.Rounds, result.Rounds);
        report.Total("kill", plan.Store, "acknowledged writes", "1", result.Rounds, result.Acknowledged);
        report.Total("kill", plan.Store, "broken promises", "1", result.Rounds, result.Violations.Count);
        if (result.Violations.Count > 0)
        {
            throw new UserErrorException(string.Join("; ", result.Violations.Take(5)));
        }
    }

    private static async Task RestartAsync(ApiBenchPlan plan, BenchReport report, string directory, CancellationToken cancellation)
    {
        await using (var server = await ApiServerProcess.StartAsync(directory, plan, cancellation))
        {
            var created = await ApiLoad.RunAsync(
                server.Config, plan.Writers, plan.RestartObjects,
                (to, i) => to.Request("POST", "/api/v1/namespaces/default/configmaps", "application/json", ApiObjects.ConfigMap(i)), cancellation);
            report.Total("restart", plan.Store, "creates", "1/s", plan.RestartObjects, plan.RestartObjects / created.Elapsed.TotalSeconds);
            await server.KillAsync();
        }

        var times = new double[Starts];
        for (var i = 0; i < times.Length; i++)
        {
            await using var server = await ApiServerProcess.StartAsync(directory, plan, cancellation);
            times[i] = server.ReadyAfter.TotalMilliseconds;
        }

        report.Samples("restart", plan.Store, $"restart with {plan.RestartObjects} objects", "ms", times);
    }
}
