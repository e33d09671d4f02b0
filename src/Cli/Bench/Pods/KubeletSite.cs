using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Cli.Cluster;
using Dataplane.ControlPlane;
using Dataplane.Hosting;
using Dataplane.Linux.Processes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Dataplane.Cli.Bench.Pods;

/// <summary>A control plane in this process and a node whose kubelet has a process of its own, so that its memory and time are its own.</summary>
internal sealed class KubeletSite : IAsyncDisposable
{
    private const int ProbePort = 8099;
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(60);

    private readonly ClusterLock _lock = ClusterLock.Take();
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-bench-").FullName;
    private Fabric? _fabric;
    private ControlPlaneServer? _server;
    private HttpEndpoint? _probed;
    private Process? _kubelet;

    private KubeletSite()
    {
    }

    internal KubernetesClient Client { get; private set; } = null!;

    internal int KubeletPid => _kubelet!.Id;

    internal string KubeletDirectory => Path.Combine(_directory, "kubelet");

    internal Linux.Namespaces.NetworkNamespace Node => _fabric!.Nodes[0];

    internal static async Task<KubeletSite> StartAsync(PodsBenchPlan plan, ILoggerFactory loggers, CancellationToken cancellation)
    {
        var site = new KubeletSite();
        try
        {
            await site.RunAsync(plan, loggers, cancellation);
            return site;
        }
        catch
        {
            await site.DisposeAsync();
            throw;
        }
    }

    /// <summary>A pod of one container that sleeps, with a readiness and a liveness probe over HTTP every 10 s.</summary>
    internal static Pod Pod(string name, bool probes)
    {
        var probe = probes ? new Probe { HTTPGet = new HTTPGetAction { Host = "10.244.1.1", Port = ProbePort, Path = "/" }, PeriodSeconds = 10 } : null;
        return new Pod
        {
            Metadata = new ObjectMeta { Name = name, Namespace = "default" },
            Spec = new PodSpec
            {
                NodeName = AddressPlan.NodeName(1),
                TerminationGracePeriodSeconds = 0,
                Containers = [new Container { Name = "main", Image = "host", Command = ["/bin/sleep", "infinity"], ReadinessProbe = probe, LivenessProbe = probe }],
            },
        };
    }

    /// <summary>VmRSS of the kubelet, 10^6 bytes.</summary>
    internal double ResidentMegabytes() => double.Parse(
        File.ReadLines($"/proc/{KubeletPid}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture) * 1024 / 1e6;

    /// <summary>Processor time the kubelet has used.</summary>
    internal TimeSpan ProcessorTime()
    {
        _kubelet!.Refresh();
        return _kubelet.TotalProcessorTime;
    }

    public async ValueTask DisposeAsync()
    {
        if (_kubelet is not null)
        {
            using (_kubelet)
            {
                using var handle = ProcessHandle.Open(_kubelet.Id);
                handle.Signal(ProcessHandle.SIGTERM);
                using var limit = new CancellationTokenSource(StopLimit);
                await _kubelet.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (!_kubelet.HasExited)
                {
                    _kubelet.Kill();
                }
            }
        }

        Client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_probed is not null)
        {
            await _probed.DisposeAsync();
        }

        Kubelet.NodeAgent.CleanUp(KubeletDirectory);
        _fabric?.Dispose();
        _lock.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private async Task RunAsync(PodsBenchPlan plan, ILoggerFactory loggers, CancellationToken cancellation)
    {
        Fabric.Remove();
        _fabric = Fabric.Create(1);
        var kubeConfig = Path.Combine(_directory, "kubeconfig");
        _server = await ControlPlaneServer.StartAsync(
            new ControlPlaneOptions
            {
                DataDirectory = Path.Combine(_directory, "state"),
                Store = "memory",
                Listen = [new(new IPEndPoint(IPAddress.Loopback, 0))],
                ServiceCidr = AddressPlan.Services,
                KubeConfigPath = kubeConfig,
            },
            loggers,
            cancellation);
        Client = new KubernetesClient(_server.KubeConfig);
        string[] command =
        [
            .. OwnProgram.Command, "kubelet", "--kubeconfig", kubeConfig, "--hostname-override", AddressPlan.NodeName(1),
            "--node-ip", $"{AddressPlan.NodeAddress(1)}", "--pod-cidr", "10.244.1.0/24", "--root-dir", KubeletDirectory,
            "--netns", AddressPlan.NodeNamespace(1), "--max-pods", $"{plan.Burst}",
        ];
        _kubelet = Process.Start(new ProcessStartInfo(command[0], command.Skip(1)) { RedirectStandardOutput = true })!;
        _ = _kubelet.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        await NodeReadiness.WaitAsync(Client, 1, loggers, cancellation);
        _probed = await HttpEndpoint.StartAsync(
            new HttpEndpointOptions { Address = new IPEndPoint(IPAddress.Any, ProbePort), Namespace = Node },
            http => http.Response.Body.WriteAsync(Encoding.ASCII.GetBytes("ok"), http.RequestAborted).AsTask(),
            loggers,
            cancellation);
    }
}
