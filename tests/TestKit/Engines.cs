using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
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
    /// <summary>Address of the registry in <see cref="Node"/>.</summary>
    public const string Registry = "127.0.0.1:5000";

    /// <summary>Who may fetch from it, with <see cref="RegistryPassword"/>.</summary>
    public const string RegistryUser = "dp";

    /// <summary>Its hash is below.</summary>
    public const string RegistryPassword = "secret";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly SemaphoreSlim _gate = new(1);
    private readonly List<Process> _processes = [];
    private TestNetwork? _network;
    private TestHost? _host;
    private string? _docker;
    private string? _containerd;
    private string? _privateImage;

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

    /// <summary>Debian's docker-registry, started for the first test that wants it.</summary>
    /// <returns>The name of an image that is in the registry, for those who have the password, and in no engine.</returns>
    public async Task<string> PrivateImageAsync()
    {
        await DockerAsync();
        await _gate.WaitAsync();
        try
        {
            return _privateImage ??= await StartRegistryAsync();
        }
        finally
        {
            _gate.Release();
        }
    }

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

    private async Task<string> StartRegistryAsync()
    {
        var (program, directory) = (Tools.Require("docker-registry"), Directory.CreateDirectory(Path.Combine(_root, "registry")).FullName);
        await File.WriteAllTextAsync(Path.Combine(directory, "config.yml"), $"""
            version: 0.1
            storage:
              filesystem:
                rootdirectory: {directory}/data
            http:
              addr: {Registry}
            auth:
              htpasswd:
                realm: test
                path: {directory}/passwords
            """);

        // bcrypt of the password.
        await File.WriteAllTextAsync(Path.Combine(directory, "passwords"), RegistryUser + ":$2b$05$uF0V7rcE6JDDytg.4EZ/vOCdkq6LvZMX4jC0FzXk6Dgr.g/xafdZq\n");
        await StartAsync(() => ListensAsync(_host!.Socket(SocketType.Stream, ProtocolType.Tcp), IPEndPoint.Parse(Registry)), program, "serve", Path.Combine(directory, "config.yml"));

        const string repository = Registry + "/private";
        var login = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"username":"{{RegistryUser}}","password":"{{RegistryPassword}}"}"""));
        await AskDockerAsync("POST", $"images/{TestImages.Name}/tag?repo={repository}&tag=1");
        var pushed = await AskDockerAsync("POST", $"images/{repository}/push?tag=1", "-H", "X-Registry-Auth: " + login);
        if (pushed.Contains("errorDetail", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(pushed);
        }

        await AskDockerAsync("DELETE", $"images/{repository}:1");
        return repository + ":1";
    }

    private async Task<string> AskDockerAsync(string method, string path, params string[] more) =>
        (await Tools.RunAsync(null, "curl", ["-sSf", "-X", method, "--unix-socket", _docker!, .. more, "http://docker/" + path])).OutputOrThrow();

    private Task StartAsync(string socket, string program, params string[] arguments) => StartAsync(
        () => ListensAsync(new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified), new UnixDomainSocketEndPoint(socket)), program, arguments);

    private async Task StartAsync(Func<Task<bool>> listens, string program, params string[] arguments)
    {
        _network ??= new TestNetwork();
        _host ??= _network.AddHost("engines");
        var log = Path.Combine(_root, Path.GetFileName(program) + ".log");

        // Not "ip netns exec", which hides the control groups below /sys.
        var process = Tools.Start(_host.Namespace, log, program, arguments);
        _processes.Add(process);
        using var limit = new CancellationTokenSource(Limit);
        while (!await listens())
        {
            if (process.HasExited || limit.IsCancellationRequested)
            {
                throw new InvalidOperationException($"{program} does not listen:\n{await File.ReadAllTextAsync(log)}");
            }

            await Task.Delay(50);
        }
    }

    private static async Task<bool> ListensAsync(Socket socket, EndPoint endPoint)
    {
        using var closed = socket;
        try
        {
            await socket.ConnectAsync(endPoint);
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

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
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
