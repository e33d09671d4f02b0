using System.Diagnostics;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Mounts;
using Dataplane.TestKit;

namespace Dataplane.Functional.Runtimes;

/// <summary>
/// One machine, which is a network namespace: a control plane, a kubelet on one of the runtimes, each a program of its own, and
/// somebody with kubectl.
/// </summary>
internal sealed class RuntimeSession : IAsyncDisposable
{
    private readonly TestNetwork _network = new();
    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly string _runtime;
    private readonly string _nodeName;
    private RuntimePods _pods = null!;
    private Process? _controlPlane;
    private Process? _kubelet;

    private RuntimeSession(string runtime, string nodeName) => (_runtime, _nodeName) = (runtime, nodeName);

    internal Kubectl Kubectl => new()
    {
        Command = [Tools.Require("nsenter"), .. Tools.Enter(_pods.Machine), Tools.Require("kubectl")],
        Environment = new Dictionary<string, string> { ["KUBECONFIG"] = KubeConfig, ["HOME"] = _root },
        ClusterLog = Log,
    };

    /// <summary>A directory that pods see as a hostPath: <c>ROOT/host</c> in their manifests.</summary>
    internal string Host => Path.Combine(_root, "host");

    private string KubeConfig => Path.Combine(_root, "kubeconfig");

    private string NodeRoot => Path.Combine(_root, "node");

    /// <param name="runtime">process, docker or cri.</param>
    /// <param name="nodeName">By which those who share an engine tell their containers.</param>
    /// <param name="engines">Where docker's and cri's are.</param>
    /// <param name="manifests">Created at once, so that they start while others are looked at. IMAGE and ROOT in them are replaced.</param>
    internal static async Task<RuntimeSession> StartAsync(string runtime, string nodeName, Engines engines, IEnumerable<string> manifests)
    {
        var session = new RuntimeSession(runtime, nodeName);
        try
        {
            await session.BeginAsync(engines);
            await session.CreateAsync(string.Join("\n---\n", manifests), ("IMAGE", TestImages.Name));
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>kubectl create of a manifest in which ROOT and another word are replaced.</summary>
    internal async Task CreateAsync(string manifest, (string Word, string Meaning) replaced)
    {
        var file = Path.Combine(_root, $"{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(
            file, manifest.Replace(replaced.Word, replaced.Meaning, StringComparison.Ordinal).Replace("ROOT", _root, StringComparison.Ordinal));
        await Kubectl.RunAsync("create", "-f", file);
    }

    /// <summary>Waits until all containers of a pod are.</summary>
    internal Task ReadyAsync(string pod) => Kubectl.EventuallyAsync(
        text => text == "True", "get", "pod", pod, "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}");

    /// <inheritdoc cref="Eventually.HoldsAsync(Func{bool}, string)"/>
    internal async Task EventuallyAsync(Func<bool> holds, string what)
    {
        try
        {
            await Eventually.HoldsAsync(holds, what);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\n{Log()}", late);
        }
    }

    /// <summary>The files that a container's log had before.</summary>
    internal string[] RotatedLogs(string uid, string container) => LogRotation.Rotated(new PodDirectories(NodeRoot).Log(uid, container, 0));

    internal Task<string> UidAsync(string pod) => Kubectl.RunAsync("get", "pod", pod, "-o", "jsonpath={.metadata.uid}");

    /// <summary>A program on the machine.</summary>
    internal Task<Outcome> OnMachineAsync(string program, params string[] arguments) =>
        Programs.RunAsync(Tools.Require("nsenter"), [.. Tools.Enter(_pods.Machine), Tools.Require(program), .. arguments]);

    /// <summary>What is on the machine of a pod: in the runtime, and of the kubelet's directories and mounts.</summary>
    internal async Task<IReadOnlyList<string>> LeftOfAsync(string uid)
    {
        var directories = new PodDirectories(NodeRoot);
        return
        [
            .. await _pods.ContainsAsync(uid) ? ["the runtime's"] : Array.Empty<string>(),
            .. new[] { directories.Pod(uid), Path.Combine(directories.Memory, uid) }.Where(Directory.Exists),
            .. MountCall.Below(NodeRoot).Where(mount => mount.Contains(uid, StringComparison.Ordinal)),
        ];
    }

    /// <summary>The kubelet is killed and another one started.</summary>
    /// <param name="between">Done while there is none.</param>
    internal async Task KillKubeletAsync(Func<Task> between)
    {
        await EndAsync(_kubelet);
        _kubelet = null;
        await between();
        StartKubelet();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync(_kubelet);
        await EndAsync(_controlPlane);
        if (_pods is not null)
        {
            await _pods.RemoveAsync();
        }

        _network.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    private static async Task EndAsync(Process? process)
    {
        if (process is not null)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    private async Task BeginAsync(Engines engines)
    {
        var socket = _runtime switch
        {
            "docker" => await engines.DockerAsync(),
            "cri" => await engines.ContainerdAsync(),
            _ => "",
        };

        // The plugins of a CRI runtime connect pods to the machine that the runtime is on.
        _pods = new RuntimePods(_runtime, socket, _nodeName, _runtime == "cri" ? engines.Node : _network.AddHost("node").Namespace, NodeRoot);
        TestImages.Write(Path.Combine(_root, "image.tar"), TestImages.Name, "sleep", "infinity");
        _controlPlane = Start("control-plane", "--secure-port", "0", "--kubeconfig", KubeConfig);
        await EventuallyAsync(() => Log().Contains("ready: export KUBECONFIG", StringComparison.Ordinal), "the control plane is ready");
        StartKubelet();
        await Kubectl.EventuallyAsync(text => text.Contains("default", StringComparison.Ordinal), "get", "serviceaccounts", "-o", "name");
    }

    private void StartKubelet() => _kubelet = Start(
    [
        "kubelet", "--kubeconfig", KubeConfig, "--hostname-override", _nodeName, "--node-ip", "127.0.0.1", "--pod-cidr", "10.244.79.0/24",
        "--root-dir", NodeRoot, "--port", "0", "--healthz-port", "0",
        "--container-log-max-size", "64Ki", "--container-log-monitor-interval", "1s",
        "--image", $"{TestImages.Name}={_root}/image.tar", .. _pods.Flags,
    ]);

    private Process Start(params string[] arguments) =>
        Tools.Start(_pods.Machine, Path.Combine(_root, arguments[0] + ".log"), Programs.Dataplane, arguments);

    private string Log() => string.Join('\n', Directory.EnumerateFiles(_root, "*.log").Select(file => $"{Path.GetFileName(file)}:\n{File.ReadAllText(file)}"));
}
