using System.Diagnostics;
using System.Text;

namespace Dataplane.Functional;

/// <summary>One `dataplane up --nodes 2` for all tests of the collection, driven by the real kubectl.</summary>
public sealed class ClusterFixture : IAsyncLifetime
{
    private readonly StringBuilder _log = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-functional-").FullName;
    private Process? _cluster;

    internal string KubeConfig => Path.Combine(_directory, "admin.kubeconfig");

    /// <summary>What kubectl is run with.</summary>
    internal IReadOnlyDictionary<string, string> Environment => new Dictionary<string, string> { ["KUBECONFIG"] = KubeConfig, ["HOME"] = _directory };

    internal Kubectl Kubectl => new() { Environment = Environment, ClusterLog = () => Log };

    internal string DataDirectory => Path.Combine(_directory, "data");

    /// <summary>Folder of the walkthrough manifests, which is beside the checkout.</summary>
    internal static string Manifests { get; } = Path.GetFullPath(Path.Combine(Repository(), "..", "shared", "manifests"));

    internal static string Manifest(string name) => Path.Combine(Manifests, name);

    /// <summary>A manifest of the test's own in a new file, which the test deletes.</summary>
    internal static async Task<string> WriteManifestAsync(string content)
    {
        var file = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, content);
        return file;
    }

    public async ValueTask InitializeAsync()
    {
        _cluster = Programs.Start(
            Programs.Dataplane, ["up", "--nodes", "2", "--data-dir", DataDirectory, "--kubeconfig", KubeConfig, "--api-port", "16443"]);
        var ready = new TaskCompletionSource();
        void Read(object sender, DataReceivedEventArgs line)
        {
            lock (_log)
            {
                _log.AppendLine(line.Data);
            }

            if (line.Data?.Contains("ready", StringComparison.OrdinalIgnoreCase) is true && line.Data.Contains("nodes", StringComparison.Ordinal))
            {
                ready.TrySetResult();
            }
        }

        _cluster.OutputDataReceived += Read;
        _cluster.ErrorDataReceived += Read;
        _cluster.BeginOutputReadLine();
        _cluster.BeginErrorReadLine();
        var ended = _cluster.WaitForExitAsync();
        if (await Task.WhenAny(ready.Task, ended, Task.Delay(TimeSpan.FromSeconds(120))) != ready.Task)
        {
            Assert.Fail($"the cluster did not become ready:\n{Log}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Programs.RunAsync(Programs.Dataplane, ["down", "--data-dir", DataDirectory]);
        _cluster?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    internal string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <inheritdoc cref="Kubectl.RunAsync"/>
    internal Task<string> KubectlAsync(params string[] arguments) => Kubectl.RunAsync(arguments);

    /// <inheritdoc cref="Kubectl.RefusedAsync"/>
    internal Task<string> RefusedAsync(params string[] arguments) => Kubectl.RefusedAsync(arguments);

    internal Task<Outcome> TryKubectlAsync(params string[] arguments) => Kubectl.TryAsync(arguments);

    /// <inheritdoc cref="Kubectl.EventuallyAsync"/>
    internal Task<string> EventuallyAsync(Func<string, bool> satisfied, params string[] arguments) => Kubectl.EventuallyAsync(satisfied, arguments);

    private static string Repository()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Dataplane.sln")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the tests run outside a checkout");
        }

        return directory.FullName;
    }
}

[CollectionDefinition(Name)]
public sealed class ClusterCollection : ICollectionFixture<ClusterFixture>
{
    public const string Name = "cluster";
}
