using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Dataplane.Functional;

/// <summary>Bad input to the program: one line that says what and where, a non-zero exit, nothing left behind.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("proxy --kubeconfig /nonexistent/config --hostname-override n", "/nonexistent/config")]
    [InlineData("dns --kubeconfig /nonexistent/config", "/nonexistent/config")]
    [InlineData("kubelet --kubeconfig /nonexistent/config --hostname-override n --node-ip 127.0.0.1 --pod-cidr 10.0.0.0/24", "/nonexistent/config")]
    [InlineData("up --nodes 0", "--nodes 0")]
    [InlineData("demo --modes carrier-pigeon --nodes 1", "carrier-pigeon")]
    [InlineData("frobnicate", "frobnicate")]
    public async Task SaysWhatIsWrongInOneLineAndFails(string arguments, string named)
    {
        var outcome = await Programs.RunAsync(Programs.Dataplane, arguments.Split(' '));
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains(named, outcome.Error + outcome.Output);
        Assert.DoesNotContain("   at Dataplane.", outcome.Error + outcome.Output);
    }

    [Fact]
    public async Task APortInUseIsNamedAndNothingIsLeft()
    {
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var directory = Directory.CreateTempSubdirectory("dp-port-").FullName;
        try
        {
            var outcome = await Programs.RunAsync(
                Programs.Dataplane, ["control-plane", "--data-dir", directory, "--bind-address", "127.0.0.1", "--secure-port", $"{port}"]);
            Assert.NotEqual(0, outcome.ExitCode);
            Assert.Contains($"{port}", outcome.Error);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task AStoreFileThatIsNoneIsNamedAndKept()
    {
        var directory = Directory.CreateTempSubdirectory("dp-store-").FullName;
        try
        {
            var store = Path.Combine(directory, "state.db");
            await File.WriteAllTextAsync(store, new string('x', 8192));
            var outcome = await Programs.RunAsync(
                Programs.Dataplane, ["control-plane", "--data-dir", directory, "--bind-address", "127.0.0.1", "--secure-port", "0"]);
            Assert.NotEqual(0, outcome.ExitCode);
            Assert.Contains(store, outcome.Error);
            Assert.Equal(8192, new FileInfo(store).Length);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public async Task WithoutRootTheReasonIsGiven()
    {
        var outcome = await Programs.RunAsync(
            "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", Programs.Dataplane, "up"], new Dictionary<string, string> { ["HOME"] = "/tmp" });
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Contains("root", outcome.Error);
    }

    [Fact]
    public async Task DoctorTellsWhatThisMachineCanDo()
    {
        var outcome = await Programs.RunAsync(Programs.Dataplane, ["doctor", "--json"]);
        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        using var report = JsonDocument.Parse(outcome.Output);
        Assert.True(report.RootElement.GetProperty("ok").GetBoolean());
        Assert.Contains(report.RootElement.GetProperty("checks").EnumerateArray(), check => check.GetProperty("name").GetString() == "kernel");
    }
}
