using System.CommandLine;
using Dataplane.Cli.Commands;
using Dataplane.Proxy.Configuration;
using Dataplane.TestKit;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Cli.Tests;

/// <summary>The arguments of a kube-proxy DaemonSet can be taken over. Facts: kubernetes cmd/kube-proxy/app/options_test.go.</summary>
public sealed class ProxyArgumentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("dp-proxy-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", "0.0.0.0:10256", "127.0.0.1:10249")]
    [InlineData("--healthz-port=0 --metrics-port=0", "", "")]
    [InlineData("--healthz-bind-address=10.0.0.1 --healthz-port=12345", "10.0.0.1:12345", "127.0.0.1:10249")]
    [InlineData("--metrics-bind-address=fd00:4::5 --metrics-port=23456", "0.0.0.0:10256", "[fd00:4::5]:23456")]
    [InlineData("--metrics-bind-address=[fd00:1::5]:54321 --metrics-port=23456", "0.0.0.0:10256", "[fd00:1::5]:54321")]
    [InlineData("--healthz-port=12345", "0.0.0.0:10256", "127.0.0.1:10249")]
    public void OldFlagsOfPortsCountWhereAnAddressHasNone(string arguments, string healthz, string metrics)
    {
        var configuration = Read(arguments);

        Assert.Equal((healthz, metrics), (configuration.Text("healthzBindAddress"), configuration.Text("metricsBindAddress")));
    }

    [Fact]
    public void AFileTakesThePlaceOfAllFlagsButTheNodesName()
    {
        var file = Path.Combine(_folder, "config.conf");
        File.WriteAllText(file, "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nmode: iptables\nhostnameOverride: foo\nhealthzBindAddress: 127.0.0.1:1\n");
        var configuration = Read($"--config={file} --proxy-mode=ipvs --hostname-override=bar --healthz-port=0 --oom-score-adj=5");

        Assert.Equal(
            ("iptables", "bar", "127.0.0.1:1", "-999"),
            (configuration.Text("mode"), configuration.Text("hostnameOverride"), configuration.Text("healthzBindAddress"), configuration.Text("oomScoreAdj")));
    }

    [Fact]
    public void APortThatIsNoneIsNamed() => Assert.Contains("--healthz-port: \"70000\" is not 0 to 65535", Assert.Single(Parse("--healthz-port=70000", out _).Errors).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AFileThatIsWrittenIsNoticed(bool replaced)
    {
        var (path, other) = (Path.Combine(_folder, "config.conf"), Path.Combine(_folder, "other"));
        await File.WriteAllTextAsync(path, "a");
        await File.WriteAllTextAsync(other, "b");
        using var watched = new WatchedFile(path);
        Assert.False(watched.Changed.IsCompleted);
        if (replaced)
        {
            File.Move(other, path, overwrite: true);
        }
        else
        {
            await File.AppendAllTextAsync(path, "b");
        }

        await Eventually.HoldsAsync(() => watched.Changed.IsCompleted, "the change is noticed");
    }

    private static ProxyConfiguration Read(string arguments)
    {
        var parsed = Parse(arguments, out var proxy);
        Assert.Empty(parsed.Errors);
        return proxy.Configuration(parsed, NullLogger.Instance);
    }

    private static ParseResult Parse(string arguments, out ProxyArguments proxy)
    {
        proxy = new ProxyArguments();
        var command = new Command("proxy");
        foreach (var option in proxy.All)
        {
            command.Options.Add(option);
        }

        return command.Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
