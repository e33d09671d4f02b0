using System.Diagnostics;
using System.Net.Sockets;
using Dataplane.Linux.Mounts;
using Dataplane.Linux.Namespaces;
using Dataplane.Linux.Processes;

namespace Dataplane.TestKit;

/// <summary>
/// Debian's dockerd and containerd, each started for the first test that wants it and ended after the last, with everything they
/// write below a temporary directory. They run in a network namespace made for them.
/// </summary>
public sealed class Engines : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<Process> _processes = [];
    private TestNetwork? _network;
    private TestHost? _host;
    private string? _docker;
    private string? _containerd;

    /// <returns>The socket of an engine that has <see cref="TestImages.Name"/>.</returns>
    public async Task<string> DockerAsync()
    {
        Tools.RequireRoot();
        await _gate.WaitAsync();
        try
        {
            return _docker ??= await StartDockerAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The namespace they run in, once one has been asked for.</summary>
    public NetworkNamespace Node => _host!.Namespace;

    /// <summary>What containerd's network plugins were told when pods were added, a line for each.</summary>
    public string PluginRequests => Path.Combine(_root, "plugin-requests");

    /// <inheritdoc cref="DockerAsync"/>
    public async Task<string> ContainerdAsync()
    {
        Tools.RequireRoot();
        await _gate.WaitAsync();
        try
        {
            return _containerd ??= await StartContainerdAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            using (process)
            {
                await EndAsync(process);
            }
        }

        _network?.Dispose();
        foreach (var mount in MountCall.Below(_root))
        {
            MountCall.Detach(mount);
        }

        Directory.Delete(_root, recursive: true);
        _gate.Dispose();
    }

    private async Task<string> StartDockerAsync()
    {
        var (program, directory) = (Tools.Require("dockerd"), Directory.CreateDirectory(Path.Combine(_root, "docker")).FullName);
        Tools.Require("containerd");
        Tools.Require("runc");
        var socket = Path.Combine(directory, "socket");
        await File.WriteAllTextAsync(Path.Combine(directory, "config"), "{}");
        await StartAsync(
            socket, program, $"--config-file={directory}/config", $"--data-root={directory}/data", $"--exec-root={directory}/exec", $"--pidfile={directory}/pid",
            $"--host=unix://{socket}", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false");
        var archive = Path.Combine(directory, "image.tar");
        TestImages.Write(archive, TestImages.Name, "sleep", "infinity");
        (await Tools.RunAsync(null, "curl", ["-sSf", "--unix-socket", socket, "-H", "Content-Type: application/x-tar", "--data-binary", "@" + archive, "http://docker/images/load"]))
            .OutputOrThrow();
        return socket;
    }

    private async Task<string> StartContainerdAsync()
    {
        var (program, directory) = (Tools.Require("containerd"), Directory.CreateDirectory(Path.Combine(_root, "containerd")).FullName);
        var importer = Tools.Require("ctr");
        Tools.Require("runc");
        const string plugins = "/usr/lib/cni";
        if (!File.Exists($"{plugins}/bridge"))
        {
            Tools.Require("containernetworking-plugins");
        }

        var socket = Path.Combine(directory, "socket");
        Directory.CreateDirectory(Path.Combine(directory, "cni"));
        await WritePluginsAsync(Path.Combine(directory, "bin"), plugins);
        await File.WriteAllTextAsync(Path.Combine(directory, "cni", "10-test.conflist"), """
            {"cniVersion":"0.4.0","name":"dp-t","plugins":[{"type":"record","capabilities":{"portMappings":true,"bandwidth":true}},{"type":"bridge","bridge":"dp-t-cri","isGateway":true,
             "ipam":{"type":"host-local","dataDir":"DIR/addresses","ranges":[[{"subnet":"10.244.78.0/24"}]],"routes":[{"dst":"0.0.0.0/0"}]}}]}
            """.Replace("DIR", directory, StringComparison.Ordinal));

        // The machine may withhold CAP_SYS_RESOURCE, without which no score can be lowered.
        await File.WriteAllTextAsync(Path.Combine(directory, "config.toml"), $"""
            version = 2
            root = "{directory}/root"
            state = "{directory}/state"
            disabled_plugins = ["io.containerd.internal.v1.opt"]
            [grpc]
              address = "{socket}"
            [plugins."io.containerd.grpc.v1.cri"]
              sandbox_image = "{TestImages.Name}"
              restrict_oom_score_adj = true
              disable_apparmor = true
              stream_server_address = "127.0.0.1"
              stream_server_port = "0"
              [plugins."io.containerd.grpc.v1.cri".cni]
                conf_dir = "{directory}/cni"
                bin_dir = "{directory}/bin"
            """);
        await StartAsync(socket, program, "--config", Path.Combine(directory, "config.toml"));
        var archive = Path.Combine(directory, "image.tar");
        TestImages.Write(archive, TestImages.Name, "sleep", "infinity");
        (await Tools.RunAsync(null, Path.GetFileName(importer), ["-a", socket, "-n", "k8s.io", "images", "import", archive])).OutputOrThrow();
        return socket;
    }

    /// <summary>The installed ones, and one that writes down what it is told.</summary>
    private async Task WritePluginsAsync(string directory, string installed)
    {
        Directory.CreateDirectory(directory);
        foreach (var plugin in Directory.EnumerateFiles(installed))
        {
            File.CreateSymbolicLink(Path.Combine(directory, Path.GetFileName(plugin)), plugin);
        }

        var script = Path.Combine(directory, "record");
        await File.WriteAllTextAsync(script, $$"""
            #!/bin/sh
            [ "$CNI_COMMAND" = ADD ] || exit 0
            cat >> {{PluginRequests}}
            echo >> {{PluginRequests}}
            echo '{"cniVersion":"0.4.0"}'

            """);
        File.SetUnixFileMode(script, (UnixFileMode)0x1ED);
    }

    private async Task StartAsync(string socket, string program, params string[] arguments)
    {
        _network ??= new TestNetwork();
        _host ??= _network.AddHost("engines");
        var log = Path.Combine(_root, Path.GetFileName(program) + ".log");

        // Not "ip netns exec", which hides the control groups below /sys.
        var process = Tools.Start(_host.Namespace, log, program, arguments);
        _processes.Add(process);
        using var limit = new CancellationTokenSource(Limit);
        while (!await ListensAsync(socket))
        {
            if (process.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{program} does not listen:\n{await File.ReadAllTextAsync(log)}");
            }

            await Task.Delay(50);
        }
    }

    private static async Task<bool> ListensAsync(string path)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task EndAsync(Process process)
    {
        using (var handle = ProcessHandle.Open(process.Id))
        {
            handle.Signal(ProcessHandle.SIGTERM);
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }
    }
}
